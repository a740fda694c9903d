"""Small files of one JSON record a line, to which records are added and never changed."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from lossterm.errors import DataError
from lossterm.home.private import make_private, opened

MOST_BYTES = 2**20
"""The longest file that is read, and written."""

Record = TypeVar("Record", bound=msgspec.Struct)


def records(path: Path, kind: type[Record]) -> Iterator[Record]:
    """Yield what a file holds, the oldest first; nothing where it cannot be read, and no line that is spoilt."""
    for line in _content(path).splitlines():
        try:
            yield msgspec.json.decode(line, type=kind)
        except msgspec.DecodeError:  # half a line, of a disk that was full
            continue


def append(path: Path, record: msgspec.Struct, full: str) -> None:
    """Add a record. Raises OSError where it cannot be written, or DataError: of a file that is full it says `full`."""
    make_private(path.parent)
    line = b"\n" + msgspec.json.encode(record) + b"\n"  # begins anew: what is there may end in half a line
    descriptor = opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        if os.fstat(descriptor).st_size + len(line) > MOST_BYTES:
            raise DataError(f"{path} is full: {full}")
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def _content(path: Path) -> bytes:
    try:
        descriptor = opened(path, os.O_RDONLY)
    except (OSError, DataError):
        return b""
    try:
        return os.read(descriptor, MOST_BYTES)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
