import math
from collections.abc import Iterator, Mapping

import msgspec
import numpy as np
import pytest
from scipy import stats

from lossterm.statistics.equivalence import Rope
from lossterm.statistics.paired_differences import (
    Scores,
    Summary,
    beaten,
    differences,
    mean_interval,
    paired,
    standard_error,
    summarise,
    wilson,
)
from lossterm.statistics.ranking import Difference, Direction, Place, places, rank
from lossterm.statistics.seeds_to_settle import seeds_to_settle
from lossterm.statistics.verdict_levels import FINAL, VerdictLevels, levels_at
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


def judged(
    scores: Mapping[str, Scores], direction: Direction = "max", rope: float = NO_ROPE, levels: VerdictLevels = FINAL
) -> dict[str, Place]:
    """The places of losses, after a look at what must hold of any."""
    ranking = places(scores, direction=direction, rope=Rope(size=rope), levels=levels)
    assert set(ranking) == set(scores)
    for place in ranking.values():
        if place.difference and place.difference.ci:
            low, high = place.difference.ci
            assert low <= 0 or place.behind  # an interval clear of 0 is that of a loss that is behind
            assert low >= 0 or not place.behind
            assert low <= place.difference.mean <= high
            assert place.verdict != "equal" or high < rope
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


def p_of(d: list[float], correlation: float = 0.0) -> float:
    """p of some differences."""
    pair = paired(d, correlation)
    assert pair is not None
    return pair.p


def test_t_test_and_interval_are_what_was_worked_out_by_hand() -> None:
    # d = 0, .1, .2: mean .1, sd .1, se .1/√3, t = √3; two degrees: p = 1 − √3/√(2 + 3); t(.975, 2) = 4.30265
    assert p_of([0.0, 0.1, 0.2]) == pytest.approx(1 - math.sqrt(3 / 5), rel=1e-12)
    interval = mean_interval(summarise([0.0, 0.1, 0.2]), 3)
    assert interval == pytest.approx((0.1 - 0.248414, 0.1 + 0.248414), abs=1e-6)


def test_widening_after_nadeau_and_bengio_is_what_was_worked_out_by_hand() -> None:
    # d = 1, 2, 3, ρ = 1/3: sd 1, se = √(1/3 + 1/3), t = 2/√(2/3) = √6; two degrees: p = 1 − √6/√(2 + 6) = 1 − √3/2
    assert standard_error(1.0, 3, 1 / 3) == pytest.approx(math.sqrt(2 / 3), rel=1e-15)
    assert p_of([1.0, 2.0, 3.0], 1 / 3) == pytest.approx(1 - math.sqrt(3) / 2, rel=1e-12)
    interval = mean_interval(summarise([1.0, 2.0, 3.0]), 3, 1 / 3)
    assert interval == pytest.approx((2 - 3.513097, 2 + 3.513097), abs=1e-5)  # 4.30265 · √(2/3)
    assert standard_error(2.0, 4, 0.0) == 1.0


@each("count", [3, 5, 10, 30])
@each("seed", range(4))
def test_t_test_and_interval_are_scipys(count: int, seed: int) -> None:
    rng = np.random.default_rng([count, seed])
    a, b = rng.normal(0.5, 1, count), rng.normal(0, 1, count)
    d = differences(a.tolist(), b.tolist(), 1)
    expected = stats.ttest_rel(a, b)
    assert p_of(d) == pytest.approx(expected.pvalue, rel=1e-9)
    low, high = expected.confidence_interval(0.95)
    assert mean_interval(summarise(d), count) == pytest.approx((low, high), rel=1e-9)
    alone = stats.t.interval(0.95, count - 1, loc=a.mean(), scale=a.std(ddof=1) / math.sqrt(count))
    assert mean_interval(summarise(a.tolist()), count) == pytest.approx(alone, rel=1e-9)


def test_fewer_than_three_differences_give_no_p_and_fewer_than_two_scores_no_interval() -> None:
    assert paired([]) is paired([0.5]) is paired([0.5, 0.25]) is None
    assert mean_interval(summarise([]), 0) is mean_interval(summarise([0.5]), 1) is None


@each(
    ("d", "p"),
    [
        ([0.0, 0.0, 0.0], 1.0),
        ([0.25, 0.25, 0.25], 0.25),  # 2^(1 − n), as of n tosses of a coin that fall alike
        ([-0.25, -0.25, -0.25], 0.25),
        ([0.4 - 0.3, 0.7 - 0.6, 0.3 - 0.2], 0.25),  # .1 but for rounding
        ([0.25] * 6, 0.03125),
        ([1.0, 0.0, -1.0], 1.0),
    ],
)
@each("correlation", [0.0, 0.5])
def test_differences_without_spread_or_mean_have_a_p(d: list[float], p: float, correlation: float) -> None:
    assert p_of(d, correlation) == p


@each("count", [3, 5, 6, 10, 30])
def test_without_spread_p_is_that_of_scipys_sign_test(count: int) -> None:
    assert p_of([0.25] * count) == pytest.approx(stats.binomtest(count, count).pvalue, rel=1e-12)


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


# Places


def test_places_are_what_was_worked_out_by_hand() -> None:
    ranking = judged({"b": [0.7, 0.7, 0.7], "a": [0.7, 0.8, 0.9], "c": [0.5, 0.59, 0.71]}, rope=0.03)
    assert list(ranking) == ["a", "b", "c"]
    assert [place.rank for place in ranking.values()] == [1, 2, 3]
    assert [place.verdict for place in ranking.values()] == ["best", "open", "worse"]
    a, b, c = ranking.values()
    assert (a.mean, a.sd) == pytest.approx((0.8, 0.1))
    assert a.ci == pytest.approx((0.8 - 0.248414, 0.8 + 0.248414), abs=1e-6)  # 4.30265 · .1/√3
    assert all(value is None for value in (a.difference, a.beaten, a.beaten_ci, a.shares, a.pairs, a.seeds_to_settle))
    # a − c = .2, .21, .19: t = 20√3, p = 1 − √(1200/1202) = .000832; three losses are worth 2.62·e^(−.42/3) = 2.2777
    assert gap_of(c).p == pytest.approx(2.62 * math.exp(-0.14) * (1 - math.sqrt(1200 / 1202)))
    # a − b = 0, .1, .2: t = √3, p = 1 − √(3/5) = .22540; once c is out, two losses are worth one test
    assert gap_of(b).p == pytest.approx(1 - math.sqrt(3 / 5))
    # below: t of the two-sided tail .05/2.2777 = 6.638; above: of the one-sided tail .05/2 = 4.30265; se .01/√3
    assert gap_of(c).ci == pytest.approx((0.2 - 6.638 * 0.01 / math.sqrt(3), 0.2 + 0.0248414), abs=1e-5)
    assert gap_of(b).ci == pytest.approx((0.1 - 6.638 * 0.1 / math.sqrt(3), 0.1 + 0.248414), abs=1e-4)
    assert (gap_of(c).mean, c.beaten, c.pairs, c.seeds_to_settle) == pytest.approx((0.2, 1, 3, None))
    assert (c.behind, c.less_than_matters, b.behind) == (True, False, False)
    assert b.beaten == pytest.approx(2.5 / 3)
    assert b.beaten_ci == wilson(2.5 / 3, 3)
    assert b.seeds_to_settle == 615  # (3.523 · 2.107 · .1/.03)² + 2
    # b: t of (.03 − .1)√3/.1 = −1.212 and (.03 + .1)√3/.1 = 2.252: P(T > t) = .5(1 ∓ |t|/√(2 + t²))
    assert b.shares is not None
    worse, better = 0.5 * (1 + 1.21244 / math.sqrt(3.47)), 0.5 * (1 - 2.25167 / math.sqrt(7.07))
    assert (b.shares.worse, b.shares.better) == pytest.approx((worse, better), abs=1e-5)
    assert b.shares.equal == pytest.approx(1 - worse - better, abs=1e-5)


@every_direction
@each("missing", [0.0, 0.25])
@each("seed", range(5))
def test_places_are_what_scipy_makes_of_the_same_scores(direction: Direction, missing: float, seed: int) -> None:
    scores = random_scores(seed, missing=missing)
    ranking = judged(scores, direction, rope=0.02)
    sign = 1 if direction == "max" else -1
    means = {key: np.mean([value for value in values if value is not None]) for key, values in scores.items()}
    shared = np.array([values for values in zip(*scores.values(), strict=True) if None not in values], float)
    on_shared = means if len(shared) < 2 else dict(zip(scores, shared.mean(axis=0), strict=True))
    order = sorted(means, key=lambda key: -sign * on_shared[key])
    assert list(ranking) == order
    best, *others = order
    assert ranking[best].verdict == "best"
    for other in others:
        place = ranking[other]
        both = [(x, y) for x, y in zip(scores[best], scores[other], strict=True) if x is not None and y is not None]
        d = sign * np.array([x - y for x, y in both])
        assert place.mean == pytest.approx(means[other], rel=1e-12)
        assert gap_of(place).mean == pytest.approx(d.mean(), rel=1e-9)
        p = stats.ttest_1samp(d, 0).pvalue if d.mean() > 0 else 1
        assert (gap_of(place).p or 0) >= min(p, 1) - 1e-12
        assert place.pairs == len(d)
        assert place.beaten == pytest.approx(np.mean(d > 0))
        assert place.shares is not None
        t = stats.t(len(d) - 1, loc=d.mean(), scale=d.std(ddof=1) / math.sqrt(len(d)))
        assert place.shares.worse == pytest.approx(t.sf(0.02), rel=1e-7)
        assert place.shares.better == pytest.approx(t.cdf(-0.02), rel=1e-7)
        assert sum(msgspec.structs.astuple(place.shares)) == pytest.approx(1)
        low, high = gap_of(place).ci or (0, 0)
        assert place.verdict == (
            "equal" if high < 0.02 and d.mean() > -0.02 else "worse" if low >= 0 and place.behind else "open"
        )
        pair = paired(d.tolist())
        assert pair is not None
        advised = seeds_to_settle(pair, 0.02, len(order), levels_at(2, final=True))
        assert place.seeds_to_settle == (advised if place.verdict == "open" else None)


@each("relative", [False, True])
@each("seed", range(5))
def test_the_two_directions_mirror_one_another(relative: bool, seed: int) -> None:
    scores = random_scores(seed, missing=0.2)
    mirrored = {key: [None if value is None else -value for value in values] for key, values in scores.items()}
    ranking = places(scores, direction="max", rope=Rope(size=0.02, relative=relative))
    other = places(mirrored, direction="min", rope=Rope(size=0.02, relative=relative))
    assert list(ranking) == list(other)
    for key, place in ranking.items():
        assert place.mean is not None
        assert other[key].mean == -place.mean
        assert msgspec.structs.replace(other[key], mean=place.mean, ci=place.ci) == place


def test_a_loss_that_is_surely_behind_by_less_than_matters_is_equal_and_said_to_be_behind() -> None:
    scores = {"a": [0.801, 0.852, 0.903, 0.7541], "b": [0.8, 0.851, 0.9021, 0.753]}  # behind by .001
    equal = judged(scores, rope=0.005)["b"]
    assert (equal.verdict, equal.behind, equal.less_than_matters) == ("equal", True, True)
    worse = judged(scores, rope=0.0005)["b"]
    assert (worse.verdict, worse.behind, worse.less_than_matters) == ("worse", True, False)
    perhaps = judged(scores, rope=0.00105)["b"]  # more than the mean, less than the upper end
    assert (perhaps.verdict, perhaps.behind, perhaps.less_than_matters) == ("worse", True, True)


def test_what_matters_may_be_a_share_of_the_best_mean() -> None:
    # a: mean .4375; b − a = .0115, .0119, .0117: 2.67 % of it, at most .0123
    scores: dict[str, Scores] = {"a": [0.375, 0.5, 0.4375], "b": [0.3865, 0.5119, 0.4492]}
    for rope, verdict in (
        (Rope(size=0.027, relative=True), "worse"),
        (Rope(size=0.029, relative=True), "equal"),
        (Rope(size=0.001, relative=True, least=0.0124), "equal"),
        (Rope(size=0.026), "equal"),
        (Rope(size=0.01), "worse"),
    ):
        assert places(scores, direction="min", rope=rope)["b"].verdict == verdict


def test_seeds_to_settle_count_with_the_share_of_the_best_mean() -> None:
    scores: dict[str, Scores] = {"a": [1.0, 2.0, 3.0], "b": [1.0, 3.0, 5.0]}  # a: mean 2
    share = places(scores, direction="min", rope=Rope(size=0.1, relative=True))["b"].seeds_to_settle
    assert share == places(scores, direction="min", rope=Rope(size=0.2))["b"].seeds_to_settle is not None


def test_no_number_of_splits_of_the_same_rows_is_promised_where_none_would_do() -> None:
    scores = {"a": [0.9, 0.7, 0.8, 0.85], "b": [0.7, 0.9, 0.6, 0.8]}
    fresh = places(scores, direction="max", rope=Rope(size=0.01))
    again = places(scores, direction="max", rope=Rope(size=0.01), correlation=1 / 3)
    assert [place.verdict for place in again.values()] == ["best", "open"]
    assert again["b"].seeds_to_settle is None
    assert fresh["b"].seeds_to_settle is not None


@pytest.mark.parametrize("correlation", [1 / 3, 0.1])
@pytest.mark.parametrize("count", [3, 5, 30])
def test_intervals_are_wider_by_the_root_of_one_and_n_rho_where_the_same_rows_are_split_anew(
    count: int, correlation: float
) -> None:
    scores = random_scores(1, seeds=count)
    fresh, again = (
        places(scores, direction="max", rope=Rope(size=0.01), correlation=rho) for rho in (0.0, correlation)
    )
    wider = math.sqrt(1 + count * correlation)
    for key in scores:
        narrow, wide = fresh[key].ci, again[key].ci
        assert narrow is not None
        assert wide is not None
        assert wide[1] - wide[0] == pytest.approx(wider * (narrow[1] - narrow[0]), rel=1e-9)
        if fresh[key].difference is not None:
            above = [(gap_of(one[key]).ci or (0, 0))[1] - gap_of(one[key]).mean for one in (fresh, again)]
            assert above[1] == pytest.approx(wider * above[0], rel=1e-9)
            assert (gap_of(again[key]).p or 0) >= (gap_of(fresh[key]).p or 0)


def test_a_look_has_its_own_levels() -> None:
    scores = {"a": [0.9, 0.8, 0.85, 0.7], "b": [0.86, 0.782, 0.815, 0.662]}
    p = gap_of(judged(scores)["b"]).p
    assert p is not None
    assert 0.001 < p < 0.02
    for worse, verdict in ((p * 1.01, "worse"), (p * 0.99, "open")):
        assert judged(scores, levels=VerdictLevels(worse=worse))["b"].verdict == verdict


# Bad input


@every_direction
def test_one_seed_gives_a_rank_and_no_interval_and_no_verdict(direction: Direction) -> None:
    ranking = judged({"a": [0.5], "b": [0.75]}, direction)
    ahead, behind = ranking.values()
    assert (ahead.rank, behind.rank) == (1, 2)
    for place in ranking.values():
        assert all(value is None for value in (place.verdict, place.sd, place.ci, place.seeds_to_settle, place.shares))
    assert gap_of(behind) == Difference(0.25, None, None)
    assert (behind.beaten, behind.pairs) == (1, 1)
    assert behind.beaten_ci == wilson(1, 1)


def test_two_seeds_give_no_verdict_and_no_interval_of_the_difference() -> None:
    ranking = judged({"a": [0.5, 0.6], "b": [0.7, 0.75]})
    assert [place.verdict for place in ranking.values()] == [None, None]
    assert gap_of(ranking["a"]) == Difference(gap_of(ranking["a"]).mean, None, None)
    assert gap_of(ranking["a"]).mean == pytest.approx(0.175)
    assert ranking["a"].ci is not None


@each("score", [0.0, 0.1, 0.7])
@each("count", [3, 10])
def test_identical_scores_are_equal(score: float, count: int) -> None:
    ranking = judged({key: [score] * count for key in ("x", "y", "z")}, rope=0.005)
    assert [place.verdict for place in ranking.values()] == ["best", "equal", "equal"]
    assert [place.rank for place in ranking.values()] == [1, 1, 1]
    assert list(ranking) == ["x", "y", "z"]
    for key in ("y", "z"):
        assert gap_of(ranking[key]) == Difference(0.0, (0.0, 0.0), 1.0)
        assert (ranking[key].beaten, ranking[key].pairs, ranking[key].shares) == (0.5, count, None)
        assert (ranking[key].seeds_to_settle, ranking[key].behind) == (None, False)


def test_identical_scores_are_open_where_every_difference_matters() -> None:
    place = judged({key: [0.7] * 5 for key in ("x", "y")}, rope=0.0)["y"]
    assert (place.verdict, place.seeds_to_settle) == ("open", None)


def test_the_same_scores_under_two_names_are_equal_where_others_differ() -> None:
    ranking = judged({"a": [0.75, 0.875, 0.5], "same": [0.75, 0.875, 0.5], "c": [0.5, 0.5625, 0.25]}, rope=0.005)
    assert [place.verdict for place in ranking.values()] == ["best", "equal", "worse"]
    assert gap_of(ranking["same"]).p == 1


@every_direction
@each("correlation", [0.0, 0.3])
def test_a_difference_that_never_varies_is_worse_if_it_matters_and_equal_if_not(
    direction: Direction, correlation: float
) -> None:
    low, high = [0.25, 0.5, 0.375] * 2, [0.5, 0.75, 0.625] * 2
    scores = {"good": high if direction == "max" else low, "bad": low if direction == "max" else high}
    for rope, verdict in ((0.25, "worse"), (0.26, "equal")):
        ranking = places(scores, direction=direction, rope=Rope(size=rope), correlation=correlation)
        assert (ranking["bad"].verdict, ranking["bad"].behind) == (verdict, True)
        assert gap_of(ranking["bad"]) == Difference(0.25, (0.25, 0.25), 2**-5)
        assert (ranking["bad"].seeds_to_settle, ranking["bad"].shares) == (None, None)


@every_direction
@each("gap", [0.25, 2**-10], ids=["matters", "does not matter"])
def test_a_few_seeds_with_the_same_difference_call_nobody_worse_or_equal_and_six_do(
    direction: Direction, gap: float
) -> None:
    sign = 1 if direction == "max" else -1

    def behind(seeds: int) -> Place:
        good = [0.5 + seed / 64 for seed in range(seeds)]
        scores = {"good": good, "bad": [score - sign * gap for score in good]}
        return judged(scores, direction, rope=0.005)["bad"]

    for seeds in range(3, 6):
        assert gap_of(behind(seeds)) == Difference(gap, (0.0, gap), 2.0 ** (1 - seeds))
        assert (behind(seeds).verdict, behind(seeds).seeds_to_settle) == ("open", 7)  # at the .02 of a second look
    assert behind(6).verdict == ("worse" if gap > 0.005 else "equal")
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
    assert gap_of(ranking["b"]).p == pytest.approx(stats.ttest_1samp([0.4, 0.1, 0.5], 0).pvalue)
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
    assert gap_of(ranking["c"]) == Difference(0.5, None, None)
    # c has no p: it counts as no comparison
    expected = stats.ttest_1samp([0.4, 0.4, 0.39], 0).pvalue
    assert gap_of(ranking["b"]).p == pytest.approx(expected, rel=1e-6)


@every_direction
def test_losses_without_any_score_have_empty_places_in_their_order(direction: Direction) -> None:
    assert list(judged({"b": [None, None], "a": [None, None]}, direction).items()) == [("b", Place()), ("a", Place())]
    assert judged({"a": [], "b": []}, direction) == {"a": Place(), "b": Place()}
    assert places({}, direction=direction, rope=Rope(size=0.005)) == {}


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


def test_a_loss_that_is_ahead_on_the_seeds_that_it_shares_with_the_best_is_not_behind_however_surely() -> None:
    # losses are ranked by the first five seeds, which all three have; over all ten, a is ahead of the best by .195
    scores: dict[str, Scores] = {
        "best": [0.8] * 5 + [0.5] * 5,
        "a": [0.79] * 5 + [0.9] * 5,
        "third": [0.1, 0.2, 0.1, 0.2, 0.1, *[None] * 5],
    }
    ranking = judged(scores, rope=0.005)
    assert list(ranking) == ["best", "a", "third"]
    assert gap_of(ranking["a"]).mean == pytest.approx(-0.195)
    assert stats.ttest_1samp([0.01] * 5 + [-0.4] * 5, 0).pvalue < 0.02
    assert (gap_of(ranking["a"]).p, ranking["a"].behind) == (1, False)
    assert ranking["third"].verdict == "worse"


def test_a_loss_that_is_far_ahead_on_its_few_seeds_is_not_called_equal_to_one_that_has_more() -> None:
    scores: dict[str, Scores] = {
        "many": [0.6 + 0.001 * (seed % 3) for seed in range(10)],
        "few": [*[0.9 + 0.001 * (seed % 2) for seed in range(4)], *[None] * 6],
    }
    ranking = judged(scores, rope=0.005)
    assert [place.rank for place in ranking.values()] == [1, 2]
    assert list(ranking) == ["many", "few"]
    assert ranking["few"].verdict == "open"
    assert judged(scores, rope=0.5)["few"].verdict == "equal"


def test_a_loss_that_is_ahead_on_its_few_seeds_is_not_called_equal_whatever_matters() -> None:
    many = [0.5 + 0.01 * (seed % 3) for seed in range(12)]
    few = [score + 0.05 + 0.001 * seed if seed < 5 else None for seed, score in enumerate(many)]
    for rope in (0.0, 0.005, 0.02):
        place = judged({"many": many, "few": few}, rope=rope)["few"]
        assert (place.rank, place.verdict) == (2, "open"), rope
