"""The view of live curves of loss and metric, one colour per loss, and of the learning-rate sweep."""

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.geometry import Size
from textual.message import Message
from textual.reactive import var

from lossterm.charts.terminal_style import Style
from lossterm.comparison.first_look import FirstLook
from lossterm.figures.curve_view_state import FAST, CurveViewState
from lossterm.reports.report import Report
from lossterm.text.name_pattern import matches
from lossterm.tui.background.latest_drawing import LatestDrawing
from lossterm.tui.panels.view_panel import ViewPanel
from lossterm.tui.state.empty_views import ALL_HIDDEN, NO_CURVES, TO_TRAIN, why_no_rates, why_no_result
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.widgets.changing_lines import ChangingLines

if TYPE_CHECKING:
    from lossterm.charts.drawing import Drawing, Prepared
    from lossterm.figures.curves import Curves, Overlay

Shown = Literal["loss", "metric", "rates"]
ORDER: tuple[Shown, ...] = ("loss", "metric", "rates")

SIDE_BY_SIDE = 88
"""Width from which two charts stand side by side."""

STACKED = 30
"""Height from which they stand above each other, where they cannot stand side by side."""

SELECTED = "selected: {curves.pin} pins, {curves.hide} hides"


class CurvesPanel(ViewPanel):
    """Two charts side by side where there is room, else one of them."""

    PLACE = "in the curves"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("enter", "nearer", "Zoom in", id="curves.nearer", tooltip="Zoom in around the cursor"),
        Binding("down,j", "select(1)", "Next curve", show=False, id="curves.down", tooltip="Select the next loss"),
        Binding("up,k", "select(-1)", "Last curve", show=False, id="curves.up", tooltip="Select the loss before"),
    ]
    CAN: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("each_seed", "log", "smoother", "splits"), "over_epochs"),
        **dict.fromkeys(("back", "forth", "fast_back", "fast_forth"), "over_epochs"),
        "nearer": "can_zoom",
        **dict.fromkeys(("pin", "hide"), "named"),
        **dict.fromkeys(("rougher", "unsmooth"), "is_smooth"),
        **dict.fromkeys(("pan_back", "pan_forth"), "zoomed"),
        "next_chart": "has_others",
    }

    report: var[Report | None] = var(None, init=False, always_update=True)
    """The comparison whose curves are drawn, None before anything was asked for."""
    look: var[CurveViewState] = var(CurveViewState(), init=False)
    """How they are looked at."""
    shown: var[Shown] = var("loss", init=False)
    """Which chart is shown; where there is room, loss and metric stand side by side."""
    selected: var[str] = var("", init=False)
    """Key of the loss that is pinned or hidden by a key."""
    pattern: var[str] = var("", init=False)
    """What the filter lets through, as `name_pattern.matches` reads it over keys of losses."""
    waiting: var[str] = var("", init=False)
    """What to say instead of an empty chart."""
    data: var[FirstLook | None] = var(None, init=False)
    """A first look at the data, which stands in for curves while there are none."""
    bands: var[bool] = var(True, init=False)
    """Whether bands over seeds are drawn."""

    class Looked(Message):
        """The view of the curves changed."""

    def __init__(self, keys: KeyNames) -> None:
        super().__init__(id="curves")
        self._keys = keys
        self.picked = False  # whether a person has selected a loss here
        self.values: dict[int, array[float]] = {}
        self._overlay: Overlay | None = None
        self._drawings: Mapping[Shown, Drawing] = {}
        self._why_empty: Mapping[Shown, str] = {}
        self._drawing = LatestDrawing[Shown](self, self._show_drawings)
        self.charts = {chart: ChangingLines(id=f"chart-{chart}") for chart in ORDER}
        self.readout = ChangingLines(id="readout")

    def compose(self) -> ComposeResult:
        """Lay out the charts."""
        yield Horizontal(*self.charts.values())

    def on_mount(self) -> None:
        """Say what the panel is for until there is something to draw, and follow the theme."""
        self._arrange()
        self.paint()
        self.app.theme_changed_signal.subscribe(self, lambda _: self.paint())

    def on_resize(self) -> None:
        """Show as many charts as there is room for."""
        self._arrange()
        self.post_message(self.Changed())

    def on_changing_lines_resized(self) -> None:
        """Draw in the new size."""
        self.paint()

    def watch_report(self) -> None:
        """Draw what is new."""
        if self.shown == "rates" and not self.tuned:
            self.shown = "loss"
        self.paint()

    def watch_waiting(self) -> None:
        """Say something else."""
        if not self.drawn:
            self.paint()

    def watch_shown(self) -> None:
        """Show the other chart."""
        self._arrange()
        self.paint()

    def watch_look(self) -> None:
        """Look at the curves in another way."""
        self.paint()
        self.post_message(self.Looked())

    def watch_selected(self) -> None:
        """Say which loss is selected."""
        if self.picked:
            self.paint()

    watch_pattern = watch_bands = watch_look

    def watch_data(self) -> None:
        """Show the data, or what else is there."""
        self._arrange()
        self.paint()

    @property
    def both(self) -> bool:
        """Whether there is room for two charts."""
        return self.size.width >= SIDE_BY_SIDE or self.size.height >= STACKED

    @property
    def tuned(self) -> bool:
        """Whether there is a learning-rate sweep to show."""
        return self.report is not None and self.report.asked.comparison.tuned

    @property
    def drawn(self) -> bool:
        """Whether there are curves."""
        return self.report is not None and any(row.id in self.values for row in self.report.rows)

    @property
    def is_smooth(self) -> bool:
        """Whether curves are smoothed."""
        return self.over_epochs and self.look.smoothing > 0

    @property
    def zoomed(self) -> bool:
        """Whether only a part of the epochs is shown."""
        return self.over_epochs and bool(self.look.frames)

    @property
    def over_epochs(self) -> bool:
        """Whether there are curves over epochs to look at."""
        return self.drawn and self.shown != "rates"

    @property
    def can_zoom(self) -> bool:
        """Whether there are epochs enough for a closer look."""
        return self.over_epochs and self.look.nearer(self._epochs) != self.look

    @property
    def others(self) -> list[Shown]:
        """The charts that can be shown in turn."""
        charts: list[Shown] = ["loss"] if self.both else ["loss", "metric"]
        return [*charts, "rates"] if self.tuned else charts

    @property
    def has_others(self) -> bool:
        """Whether there is more than one."""
        return self.drawn and len(self.others) > 1

    @property
    def losses(self) -> list[str]:
        """Keys of the losses that are drawn: those that are neither filtered out nor hidden."""
        return [key for key in self._candidates if key not in self.look.hidden]

    @property
    def _candidates(self) -> list[str]:
        every = self.report.asked.comparison.losses if self.report else ()
        return [key for key in every if matches(self.pattern, key)]

    @property
    def _epochs(self) -> int:
        return self.report.asked.comparison.hyperparameters.epochs if self.report else 1

    # What a person does

    def action_next_chart(self) -> None:
        """Show the next of the charts."""
        charts = self.others
        place = charts.index(self.shown) if self.shown in charts else 0
        self.shown = charts[(place + 1) % len(charts)]

    def action_each_seed(self) -> None:
        """Draw each seed's curve, or median and band again."""
        self.look = msgspec.structs.replace(self.look, each_seed=not self.look.each_seed)

    def action_log(self) -> None:
        """Make the upright axis logarithmic, or linear again."""
        self.look = msgspec.structs.replace(self.look, log=not self.look.log)

    def action_splits(self) -> None:
        """Draw train and the held-out split together, one of them, or apart."""
        self.look = self.look.next_splits()

    def action_smoother(self) -> None:
        """Smooth more."""
        self.look = self.look.smoother(1)

    def action_rougher(self) -> None:
        """Smooth less."""
        self.look = self.look.smoother(-1)

    def action_unsmooth(self) -> None:
        """Smooth nothing."""
        self.look = self.look.smoother(0)

    def action_back(self, steps: int = 1) -> None:
        """Move the cursor to the left."""
        self.look = self.look.moved(-steps, self._epochs)

    def action_forth(self, steps: int = 1) -> None:
        """Move the cursor to the right."""
        self.look = self.look.moved(steps, self._epochs)

    def action_fast_back(self) -> None:
        """Move the cursor far to the left."""
        self.action_back(FAST)

    def action_fast_forth(self) -> None:
        """Move the cursor far to the right."""
        self.action_forth(FAST)

    def action_pan_back(self) -> None:
        """Move the frame to the left."""
        self.look = self.look.panned(-1, self._epochs)

    def action_pan_forth(self) -> None:
        """Move the frame to the right."""
        self.look = self.look.panned(1, self._epochs)

    def action_nearer(self) -> None:
        """Zoom in around the cursor."""
        if self.can_zoom:
            self.look = self.look.nearer(self._epochs)

    def action_out(self) -> bool:
        """Zoom out, then put the cursor away."""
        near = self.look.near
        self.look = self.look.farther()
        return near

    def action_select(self, by: int) -> None:
        """Select another loss."""
        keys = self._candidates
        if keys:
            place = keys.index(self.selected) + by if self.selected in keys else 0
            self.picked = True
            self.selected = keys[place % len(keys)]

    def action_pin(self) -> None:
        """Pin the selected loss on top, or unpin it."""
        if self.named:
            self.look = self.look.pin(self.named)

    def action_hide(self) -> None:
        """Hide the selected loss, or show it again."""
        if self.named:
            self.look = self.look.hide(self.named)

    @property
    def named(self) -> str:
        """The selected loss if it has curves, the first where none is selected."""
        keys = self._candidates
        return self.selected if self.selected in keys else keys[0] if keys and not self.selected else ""

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        for chart, drawing in self._drawings.items() if self.over_epochs else ():
            lines = self.charts[chart]
            place = lines.content_region
            if lines.display and place.contains(event.screen_x, event.screen_y):
                at = drawing.x_at(event.screen_x - place.x, event.screen_y - place.y + lines.scroll_offset.y)
                if at is not None:
                    self.look = self.look.pointed(at, self._epochs)
                return

    # How it is drawn

    def _arrange(self) -> None:
        if not self.is_mounted:
            return
        beside = self.both and self.shown != "rates" and (self.drawn or self.data is None)
        self.set_class(beside and self.size.width < SIDE_BY_SIDE, "-stacked")
        for chart, lines in self.charts.items():
            lines.display = (
                chart == self._first if self._shows_data else chart == self.shown or (beside and chart != "rates")
            )

    def paint(self) -> None:
        """Draw the charts that are shown."""
        if self.report is None or not self.drawn:
            self._drawing.drop()
        if not self.seen:
            return
        if self.report is None or not self.drawn:
            self._arrange()
            for chart, lines in self.charts.items():
                lines.show(self._without_curves(lines.size) if chart == self._first else [])
            return
        from lossterm.figures.curves import Curves, Overlay, sweeps  # slow, so not before there is something to draw

        self._overlay = self._overlay or Overlay()
        curves = Curves(report=self.report, values=self.values)
        style = Style(dark=self.dark, plain=self.plain, bands=self.bands and not self.plain)
        self._say_what_is_drawn(curves)
        self._read_out(curves)
        shown = [chart for chart, lines in self.charts.items() if lines.display and lines.size.width]
        if not self.losses:
            self._drawing.drop()
            for chart in shown:
                self.charts[chart].show(self.message_lines(self._keys.fill_in(ALL_HIDDEN)))
            return
        ready: dict[Shown, Prepared] = {}
        self._why_empty = {chart: self._why(chart, self.report) for chart in shown}
        for chart in shown:
            size = self.charts[chart].size.width, self.charts[chart].size.height
            if chart == "rates":
                ready[chart] = sweeps(curves, self.losses, size, style)
            else:
                ready[chart] = self._overlay.prepared(curves, self.losses, self.look, chart, size, style)
        self._drawing.ask(ready)

    @property
    def _shows_data(self) -> bool:
        return self.data is not None and not self.drawn

    @property
    def _first(self) -> Shown:
        """The chart in whose place stands what there is to say while nothing is drawn."""
        return "loss" if self.both and self.shown != "rates" else self.shown

    def _without_curves(self, size: Size) -> Sequence[Text]:
        """Return the first look at the data, or what an empty panel waits for."""
        if self.data is None or size.width < 1:
            self.entitle("Curves", "")
            return self.message_lines(self.waiting)
        from lossterm.figures import first_look  # slow, so not before there is something to draw

        waits = not self.waiting.startswith(NO_CURVES)
        subtitle = self.waiting.split("\n")[0] if waits else self._keys.fill_in(TO_TRAIN)
        self.entitle(f"First look at {self.data.task.partition('@')[0]}", subtitle)
        style = Style(dark=self.dark, plain=self.plain)
        return first_look.chart(self.data, size.width, size.height, style).lines

    def _show_drawings(self, drawings: Mapping[Shown, "Drawing"]) -> None:
        self._drawings = drawings
        for chart, drawing in drawings.items():
            why = "" if drawing.regions else self._why_empty.get(chart, "")
            self.charts[chart].show(self.message_lines(why) if why else drawing.lines)

    def _why(self, chart: Shown, report: Report) -> str:
        """Say why a chart has no curves, "" where the chart itself knows best: it depends on how it is looked at."""
        if chart == "rates":
            return self._keys.fill_in(why_no_rates(report))
        rows = [row for row in report.judged() if row.trial.loss in self.losses]
        if any(math.isfinite(value) for row in rows for value in self.values.get(row.id, ())):
            return ""
        return self._keys.fill_in(why_no_result(rows))

    def _say_what_is_drawn(self, curves: "Curves") -> None:
        from lossterm.figures.curves import how, legend

        look, comparison = self.look, curves.report.asked.comparison
        if self.shown == "rates":
            self.entitle(f"Curves: {comparison.metric} by lr", "mean on validation, ● chosen")
            return
        what = f"loss │ {curves.metric}" if self.both else {"loss": "loss", "metric": curves.metric}[self.shown]
        lines = legend(comparison.seeds, len(self.losses), look, bands=self.bands and not self.plain)
        self.entitle(f"Curves: {what}, {how(curves, self._candidates, look)}", lines)

    def _read_out(self, curves: "Curves") -> None:
        """Say beneath the charts where the cursor is: in the border it would have all of the panel painted."""
        from lossterm.figures.curves import at_cursor

        words = []
        if self.shown != "rates":
            words = [at_cursor(curves, self.look)]
            words += [f"{self.named} {self._keys.fill_in(SELECTED)}"] if self.picked and self.named else []
        line = " · ".join(filter(None, words))
        if line and not self.readout.is_attached:
            self.mount(self.readout)  # not before: the first paint does without
        self.readout.display = bool(line)
        self.readout.show([Text(line)] if line else [])
