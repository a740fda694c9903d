"""The anatomy chart: loss and slope in any room, the models' rows beneath, and who holds the gradient."""

import re
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pytest
from rich.text import Text

from lossterm.charts import loss_anatomy, loss_colours
from lossterm.charts.loss_anatomy import LossShape, ModelRows, anatomy_chart
from lossterm.charts.loss_colours import colour_of, colour_text
from lossterm.figures import anatomy
from lossterm.losses import LOSSES, loss_recorded
from lossterm.losses.shape import REACH, shape_of
from lossterm.store import LEVELS, Anatomy
from tests.cells import each

RED, BLUE = (255, 0, 0), (0, 0, 255)
X = np.linspace(-REACH, REACH, 321)
BARS = " ▁▂▃▄▅▆▇█"
WIDE, HIGH = 120, 24


def drawn(key: str, colour: loss_colours.Colour = RED) -> LossShape:
    values, slopes = shape_of(LOSSES[key], X)
    return LossShape(x=X, values=values, slopes=slopes, colour=colour)


def rows(
    quantiles: Sequence[float] | np.ndarray,
    *,
    name: str = "mse",
    share: float | None = 0.1,
    levels: Sequence[float] = LEVELS,
) -> ModelRows:
    """Return one model whose rows have these quantiles."""
    return ModelRows(name=name, levels=tuple(levels), quantiles=np.array([quantiles], float), share=share, colour=BLUE)


def evenly(low: float, high: float) -> list[float]:
    return [low + (high - low) * level for level in LEVELS]


def words_of(lines: Sequence[Text]) -> str:
    return " ".join(" ".join(line.plain for line in lines).split())


def beneath(lines: Sequence[Text], count: int = 1) -> list[str]:
    """Return the last lines: those beneath the charts."""
    return [line.plain for line in lines[len(lines) - count :]]


def bars(model: ModelRows, width: int = WIDE) -> tuple[str, list[float]]:
    """Return a model's histogram, a mark for each column, and where the middle of each column lies on the axis."""
    lines = anatomy_chart([drawn("mse")], [model], width, HIGH).lines
    left = width // 2
    edge = 1 + next(place for place, mark in enumerate(lines[0].plain) if mark in "│┤")
    columns = left - edge
    middles = -REACH + (np.arange(columns) + 0.5) * 2 * REACH / columns
    return lines[-1].plain[edge:left], middles.tolist()


# Room


SIZES = [
    *((width, height) for width in (12, 13, 20, 36, 40, 60, 75, 76, 77, 88, 100, 160) for height in (8, 9, 10, 12)),
    *((width, height) for width in (36, 75, 76, 100) for height in (16, 20, 31)),
]


@each("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@each("models", [0, 1, 3, 12])
def test_a_chart_has_the_size_asked_for(size: tuple[int, int], models: int) -> None:
    width, height = size
    losses = [drawn("mse"), drawn("mae", BLUE)]
    lines = anatomy_chart(losses, [rows(evenly(-1, 1))] * models, width, height).lines
    assert [line.cell_len for line in lines] == [width] * height


@each("key", LOSSES)
@each("size", [(40, 12), (120, 20)], ids=["stacked", "beside"])
def test_every_loss_is_drawn_in_exactly_the_room_there_is(key: str, size: tuple[int, int]) -> None:
    width, height = size
    lines = anatomy_chart([drawn(key)], [rows(evenly(-1, 1), name=key)], width, height).lines
    assert [line.cell_len for line in lines] == [width] * height
    assert any("⠀" < mark <= "⣿" for line in lines for mark in line.plain)


def test_all_losses_of_a_kind_share_a_chart() -> None:
    for kind in ("regression", "binary", "multiclass"):
        losses = [drawn(key) for key, loss in LOSSES.items() if kind in loss.kinds]
        lines = anatomy_chart(losses, [], WIDE, HIGH).lines
        assert [line.cell_len for line in lines] == [WIDE] * HIGH


@pytest.mark.parametrize(
    "size", [(11, 20), (40, 7), (1, 1), (11, 7), (200, 7)], ids=lambda size: f"{size[0]}x{size[1]}"
)
def test_too_little_room_is_said(size: tuple[int, int]) -> None:
    lines = anatomy_chart([drawn("mse")], [], *size).lines
    assert [line.cell_len for line in lines] == [size[0]] * size[1]
    assert words_of(lines).startswith("Too" if size[0] > 2 else "T")


def test_no_loss_is_said() -> None:
    lines = anatomy_chart([], [rows(evenly(-1, 1))], WIDE, HIGH).lines
    assert [line.cell_len for line in lines] == [WIDE] * HIGH
    assert words_of(lines) == "No loss whose shape is known is ticked."


def test_a_loss_that_is_nowhere_finite_draws_nothing_and_ends_nothing() -> None:
    nothing = LossShape(x=X, values=np.full(len(X), np.nan), slopes=np.full(len(X), np.inf), colour=RED)
    lines = anatomy_chart([nothing], [], WIDE, HIGH).lines
    assert [line.cell_len for line in lines] == [WIDE] * HIGH
    assert not any("⠀" < mark <= "⣿" for line in lines for mark in line.plain)


def test_loss_and_slope_stand_beside_each_other_where_there_is_room_and_above_each_other_where_not() -> None:
    beside = anatomy_chart([drawn("mse")], [], loss_anatomy.SIDE_BY_SIDE, 20).lines
    stacked = anatomy_chart([drawn("mse")], [], loss_anatomy.SIDE_BY_SIDE - 1, 20).lines
    assert [bool(re.search("loss .* slope", line.plain)) for line in beside].count(True) == 1
    assert [line.plain.strip("│┤⠀ ─└┬┘0123456789.-").strip() for line in stacked if " loss " in line.plain]
    tops = [place for place, line in enumerate(stacked) for word in (" loss ", " slope ") if word in line.plain]
    assert tops == [0, 10]


# What is drawn


def peak(lines: Sequence[Text], colour: loss_colours.Colour) -> tuple[int, int]:
    """Return the first and last line of the left chart in which a colour is drawn."""
    wanted = colour_text(colour)
    rows_drawn = []
    for place, line in enumerate(lines):
        for span in line.spans:
            style = str(span.style)
            text = line.plain[span.start : min(span.end, WIDE // 2)]
            if wanted in style and any("⠀" < mark <= "⣿" for mark in text):
                rows_drawn.append(place)
    return min(rows_drawn), max(rows_drawn)


def test_a_loss_that_explodes_does_not_press_the_others_flat() -> None:
    steep = LossShape(x=X, values=np.exp(4 * np.abs(X)), slopes=np.exp(4 * np.abs(X)), colour=BLUE)
    lines = anatomy_chart([drawn("huber"), drawn("mae", (0, 255, 0)), steep], [], WIDE, HIGH).lines
    first, last = peak(lines, RED)
    assert last - first >= HIGH // 3
    assert peak(lines, BLUE)[0] == 0


def test_a_single_loss_that_explodes_is_shown_where_it_does_something_else() -> None:
    steep = LossShape(x=X, values=np.abs(X) + np.where(X > 3.7, 1e9, 0), slopes=np.ones(len(X)), colour=RED)
    lines = anatomy_chart([steep], [], WIDE, HIGH).lines
    first, last = peak(lines, RED)
    assert last - first >= HIGH // 5
    assert float(re.sub(r"[^0-9.e+-]", "", lines[0].plain[: lines[0].plain.index("┤")])) < 100


def test_a_loss_that_nearly_overflows_is_drawn() -> None:
    steep = np.where(np.abs(X) > 3.9, 1.7e308, np.where(X > 3, -1e299, X**2))
    lines = anatomy_chart([LossShape(x=X, values=steep, slopes=-steep, colour=RED)], [], WIDE, HIGH).lines
    assert [line.cell_len for line in lines] == [WIDE] * HIGH


@each("key", LOSSES)
@each("size", [(36, 12), (75, 20), (120, 14), (120, 24)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_both_upright_axes_have_numbers_enough_to_read_them_by(key: str, size: tuple[int, int]) -> None:
    width, height = size
    lines = [line.plain for line in anatomy_chart([drawn(key)], [], width, height).lines]
    beside = width >= loss_anatomy.SIDE_BY_SIDE
    parts = (
        ([line[: width // 2] for line in lines], [line[width // 2 :] for line in lines])
        if beside
        else (lines[: height // 2], lines[height // 2 :])
    )
    for part in parts:
        assert sum("┤" in line for line in part) >= 2


def test_a_curve_with_a_gap_does_not_leap_over_it() -> None:
    values = np.where(np.abs(X) < 1, np.nan, 1.0)
    lines = anatomy_chart([LossShape(x=X, values=values, slopes=values, colour=RED)], [], WIDE, HIGH).lines
    left = [line.plain[: WIDE // 2] for line in lines]
    edge = 1 + next(place for place, mark in enumerate(left[0]) if mark in "│┤")
    marked = {place - edge for line in left[:-2] for place, mark in enumerate(line) if "⠀" < mark <= "⣿"}
    columns = WIDE // 2 - edge
    inner = {place for place in range(columns) if abs((place + 0.5) / columns * 2 * REACH - REACH) < 0.8}
    assert marked
    assert not marked & inner


def test_each_loss_keeps_its_colour() -> None:
    lines = anatomy_chart([drawn("mse"), drawn("mae", BLUE)], [], WIDE, HIGH).lines
    styles = " ".join(str(span.style) for line in lines for span in line.spans)
    assert colour_text(RED) in styles
    assert colour_text(BLUE) in styles


# The models' rows


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (-3, -1), (0.5, 2.5), (-4, 4)])
def test_bars_stand_where_the_quantiles_say(low: float, high: float) -> None:
    marks, middles = bars(rows(evenly(low, high)))
    step = middles[1] - middles[0]
    for mark, middle in zip(marks, middles, strict=True):
        if low + step < middle < high - step:
            assert mark == "█"
        elif not low - step < middle < high + step:
            assert mark == " "


def test_higher_bars_stand_where_more_rows_lie() -> None:
    # A tenth of the rows from −2 to 0, the others from 0 to 2.
    quantiles = [-2 + 2 * level / 0.1 if level < 0.1 else 2 * (level - 0.1) / 0.9 for level in LEVELS]
    marks, middles = bars(rows(quantiles))
    step = middles[1] - middles[0]
    seldom = {mark for mark, x in zip(marks, middles, strict=True) if -2 + step < x < -step}
    often = {mark for mark, x in zip(marks, middles, strict=True) if step < x < 2 - step}
    assert seldom == {"▁"}
    assert often == {"█"}


def test_rows_that_are_spread_normally_look_like_a_bell() -> None:
    bell = NormalDist(0.5, 1)
    marks, middles = bars(rows([bell.inv_cdf(min(max(level, 1e-4), 1 - 1e-4)) for level in LEVELS]), width=200)
    for mark, x in zip(marks, middles, strict=True):
        assert BARS.index(mark) == pytest.approx(8 * bell.pdf(x) / bell.pdf(0.5), abs=1.1)


def test_rows_that_are_all_alike_are_one_bar_where_they_lie() -> None:
    marks, middles = bars(rows([1.3] * len(LEVELS)))
    (place,) = [place for place, mark in enumerate(marks) if mark != " "]
    assert marks[place] == "█"
    assert middles[place] == pytest.approx(1.3, abs=middles[1] - middles[0])


@pytest.mark.parametrize(
    ("low", "high", "left", "right"),
    [
        (-1, 1, False, False),
        (-6, 1, True, False),
        (-1, 6, False, True),
        (-9, 9, True, True),
        (-4.02, 4.02, False, False),
    ],
)
def test_rows_out_of_the_picture_are_marked_at_its_ends(low: float, high: float, left: bool, right: bool) -> None:
    marks, _ = bars(rows(evenly(low, high)))
    assert (marks[0] == "‹", marks[-1] == "›") == (left, right)
    assert set(marks[1:-1]) <= set(BARS)


def test_rows_that_all_lie_out_of_the_picture_leave_its_mark_alone() -> None:
    assert bars(rows(evenly(10, 12)))[0].strip() == "›"
    assert bars(rows(evenly(-12, -10)))[0].strip() == "‹"


def test_several_models_are_shown_in_the_mean() -> None:
    both = ModelRows(
        name="mse", levels=LEVELS, quantiles=np.array([evenly(-2, -1), evenly(1, 2)]), share=None, colour=BLUE
    )
    marks, middles = bars(both)
    filled = [x for mark, x in zip(marks, middles, strict=True) if mark != " "]
    assert min(filled) == pytest.approx(-2, abs=0.2)
    assert max(filled) == pytest.approx(2, abs=0.2)
    assert all(mark == " " for mark, x in zip(marks, middles, strict=True) if abs(x) < 0.8)


def test_a_histogram_has_the_colour_of_its_loss() -> None:
    *_, last = anatomy_chart([drawn("mse")], [rows(evenly(-1, 1))], WIDE, HIGH).lines
    assert any(colour_text(BLUE) in str(span.style) and "█" in last.plain[span.start : span.end] for span in last.spans)


def test_bars_stand_under_the_chart_whatever_is_written_at_its_left() -> None:
    for factor in (1, 1e3, 1e6):
        big = LossShape(x=X, values=factor * X**2, slopes=2 * factor * X, colour=RED)
        lines = anatomy_chart([big], [rows([0.0] * len(LEVELS))], WIDE, HIGH).lines
        edge = 1 + next(place for place, mark in enumerate(lines[0].plain) if mark in "│┤")
        columns = WIDE // 2 - edge
        place = lines[-1].plain.index("█") - edge
        assert abs(place - columns / 2) <= 1


# Who holds the gradient


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.1, "mse  worst 1 % hold 10 % of the gradient"),
        (0.0123, "mse  worst 1 % hold 1.2 % of the gradient"),
        (1.0, "mse  worst 1 % hold 100 % of the gradient"),
        (0.0, "mse  worst 1 % hold 0 % of the gradient"),
        (None, "mse  no row has a gradient"),
    ],
)
def test_the_share_of_the_worst_rows_is_told_beside_the_bars(share: float | None, words: str) -> None:
    (last,) = beneath(anatomy_chart([drawn("mse")], [rows(evenly(-1, 1), share=share)], WIDE, HIGH).lines)
    assert last[WIDE // 2 :].strip() == words


@each("width", [76, 80, 90, 100, 120])
@each("key", ["mse", "sparse_categorical_crossentropy", "weighted_binary_crossentropy:weight=0.125"])
def test_a_long_name_gives_way_to_the_number(key: str, width: int) -> None:
    lines = anatomy_chart([drawn("mse")], [rows(evenly(-1, 1), name=key, share=0.123)], width, HIGH).lines
    (last,) = beneath(lines)
    assert "worst 1 % hold 12 %" in last
    assert last.split()[-1] in ("%", "gradient")
    assert key[:3] in last


def test_where_charts_stand_above_each_other_all_shares_stand_in_one_line() -> None:
    models = [
        rows(evenly(-1, 1), share=0.1),
        rows(evenly(-1, 1), name="mae", share=0.02),
        rows(evenly(0, 1), share=None),
    ]
    lines = anatomy_chart([drawn("mse")], models, 60, 20).lines
    *_, first, second, third, shares = (line.plain for line in lines)
    assert shares.strip() == "worst 1 % hold  10 %  2 %  –"
    assert all(set(line.strip()) <= set(BARS) for line in (first, second, third))


def test_models_for_which_there_is_no_room_are_left_out_and_the_charts_stay() -> None:
    for width in (60, 120):
        lines = anatomy_chart([drawn("mse")], [rows(evenly(-1, 1))] * 40, width, 12).lines
        assert any("⠀" < mark <= "⣿" for line in lines for mark in line.plain)
        assert sum("└" in line.plain for line in lines) == 1


# From losses and stored models


def test_losses_and_models_are_drawn_in_the_colours_of_the_losses() -> None:
    known = anatomy.drawable([LOSSES["mse"], LOSSES["mae"]])
    measured = Anatomy(of="residual", quantiles=tuple(evenly(-1, 1)), share=0.07)
    for dark in (True, False):
        lines = anatomy.chart(known, {"mae": [measured, measured]}, WIDE, HIGH, dark=dark).lines
        styles = " ".join(str(span.style) for span in lines[-1].spans)
        assert colour_text(colour_of("mae", dark=dark)) in styles
        assert "mae  worst 1 % hold 7 % of the gradient" in lines[-1].plain


def test_the_share_is_the_mean_over_models_that_have_one() -> None:
    one, two, none = (Anatomy(of="residual", quantiles=tuple(evenly(-1, 1)), share=share) for share in (0.1, 0.3, None))
    captions = [
        anatomy.chart(anatomy.drawable([LOSSES["mse"]]), {"mse": models}, WIDE, HIGH, dark=True).lines[-1].plain
        for models in ([one, two], [one, two, none], [none])
    ]
    assert "hold 20 %" in captions[0]
    assert "hold 20 %" in captions[1]
    assert "no row has a gradient" in captions[2]


def test_a_loss_whose_shape_is_not_known_is_left_out() -> None:
    losses = [loss_recorded(key) for key in ("mine@12345678", "mse", "gone", "huber:delta=0.5")]
    assert [loss.key for loss in anatomy.drawable(losses)] == ["mse", "huber:delta=0.5"]


@each("key", LOSSES)
def test_every_loss_of_the_catalogue_can_be_drawn(key: str) -> None:
    for size in ((36, 12), (100, 20)):
        lines = anatomy.chart(anatomy.drawable([LOSSES[key]]), {}, *size, dark=True).lines
        assert [line.cell_len for line in lines] == [size[0]] * size[1]


# Straight lines, whose slope is constant but for rounding


def labels_of(lines: Sequence[Text]) -> list[str]:
    """Return what is written at the left of two charts side by side."""
    return [label for line in lines[:-2] for label in re.findall(r"([-+.e\d]+)┤", line.plain)]


def test_no_loss_of_the_catalogue_draws_rounding_noise() -> None:
    for key in LOSSES:
        lines = anatomy.chart([LOSSES[key]], {}, WIDE, HIGH, dark=True).lines
        assert all(len(label) < 8 for label in labels_of(lines)), key


def test_a_constant_slope_is_one_level_line_with_room_above_and_below() -> None:
    lines = [line.plain[WIDE // 2 :] for line in anatomy.chart([LOSSES["unhinged"]], {}, WIDE, HIGH, dark=True).lines]
    drawn_at = [row for row, line in enumerate(lines) if re.search("[⠁-⣿]", line)]
    assert len(np.unique(shape_of(LOSSES["unhinged"], X)[1][np.abs(X) < 0.9])) == 1
    assert len(drawn_at) == 1
    assert 0.3 * HIGH < drawn_at[0] < 0.7 * HIGH


@each("noise", [0.0, 1e-16, 1e-9])
def test_a_straight_line_does_not_press_others_out_of_the_picture(noise: float) -> None:
    jitter = noise * np.sin(1e3 * X)
    level = LossShape(x=X, values=1 + jitter, slopes=jitter - 1, colour=RED)
    bent = LossShape(x=X, values=X**2, slopes=2 * X, colour=BLUE)
    alone, beside = (anatomy_chart(losses, [], WIDE, HIGH).lines for losses in ([bent], [level, level, bent]))
    assert [float(label) for label in labels_of(beside)][:2] == pytest.approx(
        [float(label) for label in labels_of(alone)][:2], rel=0.3
    )
