"""The pictures of a report: scores with their intervals, curves over epochs, and the sweep of learning rates."""

from array import array
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from lossterm.charts.loss_colours import colour_of, colour_text
from lossterm.comparison.curve_layout import CurveValue
from lossterm.comparison.protocol import Protocol, SplitName
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.export.html import svg
from lossterm.metrics import FOLLOWED, metric_named
from lossterm.reports.cells import centre, gap_and_ends, verdict_in_words
from lossterm.reports.collapsed_trials import ends_of_curves
from lossterm.reports.report import Report, Standing

if TYPE_CHECKING:
    from lossterm.charts.axes import Axis

CurvesByTrial = Mapping[int, "array[float]"]
"""Number of a trial → its curve, (epochs, columns) row by row."""

_ROW = 26.0
"""Height of a loss in the picture of scores."""


def colour(loss: str) -> str:
    """Return the class of a loss's colour: the same for the same colour in the app."""
    return f"c{colour_text(colour_of(loss, dark=False))[1:]}{colour_text(colour_of(loss, dark=True))[1:]}"


def rules(losses: Sequence[str], *, dark: bool) -> str:
    """Return what colours the lines, areas and marks of losses, on a light or a dark ground."""
    styles = {}
    for loss in losses:
        name, value = colour(loss), colour_text(colour_of(loss, dark=dark))
        styles[name] = f".line.{name},.ring.{name}{{stroke:{value}}}.dot.{name},.band.{name}{{fill:{value}}}"
    return "".join(styles.values())


# Scores


def scores(report: Report) -> str:
    """Draw each loss's mean and its interval, best first; "" where there is none."""
    import numpy as np

    ranked = [standing for standing in report.standings if standing.centre is not None]
    ends = [end for s in ranked for end in (s.centre_ci or (s.centre, s.centre))]
    axis = svg.number_axis(np.array(ends, np.float64)) if ranked else None
    if axis is None:
        return ""
    if axis.low < 0 and not metric_named(report.asked.comparison.metric).signed:
        axis = msgspec.structs.replace(axis, low=0.0)  # where an interval goes on below, there is nothing
    width, left, right = 760.0, 210.0, 500.0
    bottom = svg.TOP + _ROW * len(ranked)
    place = svg.level_scale(axis, left, right)
    title = f"Test {report.asked.comparison.metric}: {'median' if report.by_median else 'mean'} and 95 % interval"
    drawn = [svg.text(8, 16, title, kind="title")]
    for number, label in _spaced_ticks(axis, place):
        drawn += [svg.stroke(place(number), svg.TOP - 4, place(number), bottom, "grid")]
        drawn += [svg.text(place(number), bottom + 16, label, anchor="middle")]
    first = ranked[0].centre
    if first is not None:
        drawn.append(svg.stroke(place(first), svg.TOP - 4, place(first), bottom, "best"))
    for number, standing in enumerate(ranked):
        drawn += _score(standing, svg.TOP + _ROW * (number + 0.5), place)
    return svg.picture(title, width, bottom + 28, drawn)


def _spaced_ticks(axis: "Axis", place: svg.AxisScale) -> list[tuple[float, str]]:
    """Return the ticks whose labels do not touch, in the axis's own order of need."""
    kept: list[tuple[float, str]] = []
    for number, label in axis.ticks:
        if axis.low <= number <= axis.high and all(abs(place(number) - place(other)) > 48 for other, _ in kept):
            kept.append((number, label))
    return kept


def _score(standing: Standing, y: float, place: svg.AxisScale) -> list[str]:
    kind, middle = colour(standing.loss), standing.centre
    assert middle is not None
    drawn = [svg.text(200, y + 4, svg.shortened(standing.loss), kind="name", anchor="end")]
    if standing.centre_ci:
        low, high = (place(end) for end in standing.centre_ci)
        drawn += [svg.stroke(low, y, high, y, f"line {kind}")]
        drawn += [svg.stroke(end, y - 5, end, y + 5, f"line {kind}") for end in (low, high)]
    drawn.append(f'<circle cx="{place(middle):.1f}" cy="{y:.1f}" r="5" class="dot {kind}"/>')
    words = [centre(standing), verdict_in_words(standing) if standing.verdict or standing.collapses else ""]
    words += [f"Δ {gap_and_ends(standing.difference)[0]}"] if standing.difference else []
    return [*drawn, svg.text(512, y + 4, ", ".join(filter(None, words)))]


# Curves


def metric_curves(report: Report, curves: CurvesByTrial) -> str:
    """Draw the metric of every loss on held-out rows: the median over seeds, and where 80 % of them lie."""
    split = _protocol(report).held_out
    lines = [
        line
        for place, standing in enumerate(report.standings)
        if (line := _line(report, curves, standing, split, "metric", svg.DASHES[place % len(svg.DASHES)]))
    ]
    metric = FOLLOWED[report.asked.comparison.record.kind]
    return _over_epochs(f"{split.capitalize()} {metric}, median and 80 % of seeds", lines, 340)


def loss_curves(report: Report, curves: CurvesByTrial, standing: Standing) -> str:
    """Draw one loss as it was trained: its value on the training and on held-out rows."""
    split = _protocol(report).held_out
    asked: tuple[tuple[SplitName, str], ...] = ((split, ""), ("train", "5 3"))
    lines = [_renamed(line, one) for one, dash in asked if (line := _line(report, curves, standing, one, "loss", dash))]
    return _over_epochs(f"{svg.shortened(standing.loss)}: its own value", lines, 240)


def _protocol(report: Report) -> Protocol:
    return protocol_named(report.asked.comparison.protocol)


def _renamed(line: svg.Line, split: str) -> svg.Line:
    return msgspec.structs.replace(line, name=split)


def _line(
    report: Report, curves: CurvesByTrial, standing: Standing, split: SplitName, what: CurveValue, dash: str
) -> svg.Line | None:
    """Return the median over the judged trials of a loss, None where none of them has an epoch."""
    import numpy as np

    from lossterm.charts.band_over_seeds import BandOverSeeds

    layout = _protocol(report).curves
    rows = [row for row in report.judged() if row.trial.loss == standing.loss]
    judged = {row.id: curves[row.id] for row in rows if len(curves.get(row.id, ())) >= layout.columns}
    if not judged:
        return None
    bundle = BandOverSeeds(layout.columns, layout.column(split, what))
    bundle.feed(judged)
    several = bundle.trials > 1
    return svg.Line(
        name=standing.loss,
        colour=colour(standing.loss),
        x=np.arange(1, len(bundle.median) + 1),
        y=bundle.median,
        low=bundle.low if several else None,
        high=bundle.high if several else None,
        dash=dash,
        collapsed=ends_of_curves(rows, report.collapsed, curves, layout.columns, layout.column(split, what)),
    )


def _over_epochs(title: str, lines: Sequence[svg.Line], least: float) -> str:
    import numpy as np

    from lossterm.charts.axes import exact_axis

    values = [part for line in lines for part in (line.y, line.low, line.high) if part is not None]
    values += [np.array([y for _, y in line.collapsed], np.float64) for line in lines]
    axis = svg.number_axis(np.concatenate(values)) if values else None
    if axis is None:
        return ""
    epochs = max(len(line.y) for line in lines)
    frame = svg.Chart(
        title=title,
        across="epoch",
        level=exact_axis(1, max(epochs, 2), 24),
        upright=axis,
        height=svg.height_for(len(lines), least),
    )
    return svg.chart(frame, lines)


# Learning rates


def sweep(report: Report) -> str:
    """Draw the validation score at every learning rate, the chosen one ringed; "" where only one was tried."""
    import numpy as np

    from lossterm.charts.axes import Axis

    c = report.asked.comparison
    shown = [s for s in report.standings if any(point.mean is not None for point in s.sweep)]
    if not c.tuned or not shown:
        return ""
    nothing = float("nan")
    lines = [
        svg.Line(
            name=standing.loss,
            colour=colour(standing.loss),
            x=np.array([point.learning_rate for point in standing.sweep]),
            y=np.array([nothing if point.mean is None else point.mean for point in standing.sweep], np.float64),
            dash=svg.DASHES[place % len(svg.DASHES)],
            ringed=next((point.learning_rate for point in standing.sweep if point.chosen), None),
            dots=True,
        )
        for place, standing in enumerate(shown)
    ]
    axis = svg.number_axis(np.concatenate([line.y for line in lines]))
    assert axis is not None
    metrics = ", ".join(dict.fromkeys(standing.tuned_by for standing in shown))
    ticks = tuple((rate, f"{rate:g}") for rate in c.rates_tried)
    frame = svg.Chart(
        title=f"Mean validation {metrics} by learning rate; a ring is the choice",
        across="learning rate",
        level=Axis(c.rates_tried[0], c.rates_tried[-1], ticks, log=True),
        upright=axis,
        height=svg.height_for(len(lines), 300),
    )
    return svg.chart(frame, lines)
