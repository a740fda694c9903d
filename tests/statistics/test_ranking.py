import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations

import msgspec
import numpy as np
import pytest
from scipy import stats

from lossterm.statistics.multiple_comparisons import holm
from lossterm.statistics.paired_differences import (
    LEVEL,
    Scores,
    Summary,
    beaten,
    differences,
    mean_interval,
    paired_p,
    seeds_to_settle,
    seeds_without_spread,
    standard_error,
    summarise,
    wilson,
)
from lossterm.statistics.ranking import Difference, Direction, Place, places, rank
from tests.cells import each

NO_ROPE = 1e-12
DIRECTIONS: tuple[Direction, ...] = ("min", "max")
every_direction = each("direction", DIRECTIONS)


def numbers(value_or_values: object) -> Iterator[float]:
    """Every number in a tree of records."""
    if isinstance(value_or_values, dict):
        for value in value_or_values.values():
            yield from numbers(value)
    elif isinstance(value_or_values, list | tuple):
        for value in value_or_values:
            yield from numbers(value)
    elif isinstance(value_or_values, int | float):
        yield value_or_values


def judged(scores: Mapping[str, Scores], direction: Direction = "max", rope: float = NO_ROPE) -> dict[str, Place]:
    """The places of losses, after a look at what must hold of any."""
    ranking = places(scores, direction=direction, rope=rope)
    assert set(ranking) == set(scores)
    assert all(math.isfinite(number) for number in numbers(msgspec.to_builtins(ranking)))
    return ranking


def gap_of(place: Place) -> Difference:
    assert place.difference is not None
    return place.difference


def random_scores(seed: int, losses: int = 4, seeds: int = 12, missing: float = 0.0) -> dict[str, list[float | None]]:
    rng = np.random.default_rng(seed)
    values = rng.normal(0.8, 0.1, (losses, seeds)) + rng.normal(0, 0.2, seeds) + rng.normal(0, 0.1, (losses, 1))
    there = rng.random((losses, seeds)) >= missing
    return {
        f"loss{number}": [
            float(value) if kept else None for value, kept in zip(values[number], there[number], strict=True)
        ]
        for number in range(losses)
    }


# Mean and spread


@pytest.mark.parametrize(
    ("values", "mean", "sd"),
    [
        ([2.0, 4.0], 3.0, math.sqrt(2)),
        ([1.0, 2.0, 3.0, 4.0], 2.5, math.sqrt(5 / 3)),
        ([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], 5.0, math.sqrt(32 / 7)),
        ([0.25, 0.25, 0.25], 0.25, 0.0),
        ([-1.0, 1.0], 0.0, math.sqrt(2)),
    ],
)
def test_mean_and_sd_are_what_was_worked_out_by_hand(values: list[float], mean: float, sd: float) -> None:
    summary = summarise(values)
    assert summary.mean == pytest.approx(mean, abs=1e-12)
    assert summary.sd == pytest.approx(sd, abs=1e-12)


def test_one_value_has_a_mean_and_no_sd() -> None:
    assert summarise([0.5]) == Summary(0.5, None)


def test_no_value_has_neither() -> None:
    assert summarise([]) == Summary(None, None)


def test_a_large_offset_does_not_spoil_the_sd() -> None:
    assert summarise([1e9, 1e9 + 1, 1e9 + 2]).sd == pytest.approx(1.0)


# Ranks


def test_less_is_better_for_min_and_more_for_max() -> None:
    means = {"a": 0.3, "b": 0.1, "c": 0.2}
    assert list(rank(means, "min").items()) == [("b", 1), ("c", 2), ("a", 3)]
    assert list(rank(means, "max").items()) == [("a", 1), ("c", 2), ("b", 3)]


def test_equal_means_share_a_rank_and_the_next_one_skips() -> None:
    means = {"a": 0.5, "b": 0.9, "c": 0.5, "d": 0.1}
    assert list(rank(means, "max").items()) == [("b", 1), ("a", 2), ("c", 2), ("d", 4)]
    assert rank({"a": 1.0, "b": 1.0, "c": 1.0}, "min") == {"a": 1, "b": 1, "c": 1}


@every_direction
def test_what_has_no_mean_stays_unranked_behind_the_others_in_its_order(direction: Direction) -> None:
    ranks = rank({"x": None, "a": 0.5, "y": None}, direction)
    assert list(ranks.items()) == [("a", 1), ("x", None), ("y", None)]


def test_a_mean_of_zero_is_ranked() -> None:
    assert rank({"a": 0.0, "b": -1.0}, "min") == {"b": 1, "a": 2}
    assert rank({}, "min") == {}


# The paired t-test and its interval


def test_differences_are_taken_over_the_seeds_that_both_have_and_positive_where_the_first_is_ahead() -> None:
    assert differences([3.0, None, 5.0, 1.0], [1.0, 2.0, None, 4.0], 1) == [2.0, -3.0]
    assert differences([3.0, None, 5.0, 1.0], [1.0, 2.0, None, 4.0], -1) == [-2.0, 3.0]
    with pytest.raises(ValueError, match="zip"):
        differences([1.0], [1.0, 2.0], 1)


def test_t_test_and_interval_are_what_was_worked_out_by_hand() -> None:
    # d = 0, .1, .2: mean .1, sd .1, se .1/√3, t = √3; two degrees: p = 1 − √3/√(2 + 3); t(.975, 2) = 4.30265
    assert paired_p([0.0, 0.1, 0.2]) == pytest.approx(1 - math.sqrt(3 / 5), rel=1e-12)
    interval = mean_interval(summarise([0.0, 0.1, 0.2]), 3)
    assert interval == pytest.approx((0.1 - 0.248414, 0.1 + 0.248414), abs=1e-6)


def test_widening_after_nadeau_and_bengio_is_what_was_worked_out_by_hand() -> None:
    # d = 1, 2, 3, ρ = 1/3: sd 1, se = √(1/3 + 1/3), t = 2/√(2/3) = √6; two degrees: p = 1 − √6/√(2 + 6) = 1 − √3/2
    assert standard_error(1.0, 3, 1 / 3) == pytest.approx(math.sqrt(2 / 3), rel=1e-15)
    assert paired_p([1.0, 2.0, 3.0], 1 / 3) == pytest.approx(1 - math.sqrt(3) / 2, rel=1e-12)
    interval = mean_interval(summarise([1.0, 2.0, 3.0]), 3, 1 / 3)
    assert interval == pytest.approx((2 - 3.513097, 2 + 3.513097), abs=1e-5)  # 4.30265 · √(2/3)
    assert standard_error(2.0, 4, 0.0) == 1.0


@each("count", [2, 3, 5, 10, 30])
@each("seed", range(4))
def test_t_test_and_interval_are_scipys(count: int, seed: int) -> None:
    rng = np.random.default_rng([count, seed])
    a, b = rng.normal(0.5, 1, count), rng.normal(0, 1, count)
    d = differences(a.tolist(), b.tolist(), 1)
    expected = stats.ttest_rel(a, b)
    assert paired_p(d) == pytest.approx(expected.pvalue, rel=1e-9)
    low, high = expected.confidence_interval(0.95)
    assert mean_interval(summarise(d), count) == pytest.approx((low, high), rel=1e-9)
    alone = stats.t.interval(0.95, count - 1, loc=a.mean(), scale=a.std(ddof=1) / math.sqrt(count))
    assert mean_interval(summarise(a.tolist()), count) == pytest.approx(alone, rel=1e-9)


def test_fewer_than_two_differences_give_no_p_and_no_interval() -> None:
    assert paired_p([]) is paired_p([0.5]) is None
    assert mean_interval(summarise([]), 0) is mean_interval(summarise([0.5]), 1) is None


@each(
    ("d", "p"),
    [
        ([0.0, 0.0, 0.0], 1.0),
        ([0.25, 0.25], 0.5),  # 2^(1 − n), as of n tosses of a coin that fall alike
        ([0.25, 0.25, 0.25], 0.25),
        ([-0.25, -0.25, -0.25], 0.25),
        ([0.4 - 0.3, 0.7 - 0.6, 0.3 - 0.2], 0.25),  # .1 but for rounding
        ([0.25] * 6, 0.03125),
        ([1.0, -1.0], 1.0),
    ],
)
@each("correlation", [0.0, 0.5])
def test_differences_without_spread_or_mean_have_a_p(d: list[float], p: float, correlation: float) -> None:
    assert paired_p(d, correlation) == p


@pytest.mark.parametrize("count", [2, 3, 5, 6, 10, 30])
def test_without_spread_p_is_that_of_scipys_sign_test(count: int) -> None:
    assert paired_p([0.25] * count) == pytest.approx(stats.binomtest(count, count).pvalue, rel=1e-12)


# Several comparisons


def holm_by_closure(p: Sequence[float]) -> list[float]:
    """Holm's method as what it is: every set of hypotheses tested after Bonferroni, the largest p of any set kept."""
    every = range(len(p))
    sets = [chosen for size in range(1, len(p) + 1) for chosen in combinations(every, size)]
    return [
        max(min(1.0, len(chosen) * min(p[one] for one in chosen)) for chosen in sets if number in chosen)
        for number in every
    ]


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [
        # smallest first: 3·.01 = .03, 2·.03 = .06, then 1·.04 = .04, which may not be below .06
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.02], [0.02]),
        ([], []),
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.01, 0.01, 0.9], [0.03, 0.03, 0.9]),
        ([0.0, 1.0], [0.0, 1.0]),
    ],
)
def test_holm_is_what_was_worked_out_by_hand(p: list[float], adjusted: list[float]) -> None:
    assert holm(p) == pytest.approx(adjusted, rel=1e-12)


@each("count", [1, 2, 3, 5, 8])
@each("ties", [False, True], ids=["distinct", "ties"])
def test_holm_is_bonferroni_closed_over_all_sets(count: int, ties: bool) -> None:
    rng = np.random.default_rng(count)
    for _ in range(20):
        p = rng.random(count) ** 3
        p = np.round(p, 1) if ties else p
        assert holm(p.tolist()) == pytest.approx(holm_by_closure(p.tolist()), rel=1e-12)


# Shares of seeds


def test_equal_scores_count_half() -> None:
    assert beaten([0.2, 0.0, -0.1, 0.3]) == 0.625  # (2 + ½)/4
    assert beaten([0.0]) == 0.5
    assert beaten([-1.0, -2.0]) == 0
    assert beaten([1.0, 2.0]) == 1


@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 30, 1000])
def test_interval_of_a_share_is_scipys(count: int) -> None:
    for hits in sorted({0, 1, count // 3, count // 2, count - 1, count}):
        expected = stats.binomtest(hits, count).proportion_ci(method="wilson")
        assert wilson(hits / count, count) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_interval_of_a_share_stays_within_0_and_1_and_has_a_width() -> None:
    for count in range(1, 40):
        for halves in range(2 * count + 1):
            low, high = wilson(halves / (2 * count), count)
            assert 0 <= low <= halves / (2 * count) + 1e-15
            assert halves / (2 * count) - 1e-15 <= high <= 1
            assert high - low > 0.01


# How many seeds would settle it


@pytest.mark.parametrize(
    ("sd", "least", "correlation", "seeds"),
    [
        (0.01, 0.005, 0.0, 34),  # (2.8·2)² + 2 = 31.36 + 2
        (1.0, 1.0, 0.0, 10),  # 2.8² + 2 = 9.84
        (0.001, 0.1, 0.0, 3),  # .000784 + 2
        (1.0, 1.0, 0.1, 39),  # 1/(1/7.84 − .1) = 36.296, + 2
        (1.0, 1.0, 1 / 3, None),  # 1/7.84 = .1276 < 1/3: no number of splits narrows the interval enough
        (1.0, 1.0, 1 / 7.84, None),
        (0.0, 0.005, 0.0, None),
        (0.01, 0.0, 0.0, None),
    ],
)
def test_seeds_to_settle_are_what_was_worked_out_by_hand(
    sd: float, least: float, correlation: float, seeds: int | None
) -> None:
    assert seeds_to_settle(sd, least, correlation) == seeds


@each("correlation", [0.0, 1e-4, 0.01])
@each("ratio", [1.7, 2.0, 3.1, 3.4])
def test_at_the_seeds_to_settle_and_not_before_what_matters_is_2_8_standard_errors(
    ratio: float, correlation: float
) -> None:
    seeds = seeds_to_settle(ratio, 1.0, correlation)
    assert seeds is not None
    assert (
        2.8 * standard_error(ratio, seeds - 2, correlation) <= 1 < 2.8 * standard_error(ratio, seeds - 3, correlation)
    )


# Places


def test_places_are_what_was_worked_out_by_hand() -> None:
    ranking = judged({"b": [0.7, 0.7, 0.7], "a": [0.7, 0.8, 0.9], "c": [0.5, 0.59, 0.71]}, rope=0.03)
    assert list(ranking) == ["a", "b", "c"]
    assert [place.rank for place in ranking.values()] == [1, 2, 3]
    assert [place.verdict for place in ranking.values()] == ["best", "tied", "worse"]
    a, b, c = ranking.values()
    assert (a.mean, a.sd) == pytest.approx((0.8, 0.1))
    assert a.ci == pytest.approx((0.8 - 0.248414, 0.8 + 0.248414), abs=1e-6)  # 4.30265 · .1/√3
    assert all(value is None for value in (a.difference, a.beaten, a.beaten_ci, a.pairs, a.seeds_to_settle))
    # a − b = 0, .1, .2: t = √3, p = 1 − √(3/5) = .22540
    # a − c = .2, .21, .19: t = 20√3, p = 1 − √(1200/1202) = .00083; Holm: 2·.00083, 1·.2254
    assert gap_of(b).mean == pytest.approx(0.1)
    assert gap_of(b).ci == pytest.approx((0.1 - 0.248414, 0.1 + 0.248414), abs=1e-6)
    assert gap_of(b).p_holm == pytest.approx(1 - math.sqrt(3 / 5))
    # all pairs: a − c .00083, a − b .2254, b − c = .2, .11, −.01 .2419; Holm: 3·.00083, 2·.2254, at least as much
    assert gap_of(b).p_all_pairs == pytest.approx(2 * (1 - math.sqrt(3 / 5)))
    assert b.beaten == pytest.approx(2.5 / 3)
    assert b.pairs == 3
    assert b.beaten_ci == wilson(2.5 / 3, 3)
    assert b.seeds_to_settle == 90  # (2.8 · .1/.03)² + 2 = 87.1 + 2
    assert gap_of(c).mean == pytest.approx(0.2)
    p = 1 - math.sqrt(1200 / 1202)
    assert (gap_of(c).p_holm, gap_of(c).p_all_pairs) == pytest.approx((2 * p, 3 * p))
    assert (c.beaten, c.pairs, c.seeds_to_settle) == (1, 3, None)


@every_direction
@each("missing", [0.0, 0.25])
@each("seed", range(5))
def test_places_are_what_scipy_makes_of_the_same_scores(direction: Direction, missing: float, seed: int) -> None:
    scores = random_scores(seed, missing=missing)
    ranking = judged(scores, direction, rope=0.02)
    sign = 1 if direction == "max" else -1

    def pair(a: str, b: str) -> tuple[np.ndarray, np.ndarray]:
        both = [(x, y) for x, y in zip(scores[a], scores[b], strict=True) if x is not None and y is not None]
        return sign * np.array([x for x, _ in both]), sign * np.array([y for _, y in both])

    means = {key: np.mean([value for value in values if value is not None]) for key, values in scores.items()}
    shared = np.array([values for values in zip(*scores.values(), strict=True) if None not in values], float)
    on_shared = means if len(shared) < 2 else dict(zip(scores, shared.mean(axis=0), strict=True))
    order = sorted(means, key=lambda key: -sign * on_shared[key])
    assert list(ranking) == order
    best, *others = order
    with_best = holm_by_closure([stats.ttest_rel(*pair(best, other)).pvalue for other in others])
    every = list(combinations(order, 2))
    all_pairs = dict(zip(every, holm_by_closure([stats.ttest_rel(*pair(*one)).pvalue for one in every]), strict=True))
    assert ranking[best].verdict == "best"
    for other, p_holm in zip(others, with_best, strict=True):
        place, (a, b) = ranking[other], pair(best, other)
        assert place.mean == pytest.approx(means[other], rel=1e-12)
        assert gap_of(place).mean == pytest.approx(np.mean(a - b), rel=1e-9)
        assert gap_of(place).ci == pytest.approx(tuple(stats.ttest_rel(a, b).confidence_interval()), rel=1e-8)
        assert gap_of(place).p_holm == pytest.approx(p_holm, rel=1e-8)
        assert gap_of(place).p_all_pairs == pytest.approx(all_pairs[best, other], rel=1e-8)
        assert place.pairs == len(a)
        assert place.beaten == pytest.approx(np.mean(a > b))
        worse = p_holm < 0.05 and all_pairs[best, other] < 0.05 and np.mean(a - b) >= 0.02
        assert place.verdict == ("worse" if worse else "tied")
        interval = stats.ttest_rel(a, b).confidence_interval()
        assert place.equivalent == (not worse and interval.low > -0.02 and interval.high < 0.02)
        settled = worse or place.equivalent
        assert place.seeds_to_settle == (None if settled else math.ceil((2.8 * np.std(a - b, ddof=1) / 0.02) ** 2 + 2))


@each("relative", [False, True])
@each("seed", range(5))
def test_the_two_directions_mirror_one_another(relative: bool, seed: int) -> None:
    scores = random_scores(seed, missing=0.2)
    mirrored = {key: [None if value is None else -value for value in values] for key, values in scores.items()}
    ranking = places(scores, direction="max", rope=0.02, relative=relative)
    other = places(mirrored, direction="min", rope=0.02, relative=relative)
    assert list(ranking) == list(other)
    for key, place in ranking.items():
        assert place.mean is not None
        assert other[key].mean == -place.mean
        assert msgspec.structs.replace(other[key], mean=place.mean, ci=place.ci) == place


def test_a_loss_must_be_behind_by_both_corrections_to_be_worse() -> None:
    # a − b = .3, .4, .5: t = 4√3, p = 1 − √(48/50) = .0202; a − c = 0, 0, .3: t = 1, p = .42; c − b = .3, .4, .2: .035
    ranking = judged({"a": [0.9, 0.9, 0.9], "c": [0.9, 0.9, 0.6], "b": [0.6, 0.5, 0.4]})
    p = 1 - math.sqrt(48 / 50)
    assert gap_of(ranking["b"]).p_holm == pytest.approx(2 * p)
    assert gap_of(ranking["b"]).p_all_pairs == pytest.approx(3 * p)
    assert 2 * p < LEVEL < 3 * p
    assert ranking["b"].verdict == "tied"
    alone = judged({"a": [0.9, 0.9, 0.9], "b": [0.6, 0.5, 0.4]})
    assert gap_of(alone["b"]).p_holm == gap_of(alone["b"]).p_all_pairs == pytest.approx(p)
    assert alone["b"].verdict == "worse"


def test_a_significant_difference_below_what_matters_is_tied() -> None:
    scores = {"a": [0.801, 0.852, 0.903, 0.7541], "b": [0.8, 0.851, 0.9021, 0.753]}  # behind by .001
    ranking = judged(scores, rope=0.005)
    assert max(gap_of(ranking["b"]).p_holm or 1, gap_of(ranking["b"]).p_all_pairs or 1) < 0.001
    assert ranking["b"].verdict == "tied"
    assert judged(scores, rope=0.0005)["b"].verdict == "worse"


def test_what_matters_may_be_a_share_of_the_best_mean() -> None:
    # a: mean .4375; b − a = .0115, .0119, .0117: 2.67 % of it
    scores: dict[str, Scores] = {"a": [0.375, 0.5, 0.4375], "b": [0.3865, 0.5119, 0.4492]}
    for rope, verdict in ((0.026, "worse"), (0.027, "tied")):
        ranking = places(scores, direction="min", rope=rope, relative=True)
        assert ranking["b"].verdict == verdict
    assert places(scores, direction="min", rope=0.026)["b"].verdict == "tied"
    assert places(scores, direction="min", rope=0.01)["b"].verdict == "worse"


def test_seeds_to_settle_count_with_the_share_of_the_best_mean() -> None:
    # a: mean 2; b − a = 0, 1, 2: sd 1; rope 10 % of 2 = .2: (2.8·5)² + 2
    ranking = places({"a": [1.0, 2.0, 3.0], "b": [1.0, 3.0, 5.0]}, direction="min", rope=0.1, relative=True)
    assert ranking["b"].seeds_to_settle == 198


def test_no_number_of_splits_of_the_same_rows_is_promised_where_none_would_do() -> None:
    scores = {"a": [0.9, 0.7, 0.8, 0.85], "b": [0.7, 0.9, 0.6, 0.8]}
    fresh = places(scores, direction="max", rope=0.01)
    again = places(scores, direction="max", rope=0.01, correlation=1 / 3)
    assert [place.verdict for place in again.values()] == ["best", "tied"]
    assert again["b"].seeds_to_settle is None
    assert fresh["b"].seeds_to_settle is not None


@pytest.mark.parametrize("correlation", [1 / 3, 0.1])
@pytest.mark.parametrize("count", [2, 5, 30])
def test_intervals_are_wider_by_the_root_of_one_and_n_rho_where_the_same_rows_are_split_anew(
    count: int, correlation: float
) -> None:
    scores = random_scores(1, seeds=count)
    fresh, again = (places(scores, direction="max", rope=0.01, correlation=rho) for rho in (0.0, correlation))
    for key in scores:
        both = [(fresh[key].ci, again[key].ci)]
        if fresh[key].difference is not None:
            both.append((gap_of(fresh[key]).ci, gap_of(again[key]).ci))
            assert (gap_of(again[key]).p_holm or 0) >= (gap_of(fresh[key]).p_holm or 0)
        for narrow, wide in both:
            assert narrow is not None
            assert wide is not None
            factor = (wide[1] - wide[0]) / (narrow[1] - narrow[0])
            assert factor == pytest.approx(math.sqrt(1 + count * correlation), rel=1e-9)
            assert sum(wide) == pytest.approx(sum(narrow))


# Bad input


@every_direction
def test_one_seed_gives_a_rank_and_no_interval_and_no_verdict(direction: Direction) -> None:
    ranking = judged({"a": [0.5], "b": [0.75]}, direction)
    ahead, behind = ranking.values()
    assert (ahead.rank, behind.rank) == (1, 2)
    for place in ranking.values():
        assert all(value is None for value in (place.verdict, place.sd, place.ci, place.seeds_to_settle))
    assert gap_of(behind) == Difference(0.25, None, None, None)
    assert (behind.beaten, behind.pairs) == (1, 1)
    assert behind.beaten_ci == wilson(1, 1)


@each("score", [0.0, 0.1, 0.7])
@each(("count", "settled_by"), [(2, 7), (6, 7), (7, None), (10, None)])
def test_identical_scores_are_tied(score: float, count: int, settled_by: int | None) -> None:
    ranking = judged({key: [score] * count for key in ("x", "y", "z")}, rope=0.005)
    assert [place.verdict for place in ranking.values()] == ["best", "tied", "tied"]
    assert [place.rank for place in ranking.values()] == [1, 1, 1]
    assert list(ranking) == ["x", "y", "z"]
    for key in ("y", "z"):
        assert gap_of(ranking[key]) == Difference(0.0, (0.0, 0.0), 1.0, 1.0)
        assert (ranking[key].beaten, ranking[key].pairs) == (0.5, count)
        assert (ranking[key].seeds_to_settle, ranking[key].equivalent) == (settled_by, settled_by is None)


def test_the_same_scores_under_two_names_are_tied_where_others_differ() -> None:
    ranking = judged({"a": [0.75, 0.875, 0.5], "same": [0.75, 0.875, 0.5], "c": [0.5, 0.5625, 0.25]}, rope=0.005)
    assert [place.verdict for place in ranking.values()] == ["best", "tied", "worse"]
    assert gap_of(ranking["same"]).p_holm == gap_of(ranking["same"]).p_all_pairs == 1


@every_direction
@each("correlation", [0.0, 0.3])
def test_a_difference_that_never_varies_is_worse_if_it_matters_and_tied_if_not(
    direction: Direction, correlation: float
) -> None:
    low, high = [0.25, 0.5, 0.375] * 2, [0.5, 0.75, 0.625] * 2
    scores = {"good": high if direction == "max" else low, "bad": low if direction == "max" else high}
    for rope, verdict in ((0.25, "worse"), (0.26, "tied")):
        ranking = places(scores, direction=direction, rope=rope, correlation=correlation)
        assert ranking["bad"].verdict == verdict
        assert gap_of(ranking["bad"]) == Difference(0.25, (0.25, 0.25), 2**-5, 2**-5)
        assert (ranking["bad"].seeds_to_settle, ranking["bad"].equivalent) == (None, verdict == "tied")


@every_direction
@each("gap", [0.25, 2**-10], ids=["matters", "does not matter"])
def test_two_seeds_with_the_same_difference_call_nobody_worse_and_six_do(direction: Direction, gap: float) -> None:
    sign = 1 if direction == "max" else -1

    def behind(seeds: int) -> Place:
        good = [0.5 + seed / 64 for seed in range(seeds)]
        scores = {"good": good, "bad": [score - sign * gap for score in good]}
        return judged(scores, direction, rope=0.005)["bad"]

    for seeds in range(2, seeds_without_spread(1)):
        assert gap_of(behind(seeds)) == Difference(gap, (gap, gap), 2.0 ** (1 - seeds), 2.0 ** (1 - seeds))
        assert (behind(seeds).verdict, behind(seeds).equivalent) == ("tied", False)
        assert behind(seeds).seeds_to_settle == seeds_without_spread(1) == 6
    matters = gap > 0.005
    assert (behind(6).verdict, behind(6).equivalent) == (("worse", False) if matters else ("tied", True))
    assert behind(6).seeds_to_settle is None


def test_a_loss_without_a_score_comes_last_and_spoils_nothing() -> None:
    scores: dict[str, Scores] = {"gone": [None] * 3, "b": [0.7, 0.6, 0.5], "a": [0.7, 0.8, 0.9], "too": [None] * 3}
    ranking = judged(scores)
    assert list(ranking) == ["a", "b", "gone", "too"]
    assert ranking["gone"] == ranking["too"] == Place()
    assert {key: ranking[key] for key in ("a", "b")} == judged({key: scores[key] for key in ("b", "a")})


def test_only_the_seeds_that_both_have_are_paired() -> None:
    scores: dict[str, Scores] = {
        "a": [0.9, None, 0.8, 0.7, 0.9, None],
        "b": [0.5, 0.9, None, 0.6, 0.4, None],
    }
    ranking = judged(scores)
    # seeds 0, 3 and 4: d = .4, .1, .5; the means are over all each has: 3.3/4 and 2.4/4
    assert ranking["b"].pairs == 3
    assert gap_of(ranking["b"]).mean == pytest.approx(1 / 3)
    assert gap_of(ranking["b"]).p_holm == pytest.approx(stats.ttest_1samp([0.4, 0.1, 0.5], 0).pvalue)
    assert ranking["a"].mean == pytest.approx(0.825)
    assert ranking["b"].mean == pytest.approx(0.6)
    assert ranking["a"].ci == mean_interval(summarise([0.9, 0.8, 0.7, 0.9]), 4)


def test_losses_without_a_seed_in_common_are_ranked_and_not_judged() -> None:
    ranking = judged({"a": [0.9, 0.8, None, None], "b": [None, None, 0.5, 0.4]})
    assert [place.rank for place in ranking.values()] == [1, 2]
    for place in ranking.values():
        assert all(value is None for value in (place.verdict, place.difference, place.beaten, place.pairs))
        assert place.ci is not None


def test_a_loss_with_one_seed_in_common_is_not_judged_beside_one_that_is() -> None:
    ranking = judged({"a": [0.9, 0.8, 0.85], "b": [0.5, 0.4, 0.46], "c": [None, 0.3, None]})
    assert [place.verdict for place in ranking.values()] == ["best", "worse", None]
    assert gap_of(ranking["c"]) == Difference(0.5, None, None, None)
    # c makes no pair with a p: Holm counts one comparison
    expected = stats.ttest_1samp([0.4, 0.4, 0.39], 0).pvalue
    assert gap_of(ranking["b"]).p_holm == pytest.approx(expected, rel=1e-6)
    assert gap_of(ranking["b"]).p_all_pairs == pytest.approx(expected, rel=1e-6)


@every_direction
def test_losses_without_any_score_have_empty_places_in_their_order(direction: Direction) -> None:
    assert list(judged({"b": [None, None], "a": [None, None]}, direction).items()) == [("b", Place()), ("a", Place())]
    assert judged({"a": [], "b": []}, direction) == {"a": Place(), "b": Place()}
    assert places({}, direction=direction, rope=0.005) == {}


@pytest.mark.parametrize("others", [{}, {"gone": [None, None, None]}])
def test_one_loss_alone_has_a_rank_and_no_verdict(others: dict[str, Scores]) -> None:
    ranking = judged({"a": [0.7, 0.8, 0.9], **others})
    assert ranking["a"] == Place(rank=1, mean=ranking["a"].mean, sd=ranking["a"].sd, ci=ranking["a"].ci)
    assert ranking["a"].mean == pytest.approx(0.8)
    assert ranking["a"].ci is not None


@every_direction
def test_no_loss_wins_by_having_the_easy_seeds_to_itself(direction: Direction) -> None:
    sign = 1 if direction == "max" else -1
    easy, hard, ahead = [sign * 1.0] * 4, [sign * s for s in (0.5, 0.51, 0.5, 0.49)], [sign * 0.6] * 4
    ranking = judged({"lucky": [*easy, *hard], "sound": [*[None] * 4, *ahead]}, direction, rope=0.005)
    assert sign * (ranking["lucky"].mean or 0) > sign * (ranking["sound"].mean or 0)
    assert (ranking["sound"].rank, ranking["sound"].verdict) == (1, "best")
    assert (ranking["lucky"].rank, ranking["lucky"].verdict) == (2, "worse")
    assert gap_of(ranking["lucky"]).mean == pytest.approx(0.1)
    assert ranking["lucky"].beaten == 1


@every_direction
def test_a_loss_with_less_than_half_the_seeds_stands_behind_the_others_and_spoils_no_verdict(
    direction: Direction,
) -> None:
    sign = 1 if direction == "max" else -1
    clear = [sign * (0.8 + 0.001 * seed) for seed in range(10)]
    behind = [sign * (0.7 + 0.002 * seed) for seed in range(10)]
    ranking = judged({"survivor": [sign * 0.9, *[None] * 9], "clear": clear, "behind": behind}, direction, rope=0.005)
    assert list(ranking) == ["clear", "behind", "survivor"]
    assert [place.rank for place in ranking.values()] == [1, 2, 3]
    assert [place.verdict for place in ranking.values()] == ["best", "worse", None]


# What the procedure does in the long run

FAMILIES = 1500


def standard_errors(share: float, count: int = FAMILIES) -> float:
    """Three standard errors of a share in `count` draws."""
    return 3 * math.sqrt(share * (1 - share) / count)


@lru_cache
def shares_called_worse(losses: int, seeds: int, *, far: int = 0, uneven: bool = False) -> tuple[float, float]:
    """How often a loss that equals the best in truth is called worse, and how often Holm over k − 1 alone would.

    `far` more losses are truly behind; with `uneven` each loss scatters more than the last.
    """
    rng = np.random.default_rng([losses, seeds, far, uneven])
    draws = rng.normal(size=(FAMILIES, losses + far, seeds))
    if uneven:
        draws *= 2.0 ** np.arange(losses + far)[:, None]
    draws += rng.normal(size=(FAMILIES, 1, seeds))  # easy and hard seeds, the same for all losses
    draws[:, losses:] -= 100
    both = alone = 0
    for family in draws.tolist():
        ranking = places({str(number): scores for number, scores in enumerate(family)}, direction="max", rope=NO_ROPE)
        equals = [ranking[str(number)] for number in range(losses)]
        both += any(place.verdict == "worse" for place in equals)
        alone += any(place.difference and (place.difference.p_holm or 0) < LEVEL for place in equals)
    return both / FAMILIES, alone / FAMILIES


@each("seeds", [5, 10, 30])
@each("losses", [2, 3, 5, 9])
def test_of_equal_losses_at_most_one_table_in_twenty_calls_any_worse(losses: int, seeds: int) -> None:
    assert shares_called_worse(losses, seeds)[0] <= LEVEL + standard_errors(LEVEL)


@pytest.mark.parametrize(("losses", "far", "uneven"), [(2, 3, False), (4, 2, False), (5, 0, True)])
def test_the_same_holds_beside_losses_that_are_truly_behind_and_for_uneven_spread(
    losses: int, far: int, uneven: bool
) -> None:
    assert shares_called_worse(losses, 10, far=far, uneven=uneven)[0] <= LEVEL + standard_errors(LEVEL)


@pytest.mark.parametrize(("losses", "share"), [(3, 0.06), (5, 0.09), (9, 0.13)])
def test_holm_over_the_comparisons_with_the_best_alone_would_err_more_often_since_the_best_is_picked(
    losses: int, share: float
) -> None:
    called_worse = shares_called_worse(losses, 30)[1]
    assert called_worse == pytest.approx(share, abs=0.005 + standard_errors(share))


def test_with_nine_losses_the_excess_is_far_beyond_chance() -> None:
    assert all(shares_called_worse(9, seeds)[1] > 0.08 for seeds in (5, 10, 30))


def power_of_t_test(gap: float, sd: float, seeds: int) -> float:
    """Probability that a two-sided paired t-test at LEVEL finds a true mean difference."""
    bound = stats.t.isf(LEVEL / 2, seeds - 1)
    shift = gap * math.sqrt(seeds) / sd
    return float(stats.nct.sf(bound, seeds - 1, shift) + stats.nct.cdf(-bound, seeds - 1, shift))


@pytest.mark.parametrize(("gap", "sd"), [(0.01, 0.007), (0.005, 0.006), (0.005, 0.01), (0.01, 0.03)])
def test_as_many_seeds_as_are_asked_for_find_a_difference_that_matters_four_times_in_five(
    gap: float, sd: float
) -> None:
    seeds = seeds_to_settle(sd, gap)
    assert seeds is not None
    power = power_of_t_test(gap, sd, seeds)
    assert 0.78 <= power <= 0.86
    rng = np.random.default_rng(seeds)
    other = rng.normal(0.8, 0.05, (FAMILIES, seeds))
    ahead = other + rng.normal(gap, sd, (FAMILIES, seeds))
    significant = 0
    for a, b in zip(ahead.tolist(), other.tolist(), strict=True):
        [behind] = [place for place in places({"a": a, "b": b}, direction="max", rope=gap).values() if place.difference]
        significant += (gap_of(behind).p_holm or 0) < LEVEL
    assert significant / FAMILIES == pytest.approx(power, abs=standard_errors(power))


def test_from_six_seeds_on_the_number_asked_for_has_a_power_of_four_in_five() -> None:
    for seeds in range(6, 200):
        for ratio in (math.sqrt(seeds - 3) / 2.8 + 1e-9, math.sqrt(seeds - 2) / 2.8 - 1e-9):  # the ends of its range
            assert seeds_to_settle(ratio, 1.0) == seeds
            assert 0.78 <= power_of_t_test(1.0, ratio, seeds) <= 0.89


@pytest.mark.parametrize("gap", [0.0, 0.5])
@pytest.mark.parametrize("seeds", [2, 5, 30])
def test_intervals_hold_the_truth_19_times_in_20_where_each_seed_draws_fresh_data(seeds: int, gap: float) -> None:
    rng = np.random.default_rng([seeds, int(10 * gap)])
    shared = rng.normal(0, 3, (FAMILIES, seeds))
    a, b = shared + rng.normal(gap, 1, (FAMILIES, seeds)), shared + rng.normal(0, 2, (FAMILIES, seeds))
    of_gap = of_mean = 0
    for one, other in zip(a.tolist(), b.tolist(), strict=True):
        ranking = places({"a": one, "b": other}, direction="max", rope=NO_ROPE)
        truth, behind = (gap, ranking["b"]) if ranking["b"].difference else (-gap, ranking["a"])
        interval, mean = gap_of(behind).ci, ranking["a"].ci
        assert interval is not None
        assert mean is not None
        of_gap += interval[0] <= truth <= interval[1]
        of_mean += mean[0] <= gap <= mean[1]
    assert of_gap / FAMILIES == pytest.approx(0.95, abs=standard_errors(0.95))
    assert of_mean / FAMILIES == pytest.approx(0.95, abs=standard_errors(0.95))
