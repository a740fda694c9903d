"""The store's file: where it lies, its tables, its versions, and opening it without harming it."""

import os
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from lossterm.errors import StoreError
from lossterm.home import home

APPLICATION_ID = 0x6C6F7373  # "loss": tells our files from any other SQLite file

MIGRATIONS = (
    """
    CREATE TABLE clock (tick INTEGER NOT NULL);
    INSERT INTO clock VALUES (0);

    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        created REAL NOT NULL
    );

    CREATE TABLE comparisons (
        id INTEGER PRIMARY KEY,
        session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        asked TEXT NOT NULL,
        created REAL NOT NULL,
        cancelled REAL,
        changed INTEGER NOT NULL
    );
    CREATE INDEX comparisons_by_session ON comparisons (session);

    CREATE TABLE trials (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        asked TEXT NOT NULL,
        device TEXT NOT NULL,
        program TEXT NOT NULL,
        epochs_asked INTEGER NOT NULL,
        status TEXT NOT NULL,
        queued INTEGER NOT NULL,
        cancel INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        epochs INTEGER NOT NULL DEFAULT 0,
        seconds REAL,
        scores TEXT,
        environment TEXT,
        error TEXT,
        finished REAL,
        changed INTEGER NOT NULL
    );
    CREATE INDEX trials_by_status ON trials (status, device, program, epochs_asked);
    CREATE INDEX trials_by_change ON trials (changed);

    CREATE TABLE comparison_trials (
        comparison INTEGER NOT NULL REFERENCES comparisons (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        trial INTEGER NOT NULL REFERENCES trials (id),
        PRIMARY KEY (comparison, position)
    ) WITHOUT ROWID;
    CREATE INDEX comparisons_of_trial ON comparison_trials (trial);

    CREATE TABLE curves (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        trial INTEGER NOT NULL REFERENCES trials (id) ON DELETE CASCADE,
        start INTEGER NOT NULL,
        epochs INTEGER NOT NULL,
        data BLOB NOT NULL
    );
    CREATE INDEX curves_of_trial ON curves (trial);

    CREATE TABLE workers (
        device TEXT PRIMARY KEY,
        pid INTEGER NOT NULL,
        state TEXT NOT NULL,
        message TEXT NOT NULL,
        environment TEXT,
        changed INTEGER NOT NULL
    );
    """,
    """
    ALTER TABLE trials ADD COLUMN note TEXT;
    ALTER TABLE trials ADD COLUMN anatomy TEXT
    """,
    """
    ALTER TABLE clock ADD COLUMN given INTEGER NOT NULL DEFAULT 0;

    CREATE TABLE models (
        trial INTEGER PRIMARY KEY REFERENCES trials (id) ON DELETE CASCADE,
        about TEXT NOT NULL,
        data BLOB NOT NULL
    );

    CREATE TABLE samples (
        key TEXT PRIMARY KEY,
        about TEXT NOT NULL,
        features BLOB NOT NULL,
        target BLOB NOT NULL
    );

    CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL);

    CREATE INDEX trials_by_number ON trials (id, status)
    """,
    """
    CREATE TABLE checkpoints (
        trial INTEGER PRIMARY KEY REFERENCES trials (id) ON DELETE CASCADE,
        epochs INTEGER NOT NULL,
        seconds REAL NOT NULL,
        state BLOB NOT NULL
    )
    """,
)
"""Script n takes a store from version n to n + 1. A script that was released is never edited.

`curves.data` holds float32, little-endian, (epochs, columns): for each split of the protocol in order its loss, then
its metric. A chunk replaces what was there from its `start` on. `trials.queued` is the tick at which a trial was last
queued: a comparison asked for before that has seen it end, and no longer waits for it. `clock.given` is the largest
number of any comparison or trial that was deleted: none is given twice, since viewers know rows by their numbers.
`models.about` and `samples.about` are `Model` and `Sample` in JSON, but for the numbers, which lie beside them.
`checkpoints` hold long trainings that have not ended well: where another worker goes on.
"""

VERSION = len(MIGRATIONS)


def default_path() -> Path:
    """Return where the store lies unless `--store` says otherwise: in LOSSTERM_HOME, or the user's data directory."""
    return home() / "lossterm.db"


def connect(path: Path, *, make: bool = True) -> sqlite3.Connection:
    """Open the file at `path`, made if it isn't there and may be made, and bring it to this version's schema.

    Raises StoreError with a sentence for a place that can't be written, a file that is no store, a damaged one, and one
    made by a newer version; none of them is changed.
    """
    if not make and not path.exists():
        raise StoreError(f"The store {path} is gone.")
    try:
        _make_private(path)
        return _opened(path)
    except OSError as error:
        raise StoreError(
            f"The store {path} cannot be used: {error.strerror or error}. Give another place with --store FILE."
        ) from error
    except sqlite3.DatabaseError as error:
        raise explain(path, error) from error


def explain(path: Path, error: sqlite3.Error) -> StoreError:
    """Turn SQLite's error into a sentence about the file."""
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return StoreError(
            f"The store {path} is damaged or is not a lossterm store ({text}). It was left as it is: "
            f"move it away, or give another place with --store FILE."
        )
    if "readonly" in text or "unable to open" in text:
        return StoreError(f"The store {path} cannot be written ({text}). Give another place with --store FILE.")
    if "locked" in text:
        return StoreError(f"The store {path} is locked by another program ({text}). Close that program and try again.")
    if "full" in text:
        return StoreError(f"The disk that holds the store {path} is full ({text}). Free some space and try again.")
    return StoreError(f"The store {path} failed: {text}. `lossterm doctor` looks at it more closely.")


def _make_private(path: Path) -> None:
    """Make the directory (0700) and the file (0600), so that no other user can read what is trained here.

    A file that is there is never opened except by SQLite: closing it would drop the locks that SQLite holds on it for
    this process, and another process could then delete the log that we are writing to.
    """
    if not path.parent.exists():
        path.parent.mkdir(parents=True, mode=0o700)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a directory") from None


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        _refuse_foreign(path, connection)
        _set_journal(connection, "delete" if network_file_system(path) else "wal")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_journal(connection: sqlite3.Connection, mode: str, patience: float = 10) -> None:
    """Choose the journal; `patience`, in seconds, since SQLite does not wait while another process chooses too."""
    until = time.monotonic() + patience
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode = {mode}")  # SQLite may keep another that suits the place better
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _refuse_foreign(path: Path, connection: sqlite3.Connection) -> None:
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


def _migrate(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again under the lock: another process may have migrated meanwhile.
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for script in MIGRATIONS[version:]:
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


_NETWORK = re.compile(
    r"nfs4?|cifs|smb3|smbfs|9p|afs|ncpfs|lustre|ceph|gpfs|beegfs|glusterfs|vboxsf|prl_fs|vmhgfs|"
    r"fuse\.(sshfs|glusterfs|ceph|s3fs|gcsfuse|rclone|vmhgfs-fuse)"
)


def network_file_system(path: Path) -> str | None:
    """Return the kind of network file system that holds `path`, None for a local one or where it can't be told.

    SQLite's write-ahead log needs shared memory, which network file systems do not give.
    """
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    place = path.resolve()
    listed = [line.replace("\\040", "\0").split(" ")[1:3] for line in mounts.splitlines()]
    held = [
        (mount.replace("\0", " "), kind) for mount, kind in listed if place.is_relative_to(mount.replace("\0", " "))
    ]
    _, kind = max(held, key=lambda found: len(found[0]), default=("", ""))
    return kind if _NETWORK.fullmatch(kind) else None


def damage(path: Path) -> list[str]:
    """Return what SQLite's own check finds wrong with the file; nothing for a sound store."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(10)")]
    except sqlite3.Error as error:
        return [str(error)]
    return [] if found == ["ok"] else found
