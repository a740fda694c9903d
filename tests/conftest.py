"""Fixtures that more than one file of tests uses."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from lossterm import daemon
from lossterm.store import Store

# The same examples in every run, none of them timed or kept: a machine may be slow, and a checkout stays clean.
settings.register_profile("lossterm", deadline=None, derandomize=True, database=None)
settings.load_profile("lossterm")

# Places that belong to a person, and places that belong to a test


@pytest.fixture(autouse=True)
def nobodys_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point every way to a user's directories into a temporary one, whether the test asks for it or not."""
    place = tmp_path_factory.mktemp("nobody")
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(place / name.lower()))
    monkeypatch.setenv("LOSSTERM_HOME", str(place / "lossterm"))
    monkeypatch.delenv("LOSSTERM_FAKE_EPOCH_SECONDS", raising=False)
    return place


@pytest.fixture
def home(tmp_path: Path, nobodys_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a directory that is LOSSTERM_HOME; workers started in it leave soon when idle, or at the end."""
    monkeypatch.setenv("LOSSTERM_HOME", str(tmp_path))
    monkeypatch.setenv("LOSSTERM_IDLE_SECONDS", "3")
    before = len(daemon._started)
    yield tmp_path
    for process in daemon._started[before:]:
        process.kill()
        process.wait(10)
    del daemon._started[before:]


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """Return an open, empty store in `home`."""
    with Store() as opened:
        yield opened
