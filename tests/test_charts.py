"""Numbers to charts: what must survive, and what must not crash plotext."""

from array import array

import numpy as np
import pytest

from lossterm import charts

ORANGE = (230, 159, 0)


def curve(*values: float) -> "array[float]":
    return array("f", values)


def test_the_median_is_taken_over_those_that_got_there() -> None:
    middle = charts.median_curve([curve(1, 0, 3, 0), curve(5, 0), curve(3, 0, 7, 0)], 2, 0)
    assert middle.tolist() == [3, 5]


def test_values_that_are_not_finite_are_left_out_of_the_median() -> None:
    middle = charts.median_curve([curve(1, np.nan), curve(np.inf, np.nan)], 1, 0)
    assert middle[0] == 1
    assert np.isnan(middle[1])


def test_no_curves_have_no_median() -> None:
    assert len(charts.median_curve([], 4, 0)) == 0
    assert len(charts.median_curve([curve()], 4, 0)) == 0


def test_the_median_equals_numpys() -> None:
    random = np.random.default_rng(0)
    curves = [random.normal(size=30).astype("f") for _ in range(6)]
    middle = charts.median_curve([array("f", one) for one in curves], 1, 0)
    np.testing.assert_allclose(middle, np.median(curves, axis=0), rtol=1e-6)


def test_a_spike_survives_decimation() -> None:
    values = np.zeros(5000)
    values[1234] = 9
    epochs, kept = charts.decimate(values, 40)
    assert len(epochs) <= 2 * 40 + 2
    assert kept.max() == 9
    assert epochs[kept.argmax()] == 1235
    assert (epochs[0], epochs[-1]) == (1, 5000)


@pytest.mark.parametrize("size", [(12, 4), (38, 12), (60, 15), (200, 50)])
@pytest.mark.parametrize(
    "values",
    [
        [0.5],
        [1, 1, 1, 1],
        [0, 0, 0],
        [np.nan, 1, np.nan, 2],
        [1e30, 1e-30, 3],
        [-1, 0, 1],
        list(range(5000)),
        [1, 2, np.inf],
        [1e-40, 2e-40],
    ],
    ids=lambda values: f"{len(values)}x{values[0]}",
)
def test_a_chart_has_the_size_asked_for(size: tuple[int, int], values: list[float]) -> None:
    width, height = size
    lines = charts.line_chart([charts.Series(np.array(values, float), ORANGE)], width, height, len(values))
    assert len(lines) == height
    assert {line.cell_len for line in lines} == {width}
    assert any("⠀" < mark <= "⣿" for line in lines for mark in line.plain)


def test_a_chart_without_anything_finite_says_so() -> None:
    lines = charts.line_chart([charts.Series(np.full(9, np.nan), ORANGE)], 60, 15, 9)
    assert "diverged" in " ".join(line.plain for line in lines)


def test_a_far_outlier_does_not_press_the_rest_flat() -> None:
    values = np.concatenate([np.linspace(1, 0, 300), [1e6]])
    lines = charts.line_chart([charts.Series(values, ORANGE)], 60, 15, 301)
    rows_with_marks = [line for line in lines if any("⠀" < mark <= "⣿" for mark in line.plain)]
    assert len(rows_with_marks) > 8


def test_each_series_keeps_its_colour() -> None:
    lines = charts.line_chart(
        [charts.Series(np.linspace(0, 1, 50), ORANGE), charts.Series(np.linspace(1, 0, 50), (0, 104, 168))], 60, 15, 50
    )
    seen = {str(span.style) for line in lines for span in line.spans}
    assert {"#e69f00", "#0068a8"} <= {style.split()[0] for style in seen}
