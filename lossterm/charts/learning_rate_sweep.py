"""Learning-rate sweeps: validation scores over rates."""

from collections.abc import Sequence

import msgspec
import numpy as np

from lossterm.charts.axes import Axis, value_axis
from lossterm.charts.canvas import SMALLEST
from lossterm.charts.drawing import Drawing, in_words
from lossterm.charts.line_chart import POINT
from lossterm.charts.loss_colours import Colour
from lossterm.charts.plot import Plot


class Point(msgspec.Struct, frozen=True):
    """One learning rate of a sweep."""

    rate: float
    """Learning rate, above 0."""
    score: float
    """Mean validation score, finite."""
    chosen: bool
    """Whether the loss is judged at this rate."""


def sweep_chart(sweeps: Sequence[tuple[Sequence[Point], Colour]], width: int, height: int) -> Drawing:
    """Draw validation scores over learning rates on a logarithmic axis, each chosen rate as a filled circle.

    The points of each sweep ascend. Returns `height` lines of `width` cells; words where there is nothing to draw or
    no room.
    """
    points = [point for one, _ in sweeps for point in one]
    if not points:
        return in_words("No learning rate has a score yet.", width, height)
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return in_words("Too small to draw.", width, height)
    plot = Plot(
        width,
        height,
        _rate_axis(sorted({point.rate for point in points}), width),
        value_axis(np.array([point.score for point in points]), height),
    )
    for one, colour in reversed(sweeps):
        rates, scores = np.array([point.rate for point in one]), np.array([point.score for point in one])
        plot.line(rates, scores, colour)
        plot.clipped(rates, scores, colour)
    for one, colour in reversed(sweeps):
        for point in one:
            if point.chosen:
                plot.mark(point.rate, point.score, POINT, colour)
    return plot.drawing()


def _rate_axis(rates: Sequence[float], width: int) -> Axis:
    """Return an axis with as many of the rates written as have room beside each other, both ends first."""
    aside = (rates[-1] / rates[0]) ** 0.05 if len(rates) > 1 else 3.0
    labels = [f"{rate:g}" for rate in rates]
    room = max(2, width // (max(map(len, labels)) + 3))
    kept = sorted({round(place) for place in np.linspace(0, len(rates) - 1, min(room, len(rates)))})
    order = [kept[0], *kept[:0:-1]]
    return Axis(rates[0] / aside, rates[-1] * aside, tuple((rates[place], labels[place]) for place in order), log=True)
