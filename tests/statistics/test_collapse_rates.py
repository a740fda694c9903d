"""How often intervals and verdicts err where some seeds collapse, simulated."""

import math

import numpy as np
import pytest
from scipy import stats

from lossterm.statistics.equivalence import Rope
from lossterm.statistics.paired_differences import mean_interval, summarise
from lossterm.statistics.ranking import places
from lossterm.statistics.ranking_by_median import places_by_median
from lossterm.statistics.sign_interval import sign_interval
from tests.cells import each

SOUND, CHANCE, SD, RATE = 0.84, 0.5, 0.01, 0.1

COVERAGE = {5: 0.94, 10: 0.98, 30: 0.96}
"""Share of intervals that hold the median of sound seeds and collapsed ones, for some numbers of seeds."""


def drawn(rng: np.random.Generator, shape: tuple[int, ...], rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores around SOUND of which a share is at CHANCE, and which these are."""
    gone = rng.random(shape) < rate
    return np.where(gone, CHANCE, SOUND + SD * rng.normal(size=shape)), gone


def bound(share: float, tables: int) -> float:
    return 3 * math.sqrt(share * (1 - share) / tables)


@each("seeds", COVERAGE)
def test_the_median_lies_in_its_interval_as_often_as_promised(seeds: int) -> None:
    tables = 4000
    # The median of the mixture is the sound scores' quantile at (½ − .1)/.9.
    true = SOUND + SD * stats.norm.ppf((0.5 - RATE) / (1 - RATE))
    scores, _ = drawn(np.random.default_rng(seeds), (tables, seeds), RATE)
    ends = [sign_interval(row) for row in scores.tolist()]
    held = np.mean([low <= true <= high for low, high in filter(None, ends)])
    assert held == pytest.approx(COVERAGE[seeds], abs=0.01 + bound(COVERAGE[seeds], tables))


def test_the_interval_of_the_mean_misses_what_it_is_to_hold() -> None:
    mean = (1 - RATE) * SOUND + RATE * CHANCE
    scores, _ = drawn(np.random.default_rng(0), (2000, 5), RATE)
    ends = [mean_interval(summarise(row), 5) for row in scores.tolist()]
    assert np.mean([low <= mean <= high for low, high in filter(None, ends)]) < 0.5


def calls_worse(losses: int, seeds: int, tables: int) -> float:
    """Return the share of tables of equally good losses, of which the last collapses, that call any worse."""
    rng, wrong = np.random.default_rng([losses, seeds]), 0
    for _ in range(tables):
        scores, gone = drawn(rng, (losses, seeds), RATE)
        scores[:-1], gone[:-1] = SOUND + SD * rng.normal(size=(losses - 1, seeds)), False
        names = [str(number) for number in range(losses)]
        by_name = dict(zip(names, scores.tolist(), strict=True))
        if gone.any():
            flags = dict(zip(names, gone.tolist(), strict=True))
            ranking = places_by_median(by_name, flags, direction="max", rope=Rope(size=0.0))
        else:
            ranking = places(by_name, direction="max", rope=Rope(size=0.0))
        wrong += any(place.behind for place in ranking.values())
    return wrong / tables


@each("losses", [2, 4])
def test_of_equally_good_losses_of_which_one_collapses_few_tables_call_any_worse(losses: int) -> None:
    tables = 400
    assert calls_worse(losses, 10, tables) <= 0.05 + bound(0.05, tables)


@pytest.mark.slow
@each("losses", [2, 3, 6, 11])
@each("seeds", [5, 10, 30])
def test_the_same_holds_for_any_number_of_losses_and_seeds(seeds: int, losses: int) -> None:
    tables = 2000
    assert calls_worse(losses, seeds, tables) <= 0.05 + bound(0.05, tables)


def test_a_rate_of_a_tenth_against_none_can_hardly_be_found_by_thirty_seeds() -> None:
    rng, found, tables = np.random.default_rng(0), 0, 200
    for _ in range(tables):
        scores, gone = drawn(rng, (2, 30), RATE)
        scores[0], gone[0] = SOUND, False
        flags = dict(zip("ab", gone.tolist(), strict=True))
        ranking = places_by_median(
            dict(zip("ab", scores.tolist(), strict=True)), flags, direction="max", rope=Rope(size=0.005)
        )
        found += any(place.collapses is not None for place in ranking.values())
    assert found / tables < 0.3
