"""What a sweep's chart shows: how far each loss is ahead of the reference over severity, and who is best where.

Slow to import, as charts are, so the app imports it on first use.
"""

import math

import numpy as np

from lossterm.charts import severity_chart
from lossterm.charts.drawing import Drawing, Prepared
from lossterm.charts.loss_colours import tint
from lossterm.charts.terminal_style import Style
from lossterm.stress_axes import written
from lossterm.stress_sweeps.contamination import Contamination
from lossterm.stress_sweeps.curve import SweepCurve


def chart(curve: SweepCurve, style: Style, width: int, height: int, found: Contamination | None = None) -> Drawing:
    """Draw a sweep in `width` × `height` cells; see `charts.severity_chart`."""
    return prepared(curve, style, width, height, found).draw()


def prepared(curve: SweepCurve, style: Style, width: int, height: int, found: Contamination | None = None) -> Prepared:
    """Lay the chart out."""
    axis = curve.asked.axis
    own = None if found is None else min(axis.place(found.level), curve.places[-1])
    below = severity_chart.SeverityAxis(
        places=curve.places,
        labels=tuple(written(axis, level) for level in curve.levels),
        title=f"Δ {curve.metric} to {curve.asked.reference}; {axis.title}",
        own=own,
    )
    lines = [_line(curve, loss, style) for loss in curve.others]
    return severity_chart.prepared(lines, _ribbon(curve, style), below, curve.rope, width, height, dark=style.dark)


def _line(curve: SweepCurve, loss: str, style: Style) -> severity_chart.SeverityLine:
    points, colour = curve.points[loss], style.colour(loss)
    tipping = curve.tipping_points[loss]
    shown = tipping is not None and tipping.found and curve.shown_ahead(loss, curve.asked.reference)
    return severity_chart.SeverityLine(
        name=loss,
        colour=colour,
        tint=tint(colour, dark=style.dark),
        gains=np.array([math.nan if one.gain is None else one.gain for one in points]),
        low=np.array([one.band[0] if one.band and style.bands else math.nan for one in points]),
        high=np.array([one.band[1] if one.band and style.bands else math.nan for one in points]),
        tipping=tipping.place if tipping is not None and shown else math.nan,
    )


def _ribbon(curve: SweepCurve, style: Style) -> list[severity_chart.Stretch]:
    return [
        severity_chart.Stretch(loss=leader.loss, colour=style.colour(leader.loss), tied=bool(leader.tied))
        if leader
        else severity_chart.Stretch(loss="", colour=(0, 0, 0), tied=False)
        for leader in curve.leaders
    ]
