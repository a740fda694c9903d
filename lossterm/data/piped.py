"""A table from standard input."""

from pathlib import Path
from typing import BinaryIO

from lossterm.data.kept_file import keep_file

_BLOCK = 1 << 20


def keep_piped(stream: BinaryIO, place: Path) -> Path:
    """Write what a stream holds to a file in the directory `place`, named by its content, and return its path.

    Raises DataError if it cannot be written.
    """

    def write(file: BinaryIO) -> str:
        start = b""
        while block := stream.read(_BLOCK):
            start = start or block[:4]
            file.write(block)
        return ".npz" if start == b"PK\x03\x04" else ""

    return keep_file(place, "piped-{}", write)
