"""Learning-rate sweeps: validation scores over rates."""

from collections.abc import Sequence

import msgspec
import numpy as np

from lossterm.charts.axes import Axis, value_axis
from lossterm.charts.drawing import Drawing, Prepared, prepared_words
from lossterm.charts.line_chart import POINT
from lossterm.charts.loss_colours import Colour
from lossterm.charts.plot import Plot
from lossterm.charts.text_lines import SMALLEST


class Point(msgspec.Struct, frozen=True):
    """One learning rate of a sweep."""

    rate: float
    """Learning rate, above 0."""
    score: float
    """Mean validation score, finite."""
    chosen: bool
    """Whether the loss is judged at this rate."""


_Sweep = tuple[Sequence[Point], Colour]


def sweep_chart(sweeps: Sequence[_Sweep], width: int, height: int) -> Drawing:
    """Draw validation scores over learning rates on a logarithmic axis, each chosen rate as a filled circle.

    The points of each sweep ascend. Returns `height` lines of `width` cells; words where there is nothing to draw or
    no room.
    """
    return prepared(sweeps, width, height).draw()


def prepared(sweeps: Sequence[_Sweep], width: int, height: int) -> Prepared:
    """Lay out a `sweep_chart`."""
    points = [point for one, _ in sweeps for point in one]
    if not points:
        return prepared_words("No learning rate has a score yet.", width, height)
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return prepared_words("Too small to draw.", width, height)
    plot = Plot(
        width,
        height,
        _rate_axis(sorted({point.rate for point in points}), width),
        value_axis(np.array([point.score for point in points]), height),
    )
    for sweep in reversed(sweeps):
        plot.line(*_line(sweep))
    return Prepared(draw=lambda: _drawn(plot, sweeps), cost=plot.cost)


def _line(sweep: _Sweep) -> tuple[np.ndarray, np.ndarray, Colour]:
    points, colour = sweep
    return np.array([point.rate for point in points]), np.array([point.score for point in points]), colour


def _drawn(plot: Plot, sweeps: Sequence[_Sweep]) -> Drawing:
    picture = plot.picture()
    for sweep in reversed(sweeps):
        picture.mark_clipped(*_line(sweep))
    for points, colour in reversed(sweeps):
        for point in points:
            if point.chosen:
                picture.mark_at(point.rate, point.score, POINT, colour)
    return picture.drawing()


def _rate_axis(rates: Sequence[float], width: int) -> Axis:
    """Return an axis with as many of the rates written as have room beside each other, both ends first."""
    aside = (rates[-1] / rates[0]) ** 0.05 if len(rates) > 1 else 3.0
    labels = [f"{rate:g}" for rate in rates]
    room = max(2, width // (max(map(len, labels)) + 3))
    kept = sorted({round(place) for place in np.linspace(0, len(rates) - 1, min(room, len(rates)))})
    order = [kept[0], *kept[:0:-1]]
    return Axis(rates[0] / aside, rates[-1] * aside, tuple((rates[place], labels[place]) for place in order), log=True)
