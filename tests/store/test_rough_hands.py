"""Stores that are copied, moved over, put back, laid on read-only media, or that are no stores at all."""

import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lossterm.cli.main import main
from lossterm.errors import StoreError, StoreReplaced
from lossterm.store import Store, connection
from lossterm.store.foreign_log import is_foreign
from lossterm.worker_control import lock, starting
from tests.faults.filled import asked_for, fill
from tests.faults.watcher import until

FAKE = (sys.executable, "-m", "lossterm.engine.fakes.fake_engine")

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lossterm(capsys: pytest.CaptureFixture[str]) -> Command:
    """Return what runs a command: its exit code, stdout and stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        return int(left.value.code or 0), *capsys.readouterr()

    return run


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have connections rest soon."""
    monkeypatch.setattr(connection, "REST_SECONDS", 0.1)


def sessions(path: Path) -> set[str]:
    with Store(path) as store:
        return {row.name for row in store.sessions.every()}


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def crashed(place: Path, name: str, *, seeds: int = 2) -> Path:
    """Return a store as a machine that crashed left it, with something in its log."""
    path = fill(place / f"{name}-alive.db", seeds=seeds)
    with Store(path) as store:
        for number in range(5):
            store.preferences.keep(f"number {number}", "kept")
        left = place / f"{name}.db"
        left.touch(0o600)
        left.write_bytes(path.read_bytes())
        shutil.copyfile(log_of(path), log_of(left))
        log_of(left).chmod(0o600)
    return left


# In use, and at rest


def test_a_store_at_rest_is_one_whole_file_and_what_is_written_next_is_seen(tmp_path: Path, quick: None) -> None:
    path = tmp_path / "s.db"
    with Store(path) as one, Store(path) as other:
        one.preferences.keep("word", "kept")
        until(lambda: not log_of(path).exists(), "the store to rest")
        copy = tmp_path / "copy.db"
        shutil.copyfile(path, copy)
        copy.chmod(0o600)
        with Store(copy) as copied:
            assert copied.preferences.kept("word") == "kept"
        until(lambda: other.reader.data_version() == other.reader.data_version(), "nothing new")
        before = other.reader.data_version()
        one.preferences.keep("word", "another")
        assert other.reader.data_version() != before
        assert other.preferences.kept("word") == "another"
        until(lambda: not log_of(path).exists(), "the store to rest again")
        before = other.reader.data_version()
        with closing(sqlite3.connect(path)) as raw:
            raw.execute("UPDATE kept SET value = 'a third'")
            raw.commit()
        assert other.reader.data_version() != before
        assert other.preferences.kept("word") == "a third"


def test_looking_for_news_keeps_no_store_from_resting(tmp_path: Path, quick: None) -> None:
    with Store(tmp_path / "s.db") as store:
        store.preferences.keep("word", "kept")
        end = time.monotonic() + 20
        while log_of(store.path).exists():
            store.reader.data_version()
            store.reader.workers()
            assert time.monotonic() < end
            time.sleep(0.01)


def test_a_backup_that_is_put_over_a_store_is_never_erased(tmp_path: Path, quick: None) -> None:
    """Moved, copied or older: who has the store open, at rest or not, writes nothing to what lies there now."""

    def copy(backup: Path, path: Path) -> None:
        shutil.copyfile(backup, path)

    def move(backup: Path, path: Path) -> None:
        shutil.copy2(backup, f"{backup}.moved")
        Path(f"{backup}.moved").replace(path)

    for number, (put, other, rests) in enumerate(
        (put, other, rests) for put in (copy, move) for other in (True, False) for rests in (True, False)
    ):
        if put is copy and not rests:
            continue  # as it is written SQLite cannot tell; `lossterm restore` refuses then
        place = tmp_path / str(number)
        place.mkdir()
        path, backup = fill(place / "s.db"), place / "backup.db"
        if other:
            fill(backup, seeds=3)
        else:
            shutil.copyfile(path, backup)
            backup.chmod(0o600)
        with Store(path) as store:
            store.preferences.keep("word", "later than the backup")
        with Store(path) as store:
            store.preferences.keep("word", "later still")
            if rests:
                until(lambda: not log_of(path).exists(), "the store to rest")  # noqa: B023  of this round
            held = backup.read_bytes()
            put(backup, path)
            with pytest.raises(StoreReplaced, match=r"was replaced by another while it was open here"):
                store.preferences.keep("word", "never")
            assert path.read_bytes() == held, (put.__name__, other, rests)
        assert path.read_bytes() == held, (put.__name__, other, rests)
        if rests:
            assert sessions(path) == {"whole", "half"}
        else:
            with pytest.raises(StoreError, match="a log that is not its own"):
                sessions(path)
            assert path.read_bytes() == held


def test_an_idle_worker_lets_go_of_its_store_and_trains_what_comes_next(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_IDLE_SECONDS", "60")
    path = fill(home / "lossterm.db")
    worker = starting.ensure(path, "auto", FAKE)
    assert worker

    def ended() -> bool:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as raw:
            return not raw.execute("SELECT 1 FROM trials WHERE status IN ('queued', 'running')").fetchone()

    until(ended, "the trials")
    until(lambda: not log_of(path).exists(), "the worker to rest")
    assert lock.alive(path, "auto")
    backup = home / "backup.db"
    shutil.copyfile(path, backup)
    backup.chmod(0o600)
    assert sessions(backup) == {"whole", "half"}
    with Store(path) as store:
        asked = store.requests.ask("more", store.reader.comparisons("whole")[0].comparison)
        assert all(row.ended for row in store.reader.trials([asked.id]))
        began = time.monotonic()
        asked = store.requests.ask("again", asked_for(1, losses=("binary_crossentropy",)))
        until(lambda: all(row.ended for row in store.reader.trials([asked.id])), "what came next")
        assert time.monotonic() - began < 5
    until(lambda: not log_of(path).exists(), "the worker to rest again")
    backup.replace(path)
    assert worker.wait(30) in (0, 1)
    assert sessions(path) == {"whole", "half"}


# A log that is not its own


def test_a_log_of_another_store_is_refused_and_nothing_is_changed(tmp_path: Path, lossterm: Command) -> None:
    here, other = crashed(tmp_path, "here"), crashed(tmp_path, "other", seeds=3)
    assert not is_foreign(here)
    shutil.copyfile(log_of(other), log_of(here))
    held, log = here.read_bytes(), log_of(here).read_bytes()
    for words in (("sessions",), ("report", "whole"), ("run", "--loss", "hinge", "--quiet"), ("backup", "x.db")):
        code, out, err = lossterm(words[0], "--store", here, *words[1:])
        assert (code, out) == (3, ""), words
        assert "lies a log that is not its own (here.db-wal)" in err
        assert len(err.splitlines()) == 1
    assert (here.read_bytes(), log_of(here).read_bytes()) == (held, log)
    code, out, _ = lossterm("doctor", "--repair", "--store", here)
    assert code == 0
    assert sessions(here) == {"whole", "half"}
    assert (tmp_path / "here.db-wal.foreign-1").read_bytes() == log


def test_an_older_state_of_a_store_beside_its_later_log_is_refused(tmp_path: Path) -> None:
    path = fill(tmp_path / "s.db")
    older = path.read_bytes()
    with Store(path) as store:
        store.preferences.keep("word", "before")
    with Store(path) as store:
        store.preferences.keep("word", "after")
        log = log_of(path).read_bytes()
    path.write_bytes(older)
    log_of(path).touch(0o600)
    log_of(path).write_bytes(log)
    with pytest.raises(StoreError, match="a log that is not its own"):
        Store(path)
    assert path.read_bytes() == older
    log_of(path).unlink()
    assert sessions(path) == {"whole", "half"}


def test_the_log_of_a_crash_is_taken_for_its_own_at_any_moment(tmp_path: Path) -> None:
    """Also where a checkpoint was half done, or the last transaction was cut."""
    path = fill(tmp_path / "s.db", seeds=2)
    with Store(path) as store:
        for number in range(6):
            store.preferences.keep(f"number {number}", "x" * 3000)
            if number == 3:
                store._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            for cut in (0, 100, 4200):
                copy = tmp_path / f"copy-{number}-{cut}.db"
                copy.touch(0o600)
                copy.write_bytes(path.read_bytes())
                log = log_of(path).read_bytes()
                log_of(copy).touch(0o600)
                log_of(copy).write_bytes(log[: len(log) - cut])
                if number == 3 and cut:  # no crash does that: what a checkpoint took was on the disk
                    assert is_foreign(copy)
                    continue
                assert not is_foreign(copy)
                assert sessions(copy) == {"whole", "half"}
        store._connection.execute("VACUUM")
        assert not is_foreign(path)


SHORTENED = """
import os, sys
from pathlib import Path
from lossterm.store import foreign_log

looked, path = foreign_log._clock, Path(sys.argv[1])

def shortened(page):
    os.truncate(f"{path}-wal", 0)
    return looked(page)

foreign_log._clock = shortened
print("foreign", foreign_log.is_foreign(path))
"""


def test_a_log_may_be_emptied_by_another_process_while_it_is_looked_at(tmp_path: Path) -> None:
    """A worker that lets go of a store does so; to read on in a mapped file would be the end of the process."""
    path = crashed(tmp_path, "here", seeds=20)
    done = subprocess.run(
        [sys.executable, "-c", SHORTENED, str(path)], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "foreign False\n"), done.stderr
    assert log_of(path).stat().st_size == 0


# Backups


def test_a_backup_is_a_whole_private_file_and_is_put_back(tmp_path: Path, lossterm: Command) -> None:
    path, backup = fill(tmp_path / "s.db"), tmp_path / "backup.db"
    with Store(path) as store:
        store.preferences.keep("word", "in the log alone")
        code, out, err = lossterm("backup", backup, "--store", path)
        assert (code, err) == (0, "")
        assert out.startswith(f"Wrote {backup}, ")
        store.sessions.delete("whole")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert not log_of(backup).exists()
    held = backup.read_bytes()
    code, out, err = lossterm("backup", backup, "--store", path)
    assert (code, out) == (3, "")
    assert "is there already" in err
    assert backup.read_bytes() == held
    code, out, err = lossterm("restore", backup, "--store", path)
    assert (code, err) == (0, "")
    kept = tmp_path / "s.db.before-restore-1"
    assert out == f"The store {path} is now what {backup} holds.\nWhat was there is kept: {kept}\n"
    assert sessions(path) == {"whole", "half"}
    assert sessions(kept) == {"half"}
    with Store(path) as store:
        assert store.preferences.kept("word") == "in the log alone"
        assert all(row.status != "running" for row in store.reader.trials([1, 2]))
    assert backup.read_bytes() == held
    assert {one.name for one in tmp_path.iterdir()} == {
        *("s.db", backup.name, kept.name),
        *(lock.lock_path(path, device).name for device in ("auto", "cpu", "gpu")),
    }
    code, out, err = lossterm("restore", backup, "--store", tmp_path / "new" / "s.db")
    assert (code, out, err) == (0, f"The store {tmp_path}/new/s.db is now what {backup} holds.\n", "")
    assert sessions(tmp_path / "new" / "s.db") == {"whole", "half"}


def test_a_store_that_no_path_leads_to_is_a_sentence(tmp_path: Path, lossterm: Command) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    for words in (
        ("backup", tmp_path / "b.db"),
        ("restore", tmp_path / "b.db"),
        ("report", "s"),
        ("doctor", "--repair"),
    ):
        code, out, err = lossterm(words[0], "--store", circle, *words[1:])
        assert (code, out) == (3, ""), words
        assert "Too many levels of symbolic links" in err, words
    long = tmp_path / ("x" * 300)
    for given in (("backup", long), ("restore", long), ("restore", tmp_path / "b.db", "--store", long)):
        code, _, err = lossterm(*given)
        assert code == 3, given
        assert "Traceback" not in err, given
    assert [one.name for one in tmp_path.iterdir()] == ["circle"]


def test_what_is_no_sound_backup_is_not_restored(tmp_path: Path, lossterm: Command) -> None:
    path = fill(tmp_path / "s.db")
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "empty.db").touch(0o600)
    (bad / "text.db").write_text("no store at all, but a long text. " * 200)
    with closing(sqlite3.connect(bad / "other.db")) as raw:
        raw.execute("CREATE TABLE mine (x)")
    torn = bytearray(path.read_bytes())
    torn[4096 * 3 : 4096 * 9] = b"\xa5" * (4096 * 6)
    (bad / "torn.db").write_bytes(torn)
    (bad / "cut.db").write_bytes(path.read_bytes()[: 4096 * 4])
    (bad / "directory.db").mkdir()
    os.mkfifo(bad / "pipe.db")
    foreign = crashed(tmp_path, "foreign", seeds=3)
    shutil.copyfile(path, bad / "logged.db")
    shutil.copyfile(log_of(foreign), bad / "logged.db-wal")
    held, before = path.read_bytes(), {one: one.lstat().st_mode for one in bad.iterdir()}
    for source in (*sorted(bad.glob("*.db")), bad / "absent.db", path):
        code, out, err = lossterm("restore", source, "--store", path)
        assert (code, out) == (3, ""), source
        assert err.startswith("lossterm: ")
        assert len(err.splitlines()) == 1
        assert path.read_bytes() == held
    assert {one: one.lstat().st_mode for one in bad.iterdir()} == before
    assert not list(tmp_path.glob("s.db*restore*"))
    assert sessions(path) == {"whole", "half"}


def test_nothing_is_restored_while_a_worker_trains(
    home: Path, lossterm: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.05")
    path, backup = fill(home / "lossterm.db"), home / "backup.db"
    assert lossterm("backup", backup)[0] == 0
    with Store(path) as store:
        asked = store.requests.ask("long", asked_for(1, epochs=10_000))
        assert starting.ensure(path, "auto", FAKE)
        until(lambda: any(row.epochs for row in store.reader.trials([asked.id])), "a training")
    code, out, err = lossterm("restore", backup)
    assert (code, out) == (3, "")
    assert "A worker trains for the store" in err
    assert err.rstrip().endswith("restore the store.")
    assert "long" in sessions(path)


# Read-only media

READS = """
import os, subprocess, sys
from pathlib import Path
place = Path(sys.argv[1])
subprocess.run(["mount", "--bind", str(place), str(place)], check=True)
subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
try:
    (place / "new").touch()
except OSError as error:
    assert error.errno == 30, error
else:
    sys.exit("it can be written")
from lossterm.cli.main import main
codes = []
for words in (["report", "whole"], ["sessions"], ["export", "whole", "--to", "csv", "--output", sys.argv[2]],
              ["run", "--loss", "hinge", "--quiet"], ["backup", sys.argv[3]]):
    print("##", words[0], flush=True)
    try:
        main([words[0], "--store", str(place / "s.db"), *words[1:]])
    except SystemExit as left:
        sys.stdout.flush()
        codes.append(left.code or 0)
print("##", codes)
"""


def test_a_store_on_a_medium_that_is_really_read_only_is_read(tmp_path: Path, mounts: None) -> None:
    medium = tmp_path / "medium"
    medium.mkdir()
    path = fill(medium / "s.db")
    before = path.read_bytes()
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", READS, str(medium), str(tmp_path / "out.csv"), str(tmp_path / "b.db")],
        check=False,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert "## [0, 0, 0, 3, 0]" in done.stdout, done.stdout + done.stderr
    assert "whole" in done.stdout
    assert f"The store {path} cannot be written" in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("lossterm:")]) == 1
    assert "Traceback" not in done.stderr
    assert path.read_bytes() == before
    assert [one.name for one in medium.iterdir()] == ["s.db"]
    assert sessions(tmp_path / "b.db") == {"whole", "half"}


def test_a_store_with_a_log_on_such_a_medium_is_a_sentence(tmp_path: Path, mounts: None) -> None:
    medium = tmp_path / "medium"
    medium.mkdir()
    crashed(medium, "s")
    for one in medium.iterdir():
        if not one.name.startswith("s.db"):
            one.unlink()
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", READS, str(medium), str(tmp_path / "out.csv"), str(tmp_path / "b.db")],
        check=False,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert "## [3, 3, 3, 3, 3]" in done.stdout, done.stdout + done.stderr
    assert "copy it, with s.db-wal, to a place that can be written" in done.stderr
    assert "Traceback" not in done.stderr


# What is no store


@pytest.fixture
def others(tmp_path: Path) -> Iterator[Path]:
    """Make a directory of things that are no stores, and yield it."""
    place = tmp_path / "others"
    place.mkdir()
    (place / "directory").mkdir()
    os.mkfifo(place / "pipe")
    (place / "empty").touch(0o644)
    (place / "text").write_text("My diary.\n" * 1000)
    (place / "short").write_bytes(b"x")
    (place / "magic").write_bytes(b"SQLite format 3\0" + b"no more of it" * 20)
    for name, mode in (("other.db", "delete"), ("wal.db", "wal"), ("tiny.db", "delete")):
        with closing(sqlite3.connect(place / name)) as raw:
            raw.execute(f"PRAGMA journal_mode = {mode}")
            raw.execute("PRAGMA application_id = 7" if name == "tiny.db" else "CREATE TABLE mine (x)")
            raw.commit()
    with closing(sqlite3.connect(place / "unsigned.db")) as raw:
        raw.execute("PRAGMA user_version = 3")
        raw.commit()
    (place / "link").symlink_to(place / "text")
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(place / "socket"))
        yield place


def state(place: Path) -> dict[str, object]:
    return {
        one.name: (one.lstat().st_mode, one.lstat().st_mtime_ns, one.read_bytes() if one.is_file() else None)
        for one in sorted(place.iterdir())
    }


def test_what_is_no_store_is_left_with_its_permissions_and_nothing_comes_beside_it(
    others: Path, lossterm: Command
) -> None:
    for one in others.iterdir():
        if one.is_file() and not one.is_symlink():
            one.chmod(0o640)
    before = state(others)
    for one in (*sorted(others.iterdir()), Path("/dev/null"), Path("/dev/zero")):
        for words in (
            ("sessions",),
            ("report",),
            ("run", "--loss", "hinge", "--quiet"),
            ("--linear",),
            ("doctor", "--repair"),
            ("backup", others / "made"),
        ):
            at = ("--store", one)
            code, out, err = lossterm(*at, *words)
            assert (code, out) == (3, ""), (one, words, out, err)
            assert err.startswith("lossterm: "), (one, words, err)
            assert len(err.splitlines()) == 1, (one, words, err)
            assert state(others) == before, (one, words)


def test_an_empty_file_of_the_user_alone_becomes_a_store(tmp_path: Path, lossterm: Command) -> None:
    path = tmp_path / "new.db"
    path.touch(0o600)
    assert lossterm("sessions", "--store", path)[0] == 0
    assert path.stat().st_size


# Places that cannot be looked at, or that leave no room for a lock


def test_where_nobody_can_look_nothing_is_said_of_what_is_there(
    tmp_path: Path, lossterm: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 300)
    for words in (("sessions",), ("report",), ("--linear",)):
        code, out, err = lossterm("--store", long, *words)
        assert (code, out) == (3, ""), words
        assert f"The store {long} cannot be" in err
        assert "File name too long" in err
        assert len(err.splitlines()) == 1
    closed, look = tmp_path / "closed", Path.stat

    def refused(path: Path, **more: bool) -> os.stat_result:  # as for anybody but root
        if path.is_relative_to(closed / "s.db"):
            raise PermissionError(13, "Permission denied")
        return look(path, **more)

    monkeypatch.setattr(Path, "stat", refused)
    code, out, err = lossterm("sessions", "--store", closed / "s.db")
    assert (code, out) == (3, "")
    assert "cannot be looked at: Permission denied" in err


def test_a_name_that_leaves_no_room_for_a_lock_is_a_sentence(tmp_path: Path, lossterm: Command) -> None:
    for length in (232, 240, 255):
        path = tmp_path / ("x" * length)
        for words in (("run", "--loss", "hinge", "--quiet"), ("sessions",)):
            code, out, err = lossterm("--store", path, *words)
            if words == ("sessions",) and not path.exists():
                assert (code, out) == (0, "")
                continue
            assert (code, out) == (3, ""), (length, words)
            assert "its name is too long for the lock and the log that lie beside it" in err
    assert list(tmp_path.iterdir()) == []
    Store(tmp_path / ("x" * 231)).close()
    assert starting.log_path(tmp_path / ("x" * 231), "auto").name
