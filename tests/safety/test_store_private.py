"""The store, what SQLite puts beside it, the lock and the log: their user's alone, whatever the umask."""

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lossterm.errors import StoreError
from lossterm.store import Store
from lossterm.worker_control import lock, starting
from tests.builders.stores import FAKE, TUTORIAL


@pytest.fixture(params=[0, 0o022, 0o777], ids=["000", "022", "777"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(place: Path) -> dict[str, int]:
    return {one.name: stat.S_IMODE(one.stat().st_mode) for one in place.iterdir()}


def test_a_store_and_a_worker_leave_nothing_open_to_others(home: Path, umask: int) -> None:
    place = home / "deep" / "er"
    with Store(place / "s.db") as store:
        asked = store.requests.ask("s", TUTORIAL)
        assert starting.ensure(store.path, "auto", FAKE)
        until = time.monotonic() + 20
        while not all(row.ended for row in store.reader.trials([asked.id])):
            assert time.monotonic() < until, starting.last_words(store.path, "auto")
            time.sleep(0.05)
        found = modes(place)
    worker = {lock.lock_path(store.path, "auto").name, starting.log_path(store.path, "auto").name}
    assert {"s.db", "s.db-wal", "s.db-shm", *worker} <= set(found)
    assert {name: oct(mode) for name, mode in found.items() if mode != 0o600} == {}
    assert {stat.S_IMODE(one.stat().st_mode) for one in (place, place.parent)} == {0o700}


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
def test_a_store_that_everybody_may_write_is_refused_and_left(home: Path, ending: str) -> None:
    Store(home / "s.db").close()
    file = home / f"s.db{ending}"
    file.touch()
    file.chmod(0o606)
    with pytest.raises(StoreError, match=rf"{file} can be written by everybody"):
        Store(home / "s.db")
    assert stat.S_IMODE(file.stat().st_mode) == 0o606


def test_a_store_of_somebody_elses_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(home / "s.db").close()
    monkeypatch.setattr(os, "getuid", lambda: 12_345)
    with pytest.raises(StoreError, match="belongs to another user"):
        Store(home / "s.db")
