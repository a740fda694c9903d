"""Charts that take longer than a frame are drawn in a thread, so that keys are answered meanwhile."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from textual.widget import Widget

from lossterm.tui.background.widget_work import run_with_widget

if TYPE_CHECKING:
    from lossterm.charts.drawing import Drawing, Prepared

Key = TypeVar("Key")
"""Names a chart of the widget."""

AT_ONCE = 5_000
"""Cost, in dots, up to which charts are drawn at once: a frame of a thirtieth of a second."""


class LatestDrawing(Generic[Key]):
    """Draws charts for a widget, one picture at a time; of what is asked for meanwhile the newest comes next."""

    def __init__(self, widget: Widget, show: Callable[[Mapping[Key, "Drawing"]], None]) -> None:
        """`show` is called with the drawings, in the app's own thread."""
        self._widget, self._show = widget, show
        self._next: Mapping[Key, Prepared] | None = None
        self._busy = False
        self._era = 0  # raised when what was asked for so far is dropped

    def ask(self, charts: Mapping[Key, "Prepared"]) -> None:
        """Draw these, now where they take no longer than a frame, else as soon as what is being drawn is done."""
        if not self._busy and sum(chart.cost for chart in charts.values()) <= AT_ONCE:
            self._show(_drawn(charts))
            return
        self._next = charts
        if not self._busy:
            self._busy = True
            run_with_widget(self._widget, self._draw, name="drawing")

    def drop(self) -> None:
        """Show nothing of what was asked for so far: something else stands there."""
        self._next, self._era = None, self._era + 1

    async def _draw(self) -> None:
        try:
            while self._next is not None:
                charts, self._next, era = self._next, None, self._era
                drawings = await asyncio.to_thread(_drawn, charts)
                if era == self._era:
                    self._show(drawings)
        finally:
            self._busy = False


def _drawn(charts: Mapping[Key, "Prepared"]) -> Mapping[Key, "Drawing"]:
    return {key: chart.draw() for key, chart in charts.items()}
