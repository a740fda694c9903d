"""What models predict, drawn: against values worked out by hand, at all sizes, and without any colour."""

import re
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pytest
from rich.cells import cell_len
from rich.color import Color, ColorSystem
from rich.style import Style
from rich.text import Text

from lossterm.charts.confusion_matrix import confusion_matrix
from lossterm.charts.decision_map import class_colours, decision_map
from lossterm.charts.reliability import Bin, reliability_bars
from lossterm.charts.scatter import predicted_against_true, residual_histogram
from tests.cells import each

ORANGE = (230, 159, 0)
NAN, INF = float("nan"), float("inf")
SIZES = [
    *((width, height) for width in (1, 11, 12, 13, 18, 23, 24, 31, 38, 60) for height in (1, 2, 3, 4, 5, 6, 9, 16)),
    (120, 50),
    (120, 6),
    (18, 50),
    (200, 12),
]

Drawing = Callable[[int, int], list[Text]]


def plain(lines: Sequence[Text]) -> list[str]:
    return [line.plain for line in lines]


def style_at(lines: Sequence[Text], row: int, column: int) -> Style:
    """The style of a cell, of all the spans that cover it."""
    spans = (span.style for span in lines[row].spans if span.start <= column < span.end)
    return Style.combine([Style.null(), *(Style.parse(str(style)) for style in (lines[row].style, *spans))])


def the_map(
    width: int,
    height: int,
    points: Sequence[tuple[float, float, int, int]] = (),
    *,
    plain: bool = False,
    split: int = 0,
) -> list[Text]:
    """Class 0 above, class 1 below from row `split` of the grid on, which fills all but the last line."""
    rows = 2 * (height - 1)
    classes = np.zeros((rows, width), int)
    classes[split or rows // 2 :] = 1
    x, y, truth, prediction = (np.array(part) for part in zip(*points, strict=True)) if points else [np.empty(0)] * 4
    return decision_map(
        classes,
        np.full(classes.shape, 0.95),
        np.stack([x, y], axis=1),
        truth.astype(int),
        prediction.astype(int),
        class_colours(2, dark=True),
        width,
        height,
        dark=True,
        plain=plain,
    )


def normal(rows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    true = random.normal(0, 3, rows)
    return true, true + random.standard_t(2, rows)


def ten_bins(rows: int = 20) -> list[Bin]:
    return [Bin(n / 10, (n + 1) / 10, n / 10 + 0.05, n / 10, rows) for n in range(10)]


def counts_of(classes: int, rows: int) -> np.ndarray:
    return np.random.default_rng(classes).integers(0, rows, (classes, classes))


def confusion_of(classes: int, rows: int) -> Drawing:
    counts = counts_of(classes, rows)
    return lambda width, height: confusion_matrix(counts, width, height, colour=ORANGE)


TRUE, PREDICTED = normal(300)
NAMES = ["setosa", "versicolor", "an iris of a very long name"]
DRAWINGS: dict[str, Drawing] = {
    "scatter": lambda w, h: predicted_against_true(TRUE, PREDICTED, ORANGE, w, h),
    "scatter of huge": lambda w, h: predicted_against_true(TRUE * 1e300, -PREDICTED * 1e305, ORANGE, w, h),
    "scatter of tiny": lambda w, h: predicted_against_true(TRUE * 1e-12, PREDICTED * 1e-12, ORANGE, w, h),
    "scatter of one": lambda w, h: predicted_against_true(np.array([3.0]), np.array([3.0]), ORANGE, w, h),
    "scatter, some not finite": lambda w, h: predicted_against_true(
        TRUE[:4], np.array([NAN, 1, INF, -INF]), ORANGE, w, h
    ),
    "scatter, none finite": lambda w, h: predicted_against_true(TRUE, TRUE * NAN, ORANGE, w, h),
    "scatter of nothing": lambda w, h: predicted_against_true(np.empty(0), np.empty(0), ORANGE, w, h),
    "residuals": lambda w, h: residual_histogram(TRUE - PREDICTED, ORANGE, w, h),
    "residuals of tiny": lambda w, h: residual_histogram(TRUE * 1e-9, ORANGE, w, h),
    "residuals of zero": lambda w, h: residual_histogram(np.zeros(5), ORANGE, w, h),
    "residuals, some not finite": lambda w, h: residual_histogram(np.array([NAN, 1, INF, -1]), ORANGE, w, h),
    "no residuals": lambda w, h: residual_histogram(np.empty(0), ORANGE, w, h),
    "reliability": lambda w, h: reliability_bars(ten_bins(), ORANGE, w, h),
    "reliability of many": lambda w, h: reliability_bars(ten_bins(123_456), ORANGE, w, h),
    "reliability of one": lambda w, h: reliability_bars([Bin(0, 1, 0.7, 0.6, 9)], ORANGE, w, h),
    "reliability, not finite": lambda w, h: reliability_bars(
        [Bin(0, 0.5, NAN, 0.5, 4), Bin(0.5, 1, 0.7, 0.6, 9)], ORANGE, w, h
    ),
    "no bins": lambda w, h: reliability_bars([], ORANGE, w, h),
    **{
        f"confusion of {classes} classes and {rows} rows": confusion_of(classes, rows)
        for classes in (1, 2, 3, 10, 30)
        for rows in (9, 900_000)
    },
    "confusion with names": lambda w, h: confusion_matrix(counts_of(3, 50), w, h, colour=ORANGE, names=NAMES),
    "confusion of nothing": lambda w, h: confusion_matrix(np.zeros((3, 3), int), w, h, colour=ORANGE),
    "confusion, not finite": lambda w, h: confusion_matrix(np.full((2, 2), NAN), w, h, colour=ORANGE),
    "map": lambda w, h: the_map(w, max(h, 2), [(3.0, 2.0, 0, 1), (5.0, 3.0, 0, 0)])[:h],
    "map, plain": lambda w, h: the_map(w, max(h, 2), [(3.0, 2.0, 0, 1)], plain=True)[:h],
}


@each("name", DRAWINGS)
def test_every_line_is_as_wide_and_there_are_as_many_as_asked_for(name: str) -> None:
    for width, height in SIZES:
        lines = DRAWINGS[name](width, height)
        assert {cell_len(line.plain) for line in lines} == {width}, (width, height, plain(lines))
        assert len(lines) == height, (width, height)
        assert any(line.plain.strip() for line in lines) or name.startswith("map"), (width, height)


WORDS = (
    "nothing to draw there are is no rows row value confidence finite not all counts too small beyond predicted true "
    "pred right wrong claimed bins bin bar of each in class recall shares as left out more commonest mistakes gap "
    "reversed drawn"
)


@each("name", [name for name in DRAWINGS if name != "confusion with names"])
def test_no_word_is_cut(name: str) -> None:
    for width, height in SIZES:
        if width >= 12:
            text = " ".join(plain(DRAWINGS[name](width, height))).lower()
            assert set(re.findall("[a-z]{2,}", text)) <= set(WORDS.split()), (width, height)


class TestClassColours:
    @pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
    def test_they_are_distinct_and_the_first_stay_what_they_are(self, dark: bool) -> None:
        assert len(set(class_colours(30, dark=dark))) == 30
        assert class_colours(3, dark=dark) == class_colours(30, dark=dark)[:3]
        assert class_colours(0, dark=dark) == []

    @pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
    @pytest.mark.parametrize("eyes", ["full", "protan", "deutan", "tritan"])
    def test_ten_are_told_apart_by_all_eyes(self, eyes: str, dark: bool) -> None:
        seen = [lab_as_seen(colour, eyes) for colour in class_colours(10, dark=dark)]
        assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) > 19
        assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen[:3], 2)) > 44

    @pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
    @pytest.mark.parametrize("confidence", [0.5, 0.7, 0.95])
    def test_the_grounds_of_three_classes_differ_in_a_terminal_of_256_colours(
        self, confidence: float, dark: bool
    ) -> None:
        classes = np.repeat([[0, 1, 2, 2]], 8, axis=0).repeat(4, axis=1)
        none = np.empty(0, int)
        lines = decision_map(
            classes,
            np.full(classes.shape, confidence),
            np.empty((0, 2)),
            none,
            none,
            class_colours(3, dark=dark),
            16,
            4,
            dark=dark,
        )
        grounds = [style_at(lines, 0, column).bgcolor for column in (0, 4, 8)]
        assert None not in grounds
        assert len({Color.downgrade(ground, ColorSystem.EIGHT_BIT).number for ground in grounds if ground}) == 3


def lab_as_seen(colour: tuple[int, int, int], eyes: str) -> np.ndarray:
    """CIELAB of a colour as eyes see it, by the matrices of Machado et al. (2009), severity 1."""
    seen = {
        "full": np.eye(3),
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    }[eyes]
    part = np.array(colour) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(np.array(seen) @ linear, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


class TestDecisionMap:
    def test_right_points_are_dots_and_wrong_ones_crosses_in_the_cells_they_lie_in(self) -> None:
        lines = the_map(16, 6, [(2.4, 0.0, 0, 0), (5.6, 4.6, 1, 0), (15.4, 9.4, 1, 1)])
        assert plain(lines)[0] == "  •             "
        assert plain(lines)[2].replace("▄", " ") == "      ×         "
        assert plain(lines)[4] == "               •"
        assert plain(lines)[5].strip() == "× 1 of 3 wrong"

    def test_a_right_point_has_the_colour_of_its_class_and_a_wrong_one_none_of_them(self) -> None:
        lines = the_map(16, 6, [(2, 0, 0, 0), (6, 2, 1, 0), (9, 9, 1, 1)])
        blue, orange = class_colours(2, dark=True)
        assert style_at(lines, 0, 2).color == Color.from_rgb(*blue)
        assert style_at(lines, 4, 9).color == Color.from_rgb(*orange)
        wrong = style_at(lines, 1, 6)
        assert wrong.bold
        assert wrong.color not in {Color.from_rgb(*blue), Color.from_rgb(*orange)}
        assert wrong.bgcolor == style_at(lines, 0, 0).bgcolor

    def test_one_wrong_point_wins_over_many_right_ones_and_else_the_commonest_class(self) -> None:
        many = [(2.0, 0.0, 0, 0)] * 9
        assert plain(the_map(16, 6, [*many, (2.0, 1.0, 1, 0)]))[0][2] == "×"
        mixed = [*[(4.0, 0.0, 0, 0)] * 2, *[(4.0, 1.0, 1, 1)] * 3]
        assert style_at(the_map(16, 6, mixed), 0, 4).color == Color.from_rgb(*class_colours(2, dark=True)[1])
        assert plain(the_map(16, 6, mixed, plain=True))[0][4] == "1"

    def test_a_boundary_inside_a_line_is_a_half_block_of_both_grounds(self) -> None:
        lines = the_map(14, 6, split=5)
        assert [set(line) for line in plain(lines)[:5]] == [{" "}, {" "}, {"▄"}, {" "}, {" "}]
        half, above, below = (style_at(lines, row, 0) for row in (2, 1, 3))
        assert half.bgcolor == above.bgcolor
        assert half.color == below.bgcolor
        assert above.bgcolor != below.bgcolor
        assert all(len(line.spans) == 1 for line in lines[:5])

    def test_the_ground_has_three_levels_of_confidence(self) -> None:
        confidence = np.repeat(np.linspace(0, 1, 40)[None], 10, axis=0)
        none = np.empty(0, int)
        lines = decision_map(
            np.zeros((10, 40), int), confidence, np.empty((0, 2)), none, none, [ORANGE], 40, 5, dark=False
        )
        grounds = [style_at(lines, 0, column).bgcolor for column in range(40)]
        assert len(set(grounds)) == len(lines[0].spans) == 3
        levels = [0 if sure < 0.6 else 1 if sure < 0.9 else 2 for sure in confidence[0]]
        assert [grounds.index(ground) for ground in grounds] == [levels.index(level) for level in levels]

    def test_points_that_are_not_drawn_are_counted(self) -> None:
        lost = [(NAN, 1.0, 0, 0), (INF, 1.0, 0, 0), (-0.6, 1.0, 0, 0), (60.0, 2.0, 0, 1), (1.0, 10.0, 1, 1)]
        lines = plain(the_map(50, 6, lost))
        assert lines[5].strip() == "• right  × 1 of 5 wrong, 3 beyond, 2 not finite"
        assert not set("".join(lines[:5])) & set("•×")

    def test_they_are_counted_on_the_map_where_no_line_is_left(self) -> None:
        one = np.zeros(2, int)
        lines = decision_map(
            np.zeros((10, 20), int),
            np.ones((10, 20)),
            np.array([[NAN, 1], [30, 1]]),
            one,
            one,
            [ORANGE],
            20,
            5,
            dark=True,
        )
        assert lines[-1].plain == "2 not drawn" + " " * 9

    def test_outputs_that_are_not_finite_are_question_marks_and_words_if_there_are_no_others(self) -> None:
        confidence = np.ones((10, 20))
        none = np.empty(0, int)
        for bad, first, in_words in (((slice(2), slice(3)), "???" + " " * 17, False), (slice(None), "", True)):
            confidence[bad] = NAN
            for without_colour in (True, False):
                lines = decision_map(
                    np.zeros((10, 20), int),
                    confidence,
                    np.empty((0, 2)),
                    none,
                    none,
                    [ORANGE],
                    20,
                    6,
                    dark=True,
                    plain=without_colour,
                )
                assert "finite." in " ".join(plain(lines)) if in_words else lines[0].plain == first

    def test_without_colours_regions_are_textures_and_points_digits_wrong_ones_reversed(self) -> None:
        classes = np.repeat(np.repeat(np.arange(4)[None], 10, axis=0), 5, axis=1)
        lines = decision_map(
            classes,
            np.ones(classes.shape),
            np.array([[0.0, 0.0], [6.0, 0.0], [11.0, 0.0], [16.0, 0.0]]),
            np.array([0, 1, 2, 3]),
            np.array([0, 1, 1, 3]),
            class_colours(4, dark=True),
            20,
            6,
            dark=True,
            plain=True,
        )
        assert lines[0].plain == "0    ·1···:2:::░3░░░"
        assert lines[1].plain == "     ·····:::::░░░░░"
        assert [column for column in range(20) if style_at(lines, 0, column).reverse] == [11]
        assert lines[5].plain.strip() == "1 of 4 wrong"
        assert all("#" not in str(span.style) for line in lines for span in line.spans)

    def test_one_class_is_drawn_and_no_point_needed(self) -> None:
        none = np.empty(0, int)
        lines = decision_map(
            np.zeros((10, 20), int), np.ones((10, 20)), np.empty((0, 2)), none, none, [ORANGE], 20, 5, dark=True
        )
        assert {style_at(lines, row, column).bgcolor for row in range(5) for column in range(20)} != {None}
        assert all(len(line.spans) == 1 for line in lines)

    def test_an_empty_grid_is_words_and_one_that_does_not_belong_to_its_confidence_refused(self) -> None:
        none, nowhere = np.empty(0, int), np.empty((0, 2))
        lines = decision_map(np.empty((0, 20), int), np.empty((0, 20)), nowhere, none, none, [], 20, 6, dark=True)
        assert plain(lines)[0].startswith("Nothing to draw")
        with pytest.raises(ValueError, match="cannot be drawn"):
            decision_map(np.zeros((4, 20), int), np.ones((6, 20)), nowhere, none, none, [ORANGE], 20, 6, dark=True)
        with pytest.raises(ValueError, match="cannot be drawn"):
            decision_map(np.zeros((5, 20), int), np.ones((5, 20)), nowhere, none, none, [ORANGE], 20, 6, dark=True)
        with pytest.raises(ValueError, match="2 true classes"):
            decision_map(
                np.zeros((4, 20), int), np.ones((4, 20)), nowhere, np.zeros(2, int), none, [ORANGE], 20, 6, dark=True
            )

    def test_a_grid_larger_than_the_room_is_words(self) -> None:
        none = np.empty(0, int)
        lines = decision_map(
            np.zeros((14, 20), int), np.ones((14, 20)), np.empty((0, 2)), none, none, [ORANGE], 20, 6, dark=True
        )
        assert plain(lines)[0].strip() == "Too small to draw."


class TestPredictedAgainstTrue:
    def test_a_dot_lies_where_true_and_predicted_meet(self) -> None:
        # Ends 0 and 1; 20 wide less the labels' 2, 6 high less axis and caption: 36 × 16 dots.
        true, predicted = np.array([0.0] * 50 + [1.0] * 50 + [0.0]), np.array([0.0] * 50 + [1.0] * 50 + [1.0])
        lines = predicted_against_true(true, predicted, ORANGE, 20, 6)
        assert [line.plain[:2] for line in lines[:4]] == ["1┤", " │", " │", "0┤"]
        assert lines[0].plain[2] == "⠁"
        assert lines[0].plain[-1] == "⠈"
        assert lines[3].plain[2] == "⡀"
        assert lines[4].plain == "  0     true →     1"
        assert lines[5].plain.strip() == "predicted ↑"
        for row, column in ((0, 2), (0, 19), (3, 2)):
            assert style_at(lines, row, column).color == Color.from_rgb(*ORANGE)

    def test_the_diagonal_is_a_line_of_another_colour_from_corner_to_corner(self) -> None:
        lines = predicted_against_true(np.array([0.0, 1.0]), np.array([1.0, 0.0]), ORANGE, 20, 6)
        drawn = [(row, column) for row in range(4) for column in range(2, 20) if lines[row].plain[column].strip()]
        diagonal = [cell for cell in drawn if style_at(lines, *cell).color != Color.from_rgb(*ORANGE)]
        assert {column for _, column in diagonal} == set(range(2, 20))
        assert all((row - 3) * 4.5 <= 19 - column and column - 2 <= (4 - row) * 4.5 for row, column in diagonal)
        assert len(drawn) - len(diagonal) == 2

    def test_rows_beyond_the_range_are_clipped_and_counted(self) -> None:
        true = np.linspace(0, 1, 1001)
        predicted = true.copy()
        predicted[[100, 200, 300]] = [50, -70, 60]
        lines = predicted_against_true(true, predicted, ORANGE, 60, 12)
        # True values end at .01 and .99, the 1st and 99th percentile, but predictions at .009 and .992, for −70 and 50
        # and 60 are among theirs: beyond lie 9 rows below, 8 above, and those three.
        assert lines[-1].plain.strip() == "predicted ↑, 20 beyond"
        assert lines[0].plain.startswith("0.992┤")
        edge, columns = 6, 54
        assert lines[0].plain[edge + columns // 10].strip()
        assert lines[9].plain[edge + columns // 5].strip()
        assert lines[0].plain[edge + 3 * columns // 10].strip()

    def test_of_few_rows_none_is_beyond(self) -> None:
        for rows in (1, 2, 3, 50, 99):
            lines = predicted_against_true(TRUE[:rows], PREDICTED[:rows], ORANGE, 60, 12)
            assert lines[-1].plain.strip() == "predicted ↑"

    def test_rows_that_are_not_finite_are_counted_and_words_if_there_are_no_others(self) -> None:
        lines = predicted_against_true(np.array([0.0, 1, 2, 3]), np.array([0.0, 1, NAN, INF]), ORANGE, 40, 8)
        assert lines[-1].plain.strip() == "predicted ↑, 2 not finite"
        assert predicted_against_true(np.ones(2), np.array([NAN, INF]), ORANGE, 40, 8)[0].plain.startswith(
            "Nothing to draw: no value is finite."
        )

    def test_as_many_predictions_as_targets_are_wanted_in_whatever_shape(self) -> None:
        with pytest.raises(ValueError, match="2 predictions of 3 targets"):
            predicted_against_true(np.zeros(3), np.zeros(2), ORANGE, 40, 8)
        flat = predicted_against_true(np.arange(4.0), np.arange(4.0), ORANGE, 40, 8)
        assert flat == predicted_against_true(np.arange(4.0)[:, None], np.arange(4.0), ORANGE, 40, 8)


class TestResidualHistogram:
    def test_bars_are_as_high_as_there_are_rows(self) -> None:
        # Nine bars of two columns between −4.5 and 4.5: one of each whole number, but 4 zeros and two ones.
        residuals = np.array([-4.5, -3, -2, -1, 0, 0, 0, 0, 1, 1, 2, 3, 4.5])
        lines = residual_histogram(residuals, ORANGE, 18, 3)
        assert plain(lines) == ["        ██        ", "▄▄▄▄▄▄▄▄████▄▄▄▄▄▄", "−4.5    0      4.5"]

    def test_zero_is_marked_in_the_middle_where_no_bar_stands(self) -> None:
        lines = residual_histogram(np.array([-1.0, 1.0] * 10), ORANGE, 13, 4)
        middle = lines[3].plain.index("0")
        assert lines[3].plain.startswith("−1")
        assert lines[3].plain.rstrip().endswith("1")
        assert [line.plain[middle] for line in lines[:3]] == ["┊", "┊", "┊"]

    def test_residuals_beyond_the_ends_are_in_the_outermost_bars_and_the_ends_say_so(self) -> None:
        residuals = np.concatenate([np.linspace(-1, 1, 998), [80, 90]])
        lines = plain(residual_histogram(residuals, ORANGE, 41, 3))
        assert lines[2].startswith("≤−")
        assert "≥" in lines[2]
        assert lines[1].rstrip()[-1] == "█"

    def test_none_at_the_ends_is_beyond_them(self) -> None:
        ends = residual_histogram(np.array([-2.0] * 50 + [2.0] * 50), ORANGE, 41, 3)[2].plain
        assert ends.split() == ["−2", "0", "2"]

    def test_what_is_not_finite_is_counted(self) -> None:
        lines = plain(residual_histogram(np.array([0.5, NAN, -INF]), ORANGE, 24, 4))
        assert lines[3].strip() == "2 not finite"
        assert "not finite" in " ".join(plain(residual_histogram(np.array([0.5, NAN]), ORANGE, 40, 2)))
        assert plain(residual_histogram(np.array([NAN]), ORANGE, 40, 4))[0].startswith("Nothing to draw")


class TestConfusionMatrix:
    def test_counts_heads_and_recalls(self) -> None:
        counts = np.array([[51, 0, 5], [1, 56, 13], [0, 0, 0]])
        lines = plain(confusion_matrix(counts, 40, 8, colour=ORANGE))
        assert [line.rstrip() for line in lines] == [
            "true ↓ predicted →, rows of each",
            "      0    1    2 recall",
            "0    51    ·    5   91 %",
            "1     1   56   13   80 %",
            "2     ·    ·    ·      –",
            "",
            "",
            "",
        ]

    def test_the_diagonal_is_bold_zeros_are_faint_and_mistakes_shaded_by_their_share(self) -> None:
        counts = np.array([[90, 5, 0], [0, 60, 40], [15, 0, 85]])
        lines = confusion_matrix(counts, 30, 6, colour=ORANGE)
        cells = {
            (row, column): style_at(lines, 2 + row, lines[1].plain.index(str(column)))
            for row in range(3)
            for column in range(3)
        }
        assert all(cells[place, place].bold for place in range(3))
        assert all(cells[cell].dim and not cells[cell].bgcolor for cell in ((0, 2), (1, 0), (2, 1)))
        shades = [cells[cell].bgcolor for cell in ((0, 1), (2, 0), (1, 2))]
        assert None not in shades
        assert len(set(shades)) == 3

    def test_ten_classes_fit_forty_by_twelve(self) -> None:
        counts = np.diag(np.arange(10, 20)) + np.eye(10, k=3, dtype=int)
        lines = plain(confusion_matrix(counts, 40, 12, colour=ORANGE))
        assert lines[1].split() == [*"0123456789", "recall"]
        for place, line in enumerate(lines[2:]):
            numbers = line.split()
            assert numbers[0] == str(place)
            assert numbers[1 + place] == str(10 + place)
            assert numbers.count("·") == (8 if place < 7 else 9)

    def test_counts_too_long_become_percent_and_neither_all_nor_none_is_rounded_to(self) -> None:
        counts = 100_000 * np.eye(10, dtype=int)
        counts[0, 1], counts[2, 3] = 1, 30_000
        lines = plain(confusion_matrix(counts, 40, 12, colour=ORANGE))
        assert "%" in lines[0]
        assert lines[2].split() == ["0", "99", "<1", *"········"]
        assert lines[3].replace("100", " 100 ").split() == ["1", "·", "100", *"········"]
        assert lines[4].split() == ["2", "·", "·", "77", "23", *"······"]

    def test_without_room_for_heads_the_title_stays(self) -> None:
        lines = plain(confusion_matrix(np.eye(10, dtype=int), 40, 11, colour=ORANGE))
        assert lines[0].startswith("true ↓ predicted →")
        assert lines[10].split()[0] == "9"

    def test_without_room_for_numbers_there_are_shades_that_need_no_colour_and_that_is_said(self) -> None:
        counts = np.array([[10 if row == column else 0 for column in range(10)] for row in range(10)])
        counts[3] = [2, 0, 0, 8, 0, 0, 0, 0, 0, 0]
        lines = plain(confusion_matrix(counts, 24, 12, colour=ORANGE))
        assert lines[4].strip() == "3 ░░····██" + "·" * 12
        assert lines[1].strip() == "0 ██" + "·" * 18
        assert "counts left out" in lines[11]

    def test_without_room_for_blocks_the_commonest_mistakes_are_listed(self) -> None:
        counts = 20 * np.eye(10, dtype=int)
        counts[3, 5], counts[7, 1], counts[2, 0], counts[4, 9] = 4, 12, 3, 2
        lines = [line.strip() for line in plain(confusion_matrix(counts, 18, 5, colour=ORANGE))]
        assert lines == ["200 of 221 right", "true → predicted", "7 → 1 12×", "3 → 5 4×", "2 more left out"]

    def test_names_stand_at_the_rows_and_above_the_columns(self) -> None:
        lines = plain(confusion_matrix(np.eye(3, dtype=int), 60, 6, colour=ORANGE, names=["a", "setosa", "b"]))
        assert lines[1].split() == ["a", "setosa", "b", "recall"]
        assert [line.split()[0] for line in lines[2:5]] == ["a", "setosa", "b"]

    def test_one_class_is_a_matrix_too(self) -> None:
        lines = plain(confusion_matrix(np.array([[7]]), 24, 6, colour=ORANGE))
        assert lines[2].split() == ["0", "7", "100", "%"]

    @pytest.mark.parametrize(("shape", "names"), [((2, 3), None), ((4,), None), ((2, 2), ["a"])])
    def test_what_is_no_matrix_of_these_classes_is_refused(self, shape: tuple[int, ...], names: list[str]) -> None:
        with pytest.raises(ValueError, match="counts of"):
            confusion_matrix(np.ones(shape, int), 40, 12, colour=ORANGE, names=names)


class TestReliabilityBars:
    def test_bars_end_at_the_accuracy_and_marks_lie_at_the_confidence(self) -> None:
        # Two bins, four lines: 32 eighths and 16 fourths high.
        bins = [Bin(0, 0.5, 0.25, 0.5, 10), Bin(0.5, 1, 0.97, 0.75, 30)]
        lines = plain(reliability_bars(bins, ORANGE, 18, 6))
        bar: dict[int, int] = {}
        mark: dict[int, int] = {}
        for row, line in enumerate(lines[:4]):
            for column, sign in enumerate(line[2:], 2):
                if sign in "▁▂▃▄▅▆▇█":
                    bar[column] = bar.get(column, 0) + 1 + "▁▂▃▄▅▆▇█".index(sign)
                elif sign in "⣀⠤⠒⠉":
                    mark[column] = 4 * (3 - row) + "⣀⠤⠒⠉".index(sign)
        assert sorted(set(bar.values())) == [16, 24]
        assert sorted(set(mark.values())) == [4, 15]
        assert max(column for column, height in bar.items() if height == 16) < min(mark) < max(mark)

    def test_the_last_line_is_the_mean_gap_over_rows(self) -> None:
        bins = [Bin(0, 0.5, 0.25, 0.5, 10), Bin(0.5, 1, 0.95, 0.75, 30), Bin(1, 1, NAN, NAN, 0)]
        # (10 · .25 + 30 · .2) / 40 = .2125
        assert plain(reliability_bars(bins, ORANGE, 20, 6))[-1].strip() == "gap .212, 40 rows"

    def test_a_bin_without_rows_is_a_dot_and_one_that_is_never_right_a_bar(self) -> None:
        bins = [Bin(0, 0.5, NAN, NAN, 0), Bin(0.5, 1, 0.9, 0.0, 3)]
        lines = plain(reliability_bars(bins, ORANGE, 18, 6))
        assert set(lines[3][2:10]) == {"·", " "}
        assert set(lines[3][10:]) == {"▁", " "}
        assert not set("".join(line[2:10] for line in lines[:3])) - {" "}

    def test_bins_that_are_left_out_are_drawn_as_empty(self) -> None:
        few = [one for place, one in enumerate(ten_bins()) if place in (2, 3, 7)]
        empty = [Bin(one.low, one.high, NAN, NAN, 0) for one in ten_bins()]
        for place, one in zip((2, 3, 7), few, strict=True):
            empty[place] = one
        assert reliability_bars(few, ORANGE, 40, 9) == reliability_bars(empty, ORANGE, 40, 9)
        floor = next(line for line in plain(reliability_bars(few, ORANGE, 40, 9)) if line.startswith("0┤"))
        assert floor.count("·") == 7

    def test_bins_of_different_widths_have_one_empty_one_in_each_gap(self) -> None:
        bins = [Bin(0.5, 0.6, 0.55, 0.5, 9), Bin(0.6, 0.601, 0.6, 0.5, 9), Bin(0.7, 1, 0.9, 0.8, 9)]
        lines = plain(reliability_bars(bins, ORANGE, 24, 9))
        assert lines[-2].split() == ["0", "9", "9", "0", "9"]

    def test_axes_are_labelled_and_counts_written_where_there_is_room(self) -> None:
        lines = plain(reliability_bars(ten_bins(25), ORANGE, 44, 10))
        assert lines[0].startswith("1┤")
        assert lines[6].startswith("0┤")
        assert lines[7].split() == ["0", "confidence", "1"]
        assert lines[8].split() == ["25"] * 10
        assert "25" not in "".join(plain(reliability_bars(ten_bins(2500), ORANGE, 44, 10))[:-1])

    def test_bins_that_have_no_room_are_joined_and_the_error_is_still_that_of_each(self) -> None:
        bins = [Bin(n / 20, (n + 1) / 20, 0.5, 1.0 if n % 2 else 0.0, 5) for n in range(20)]
        lines = plain(reliability_bars(bins, ORANGE, 24, 8))
        assert any("2 bins a bar" in line for line in lines)
        assert lines[-1].strip() == "gap .500, 100 rows"

    def test_bins_that_are_not_finite_are_told(self) -> None:
        bins = [Bin(0, 0.5, INF, 0.5, 4), Bin(0.5, 1, 0.7, 0.6, 1)]
        lines = plain(reliability_bars(bins, ORANGE, 40, 8))
        assert lines[-1].strip() == "gap .100, 1 row, 1 bin not finite"
        assert "?" in "".join(lines)
        none = plain(reliability_bars(bins[:1], ORANGE, 60, 8))
        assert none[0].strip() == "Nothing to draw: no confidence is finite."
