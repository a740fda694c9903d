"""Data from arrays and frames in memory: NumPy, lists, pandas, polars. They are kept as an NPZ file.

pandas and polars are never imported: their frames are known by what they offer.
"""

import datetime
import zipfile
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lossterm.data.kept_file import keep_file
from lossterm.data.request import FileRequest, checked, typed
from lossterm.errors import DataError, UsageError
from lossterm.text.harmless import clipped, printable
from lossterm.text.numbers import counted, listed

X, Y = "X", "y"
"""Names of the arrays: the columns of X are X_0, X_1, …, or X if there is one."""

WEIGHTS = "sample_weight"
"""Name of the weights of rows that are given as an array."""

_NUMBERS, _TIMES, _TEXT = "biuf", "M", "US"
_MOST_SHOWN = 12
"""Names of columns that an error lists."""

Columns = dict[str, np.ndarray]
"""Name → (rows,); of a pair of arrays also (rows, …), of the inputs and of the target."""


def is_frame(given: object) -> bool:
    """Whether something is a frame of named columns, as those of pandas and polars are."""
    return hasattr(given, "columns") and hasattr(given, "to_numpy")


def columns_of_frame(frame: Any, targets: Sequence[str], without: Sequence[str] = ()) -> Columns:
    """Return the columns of a frame by name, but for those in `without`.

    Raises UsageError for a missing target, UnknownName for a column that is not there, and DataError for cells that
    are neither numbers, text nor dates.
    """
    names = _names(frame)
    if not targets:
        shown = ", ".join(map(clipped, names[:_MOST_SHOWN])) + (", …" if len(names) > _MOST_SHOWN else "")
        raise UsageError(f"A frame needs --target COL, the column to predict. Its columns: {shown}.")
    first, *others = targets
    checked(FileRequest(path="the frame", target=first, more_targets=tuple(others), drop=tuple(without)), names)
    _refuse_empty("The frame", len(frame))
    return {name: _column(name, each) for name, each in zip(names, _series(frame), strict=True) if name not in without}


def columns_of_pair(inputs: Any, target: Any, without: Sequence[str] = ()) -> tuple[Columns, str]:
    """Return the columns of (X, y) by name, and the target's name.

    X is (rows, features), (rows,), or images or sequences with the channels last; y is (rows,), (rows, 1), (rows,
    outputs), or masks. Columns of a frame keep their names; those in `without` are left out. Raises DataError, with
    what to write instead, for lengths that differ, for text in X, and for a frame beside y of several columns; which
    shapes go together is for the reader of the file to say.
    """
    y, name = _target(target, beside_frame=is_frame(inputs))
    if is_frame(inputs):
        names = _names(inputs)
        if name is not None and name in names:
            raise DataError(
                f"X has the column {name!r}, and y has that name too: the network would be given what it is to "
                f"predict. Leave it out of X, as X.drop(columns={name!r}) does."
            )
        name = name or _free(Y, names)
        columns = _columns_of(inputs, names, without)
    else:
        name = Y if name in (None, X) else name
        x = _inputs(inputs)
        columns = {X: x[:, None] if x.ndim == 1 < y.ndim else x}
        if without:
            raise UsageError("--drop names columns of a frame: leave it out, or leave the columns out of X.")
    rows = {len(values) for values in columns.values()} or {len(inputs)}
    if rows != {len(y)}:
        raise DataError(
            f"X has {counted(rows.pop(), 'row')} and y has {counted(len(y), 'value')}: they must be of the same length."
        )
    _refuse_empty("X", len(y))
    return {**columns, name: y}, name


def _columns_of(frame: Any, names: Sequence[str], without: Sequence[str]) -> Columns:
    checked(FileRequest(path="X", target="", drop=tuple(without)), names)
    return {name: _column(name, each) for name, each in zip(names, _series(frame), strict=True) if name not in without}


def with_weights(columns: Columns, given: Any) -> tuple[Columns, str]:
    """Return columns with one more, what each row weighs, and its name.

    Raises DataError for what is no array of one number a row.
    """
    name = _free(WEIGHTS, tuple(columns))
    values = _column(WEIGHTS, given)
    rows = len(next(iter(columns.values())))
    if len(values) != rows:
        raise DataError(
            f"--sample-weight has {counted(len(values), 'value')} for {counted(rows, 'row')}: give one weight a row."
        )
    return {**columns, name: values}, name


def keep_arrays(columns: Columns, place: Path) -> Path:
    """Write columns to an NPZ file in the directory `place`, named by their content, and return its path.

    Raises DataError if it cannot be written.
    """

    def write(file: BinaryIO) -> str:
        with zipfile.ZipFile(file, "w") as archive:
            for name, values in columns.items():
                # A member without a date, so that the same arrays are the same file.
                member = zipfile.ZipInfo(f"{printable(name)}.npy")
                with archive.open(member, "w", force_zip64=True) as into:
                    np.lib.format.write_array(into, values, allow_pickle=False)
        return ".npz"

    return keep_file(place, "{}/arrays", write)


def _names(frame: Any) -> list[str]:
    names = [printable(str(name)) for name in frame.columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"The frame has more than one column called {listed(twice)}: give each a name of its own.")
    return names


def _series(frame: Any) -> list[Any]:
    """Return the columns of a frame, of pandas or of polars."""
    if hasattr(frame, "iloc"):
        return [frame.iloc[:, place] for place in range(len(frame.columns))]
    return list(frame.get_columns()) if hasattr(frame, "get_columns") else [frame[name] for name in frame.columns]


def _free(name: str, taken: Sequence[str]) -> str:
    return next(one for one in (name, "target", *(f"{name}_{n}" for n in range(len(taken) + 1))) if one not in taken)


def _refuse_empty(what: str, rows: int) -> None:
    if not rows:
        raise DataError(f"{what} has no rows: there is nothing to train on.")


def _inputs(given: Any) -> np.ndarray:
    """Return X as numbers, (rows, features), (rows,), or of more axes."""
    values = _stacked(_array(given, X), X)
    if not values.ndim:
        raise DataError(f"X is {_shape(values)}, and (rows, features) is wanted.")
    if 0 in values.shape[1:]:
        raise DataError(f"X is {_shape(values)}: there is no column to predict from.")
    if values.dtype.kind == "O":
        values = _of_objects(values)
    if values.dtype.kind in _TEXT:
        place = next(iter(np.ndindex(values.shape)), ())
        cell = values[place] if place else ""
        raise DataError(
            f"X holds text, as {clipped(str(cell))!r}: give numbers, or a frame, where each column has a type of its "
            "own and names are taken as categories."
        )
    if values.dtype.kind not in _NUMBERS + _TIMES:
        raise DataError(f"X holds {values.dtype}, which no network can take as it is: give numbers.")
    return values


def _of_objects(values: np.ndarray) -> np.ndarray:
    """Return an array of Python objects as numbers, NaN for None; as text where one of them is text."""
    flat = [np.nan if _is_missing(value) else value for value in values.ravel().tolist()]
    if text := [value for value in flat if isinstance(value, str | bytes)]:
        return np.full(values.shape, str(text[0]))
    try:
        return np.array(flat, dtype=np.float64).reshape(values.shape)
    except (TypeError, ValueError):
        return values


def _target(given: Any, *, beside_frame: bool) -> tuple[np.ndarray, str | None]:
    """Return y as a column and its name if it has one, or as an array of several outputs or masks, (rows, …)."""
    if is_frame(given):
        names = _names(given)
        if len(names) != 1:
            shown = ", ".join(map(clipped, names[:3])) + (", …" if len(names) > 3 else "")
            raise DataError(
                f"y has {len(names)} columns, {shown}. Columns that are predicted together stand in one frame with X: "
                "give that frame, and --target with their names."
            )
        return _column(names[0], _series(given)[0]), names[0]
    name = getattr(given, "name", None)
    named = printable(name) if isinstance(name, str) and name and hasattr(given, "to_numpy") else None
    values = _stacked(_array(given, Y), Y)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if not values.ndim or 0 in values.shape[1:]:
        raise DataError(f"y is {_shape(values)}, and a value to predict for each row is wanted.")
    if values.ndim == 1:
        return _column(named or Y, values), named
    if beside_frame:
        raise DataError(
            f"y is {_shape(values)}, and beside a frame (rows,) is wanted. Where all columns of X are numbers, give "
            f"X.to_numpy().{_one_hot(values)}"
        )
    values = _of_objects(values) if values.dtype.kind == "O" else values
    if values.dtype.kind not in _NUMBERS:
        raise DataError(f"y is {_shape(values)} and holds {_held(values)}: several values a row are given as numbers.")
    return values, None


def _held(values: np.ndarray) -> str:
    return "text" if values.dtype.kind in _TEXT else "objects" if values.dtype.kind == "O" else str(values.dtype)


def _one_hot(values: np.ndarray) -> str:
    one_hot = values.ndim == 2 and values.dtype.kind in _NUMBERS and np.isin(values, (0, 1)).all()
    return " It is one-hot: y.argmax(axis=1) is such a column." if one_hot and (values.sum(axis=1) == 1).all() else ""


def _array(given: Any, name: str) -> np.ndarray:
    """Return what was given as an array. Raises DataError for a sparse matrix, and for rows of different lengths."""
    if hasattr(given, "toarray"):
        raise DataError(f"{name} is sparse: give {name}.toarray().")
    try:
        values = np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:  # what lists of lists, and tensors on a device, raise
        _refuse_ragged(given, name)
        raise DataError(f"{name} cannot be made an array: {str(error).splitlines()[0].rstrip('.')}.") from error
    if isinstance(given, np.ma.MaskedArray):
        return np.ma.filled(given.astype(np.float64), np.nan)
    return values


def _stacked(values: np.ndarray, name: str) -> np.ndarray:
    """Return rows that stand as lists or arrays in the cells of an array as one array. Raises as `_refuse_ragged`."""
    if values.dtype.kind != "O" or values.ndim != 1 or not len(values) or not _is_row(values[0]):
        return values
    _refuse_ragged(values, name)
    return np.stack([np.asarray(row) for row in values])


def _is_row(value: object) -> bool:
    return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _refuse_ragged(rows: Any, name: str) -> None:
    """Raise DataError where rows have different lengths, with the first that is unlike the first row."""
    first = None
    for number, row in enumerate(rows if isinstance(rows, list | tuple | np.ndarray) else (), 1):
        try:
            shape = np.shape(row)
        except (TypeError, RuntimeError):  # tensors on a device
            return
        except ValueError:
            raise DataError(
                f"Row {number} of {name} holds lists of different lengths: pad them all to one length."
            ) from None
        first = shape if first is None else first
        if shape != first:
            padded = f", as keras.utils.pad_sequences({name}, padding='post', dtype='float32') does"
            sequences = first[1:] == shape[1:] and first and shape
            raise DataError(
                f"The rows of {name} have different lengths: row 1 has {_length(first)}, and row {number} is the first "
                f"that differs, with {_length(shape)}. Pad them all to one length{padded if sequences else ''}."
            )


def _length(shape: tuple[int, ...]) -> str:
    if not shape:
        return "a single value"
    return counted(shape[0], "value") if len(shape) == 1 else " × ".join(map(str, shape)) + " values"


def _shape(values: np.ndarray) -> str:
    if not values.ndim:
        return f"a single {type(values.item()).__name__}"
    return f"an array of shape {tuple(values.shape)}"


def _column(name: str, given: Any) -> np.ndarray:
    """Return the cells of a column as an array that a table can use: numbers, truth values, dates or text."""
    values = _array(given, name)
    if str(getattr(given, "dtype", "")).startswith("datetime64[") and values.dtype.kind == "O":  # with a time zone
        values = given.to_numpy(dtype="datetime64[us]")
    if values.ndim != 1:
        raise _unusable(name, _shape(values))
    if values.dtype.kind == "O":
        return _of_cells(name, values)
    if values.dtype.kind == "T":  # NumPy's own strings of any length
        return values.astype(str)
    if values.dtype.kind not in _NUMBERS + _TIMES + _TEXT:
        raise _unusable(name, str(values.dtype))
    return values


def _of_cells(name: str, values: np.ndarray) -> np.ndarray:
    """Return a column of Python objects, some of which may be missing."""
    missing = np.array([_is_missing(value) for value in values], dtype=bool)
    present = [value for value, gone in zip(values, missing, strict=True) if not gone]
    if present and missing.any() and all(isinstance(value, bool | np.bool_) for value in present):
        return np.array(["" if gone else str(bool(value)) for value, gone in zip(values, missing, strict=True)])
    for kinds, form in _FORMS.items():
        if all(isinstance(value, kinds) for value in present):
            cells = np.full(len(values), "NaT" if form.startswith("datetime") else np.nan, dtype=form)
            cells[~missing] = present
            return (
                cells.astype(bool)
                if all(isinstance(value, bool | np.bool_) for value in present) and present
                else cells
            )
    if all(isinstance(value, str | int | float | np.number | bool | np.bool_) for value in present):
        return np.array(["" if gone else str(value) for value, gone in zip(values, missing, strict=True)])
    other = next(value for value in present if not isinstance(value, str | int | float | np.number))
    raise _unusable(name, f"cells of type {type(other).__name__}")


_FORMS: Mapping[tuple[type, ...], str] = {
    (int, float, np.number, np.bool_, Decimal): "float64",
    (datetime.date, np.datetime64): "datetime64[us]",
}
"""Types of cells → the type of an array of them."""


def _is_missing(value: object) -> bool:
    """Whether a cell is None, NaN, NaT or pandas's NA, which has no truth value."""
    try:
        return value is None or bool(value != value)  # noqa: PLR0124  NaN and NaT differ from themselves
    except TypeError:
        return True
    except ValueError:  # an array in a cell
        return False


def _unusable(name: str, what: str) -> DataError:
    return DataError(
        f"Column {clipped(name)} holds {what}, which no network can take as it is: give numbers, text or dates, or "
        f"leave it out with --drop {typed([name])}."
    )
