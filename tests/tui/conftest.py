"""What pictures of screens, and tests of the app, must not depend on."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.screen import Screen

from lossterm.store import TrialRow
from lossterm.tui.terminal.redraw_budget import Budget
from tests.builders.pictures import Pictures


@pytest.fixture
def path(home: Path) -> Path:
    """Return where a store may be made."""
    return home / "lossterm.db"


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a developer's terminal says of itself."""
    for name in ("COLORFGBG", "NO_COLOR", "TEXTUAL", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_ANIMATIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the store and after the worker, and paint, more often than a person needs, so that tests wait less."""
    monkeypatch.setattr("lossterm.tui.background.session_follower.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("lossterm.tui.background.session_follower.TEND_SECONDS", 0.05)
    monkeypatch.setattr("lossterm.tui.app.Budget", lambda seconds, bytes: Budget(seconds=0.02, bytes=1e9))  # noqa: A006  its field


@pytest.fixture(autouse=True)
def quick_idleness(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the app for idle sooner after each key; a layout that is due comes within that time, as it does usually.

    Textual sleeps for a fiftieth of a second twice for each key that is pressed, and longer while other tests are busy.
    """
    if "pictures" in request.fixturenames:
        return
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", 0.008)
    monkeypatch.setattr("textual._wait.SLEEP_IDLE", 0.0008)
    monkeypatch.setattr("textual.screen.UPDATE_PERIOD", 0.005)


@pytest.fixture(autouse=True)
def seldom_painted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paint every other second at most where no pictures are taken, and what was left out then.

    Nobody looks at what is painted: `painted` draws for itself. Painting was two fifths of what these tests cost.
    """
    if "pictures" in request.fixturenames:
        return
    paint, painted = Screen._compositor_refresh, float("-inf")

    def seldom(screen: Screen[object]) -> None:
        nonlocal painted
        laid_out = bool(screen._compositor.size)
        if screen is screen.app.screen and laid_out and time.monotonic() - painted < 2:
            screen._dirty_widgets.clear()  # of which the compositor remembers the regions
            # Painting works out where everything is; done later, it would take in widgets that are mounted meanwhile,
            # and the next layout would not take them for new and not tell them their size.
            assert screen._compositor.full_map
            return
        paint(screen)
        painted = time.monotonic()

    monkeypatch.setattr(Screen, "_compositor_refresh", seldom)


@pytest.fixture
def pictures(snapshot: SnapshotAssertion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pictures:
    """Return what takes pictures of screens, on which a training costs half a second, however slow the machine is."""
    monkeypatch.setattr("lossterm.reports.next_steps.seconds_a_training", half_a_second)
    return Pictures(snapshot, tmp_path)


def half_a_second(rows: Sequence[TrialRow]) -> float | None:
    """Stand in for the pace of trainings that a test has ended, one as fast after the other as the machine can."""
    return 0.5 if any(row.status == "done" for row in rows) else None
