"""Stores on a full disk, turned read-only, deleted, cut short, flipped, locked; clocks set back.

Each ends in one sentence and exit code 3, or in nothing at all that a reader would notice. A full disk is a limit on
the size of files in a child process: SQLite meets it as it meets a disk that is full, and it needs no rights.
"""

import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from lossterm.cli.main import main
from lossterm.errors import StoreError
from lossterm.following.store_changes import StoreChanges
from lossterm.store import Store, schema
from lossterm.worker_control import starting, supervisor
from lossterm.worker_control.starting import Workers
from tests.faults.filled import EPOCHS, asked_for, fill, train
from tests.faults.watcher import curves, until

FAKE = (sys.executable, "-m", "lossterm.engine.fakes.fake_engine")
DEVICE = "auto"
PAGE = 4096

Command = Callable[..., tuple[int, str, str]]

LIMITED = """
import resource, sys
from pathlib import Path
from lossterm.engine.fakes import fake_engine as fake
from lossterm.engine.worker import process as worker
worker.PUT_BACK_SECONDS = 0.2
path = Path(sys.argv[sys.argv.index("--store") + 1])
full = path.with_name("full")
def fill():
    log = path.with_name(path.name + "-wal")
    room = max(log.stat().st_size if log.exists() else 0, 4096) + {room}  # words and signs find room, no page does
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
class Fills(fake.FakeTrainer):
    def train(self, *more):
        {stays} and full.touch()
        fill()
        return super().train(*more)
if full.exists():
    fill()
worker.main(lambda device, memory: (Fills, {{"device": "CPU"}}, 2))
"""
"""A worker whose disk is full as soon as it trains, but for some bytes; it may stay so for those that follow."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return fill(tmp_path / "lossterm.db")


@pytest.fixture
def lossterm(capsys: pytest.CaptureFixture[str]) -> Command:
    """Return what runs a command, with workers of its own where it is given any: exit code, stdout and stderr."""

    def run(*words: object, workers: Workers | None = None) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words], workers)
        return int(left.value.code or 0), *capsys.readouterr()

    return run


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody wait long for a store that is locked, nor between two workers."""
    monkeypatch.setattr(schema, "PATIENCE", 0.2)
    monkeypatch.setattr(supervisor.Supervisor, "GRACE", 0.0)


@pytest.fixture
def begin(home: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Return what starts a worker; those that are left are killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(path: Path, command: tuple[str, ...] = FAKE) -> "subprocess.Popen[bytes]":
        with starting.log_path(path, DEVICE).open("ab") as log:
            words = [*command, "--store", str(path), "--device", DEVICE]
            started.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait(10)


def assert_one_sentence(err: str, *, says: str) -> None:
    """Check that there is a line, that it says what it must, and that nothing of the program shows."""
    assert says in err
    assert err.startswith("lossterm: ")
    assert len(err.splitlines()) == 1, err
    assert "Traceback" not in err


def shown(path: Path) -> dict[int, bytes]:
    """Return all curves, by trial."""
    with Store(path) as store:
        found: dict[int, bytes] = {}
        for session in store.sessions.every():
            for asked in store.reader.comparisons(session.name):
                found |= curves(store, asked)
        return found


def statuses(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT status FROM trials ORDER BY id")]


# A full disk


@pytest.mark.parametrize("room", [0, 100, 5000])
def test_a_worker_on_a_full_disk_leaves_and_its_trials_go_back(
    tmp_path: Path, begin: Callable[..., "subprocess.Popen[bytes]"], room: int
) -> None:
    path = tmp_path / "lossterm.db"
    with Store(path) as store:
        asked = store.requests.ask("s", asked_for(10))
        for _ in range(3):  # more often than a trial may see its worker die
            worker = begin(path, (sys.executable, "-c", LIMITED.format(room=room, stays=False)))
            assert worker.wait(30) in (1, 3)
        words = starting.last_words(path, DEVICE, lines=100)
        assert "The disk that holds the store" in words
        assert "Traceback" not in words
        assert {row.status for row in store.reader.trials([asked.id])} <= {"queued", "done", "running"}
        begin(path)  # there is room again
        until(lambda: all(row.ended for row in store.reader.trials([asked.id])), "the end")
        assert {row.status for row in store.reader.trials([asked.id])} == {"done"}
        assert {len(curve) for curve in curves(store, asked).values()} == {EPOCHS * 4 * 4}


def test_the_user_reads_that_the_disk_is_full_and_the_run_ends(home: Path, impatient: None, lossterm: Command) -> None:
    workers = Workers((sys.executable, "-c", LIMITED.format(room=0, stays=True)))
    words = ("run", "--loss", "hinge", "--seeds", "2", "--epochs", "600", "--quiet")
    code, out, err = lossterm(*words, workers=workers)
    assert (code, out) == (3, "")
    assert_one_sentence(err, says="is full, or takes no more")
    with Store() as store:
        rows = store.reader.trials([1])
        assert {row.status for row in rows} <= {"queued", "running", "done"}, "what could not be put back yet"
        store.worker.requeue(DEVICE, died=False)
        assert {row.status for row in store.reader.trials([1])} <= {"queued", "done"}


ASKS_WITH_LITTLE_ROOM = """
import resource, sys
from pathlib import Path
from lossterm.cli.main import main
path = Path(sys.argv[1])
def limit():
    most = max(place.stat().st_size for place in path.parent.iterdir() if place.is_file())
    resource.setrlimit(resource.RLIMIT_FSIZE, (most + 8192, resource.RLIM_INFINITY))
limit()
main(["run", "--store", str(path), "--loss", "hinge", "--seeds", "2000", "--session", "large", "--quiet"])
"""


def test_a_comparison_that_finds_no_room_is_not_asked_for_at_all(path: Path) -> None:
    before = shown(path)
    command = [sys.executable, "-c", ASKS_WITH_LITTLE_ROOM, str(path)]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (3, "")
    assert_one_sentence(done.stderr, says="is full, or takes no more")
    with Store(path) as store:
        assert {row.name for row in store.sessions.every()} == {"whole", "half"}
    assert shown(path) == before


# Turned read-only


def test_a_store_that_was_made_read_only_is_said_and_stays(path: Path) -> None:
    before = shown(path)
    with Store(path) as store:
        store._connection.execute("PRAGMA query_only = ON")  # as a file system that is remounted says it
        with pytest.raises(StoreError, match="cannot be written"):
            store.requests.ask("more", asked_for(1))
        assert len(store.reader.trials([1])) == 20
    assert shown(path) == before


@pytest.mark.parametrize("words", [("report", "whole"), ("sessions",), ("run", "--loss", "hinge", "--quiet")])
def test_a_store_on_a_read_only_medium_is_read_or_a_sentence_says_why_not(
    path: Path, lossterm: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    before, connect = path.read_bytes(), sqlite3.connect

    def reading(place: str | Path, **more: Any) -> sqlite3.Connection:
        more["uri"] = True
        opened: sqlite3.Connection = connect(f"{Path(place).as_uri()}?mode=ro", **more)
        return opened

    monkeypatch.setattr(sqlite3, "connect", reading)
    code, out, err = lossterm(words[0], "--store", path, *words[1:])
    assert path.read_bytes() == before
    if words[0] == "run":
        assert (code, out) == (3, "")
        assert_one_sentence(err, says=f"The store {path} cannot be written")
    else:
        assert (code, err) == (0, "")


# Deleted


def test_a_store_deleted_under_a_worker_is_left_alone(
    tmp_path: Path, begin: Callable[..., "subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.01")
    place = tmp_path / "sessions"
    place.mkdir()
    path = place / "lossterm.db"
    with Store(path) as store:
        store.requests.ask("s", asked_for(2, epochs=5000))
        worker = begin(path)
        until(lambda: any(row.epochs for row in store.reader.trials([1])), "the first epochs")
        shutil.rmtree(place)
        assert worker.wait(20) in (0, 1)
    assert not place.exists(), "nothing is made anew"


def test_a_store_deleted_under_a_run_ends_it_with_a_sentence(
    home: Path, impatient: None, lossterm: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.01")
    place = home / "lossterm.db"

    def delete() -> None:
        until(place.exists, "the store")
        with Store(place, make=False) as store:
            until(lambda: any(row.epochs for row in store.reader.trials([1])), "the first epochs")
        for ending in ("", "-wal", "-shm"):
            place.with_name(place.name + ending).unlink(missing_ok=True)

    deleting = threading.Thread(target=delete)
    deleting.start()
    words = ("run", "--loss", "hinge", "--seeds", "2", "--epochs", "5000", "--quiet")
    code, out, err = lossterm(*words, workers=Workers(FAKE))
    deleting.join()
    assert (code, out) == (3, "")
    assert_one_sentence(err, says=f"The store {place} is gone")
    assert not place.exists()


# Cut short, overwritten, flipped


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.4, 0.75, 0.95])
def test_a_store_cut_short_is_a_sentence_or_the_whole_truth(path: Path, lossterm: Command, share: float) -> None:
    whole = lossterm("report", "whole", "--store", path, "--format", "csv")
    data = path.read_bytes()[: int(path.stat().st_size * share)]
    path.write_bytes(data)
    code, out, err = lossterm("report", "whole", "--store", path, "--format", "csv")
    if code == 0:
        assert out == whole[1]
    elif code == 3:
        assert out == ""
        assert_one_sentence(err, says="lossterm doctor --repair")
        assert path.read_bytes() == data, "damaged as it is, it may still be saved"
    else:
        assert (code, share) == (2, 0.0), "an empty file is a new store, without any session"


@pytest.mark.parametrize("seed", range(40))
def test_a_store_with_flipped_bits_is_a_sentence_or_a_table(path: Path, lossterm: Command, seed: int) -> None:
    data, stream = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(200):
        data[stream.randrange(len(data))] ^= 1 << stream.randrange(8)
    path.write_bytes(data)
    for words in (("sessions",), ("report", "whole"), ("report", "half", "--format", "json")):
        code, out, err = lossterm(words[0], "--store", path, *words[1:])
        assert code in (0, 2, 3), err
        if code == 3:
            assert out == ""
            assert_one_sentence(err, says=str(path))
        assert "Traceback" not in err


@pytest.mark.parametrize("harm", ["lost", "cut", "flipped", "of another store"])
def test_a_log_that_is_harmed_costs_at_most_what_was_in_it(tmp_path: Path, path: Path, harm: str) -> None:
    before = shown(path)
    with Store(path) as store:
        for number in range(20):
            store.preferences.keep(f"number {number}", "kept")
        database, log = path.read_bytes(), bytearray(path.with_name("lossterm.db-wal").read_bytes())
    if harm == "cut":
        log = log[: len(log) // 2]
    elif harm == "flipped":
        log[len(log) // 2] ^= 4
    elif harm == "of another store":
        with Store(fill(tmp_path / "other.db", seeds=1)) as store:
            store.preferences.keep("more", "words")
            log = bytearray((tmp_path / "other.db-wal").read_bytes())
    crashed = tmp_path / "crashed.db"
    crashed.write_bytes(database)
    if harm != "lost":
        crashed.with_name("crashed.db-wal").write_bytes(log)
    if harm == "of another store":  # SQLite cannot tell that it is none of its own
        with suppress(StoreError):
            shown(crashed)
    else:
        assert shown(crashed) == before
        assert schema.damage(crashed) == []


# Locked


def test_a_store_that_another_program_holds_for_long_is_a_sentence(
    path: Path, impatient: None, lossterm: Command
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        code, out, err = lossterm("run", "--store", path, "--loss", "hinge", "--quiet")
        assert (code, out) == (3, "")
        assert_one_sentence(err, says="is locked by another program")
        code, out, err = lossterm("report", "--store", path, "whole")
        assert (code, err) == (0, ""), "who only reads does not wait"


LEAVES_SOON = """
from lossterm.engine.fakes import fake_engine as fake
from lossterm.engine.worker import process as worker
from lossterm.store import schema
schema.PATIENCE, worker.PUT_BACK_SECONDS = 0.2, 0.5
worker.main(fake.load_fake)
"""


def test_a_worker_that_meets_a_lock_leaves_and_its_trials_are_not_blamed(
    tmp_path: Path, begin: Callable[..., "subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.01")
    path = tmp_path / "lossterm.db"
    with Store(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        asked = store.requests.ask("s", asked_for(1, epochs=300))
        for _ in range(3):
            worker = begin(path, (sys.executable, "-c", LEAVES_SOON))
            until(lambda: any(row.status == "running" and row.epochs for row in store.reader.trials([1])), "a training")
            other.execute("BEGIN IMMEDIATE")
            assert worker.wait(20) == 3
            other.execute("ROLLBACK")
        words = starting.last_words(path, DEVICE, lines=100)
        assert "is locked by another program" in words
        assert "Traceback" not in words
        begin(path)
        until(lambda: all(row.ended for row in store.reader.trials([asked.id])), "the end")
        assert {row.status for row in store.reader.trials([asked.id])} == {"done"}
        curves(store, asked)


# Clocks


@pytest.mark.parametrize("years", [-30, 30])
def test_a_clock_that_jumps_reorders_nothing_and_nobody_waits(
    path: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    before, now = shown(path), time.time
    with Store(path) as store:
        tail = StoreChanges(path, "half")
        tail.poll()
        monkeypatch.setattr(time, "time", lambda: now() + years * 31_557_600)
        store.worker.requeue(DEVICE, died=True)
        asked = store.requests.ask("half", asked_for(3, losses=("hinge", "binary_crossentropy")))
        train(store)
        update = tail.poll()
        tail.close()
        assert update
        assert update.asked
        assert [one.id for one in update.asked] == [2, asked.id]
        assert all(row.ended for row in update.trials)
        assert not store.sessions.waiting("half")
        assert [one.id for one in store.reader.comparisons("half")] == [2, asked.id]
        assert {row.name for row in store.sessions.every()} == {"whole", "half"}
        store.requests.cancel([asked.id])
    after = shown(path)
    assert {trial: after[trial][: len(curve)] for trial, curve in before.items()} == before


# Two at once


def test_two_workers_started_at_once_train_each_trial_once(
    tmp_path: Path, begin: Callable[..., "subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_IDLE_SECONDS", "0.3")
    path = tmp_path / "lossterm.db"
    with Store(path) as store:
        asked = store.requests.ask("s", asked_for(20))
        workers = [begin(path) for _ in range(2)]
        assert [worker.wait(30) for worker in workers] == [0, 0]
        rows = store.reader.trials([asked.id])
        assert {(row.status, row.attempts) for row in rows} == {("done", 1)}
        assert {len(curve) for curve in curves(store, asked).values()} == {EPOCHS * 4 * 4}


# Many trials at once


def test_very_many_trials_are_asked_for_in_parts_that_no_worker_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lossterm.store.requests._AT_ONCE", 7)
    with Store(tmp_path / "parts.db") as parts, Store(tmp_path / "once.db") as once:
        parts.requests.ask("first", asked_for(3))
        train(parts, 4)
        asked = parts.requests.ask("s", asked_for(20))
        monkeypatch.undo()
        whole = once.requests.ask("s", asked_for(20))
        keys = [row.trial.key for row in parts.reader.trials([asked.id])]
        assert keys == [row.trial.key for row in once.reader.trials([whole.id])]
        assert keys == [trial.key for trial in asked_for(20).trials()]
        assert [row.status for row in parts.reader.trials([asked.id])] == ["done"] * 4 + ["queued"] * 36
        assert parts.requests.cancel([asked.id]) == 2, "two of the first comparison are waited for there too"
        assert parts.sessions.waiting("first")
        assert not parts.sessions.waiting("s")


def test_trials_deleted_while_a_large_comparison_is_asked_for_are_queued_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lossterm.store.requests._AT_ONCE", 7)
    with Store(path) as store, Store(path) as other:
        queue, parts = store.requests._queue, list[int]()

        def interfered(*given: object) -> list[int]:
            if len(parts) == 3:  # the comparison itself: the lock is held
                return queue(*given)  # type: ignore[arg-type]  # passed on
            found = queue(*given)  # type: ignore[arg-type]  # passed on
            parts.append(len(found))
            return found

        write = store._connection.write

        def between() -> object:
            if len(parts) == 2:
                other.sessions.delete("half")  # with it goes what no comparison holds
            return write()

        monkeypatch.setattr(store.requests, "_queue", interfered)
        monkeypatch.setattr(store._connection, "write", between)
        asked = store.requests.ask("s", asked_for(13))
        assert len(store.reader.trials([asked.id])) == 26
