"""Putting a store in order: a sound one is tidied, of a damaged one all that can be read goes into a new file."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeGuard

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.errors import LosstermError, StoreError
from lossterm.store import schema
from lossterm.store.backup import flush, free_name, put_in_place
from lossterm.store.checksum import COVERED, checksum_of
from lossterm.store.foreign_log import is_foreign
from lossterm.store.integrity import LATEST, Judge, half, trial_values
from lossterm.store.salvage import Reader, mend_header
from lossterm.store.serialisation import AS_NEW

TABLES = ("sessions", "comparisons", "trials", "curves", "models", "samples", "checkpoints", "kept", "workers")
"""Tables whose rows are numbered, each after those that it speaks of."""

_OURS = {"sessions", "comparisons", "trials"}


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to a store."""

    damaged: bool
    """Whether something in it could not be read, or not be believed."""
    saved: dict[str, int]
    """Rows that are there now, by table."""
    lost: dict[str, int]
    """Rows that could be read and not be believed, by table; nothing of a sound store."""
    unread: tuple[str, ...]
    """Tables of which some page could not be read at all."""
    again: int
    """Trials that are queued to be trained again, since not all of them was left."""
    put_back: int
    """Trials that were said to be running, with no worker there."""
    dropped: dict[str, int]
    """Rows that belonged to nothing any more, by table."""
    freed: int
    """Bytes that the file is smaller by."""
    kept: str | None
    """Where the damaged file lies now, None if there was none."""

    @property
    def complete(self) -> bool:
        """Whether nothing was lost."""
        return not (self.lost or self.unread or self.again)


def repair(path: Path) -> Repaired:
    """Put the store at `path` in order. Whoever calls sees to it that no other process has it open.

    A damaged file is kept beside the new one, which takes its place in one step. Raises StoreError for a file of
    another program, one of a newer version, one of which nothing can be read, and where the disk takes no more; the
    file is left as it is then.
    """
    if not path.exists():
        raise StoreError(f"The store {path} is gone: there is nothing to repair.")
    before = path.stat().st_size
    if is_foreign(path):  # of which nothing may come into the store
        log = path.with_name(f"{path.name}-wal")
        log.rename(free_name(log.with_name(f"{log.name}.foreign"), first=1))
    try:
        if schema.damage(path) or _doubtful(path):
            return _rebuilt(path, before)
        with closing(schema.connect(path, make=False)) as connection:
            return _tidied(connection, path, before)
    except sqlite3.Error as error:
        raise schema.explain(path, error) from error
    except OSError as error:
        raise StoreError(f"The store {path} could not be repaired: {error.strerror or error}.") from error


def trains(path: Path, device: str) -> bool:
    """Whether a worker for a device is at a trial, as far as the store at `path` can be read."""
    query = "SELECT 1 FROM trials WHERE status = 'running' AND device = ?"
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(query, (device,)).fetchone() is not None
    return False


def _doubtful(path: Path) -> bool:
    """Whether a file that SQLite reads holds rows that lossterm did not write. Raises StoreError as `connect`."""
    judge = Judge()
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=schema.PATIENCE)) as connection:
        schema.refuse_others(path, connection)
        connection.row_factory = sqlite3.Row
        try:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            for table in filter(tables.__contains__, TABLES):
                for row in map(dict, connection.execute(f"SELECT * FROM {table} ORDER BY rowid")):
                    if judge.sound(table, row) != row:
                        return True
            clocks = [tuple(row) for row in connection.execute("SELECT tick, given FROM clock")]
            return bool(half(connection)) or len(clocks) != 1 or not all(map(_is_tick, clocks[0]))
        except (sqlite3.DatabaseError, UnicodeDecodeError):  # text that is none, or no such table or column
            return True


def _rebuilt(path: Path, before: int) -> Repaired:
    with TemporaryDirectory(prefix=f"{path.name}.repair-", dir=path.parent) as directory:  # for the user alone
        old, new = Path(directory, "old.db"), Path(directory, path.name)
        found_as = state_of_files(path)
        for ending in ("", "-wal", "-journal"):
            if (one := path.with_name(path.name + ending)).exists():
                shutil.copyfile(one, old.with_name(old.name + ending))
        mend_header(old)
        with _reading(path, old) as reader, closing(schema.connect(new)) as connection:
            rescue = _Rescue(reader, connection)
            rescue.all()
            again = _queue_half(connection) + rescue.queued
            found = _tidied(connection, new, before)
        flush(new)
        if state_of_files(path) != found_as:  # by a program that looked at no lock
            raise StoreError(
                f"The store {path} was written while it was being repaired, and was left as it is: close what uses it, "
                "then repair it again."
            )
        kept = put_in_place(path, new, "damaged")
    return msgspec.structs.replace(
        found,
        damaged=True,
        lost=dict(rescue.lost),
        unread=tuple(table for table in TABLES if table in reader.partly),
        again=again,
        freed=0,
        kept=kept,
    )


def state_of_files(path: Path) -> list[tuple[int, int, int] | None]:
    """Return what differs once a store or its log was written."""
    files = [path, *(path.with_name(path.name + ending) for ending in ("-wal", "-journal"))]
    looks = [file.stat() if file.exists() else None for file in files]
    return [look and (look.st_ino, look.st_size, look.st_mtime_ns) for look in looks]


@contextmanager
def _reading(path: Path, copy: Path) -> Iterator[Reader]:
    try:
        reader = Reader(copy)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        reader = None
    if reader is None or not reader.tables >= _OURS:
        raise StoreError(
            f"Nothing in {path} can be read as a store of lossterm. It was left as it is: move it away, or give "
            f"another place with --store FILE."
        )
    try:
        yield reader
    finally:
        reader.close()


class _Rescue:
    """Carries what can be believed from a damaged store into an empty one."""

    def __init__(self, reader: Reader, into: sqlite3.Connection) -> None:
        self._reader, self._into, self._judge = reader, into, Judge()
        self._columns = {
            table: [row[1] for row in into.execute(f"PRAGMA table_info({table})")]
            for table in (*TABLES, "comparison_trials")
        }
        self.lost: Counter[str] = Counter()
        self.queued = 0
        """Trials of which nothing is left but that a comparison asks for them."""

    def all(self) -> None:
        """Carry over every table, and what comparisons ask for that was lost."""
        self._into.execute("BEGIN IMMEDIATE")
        for table in filter(self._reader.tables.__contains__, TABLES):
            for row in self._reader.rows(table):
                found = self._judge.sound(table, row)
                vouched = self._vouched(row) if found is None and table == "comparisons" else None
                self.lost[table] += vouched is None and found != row
                if (found := vouched or found) is not None:
                    self._take(table, found)
        self._set_clock()
        for number, asked, cancelled in self._into.execute("SELECT id, asked, cancelled FROM comparisons").fetchall():
            self._link(number, msgspec.json.decode(asked, type=Comparison), stopped=cancelled is not None)
        self._into.execute("COMMIT")
        self.lost = +self.lost

    def _vouched(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return a comparison whose checksum is wrong, where its trials are those that it asks for."""
        found = self._judge.sound("comparisons", {name: value for name, value in row.items() if name != "checksum"})
        if found is None:
            return None
        keys = {one.get("id"): one.get("key") for one in self._reader.rows("trials")}
        linked = {one["position"]: keys.get(one["trial"]) for one in self._reader.links(found["id"]) if _is_link(one)}
        try:
            asked = [trial.key for trial in msgspec.json.decode(found["asked"], type=Comparison).trials()]
        except LosstermError:  # of a package that is not installed
            return None
        return found if linked == dict(enumerate(asked)) else None

    def _take(self, table: str, row: dict[str, Any]) -> None:
        if table == "comparisons":
            self._into.execute(  # of a session whose own row was lost
                "INSERT OR IGNORE INTO sessions (id, name, created) VALUES (?1, 'recovered ' || ?1, ?2)",
                (row["session"], row["created"]),
            )
        try:
            self._insert(table, row)
        except sqlite3.IntegrityError:  # a number, a name or a key twice
            self.lost[table] += 1

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        if table in COVERED:  # what is taken is believed, and older versions wrote none
            row = {**row, "checksum": checksum_of(table, row)}
        given = [name for name in self._columns[table] if name in row]
        marks = ", ".join("?" * len(given))
        values = [row[name] for name in given]
        self._into.execute(f"INSERT INTO {table} ({', '.join(given)}) VALUES ({marks})", values)

    def _set_clock(self) -> None:
        """Let the clock go on behind all that it ever gave."""
        ticks = [row.get("tick") for row in self._reader.rows("clock")] if "clock" in self._reader.tables else []
        given = [row.get("given") for row in self._reader.rows("clock")] if "clock" in self._reader.tables else []
        (last,) = self._into.execute(
            "SELECT max(coalesce((SELECT max(max(changed, queued)) FROM trials), 0), "
            "coalesce((SELECT max(changed) FROM comparisons), 0))"
        ).fetchone()
        self._tick = max([last, *(tick for tick in ticks if _is_tick(tick))]) + 1
        number = max([0, *(one for one in given if _is_tick(one))])
        self._into.execute("UPDATE clock SET tick = ?, given = ?", (self._tick, number))

    def _link(self, number: int, comparison: Comparison, *, stopped: bool) -> None:
        """Join a comparison to its trials; those that are not there are queued."""
        known = {row["position"]: row["trial"] for row in self._reader.links(number) if _is_link(row)}
        try:
            trials = list(comparison.trials())
        except LosstermError:  # of a package that is not installed: what is linked is all that can be told
            trials = []
        for position in sorted({*range(len(trials)), *known}):
            trial = known.get(position)
            if trial not in self._judge.layouts:
                if position >= len(trials):
                    self.lost["comparison_trials"] += 1
                    continue
                trial = self._found_or_queued(trials[position], stopped=stopped)
            self._into.execute("INSERT INTO comparison_trials VALUES (?, ?, ?)", (number, position, trial))

    def _found_or_queued(self, trial: Any, *, stopped: bool) -> int:
        found = self._into.execute("SELECT id FROM trials WHERE key = ?", (trial.key,)).fetchone()
        if found is None:
            self._insert("trials", trial_values(trial, self._tick, stopped=stopped))
            found = self._into.execute("SELECT last_insert_rowid()").fetchone()
            self.queued += not stopped
        return int(found[0])


def _is_tick(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and 0 <= value < LATEST


def _is_link(row: dict[str, Any]) -> bool:
    return all(isinstance(row.get(name), int) for name in ("position", "trial"))


def _queue_half(connection: sqlite3.Connection) -> int:
    """Forget trials of which not all was left, and queue those again that had come to their end."""
    numbers = ",".join(map(str, half(connection)))
    connection.execute("BEGIN IMMEDIATE")
    for table in ("curves", "models", "checkpoints"):
        connection.execute(f"DELETE FROM {table} WHERE trial IN ({numbers})")
    connection.execute(f"UPDATE trials SET epochs = 0 WHERE id IN ({numbers})")
    again = connection.execute(
        f"UPDATE trials SET status = 'queued', attempts = 0, {AS_NEW} "
        f"WHERE id IN ({numbers}) AND status IN ('done', 'diverged')"
    ).rowcount
    connection.execute("COMMIT")
    return again


_IDLE: tuple[tuple[str, str], ...] = (
    ("comparisons", "session NOT IN (SELECT id FROM sessions)"),
    ("comparison_trials", "comparison NOT IN (SELECT id FROM comparisons) OR trial NOT IN (SELECT id FROM trials)"),
    ("trials", "id NOT IN (SELECT trial FROM comparison_trials)"),
    ("curves", "trial NOT IN (SELECT id FROM trials)"),
    ("models", "trial NOT IN (SELECT id FROM trials)"),
    ("checkpoints", "trial NOT IN (SELECT id FROM trials WHERE status IN ('queued', 'running', 'cancelled'))"),
)
"""What belongs to nothing any more, by table: each after those that it speaks of."""


def _tidied(connection: sqlite3.Connection, path: Path, before: int) -> Repaired:
    """Put back what no worker trains, drop what belongs to nothing, and give free pages back."""
    connection.execute("PRAGMA foreign_keys = OFF")  # or what goes with a row would not be counted
    connection.execute("BEGIN IMMEDIATE")
    tick = connection.execute("UPDATE clock SET tick = tick + 1 RETURNING tick").fetchone()[0]
    put_back = connection.execute(
        "UPDATE trials SET status = CASE WHEN cancel THEN 'cancelled' ELSE 'queued' END, "
        "attempts = 0, changed = ? WHERE status = 'running'",
        (tick,),
    ).rowcount
    dropped = {table: connection.execute(f"DELETE FROM {table} WHERE {idle}").rowcount for table, idle in _IDLE}
    connection.execute("COMMIT")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Repaired(
        damaged=False,
        saved={table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES},
        lost={},
        unread=(),
        again=0,
        put_back=put_back,
        dropped={table: count for table, count in dropped.items() if count},
        freed=max(before - path.stat().st_size, 0),
        kept=None,
    )
