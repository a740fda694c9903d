"""Numbers to terminal charts, drawn by plotext. Slow to import, so the app does it after its first paint."""

from lossterm.charts.canvas import LEFT_OUT, Colour
from lossterm.charts.lines import (
    BAND,
    MOST_MEDIANS,
    Band,
    Series,
    band_of,
    decimate,
    line_chart,
    median_curve,
    seed_curves,
)
from lossterm.charts.shapes import SIDE_BY_SIDE, Drawn, Measured, anatomy_chart
from lossterm.charts.sweeps import Point, sweep_chart

__all__ = [
    "BAND",
    "LEFT_OUT",
    "MOST_MEDIANS",
    "SIDE_BY_SIDE",
    "Band",
    "Colour",
    "Drawn",
    "Measured",
    "Point",
    "Series",
    "anatomy_chart",
    "band_of",
    "decimate",
    "line_chart",
    "median_curve",
    "seed_curves",
    "sweep_chart",
]
