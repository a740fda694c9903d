"""What pictures of screens, and tests of the app, must not depend on."""

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

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


@pytest.fixture
def pictures(snapshot: SnapshotAssertion, tmp_path: Path) -> Pictures:
    """Return what takes pictures of screens."""
    return Pictures(snapshot, tmp_path)
