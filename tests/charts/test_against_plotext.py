"""Our pictures beside plotext's own figures of the same series, made by its public functions from the plain numbers."""

from functools import reduce
from operator import or_

import numpy as np
import plotext
import pytest

from lossterm.charts.axes import Axis
from lossterm.charts.learning_rate_sweep import Point, sweep_chart
from lossterm.charts.line_chart import Frame, Series, line_chart
from lossterm.charts.loss_colours import Colour
from lossterm.charts.plot import Plot

ORANGE, BLUE, GREEN = (230, 159, 0), (0, 104, 168), (0, 158, 115)
WIDTH, HEIGHT = 60, 20
Curve = tuple[np.ndarray, np.ndarray, Colour]


def plotext_figure(curves: list[Curve], x: Axis, y: Axis, *, lines: bool = True) -> str:
    """Return what plotext itself prints, colours and all, for curves that it is given from back to front.

    Of a logarithmic axis it is given the logarithms: its own takes limits that way and data otherwise.
    """

    def scaled(axis: Axis, numbers: np.ndarray) -> list[float]:
        return list((np.log10(numbers) if axis.log else numbers).astype(float))

    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.plot_size(WIDTH, HEIGHT)
    plotext.theme("clear")
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    plotext.xlim(*scaled(x, np.array([x.low, x.high])))
    plotext.ylim(*scaled(y, np.array([y.low, y.high])))
    plotext.xticks(scaled(x, np.array([tick for tick, _ in x.ticks])), [label for _, label in x.ticks])
    plotext.yticks(scaled(y, np.array([tick for tick, _ in y.ticks])), [label for _, label in y.ticks])
    draw = plotext.plot if lines else plotext.scatter
    for across, up, colour in curves:
        draw(scaled(x, across), scaled(y, up), marker="braille", color=colour)
    return str(plotext.build())


def overlaid(curves: list[Curve], x: Axis, y: Axis) -> list[str]:
    """Return plotext's figures of single curves laid over each other: a cell has the dots of all of them."""
    rows = [words(plotext_figure([curve], x, y)) for curve in curves]
    return ["".join(map(overlaid_cell, zip(*row, strict=True))) for row in zip(*rows, strict=True)]


def overlaid_cell(signs: tuple[str, ...]) -> str:
    dots = [ord(sign) for sign in signs if "\u2800" <= sign <= "\u28ff"]
    return chr(reduce(or_, dots)) if dots else signs[0]


def words(picture: str) -> list[str]:
    """Return the lines of a picture without its colours."""
    return str(plotext.uncolorize(picture)).rstrip("\n").split("\n")


def axis(low: float, high: float, *, log: bool = False) -> Axis:
    """Return an axis with both its ends written, where both pictures write them alike."""
    return Axis(low, high, ((low, f"{low:g}"), (high, f"{high:g}")), log=log)


def cells(curves: list[Curve], x: Axis, y: Axis, *, lines: bool = True) -> list[str]:
    """Return our lines."""
    plot = Plot(WIDTH, HEIGHT, x, y)
    for curve in curves:
        (plot.line if lines else plot.dots)(*curve)
    return [line.plain for line in plot.picture().drawing().lines]


def curves_of(points: int, *, noise: float) -> list[Curve]:
    random = np.random.default_rng(points)
    x = np.arange(1, points + 1, dtype=float)
    return [
        (x, np.clip(np.exp(-x / points * 4) * high + noise * random.normal(size=points), 0.02, 1), colour)
        for high, colour in ((0.9, ORANGE), (0.7, BLUE), (0.5, GREEN))
    ]


@pytest.mark.parametrize("log", [False, True], ids=["linear", "log"])
def test_lines_are_plotexts_own_with_few_points_and_with_many(log: bool) -> None:
    for points in (2, 3, 50, 190, 5000):
        curves = curves_of(points, noise=0.001)
        x, y = axis(1, points), axis(0.01, 1, log=log)
        assert cells(curves[:1], x, y) == words(plotext_figure(curves[:1], x, y)), points
        assert cells(curves, x, y) == overlaid(curves, x, y), points


def test_dots_are_plotexts_own() -> None:
    random = np.random.default_rng(0)
    curves = [(random.uniform(0, 1, 300), random.uniform(0, 1, 300), ORANGE)]
    assert cells(curves, axis(0, 1), axis(0, 1), lines=False) == words(
        plotext_figure(curves, axis(0, 1), axis(0, 1), lines=False)
    )


def test_each_cell_has_plotexts_colour() -> None:
    curves = curves_of(190, noise=0.05)
    x, y = axis(1, 190), axis(0, 1)
    theirs = plotext_figure(curves, x, y)
    plot = Plot(WIDTH, HEIGHT, x, y)
    for curve in curves:
        plot.line(*curve)
    drawing = plot.picture().drawing()
    for row, line in enumerate(theirs.rstrip("\n").split("\n")[: HEIGHT - 2]):
        for column, colour in coloured(line):
            styles = [span.style for span in drawing.lines[row].spans if span.start <= column < span.end]
            assert [str(style) for style in styles] == ["#{:02x}{:02x}{:02x}".format(*colour)], (row, column)


def coloured(line: str) -> list[tuple[int, Colour]]:
    """Return the columns of a line that have a colour of their own, as the terminal is told it."""
    found, column, colour = [], 0, None
    for part in line.split("\x1b[")[0:]:
        code, _, text = part.partition("m") if "m" in part else ("", "", part)
        if code.startswith("38;2;"):
            red, green, blue = (int(one) for one in code.split(";")[2:5])
            colour = (red, green, blue)
        elif code == "0":
            colour = None
        found += [(column + place, colour) for place, sign in enumerate(text) if colour and sign.strip()]
        column += len(text)
    return found


def test_a_chart_of_epochs_is_plotexts_figure_of_the_same_series() -> None:
    values = np.linspace(1, 0, 300) ** 2
    values[137] = 1.0
    ours = line_chart([Series(values, ORANGE)], WIDTH, HEIGHT, Frame(last=300))
    (region,) = ours.regions
    x = axis(1, 300)
    theirs = words(plotext_figure([(np.arange(1.0, 301), values, ORANGE)], x, Axis(0, 1, ((0, "0.0"), (1, "1.0")))))
    for row in range(region.rows):
        assert ours.lines[row].plain[region.left :] == theirs[row][region.left :]


def test_a_sweep_is_plotexts_figure_of_the_same_points() -> None:
    rates, scores = np.array([0.001, 0.003, 0.01, 0.03, 0.1]), np.array([0.5, 0.7, 0.9, 0.8, 0.6])
    points = [Point(rate, score, False) for rate, score in zip(rates.tolist(), scores.tolist(), strict=True)]
    drawing = sweep_chart([(points, ORANGE)], WIDTH, HEIGHT)
    (region,) = drawing.regions
    theirs = words(plotext_figure([(rates, scores, ORANGE)], region.x, Axis(0.5, 0.9, ((0.5, "0.5"), (0.9, "0.9")))))
    for row in range(region.rows):
        assert drawing.lines[row].plain[region.left :] == theirs[row][region.left :]
