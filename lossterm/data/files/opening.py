"""Opens a file by what is in it, not by its name, and refuses what no reader can take before reading it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lossterm.data.files import csv_file, npz_file, parquet_file
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import Sheet
from lossterm.data.request import FileRequest
from lossterm.errors import DataError

DIGITS = 16
"""Hex digits of the SHA-256 by which a file is known."""

_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "the file is compressed by gzip. Unpack it first"),
    (b"BZh", "the file is compressed by bzip2. Unpack it first"),
    (b"\x28\xb5\x2f\xfd", "the file is compressed by zstd. Unpack it first"),
    (b"\x93NUMPY", "the file is a single array. Save features and target in one NPZ: np.savez(FILE, X=…, y=…)"),
    (b"\xd0\xcf\x11\xe0", "the file is a workbook of Excel. Save its sheet as CSV"),
    (b"\x89HDF", "the file is HDF5. Save the table as CSV, Parquet or NPZ"),
    (b"SQLite format 3", "the file is a database of SQLite. Save a table of it as CSV"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A file that can be read, as it was when it was opened."""

    path: Path
    asked: FileRequest
    digest: str
    """First DIGITS hex digits of the SHA-256 of its bytes."""
    _reader: Callable[[Path, FileRequest], Sheet]
    _size: int
    _changed: int

    def read(self) -> Sheet:
        """Read the table. Raises DataError, with row and column, and where the file is changed meanwhile."""
        try:
            sheet = self._reader(self.path, self.asked)
            found = self.path.stat()
        except UnicodeError:  # every byte was looked at before
            raise self._changed_meanwhile() from None
        except OSError as error:
            raise refusal(self.path, f"the file can't be read: {error.strerror or error}.") from error
        if (found.st_size, found.st_mtime_ns) != (self._size, self._changed):
            raise self._changed_meanwhile()
        return sheet

    def _changed_meanwhile(self) -> DataError:
        return refusal(self.path, "the file was changed while it was read. Try again when it is whole.")


class _Format(Protocol):
    """What a module that reads a form of files has."""

    def refuse_early(self, path: Path, asked: FileRequest, /) -> None:
        """Raise DataError for what can be seen without reading the whole."""

    def read(self, path: Path, asked: FileRequest, /) -> Sheet:
        """Read the whole."""


def opened(asked: FileRequest) -> Opened:
    """Look at a file. Raises DataError for one that is not there, can't be read, is none, or is too large."""
    path = Path(asked.path)
    if "\0" in asked.path:
        raise refusal(path, "the path holds a NUL, which no file's name can. Name a file.")
    try:
        asked.path.encode()
    except UnicodeEncodeError:
        raise refusal(path, "the path holds bytes that are no UTF-8. Rename the file.") from None
    try:
        if path.is_dir():
            raise refusal(path, "this is a directory. Name a file in it.")
        if path.exists() and not path.is_file():
            raise refusal(path, "this is no ordinary file. Save what it gives in one.")
        found = path.stat()
        with path.open("rb") as file:
            start = file.read(64)
        if not start:
            raise refusal(path, "the file is empty. Give one with a row of names and a row for each example.")
        reader = _reader(path, start)
        reader.refuse_early(path, asked)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]
    except FileNotFoundError:
        raise refusal(path, "there is no such file. Check the path.") from None
    except OSError as error:
        raise refusal(path, f"the file can't be read: {error.strerror or error}.") from error
    return Opened(
        path=path, asked=asked, digest=digest, _reader=reader.read, _size=found.st_size, _changed=found.st_mtime_ns
    )


def _reader(path: Path, start: bytes) -> _Format:
    """Return the module that reads what begins so. Raises DataError for what none can."""
    if start.startswith(b"PAR1"):
        return parquet_file
    if start.startswith(b"PK\x03\x04"):
        if path.suffix.lower() == ".npz":
            return npz_file
        raise refusal(path, "the file is a ZIP archive or a workbook of Excel. Unpack it, or save its sheet as CSV.")
    if path.suffix.lower() == ".npz" and start[:1] == b"\x80":
        raise refusal(path, "the file is a pickle, which can run any program and is never opened. Save it by np.savez.")
    if path.suffix.lower() in (".npz", ".parquet"):
        raise refusal(path, f"the file is no {path.suffix[1:].upper()}, whatever its name says. Save it anew.")
    for mark, what in _OTHERS:
        if start.startswith(mark):
            raise refusal(path, f"{what}.")
    return csv_file
