"""Arrays with shapes in a script: the same inputs, and the same classes, labels, outputs and masks as here."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lossterm.data import Data, load
from lossterm.errors import DataError
from lossterm.export.script.script_text import Script, quoted
from lossterm.home.paths import shelf
from lossterm.text.harmless import printable

if TYPE_CHECKING:
    import numpy as np


def add_arrays(script: Script, data: Data) -> str:
    """Add how the arrays are read, and return the line that loads them.

    Raises DataError where the file is missing or was changed, and for a target that scripts cannot read.
    """
    import numpy as np

    from lossterm.data.files import array_files
    from lossterm.data.shaped_arrays import shaped_arrays

    path, table = Path(data.asked.path), load(data, shelf())
    if array_files.digest(path) != data.digest:
        raise DataError(f"{path} was changed since it was trained on. Run again to train on what it is now.")
    shaped = shaped_arrays(data.asked)
    assert shaped is not None  # these arrays made the record
    arrays = array_files.read(path, [*shaped.inputs, *shaped.targets])
    x, y = (np.concatenate([arrays[name] for name in names]) for names in (shaped.inputs, shaped.targets))
    weights, returned = _weights(path, shaped.weights, tested=len(shaped.inputs) > 1)
    channel = "[..., None]" if x.ndim < table.features.ndim else ""
    target = _target(script, data, y, table.target)
    script.constant("DATA", data.asked.path)
    script.imports.add("from functools import cache")
    script.add(
        "Data",
        "\n".join(
            (
                "@cache",
                "def load():",
                '    """Return the inputs of each row, rounded as in the training, and its target."""',
                *([] if path.is_dir() else ["    arrays = np.load(DATA)"]),
                f"    x = {_joined(path, shaped.inputs)}{channel}",
                f"    y = {_joined(path, shaped.targets)}",
                *weights,
                f"    return x.astype(np.float32).astype(float), {target}{returned}",
            )
        ),
    )
    return f"x, y{returned} = load()"


def _weights(path: Path, name: str, *, tested: bool) -> tuple[list[str], str]:
    """Return the lines that read what rows weigh, 1 for test rows, and what is returned beside inputs and target."""
    if not name:
        return [], ""
    lines = [f"    weights = {_joined(path, [name])}.ravel().astype(np.float32)"]
    if tested:
        lines.append("    weights = np.concatenate([weights, np.ones(len(x) - len(weights), np.float32)])")
    return lines, ", weights"


def _joined(path: Path, names: Sequence[str]) -> str:
    """Return the expression of an array, or of that of the training rows and that of the test rows behind it."""
    if path.is_dir():
        read = [f"np.load(DATA + {quoted(f'/{_as_there(path, name)}')})" for name in names]
    else:
        read = [f"arrays[{quoted(_as_there(path, name))}]" for name in names]
    return read[0] if len(read) == 1 else f"np.concatenate([{', '.join(read)}])"


def _as_there(path: Path, name: str) -> str:
    """Return the name of an array as it stands in the archive, or of its file; it may not be printable."""
    import numpy as np

    if path.is_dir():
        return next(file.name for file in sorted(path.glob("*.npy")) if printable(file.stem) == name)
    with np.load(path, allow_pickle=False) as archive:
        there: str = next(original for original in archive.files if printable(original) == name)
        return there


def _target(script: Script, data: Data, y: "np.ndarray", wanted: "np.ndarray") -> str:
    """Return the expression that gives the target `wanted` from the array `y` of the file; it was tried here."""
    import numpy as np

    squeezed = ""
    one_hot = bool(data.classes) and data.kind != "multilabel" and y.shape[wanted.ndim :] not in ((), (1,))
    while y.ndim > wanted.ndim and y.shape[-1] == 1:
        y, squeezed = y[..., 0], f"{squeezed}[..., 0]"
    if one_hot:
        return f"y{squeezed}.argmax(axis=-1)"
    if not data.classes:
        if y.dtype.kind not in "biuf" or not np.array_equal(y.astype(np.float64), wanted):
            raise DataError(
                f"{printable(data.asked.path)}: scripts read targets of numbers as numbers, and {data.asked.target} is "
                f"{y.dtype}. Save it as .astype(float), and run again."
            )
        return f"y{squeezed}.astype(float)"
    if y.dtype.kind in "iuf" and np.array_equal(y, wanted):
        return f"y{squeezed}.astype(int)"
    places = dict(zip(y.ravel().tolist(), wanted.ravel().tolist(), strict=True))
    if [places[value] for value in y.ravel().tolist()] != wanted.ravel().tolist():
        raise DataError(f"{data.asked.path}: scripts cannot tell the classes of the target apart as they stand there.")
    if data.kind == "segmentation":
        (on,) = (value for value, place in places.items() if place)
        return f"(y{squeezed} == {on!r}).astype(int)"
    script.constant("CLASSES", dict(sorted(places.items(), key=lambda one: one[1])), "as in the file: their indices")
    return f"np.array([CLASSES[value] for value in y{squeezed}.tolist()])"
