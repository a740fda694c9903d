"""What looks at data found, kept on disk so that the next start shows it at once; can be deleted at any time.

An answer is a command's standard output. It depends on what was asked, where a table's key bears the digest of its
bytes, on lossterm's code, and on the packages that are installed: one may add losses, another computes otherwise.
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from lossterm.errors import DataError
from lossterm.home.paths import answers
from lossterm.home.private import make_private, opened

MOST = 64
"""Answers that are kept; the oldest go first."""

MOST_BYTES = 2**20
"""The longest answer that is kept."""


def kept(question: Sequence[str]) -> bytes | None:
    """Return the answer to a question, None where none is kept or it cannot be read."""
    try:
        descriptor = opened(_path(question), os.O_RDONLY)
    except (OSError, DataError):
        return None
    with os.fdopen(descriptor, "rb") as file, suppress(OSError):
        return file.read(MOST_BYTES)
    return None


def keep(question: Sequence[str], answer: bytes) -> None:
    """Keep the answer to a question if it is not too long; nothing where there is no place for it."""
    if len(answer) >= MOST_BYTES:
        return
    path = _path(question)
    part = path.with_suffix(f".{os.getpid()}")  # whole before it has its name: another app may read it at any time
    with suppress(OSError, DataError):
        make_private(path.parent)
        with os.fdopen(opened(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(answer)
        part.replace(path)
        for old in sorted(path.parent.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)[MOST:]:
            old.unlink(missing_ok=True)


def _path(question: Sequence[str]) -> Path:
    digest = hashlib.sha256("\0".join((*question, _code())).encode(errors="surrogateescape")).hexdigest()
    return answers() / digest[:32]


@cache
def _code() -> str:
    """Name the state of the code: when the last of lossterm's files was written, and the versions of all packages."""
    written = max(file.stat().st_mtime_ns for file in Path(__file__).parents[1].rglob("*.py"))
    places = (Path(place) for place in sys.path)
    packages = {package.name for place in places if place.is_dir() for package in place.glob("*.dist-info")}
    return " ".join((str(written), *sorted(packages)))
