"""The overlaid curves of a comparison, as the present view shows them.

Slow to import, as charts are, so the app imports it when there is something to draw.
"""

from array import array
from collections.abc import Iterable, Sequence
from statistics import median

import msgspec
import numpy as np

from lossterm.charts import band_over_seeds, learning_rate_sweep, line_chart, smoothing
from lossterm.charts.drawing import Prepared, prepared_words
from lossterm.charts.loss_colours import tint
from lossterm.charts.terminal_style import Style
from lossterm.comparison.curve_layout import CurveLayout, CurveValue
from lossterm.comparison.protocol import SplitName
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.figures.curve_view_state import CurveViewState
from lossterm.metrics import FOLLOWED
from lossterm.reports.collapsed_trials import ends_of_curves
from lossterm.reports.report import Report
from lossterm.store import TrialRow
from lossterm.text.numbers import brief_duration

MOST_DRAWN = 30
"""Single curves in one chart: more would show nothing but a blur."""

NAMED_FROM = 48
"""Width from which the curves' names stand at their right ends."""

LONGEST_NAME = 26
"""Columns that a name and its value take at most."""

PINNED = "▸"
"""Stands before the name of a loss that is pinned."""

_VALUE = 10
"""Columns that a value takes at most, with a blank before it and one before the name."""


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """The curves to draw."""

    report: Report
    """The standings, which say at which learning rate each loss is judged."""
    values: dict[int, "array[float]"]
    """Curve of each trial that has one."""

    @property
    def held_out(self) -> SplitName:
        """The split that bright curves show."""
        return protocol_named(self.report.asked.comparison.protocol).held_out

    @property
    def layout(self) -> CurveLayout:
        """How they are laid out."""
        return protocol_named(self.report.asked.comparison.protocol).followed

    @property
    def metric(self) -> str:
        """The metric that the engine follows, whatever ranks."""
        return FOLLOWED[self.report.asked.comparison.record.kind]

    @property
    def epochs(self) -> int:
        """Epochs asked for."""
        return self.report.asked.comparison.hyperparameters.epochs


def seconds_at(curves: Curves, epoch: int) -> float | None:
    """Return how long a training takes to an epoch, in the median; None before any has ended."""
    paces = [row.seconds / row.epochs for row in curves.report.judged() if row.seconds and row.epochs]
    return epoch * median(paces) if paces else None


def how(curves: Curves, losses: Sequence[str], look: CurveViewState) -> str:
    """Say which splits are drawn, with which smoothing and axis."""
    splits = {
        "both": curves.held_out,
        "held out": curves.held_out,
        "train": "train",
        "apart": f"{curves.held_out} above train",
    }
    words = [splits[look.splits], "log" if look.log else "", f"smooth {look.weight:g}" if look.smoothing else ""]
    hidden = sum(loss in look.hidden for loss in losses)
    return ", ".join(filter(None, [*words, f"{hidden} hidden" if hidden else ""]))


def legend(seeds: int, losses: int, look: CurveViewState, *, bands: bool) -> str:
    """Say what the lines show for this many seeds and losses."""
    if look.each_seed:
        drawn = max(1, MOST_DRAWN // max(losses, 1))
        return f"{'every seed' if seeds <= drawn else f'{drawn} of {seeds} seeds'}; bright: median"
    middle = "median, 80 % of seeds" if bands else "median"
    return f"{middle if seeds > 1 else 'one seed'}{'; faint: train' if look.splits == 'both' else ''}"


def at_cursor(curves: Curves, look: CurveViewState) -> str:
    """Say where the cursor is, and after which time of training; which epochs are shown where there is none."""
    first, last = look.shown(curves.epochs)
    if look.cursor is None:
        return f"epochs {first} to {last} of {curves.epochs}" if look.frames else ""
    epoch = min(look.cursor, curves.epochs)
    seconds = seconds_at(curves, epoch)
    words = f"epoch {epoch} of {curves.epochs}"
    if not seconds:
        return words
    return f"{words} · {brief_duration(seconds)}"


class Overlay:
    """Lays out charts of curves, and caches what was computed: another epoch costs the work of one epoch."""

    def __init__(self) -> None:
        self._bundles: dict[tuple[str, int, int], band_over_seeds.BandOverSeeds] = {}

    def prepared(
        self,
        curves: Curves,
        losses: Sequence[str],
        look: CurveViewState,
        what: CurveValue,
        size: tuple[int, int],
        style: Style,
    ) -> Prepared:
        """Lay out one chart of `size` (columns, lines) with the losses that are not hidden; pinned ones on top.

        Where splits stand apart, two, each with half of the lines.
        """
        width, height = size
        losses = [loss for loss in losses if loss not in look.hidden]
        if not losses:
            return prepared_words("No loss is shown.", width, height)
        if look.splits != "apart":
            return self._chart(curves, losses, look, what, (width, height), style)
        upper = msgspec.structs.replace(look, splits="held out")
        lower = msgspec.structs.replace(look, splits="train")
        below = height // 2
        return self._chart(curves, losses, upper, what, (width, height - below), style).above(
            self._chart(curves, losses, lower, what, (width, below), style)
        )

    def _chart(
        self,
        curves: Curves,
        losses: Sequence[str],
        look: CurveViewState,
        what: CurveValue,
        size: tuple[int, int],
        style: Style,
    ) -> Prepared:
        train = curves.layout.column("train", what)
        bright = train if look.splits == "train" else curves.layout.column(curves.held_out, what)
        judged = curves.report.judged()
        series: list[line_chart.Series] = []
        fainter: list[line_chart.Series] = []
        bands: list[line_chart.Band] = []
        for loss in sorted(losses, key=lambda one: one not in look.pinned):
            rows = [row for row in judged if row.trial.loss == loss]
            bundle = self._fed(loss, rows, curves, bright)
            colour = style.colour(loss)
            ends = tuple(sorted({row.epochs for row in rows if row.status == "diverged"}))
            name = f"{PINNED if loss in look.pinned else ''}{loss}"
            fell = ends_of_curves(rows, curves.report.collapsed, curves.values, curves.layout.columns, bright)
            series.append(line_chart.Series(_smooth(bundle.median, look), colour, name, ends, fell))
            if look.each_seed:
                each = bundle.each(max(1, MOST_DRAWN // len(losses)))
                fainter += [line_chart.Series(_smooth(one, look), style.faint(loss)) for one in each]
                continue
            if style.bands and bundle.trials > 1:
                edges = _smooth(bundle.low, look), _smooth(bundle.high, look)
                bands.append(line_chart.Band(*edges, tint(colour, dark=style.dark)))
            if look.splits == "both":
                other = self._fed(loss, rows, curves, train)
                fainter.append(line_chart.Series(_smooth(other.median, look), style.faint(loss)))
        return line_chart.prepared([*series, *fainter], *size, self._frame(curves, losses, look, size[0], style), bands)

    def _frame(
        self, curves: Curves, losses: Sequence[str], look: CurveViewState, width: int, style: Style
    ) -> line_chart.Frame:
        first, last = look.shown(curves.epochs)
        cursor = None if look.cursor is None else min(look.cursor, curves.epochs)
        named = width >= NAMED_FROM or style.plain or cursor is not None
        longest = max(len(loss) + len(PINNED) * (loss in look.pinned) for loss in losses)
        room = min(longest + _VALUE, LONGEST_NAME) if named else 0
        return line_chart.Frame(first=first, last=last, log=look.log, cursor=cursor, names=room)

    def _fed(self, loss: str, rows: Iterable[TrialRow], curves: Curves, column: int) -> band_over_seeds.BandOverSeeds:
        columns = curves.layout.columns
        bundle = self._bundles.setdefault((loss, columns, column), band_over_seeds.BandOverSeeds(columns, column))
        bundle.feed({row.id: curves.values[row.id] for row in rows if row.id in curves.values})
        return bundle


def _smooth(values: np.ndarray, look: CurveViewState) -> np.ndarray:
    return smoothing.smoothed(values, look.weight)


def sweeps(curves: Curves, losses: Sequence[str], size: tuple[int, int], style: Style) -> Prepared:
    """Lay out the learning rates that were tried, of the losses whose sweep was judged by the metric that ranks.

    Returns `size` (columns, lines); words where there is nothing to draw or no room.
    """
    drawn = [
        (
            [
                learning_rate_sweep.Point(p.learning_rate, p.mean, p.chosen)
                for p in standing.sweep
                if p.mean is not None
            ],
            style.colour(standing.loss),
        )
        for standing in curves.report.standings
        # One axis, one metric.
        if standing.loss in losses and standing.tuned_by == curves.report.asked.comparison.metric
    ]
    return learning_rate_sweep.prepared(drawn, *size)
