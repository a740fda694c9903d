"""Learning-rate sweeps: validation scores over rates."""

from collections.abc import Sequence

import msgspec
import numpy as np
from rich.text import Text

from lossterm.charts.canvas import SMALLEST, Colour, built, frame, limits


class Point(msgspec.Struct, frozen=True):
    """One learning rate of a sweep."""

    rate: float
    """Learning rate, above 0."""
    score: float
    """Mean validation score, finite."""
    chosen: bool
    """Whether the loss is judged at this rate."""


def sweep_chart(sweeps: Sequence[tuple[Sequence[Point], Colour]], width: int, height: int) -> list[Text]:
    """Draw validation scores over learning rates on a logarithmic axis, each chosen rate as a filled circle.

    Returns one Text per line, all of the given width; words where there is nothing to draw.
    """
    points = [point for one, _ in sweeps for point in one]
    if not points:
        return [Text("No learning rate has a score yet.", "dim")]
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return [Text("Too small to draw.", "dim")]
    rates = sorted({point.rate for point in points})
    places = [float(np.log10(rate)) for rate in rates]
    low, high = limits(np.array([point.score for point in points]))
    margin = 0.05 * (places[-1] - places[0]) or 0.5
    figure = frame(
        width,
        height,
        (places[0] - margin, places[-1] + margin),
        (low, high),
        _apart(places, [f"{rate:g}" for rate in rates], width),
    )
    for one, colour in reversed(sweeps):
        x = [float(np.log10(point.rate)) for point in one]
        figure.plot(x, [min(max(p.score, low), high) for p in one], marker="braille", color=colour)
    for one, colour in reversed(sweeps):
        chosen = [point for point in one if point.chosen]
        x = [float(np.log10(point.rate)) for point in chosen]
        figure.scatter(x, [min(max(p.score, low), high) for p in chosen], marker="●", color=colour)
    return built(figure, width, height)


def _apart(places: Sequence[float], labels: Sequence[str], width: int) -> tuple[list[float], list[str]]:
    """Return as many ticks as have room beside each other, the first and last among them."""
    room = max(2, width // (max(map(len, labels)) + 3))
    kept = sorted({round(place) for place in np.linspace(0, len(places) - 1, min(room, len(places)))})
    return [places[place] for place in kept], [labels[place] for place in kept]
