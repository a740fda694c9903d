"""Reads NPZ files: NumPy arrays by name. Nothing in them is unpickled."""

import math
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np

from lossterm.data import memory
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import Raw, Sheet, column_names, refuse_infinite
from lossterm.data.files.text_column import Gathering, Taken
from lossterm.data.request import FileRequest, checked
from lossterm.text.harmless import clipped, printable

_NUMBERS, _DAYS, _TEXT = "iuf", "M", "US"
_DAMAGED = (  # what zipfile and NumPy raise on damaged bytes
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, KeyError, TypeError),
    *(SyntaxError, tokenize.TokenError, NotImplementedError, RuntimeError, MemoryError),
)
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
        if array.ndim in (1, 2):
            arrays[name] = array
        else:
            unread[name] = f"has {array.ndim} dimensions, not one or two"
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        each = ", ".join(f"{name} has {length:,}" for name, length in lengths.items())
        raise refusal(path, f"all arrays must have the same number of rows: {each}.")
    rows = next(iter(lengths.values()), 0)
    if not rows:
        raise refusal(path, "there is no array with rows. Save one as np.savez(FILE, X=…, y=…) does.")
    columns = [column for name, array in arrays.items() for column in _columns(name, array)]
    names = column_names(str(path), [name for name, _ in columns])
    checked(asked, (*names, *unread))
    raws: dict[str, Raw] = {}
    for name, (_, values) in zip(names, columns, strict=True):
        if name in asked.drop:
            continue
        if raw := _raw(path, name, values, asked):
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
        remarks=("Read as NumPy arrays.",),
    )


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
                "as with .astype(float) or .astype(str).",
                column=name or None,
            ) from error
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> Exception:
    return refusal(path, f"the NPZ archive is damaged ({clipped(str(error), 80)}). Save it anew.")


def _columns(name: str, array: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return an array's columns by name: NAME for a single one, NAME_0, NAME_1, … for several."""
    if array.ndim == 1:
        return [(name, array)]
    if array.shape[1] == 1:
        return [(name, array[:, 0])]
    return [(f"{name}_{place}", array[:, place]) for place in range(array.shape[1])]


def _raw(path: Path, name: str, values: np.ndarray, asked: FileRequest) -> Raw | None:
    """Return an array as a column, None for a data type that no table can use."""
    kind = values.dtype.kind
    if kind == "b":
        return Raw(name=name, kind="boolean", values=values.astype(np.float64), words=("false", "true"))
    if kind in _TEXT:
        return _text(path, name, np.char.decode(values, "utf-8", "replace") if kind == "S" else values, asked)
    if kind == _DAYS:
        micro = values.astype("datetime64[us]")
        days = micro.astype(np.int64) / 86_400e6
        return _numbers(name, np.where(np.isnat(micro), np.nan, days), "date")
    if kind in _NUMBERS:
        numbers = values.astype(np.float64)
        refuse_infinite(str(path), name, numbers, _row)
        return _numbers(name, numbers, "number")
    return None


def _numbers(name: str, values: np.ndarray, kind: str) -> Raw:
    if np.isnan(values).all():
        return Raw(name=name, kind="nothing", values=values)
    return Raw(name=name, kind="date" if kind == "date" else "number", values=values)


def _text(path: Path, name: str, values: np.ndarray, asked: FileRequest) -> Raw:
    """Read cells of text, which may stand for numbers as in a CSV file."""
    taken: Taken = "groups" if name == asked.group else "names" if name in asked.categorical else "guess"
    gathering = Gathering(str(path), name, _row, taken=taken)
    gathering.feed(values.tolist())
    if gathering.mixed:
        gathering = Gathering(str(path), name, _row, taken="words")
        gathering.feed(values.tolist())
    return gathering.done()
