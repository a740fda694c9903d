"""Figures as a person reads them, written out by hand."""

from typing import Any

import pytest

from lossterm.reports import cells
from lossterm.reports.report import Standing
from lossterm.statistics.equivalence import Shares
from lossterm.statistics.learning_rate_choice import RatePoint
from lossterm.statistics.paired_differences import Interval
from lossterm.statistics.ranking import Difference
from tests.cells import each


def standing(**fields: Any) -> Standing:
    point = RatePoint(learning_rate=0.01, mean=None, sd=None, ended=0, broken=0, chosen=True)
    what = {"loss": "hinge", "learning_rate": 0.01, "learning_rate_at_edge": False, "tuned_by": "accuracy"}
    counts = dict.fromkeys(("trials", "done", "diverged", "failed"), 0)
    return Standing(**{**what, "sweep": (point,), "scores": {}, **counts, **fields})


def behind(mean: float, ci: Interval | None) -> Difference:
    return Difference(mean, ci, None)


# Scores


@each(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0.0000"),
        (0.5, "0.5000"),
        (-0.25, "-0.2500"),
        (0.001, "0.0010"),
        (0.0009, "9.0e-04"),
        (-0.0009, "-9.0e-04"),
        (9.87654, "9.8765"),
        (12.3456, "12.35"),
        (9999.0, "9999.00"),
        (123456.0, "123,456"),
        (12345678.0, "1.2e+07"),
        (1e300, "1.0e+300"),
    ],
)
def test_numbers_are_written_short(value: float | None, text: str) -> None:
    assert cells.number(value) == text


@pytest.mark.parametrize(
    ("mean", "half", "text", "short"),
    [
        (0.85041, 0.00523, "0.8504 ±.0052", "0.850 ±.005"),
        (0.85041, 0.0523, "0.850 ±.052", "0.85 ±.05"),
        (0.85041, 0.523, "0.85 ±.52", "0.9 ±.5"),
        (0.85041, 0.0014, "0.8504 ±.0014", "0.8504 ±.0014"),  # one digit of 14 is too coarse
        (0.85041, 0.0021, "0.8504 ±.0021", "0.850 ±.002"),
        (12.3456, 1.2, "12.3 ±1.2", "12.3 ±1.2"),
        (123.456, 23.4, "123 ±23", "123 ±23"),
        (123.456, 234.0, "123 ±234", "123 ±234"),
        (0.5, 3e-7, "0.5000 ±3.0e-07", "0.5000 ±3.0e-07"),
    ],
)
def test_a_spread_has_the_digits_that_its_interval_gives_it(mean: float, half: float, text: str, short: str) -> None:
    ci = (mean - half, mean + half)
    assert cells.spread(mean, ci) == text
    assert cells.spread(mean, ci, digits=1) == short


def test_a_spread_without_an_interval_is_the_mean_and_without_a_mean_a_dash() -> None:
    assert cells.spread(0.5, None) == "0.5000"
    assert cells.spread(None, None) == "–"


@pytest.mark.parametrize("half", [0, 1e-17, 1e-14])
def test_a_spread_of_no_width_says_so(half: float) -> None:
    assert cells.spread(0.5, (0.5 - half, 0.5 + half)) == "0.5000 ±0"


def test_a_spread_of_large_numbers_is_written_as_numbers_are() -> None:
    assert cells.spread(123456.0, (123456.0, 123456.0)) == "123,456 ±0"
    assert cells.spread(123456.0, (120456.0, 126456.0)) == "123,456 ±3,000"


@each(
    ("value", "places", "text", "signed"),
    [
        (0.0124, 4, ".0124", "+.0124"),
        (-0.0124, 4, ".0124", "−.0124"),
        (12.3, 2, "12.30", "+12.30"),
        (-12.3, 2, "12.30", "−12.30"),
        (0.0, 3, ".000", "+.000"),
        (-0.00001, 3, ".000", "+.000"),  # what shows as nothing has no direction
        (0.9999, 3, "1.000", "+1.000"),
        (-10.0, 1, "10.0", "−10.0"),
        (0.4, 0, "0", "+0"),
        (7.0, 0, "7", "+7"),
        (-10.0, 0, "10", "−10"),
        (100.5, 1, "100.5", "+100.5"),
    ],
)
def test_a_bare_number_has_no_zero_before_its_point_and_a_true_minus(
    value: float, places: int, text: str, signed: str
) -> None:
    assert cells.bare(value, places) == text
    assert cells.bare(value, places, sign=True) == signed


# Differences


@pytest.mark.parametrize(
    ("mean", "ci", "text", "short"),
    [
        (0.0124, (0.004, 0.0208), "+.0124 [+.0040, +.0208]", "+.012 [+.004, +.021]"),
        (0.0124, (-0.0016, 0.0364), "+.012 [−.002, +.036]", "+.012 [−.002, +.036]"),
        (-0.003, (-0.01, 0.004), "−.0030 [−.0100, +.0040]", "−.003 [−.010, +.004]"),
        (0.25, (0.125, 0.375), "+.25 [+.12, +.38]", "+.25 [+.12, +.38]"),
        (3.25, (1.0, 6.0), "+3.2 [+1.0, +6.0]", "+3 [+1, +6]"),
        (35.0, (10.0, 60.0), "+35 [+10, +60]", "+35 [+10, +60]"),
        (35.0, (0.0, 60.0), "+35 [+0, +60]", "+35 [+0, +60]"),
        (20_000.0, (-100.0, 40_000.0), "+20,000 [−100, +40,000]", "+20,000 [−100, +40,000]"),
        (0.0, (0.0, 0.0), "+.0000", "+.0000"),
        (0.0123, (0.0123, 0.0123), "+.0123", "+.0123"),
    ],
)
def test_a_gap_shows_its_interval_by_its_ends(mean: float, ci: Interval, text: str, short: str) -> None:
    assert cells.gap(behind(mean, ci)) == text
    assert cells.gap(behind(mean, ci), digits=1) == short


def test_shares_are_written_in_percent() -> None:
    assert cells.shares_in_percent(standing(shares=Shares(0.936, 0.064, 0.0004))) == "94/6/0"
    assert cells.shares_in_percent(standing()) == "–"


@pytest.mark.parametrize("digits", [1, 2])
def test_a_gap_of_one_seed_is_a_number_and_the_best_has_none(digits: int) -> None:
    assert cells.gap(behind(0.0124, None), digits=digits) == "+.0124"
    assert cells.gap(behind(-0.5, None), digits=digits) == "−.5000"
    assert cells.gap(behind(28313.4816, None), digits=digits) == "+28,313"
    assert cells.gap(behind(-2.5e9, None), digits=digits) == "−2.5e+09"
    assert cells.gap(None, digits=digits) == "–"


@each(
    ("share", "pairs", "text"),
    [
        (0.6, 10, "6/10"),
        (0.65, 10, "6.5/10"),
        (1.0, 1, "–"),  # one seed says nothing
        (0.0, 2, "0/2"),
        (0.0, 3, "0/3"),
        (1.0, 30, "30/30"),
        (1 / 3, 3, "1/3"),
        (7.5 / 9, 9, "7.5/9"),
        (9999.5 / 10000, 10000, "9999.5/10000"),
        (None, None, "–"),
    ],
)
def test_how_often_a_loss_was_beaten_counts_equal_scores_half(
    share: float | None, pairs: int | None, text: str
) -> None:
    assert cells.times_beaten(standing(beaten=share, pairs=pairs)) == text


# Trials and rates


@pytest.mark.parametrize(
    ("done", "diverged", "failed", "text", "short"),
    [
        (10, 0, 0, "10/10", "10/10"),
        (7, 3, 0, "7/10, diverged 3/10", "7/10 div 3"),
        (9, 0, 1, "9/10, failed 1/10", "9/10 fail 1"),
        (0, 4, 6, "0/10, diverged 4/10, failed 6/10", "0/10 div 4 fail 6"),
    ],
)
def test_counts_of_trials_say_what_became_of_those_that_are_not_done(
    done: int, diverged: int, failed: int, text: str, short: str
) -> None:
    place = standing(trials=10, done=done, diverged=diverged, failed=failed)
    assert cells.trial_counts(place) == text
    assert cells.trial_counts(place, short=True) == short


@pytest.mark.parametrize(
    ("rate", "edge", "text"),
    [(0.01, False, "0.01"), (0.1, True, "0.1*"), (1e-05, True, "1e-05*"), (1000.0, False, "1000")],
)
def test_a_rate_at_the_edge_of_those_tried_has_a_star(rate: float, edge: bool, text: str) -> None:
    assert cells.rate(standing(learning_rate=rate, learning_rate_at_edge=edge)) == text


def swept(*means: float | None, chosen: int, broken: int = 2, tuned_by: str = "accuracy") -> Standing:
    """A sweep over rates; where there is no mean, `broken` of two trials diverged."""
    return standing(
        tuned_by=tuned_by,
        sweep=tuple(
            RatePoint(
                learning_rate=10.0**place,
                mean=mean,
                sd=None,
                ended=2 if mean is not None else broken,
                broken=0 if mean is not None else broken,
                chosen=place == chosen,
            )
            for place, mean in enumerate(means)
        ),
    )


def test_a_strip_is_higher_where_the_score_is_better_and_marks_the_choice() -> None:
    assert cells.strip(swept(0.0, 0.25, 0.5, 0.75, 1.0, chosen=4)) == "▁▃▅▆‹█›"
    assert cells.strip(swept(0.3, 0.9, 0.2, chosen=1)) == "▂‹█›▁"


def test_a_strip_of_scores_that_differ_by_rounding_alone_is_level() -> None:
    assert cells.strip(swept(1.0, 1 - 1e-16, 1 - 6e-8, chosen=0)) == "‹█›██"
    assert cells.strip(swept(-3.0, -3 - 2e-7, chosen=0)) == "‹█›█"


def test_a_strip_of_errors_is_higher_where_they_are_less() -> None:
    assert cells.strip(swept(0.0, 0.25, 0.5, 0.75, 1.0, chosen=0, tuned_by="mae")) == "‹█›▆▅▃▁"


def test_a_strip_shows_a_cross_where_all_diverged_and_a_dot_where_nothing_ended() -> None:
    assert cells.strip(swept(0.2, 0.4, None, chosen=1)) == "▁‹█›×"
    assert cells.strip(swept(0.2, 0.4, None, chosen=1, broken=0)) == "▁‹█›·"
    assert cells.strip(swept(None, None, chosen=0)) == "‹×›×"


def test_a_strip_of_equal_scores_is_full_everywhere() -> None:
    assert cells.strip(swept(0.5, 0.5, chosen=0)) == "‹█›█"
    assert cells.strip(swept(0.5, chosen=0, tuned_by="mae")) == "‹█›"


def test_a_bar_stands_for_the_trials_that_came_to_their_end_where_only_some_diverged() -> None:
    some = RatePoint(learning_rate=0.1, mean=0.9, sd=None, ended=3, broken=1, chosen=True)
    other = RatePoint(learning_rate=1, mean=0.1, sd=None, ended=3, broken=0, chosen=False)
    assert cells.strip(standing(sweep=(some, other))) == "‹█›▁"
