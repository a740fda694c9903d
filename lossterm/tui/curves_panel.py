"""Live curves of loss and metric, train and test, one colour per loss."""

import importlib
from array import array
from collections.abc import Iterable
from textwrap import wrap
from typing import Literal

import msgspec
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.reactive import reactive
from textual.widget import Widget

from lossterm.protocols import protocol_named
from lossterm.store import Asked, TrialRow
from lossterm.tui.lines import Lines
from lossterm.tui.palette import colour_of, faint

Shown = Literal["loss", "metric"]

SIDE_BY_SIDE = 88
"""Width from which loss and metric stand side by side."""


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """What the panel draws."""

    asked: Asked
    """The comparison, for losses, metric and length."""
    rows: tuple[TrialRow, ...]
    """Its trials."""
    values: dict[int, "array[float]"]
    """Curve of each trial that has one."""


class CurvesPanel(Widget):
    """Two charts side by side where there is room, else one of them."""

    curves: reactive[Curves | None] = reactive(None, init=False, always_update=True)
    """What is drawn, None before anything was trained."""
    shown: reactive[Shown] = reactive("loss", init=False)
    """Which chart is shown where there is room for one."""
    waiting: reactive[str] = reactive("", init=False)
    """What to say instead of an empty chart."""

    def __init__(self) -> None:
        super().__init__(id="curves")
        self.border_title = "Curves"

    def compose(self) -> ComposeResult:
        """Lay out both charts."""
        with Horizontal():
            yield Lines(id="chart-loss")
            yield Lines(id="chart-metric")

    def on_mount(self) -> None:
        """Say what the panel is for until there is something to draw, and follow the theme."""
        self.paint()
        self.app.theme_changed_signal.subscribe(self, lambda _: self.paint())

    def on_resize(self) -> None:
        """Draw in the new size, once the charts have theirs."""
        self._arrange()
        self.call_after_refresh(self.paint)

    def watch_curves(self) -> None:
        """Draw what is new."""
        self.paint()

    def watch_waiting(self) -> None:
        """Say something else."""
        if not (self.curves and self.curves.values):
            self.paint()

    def watch_shown(self) -> None:
        """Show the other chart."""
        self._arrange()
        self.call_after_refresh(self.paint)

    @property
    def both(self) -> bool:
        """Whether there is room for both charts."""
        return self.size.width >= SIDE_BY_SIDE

    def _arrange(self) -> None:
        for chart in ("loss", "metric"):
            self.query_one(f"#chart-{chart}").display = self.both or self.shown == chart

    def paint(self) -> None:
        """Draw the charts that are shown."""
        curves = self.curves
        if curves is None or not curves.values:
            self.border_title, self.border_subtitle = "Curves", ""
            first, *others = self.query(Lines)
            width = max(self.size.width - 4, 20)
            first.show([Text(line, "dim") for part in self.waiting.split("\n") for line in wrap(part, width) or [""]])
            for empty in others:
                empty.show([])
            return
        metric = curves.asked.comparison.metric
        names: dict[Shown, str] = {"loss": "loss", "metric": metric}
        self.border_title = f"Curves: {f'loss │ {metric}' if self.both else names[self.shown]}"
        held_out = protocol_named(curves.asked.comparison.protocol).splits[-1]
        self.border_subtitle = f"median of seeds; bright: {held_out}, faint: train"
        for chart in names:
            lines = self.query_one(f"#chart-{chart}", Lines)
            if lines.display and lines.size.width:
                lines.show(self._drawn(curves, chart, lines.size.width, lines.size.height))

    def _drawn(self, curves: Curves, chart: Shown, width: int, height: int) -> list[Text]:
        charts = importlib.import_module("lossterm.charts")  # slow, so not before there is something to draw
        comparison, dark = curves.asked.comparison, self.app.current_theme.dark
        splits = protocol_named(comparison.protocol).splits
        columns, offset = 2 * len(splits), 0 if chart == "loss" else 1

        def line(loss: str, split: int, *, bright: bool) -> object:
            colour = colour_of(loss, dark=dark)
            values = charts.median_curve(self._of(curves, loss), columns, 2 * split + offset)
            return charts.Series(values, colour if bright else faint(colour, dark=dark))

        series = [line(loss, len(splits) - 1, bright=True) for loss in comparison.losses]
        series += [line(loss, 0, bright=False) for loss in comparison.losses]
        drawn: list[Text] = charts.line_chart(series, width, height, comparison.hyperparameters.epochs)
        return drawn

    @staticmethod
    def _of(curves: Curves, loss: str) -> Iterable["array[float]"]:
        return [curves.values[row.id] for row in curves.rows if row.trial.loss == loss and row.id in curves.values]
