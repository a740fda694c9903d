"""The help of the place that has the keys: panel, field, what is under the cursor, terms and signs in sight."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from textual.widgets import Static

from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs import HelpDialog
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.state.panel_help import PANELS
from tests.builders.app import opened, shown, until
from tests.builders.stores import FAIR, fill, measured

LARGE = (140, 40)


def told(app: LosstermApp) -> str:
    """Return what the help says first, in one line."""
    assert isinstance(app.screen, HelpDialog)
    page = Console(file=StringIO(), width=400, no_color=True)
    page.print(app.screen.query_one("#here", Static).content)
    assert isinstance(page.file, StringIO)
    return " ".join(page.file.getvalue().split())


@pytest.mark.parametrize(
    ("keys", "panel", "said"),
    [
        ((), "losses", "binary_crossentropy: binary cross-entropy. Use it when"),
        (("down",), "losses", "hinge: "),
        (("shift+tab",), "tasks", "circles: "),
        (("tab",), "settings", "epochs: "),
        (("tab", "tab", "tab"), "settings", "rate: The learning rate; tune tries several"),
        (("2",), "scores", "verdict"),
        (("1",), "curves", "band"),
        (("3",), "anatomy", "gradient"),
        (("5",), "sessions", "open session"),
        (("6",), "stress", "label_noise: "),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value) or "none",
)
async def test_the_help_begins_with_what_has_the_keys(path: Path, keys: tuple[str, ...], panel: str, said: str) -> None:
    fill(path, FAIR, anatomy=measured)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(len(list(FAIR.trials())))(pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: app.focused is not None)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog) and app.screen.is_mounted)
        words = told(app)
        assert words.startswith(f"Here: {panel.capitalize()} {PANELS[panel].split('.')[0]}")
        assert said in words
        assert "{" not in words


async def test_what_is_told_is_of_the_signs_in_sight(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        app.main.query_one(TaskPanel).focus()
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog) and app.screen.is_mounted)
        words = told(app)
        assert "chosen ●" in words
        assert "not chosen ○" in words
        assert "collapsed" not in words
