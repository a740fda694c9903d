"""Opens a file by its content, not its name, and refuses what no reader can take before reading all of it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lossterm.data.files import csv_file, feather_file, json_lines_file, npz_file, parquet_file
from lossterm.data.files.content import DAMAGED, is_compressed, open_bytes
from lossterm.data.files.foreign_formats import (
    START,
    is_json_lines,
    refuse_address,
    refuse_archive,
    refuse_foreign_format,
    refuse_packed,
    refuse_pointer,
)
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import Sheet
from lossterm.data.request import FileRequest
from lossterm.errors import DataError
from lossterm.text.harmless import printable

DIGITS = 16
"""Number of hex digits of the SHA-256 that identify a file's content."""


_BINARY = (b"PAR1", b"ARROW1", b"FEA1", b"PK\x03\x04")
"""How files begin that are read as they lie on the disk, and not through an unpacker."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A file that can be read, as it was when opened."""

    path: Path
    asked: FileRequest
    digest: str
    """First DIGITS hex digits of the SHA-256 of its bytes."""
    _reader: Callable[[Path, FileRequest], Sheet]
    _size: int
    _changed: int

    def read(self) -> Sheet:
        """Read the table. Raises DataError for its content, with row and column, and if it changed meanwhile."""
        try:
            sheet = self._reader(self.path, self.asked)
            status = self.path.stat()
        except UnicodeError:  # every byte was valid when the file was opened
            raise self._changed_meanwhile() from None
        except DAMAGED as error:
            raise _damaged(self.path, error) from error
        except OSError as error:
            raise refusal(self.path, f"the file can't be read: {error.strerror or error}.") from error
        if (status.st_size, status.st_mtime_ns) != (self._size, self._changed):
            raise self._changed_meanwhile()
        return sheet

    def _changed_meanwhile(self) -> DataError:
        return refusal(self.path, "the file was changed while it was read. Try again when it is complete.")


class _Format(Protocol):
    """The functions of a module that reads one file format."""

    def refuse_early(self, path: Path, asked: FileRequest, /) -> None:
        """Raise DataError for problems that show without reading the whole file."""

    def read(self, path: Path, asked: FileRequest, /) -> Sheet:
        """Read the whole file."""


def opened(asked: FileRequest) -> Opened:
    """Open a file. Raises DataError if it is missing, unreadable, not a regular file, or too large."""
    path = Path(asked.path)
    if "\0" in asked.path:
        raise refusal(path, "the path holds a NUL character, which no file name can. Name a file.")
    try:
        asked.path.encode()
    except UnicodeEncodeError:
        raise refusal(path, "the path holds bytes that are not UTF-8. Rename the file.") from None
    try:
        if not path.exists():
            refuse_address(path)
        if path.is_dir():
            raise refusal(path, "this is a directory. Name a file in it.")
        if path.exists() and not path.is_file():
            raise refusal(path, "this is not a regular file. Save its content in one.")
        status = path.stat()
        start = _start(path)
        if not start:
            raise refusal(path, "the file is empty. Give one with a row of names and a row for each example.")
        reader = _reader(path, start)
        reader.refuse_early(path, asked)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]
    except FileNotFoundError:
        raise refusal(path, "there is no such file. Check the path.") from None
    except DAMAGED as error:
        raise _damaged(path, error) from error
    except OSError as error:
        raise refusal(path, f"the file can't be read: {error.strerror or error}.") from error
    return Opened(
        path=path, asked=asked, digest=digest, _reader=reader.read, _size=status.st_size, _changed=status.st_mtime_ns
    )


def _reader(path: Path, start: bytes) -> _Format:
    """Return the module that reads a file with this beginning. Raises DataError if there is none."""
    refuse_pointer(path, start)
    packed = is_compressed(path)
    if packed and (start.startswith(_BINARY) or is_json_lines(path, start)):
        refuse_packed(path)
    for mark, reader in ((b"PAR1", parquet_file), (b"ARROW1", feather_file), (b"FEA1", feather_file)):
        if start.startswith(mark):
            return reader
    if start.startswith(b"PK\x03\x04"):
        if path.suffix.lower() == ".npz":
            return npz_file
        refuse_archive(path, start)
    if path.suffix.lower() in (".npz", ".parquet", ".feather") and not start.startswith(b"\x80"):
        raise refusal(path, f"the file is not {path.suffix[1:].upper()}, whatever its name says. Save it again.")
    if is_json_lines(path, start):
        return json_lines_file
    refuse_foreign_format(path, start)
    return csv_file


def _start(path: Path) -> bytes:
    """Return the first bytes of a file, unpacked. Raises DataError for one that is damaged."""
    try:
        with open_bytes(path) as file:
            return file.read(START)
    except DAMAGED as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DataError:
    what = printable(str(error)).rstrip(".")
    return refusal(path, f"the file is compressed by gzip and damaged or cut off ({what}). Get it anew.")
