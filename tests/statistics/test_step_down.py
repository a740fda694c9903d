"""The step-down procedure and what it is made of, held to SciPy's distributions."""

import math

import numpy as np
import pytest
from scipy import stats

from lossterm.statistics.effective_comparisons import EQUAL, WORSE, comparisons_for_equal, comparisons_for_worse
from lossterm.statistics.equivalence import Rope
from lossterm.statistics.normal import quantile
from lossterm.statistics.paired_differences import Paired
from lossterm.statistics.ranking import places
from lossterm.statistics.seeds_to_settle import likely_factor, seeds_to_settle, spread_factor
from lossterm.statistics.step_down import adjusted_p, interval, seeds_without_spread
from lossterm.statistics.student_t import above
from lossterm.statistics.verdict_levels import FINAL, levels_at
from tests.cells import each

# The number of tests


GRID = np.linspace(-9, 9, 4001)
DENSITY = stats.norm.pdf(GRID) * (GRID[1] - GRID[0])


def error_of_range(losses: int, tests: float) -> float:
    """How often the range of so many normal means goes beyond what so many two-sided tests at .05 allow one of."""
    q = math.sqrt(2) * stats.norm.isf(0.05 / (2 * tests))
    between = (stats.norm.cdf(GRID) - stats.norm.cdf(GRID - q)) ** (losses - 1)
    return float(1 - losses * np.sum(DENSITY * between))


def error_of_dunnett(losses: int, tests: float) -> float:
    """How often one of the others goes beyond the first by more than so many one-sided tests at .05 allow one of."""
    bound = stats.norm.isf(0.05 / tests)
    return float(1 - np.sum(DENSITY * stats.norm.cdf(math.sqrt(2) * bound + GRID) ** (losses - 1)))


def test_the_tables_are_the_quantiles_that_they_are_said_to_be() -> None:
    assert len(WORSE) == len(EQUAL) == 19
    for losses in range(2, 21):
        for error, tests in ((error_of_range, WORSE[losses - 2]), (error_of_dunnett, EQUAL[losses - 2])):
            assert error(losses, tests + 0.006) < 0.05 < error(losses, tests - 0.006)


@each("losses", [21, 30, 60])
def test_beyond_the_tables_the_number_is_no_less_than_the_exact_one_and_not_far_above(losses: int) -> None:
    assert 0.045 < error_of_range(losses, comparisons_for_worse(losses, math.inf, 0.05)) < 0.05
    assert 0.045 < error_of_dunnett(losses, comparisons_for_equal(losses, math.inf)) < 0.05


@each("losses", [2, 3, 6, 11, 20, 40])
@each("seeds", [3, 5, 10, 30, math.inf])
@each("level", [0.05, 0.03, 0.02, 0.001])
def test_the_number_of_tests_lies_between_one_and_the_pairs_and_grows(losses: int, seeds: float, level: float) -> None:
    tests = comparisons_for_worse(losses, seeds, level)
    assert 1 <= tests <= losses * (losses - 1) / 2
    assert tests < comparisons_for_worse(losses + 1, seeds, level)
    assert tests <= comparisons_for_worse(losses, seeds + 1, level) * (1 + 1e-12)
    assert tests <= comparisons_for_worse(losses, seeds, level / 2)
    assert 1 <= comparisons_for_equal(losses, seeds) <= max(1, losses - 1)


def test_two_losses_are_worth_one_test() -> None:
    assert {comparisons_for_worse(2, seeds, level) for seeds in (3, 30) for level in (0.05, 0.02)} == {1.0}
    assert {comparisons_for_equal(2, seeds) for seeds in (3, 30)} == {1.0}


# Stepping down


def test_adjusted_p_is_what_was_worked_out_by_hand() -> None:
    # three, then two losses in question, with many seeds: 2.62·.01 = .0262; .02·1 = .02, no less than before
    assert adjusted_p([0.02, 0.01], [10**9] * 2, 0.05) == pytest.approx([0.0262, 0.0262], rel=1e-6)
    assert adjusted_p([0.9, 0.5], [10**9] * 2, 0.05) == [1.0, 1.0]
    assert adjusted_p([], [], 0.05) == []


def test_each_pair_counts_with_its_own_seeds() -> None:
    [few] = adjusted_p([0.01, 0.5], [3, 30], 0.05)[:1]
    [many] = adjusted_p([0.01, 0.5], [30, 3], 0.05)[:1]
    assert few == pytest.approx(0.01 * comparisons_for_worse(3, 3, 0.05))
    assert many == pytest.approx(0.01 * comparisons_for_worse(3, 30, 0.05))


@each("seed", range(20))
def test_an_interval_clear_of_0_belongs_to_a_worse_loss_whatever_seeds_are_missing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    losses, seeds = int(rng.integers(2, 12)), int(rng.integers(4, 20))
    values = rng.normal(size=(losses, seeds)) - rng.choice([0, 1, 3], losses)[:, None]
    there = rng.random((losses, seeds)) < 0.8
    scores = {
        str(number): [float(value) if kept else None for value, kept in zip(values[number], there[number], strict=True)]
        for number in range(losses)
    }
    for place in places(scores, direction="max", rope=Rope(size=0.5)).values():
        if place.difference and place.difference.ci:
            low, high = place.difference.ci
            assert (low > 0) <= place.behind <= (low >= 0)
            assert low <= high


def test_a_worse_loss_found_late_has_an_interval_from_0() -> None:
    pair = Paired(mean=1.0, sd=1.4, seeds=10)
    ends = [interval(pair, 20, behind=behind, worse_level=0.05, equal_level=0.05) for behind in (True, False)]
    assert ends[0][0] == 0 > ends[1][0]
    assert ends[0][1] == ends[1][1] > 1


@each("losses", [2, 3, 9])
@each("level", [0.05, 0.03, 0.02])
def test_seeds_without_spread_are_the_least_that_make_a_loss_worse(losses: int, level: float) -> None:
    seeds = seeds_without_spread(losses, level)
    p = [2.0 ** (1 - count) * comparisons_for_worse(losses, count, level) for count in (seeds - 1, seeds)]
    assert p[0] >= level > p[1]
    assert (seeds_without_spread(2, 0.05), seeds_without_spread(3, 0.05)) == (6, 7)


# Seeds to settle


def test_the_factor_is_the_one_that_was_simulated() -> None:
    for levels, factors in (
        (FINAL, (2.93, 3.20, 3.69, 4.06, 4.39)),
        (levels_at(2), (3.17, 3.52, 3.99, 4.34, 4.65)),
    ):
        found = [likely_factor(losses, levels) for losses in (2, 3, 6, 11, 20)]
        assert found == pytest.approx(factors, abs=0.006)


@each("freedom", [2, 4, 9, 29, 200])
def test_the_spread_is_taken_no_smaller_than_it_is_four_times_in_five(freedom: int) -> None:
    assert spread_factor(freedom) == pytest.approx(math.sqrt(freedom / stats.chi2.ppf(0.2, freedom)), rel=0.01)


def test_seeds_to_settle_are_what_was_worked_out_by_hand() -> None:
    # 10 seeds: χ²(.2, 9) ≈ 5.40, so s80 = .01·√(9/5.40) = .01291; two losses at .02/.03: f = 3.17
    pair = Paired(mean=0.0, sd=0.01, seeds=10)
    assert seeds_to_settle(pair, 0.005, 2, levels_at(2)) == math.ceil((3.168 * 0.01291 / 0.005) ** 2 + 2) == 69
    # ρ = .001: 1/(n − 2) = (.005/(3.17·.01291))² − .001
    wide = Paired(mean=0.0, sd=0.01, seeds=10, correlation=0.001)
    assert seeds_to_settle(wide, 0.005, 2, levels_at(2)) == 74
    assert seeds_to_settle(Paired(mean=0.0, sd=0.01, seeds=10, correlation=1 / 3), 0.005, 2, levels_at(2)) is None
    for sd, rope in ((0.0, 0.005), (0.01, 0.0)):
        assert seeds_to_settle(Paired(mean=0.0, sd=sd, seeds=10), rope, 2, levels_at(2)) is None


def test_where_as_many_seeds_are_there_already_the_nearer_ends_count_and_there_are_more() -> None:
    needed = [
        seeds_to_settle(Paired(mean=0.0025, sd=0.01, seeds=seeds), 0.005, 2, levels_at(2)) or 0
        for seeds in (40, 70, 400)
    ]
    assert needed[0] < 70
    assert needed[1] > 150  # half the ROPE to either side: four times as many
    assert needed[2] == 401


# Distributions


@each("beyond", [0.5, 0.2, 0.05, 1e-3, 1e-9])
def test_normal_quantiles_are_scipys(beyond: float) -> None:
    assert quantile(beyond) == pytest.approx(stats.norm.isf(beyond), rel=1e-9, abs=1e-12)


@each("t", [-3.0, -0.1, 0.0, 0.5, 4.0])
@each("freedom", [1, 2, 9, 200])
def test_the_upper_tail_is_scipys(t: float, freedom: int) -> None:
    assert above(t, freedom) == pytest.approx(stats.t.sf(t, freedom), rel=1e-9)


# Levels


def test_each_look_has_its_level_and_says_what_all_looks_sum_to() -> None:
    looks = [levels_at(look) for look in (1, 2, 3, 4)]
    assert [one.worse for one in looks] == [0.03, 0.02, 0.02, 0.02]
    assert [one.equal for one in looks] == [0.03] * 4
    assert [one.worse_so_far for one in looks] == pytest.approx([0.03, 0.05, 0.07, 0.09])
    assert levels_at(1, final=True) == FINAL
    after = levels_at(2, final=True)
    assert (after.worse, after.equal, after.worse_so_far) == pytest.approx((0.02, 0.03, 0.07))
