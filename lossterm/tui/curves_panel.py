"""Live curves of loss and metric, one colour per loss; the learning-rate sweep; and the anatomy of the losses."""

import importlib
from array import array
from textwrap import wrap
from typing import Any, Literal

import msgspec
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.reactive import reactive
from textual.widget import Widget

from lossterm import explain
from lossterm.losses import Loss
from lossterm.metrics import PRIMARY
from lossterm.palette import colour_of, faint, tint
from lossterm.protocols import DEFAULT_PROTOCOL, SplitName, protocol_named
from lossterm.report import Report
from lossterm.store import Anatomy
from lossterm.tasks import task_named
from lossterm.tui.lines import Lines
from lossterm.view import View

Shown = Literal["loss", "metric", "rates", "anatomy"]
ORDER: tuple[Shown, ...] = ("loss", "metric", "rates", "anatomy")
ALONE: tuple[Shown, ...] = ("rates", "anatomy")
"""Charts that take the whole panel."""

MOST_DRAWN = 30
"""Single curves in one chart: more would hold up the keys while it is drawn, and show nothing but a blur."""

SIDE_BY_SIDE = 88
"""Width from which two charts stand side by side."""


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """What the panel draws."""

    report: Report
    """The standings, which say at which learning rate each loss is judged."""
    values: dict[int, "array[float]"]
    """Curve of each trial that has one."""

    @property
    def held_out(self) -> SplitName:
        """The split that bright curves show: validation where there is one, since test is for the table."""
        splits = protocol_named(self.report.asked.comparison.protocol).splits
        return "validation" if "validation" in splits else splits[-1]

    @property
    def metric(self) -> str:
        """The metric that the engine follows, whatever ranks."""
        return PRIMARY[task_named(self.report.asked.comparison.task).kind]


class CurvesPanel(Widget):
    """Two charts side by side where there is room, else one of them."""

    ticked: reactive[tuple[Loss, ...]] = reactive((), init=False)
    """The losses whose anatomy is drawn, as the protocol sets them up: trained or not, it is known."""
    protocol: reactive[str] = reactive(DEFAULT_PROTOCOL, init=False)
    """Key of the protocol that they are set up for; models of another are not shown with them."""
    curves: reactive[Curves | None] = reactive(None, init=False, always_update=True)
    """What is drawn, None before anything was trained."""
    shown: reactive[Shown] = reactive("loss", init=False)
    """Which chart is shown; where there is room, loss and metric stand side by side."""
    each_seed: reactive[bool] = reactive(False, init=False)
    """Whether every seed's curve is drawn rather than median and band."""
    waiting: reactive[str] = reactive("", init=False)
    """What to say instead of an empty chart."""

    def __init__(self) -> None:
        super().__init__(id="curves")
        self.border_title = "Curves"
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        """Lay out the charts."""
        with Horizontal():
            for chart in ORDER:
                yield Lines(id=f"chart-{chart}")

    def on_mount(self) -> None:
        """Say what the panel is for until there is something to draw, and follow the theme."""
        self._arrange()
        self.paint()
        self.app.theme_changed_signal.subscribe(self, lambda _: self.paint())

    def on_resize(self) -> None:
        """Draw in the new size, once the charts have theirs."""
        self._arrange()
        self.call_after_refresh(self.paint)

    def watch_curves(self) -> None:
        """Draw what is new."""
        if self.shown == "rates" and not self.tuned:
            self.shown = "loss"
        self.paint()

    def watch_ticked(self) -> None:
        """Draw the anatomy of other losses."""
        if self.shown == "anatomy":
            self.paint()

    def watch_waiting(self) -> None:
        """Say something else."""
        if not (self.curves and self.curves.values):
            self.paint()

    def watch_shown(self) -> None:
        """Show the other chart."""
        self._arrange()
        self.call_after_refresh(self.paint)

    def watch_each_seed(self) -> None:
        """Draw every seed, or median and band again."""
        self.paint()

    @property
    def both(self) -> bool:
        """Whether there is room for two charts."""
        return self.size.width >= SIDE_BY_SIDE

    @property
    def tuned(self) -> bool:
        """Whether there is a learning-rate sweep to show."""
        return self.curves is not None and self.curves.report.asked.comparison.tuned

    @property
    def others(self) -> list[Shown]:
        """The charts that can be shown in turn."""
        charts: list[Shown] = ["loss"] if self.both else ["loss", "metric"]
        charts += ["rates"] if self.tuned else []
        return [*charts, "anatomy"]

    def show_next(self) -> None:
        """Show the next of the charts."""
        charts = self.others
        place = charts.index(self.shown) if self.shown in charts else 0
        self.shown = charts[(place + 1) % len(charts)]

    def _arrange(self) -> None:
        beside = self.both and self.shown not in ALONE
        for chart in ORDER:
            self.query_one(f"#chart-{chart}").display = chart == self.shown or (beside and chart not in ALONE)

    def paint(self) -> None:
        """Draw the charts that are shown."""
        curves = self.curves
        if self.shown == "anatomy":
            self._paint_anatomy()
            return
        if curves is None or not curves.values:
            self.border_title, self.border_subtitle = "Curves", ""
            width = max(self.size.width - 4, 20)
            words = [Text(line, "dim") for part in self.waiting.split("\n") for line in wrap(part, width) or [""]]
            first = self.query_one(
                "#chart-loss" if self.both and self.shown not in ALONE else f"#chart-{self.shown}", Lines
            )
            for lines in self.query(Lines):
                lines.show(words if lines is first else [])
            return
        self._entitle(curves)
        for chart in ORDER:
            lines = self.query_one(f"#chart-{chart}", Lines)
            if lines.display and lines.size.width:
                drawn = self._sweeps(curves, lines) if chart == "rates" else self._lines(curves, chart, lines)
                lines.show(drawn)

    def _entitle(self, curves: Curves) -> None:
        names: dict[Shown, str] = {"loss": "loss", "metric": curves.metric}
        if self.shown == "rates":
            metric = curves.report.asked.comparison.metric
            self.border_title = f"Curves: {metric} by lr"
            self.border_subtitle = "mean on validation, ● chosen"
            return
        self.border_title = (
            f"Curves: {f'loss │ {curves.metric}' if self.both else names[self.shown]}, {curves.held_out}"
        )
        comparison = curves.report.asked.comparison
        what = "median, 80 % of seeds; faint: train" if comparison.seeds > 1 else "one seed; faint: train"
        drawn = MOST_DRAWN // len(comparison.losses)
        each = "every seed" if comparison.seeds <= drawn else f"{drawn} of {comparison.seeds} seeds"
        self.border_subtitle = f"{each}; bright: median" if self.each_seed else what

    def _lines(self, curves: Curves, chart: Shown, room: Lines) -> list[Text]:
        charts = importlib.import_module("lossterm.charts")  # slow, so not before there is something to draw
        comparison, dark = curves.report.asked.comparison, self.app.current_theme.dark
        splits = protocol_named(comparison.protocol).splits
        columns, offset = 2 * len(splits), 0 if chart == "loss" else 1
        held_out, train = 2 * splits.index(curves.held_out) + offset, offset
        judged = curves.report.judged()
        series, fainter, bands = [], [], []
        for loss in comparison.losses:
            colour = colour_of(loss, dark=dark)
            mine = [curves.values[row.id] for row in judged if row.trial.loss == loss and row.id in curves.values]
            series.append(charts.Series(charts.median_curve(mine, columns, held_out), colour))
            if self.each_seed:
                each = charts.seed_curves(mine, columns, held_out)[: MOST_DRAWN // len(comparison.losses)]
                fainter += [charts.Series(one, faint(colour, dark=dark)) for one in each]
                continue
            fainter.append(charts.Series(charts.median_curve(mine, columns, train), faint(colour, dark=dark)))
            band = charts.band_of(mine, columns, held_out, tint(colour, dark=dark))
            bands += [band] if band else []
        epochs = comparison.hyperparameters.epochs
        return _texts(charts.line_chart([*series, *fainter], room.size.width, room.size.height, epochs, bands))

    def _sweeps(self, curves: Curves, room: Lines) -> list[Text]:
        charts = importlib.import_module("lossterm.charts")
        dark = self.app.current_theme.dark
        sweeps = [
            (
                [charts.Point(p.learning_rate, p.mean, p.chosen) for p in standing.sweep if p.mean is not None],
                colour_of(standing.loss, dark=dark),
            )
            for standing in curves.report.standings
            if standing.tuned_by == curves.report.asked.comparison.metric  # one axis, one metric
        ]
        return _texts(charts.sweep_chart(sweeps, room.size.width, room.size.height))

    def _paint_anatomy(self) -> None:
        anatomy = importlib.import_module("lossterm.anatomy")  # slow too, as charts are
        known, models = anatomy.drawable(self.ticked), self._models()
        self.border_title = "Anatomy: loss and slope"
        self.border_subtitle = (
            explain.axis(known) if self.both else ("bars: training rows of the models" if models else "")
        )
        room = self.query_one("#chart-anatomy", Lines)
        dark = self.app.current_theme.dark
        drawn = known, models, room.size, dark
        if room.size.width and drawn != self._drawn:  # each look at the store comes by here, and few bring anything new
            self._drawn = drawn
            room.show(_texts(anatomy.lines(known, models, room.size.width, room.size.height, dark=dark)))

    def _models(self) -> dict[str, list[Anatomy]]:
        """Return what the judged models of the losses that are drawn do on their training rows."""
        same = self.curves is not None and self.curves.report.asked.comparison.protocol == self.protocol
        rows = self.curves.report.judged() if self.curves and same else []
        keys = {loss.key for loss in self.ticked}
        found: dict[str, list[Anatomy]] = {}
        for row in rows:
            if row.anatomy and row.trial.loss in keys:
                found.setdefault(row.trial.loss, []).append(row.anatomy)
        return found


def what_to_do(view: View, task: str) -> str:
    """Say what an empty chart waits for: the worker, or a person."""
    worker = view.worker
    training = any(not row.ended for row in view.rows.values() if row.trial.task == task)
    if training and worker and worker.state == "training":
        return f"Compiling {worker.message} …"
    if training:
        return "Waiting for TensorFlow to load …"
    text = "No curves yet.\n\nTick losses with space,\nthen press r to train them."
    if worker and worker.state == "loading":
        text += "\n\nTensorFlow is loading meanwhile."
    return text


def _texts(lines: Any) -> list[Text]:
    """Give lines their type back, which is lost where charts are loaded late."""
    return list(lines)
