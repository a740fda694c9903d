"""Forest plots: bars end where intervals end, what is cut off is marked, and no line is wider than there is room."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossterm.charts.drawing import Drawing
from lossterm.charts.forest_plot import LEAST_COLUMNS, ForestRow, forest_plot
from lossterm.charts.terminal_style import Style
from lossterm.text.glyph_fallback import swapped

ROPE = 0.01
GONE = ForestRow(name="mse", mean=None, word="div 4")
BEST = ForestRow(name="mae", mean=0.0, word="best")
WORSE = ForestRow(name="mse", mean=0.05, interval=(0.03, 0.07), seeds=(0.03, 0.05, 0.05, 0.07), word="worse")
OPEN = ForestRow(name="huber", mean=0.01, interval=(-0.02, 0.04), word="open")


def drawn(*rows: ForestRow, width: int = 60, rope: float = ROPE, seeds: bool = False) -> Drawing:
    drawing = forest_plot(rows, rope, width, seeds=seeds)
    assert drawing is not None
    return drawing


def plain(drawing: Drawing) -> list[str]:
    return [line.plain.rstrip() for line in drawing.lines]


def test_a_plot_row_by_row() -> None:
    assert plain(drawn(BEST, OPEN, WORSE)) == [
        "mae        ░░░░●░░░░░                                  best",
        "huber ├─────────────●─────────────┤                    open",
        "mse        ░░░░│░░░░░         ├────────●────────┤      worse",
        "      −0.02  0.00      0.02     0.04      0.06     0.08",
    ]


def test_seeds_are_dots_and_several_at_one_place_a_larger_one() -> None:
    lines = plain(drawn(BEST, WORSE, seeds=True))
    assert len(lines) == 4  # the best is behind itself on no seed
    assert lines[2].count("·") == 2
    assert lines[2].count("•") == 1
    assert lines[2].index("•") == lines[1].index("●")


def test_ascii_alone_still_tells_bar_strip_and_end() -> None:
    line = swapped(plain(drawn(BEST, OPEN, WORSE))[2], "ascii", plain=True)
    assert line.isascii()
    assert "|--------@--------|" in line
    assert "::::|:::::" in line


def test_a_loss_far_behind_all_others_does_not_stretch_the_axis() -> None:
    far = ForestRow(name="msle", mean=9.0, interval=(8.0, 10.0), word="worse")
    drawing = drawn(BEST, OPEN, WORSE, far)
    assert drawing.regions[0].x.high < 1
    assert plain(drawing)[3].split()[-2].endswith("▸")
    assert plain(drawing)[1:3] != plain(drawn(BEST, OPEN, far))[1:3]


def test_an_interval_that_goes_on_beyond_the_axis_is_marked_at_both_ends() -> None:
    wide = ForestRow(name="msle", mean=0.0, interval=(-5.0, 5.0), word="open")
    line = plain(drawn(BEST, OPEN, WORSE, wide))[3]
    assert line.split()[1].startswith("◂──")
    assert line.split()[1].endswith("──▸")


@pytest.mark.parametrize("width", [0, 10, LEAST_COLUMNS + 8])
def test_without_room_for_bars_there_is_no_plot(width: int) -> None:
    assert forest_plot([BEST, WORSE], ROPE, width) is None


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [BEST],
        [ForestRow(name="mse", mean=None, word="div 4")],
        [BEST, ForestRow(name="mse", mean=0.0, word="equal")],
    ],
    ids=["no loss", "one loss", "no score", "no difference"],
)
def test_without_a_difference_there_is_no_plot(rows: list[ForestRow]) -> None:
    assert forest_plot(rows, ROPE, 60) is None


def test_a_loss_without_an_interval_is_a_point_and_one_without_a_score_has_its_word() -> None:
    point = ForestRow(name="mse", mean=0.05, word="no verdict")
    gone = ForestRow(name="huber", mean=None, word="div 4")
    lines = plain(drawn(BEST, point, gone))
    assert "●" in lines[1]
    assert "─" not in "".join(lines)
    assert lines[2].endswith("div 4")
    assert "●" not in lines[2]


def test_numbers_stand_beside_the_bars_where_there_is_room() -> None:
    told = ForestRow(name="mse", mean=0.05, interval=(0.03, 0.07), word="worse", size="+.050 [+.030, +.070]")
    assert told.size in plain(drawn(BEST, told, width=100))[1]
    assert told.size not in plain(drawn(BEST, told, width=60))[1]


def test_colours_are_those_of_the_verdict_and_without_colours_there_are_none() -> None:
    for dark in (True, False):
        styles = [Style(dark=dark).of_verdict(verdict) for verdict in ("best", "equal", "open", "worse")]
        assert all(styles)
        assert len(set(styles)) == 4
    assert Style(dark=True).of_verdict("worse") != Style(dark=False).of_verdict("worse")
    assert Style(dark=True, plain=True).of_verdict("worse") == Style(dark=True).of_verdict("no verdict") == ""


NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda value: value == 0 or abs(value) > 1e-6)


@st.composite
def forest_rows(draw: st.DrawFn) -> ForestRow:
    mean, sides = draw(NUMBERS), [abs(draw(NUMBERS)), abs(draw(NUMBERS))]
    return ForestRow(
        name=draw(st.text("abcdefgh_", min_size=1, max_size=40)),
        mean=draw(st.sampled_from([mean, None])),
        interval=draw(st.sampled_from([(mean - sides[0], mean + sides[1]), None])),
        seeds=tuple(draw(st.lists(NUMBERS, max_size=4))),
        word=draw(st.sampled_from(["best", "worse ◇", "0/6 div 6"])),
        size="+.050 [+.030, +.070]",
    )


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(forest_rows(), min_size=1, max_size=6),
    rope=st.sampled_from([0.0, 1e-3, 0.5, 1e5]),
    width=st.integers(0, 120),
    seeds=st.booleans(),
)
def test_every_line_is_as_wide_as_asked_and_every_end_stands_at_its_number(
    rows: list[ForestRow], rope: float, width: int, seeds: bool
) -> None:
    drawing = forest_plot(rows, rope, width, seeds=seeds)
    if drawing is None:
        return
    assert {line.cell_len for line in drawing.lines} == {width}
    (region,) = drawing.regions
    step = (region.x.high - region.x.low) / (region.columns - 1)
    bars = [line.plain[region.left : region.left + region.columns] for line in drawing.lines]
    lines = iter(bars)
    for row in rows:
        bar = next(lines)
        if seeds and row.seeds:
            next(lines)
        if row.mean is None or row.interval is None:
            continue
        for end, sign, cut in ((row.interval[0], "├", "◂"), (row.interval[1], "┤", "▸")):
            if sign in bar:
                at = region.x_at(region.left + bar.index(sign))
                assert at is not None
                assert math.isclose(at, end, abs_tol=step / 2 * (1 + 1e-9))
            beyond = [end < region.x.low if cut == "◂" else end > region.x.high for end in (row.mean, *row.interval)]
            assert (cut in bar) == any(beyond)
