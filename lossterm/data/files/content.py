"""The bytes of a file, unpacked if they are compressed by gzip."""

import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO, cast

GZIP = b"\x1f\x8b"
DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)
"""What is raised where the compressed bytes are damaged or cut off."""

_BLOCK = 1 << 20


def is_compressed(path: Path) -> bool:
    """Whether a file is compressed by gzip."""
    with path.open("rb") as file:
        return file.read(len(GZIP)) == GZIP


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading its bytes, unpacked. Raises OSError, and one of DAMAGED when it is read."""
    return cast(BinaryIO, gzip.open(path)) if is_compressed(path) else path.open("rb")


def open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    """Open a file for reading its text, with the ends of lines as they are."""
    return io.TextIOWrapper(open_bytes(path), encoding=encoding, newline="")


def size_of(path: Path) -> int:
    """Return the number of bytes, counted by unpacking: a compressed file may say another number."""
    if not is_compressed(path):
        return path.stat().st_size
    size = 0
    with open_bytes(path) as file:
        while block := file.read(_BLOCK):
            size += len(block)
    return size
