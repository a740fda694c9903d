"""Numbers to charts: what must survive, and what must not crash plotext."""

from array import array
from collections.abc import Sequence

import numpy as np
import pytest
from rich.style import Style
from rich.text import Text

from lossterm import charts
from lossterm.charts import Band, Colour, Point, Series

ORANGE, BLUE, GREEN = (230, 159, 0), (0, 104, 168), (0, 158, 115)
DARK, DIM = (40, 30, 0), (0, 20, 50)

SMALL = [(width, height) for width in range(12, 31, 3) for height in range(4, 12)]
LARGE = [(12, 60), (38, 12), (60, 15), (80, 24), (121, 41), (200, 4), (200, 60)]


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


def drawn_curves(count: int, epochs: int, columns: int = 1) -> list[np.ndarray]:
    """Curves that end at different epochs and are not finite here and there, (epochs, columns) each."""
    random = np.random.default_rng(1)
    curves = []
    for number in range(count):
        one = random.normal(size=(epochs - 3 * number, columns)).astype("f")
        one[random.random(one.shape) < 0.2] = random.choice([np.nan, np.inf, -np.inf])
        curves.append(one)
    return curves


@pytest.mark.parametrize("count", [2, 3, 5, 11])
def test_a_band_lies_between_the_quantiles_that_numpy_gives_of_those_that_got_there_and_are_finite(count: int) -> None:
    curves = drawn_curves(count, 40, columns=4)
    band = charts.band_of([array("f", one.ravel()) for one in curves], 4, 2, DARK)
    assert band is not None
    assert len(band.low) == len(band.high) == 40
    known = 0
    for epoch, (low, high) in enumerate(zip(band.low, band.high, strict=True)):
        values = np.array([one[epoch, 2] for one in curves if epoch < len(one)], float)
        values = values[np.isfinite(values)]
        if len(values):
            expected = np.quantile(values, [0.1, 0.9], method="linear")
            np.testing.assert_allclose([low, high], expected, rtol=1e-5, atol=1e-6)
            known += 1
        else:
            assert np.isnan([low, high]).all()
    assert known > 20


def test_fewer_than_two_curves_have_no_band() -> None:
    assert charts.band_of([], 2, 0, DARK) is None
    assert charts.band_of([curve(1, 2, 3, 4)], 2, 0, DARK) is None
    assert charts.band_of([curve(1, 2), curve()], 2, 0, DARK) is None
    assert charts.band_of([curve(1, 2), curve(3, 4)], 2, 0, DARK) is not None


def test_long_curves_have_a_median_and_a_band_at_some_epochs_the_first_and_the_last_among_them() -> None:
    random = np.random.default_rng(2)
    curves = [random.normal(size=3000).astype("f") for _ in range(5)]
    arrays = [array("f", one) for one in curves]
    middle, band = charts.median_curve(arrays, 1, 0), charts.band_of(arrays, 1, 0, DARK)
    assert band is not None
    known = np.flatnonzero(np.isfinite(middle))
    assert len(middle) == len(band.low) == 3000
    assert len(known) == charts.MOST_MEDIANS
    assert (known[0], known[-1]) == (0, 2999)
    np.testing.assert_allclose(middle[known], np.median(curves, axis=0)[known], rtol=1e-5)
    np.testing.assert_allclose(band.high[known], np.quantile(curves, 0.9, axis=0)[known], rtol=1e-4, atol=1e-6)


def test_the_curve_of_one_trial_is_its_own_median_at_every_epoch() -> None:
    values = np.random.default_rng(3).normal(size=3000).astype("f")
    np.testing.assert_array_equal(charts.median_curve([array("f", values)], 1, 0), values)


def test_seeds_keep_their_own_curves() -> None:
    first, second = charts.seed_curves([curve(1, 2, 3, 4), curve(), curve(5, 6)], 2, 1)
    assert (first.tolist(), second.tolist()) == ([2, 4], [6])


def test_a_spike_survives_decimation() -> None:
    values = np.zeros(5000)
    values[1234] = 9
    epochs, kept = charts.decimate(values, 40)
    assert len(epochs) <= 2 * 40 + 2
    assert kept.max() == 9
    assert epochs[kept.argmax()] == 1235
    assert (epochs[0], epochs[-1]) == (1, 5000)


def has_size(lines: Sequence[Text], width: int, height: int) -> None:
    assert len(lines) == height
    assert {line.cell_len for line in lines} == {width}


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
    has_size(lines, width, height)
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


# Bands


def grounds(line: Text) -> list[Colour | None]:
    """Return the background of each cell."""
    found: list[Colour | None] = [None] * len(line.plain)
    for span in line.spans:
        style = span.style if isinstance(span.style, Style) else Style.parse(span.style)
        if style.bgcolor:
            assert style.bgcolor.triplet
            red, green, blue = style.bgcolor.triplet
            found[span.start : span.end] = [(red, green, blue)] * (span.end - span.start)
    return found


def rows_of(lines: Sequence[Text], colour: Colour) -> list[int]:
    """Return the lines on which something is drawn in a colour."""
    named = "#{:02x}{:02x}{:02x}".format(*colour)
    return [row for row, line in enumerate(lines) if any(str(span.style).split()[0] == named for span in line.spans)]


def level(value: float, epochs: int = 100) -> np.ndarray:
    return np.full(epochs, value)


RAMP = Series(np.linspace(0, 1, 100), ORANGE)
EVEN = Band(level(0.3), level(0.62), DARK)


@pytest.mark.parametrize("size", [(12, 4), (25, 7), (60, 15), (80, 24), (200, 60)])
def test_a_band_tints_the_canvas_and_nothing_left_of_it_or_below(size: tuple[int, int]) -> None:
    lines = charts.line_chart([RAMP], *size, 100, [EVEN])
    has_size(lines, *size)
    plain = charts.line_chart([RAMP], *size, 100)
    assert [line.plain for line in lines] == [line.plain for line in plain]
    assert not any(any(grounds(line)) for line in plain)
    canvas = [line for line in lines if set(line.plain) & set("│┤")]
    below = [line for line in lines if line not in canvas]
    assert len(below) == 2
    assert not any(any(grounds(line)) for line in below)
    left = {max(line.plain.find("│"), line.plain.find("┤")) for line in canvas}
    assert len(left) == 1
    axis = left.pop()
    tinted = 0
    for line in canvas:
        found = grounds(line)
        assert found[: axis + 1] == [None] * (axis + 1)
        assert len(set(found[axis + 1 :])) == 1  # a band that is even and of all epochs fills whole lines
        tinted += found[-1] == DARK
    assert tinted > 0
    assert tinted < len(canvas) or len(canvas) == 2


@pytest.mark.parametrize("height", [6, 9, 12, 15, 20, 31, 50, 60])
@pytest.mark.parametrize(("low", "high"), [(0.31, 0.62), (0.15, 0.32), (0.71, 0.96)])
def test_a_band_tints_the_cells_that_it_goes_through_where_lines_of_its_edges_are_drawn(
    height: int, low: float, high: float
) -> None:
    edges = [Series(level(low), BLUE), Series(level(high), GREEN)]
    lines = charts.line_chart([*edges, RAMP], 60, height, 100, [Band(level(low), level(high), DARK)])
    tinted = [row for row, line in enumerate(lines) if DARK in grounds(line)]
    cells = height - 2  # below them the axis and its labels; the lowest begins at 0, the highest ends at 1
    assert tinted == [row for row in range(cells) if (cells - row) / cells > low and (cells - row - 1) / cells < high]
    (top,), (bottom,) = rows_of(lines, GREEN), rows_of(lines, BLUE)
    assert abs(tinted[0] - top) <= 1  # lines are drawn at the nearest of four dots in a cell
    assert abs(tinted[-1] - bottom) <= 1


def test_a_band_follows_its_edges_up_and_down() -> None:
    rising = Band(np.linspace(0, 0.8, 100), np.linspace(0.2, 1, 100), DARK)
    lines = charts.line_chart([RAMP], 60, 22, 100, [rising])
    canvas = [grounds(line) for line in lines if set(line.plain) & set("│┤")]
    middles = [np.mean([row for row, cells in enumerate(canvas) if cells[column] == DARK]) for column in range(6, 60)]
    assert all(np.diff(middles) <= 0)
    assert middles[0] == pytest.approx(0.9 * len(canvas), abs=1.5)
    assert middles[-1] == pytest.approx(0.1 * len(canvas), abs=1.5)


def test_a_band_ends_with_its_trials() -> None:
    short = Band(level(0.3, 50), level(0.62, 50), DARK)
    nowhere = np.full(50, np.nan)
    padded = Band(np.append(level(0.3, 50), nowhere), np.append(level(0.62, 50), nowhere), DARK)
    for band in (short, padded):
        lines = charts.line_chart([RAMP], 66, 15, 100, [band])
        ends = {
            max(place for place, ground in enumerate(grounds(line)) if ground) for line in lines if any(grounds(line))
        }
        assert len(ends) == 1
        assert ends.pop() == pytest.approx(5 + 60 / 2, abs=1.5)


def test_a_band_of_which_only_some_epochs_are_known_has_no_gaps() -> None:
    known = np.isin(np.arange(3000), np.linspace(0, 2999, 512).astype(int))
    band = Band(np.where(known, 0.3, np.nan), np.where(known, 0.62, np.nan), DARK)
    lines = charts.line_chart([Series(np.linspace(0, 1, 3000), ORANGE)], 120, 15, 3000, [band])
    for found in filter(any, map(grounds, lines)):
        assert set(found[found.index(DARK) :]) == {DARK}


def test_a_band_thinner_than_a_cell_still_shows() -> None:
    lines = charts.line_chart([RAMP], 60, 10, 100, [Band(level(0.5), level(0.5001), DARK)])
    assert sum(DARK in grounds(line) for line in lines) in (1, 2)


def test_where_bands_overlap_their_tints_mix() -> None:
    lower, upper = Band(level(0.1), level(0.6), DARK), Band(level(0.4), level(0.9), DIM)
    for bands in ([lower, upper], [upper, lower]):
        lines = charts.line_chart([RAMP], 60, 22, 100, bands)
        seen = [grounds(line)[-1] for line in lines]
        order = list(dict.fromkeys(seen))
        assert order == [None, DIM, (20, 25, 25), DARK]
    same = charts.line_chart([RAMP], 60, 22, 100, [EVEN, EVEN, EVEN])
    assert {grounds(line)[-1] for line in same} == {None, DARK}


@pytest.mark.parametrize(
    "values", [np.empty(0), np.full(100, np.nan), np.full(100, np.inf)], ids=["none", "nan", "inf"]
)
def test_a_band_of_nothing_tints_nothing(values: np.ndarray) -> None:
    lines = charts.line_chart([RAMP], 60, 15, 100, [Band(values, values, DARK)])
    has_size(lines, 60, 15)
    assert not any(any(grounds(line)) for line in lines)


def test_the_axis_makes_room_for_a_band_that_goes_beyond_the_lines() -> None:
    lines = charts.line_chart([Series(level(0.5), ORANGE)], 60, 15, 100, [Band(level(0.0), level(1.0), DARK)])
    canvas = [line for line in lines if set(line.plain) & set("│┤")]
    assert all(DARK in grounds(line) for line in canvas)
    assert canvas[0].plain.startswith("1.00┤")
    assert canvas[-1].plain.startswith("0.00┤")


# Sweeps


def sweep(*scores: float, chosen: int, first: float = 0.001) -> list[Point]:
    """Scores at rates that rise in half-decades."""
    rates = [first * 10 ** (place // 2) * (3 if place % 2 else 1) for place in range(len(scores))]
    return [Point(rate, score, place == chosen) for place, (rate, score) in enumerate(zip(rates, scores, strict=True))]


def circles_in(lines: Sequence[Text]) -> list[tuple[int, int]]:
    """Return row and column of every filled circle."""
    return [(row, column) for row, line in enumerate(lines) for column, mark in enumerate(line.plain) if mark == "●"]


def test_a_sweep_shows_every_rate_below_and_a_circle_at_each_choice() -> None:
    first, second = sweep(0.5, 0.6, 0.8, 0.7, 0.2, chosen=2), sweep(0.4, 0.5, 0.3, 0.65, 0.9, chosen=4)
    lines = charts.sweep_chart([(first, ORANGE), (second, BLUE)], 60, 15)
    has_size(lines, 60, 15)
    assert lines[-1].plain.split() == ["0.001", "0.003", "0.01", "0.03", "0.1"]
    (high_row, high_column), (low_row, low_column) = sorted(circles_in(lines))
    assert high_row < low_row
    for column, label in ((high_column, "0.1"), (low_column, "0.01")):
        place = lines[-1].plain.index(f" {label} ") + 1
        assert column == pytest.approx(place + len(label) / 2, abs=1.5)
    styles = {str(span.style).split()[0] for line in lines for span in line.spans}
    assert {"#e69f00", "#0068a8"} <= styles


def test_a_circle_is_as_high_as_its_score() -> None:
    for scores, chosen in (((0.0, 0.5, 1.0), 2), ((0.0, 0.5, 1.0), 1), ((0.0, 0.5, 1.0), 0)):
        lines = charts.sweep_chart([(sweep(*scores, chosen=chosen), ORANGE)], 40, 23)
        ((row, _),) = circles_in(lines)
        assert row == pytest.approx((1 - scores[chosen]) * 20, abs=1)


def test_a_sweep_of_one_rate_is_a_circle() -> None:
    lines = charts.sweep_chart([(sweep(0.5, chosen=0, first=0.3), ORANGE)], 40, 10)
    has_size(lines, 40, 10)
    assert len(circles_in(lines)) == 1
    assert lines[-1].plain.split() == ["0.3"]


def test_labels_that_have_no_room_beside_each_other_are_left_out_but_the_first_and_the_last() -> None:
    many = sweep(*np.linspace(0, 1, 12).tolist(), chosen=11)
    labels = charts.sweep_chart([(many, ORANGE)], 40, 10)[-1].plain.split()
    assert (labels[0], labels[-1]) == ("0.001", "300")
    assert 2 <= len(labels) < 12


@pytest.mark.parametrize("sweeps", [[], [([], ORANGE)], [([], ORANGE), ([], BLUE)]], ids=["none", "one", "two"])
def test_a_sweep_without_scores_says_so(sweeps: list[tuple[list[Point], Colour]]) -> None:
    assert [line.plain for line in charts.sweep_chart(sweeps, 60, 15)] == ["No learning rate has a score yet."]


def test_a_sweep_of_which_one_loss_has_no_scores_shows_the_others() -> None:
    lines = charts.sweep_chart([([], ORANGE), (sweep(0.1, 0.2, chosen=1), BLUE)], 60, 15)
    has_size(lines, 60, 15)
    assert len(circles_in(lines)) == 1


# Sizes


@pytest.mark.parametrize("size", [*SMALL, *LARGE], ids=lambda size: f"{size[0]}x{size[1]}")
def test_charts_of_any_size_are_as_wide_and_high_as_asked(size: tuple[int, int]) -> None:
    bands = [EVEN, Band(level(0.5), level(0.9), DIM)]
    lines = charts.line_chart([RAMP, Series(level(0.5), BLUE)], *size, 100, bands)
    has_size(lines, *size)
    assert any(any(grounds(line)) for line in lines)
    swept = charts.sweep_chart([(sweep(0.5, 0.6, 0.8, 0.7, 0.2, chosen=2), ORANGE)], *size)
    has_size(swept, *size)
    assert len(circles_in(swept)) == 1


@pytest.mark.parametrize("size", [(11, 4), (12, 3), (1, 1)])
def test_too_little_room_is_said(size: tuple[int, int]) -> None:
    for lines in (
        charts.line_chart([RAMP], *size, 100, [EVEN]),
        charts.sweep_chart([(sweep(0.5, 0.6, chosen=1), ORANGE)], *size),
    ):
        assert [line.plain for line in lines] == ["Too small to draw."]


@pytest.mark.parametrize(
    "scores", [(0.5, 0.5), (1e30, -1e30, 3), (0.0, 0.0, 0.0), (1e-40, 2e-40), (-5.0, 1e6, 2.0)], ids=str
)
def test_a_sweep_of_any_scores_is_drawn(scores: tuple[float, ...]) -> None:
    lines = charts.sweep_chart([(sweep(*scores, chosen=1), ORANGE)], 40, 10)
    has_size(lines, 40, 10)
    assert len(circles_in(lines)) == 1
