"""Tables drawn at random, and the ranking of thousands of them at once: a twin of `places` in NumPy.

`test_rates.py` holds the twin to `places` on random tables, and then asks the twin how often verdicts err. Beside it
stands the procedure that lossterm had before (Holm over all pairs), as a measure of what the present one finds.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from scipy import stats

from lossterm.statistics.effective_comparisons import comparisons_for_equal, comparisons_for_worse
from lossterm.statistics.verdict_levels import FINAL, VerdictLevels

Draw = Callable[[np.random.Generator, tuple[int, int, int]], np.ndarray]
"""Draws scores (tables, losses, seeds) of equal losses, with a standard deviation near 1."""


def normal(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    return rng.normal(size=shape)


def discrete(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Scores in steps of one standard deviation, as accuracies on few rows are."""
    return np.round(rng.normal(size=shape))


def heteroscedastic(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Losses whose standard deviations lie between ½ and 2."""
    return rng.normal(size=shape) * np.geomspace(0.5, 2, shape[1])[:, None]


def skewed(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Scores with a long tail to one side, as errors have."""
    return rng.exponential(size=shape) - 1


DRAWS: dict[str, Draw] = {
    "normal": normal,
    "discrete": discrete,
    "heteroscedastic": heteroscedastic,
    "skewed": skewed,
}


class Judged:
    """The verdicts on all tables: arrays (tables, losses − 1), in the order of the losses without the best."""

    def __init__(
        self, scores: np.ndarray, rope: float = 0.0, levels: VerdictLevels = FINAL, correlation: float = 0.0
    ) -> None:
        tables, losses, seeds = scores.shape
        best = scores.mean(axis=2).argmax(axis=1)
        behind = scores[np.arange(tables), best][:, None] - scores
        self.others = np.arange(losses) != best[:, None]
        """Which losses are not the best, (tables, losses)."""
        d = behind[self.others].reshape(tables, losses - 1, seeds)
        self.mean, sd = d.mean(axis=2), d.std(axis=2, ddof=1)
        self.sd = sd
        error = sd * math.sqrt(1 / seeds + correlation)
        flat = sd <= 1e-12 * np.abs(self.mean)
        with np.errstate(divide="ignore", invalid="ignore"):
            p = 2 * stats.t.sf(np.abs(self.mean / error), seeds - 1)
        p = np.where(flat, np.where(self.mean == 0, 1.0, 2.0 ** (1 - seeds)), p)
        factors = [comparisons_for_worse(losses - place, seeds, levels.worse) for place in range(losses - 1)]
        self.p = stepped(p, np.array(factors))
        self.worse = self.p < levels.worse
        lower = stats.t.isf(levels.worse / 2 / comparisons_for_worse(losses, seeds, levels.worse), seeds - 1)
        upper = stats.t.isf(levels.equal / comparisons_for_equal(losses, seeds), seeds - 1)
        low = self.mean - lower * error
        self.low, self.high = np.where(self.worse, np.maximum(low, 0), np.minimum(low, 0)), self.mean + upper * error
        self.equal = (self.high < rope) & ~(flat & (self.mean > 0) & ~self.worse)
        self.open = ~self.equal & ~self.worse

    def any_of(self, verdicts: np.ndarray, losses: np.ndarray | slice = slice(None)) -> float:
        """Return the share of tables in which one of some losses has a verdict."""
        whole = np.zeros(self.others.shape, bool)
        whole[self.others] = verdicts.ravel()
        return float(whole[:, losses].any(axis=1).mean())

    def share_of(self, verdicts: np.ndarray, losses: slice) -> float:
        """Return the share of some losses, over all tables, that have a verdict."""
        whole = np.zeros(self.others.shape, bool)
        whole[self.others] = verdicts.ravel()
        return float(whole[:, losses].mean())


def stepped(p: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Return p times the factor of its place among the sorted, at most 1, never less than the one before."""
    order = p.argsort(axis=1, kind="stable")
    adjusted = np.maximum.accumulate(np.minimum(1, np.take_along_axis(p, order, axis=1) * factors), axis=1)
    back = np.empty_like(p)
    np.put_along_axis(back, order, adjusted, axis=1)
    return back


@cache
def _pairs(losses: int) -> tuple[np.ndarray, np.ndarray]:
    return np.triu_indices(losses, 1)


def worse_by_holm(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which losses the procedure before called worse, and whose interval of one pair was clear of 0.

    Two-sided paired t-tests of all pairs with Holm's correction; the interval was that of the pair alone.
    """
    tables, losses, seeds = scores.shape
    first, second = _pairs(losses)
    p = np.empty((tables, len(first)))
    for number, (a, b) in enumerate(zip(first, second, strict=True)):
        d = scores[:, a] - scores[:, b]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = d.mean(axis=1) / d.std(axis=1, ddof=1) * math.sqrt(seeds)
        flat = d.std(axis=1) == 0
        p[:, number] = np.where(
            flat, np.where(d[:, 0] == 0, 1.0, 2.0 ** (1 - seeds)), 2 * stats.t.sf(np.abs(t), seeds - 1)
        )
    adjusted = stepped(p, np.arange(p.shape[1], 0, -1.0))
    best = scores.mean(axis=2).argmax(axis=1)
    worse, clear = np.zeros((tables, losses), bool), np.zeros((tables, losses), bool)
    for number, (a, b) in enumerate(zip(first, second, strict=True)):
        for winner, other in ((a, b), (b, a)):
            won = best == winner
            worse[won, other] = adjusted[won, number] < 0.05
            clear[won, other] = p[won, number] < 0.05
    return worse, clear
