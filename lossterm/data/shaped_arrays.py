"""Images, sequences and targets of several numbers, from arrays: what each array is, said aloud, and checked."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lossterm.data.files import array_files, npz_file
from lossterm.data.files.array_files import Shapes
from lossterm.data.files.missing_codes import NONE
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import Sheet, refuse_infinite
from lossterm.data.mask_target import mask_target
from lossterm.data.request import FileRequest, resolved, typed
from lossterm.data.row_weights import checked_weights, weights_in_words
from lossterm.data.several_columns import several_columns
from lossterm.data.table import Table
from lossterm.data.target import Target, target_of
from lossterm.data.user_data import Data
from lossterm.errors import DataError, UnknownName, UsageError
from lossterm.text.harmless import printable
from lossterm.text.numbers import counted, listed

CHANNELS = (1, 3, 4)
"""Channels of grey, coloured and partly transparent images."""

_PART = re.compile(
    r"(?P<stem>.+?)[_.-](?P<part>train|test)(?:ing)?|(?P<before>train|test)(?:ing)?[_.-](?P<behind>.+)", re.IGNORECASE
)
"""Names of the arrays of one part of a split: x_train, test_labels."""

_OPTIONS = ("categorical", "group", "time", "delimiter", "encoding", "header", "thousands", "missing", "min_class")
"""What is asked of tables alone."""

Allocate = Callable[[tuple[int, ...]], np.ndarray]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShapedBuilt:
    """Inputs and targets with shapes, and what a person must know of them."""

    data: Data
    table: Table
    why: str
    """Why the target is of its kind, in a sentence."""
    remarks: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    advised: FileRequest | None = None
    """The request with what the warnings advise, of which there is nothing."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person must know of the results, too."""
        return self.warnings


@dataclass(frozen=True, kw_only=True, slots=True)
class ShapedArrays:
    """The arrays of a file that make a task with shapes, not read yet."""

    asked: FileRequest
    inputs: tuple[str, ...]
    """Names of the arrays of inputs: one, or that of the training and that of the test rows."""
    targets: tuple[str, ...]
    """The same of the target."""
    weights: str
    """Name of the array of what rows weigh, of those that are no test rows; "" where all weigh alike."""
    size: str
    """How much memory they take, in words."""
    digest: str

    def build(self, allocate: Allocate) -> ShapedBuilt:
        """Read, check and shape the arrays. Raises DataError for what no network can be trained on."""
        path = Path(self.asked.path)
        arrays = array_files.read(path, [*self.inputs, *self.targets, *filter(None, [self.weights])])
        parts = [(arrays[x], arrays[y]) for x, y in zip(self.inputs, self.targets, strict=True)]
        for (x, y), name in zip(parts, self.inputs, strict=True):
            if len(x) != len(y):
                raise refusal(
                    path,
                    f"{name} has {len(x):,} rows and its target {len(y):,}: cut both to one length, and save anew.",
                )
        raw = np.concatenate([y for _, y in parts]) if len(parts) > 1 else parts[0][1]
        joined = np.concatenate([x for x, _ in parts]) if len(parts) > 1 else parts[0][0]
        inputs, seen = _inputs(path, self.inputs[0], joined, raw)
        target = _target(path, self.asked, self.targets[0], raw, inputs.shape)
        features = allocate(inputs.shape)
        features[:] = inputs
        test = len(parts[1][0]) if len(parts) > 1 else 0
        weights = (
            _weights(path, self.weights, arrays[self.weights], [len(y) for _, y in parts]) if self.weights else None
        )
        trained = None if weights is None else weights[: len(weights) - test]
        weighed = weights_in_words(self.asked.sample_weight, trained)
        remarks = [f"Read as NumPy arrays, {self.size}.", seen, target.why, *weighed]
        if test:
            remarks.append(
                f"The last {test:,} rows ({self.inputs[1]}) are the test rows of every seed; the others are split anew."
            )
        data = Data(
            asked=self.asked,
            digest=self.digest,
            kind=target.kind,
            rows=len(inputs),
            features=int(np.prod(inputs.shape[1:])),
            classes=target.classes,
            lowest=target.lowest,
            zeros=target.zeros,
            imbalance=target.imbalance,
            input_shape=tuple(map(int, inputs.shape[1:])),
            target_shape=tuple(map(int, target.values.shape[1:])),
            test_rows=test,
        )
        numbers = np.arange(1, len(inputs) + 1)
        table = Table(
            features=features,
            target=target.values,
            groups=None,
            times=None,
            weights=weights,
            columns=(),
            rows=numbers,
        )
        return ShapedBuilt(data=data, table=table, why=target.why, remarks=tuple(remarks))


def shaped_arrays(asked: FileRequest) -> ShapedArrays | None:
    """Return the arrays of a file that make a task with shapes; None for a table, arrays of columns included.

    Raises DataError for arrays that do not go together or would not fit into memory, and UnknownName for a target that
    is not there.
    """
    path = Path(asked.path)
    shapes = array_files.shapes_of(path)
    if shapes is None or not asked.target:
        return None
    left = {name: shape for name, shape in shapes.items() if name not in asked.drop and shape}
    several = resolved(asked, tuple(left)).targets
    if len(several) > 1 and set(several) & set(left) and (path.is_dir() or any(len(s) > 2 for s in left.values())):
        raise _of_several(several)
    targets = _named(left, asked.target)
    weights = _named(left, asked.sample_weight or "")
    others = {name: shape for name, shape in left.items() if name not in (*targets, *weights)}
    if not targets:
        _refuse_unknown(path, asked, shapes, left, several)
        return None  # a column of an array, or no such name: the reader of tables says so
    shaped = any(len(shape) > 2 for shape in left.values()) or any(
        len(left[name]) > 1 and left[name][1] > 1 for name in targets
    )
    if not (shaped or path.is_dir() or len(targets) == 2):
        return None
    if asked.more_targets:
        raise _of_several(asked.targets)
    if asked.sample_weight and not weights:
        raise UnknownName(f"array in {printable(str(path))} called", asked.sample_weight, tuple(left))
    if asked.sample_weight and set(weights) & set(targets):
        raise UsageError(
            f"The array {targets[0]} is the target and --sample-weight at once: name another for one of them."
        )
    inputs = _inputs_of(path, others, targets, left)
    for name in _OPTIONS:
        if getattr(asked, name) not in (None, ()):
            raise UsageError(f"--{name.replace('_', '-')} is about columns of a table: leave it out for arrays.")
    size = array_files.refuse_too_large(path, {name: left[name] for name in (*inputs, *targets, *weights)})
    digest = array_files.digest(path)
    return ShapedArrays(
        asked=asked, inputs=inputs, targets=targets, weights=next(iter(weights), ""), size=size, digest=digest
    )


def _of_several(targets: Sequence[str]) -> UsageError:
    return UsageError(
        f"--target names several arrays ({listed(list(targets))}), and beside arrays with shapes one array is the "
        f"target: save it as y=np.stack([{', '.join(targets)}], axis=1)."
    )


def _refuse_unknown(path: Path, asked: FileRequest, shapes: Shapes, left: Shapes, targets: Sequence[str]) -> None:
    """Raise UnknownName for a target that is no array, where arrays are trained on whole.

    Of arrays that make a table it is left to the reader of tables, unless it is an array's name but for its case.
    """
    folder = path.is_dir()
    if not folder and all(_is_column(name, left) for name in targets):
        return
    if folder or any(len(shape) > 2 for shape in left.values()):
        if asked.target in asked.drop and asked.target in shapes:
            raise UsageError(f"The array {asked.target} is the target and in --drop at once: leave it out of --drop.")
        if not folder:
            npz_file.refuse_parts(path, list(left), of=asked.target)
    elif asked.target.casefold() not in {name.casefold() for name, shape in left.items() if len(shape) > 1}:
        return
    unknown = next((name for name in targets if not _is_column(name, left)), asked.target)
    alone = f"{next(iter(left))} is the only array, so there is no second array to predict." if len(left) == 1 else None
    raise UnknownName(f"array in {printable(str(path))} called", unknown, tuple(left), advice=alone)


def _is_column(name: str, shapes: Shapes) -> bool:
    """Whether a name is that of a column of an array, as X_0 is, or of an array."""
    array, _, place = name.rpartition("_")
    columns = math.prod(shapes[array][1:]) if array in shapes else 0
    return name in shapes or (re.fullmatch(r"0|[1-9][0-9]{0,17}", place) is not None and 1 < columns > int(place))


def part_of(name: str) -> tuple[str, str] | None:
    """Return what an array of a part of a split is of, and which part; None for any other name."""
    if not (match := _PART.fullmatch(name)):
        return None
    return match["stem"] or match["behind"], (match["part"] or match["before"]).lower()


def _named(shapes: Shapes, target: str) -> tuple[str, ...]:
    """Return the arrays that a target's name means: one, or those of its training and its test rows."""
    named = part_of(target)
    stem = named[0] if named else target
    parts = {part[1]: name for name in shapes if (part := part_of(name)) and part[0] == stem}
    if len(parts) == 2:
        return parts["train"], parts["test"]
    return (target,) if target in shapes else ()


def _inputs_of(path: Path, others: Shapes, targets: tuple[str, ...], left: Shapes) -> tuple[str, ...]:
    """Return the arrays of inputs that go with the targets. Raises DataError unless there is one for each."""
    if len(targets) == 2:
        stems = {part[0] for name in others if (part := part_of(name))}
        pairs = {stem: pair for stem in stems if len(pair := _named(others, stem)) == 2}
        if len(pairs) == 1:
            return next(iter(pairs.values()))
        there = listed(list(others)) or "nothing"
        raise refusal(
            path, f"beside {listed(list(targets))} there is {there}, and one array of inputs for each is wanted."
        )
    rows = left[targets[0]][0]
    fitting = [name for name, shape in others.items() if shape[0] == rows]
    if len(fitting) == 1:
        return (fitting[0],)
    if not fitting:
        raise refusal(path, _no_inputs(targets[0], others, left))
    each = ", ".join(f"{name} ({' × '.join(map(str, others[name]))})" for name in fitting)
    kept = max(fitting, key=lambda name: len(others[name]))
    raise refusal(
        path,
        f"several arrays could be the inputs of {targets[0]}: {each}. Leave the others out: --drop "
        f"{typed([name for name in fitting if name != kept])} keeps {kept}.",
    )


def _no_inputs(target: str, others: Shapes, left: Shapes) -> str:
    """Say why nothing can be the inputs of a target, and what to do."""
    save = "Save inputs and target in one file, as np.savez(FILE, X=X, y=y) does."
    if not others and len(left) > 1:
        return f"beside the target {target} and the weights there is no array of inputs. {save}"
    if not others:
        return (
            f"{target} is the only array that is read: there is no second array to predict, or to predict from. {save}"
        )
    rows = left[target][0]
    each = listed([f"{name} has {shape[0]:,}" for name, shape in others.items()])
    short = min(rows, max(shape[0] for shape in others.values()))
    example = next(name for name, shape in others.items() if min(rows, shape[0]) == short)
    return (
        f"no array has as many rows as the target {target}: {target} has {rows:,}, {each}. Cut both to one length, as "
        f"{example}[:{short}] and {target}[:{short}], if their rows are in the same order."
    )


def _inputs(path: Path, name: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, str]:
    """Return inputs with an axis of channels, and what they were taken for. Raises DataError."""
    if x.dtype.kind not in "biuf":
        raise refusal(path, f"{name} holds {x.dtype}, and a network takes numbers, as .astype('float32') makes them.")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        raise _not_finite(path, name, x)
    shape = " × ".join(f"{size:,}" for size in x.shape)
    if x.ndim > 4 or x.ndim < 2:
        raise refusal(
            path,
            f"{name} has the shape {shape}, and inputs are (rows, features), (rows, steps, channels) or (rows, height, "
            "width, channels). Reshape it to one of these.",
        )
    if x.ndim == 2:
        return x, f"{name} ({shape}) are rows of {counted(x.shape[1], 'feature')}."
    masks = y.ndim >= 3 and y.shape[1:3] == x.shape[1:3]
    if x.ndim == 3 and (masks or x.shape[1] == x.shape[2]):
        return x[..., None], f"{name} ({shape}) is taken as grey images of {x.shape[1]} × {x.shape[2]} pixels."
    if x.ndim == 3:
        return x, f"{name} ({shape}) is taken as sequences of {x.shape[1]} steps of {counted(x.shape[2], 'channel')}."
    if x.shape[1] in CHANNELS and x.shape[3] not in CHANNELS and not masks:
        raise refusal(
            path,
            f"{name} has the shape {shape}: its channels come first, and here they come last: "
            f"np.moveaxis({name}, 1, -1) puts them there.",
        )
    return x, f"{name} ({shape}) are images of {x.shape[1]} × {x.shape[2]} pixels, {counted(x.shape[3], 'channel')}."


def _not_finite(path: Path, name: str, values: np.ndarray) -> DataError:
    """Say in how many rows a value is missing or infinite; the place is the first of them."""
    rows = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    where = f"in {len(rows):,} rows, of which this is the first" if len(rows) > 1 else "in this row alone"
    way = "leave these rows out, or fill the values" if len(rows) > 1 else "leave the row out, or fill the value"
    return refusal(path, f"{name} has a value that is not finite {where}: {way}.", int(rows[0]) + 1)


def _weights(path: Path, name: str, values: np.ndarray, parts: Sequence[int]) -> np.ndarray:
    """Return what rows weigh, (rows,), of so many rows in each part; 1 for test rows, on which nothing is trained.

    Raises DataError for an array that is not one number for each row.
    """
    rows, *tested = parts
    if values.shape not in ((rows,), (rows, 1)) or values.dtype.kind not in "biuf":
        shape = " × ".join(f"{size:,}" for size in values.shape)
        raise refusal(
            path, f"{name} ({shape}, {values.dtype}) is to weigh {rows:,} rows: one number for each is wanted."
        )
    numbers = values.reshape(rows).astype(np.float64)
    refuse_infinite(str(path), name, numbers, lambda index: index + 1)
    weights = checked_weights(numbers, lambda what, index: refusal(path, what, index + 1, name))
    return np.concatenate([weights, np.ones(sum(tested), np.float32)])


def _target(path: Path, asked: FileRequest, name: str, y: np.ndarray, inputs: tuple[int, ...]) -> Target:
    """Return the target as its shape and values say what it is. Raises DataError for what it cannot be."""
    while y.ndim > 1 and y.shape[-1] == 1 and not (y.ndim == 3 and y.shape[1:] == inputs[1:3]):
        y = y[..., 0]
    if y.ndim == 1:
        return _single(path, asked, name, y)
    shape = " × ".join(f"{size:,}" for size in y.shape)
    if y.dtype.kind not in "biuf":
        raise refusal(
            path, f"{name} ({shape}) holds {y.dtype}, and must hold numbers, as .astype(int) makes them of text."
        )
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise _not_finite(path, name, y)
    if y.ndim == 2:
        return _several(path, asked, name, y)
    if len(inputs) != 4 or y.shape[1:3] != inputs[1:3] or y.ndim > 4:
        wanted = " × ".join(map(str, inputs[1:]))
        raise refusal(
            path,
            f"{name} has the shape {shape}, and a row of the inputs is {wanted}. A target is (rows,), (rows, "
            "outputs), or a mask of an image's height and width.",
        )
    return mask_target(path, asked, name, y)


def _single(path: Path, asked: FileRequest, name: str, y: np.ndarray) -> Target:
    """Return a target of one number, class or rank, recognised as a column of a table is."""
    raw = npz_file._raw(path, name, y, asked, NONE)
    if raw is None:
        raise refusal(path, f"{name} holds {y.dtype}: a target is a number, or one of a few names.")
    if gaps := int(raw.missing.sum()):
        first = int(np.argmax(raw.missing)) + 1
        raise refusal(
            path,
            f"{name} is missing in {counted(gaps, 'row')}, first in row {first:,}: leave out rows without a target.",
        )
    sheet = Sheet(path=str(path), form="npz", rows=len(y), names=(name,), raws={name: raw}, row=lambda index: index + 1)
    return target_of(sheet, raw, np.arange(len(y)), asked)


def _several(path: Path, asked: FileRequest, name: str, y: np.ndarray) -> Target:
    """Return classes for a one-hot array, labels for a multi-hot one, and outputs for any other."""

    def refuse(what: str, column: str | None) -> DataError:
        return refusal(path, what, column=column)

    names = tuple(f"{name}_{place}" for place in range(y.shape[1]))
    return several_columns(f"{name} has {len(names)} columns", names, y, np.arange(len(y)), asked.kind, refuse)
