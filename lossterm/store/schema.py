"""The store's file: where it lies, its tables, its versions, and opening it without harming it."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from lossterm.errors import DataError, StoreError
from lossterm.home.private import make_private_file
from lossterm.store import network_mounts
from lossterm.store.backup import back_up
from lossterm.store.checksum import checksum
from lossterm.store.migrations import MIGRATIONS, VERSION

APPLICATION_ID = 0x6C6F7373  # "loss": tells our files from any other SQLite file

PATIENCE = 10.0
"""Seconds to wait for another program that holds the store."""

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
    made by a newer version; none of them is changed.
    """
    if not make and not path.exists():
        raise StoreError(f"The store {path} is gone.")
    try:
        make_private_file(path, beside=("-wal", "-shm", "-journal"))
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


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        connection.create_function("checksum", -1, checksum, deterministic=True)
        refuse_others(path, connection)
        _set_journal(connection, "delete" if network_file_system(path) else "wal")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(path, connection)
    except BaseException:
        connection.close()
        raise
    return connection


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
