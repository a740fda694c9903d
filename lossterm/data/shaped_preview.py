"""Builds the preview of arrays with shapes: what each is, and which task follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from lossterm.data.files import array_files
from lossterm.data.files.array_files import Header
from lossterm.data.preview import Preview, Role, ShownColumn, ShownTarget
from lossterm.data.preview_building import shown_output
from lossterm.data.request import FileRequest, command
from lossterm.data.shaped_arrays import ShapedArrays, ShapedBuilt, part_of, shaped_arrays
from lossterm.data.table_cache import TableCache
from lossterm.errors import DataError
from lossterm.text.harmless import clipped, printable
from lossterm.text.numbers import memory_size

_TARGETS = ("y", "target", "targets", "label", "labels", "mask", "masks")
"""Names that arrays of targets have again and again."""


_LAST = "it is the last array"
"""Why an array is guessed that is called as no target is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """What is known of a file of arrays."""

    headers: Mapping[str, Header]
    ranges: Mapping[str, tuple[str, str]]
    """The lowest and the highest number of each array, "" where it holds none; of none where they cannot be read."""
    problem: str
    """Why they cannot be read; "" where they were."""


def shaped_preview(asked: FileRequest, shelf: Path) -> Preview | None:
    """Describe arrays with shapes; None for a table, arrays of columns included.

    With a target the arrays are also cached in the directory `shelf`, and what prevents training is reported in
    `problem`. Raises DataError for a folder without arrays, UnknownName for an array that does not exist, and
    UsageError for options of tables.
    """
    path = Path(asked.path)
    headers = array_files.headers_of(path)
    if headers is None:
        return None
    shaped, problem = None, ""
    if asked.target:
        try:
            shaped = shaped_arrays(asked)
        except DataError as error:
            problem = str(error)
        if shaped is None and not problem:
            return None
    elif not (path.is_dir() or any(len(one.shape) > 2 for one in headers.values())):
        return None
    seen = _read(path, headers)
    built = None
    if shaped is not None and not (problem := problem or seen.problem):
        try:
            built = TableCache(shelf).keep(shaped.digest, asked, shaped.build)
        except DataError as error:
            problem = str(error)
    return _shown(asked, seen, shaped, built, problem or seen.problem)


def _read(path: Path, headers: Mapping[str, Header]) -> _Seen:
    """Read the arrays, unless they would not fit into memory or are none."""
    try:
        array_files.refuse_too_large(path, {name: one.shape for name, one in headers.items()})
        ranges = {name: _range(values) for name, values in array_files.read(path, list(headers)).items()}
        return _Seen(headers=headers, ranges=ranges, problem="")
    except DataError as error:
        return _Seen(headers=headers, ranges={}, problem=str(error))


def _range(values: np.ndarray) -> tuple[str, str]:
    if values.dtype.kind not in "biuf":
        return "", ""
    numbers = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    return (f"{float(numbers.min()):.6g}", f"{float(numbers.max()):.6g}") if numbers.size else ("", "")


def _shown(
    asked: FileRequest, seen: _Seen, shaped: ShapedArrays | None, built: ShapedBuilt | None, problem: str
) -> Preview:
    guess, why = ("", "") if asked.target or problem else _guess(seen.headers, asked)
    guessed, refused = _with_target(asked, guess) if guess else (None, "")
    if refused and why == _LAST and len(seen.headers) > 1:
        refused += " Where another array is the target, name it with --target."
    said = guessed.remarks if guessed else tuple(filter(None, [refused]))
    roles: dict[str, Role] = {}
    if shaped is not None:
        roles.update(dict.fromkeys(shaped.inputs, "inputs"))
        roles.update(dict.fromkeys(shaped.targets, "target"))
        roles.update(dict.fromkeys(filter(None, [shaped.weights]), "weight"))
    lengths = [one.shape[0] for one in seen.headers.values() if one.shape]
    trains = built or guessed
    return Preview(
        file=printable(asked.path),
        form="npy" if Path(asked.path).is_dir() else "npz",
        rows=len(trains.table.target) if trains else max(lengths, default=0),
        delimiter=None,
        encoding=None,
        header=None,
        columns=tuple(_array(name, seen, roles, asked) for name in seen.headers),
        target=_target(built, asked) if built else None,
        features=built.data.features if built else None,
        said=built.remarks if built else said,
        warnings=built.warnings if built else (),
        problem=problem,
        data=built.data if built else None,
        command=command(asked) if built else "",
        guess=guess,
        guess_why=why,
        refused=refused,
        guess_command=command(msgspec.structs.replace(asked, target=guess)) if guessed else "",
    )


def _array(name: str, seen: _Seen, roles: Mapping[str, Role], asked: FileRequest) -> ShownColumn:
    header, (lowest, highest) = seen.headers[name], seen.ranges.get(name, ("", ""))
    role = roles.get(name, "dropped" if name in asked.drop else "left out" if roles else "feature")
    return ShownColumn(
        name=name,
        kind="array",
        role=role,
        why="is neither inputs nor the target nor weights" if role == "left out" else "",
        lowest=lowest,
        highest=highest,
        shape=header.shape,
        dtype=header.dtype,
        memory=memory_size(4 * float(np.prod(header.shape, dtype=np.float64))),
    )


def _target(built: ShapedBuilt, asked: FileRequest) -> ShownTarget:
    """Return the rows of each class and label, the pixels of each class of a mask, and bars of numbers."""
    data, values = built.data, built.table.target
    names = [clipped(f"{asked.target}_{place}") for place in range(data.target_shape[0] if data.target_shape else 0)]
    shown = ShownTarget(kind=data.kind, why=built.why, rows=len(values))
    if data.kind == "multilabel":
        classes = tuple(zip(names, values.sum(axis=0).tolist(), strict=True))
        return msgspec.structs.replace(shown, classes=classes)
    if data.kind == "multioutput":
        outputs = tuple(shown_output(name, column) for name, column in zip(names, values.T, strict=True))
        return msgspec.structs.replace(shown, outputs=outputs)
    if data.classes:
        counts = np.bincount(values.ravel(), minlength=len(data.classes)).tolist()
        return msgspec.structs.replace(shown, classes=tuple(zip(map(clipped, data.classes), counts, strict=True)))
    bars = shown_output(asked.target, values)
    return msgspec.structs.replace(shown, edges=bars.edges, counts=bars.counts)


def _guess(headers: Mapping[str, Header], asked: FileRequest) -> tuple[str, str]:
    """Return the array that is most likely the target, and why."""
    taken = {asked.sample_weight, *asked.drop}
    names = [name for name, one in headers.items() if name not in taken and one.shape]
    stems = {name: (part_of(name) or (name,))[0].casefold() for name in names}
    named = [name for name in names if stems[name] in _TARGETS]
    if named:
        return named[0], "targets are often called so"
    return (names[-1], _LAST) if names else ("", "")


def _with_target(asked: FileRequest, guess: str) -> tuple[ShapedBuilt | None, str]:
    """Return what the arrays make with one of them as the target, or else what stands against it, in sentences."""
    try:
        shaped = shaped_arrays(msgspec.structs.replace(asked, target=guess))
        return (shaped.build(lambda shape: np.empty(shape, np.float32)) if shaped else None), ""
    except DataError as error:
        return None, f"With {clipped(guess)} as the target: {error}"
