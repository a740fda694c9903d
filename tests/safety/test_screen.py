"""The app on a session in which everything is evil: each cell that is painted is a sign that is seen."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.pilot import Pilot
from textual.widgets import Static

from lossterm.tui.app import LosstermApp
from lossterm.tui.terminal.harmless_filter import HarmlessFilter
from tests.builders.app import opened, painted, until

from .evil import EVIL, acting
from .evil_store import SESSION, fill

VIEWS = "12345"
SIZE = (140, 45)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that somebody sent."""
    path = tmp_path_factory.mktemp("sent") / "theirs.db"
    fill(path)
    with sqlite3.connect(path) as raw:  # a comparison in each session, or it is not listed
        raw.execute(
            "INSERT INTO comparisons (session, asked, created, cancelled, changed, checksum) "
            "SELECT sessions.id, asked, comparisons.created, cancelled, changed, checksum FROM sessions "
            "JOIN comparisons ON comparisons.id = (SELECT min(id) FROM comparisons) WHERE name != ?",
            (SESSION,),
        )
    return path


def assert_painted_harmless(app: LosstermApp) -> str:
    """Return what is on the screen, after a look at every cell of it."""
    text = "\n".join(painted(app))
    assert acting(text) == {}
    return text


async def opened_at(pilot: Pilot[None], app: LosstermApp) -> None:
    await until(pilot, lambda: app.main.is_current and bool(app.main.view.rows), seconds=30)


async def test_every_view_of_an_evil_session_is_painted_as_text(path: Path) -> None:
    app = opened(path, session=SESSION)
    seen = ""
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await opened_at(pilot, app)
        for key in VIEWS:
            await pilot.press(key)
            await pilot.pause()
            for _ in range(6):
                seen += assert_painted_harmless(app)
                await pilot.press("pagedown")
        for text in EVIL.values():
            app.main.notify(text, title=text, markup=False)
            await pilot.pause()
            seen += assert_painted_harmless(app)
            app.clear_notifications()
        assert app.is_running
    assert app._exception is None
    assert "[red]x[/red]" in seen
    assert "<script>" in seen


async def test_dialogs_on_an_evil_session_are_painted_as_text(path: Path) -> None:
    app = opened(path, session=SESSION)
    async with app.run_test(size=SIZE) as pilot:
        await opened_at(pilot, app)
        for key in ("question_mark", "e", "v", "N", "w", "f", "x"):
            app.main.losses.focus()
            await pilot.press(key)
            await pilot.pause()
            assert_painted_harmless(app)
            if app.screen is not app.main:
                await pilot.press("escape")
                await pilot.pause()
        assert app.is_running
    assert app._exception is None


async def test_every_name_of_a_session_is_listed_as_text(path: Path) -> None:
    app = opened(path, session=SESSION)
    async with app.run_test(size=SIZE) as pilot:
        await opened_at(pilot, app)
        await pilot.press("5")
        seen = ""
        await until(pilot, lambda: "comparisons in" in "\n".join(painted(app)))
        for _ in range(len(EVIL)):
            seen += assert_painted_harmless(app)
            await pilot.press("pagedown")
            await pilot.pause()
    for part in ("[red]x[/red]", "[bold", "=HYPERLINK"):
        assert part in seen


class _Bare(App[None]):
    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._filters.insert(0, HarmlessFilter())

    def compose(self) -> Iterator[Static]:
        yield Static(self._text, markup=False)


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
async def test_a_text_that_no_panel_has_looked_at_is_painted_harmless_too(text: str) -> None:
    app = _Bare(text)
    async with app.run_test() as pilot:
        await pilot.pause()
        rows = [strip.text for strip in app.screen._compositor.render_strips()]
    assert acting("\n".join(rows)) == {}


def test_the_filter_leaves_what_is_seen_and_takes_the_rest() -> None:
    row = [Segment("plain "), Segment("a\x1b[2Jb\u202ec\u00a0d")]
    filtered = HarmlessFilter().apply(row, Color(0, 0, 0))
    assert [segment.text for segment in filtered] == ["plain ", "a[2Jbc\u00a0d"]
