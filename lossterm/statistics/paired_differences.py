"""Two losses seed by seed: their differences, an interval of the mean, a test, and how many seeds would settle it."""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from lossterm.statistics import student_t

Interval = tuple[float, float]
Scores = Sequence[float | None]

LEVEL = 0.05
"""Significance level of the tests."""

Z_INTERVAL = 1.959963984540054
"""Half the width of a 95 % interval of the normal distribution, in standard deviations."""

POWER_FACTOR = 1.96 + 0.84
"""Normal quantiles for a two-sided level of .05 and a power of 0.8, added."""


class Summary(msgspec.Struct, frozen=True):
    """Mean and spread of one score over the seeds."""

    mean: float | None
    """Arithmetic mean, None where no trial has the score."""
    sd: float | None
    """Sample standard deviation (n − 1), None for fewer than two trials."""


# The steps


def summarise(values: Sequence[float]) -> Summary:
    """Return mean and sample standard deviation of finite values."""
    if not values:
        return Summary(None, None)
    count = len(values)
    mean = math.fsum(values) / count
    # Not statistics.stdev: its exact fractions cost 100 times as much, and a live table is computed again and again.
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1)) if count > 1 else None
    return Summary(mean, sd)


def differences(best: Scores, other: Scores, sign: Literal[1, -1]) -> list[float]:
    """Return d = sign·(A[best, i] − A[other, i]) for the seeds i for which both have a score."""
    return [sign * (a - b) for a, b in zip(best, other, strict=True) if a is not None and b is not None]


def standard_error(sd: float, count: int, correlation: float) -> float:
    """Return s·√(1/n + ρ). Source: Nadeau & Bengio 2003, Inference for the Generalization Error, for ρ > 0."""
    return sd * math.sqrt(1 / count + correlation)


def mean_interval(summary: Summary, count: int, correlation: float = 0.0) -> Interval | None:
    """Return mean ± t(0.975, n − 1)·se, None for fewer than two values. Source: Student 1908."""
    if summary.mean is None or summary.sd is None:
        return None
    half = student_t.critical(count - 1) * standard_error(summary.sd, count, correlation)
    return summary.mean - half, summary.mean + half


def paired_p(d: Sequence[float], correlation: float = 0.0) -> float | None:
    """Return p = P(|T| ≥ |mean d / se|), n − 1 degrees of freedom; None for fewer than two differences.

    Differences that are all zero give 1. Equal differences other than zero, as with scores that come in steps, have no
    spread to test with; then the sign test gives 2^(1 − n). Source: Arbuthnott 1710.
    """
    summary = summarise(d)
    if summary.mean is None or summary.sd is None:
        return None
    if without_spread(summary):
        return 1.0 if summary.mean == 0 else 2.0 ** (1 - len(d))
    return student_t.two_sided(summary.mean / standard_error(summary.sd, len(d), correlation), len(d) - 1)


def without_spread(differences: Summary) -> bool:
    """Whether all differences are equal, so that their spread is only rounding."""
    assert differences.mean is not None
    assert differences.sd is not None
    return differences.sd <= 1e-12 * abs(differences.mean)


def seeds_without_spread(tests: int) -> int:
    """Return the least n with 2^(1 − n)·tests < LEVEL: the number of equal differences that is significant."""
    return math.floor(math.log2(tests / LEVEL)) + 2


def beaten(d: Sequence[float]) -> float:
    """Return (#d > 0 + ½·#d = 0)/n."""
    return (sum(value > 0 for value in d) + 0.5 * sum(value == 0 for value in d)) / len(d)


def wilson(share: float, count: int) -> Interval:
    """Return the 95 % interval of a probability from the share of successes in `count` trials. Source: Wilson 1927."""
    z2 = Z_INTERVAL**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z_INTERVAL / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return 0.0 if share == 0 else centre - half, 1.0 if share == 1 else centre + half


def seeds_to_settle(sd: float, least: float, correlation: float = 0.0) -> int | None:
    """Return the number of seeds at which a true difference of `least` gives p < .05 with probability 0.8.

    With more than two losses it is a lower bound, since Holm's correction requires more.
    n = ((1.96 + 0.84)·s/ROPE)² + 2, rounded up; with ρ > 0 the n that solves 1/n + ρ = (ROPE/(2.8·s))². None if there
    is nothing to settle (s = 0), if no number of splits of the same rows is enough, so that only more data would help,
    or if the number is out of all proportion.
    """
    if sd == 0 or least <= 0:
        return None
    room = (least / (POWER_FACTOR * sd)) ** 2 - correlation
    return math.ceil(1 / room + 2) if room > 1e-15 else None
