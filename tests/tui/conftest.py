"""Where pictures of screens lie, and what they must not depend on."""

from pathlib import Path

import pytest
import pytest_textual_snapshot
from syrupy.location import PyTestLocation

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
    """Look at the store and after the worker more often than a person needs, so that tests wait less."""
    monkeypatch.setattr("lossterm.tui.following.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("lossterm.tui.following.TEND_SECONDS", 0.05)
