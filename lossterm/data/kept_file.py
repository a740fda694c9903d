"""What came without a file, kept as one, since trainings may have to read it again."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from lossterm.data.files.position import refusal
from lossterm.home.private import make_private

KEPT = 32
"""Number of tables that are kept; the oldest go first."""

_DIGITS = 16


def keep_file(place: Path, name: str, write: Callable[[BinaryIO], str], most: int | None = KEPT) -> Path:
    """Write a file into the directory `place`, and return its path: `name` with the ending that `write` returns.

    {} in the name stands for a digest of the content: the same content is the same file. Of the files of that name the
    last `most` are kept, None for all. Raises DataError if it cannot be written.
    """
    try:
        make_private(place)
        handle, unfinished = tempfile.mkstemp(prefix=".unfinished-", dir=place)
        try:
            with os.fdopen(handle, "w+b") as file:
                ending = write(file)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            kept = place / f"{name.format(digest[:_DIGITS])}{ending}"
            if kept.parent != place:
                make_private(kept.parent)
            Path(unfinished).replace(kept)
        finally:
            with suppress(FileNotFoundError):
                Path(unfinished).unlink()
    except OSError as error:
        raise refusal(place, f"it can't be kept here ({error.strerror or error}).") from error
    if most is not None:
        _prune(place, name, most)
    return kept


def _prune(place: Path, name: str, most: int) -> None:
    """Remove the oldest files; one that another process removes meanwhile is no matter."""
    written = {}
    for file in place.glob(f"{name.format('*').removesuffix('*')}*"):
        with suppress(OSError):
            written[file] = file.stat().st_mtime
    for old in sorted(written, key=written.__getitem__)[:-most]:
        with suppress(OSError):
            old.unlink()
            if old.parent != place:
                old.parent.rmdir()
