"""Drawings: where numbers lie in them, alone, above and beside each other, whatever the labels say."""

import numpy as np
import pytest

from lossterm.charts.axes import Axis, even_axis
from lossterm.charts.drawing import Drawing, Region, in_words
from lossterm.charts.learning_rate_sweep import Point, sweep_chart
from lossterm.charts.line_chart import Frame, Series, line_chart
from lossterm.charts.loss_anatomy import SIDE_BY_SIDE, LossShape, anatomy_chart

ORANGE = (230, 159, 0)


def drawn(first: int = 1, last: int = 100, width: int = 80, height: int = 20, top: float = 1.0) -> Drawing:
    values = np.linspace(top, 0, last)
    return line_chart([Series(values, ORANGE, "hinge")], width, height, Frame(first=first, last=last, names=20))


def test_the_region_is_what_lies_between_the_axes() -> None:
    drawing = drawn()
    (region,) = drawing.regions
    for place, line in enumerate(drawing.lines):
        inside = region.top <= place < region.top + region.rows
        assert (line.plain[region.left - 1] in "│┤") == inside
    rule = drawing.lines[region.top + region.rows].plain
    assert rule.strip() == rule[region.left - 1 : region.left + region.columns]


@pytest.mark.parametrize(("first", "last"), [(1, 2), (1, 100), (40, 60), (1, 5000)])
def test_a_column_is_the_epoch_that_is_drawn_there(first: int, last: int) -> None:
    drawing = drawn(first, last)
    (region,) = drawing.regions
    assert region.x_at(region.left) == first
    assert region.x_at(region.left + region.columns - 1) == last
    assert region.x_at(region.left - 1) is None
    assert region.x_at(region.left + region.columns) is None
    step = (last - first) / (region.columns - 1)
    for epoch in range(first, last + 1, max(1, (last - first) // 50)):
        column = region.left + round((epoch - first) / step)
        at = region.x_at(column)
        assert at is not None
        assert abs(at - epoch) <= step / 2 + 1e-9


def test_a_column_of_a_logarithmic_axis_is_a_rate() -> None:
    points = [Point(rate, 0.5, rate == 0.01) for rate in (0.001, 0.01, 0.1)]
    (region,) = sweep_chart([(points, ORANGE)], 60, 15).regions
    middle = region.x_at(region.left + (region.columns - 1) // 2)
    assert middle == pytest.approx(0.01, rel=0.1)
    assert region.x.at(0) == pytest.approx(region.x.low)
    assert region.x.at(1) == pytest.approx(region.x.high)


@pytest.mark.parametrize("log", [False, True])
def test_a_share_of_an_axis_and_the_number_there_are_each_others_inverse(log: bool) -> None:
    axis = Axis(0.5, 80.0, log=log)
    for share in np.linspace(0, 1, 9).tolist():
        assert float(axis.share(np.array([axis.at(share)]))[0]) == pytest.approx(share)


def test_of_two_charts_above_each_other_each_has_its_own_labels_and_epochs() -> None:
    upper, lower = drawn(1, 100), drawn(51, 100, top=123456.0)
    both = upper.above(lower)
    assert len(both.lines) == 40
    assert both.lines == upper.lines + lower.lines
    one, two = both.regions
    assert one.left != two.left  # their labels are not equally wide
    assert (one.top, two.top) == (0, 20)
    assert both.x_at(one.left, 3) == 1
    assert both.x_at(one.left, 19) == 1  # what is written beneath belongs to the chart
    assert both.x_at(two.left, 20) == 51
    assert both.x_at(one.left, 25) is None  # there the labels of the lower one stand


def test_of_two_charts_beside_each_other_each_has_its_own_columns() -> None:
    left, right = drawn(1, 100, width=40), drawn(51, 100, width=50)
    both = left.beside(right)
    assert {line.cell_len for line in both.lines} == {90}
    assert both.x_at(left.regions[0].left, 4) == 1
    assert both.x_at(40 + right.regions[0].left, 4) == 51
    assert both.x_at(40, 4) is None


@pytest.mark.parametrize("width", [SIDE_BY_SIDE - 1, SIDE_BY_SIDE])
def test_the_anatomy_has_a_region_for_the_loss_and_one_for_its_slope(width: int) -> None:
    x = np.linspace(-3, 3, 301)
    drawing = anatomy_chart([LossShape(x=x, values=x**2, slopes=2 * x, colour=ORANGE)], [], width, 20)
    for region in drawing.regions:
        for line in drawing.lines[region.top : region.top + region.rows]:
            assert line.plain[region.left - 1] in "│┤"
        assert (region.x.low, region.x.high) == (-3, 3)
    assert len(drawing.regions) == 2


def test_words_and_a_single_column_have_no_numbers() -> None:
    words = in_words("No loss is shown.", 40, 5)
    assert (len(words.lines), words.regions, words.x_at(3, 2)) == (5, (), None)
    assert Region(left=2, top=0, columns=1, rows=4, x=even_axis(1, 9, 1)).x_at(2) is None
    assert Drawing(lines=()).beside(Drawing(lines=())) == Drawing(lines=())
