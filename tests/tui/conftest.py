"""Where pictures of screens lie, and what they must not depend on."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import pytest_textual_snapshot
from syrupy.location import PyTestLocation
from textual.pilot import Pilot

from lossterm.tui.app import LosstermApp
from lossterm.tui.terminal.redraw_budget import Budget
from tests.builders.app import still

SNAPSHOTS = Path(__file__).parents[2] / "snapshots"


def _beside_the_package(cls: type, *, test_location: PyTestLocation) -> str:
    return str(SNAPSHOTS / test_location.basename)


# pytest-textual-snapshot 1.0.0 was written for syrupy 4, which named the extension otherwise and keeps pictures beside
# the tests; 1.1.0 mends the first and needs an older pytest.
pytest_textual_snapshot.SVGImageExtension.file_extension = "svg"
pytest_textual_snapshot.SVGImageExtension.dirname = classmethod(_beside_the_package)


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
    monkeypatch.setattr("lossterm.tui.screens.session_screen.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("lossterm.tui.screens.session_screen.TEND_SECONDS", 0.05)
    monkeypatch.setattr("lossterm.tui.app.Budget", lambda seconds, bytes: Budget(seconds=0.02, bytes=1e9))  # noqa: A006  its field


@pytest.fixture
def snap_compare(snap_compare: Callable[..., bool]) -> Callable[..., bool]:
    """Return the plugin's comparison, which takes its picture once the screen has come to rest."""

    def compare(
        app: LosstermApp,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[None]], Awaitable[None]] | None = None,
    ) -> bool:
        async def rested(pilot: Pilot[None]) -> None:
            if run_before:
                await run_before(pilot)
            await still(pilot)

        return snap_compare(app, terminal_size=terminal_size, run_before=rested)

    return compare
