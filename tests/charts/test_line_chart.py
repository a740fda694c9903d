"""Numbers to charts: what must survive, and what must not crash."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from lossterm.charts import learning_rate_sweep, line_chart
from lossterm.charts.decimation import rounded
from lossterm.charts.learning_rate_sweep import Point
from lossterm.charts.line_chart import Band, Frame, Series
from lossterm.charts.loss_colours import Colour
from tests.cells import each

ORANGE, BLUE, GREEN = (230, 159, 0), (0, 104, 168), (0, 158, 115)
DARK, DIM = (40, 30, 0), (0, 20, 50)

SMALL = [(width, height) for width in range(12, 31, 3) for height in range(4, 12)]
LARGE = [(12, 60), (38, 12), (60, 15), (80, 24), (121, 41), (200, 4), (200, 60)]


def draw(series: Sequence[Series], width: int, height: int, frame: Frame, bands: Sequence[Band] = ()) -> Sequence[Text]:
    return line_chart.line_chart(series, width, height, frame, bands).lines


def words_of(lines: Sequence[Text]) -> str:
    return " ".join(" ".join(line.plain for line in lines).split())


def has_size(lines: Sequence[Text], width: int, height: int) -> None:
    assert len(lines) == height
    assert {line.cell_len for line in lines} == {width}


@each("size", [(12, 4), (38, 12), (60, 15), (200, 50)])
@each(
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
    lines = draw([Series(np.array(values, float), ORANGE)], width, height, Frame(last=len(values)))
    has_size(lines, width, height)
    assert any("⠀" < mark <= "⣿" for line in lines for mark in line.plain)


def test_a_chart_without_anything_to_draw_says_why() -> None:
    for values, frame, words in (
        (np.full(9, np.nan), Frame(last=9), "Nothing to draw: every training diverged at once."),
        (np.empty(0), Frame(last=9), "No epoch here yet."),
        (np.ones(5), Frame(first=10, last=20), "No epoch here yet."),
        (-np.ones(9), Frame(last=9, log=True), "Nothing above 0 here: no logarithmic axis."),
        (
            np.r_[np.ones(4), np.zeros(5)],
            Frame(first=6, last=9, log=True),
            "Nothing above 0 here: no logarithmic axis.",
        ),
    ):
        for width in (14, 60):
            lines = draw([Series(values, ORANGE)], width, 15, frame)
            has_size(lines, width, 15)
            assert words_of(lines) == words
    assert words_of(draw([], 60, 15, Frame(last=9))) == "No epoch here yet."


def test_a_far_outlier_does_not_press_the_rest_flat() -> None:
    values = np.concatenate([np.linspace(1, 0, 300), [1e6]])
    lines = draw([Series(values, ORANGE)], 60, 15, Frame(last=301))
    rows_with_marks = [line for line in lines if any("⠀" < mark <= "⣿" for mark in line.plain)]
    assert len(rows_with_marks) > 8


def test_each_series_keeps_its_colour() -> None:
    lines = draw([Series(np.linspace(0, 1, 50), ORANGE), Series(np.linspace(1, 0, 50), BLUE)], 60, 15, Frame(last=50))
    seen = {str(span.style) for line in lines for span in line.spans}
    assert {"#e69f00", "#0068a8"} <= {style.split()[0] for style in seen}


# What survives


def dots(lines: Sequence[Text]) -> np.ndarray:
    """Return which dots are set right of the upright axis, (rows, columns) of dots, from the top left."""
    canvas = [line.plain for line in lines if set(line.plain) & set("│┤")]
    edge = max(canvas[0].find("│"), canvas[0].find("┤")) + 1
    drawn = np.zeros((4 * len(canvas), 2 * (len(canvas[0]) - edge)), bool)
    numbers = ((0, 3), (1, 4), (2, 5), (6, 7))  # of the bits, as Unicode's braille block has them
    for row, text in enumerate(canvas):
        for column, sign in enumerate(text[edge:]):
            bits = ord(sign) - 0x2800
            if 0 < bits < 256:
                for down in range(4):
                    for right in range(2):
                        drawn[4 * row + down, 2 * column + right] = bits >> numbers[down][right] & 1
    return drawn


def test_a_spike_of_one_epoch_among_thousands_is_at_its_place_and_height() -> None:
    values = np.zeros(5000)
    values[1234] = 8
    lines = draw([Series(values, ORANGE)], 80, 24, Frame(last=5000))
    assert [line.plain.split("┤")[0].strip() for line in lines if "┤" in line.plain] == ["8", "6", "4", "2", "0"]
    drawn = dots(lines)
    assert np.flatnonzero(drawn[0]).tolist() == [round(1234 / 4999 * (drawn.shape[1] - 1))]
    assert drawn[:, np.flatnonzero(drawn[0])].all()
    assert drawn[-1].all()
    assert not np.delete(drawn[1:-1], np.flatnonzero(drawn[0]), axis=1).any()


def test_a_spike_beyond_the_axis_is_marked_in_the_curves_colour_at_its_epoch() -> None:
    for sign, mark, place in ((1, "▲", 0), (-1, "▼", -1)):
        values = 5 + np.sin(np.arange(5000) / 50)
        values[1234] += 1e6 * sign
        lines = draw([Series(level(5, 5000), BLUE), Series(values, ORANGE)], 80, 24, Frame(last=5000))
        canvas = [line for line in lines if set(line.plain) & set("│┤")]
        assert [line.plain.count(mark) for line in canvas] == [row == place % len(canvas) for row in range(len(canvas))]
        column, edge = canvas[place].plain.index(mark), canvas[0].plain.index("┤") + 1
        assert column - edge == round(1234 / 4999 * (2 * (80 - edge) - 1)) // 2
        styles = [str(span.style) for span in canvas[place].spans if span.start <= column < span.end]
        assert styles == ["#e69f00"]


@given(
    epochs=some.integers(2, 3000),
    width=some.integers(20, 50),
    height=some.integers(6, 12),
    seed=some.integers(0, 9),
)
def test_each_column_keeps_its_least_and_its_largest_value(epochs: int, width: int, height: int, seed: int) -> None:
    values = np.random.default_rng(seed).choice([0.0, 0.25, 0.5, 0.75, 1.0], epochs)
    values[-2:] = 0, 1  # the axis goes from 0 to 1
    lines = draw([Series(values, ORANGE)], width, height, Frame(last=epochs))
    drawn = dots(lines)
    tall, wide = drawn.shape
    column = rounded(np.arange(epochs) / (epochs - 1) * (wide - 1)).astype(int)
    rows = tall - 1 - rounded(values * (tall - 1)).astype(int)
    assert drawn[rows, column].all()
    for one in np.unique(column):
        within = np.flatnonzero(column == one)
        around = rows[max(0, within[0] - 1) : within[-1] + 2]  # what is not there itself may lie on the way
        assert np.flatnonzero(drawn[:, one]).min() >= around.min()
        assert np.flatnonzero(drawn[:, one]).max() <= around.max()
    assert drawn[:, [0, -1]].any(axis=0).all()  # the first and the last epoch


def test_columns_do_not_move_when_epochs_are_added() -> None:
    values = np.random.default_rng(4).uniform(0.2, 0.8, 700)
    values[:2] = 0, 1
    for part in (150, 350, 699):
        short = dots(draw([Series(values[:part], ORANGE)], 60, 12, Frame(last=700)))
        whole = dots(draw([Series(values, ORANGE)], 60, 12, Frame(last=700)))
        until = int((part - 1) / 699 * (short.shape[1] - 1))
        assert until > 20
        assert (short[:, :until] == whole[:, :until]).all()
        assert not short[:, until + 2 :].any()  # a curve that ends stays ended


@pytest.mark.parametrize("log", [False, True], ids=["linear", "log"])
@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
def test_no_line_goes_through_a_gap(missing: float, log: bool) -> None:
    values = np.linspace(1, 2, 100)
    values[30:60] = missing
    drawn = dots(draw([Series(values, ORANGE)], 80, 20, Frame(last=100, log=log)))
    place = np.asarray(drawn.any(axis=0))
    wide = len(place) - 1
    first, last = round(29 / 99 * wide), round(60 / 99 * wide)
    assert place[: first + 1].all()
    assert not place[first + 1 : last].any()
    assert place[last:].all()


def test_on_a_logarithmic_axis_what_is_not_above_zero_leaves_a_gap() -> None:
    values = np.geomspace(1, 1e-3, 100)
    values[30:60], values[90:] = 0, -1
    drawn = np.asarray(dots(draw([Series(values, ORANGE)], 80, 20, Frame(last=100, log=True))).any(axis=0))
    wide = len(drawn) - 1
    assert not drawn[round(29 / 99 * wide) + 1 : round(60 / 99 * wide)].any()
    assert not drawn[round(89 / 99 * wide) + 1 :].any()


ANY_VALUE = some.one_of(some.floats(width=32), some.sampled_from([0.0, 1.0, -1.0, float("nan"), 1e-300, 1.7e308]))


@given(
    curves=some.lists(some.lists(ANY_VALUE, max_size=12), max_size=4),
    log=some.booleans(),
    cursor=some.one_of(some.none(), some.integers(1, 14)),
    frame=some.tuples(some.integers(1, 8), some.integers(0, 8)),
    size=some.tuples(some.integers(1, 90), some.integers(1, 30)),
    names=some.integers(0, 30),
)
def test_no_number_crashes_a_chart_or_bursts_it(
    curves: list[list[float]],
    log: bool,
    cursor: int | None,
    frame: tuple[int, int],
    size: tuple[int, int],
    names: int,
) -> None:
    series = [Series(np.array(one, float), ORANGE, f"loss {place}", (3,)) for place, one in enumerate(curves)]
    bands = [Band(one.values, one.values, DARK) for one in series]
    shown = Frame(first=frame[0], last=sum(frame), log=log, cursor=cursor, names=names)
    has_size(draw(series, *size, shown, bands), *size)


# Marks and names


def places_of(lines: Sequence[Text], sign: str) -> list[tuple[int, int]]:
    return [(row, column) for row, line in enumerate(lines) for column, one in enumerate(line.plain) if one == sign]


def test_a_cross_stands_where_trainings_ended_in_nan() -> None:
    ended = np.r_[np.linspace(1, 0, 40), np.nan]
    lines = draw(
        [Series(level(0), BLUE), Series(ended, ORANGE, broken=(41,)), Series(level(1), GREEN, broken=(70,))],
        80,
        22,
        Frame(last=100),
    )
    edge = lines[0].plain.index("┤") + 1
    wide = 2 * (80 - edge) - 1
    assert places_of(lines, "×") == [(0, edge + round(69 / 99 * wide) // 2), (19, edge + round(40 / 99 * wide) // 2)]
    styles = [str(span.style) for row in (0, 19) for span in lines[row].spans if "×" in lines[row].plain[span.start :]]
    assert {"#009e73", "#e69f00"} <= set(styles)
    assert not places_of(draw([Series(level(1), GREEN, broken=(70,))], 80, 22, Frame(last=60)), "×")


def test_a_curve_that_was_never_finite_has_its_cross_at_the_upper_edge() -> None:
    never = Series(np.array([np.nan]), ORANGE, broken=(1,))
    lines = draw([RAMP, never], 60, 15, Frame(last=100))
    assert places_of(lines, "×") == [(0, lines[0].plain.index("┤") + 1)]


def test_a_diamond_stands_where_trainings_that_collapsed_ended() -> None:
    fell = ((41, 0.5), (70, math.nan), (120, 0.5))
    lines = draw([Series(level(0), BLUE), Series(level(1), ORANGE, collapsed=fell)], 80, 22, Frame(last=100))
    edge = lines[0].plain.index("┤") + 1
    wide = 2 * (80 - edge) - 1
    ((row, column),) = places_of(lines, "◇")
    assert column == edge + round(40 / 99 * wide) // 2
    assert 8 <= row <= 11
    below = Series(level(1), ORANGE, collapsed=((41, -1.0),))
    assert not places_of(draw([RAMP, below], 80, 22, Frame(last=100, log=True)), "◇")


def test_the_cursor_is_a_column_with_a_point_where_it_meets_each_named_curve() -> None:
    rising, flat, faint = np.linspace(0, 1, 100), level(0.25), level(0.75)
    series = [Series(rising, ORANGE, "rising"), Series(flat, BLUE, "flat"), Series(faint, GREEN)]
    lines = draw(series, 80, 22, Frame(last=100, cursor=51, names=20))
    edge = lines[0].plain.index("┤") + 1
    column = edge + round(50 / 99 * (2 * (60 - edge) - 1)) // 2
    wanted = [(round((1 - rising[50]) * 79) // 4, column), (round(0.75 * 79) // 4, column)]
    assert places_of(lines, "●") == wanted
    assert {place for _, place in places_of(lines, "┊")} == {column}
    without = draw(series, 80, 22, Frame(last=100, names=20))
    assert [row for row, _ in places_of(lines, "┊")] == [row for row in range(20) if without[row].plain[column] == " "]
    names = {line.plain[60:].strip() for line in lines}
    assert names == {"", "rising 0.505", "flat 0.25"}


def test_a_curve_without_a_value_at_the_cursor_shows_none() -> None:
    ended = np.r_[level(0.5, 40), np.nan]
    series = [RAMP, Series(ended, BLUE, "ended")]
    for cursor, words in ((40, "ended 0.5"), (41, "ended –"), (90, "ended –")):
        lines = draw(series, 80, 22, Frame(last=100, cursor=cursor, names=20))
        assert words in {line.plain[60:].strip() for line in lines}
        assert bool(places_of(lines, "●")) == (cursor == 40)
    at_the_end = draw(series, 80, 22, Frame(last=100, names=20))
    assert "ended 0.5" in {line.plain[60:].strip() for line in at_the_end}


@each("size", [*SMALL[::3], *LARGE], ids=lambda size: f"{size[0]}x{size[1]}")
@each("count", [1, 5, 70])
def test_names_never_overlap_and_keep_to_their_margin(size: tuple[int, int], count: int) -> None:
    width, height = size
    series = [
        Series(level(0.5 + 1e-5 * place), ORANGE, f"{chr(65 + place % 26)}{place:02}_of_a_long_name")
        for place in range(count)
    ]
    for cursor in (None, 50):
        lines = draw(series, width, height, Frame(last=100, names=26, cursor=cursor))
        has_size(lines, width, height)
        margin = width - min(26, width // 3)
        named = [line.plain[margin:] for line in lines[:-2] if line.plain[margin:].strip()]
        assert len(named) == min(count, height - 2)
        assert all(name.startswith(" ") for name in named)
        heads = [name[1:3] for name in named]
        assert sorted(heads) == sorted(one.name[:2] for one in series[: len(named)])
        for name in named:
            numbers = name.split()[1:]
            assert numbers in ([], ["0.5"], ["0.501"])  # whole, or left out


def test_names_stand_at_their_curves_ends_in_their_order() -> None:
    series = [Series(level(value), ORANGE, name) for value, name in ((0.5, "half"), (1.0, "one"), (0.0, "nought"))]
    lines = draw(series, 80, 22, Frame(last=100, names=20))
    names = {row: line.plain[60:].split() for row, line in enumerate(lines) if line.plain[60:].strip()}
    assert names == {0: ["one", "1"], 9: ["half", "0.5"], 19: ["nought", "0"]}


@pytest.mark.parametrize(("value", "rows"), [(1.0, [0, 1, 2, 3, 4]), (0.0, [15, 16, 17, 18, 19])])
def test_names_of_curves_that_end_together_stand_beneath_each_other(value: float, rows: list[int]) -> None:
    together = [Series(level(value), ORANGE, f"loss{place}") for place in range(5)]
    lines = draw([*together, Series(level(1 - value), BLUE)], 80, 22, Frame(last=100, names=20))
    names = {row: line.plain[60:].split()[0] for row, line in enumerate(lines) if line.plain[60:].strip()}
    assert names == dict(zip(rows, [one.name for one in together], strict=True))


def test_wide_labels_never_leave_a_chart_without_room() -> None:
    values = 1e12 + 1e4 * np.sin(np.arange(50.0))
    for width in (12, 20, 40):
        lines = draw([Series(values, ORANGE)], width, 10, Frame(last=50))
        has_size(lines, width, 10)
        assert dots(lines).any(axis=0).sum() >= width // 2
        assert all(cell_len(line.plain) == width for line in lines)


# Bands


def grounds(line: Text) -> list[Colour | None]:
    """Return the background of each cell."""
    colours: list[Colour | None] = [None] * len(line.plain)
    for span in line.spans:
        style = span.style if isinstance(span.style, Style) else Style.parse(span.style)
        if style.bgcolor:
            assert style.bgcolor.triplet
            red, green, blue = style.bgcolor.triplet
            colours[span.start : span.end] = [(red, green, blue)] * (span.end - span.start)
    return colours


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
    lines = draw([RAMP], *size, Frame(last=100), [EVEN])
    has_size(lines, *size)
    plain = draw([RAMP], *size, Frame(last=100))
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
        colours = grounds(line)
        assert colours[: axis + 1] == [None] * (axis + 1)
        assert len(set(colours[axis + 1 :])) == 1  # a band that is even and of all epochs fills whole lines
        tinted += colours[-1] == DARK
    assert tinted > 0
    assert tinted < len(canvas) or len(canvas) == 2


@each("height", [6, 9, 12, 15, 20, 31, 50, 60])
@each(("low", "high"), [(0.31, 0.62), (0.15, 0.32), (0.71, 0.96)])
def test_a_band_tints_the_cells_that_it_goes_through_where_lines_of_its_edges_are_drawn(
    height: int, low: float, high: float
) -> None:
    edges = [Series(level(low), BLUE), Series(level(high), GREEN)]
    lines = draw([*edges, RAMP], 60, height, Frame(last=100), [Band(level(low), level(high), DARK)])
    tinted = [row for row, line in enumerate(lines) if DARK in grounds(line)]
    cells = height - 2  # below them the axis and its labels; the lowest begins at 0, the highest ends at 1
    top, bottom = (round((1 - edge) * (4 * cells - 1)) // 4 for edge in (high, low))
    assert (rows_of(lines, GREEN), rows_of(lines, BLUE)) == ([top], [bottom])
    assert tinted == list(range(top, bottom + 1))


def test_a_band_follows_its_edges_up_and_down() -> None:
    rising = Band(np.linspace(0, 0.8, 100), np.linspace(0.2, 1, 100), DARK)
    lines = draw([RAMP], 60, 22, Frame(last=100), [rising])
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
        lines = draw([RAMP], 66, 15, Frame(last=100), [band])
        ends = {
            max(place for place, ground in enumerate(grounds(line)) if ground) for line in lines if any(grounds(line))
        }
        assert len(ends) == 1
        assert ends.pop() == pytest.approx(5 + 60 / 2, abs=1.5)


def test_a_band_has_a_gap_where_its_edges_have() -> None:
    there = np.r_[0:40, 60:100]
    low, high = np.full(100, np.nan), np.full(100, np.nan)
    low[there], high[there] = 0.3, 0.62
    lines = draw([RAMP], 100, 15, Frame(last=100), [Band(low, high, DARK)])
    edge = lines[0].plain.index("┤") + 1
    wide = 100 - edge
    for colours in filter(any, map(grounds, lines)):
        tinted = {place - edge for place, ground in enumerate(colours) if ground}
        assert tinted >= {*range(int(0.38 * wide)), *range(int(0.62 * wide), wide)}
        assert not tinted & {*range(int(0.42 * wide), int(0.58 * wide))}


def test_on_a_logarithmic_axis_a_band_that_reaches_down_to_zero_goes_to_the_lower_end() -> None:
    band = Band(np.r_[level(0.01, 50), level(0, 50)], level(0.1), DARK)
    lines = draw([Series(np.geomspace(1e-4, 1, 100), ORANGE)], 60, 20, Frame(last=100, log=True), [band])
    canvas = [grounds(line) for line in lines if set(line.plain) & set("│┤")]
    assert canvas[-1][-1] == DARK
    assert canvas[-1][12] is None
    assert canvas[0][-1] is None
    ended = Band(np.r_[level(0.01, 50), level(np.nan, 50)], np.r_[level(0.1, 50), level(np.nan, 50)], DARK)
    lines = draw([Series(np.geomspace(1e-4, 1, 100), ORANGE)], 60, 20, Frame(last=100, log=True), [ended])
    assert not any(any(grounds(line)[36:]) for line in lines)
    assert not any(grounds(lines[17]))


def test_a_band_thinner_than_a_cell_still_shows() -> None:
    lines = draw([RAMP], 60, 10, Frame(last=100), [Band(level(0.5), level(0.5001), DARK)])
    assert sum(DARK in grounds(line) for line in lines) in (1, 2)


def test_where_bands_overlap_their_tints_mix() -> None:
    lower, upper = Band(level(0.1), level(0.6), DARK), Band(level(0.4), level(0.9), DIM)
    for bands in ([lower, upper], [upper, lower]):
        lines = draw([RAMP], 60, 22, Frame(last=100), bands)
        seen = [grounds(line)[-1] for line in lines]
        order = list(dict.fromkeys(seen))
        assert order == [None, DIM, (20, 25, 25), DARK]
    same = draw([RAMP], 60, 22, Frame(last=100), [EVEN, EVEN, EVEN])
    assert {grounds(line)[-1] for line in same} == {None, DARK}


@pytest.mark.parametrize(
    "values", [np.empty(0), np.full(100, np.nan), np.full(100, np.inf)], ids=["none", "nan", "inf"]
)
def test_a_band_of_nothing_tints_nothing(values: np.ndarray) -> None:
    lines = draw([RAMP], 60, 15, Frame(last=100), [Band(values, values, DARK)])
    has_size(lines, 60, 15)
    assert not any(any(grounds(line)) for line in lines)


def test_the_axis_makes_room_for_a_band_that_goes_beyond_the_lines() -> None:
    wide = Band(level(0.0), level(1.0), DARK)
    lines = draw([Series(level(0.5), ORANGE)], 60, 15, Frame(last=100), [wide])
    canvas = [line for line in lines if set(line.plain) & set("│┤")]
    assert all(DARK in grounds(line) for line in canvas)
    assert canvas[0].plain.startswith("1.0┤")
    assert canvas[-1].plain.startswith("0.0┤")


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
    lines = learning_rate_sweep.sweep_chart([(first, ORANGE), (second, BLUE)], 60, 15).lines
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
        lines = learning_rate_sweep.sweep_chart([(sweep(*scores, chosen=chosen), ORANGE)], 40, 23).lines
        ((row, _),) = circles_in(lines)
        assert row == pytest.approx((1 - scores[chosen]) * 20, abs=1)


def test_a_sweep_of_one_rate_is_a_circle() -> None:
    lines = learning_rate_sweep.sweep_chart([(sweep(0.5, chosen=0, first=0.3), ORANGE)], 40, 10).lines
    has_size(lines, 40, 10)
    assert len(circles_in(lines)) == 1
    assert lines[-1].plain.split() == ["0.3"]


def test_labels_that_have_no_room_beside_each_other_are_left_out_but_the_first_and_the_last() -> None:
    many = sweep(*np.linspace(0, 1, 12).tolist(), chosen=11)
    labels = learning_rate_sweep.sweep_chart([(many, ORANGE)], 40, 10).lines[-1].plain.split()
    assert (labels[0], labels[-1]) == ("0.001", "300")
    assert 2 <= len(labels) < 12


@pytest.mark.parametrize("sweeps", [[], [([], ORANGE)], [([], ORANGE), ([], BLUE)]], ids=["none", "one", "two"])
def test_a_sweep_without_scores_says_so(sweeps: list[tuple[list[Point], Colour]]) -> None:
    lines = learning_rate_sweep.sweep_chart(sweeps, 60, 15).lines
    has_size(lines, 60, 15)
    assert words_of(lines) == "No learning rate has a score yet."


def test_a_sweep_of_which_one_loss_has_no_scores_shows_the_others() -> None:
    lines = learning_rate_sweep.sweep_chart([([], ORANGE), (sweep(0.1, 0.2, chosen=1), BLUE)], 60, 15).lines
    has_size(lines, 60, 15)
    assert len(circles_in(lines)) == 1


# Sizes


@each("size", [*SMALL, *LARGE], ids=lambda size: f"{size[0]}x{size[1]}")
def test_charts_of_any_size_are_as_wide_and_high_as_asked(size: tuple[int, int]) -> None:
    bands = [EVEN, Band(level(0.5), level(0.9), DIM)]
    lines = draw([RAMP, Series(level(0.5), BLUE)], *size, Frame(last=100), bands)
    has_size(lines, *size)
    assert any(any(grounds(line)) for line in lines)
    swept = learning_rate_sweep.sweep_chart([(sweep(0.5, 0.6, 0.8, 0.7, 0.2, chosen=2), ORANGE)], *size).lines
    has_size(swept, *size)
    assert len(circles_in(swept)) == 1


@pytest.mark.parametrize("size", [(11, 4), (12, 3), (1, 1)])
def test_too_little_room_is_said(size: tuple[int, int]) -> None:
    for lines in (
        draw([RAMP], *size, Frame(last=100), [EVEN]),
        learning_rate_sweep.sweep_chart([(sweep(0.5, 0.6, chosen=1), ORANGE)], *size).lines,
    ):
        has_size(lines, *size)
        assert words_of(lines) == ("Too small to draw." if size[0] > 1 else "T")


@pytest.mark.parametrize(
    "scores", [(0.5, 0.5), (1e30, -1e30, 3), (0.0, 0.0, 0.0), (1e-40, 2e-40), (-5.0, 1e6, 2.0)], ids=str
)
def test_a_sweep_of_any_scores_is_drawn(scores: tuple[float, ...]) -> None:
    lines = learning_rate_sweep.sweep_chart([(sweep(*scores, chosen=1), ORANGE)], 40, 10).lines
    has_size(lines, 40, 10)
    assert len(circles_in(lines)) == 1
