"""Charts that take long are drawn in a thread: the app answers meanwhile, and only what is still wanted is shown."""

import threading
from collections.abc import Callable, Mapping

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.widgets import Static

from lossterm.charts.drawing import Drawing, Prepared
from lossterm.tui.background.latest_drawing import AT_ONCE, LatestDrawing

Shown = list[str]


class OneWidget(App[None]):
    """An app with a widget to draw for."""

    def compose(self) -> ComposeResult:
        """Lay out the widget."""
        yield Static()


def chart(
    name: str, cost: int, until: threading.Event | None = None, began: Callable[[], None] = lambda: None
) -> Prepared:
    """Return a chart that says its name, and takes until something happens."""

    def draw() -> Drawing:
        began()
        if until is not None:
            assert until.wait(10)
        return Drawing(lines=(Text(name),))

    return Prepared(draw=draw, cost=cost)


def shown_in(names: Shown) -> Callable[[Mapping[str, Drawing]], None]:
    return lambda drawings: names.extend(drawing.lines[0].plain for drawing in drawings.values())


@pytest.mark.asyncio
async def test_what_takes_no_longer_than_a_frame_is_drawn_at_once() -> None:
    app, names = OneWidget(), Shown()
    async with app.run_test():
        LatestDrawing[str](app.query_one(Static), shown_in(names)).ask({"loss": chart("now", AT_ONCE)})
        assert names == ["now"]


@pytest.mark.asyncio
async def test_of_what_is_asked_for_meanwhile_the_newest_comes_next() -> None:
    app, names, over = OneWidget(), Shown(), threading.Event()
    async with app.run_test() as pilot:
        drawing = LatestDrawing[str](app.query_one(Static), shown_in(names))
        begun = threading.Event()
        drawing.ask({"loss": chart("first", AT_ONCE + 1, over, begun.set)})
        await pilot.pause()
        assert begun.wait(10)
        drawing.ask({"loss": chart("second", 1)})
        drawing.ask({"loss": chart("third", 1)})
        assert names == [], "the app goes on while the first is drawn"
        over.set()
        await app.workers.wait_for_complete()
        assert names == ["first", "third"]


@pytest.mark.asyncio
async def test_what_was_dropped_is_not_shown_though_something_else_is_asked_for() -> None:
    app, names, over = OneWidget(), Shown(), threading.Event()
    async with app.run_test() as pilot:
        drawing = LatestDrawing[str](app.query_one(Static), shown_in(names))
        begun = threading.Event()
        drawing.ask({"loss": chart("gone", AT_ONCE + 1, over, begun.set)})
        await pilot.pause()
        assert begun.wait(10)
        drawing.drop()
        drawing.ask({"loss": chart("wanted", 1)})
        over.set()
        await app.workers.wait_for_complete()
        assert names == ["wanted"]
