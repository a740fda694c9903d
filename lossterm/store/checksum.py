"""Checksums of rows: SQLite notices a torn page, but not a flipped bit inside a number."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

COVERED = {
    "comparisons": ("asked",),
    "trials": ("asked", "scores", "note", "anatomy"),
    "curves": ("trial", "start", "epochs", "data"),
    "models": ("trial", "about", "data"),
    "samples": ("key", "about", "features", "target"),
    "checkpoints": ("trial", "epochs", "state"),
}
"""Table → the columns that its `checksum` is of, in order."""

UNTRAINED = "checksum(asked, NULL, NULL, NULL)"
"""In SQL, the checksum of a trial of which nothing is known but what was asked."""


def checksum(*values: object) -> int:
    """Return the CRC-32 of values that SQLite keeps, in order. Lengths count, so that two values never equal one."""
    crc = 0
    for value in values:
        part = b"" if value is None else value if isinstance(value, bytes) else str(value).encode()
        crc = crc32(b"%d:%b" % (len(part), part), crc)
    return crc


def checksum_of(table: str, row: Mapping[str, Any]) -> int:
    """Return the checksum that a row should have; columns that it does not have count as NULL."""
    return checksum(*(row.get(name) for name in COVERED[table]))


def verify(table: str, row: Mapping[str, Any]) -> None:
    """Raise ValueError for a row that is not as it was written; one of a version without checksums passes."""
    if "checksum" in row and row["checksum"] != checksum_of(table, row):
        raise ValueError(f"one of {table} whose checksum is wrong")
