"""The store's file: where it lies, its tables, its versions, and opening it without harming it."""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from lossterm.errors import DataError, StoreError
from lossterm.home.private import make_private_file, refuse_foreign
from lossterm.store import network_mounts
from lossterm.store.backup import LOGS, back_up
from lossterm.store.checksum import checksum
from lossterm.store.file_header import APPLICATION_ID, OPENING, refuse_other_files
from lossterm.store.foreign_log import refuse_foreign_log
from lossterm.store.migrations import MIGRATIONS, VERSION

PATIENCE = 10.0
"""Seconds to wait for another program that holds the store."""

_LONGEST_ENDING = len("-worker-auto.lock.part-9")
"""Bytes that the names of files beside a store are longer than its own."""

WRITTEN_IN_VAIN = frozenset(
    {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE", "SQLITE_IOERR_SHMSIZE"}
)
"""SQLite's names for what a disk says that takes no more."""

_OF_DAMAGE = (
    *("not a database", "malformed", "decode to UTF-8", "no such table", "no such column", "no such index"),
    *("constraint failed", "no lossterm wrote"),
)
"""What SQLite says, or a reader of its rows, where the file is not what lossterm wrote into it."""


def connect(path: Path, *, make: bool = True) -> sqlite3.Connection:
    """Open the file at `path`, made if it isn't there and may be made, and bring it to this version's schema.

    Raises StoreError with a sentence for a place that can't be written, a file that is no store, a damaged one, and one
    made by a newer version; none of them is changed, not even its permissions. On a medium that cannot be written the
    store is opened to be read.
    """
    try:
        if not make and not path.exists():
            raise StoreError(f"The store {path} is gone.")
        _refuse_long_name(path)
        refuse_foreign(path)
        refuse_other_files(path)
        if read_only(path):
            return _opened_to_read(path)
        make_private_file(path, beside=LOGS)
        return _opened(path)
    except StoreError:
        raise
    except DataError as error:
        raise StoreError(str(error)) from error
    except OSError as error:
        raise StoreError(
            f"The store {path} cannot be used: {error.strerror or error}. Give another place with --store FILE."
        ) from error
    except sqlite3.DatabaseError as error:
        raise explain(path, error) from error


def explain(path: Path, error: sqlite3.Error) -> StoreError:
    """Turn SQLite's error into a sentence about the file."""
    text = "".join(sign if sign.isprintable() else " " for sign in str(error))[:200]  # it may quote what is damaged
    if any(word in text for word in _OF_DAMAGE):
        return StoreError(
            f"The store {path} is damaged or is not a lossterm store ({text}). It was left as it is: "
            f"`lossterm doctor --repair` saves what can be read, or give another place with --store FILE."
        )
    if "readonly" in text or "unable to open" in text:
        return StoreError(f"The store {path} cannot be written ({text}). Give another place with --store FILE.")
    if "locked" in text:
        return StoreError(f"The store {path} is locked by another program ({text}). Close that program and try again.")
    if "full" in text or getattr(error, "sqlite_errorname", "") in WRITTEN_IN_VAIN:
        return StoreError(
            f"The disk that holds the store {path} is full, or takes no more ({text}). Free some space and try again."
        )
    return StoreError(f"The store {path} failed: {text}. `lossterm doctor` looks at it more closely.")


def _refuse_long_name(path: Path) -> None:
    """Raise StoreError for a name beside which no lock, log or backup could be made."""
    with suppress(OSError, ValueError):  # a directory that is still to be made
        most = os.pathconf(path.parent, "PC_NAME_MAX") - _LONGEST_ENDING
        if len(os.fsencode(path.name)) > most:
            raise StoreError(
                f"The store {path} cannot be used: its name is too long for the lock and the log that lie beside it. "
                f"Give one of {most} bytes at most with --store FILE."
            )


def read_only(path: Path) -> bool:
    """Whether a store that is there cannot be written where it lies."""
    return path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))


def _opened_to_read(path: Path) -> sqlite3.Connection:
    """Open a store that cannot be written. SQLite needs no file beside it where it has no log."""
    log = path.with_name(f"{path.name}-wal")
    whole = not log.exists() or log.stat().st_size == 0
    refuse_foreign_log(path)
    with OPENING:
        connection = _connected(f"{path.as_uri()}?mode=ro{'&immutable=1' if whole else ''}", uri=True)
    try:
        refuse_others(path, connection)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.OperationalError) and not whole and "unable to open" in str(error):
            raise StoreError(
                f"The store {path} lies where nothing can be written, and not all of it is in the file: copy it, with "
                f"{log.name}, to a place that can be written, and give that with --store FILE."
            ) from error
        raise
    if version != VERSION:
        connection.close()
        raise StoreError(
            f"The store {path} is of an older lossterm and cannot be brought up to date, since it lies where nothing "
            "can be written: copy it to another place, and give that with --store FILE."
        )
    return connection


def _connected(place: Path | str, **more: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(place, timeout=PATIENCE, isolation_level=None, check_same_thread=False, **more)
    connection.row_factory = sqlite3.Row
    connection.create_function("checksum", -1, checksum, deterministic=True)
    return connection


def _opened(path: Path) -> sqlite3.Connection:
    refuse_foreign_log(path)
    with OPENING:
        connection = _connected(path)
    try:
        _sign(connection)
        refuse_others(path, connection)
        _set_journal(connection, "delete" if network_file_system(path) else "wal")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(path, connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _sign(connection: sqlite3.Connection) -> None:
    """Say whose a new file is before anything else is in it: until its log is read, nothing else would tell."""
    if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("PRAGMA page_count").fetchone()[0] == 0:  # nobody was first
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")


def _set_journal(connection: sqlite3.Connection, mode: str) -> None:
    """Choose the journal, with patience, since SQLite does not wait while another process chooses too."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode = {mode}")  # SQLite may keep another that suits the place better
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def refuse_others(path: Path, connection: sqlite3.Connection) -> None:
    """Raise StoreError for a file of another program, and for one that a newer version made."""
    connection.execute("BEGIN")  # one look: another process may be making the tables just now
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    connection.execute("COMMIT")
    if not empty and owner != APPLICATION_ID:
        raise StoreError(
            f"{path} is a SQLite file of another program. It was left as it is: give another place with --store FILE."
        )
    if version > VERSION:
        raise StoreError(
            f"The store {path} was made by a newer lossterm (its schema is {version}, this program knows {VERSION}). "
            f"Update lossterm, or give another place with --store FILE."
        )


def refuse_updated(path: Path, connection: sqlite3.Connection) -> None:
    """Raise StoreError for a store that another version has brought to its own schema while it was open here."""
    if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
        raise StoreError(f"The store {path} was updated by another version of lossterm: begin again with that one.")


def _migrate(path: Path, connection: sqlite3.Connection) -> None:
    """Bring the tables to this version, all at once or not at all; a store that holds anything is copied first."""
    if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        return
    backup: Path | None = None
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again under the lock: another process may have migrated meanwhile.
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if 0 < version < VERSION and connection.execute("SELECT 1 FROM sessions LIMIT 1").fetchone():
            if (found := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise sqlite3.DatabaseError(f"malformed: {found}")
            backup = back_up(path, version)
        for script in MIGRATIONS[version:]:
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # the file alone, copied, is to be a store at any time
    except BaseException:
        if connection.in_transaction:  # SQLite has rolled back by itself after some errors
            connection.execute("ROLLBACK")
        if backup:
            backup.unlink(missing_ok=True)  # of what was not changed
        raise


def network_file_system(path: Path) -> str | None:
    """Return the kind of network file system that holds `path`, None for a local one or where it can't be told.

    SQLite's write-ahead log needs shared memory, which network file systems do not give.
    """
    return network_mounts.network_kind(network_mounts.table(), network_mounts.resolved(path))


def damage(path: Path) -> list[str]:
    """Return what SQLite's own check finds wrong with the file; nothing for a sound store."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(10)")]
    except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite quotes what is damaged
        return [str(error)]
    return [] if found == ["ok"] else found
