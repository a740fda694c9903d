"""Stores as every released version wrote them, brought to this version: `released/vN.sql` is such a store as text."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lossterm.errors import StoreError
from lossterm.store import Model, Store, migrations, schema
from lossterm.store.backup import backups

RELEASED = sorted((Path(__file__).parent / "released").glob("v*.sql"))
VERSIONS = [int(path.stem[1:]) for path in RELEASED]
SESSION = "moons over ünder"
CONTENT = ("sessions", "comparisons", "comparison_trials", "trials", "curves", "models", "samples", "kept", "workers")

every_version = pytest.mark.parametrize("version", VERSIONS)


def restored(path: Path, version: int) -> Path:
    """Write a store as that version left it."""
    script = (Path(__file__).parent / "released" / f"v{version}.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(script)
    path.chmod(0o600)
    return path


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row, by table, of the columns that the oldest version has too."""
    with closing(sqlite3.connect(path)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        rows = {}
        for name in tables.intersection(CONTENT):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            shared = ", ".join(column for column in columns if column not in ("note", "anatomy", "checksum", "alone"))
            rows[name] = connection.execute(f"SELECT {shared} FROM {name} ORDER BY 1, 2").fetchall()
        return rows


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def fails_at(script: int) -> tuple[str, ...]:
    """Return the migrations, of which one breaks after its last statement."""
    return tuple(text + "; CREATE NONSENSE" * (place == script) for place, text in enumerate(migrations.MIGRATIONS))


def test_there_is_a_store_of_every_released_version() -> None:
    assert list(range(1, migrations.VERSION)) == VERSIONS


@every_version
def test_a_released_store_keeps_every_row_and_is_worked_on(tmp_path: Path, version: int) -> None:
    path = restored(tmp_path / "lossterm.db", version)
    before = content(path)
    assert {name: len(before[name]) for name in ("sessions", "comparisons", "trials")} == {
        "sessions": 3,
        "comparisons": 5,
        "trials": 9,
    }
    assert ("models" in before) == (version >= 3)
    with Store(path) as store:
        after = content(path)
        assert {name: after[name] for name in before} == before
        asked = store.reader.comparisons(SESSION)
        rows = store.reader.trials([one.id for one in asked])
        assert [row.status for row in rows] == [*["done"] * 4, "failed", "running", "queued"]
        assert rows[4].error == "ValueError: it broke"
        assert all(row.scores and row.scores["accuracy"] and row.epochs == 3 for row in rows[:4])
        chunks, _ = store.reader.chunks([one.id for one in asked])
        assert {chunk.trial for chunk in chunks} == {1, 2, 3, 4, 8}
        models = store.reader.models([row.id for row in rows])
        assert set(models) == ({1, 2} if version >= 3 else set())
        assert all(isinstance(model, Model) and len(model.weights(0)) == 2 for model in models.values())
        store.worker.requeue("auto", died=True)  # the worker of that version died
        claimed = store.worker.claim("auto")
        assert claimed
        assert (claimed.id, claimed.epochs, claimed.attempts) == (8, 0, 2)
        store.worker.finish(claimed.id, "done", seconds=0.1, scores={})
        assert [row.trials for row in store.sessions.every()] == [1, 1, 7]
        number = store.requests.ask(SESSION, asked[0].comparison).id
        assert number == 6
    assert version_of(path) == migrations.VERSION
    assert schema.damage(path) == []


@every_version
def test_a_migration_leaves_a_private_backup_with_all_that_was_there(tmp_path: Path, version: int) -> None:
    path = restored(tmp_path / "lossterm.db", version)
    before = content(path)
    umask = os.umask(0)
    try:
        Store(path).close()
    finally:
        os.umask(umask)
    (backup,) = backups(path)
    assert backup.name == f"lossterm.db.v{version}-backup"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert version_of(backup) == version
    assert content(backup) == before
    assert schema.damage(backup) == []
    Store(path).close()
    assert backups(path) == [backup], "one that is of this version is not migrated, nor copied"


def test_a_backup_is_never_overwritten_and_the_oldest_comes_first(tmp_path: Path) -> None:
    path, first = tmp_path / "lossterm.db", tmp_path / "lossterm.db.v2-backup"
    first.write_bytes(b"precious")
    (tmp_path / "lossterm.db.v2-backup.part").write_bytes(b"half of one, from a process that was killed")
    for _ in range(2):
        path.unlink(missing_ok=True)
        Store(restored(path, 2)).close()
    assert first.read_bytes() == b"precious"
    assert [one.name for one in backups(path)] == [first.name, f"{first.name}-2", f"{first.name}-3"]
    assert files(tmp_path) == sorted(["lossterm.db", first.name, f"{first.name}-2", f"{first.name}-3"])


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.touch(0o600)], ids=["no file", "an empty one"])
def test_a_store_that_holds_nothing_is_not_copied(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "lossterm.db"
    make(path)
    Store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == migrations.VERSION
    assert files(tmp_path) == ["lossterm.db"]


@pytest.mark.parametrize(
    ("version", "script"), [(version, script) for version in VERSIONS for script in range(version, migrations.VERSION)]
)
def test_a_migration_that_fails_leaves_the_file_bit_for_bit_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int, script: int
) -> None:
    path = restored(tmp_path / "lossterm.db", version)
    before = path.read_bytes()
    with monkeypatch.context() as broken:
        broken.setattr(schema, "MIGRATIONS", fails_at(script))
        with pytest.raises(StoreError, match=r"lossterm\.db failed: .*NONSENSE"):
            Store(path)
    assert path.read_bytes() == before
    assert files(tmp_path) == ["lossterm.db"], "a copy of what was not changed is of no use"
    with Store(path) as store:
        assert len(store.reader.comparisons(SESSION)) == 3


@every_version
def test_a_damaged_store_is_not_migrated(tmp_path: Path, version: int) -> None:
    path = restored(tmp_path / "lossterm.db", version)
    with closing(sqlite3.connect(path)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'curves'").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xa5" * 4096)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"is damaged .*lossterm doctor --repair"):
        Store(path)
    assert path.read_bytes() == before
    assert files(tmp_path) == ["lossterm.db"]


OPENS_WITH_LITTLE_ROOM = """
import resource, sys
from pathlib import Path
from lossterm.errors import StoreError
from lossterm.store import Store
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    Store(Path(sys.argv[1]))
except StoreError as error:
    sys.exit(f"{error}")
"""


@pytest.mark.parametrize("room", [32_768, 50_000])  # what SQLite shares in memory takes the first
def test_without_room_for_a_backup_nothing_is_migrated_and_a_sentence_says_so(tmp_path: Path, room: int) -> None:
    path = restored(tmp_path / "lossterm.db", 3)
    before = path.read_bytes()
    assert len(before) > room
    command = [sys.executable, "-c", OPENS_WITH_LITTLE_ROOM, str(path), str(room)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(f"The store {path} is of an older lossterm and must be brought up to date, but no ")
    assert "nothing was changed. Free some space" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert path.read_bytes() == before
    assert backups(path) == []
    assert not [name for name in files(tmp_path) if "backup" in name]
    Store(path).close()
    assert version_of(path) == migrations.VERSION


def test_a_place_that_takes_no_new_files_is_said_and_nothing_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = restored(tmp_path / "lossterm.db", 3)
    before, make = path.read_bytes(), os.open

    def refuse(name: Path, flags: int, *more: int) -> int:
        if "backup" in str(name):
            raise PermissionError(13, "Permission denied")
        return make(name, flags, *more)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StoreError, match=r"no backup could be written beside it \(Permission denied\): nothing was ch"):
        Store(path)
    assert path.read_bytes() == before


@every_version
def test_many_that_open_a_released_store_at_once_migrate_it_once_with_one_backup(tmp_path: Path, version: int) -> None:
    path = restored(tmp_path / "lossterm.db", version)
    start, refused = threading.Barrier(6), list[str]()

    def open_it() -> None:
        start.wait()
        try:
            Store(path).close()
        except StoreError as error:
            refused.append(str(error))

    openers = [threading.Thread(target=open_it) for _ in range(6)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert refused == []
    assert len(backups(path)) == 1
    assert version_of(path) == migrations.VERSION


def test_a_process_killed_in_the_middle_of_a_migration_leaves_the_old_store(tmp_path: Path) -> None:
    path = restored(tmp_path / "lossterm.db", 3)
    code = (
        "import os, sys; from pathlib import Path; from lossterm.store import Store, schema\n"
        "class Deadly(str):\n"
        "    def split(self, *_): yield from super().split(';'); os.kill(os.getpid(), 9)\n"
        "schema.MIGRATIONS = (*schema.MIGRATIONS[:-1], Deadly(schema.MIGRATIONS[-1])); Store(Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False, timeout=60)
    assert done.returncode == -9
    assert version_of(path) == 3
    (backup,) = backups(path)
    with Store(path) as store:
        assert len(store.reader.comparisons(SESSION)) == 3
    assert backups(path) == [backup, tmp_path / "lossterm.db.v3-backup-2"]
