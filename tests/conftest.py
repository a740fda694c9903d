"""Fixtures that more than one file of tests uses."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from lossterm.store import Store
from lossterm.worker_control import starting

# The same examples in every run, none of them timed or kept: a machine may be slow, and a checkout stays clean.
settings.register_profile("lossterm", deadline=None, derandomize=True, database=None)
settings.load_profile("lossterm")

LONGEST = (
    *(
        "terminal/test_terminal",
        "engine/test_parity",
        "terminal/test_strange_terminals",
        "tui/test_screens",
        "engine/test_settings",
    ),
    *(
        "export/test_script",
        "engine/test_user_code",
        "faults/test_signals",
        "engine/test_user_networks",
        "tui/test_anatomy_chart",
    ),
    *("tui/test_choosing_losses", "engine/test_real_worker", "tui/test_bad_input", "export/test_model"),
    *(
        "tui/test_views",
        "cli/test_commands",
        "tui/test_network_dialog",
        "engine/test_checkpoints",
        "faults/test_killed_worker",
    ),
    *("tui/test_glyphs", "tui/test_predictions", "tui/test_looking", "store/test_repair", "tui/test_random_keys"),
)
"""Files that take a minute or more: begun first, so that in the end no process is left alone with one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the files that take longest first; in a file they stay as they are."""
    here = Path(__file__).parent
    places = {here / f"{name}.py": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """Leave what was imported out of the looks for garbage: they were a fifth of the time of the tests of the app."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


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
    before = len(starting._started)
    yield tmp_path
    for process in starting._started[before:]:
        process.kill()
        process.wait(10)
    del starting._started[before:]


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """Return an open, empty store in `home`."""
    with Store() as opened:
        yield opened
