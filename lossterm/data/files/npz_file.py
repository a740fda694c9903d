"""Reads NPZ files: NumPy arrays by name. Nothing in them is unpickled."""

import math
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from lossterm.data import memory
from lossterm.data.files.missing_codes import MissingCodes, TableCodes
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import Raw, Sheet, column_names, refuse_infinite
from lossterm.data.files.text_column import Gathering, Taken
from lossterm.data.request import FileRequest, checked, typed
from lossterm.errors import UsageError
from lossterm.text.harmless import clipped, printable

_NUMBERS, _DAYS, _TEXT = "iuf", "M", "US"
_DAMAGED = (  # what zipfile and NumPy raise on damaged bytes
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, KeyError, TypeError),
    *(SyntaxError, tokenize.TokenError, NotImplementedError, RuntimeError, MemoryError),
)
_PART = re.compile(
    r"(?P<stem>.*?)[_.-]?(?:train(?:ing)?|test(?:ing)?|val(?:id(?:ation)?)?|dev)"
    r"|(?:train(?:ing)?|test(?:ing)?|val(?:id(?:ation)?)?|dev)[_.-](?P<behind>.+)",
    re.IGNORECASE,
)
"""Names of arrays of one part of a split, as x_train and test_labels."""

_MORE_BYTES = 14
"""What a cell takes beside its bytes in the array, which stay until the table is built: as a float64 or an object, as a
float32 of the features, and for a while as marks. Measured on arrays of numbers, truth values and text."""


def _row(index: int) -> int:
    return index + 1


def refuse_early(path: Path, _: FileRequest) -> None:
    """Raise DataError where the arrays would not fit into memory, by what the archive and each array say of their size.

    An archive may say less of a member than it gives, and an array more than is there: the larger counts.
    """
    needed = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with archive.open(member) as content:
                    needed += _needed(content, member.file_size)
    except _DAMAGED as error:
        raise _damaged(path, error) from error
    memory.refuse_too_large(path, needed / memory.BYTES_PER_CELL)


def _needed(content: IO[bytes], size: int) -> int:
    """Return the bytes that a member of an archive takes in memory; of one that is no array, those of the member."""
    try:
        version = np.lib.format.read_magic(content)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = read(content)
    except ValueError:
        return size
    cells = math.prod(shape)
    return max(size, cells * kind.itemsize) + cells * _MORE_BYTES


def read(path: Path, asked: FileRequest) -> Sheet:
    """Read the arrays. Raises DataError for a pickle, for different lengths, and for a damaged archive."""
    arrays: dict[str, np.ndarray] = {}
    unread: dict[str, str] = {}
    for name, array in _arrays(path).items():
        if array.ndim:
            arrays[name] = array
        else:
            unread[name] = "has 0 dimensions, not one or more"
    if not _are_columns(arrays):
        refuse_parts(path, list(arrays))
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        each = ", ".join(f"{name} has {length:,}" for name, length in lengths.items())
        longest = max(lengths, key=lambda name: lengths[name])
        cut = f"Cut all to one length, as {longest}[:{min(lengths.values())}], if their rows are in the same order."
        raise refusal(path, f"all arrays must have the same number of rows: {each}. {cut}")
    rows = next(iter(lengths.values()), 0)
    if not rows:
        raise refusal(path, "there is no array with rows. Save one as np.savez(FILE, X=…, y=…) does.")
    columns = [column for name, array in arrays.items() for column in _columns(name, array)]
    names, renamed = column_names([name for name, _ in columns])
    several = {name: _named(name, array) for name, array in arrays.items() if array.ndim == 2 and array.shape[1] > 1}
    if asked.target in several and asked.target not in names:
        raise _whole_array(path, asked, arrays[asked.target], several[asked.target])
    checked(asked, (*names, *unread))
    raws: dict[str, Raw] = {}
    codes = TableCodes.of(asked.missing, names)
    for name, (_, values) in zip(names, columns, strict=True):
        if name in asked.drop:
            continue
        if raw := _raw(path, name, values, asked, codes.in_column(name)):
            raws[name] = raw
        else:
            unread[name] = f"holds {printable(str(values.dtype))}, which no network can take as it is"
    return Sheet(
        path=str(path),
        form="npz",
        rows=rows,
        names=names,
        raws=raws,
        row=_row,
        unread=unread,
        arrays=several,
        remarks=("Read as NumPy arrays.", *renamed, *_flattened(arrays)),
    )


def _are_columns(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether each array is a column of one table, whatever it is called; the inputs of a part have several."""
    return all(array.ndim == 1 for array in arrays.values()) and len({*map(len, arrays.values())}) == 1


def refuse_parts(path: Path, names: Sequence[str], of: str | None = None) -> None:
    """Raise DataError for an archive that is split into training and test rows: their columns are not beside.

    With `of`, only where that is an array whose parts are there.
    """
    parts: dict[str, list[str]] = {}
    for name in names:
        if match := _PART.fullmatch(name):
            parts.setdefault(match["stem"] or match["behind"], []).append(name)
    if not any(len(each) > 1 for each in (parts.values() if of is None else [parts.get(of, [])])):
        return
    joined = ", ".join(
        f"{stem}=np.concatenate([{', '.join(f'a[{name!r}]' for name in each)}])" for stem, each in parts.items()
    )
    there = ", ".join(name for each in parts.values() for name in each)
    raise refusal(
        path,
        f"the arrays are parts of a split ({there}), and rows are split here, anew for each seed. Put them "
        f"together: a = np.load(FILE); np.savez(NEW, {joined}).",
    )


def _flattened(arrays: Mapping[str, np.ndarray]) -> list[str]:
    """Say which arrays of more than two dimensions became rows of numbers."""
    return [
        f"{name} ({' × '.join(map(str, array.shape))}) is taken as {math.prod(array.shape[1:]):,} columns, {name}_0 "
        "and so on: what lies where in it is not seen by a network of dense layers."
        for name, array in arrays.items()
        if array.ndim > 2
    ]


def _arrays(path: Path) -> dict[str, np.ndarray]:
    name = ""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {}
            for name in archive.files:
                array = archive[name]
                if not isinstance(array, np.ndarray):  # a member of the archive that is not an array
                    raise ValueError(f"{name} is not an array")
                arrays[printable(name)] = array
            return arrays
    except _DAMAGED as error:
        if "allow_pickle" in str(error) or "pickle" in str(error).lower():
            raise refusal(
                path,
                "the array is a pickle, which can run any program and is never opened. Save numbers or text, "
                "as with .astype(float) or .astype(str); pad rows of different lengths, which are saved so.",
                column=name or None,
            ) from error
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> Exception:
    return refusal(path, f"the NPZ archive is damaged ({clipped(str(error), 80)}). Save it anew.")


def _columns(name: str, array: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return an array's columns by name: NAME for a single one, NAME_0, NAME_1, … for several."""
    if array.ndim == 1:
        return [(name, array)]
    flat = array.reshape(len(array), -1)
    if flat.shape[1] == 1:
        return [(name, flat[:, 0])]
    return [(f"{name}_{place}", flat[:, place]) for place in range(flat.shape[1])]


def _named(name: str, array: np.ndarray) -> tuple[str, ...]:
    return tuple(column for column, _ in _columns(name, array))


def _whole_array(path: Path, asked: FileRequest, array: np.ndarray, columns: tuple[str, ...]) -> UsageError:
    """Say what to do where an array of several columns is to be predicted: one is, without the others."""
    name, (first, *others) = printable(asked.target), columns
    if array.dtype.kind in "bif" and np.isin(array, (0, 1)).all() and (array.sum(axis=1) == 1).all():
        return UsageError(
            f"The array {name} in {printable(str(path))} has {len(columns):,} columns with a single 1 in each row: it "
            f"is one-hot. Save the classes as one column: np.savez(FILE, X=X, {name}={name}.argmax(axis=1))."
        )
    drop = typed((*asked.drop, *others))
    more = f"leave the others out: --target {typed([first])} --drop {drop}" if len(columns) < 20 else "drop the others"
    return UsageError(
        f"The array {name} in {printable(str(path))} has {len(columns):,} columns, {first} to {others[-1]}, and one "
        f"number is predicted. Name one, and {more}."
    )


def _raw(path: Path, name: str, values: np.ndarray, asked: FileRequest, missing: MissingCodes) -> Raw | None:
    """Return an array as a column, None for a data type that no table can use."""
    kind = values.dtype.kind
    if kind == "b":
        return Raw(name=name, kind="boolean", values=values.astype(np.float64), words=("false", "true"))
    if kind in _TEXT:
        return _text(path, name, np.char.decode(values, "utf-8", "replace") if kind == "S" else values, asked, missing)
    if kind == _DAYS:
        micro = values.astype("datetime64[us]")
        days = micro.astype(np.int64) / 86_400e6
        days, absent = missing.applied(np.where(np.isnat(micro), np.nan, days), dates=True)
        return _numbers(name, days, "date", absent)
    if kind in _NUMBERS:
        numbers = values.astype(np.float64)
        numbers, absent = missing.applied(numbers)
        refuse_infinite(str(path), name, numbers, _row)
        return _numbers(name, numbers, "number", absent)
    return None


def _numbers(name: str, values: np.ndarray, kind: str, absent: tuple[str, ...] = ()) -> Raw:
    if np.isnan(values).all():
        return Raw(name=name, kind="nothing", values=values, absent=absent)
    return Raw(name=name, kind="date" if kind == "date" else "number", values=values, absent=absent)


def _text(path: Path, name: str, values: np.ndarray, asked: FileRequest, missing: MissingCodes) -> Raw:
    """Read cells of text, which may stand for numbers as in a CSV file."""
    taken: Taken = "groups" if name == asked.group else "names" if name in asked.categorical else "guess"
    again: Taken | None = taken
    while again is not None:
        gathering = Gathering(str(path), name, _row, taken=again, missing=missing, thousands=asked.thousands)
        gathering.feed(values.tolist())
        again = gathering.again
    return gathering.done()
