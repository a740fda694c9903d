"""Numbers to terminal charts. NumPy is slow to import, so the app does it after its first paint."""

from lossterm.charts.bundle import BAND, Bundle, smoothed
from lossterm.charts.canvas import told
from lossterm.charts.lines import BROKEN, POINT, Band, Frame, Series, line_chart
from lossterm.charts.shapes import SIDE_BY_SIDE, Drawn, Measured, anatomy_chart
from lossterm.charts.sweeps import Point, sweep_chart
from lossterm.palette import Colour

__all__ = [
    "BAND",
    "BROKEN",
    "POINT",
    "SIDE_BY_SIDE",
    "Band",
    "Bundle",
    "Colour",
    "Drawn",
    "Frame",
    "Measured",
    "Point",
    "Series",
    "anatomy_chart",
    "line_chart",
    "smoothed",
    "sweep_chart",
    "told",
]
