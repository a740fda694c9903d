"""How many seeds settle whether a loss is worse than the best or equal to it."""

import math

from lossterm.statistics.effective_comparisons import Comparisons, comparisons_for_equal, comparisons_for_worse
from lossterm.statistics.normal import quantile
from lossterm.statistics.paired_differences import Paired
from lossterm.statistics.verdict_levels import VerdictLevels

POWER = quantile(0.2)
"""Standard errors that find a gap of the ROPE with probability .8."""

POWER_AT_EVERY_ROW = quantile(0.1)
"""Standard errors that find one row equal with probability .9; all rows of a table together still with .8."""


def seeds_to_settle(
    paired: Paired,
    rope: float,
    losses: int,
    levels: VerdictLevels,
    comparisons: Comparisons = comparisons_for_worse,
) -> int | None:
    """Return the total number of seeds at which a loss among `losses` is probably called worse or equal.

    A true gap of 0 or of the ROPE is then settled in at least four tables of five: n = (f·s/ROPE)² + 2, where s is not
    the observed spread, which is as often too small as too large, but one that the true spread stays below with
    probability .8. With ρ > 0, n solves 1/n + ρ = (ROPE/(f·s))². `levels` are those of the look to come. If the seeds
    at hand are as many already, the gap lies between 0 and the ROPE, where both are half as far away.
    None if no number of re-splits of the same rows is enough, or if nothing is to be settled.
    Source of the factors and rates: simulation of tables with 2 to 20 losses, tests/statistics/test_rates.py.
    """
    if rope <= 0 or paired.sd == 0:
        return None
    spread = likely_factor(losses, levels, comparisons) * paired.sd * spread_factor(paired.seeds - 1)
    needed = _needed(rope / spread, paired.correlation)
    if needed is not None and needed <= paired.seeds:
        needed = _needed(rope / 2 / spread, paired.correlation)
        return None if needed is None else max(needed, paired.seeds + 1)
    return needed


def likely_factor(losses: int, levels: VerdictLevels, comparisons: Comparisons = comparisons_for_worse) -> float:
    """Return f: how many standard errors the ROPE must be wide for a verdict either way to be likely."""
    worse = quantile(levels.worse / (2 * comparisons(losses, math.inf, levels.worse))) + POWER
    equal = quantile(levels.equal / comparisons_for_equal(losses, math.inf)) + POWER_AT_EVERY_ROW
    return max(worse, equal)


def spread_factor(freedom: int) -> float:
    """Return √(ν/χ²₀.₂(ν)): the observed spread times this is above the true one with probability .8.

    Source of the quantile: Wilson & Hilferty 1931, The Distribution of Chi-square.
    """
    chi_square = freedom * (1 - 2 / (9 * freedom) - quantile(0.2) * math.sqrt(2 / (9 * freedom))) ** 3
    return math.sqrt(freedom / chi_square)


def _needed(standard_errors: float, correlation: float) -> int | None:
    """Return n from 1/(n − 2) + ρ = x²; None if there is none, or none below all proportion."""
    room = standard_errors**2 - correlation
    return math.ceil(1 / room + 2) if room > 1e-15 else None
