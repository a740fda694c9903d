"""Copies of a store: beside it, before what could not be taken back, or where a person wants one; and back again."""

import os
import re
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from lossterm.errors import StoreError


def back_up(path: Path, version: int) -> Path:
    """Copy the store at `path`, whose schema has this version, to a file beside it, and return that file.

    It is private to the user, whole or not there at all, and on the disk before this returns. One that is there is
    kept, and the new one gets a number. Whoever calls holds the store's lock for writing, so that nobody changes it
    meanwhile. Raises StoreError with a sentence where it cannot be written.
    """
    part = path.with_name(f"{path.name}.v{version}-backup.part")
    try:
        copy_to(path, part)
        target = free_name(path.with_name(f"{path.name}.v{version}-backup"))
        part.rename(target)
        flush(path.parent)
    except (OSError, sqlite3.Error) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise StoreError(
            f"The store {path} is of an older lossterm and must be brought up to date, but no backup could be written "
            f"beside it ({said}): nothing was changed. Free some space there and try again."
        ) from error
    return target


def copy_to(path: Path, part: Path) -> None:
    """Copy the store at `path` to another file, private to the user and on the disk before this returns.

    What is there is overwritten. Others may go on with the store meanwhile: the copy is as it was at one moment.
    Raises OSError and sqlite3.Error, and leaves nothing behind then.
    """
    log = path.with_name(f"{path.name}-wal")
    whole = not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)
    try:
        part.unlink(missing_ok=True)  # of a process that was killed while it wrote
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        # A connection of its own: SQLite does not copy through one that is about to write.
        reading = f"{path.as_uri()}?mode=ro{'&immutable=1' if whole else ''}"
        with closing(sqlite3.connect(reading, uri=True)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
        flush(part)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
            part.with_name(f"{part.name}-journal").unlink(missing_ok=True)
        raise


def put_in_place(path: Path, new: Path, ending: str) -> str:
    """Keep the file at `path`, with its log, under its name with an ending, and put a new one there in one step."""
    kept = free_name(path.with_name(f"{path.name}.{ending}"), first=1)
    try:
        os.link(path, kept)
    except OSError:  # a file system without links
        shutil.copyfile(path, kept)
        kept.chmod(0o600)
    for beside in LOGS:
        if (log := path.with_name(path.name + beside)).exists():
            log.replace(kept.with_name(kept.name + beside))  # or SQLite would take it for the new file's
    new.replace(path)
    flush(path.parent)
    return str(kept)


LOGS = ("-wal", "-shm", "-journal")
"""Endings of the files that SQLite puts beside a store."""


def backups(path: Path) -> list[Path]:
    """Return the backups that lie beside a store, by version, the oldest of each first."""
    form = re.compile(rf"{re.escape(path.name)}\.v(\d+)-backup(?:-(\d+))?")
    found = ((form.fullmatch(one.name), one) for one in path.parent.iterdir()) if path.parent.is_dir() else ()
    return [one for _, one in sorted(((int(match[1]), int(match[2] or 1)), one) for match, one in found if match)]


def free_name(path: Path, first: int | None = None) -> Path:
    """Return the path, or the first of `path-2`, `path-3`, … that is not taken; with `first` none goes unnumbered."""
    number, found = first or 1, path if first is None else path.with_name(f"{path.name}-{first}")
    while found.exists() or found.is_symlink():
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found


def flush(path: Path) -> None:
    """Wait until a file, or what a directory says of its files, is on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
