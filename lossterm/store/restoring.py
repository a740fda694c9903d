"""A store put away as one file, and a file put back as the store."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from lossterm.errors import DataError, StoreError
from lossterm.home.paths import home
from lossterm.home.presence import is_there
from lossterm.home.private import make_private, refuse_foreign
from lossterm.store import schema
from lossterm.store.backup import copy_to, flush, put_in_place
from lossterm.store.file_header import refuse_other_files
from lossterm.store.foreign_log import refuse_foreign_log
from lossterm.store.repair import state_of_files

PUT_BACK = (
    "UPDATE trials SET status = CASE WHEN cancel THEN 'cancelled' ELSE 'queued' END, attempts = 0 "
    "WHERE status = 'running'"
)
"""What was being trained when a copy was made: no worker trains it where the copy is put in place."""


def write_backup(path: Path, target: Path) -> int:
    """Copy the store at `path` to a new file, and return its size; whoever uses the store may go on.

    Raises DataError for a file that is there already or cannot be written, and StoreError for a store that is not
    there, is not sound, or is of another program.
    """
    if not is_there(path, "The store"):
        raise StoreError(f"The store {path} is not there: there is nothing to back up.")
    refuse_other_files(path)
    refuse_foreign_log(path)
    if os.path.lexists(target):
        raise DataError(f"{target} is there already, and was left as it is: give the backup another name.")
    part = target.with_name(f"{target.name}.part")
    try:
        copy_to(path, part)
        _refuse_unsound(path, part)
        os.link(part, target)  # never over what came there meanwhile
        flush(target.parent)
        return target.stat().st_size
    except FileExistsError:
        raise DataError(f"{target} is there already, and was left as it is: give the backup another name.") from None
    except OSError as error:
        raise DataError(f"The backup {target} could not be written: {error.strerror or error}.") from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") in schema.WRITTEN_IN_VAIN:
            raise DataError(f"The backup {target} could not be written: {error}. Free some space first.") from error
        raise schema.explain(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def restore_backup(source: Path, path: Path) -> str | None:
    """Put a copy of a store in the place of the one at `path`, and return where that is kept; None if there was none.

    Whoever calls sees to it that no other process has the store open. `source` stays as it is. Raises StoreError for a
    source that is no sound store of this or an older version, and where the copy cannot be written; the store stays as
    it was then.
    """
    if not is_there(source):
        raise DataError(f"There is no file {source} to restore.")
    if is_there(path, "The store") and source.samefile(path):
        raise DataError(f"{source} is the store itself: give the backup that is to take its place.")
    refuse_other_files(source)
    if not source.stat().st_size:
        raise StoreError(f"{source} is empty: it is no backup of a store.")
    refuse_foreign_log(source)
    refuse_other_files(path)
    refuse_foreign(path)
    try:
        if path.parent.is_relative_to(home()) or not path.parent.exists():
            make_private(path.parent)
        part = path.with_name(f"{path.name}.restore.part")
        before = state_of_files(path)
        try:
            with _readable(source) as readable:
                copy_to(readable, part)
            _refuse_unsound(source, part)
            with closing(sqlite3.connect(part)) as connection:
                connection.execute(PUT_BACK)
                connection.commit()
            flush(part)
            if state_of_files(path) != before:
                raise StoreError(
                    f"The store {path} was written meanwhile, and was left as it is: close what uses it, then restore "
                    "the backup again."
                )
            if before[0] is None:
                part.replace(path)
                flush(path.parent)
                return None
            return put_in_place(path, part, "before-restore")
        finally:
            for one in (part, *(part.with_name(part.name + ending) for ending in ("-wal", "-shm", "-journal"))):
                one.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"The store {path} could not be restored: {error.strerror or error}.") from error
    except sqlite3.Error as error:
        raise schema.explain(source, error) from error


@contextmanager
def _readable(source: Path) -> Iterator[Path]:
    """Yield a path by which a backup can be read without a file being made beside it: a copy, where it has a log."""
    from tempfile import TemporaryDirectory  # 5 ms that no other command need wait for

    with TemporaryDirectory(prefix="lossterm-restore-") as place:
        copied = Path(place, "backup.db")
        for ending in ("", "-wal", "-journal"):
            if (one := source.with_name(source.name + ending)).exists():
                shutil.copyfile(one, copied.with_name(copied.name + ending))
        yield copied


def _refuse_unsound(named: Path, copy: Path) -> None:
    """Raise StoreError where the copy of a store is not sound, or not ours to use."""
    with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        schema.refuse_others(named, connection)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if (wrong := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(f"malformed: {wrong}")
        if not tables >= {"clock", "sessions", "comparisons", "trials"}:
            raise StoreError(
                f"{named} holds no sessions of lossterm: it may be the copy of a store that was in use, without its "
                "log (-wal). It was left as it is."
            )
