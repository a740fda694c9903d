"""Two losses seed by seed: their differences, the mean with its standard error, a test, and who is ahead how often."""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from lossterm.statistics import student_t

Interval = tuple[float, float]
Scores = Sequence[float | None]

Z_INTERVAL = 1.959963984540054
"""Half the width of a 95 % interval of the normal distribution, in standard deviations."""

LEAST_SEEDS = 3
"""With fewer differences their spread is next to unknown, and there is no verdict."""


class Summary(msgspec.Struct, frozen=True):
    """Mean and spread of one score over the seeds."""

    mean: float | None
    """Arithmetic mean, None where no trial has the score."""
    sd: float | None
    """Sample standard deviation (n − 1), None for fewer than two trials."""


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


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """Two losses compared seed by seed."""

    mean: float
    """Mean of the differences."""
    sd: float
    """Their sample standard deviation."""
    seeds: int
    """Number of seeds that both have, at least LEAST_SEEDS."""
    correlation: float = 0.0
    """Nadeau and Bengio's ρ."""

    @property
    def standard_error(self) -> float:
        """Standard error of the mean."""
        return standard_error(self.sd, self.seeds, self.correlation)

    @property
    def without_spread(self) -> bool:
        """Whether all differences are equal, so that their spread is only rounding."""
        return self.sd <= 1e-12 * abs(self.mean)

    @property
    def p(self) -> float:
        """P(|T| ≥ |mean/se|), n − 1 degrees of freedom.

        Differences that are all zero give 1. Equal differences other than zero, as with scores that come in steps, have
        no spread to test with; then the sign test gives 2^(1 − n). Source: Arbuthnott 1710.
        """
        if self.without_spread:
            return 1.0 if self.mean == 0 else 2.0 ** (1 - self.seeds)
        return student_t.two_sided(self.mean / self.standard_error, self.seeds - 1)


def paired(d: Sequence[float], correlation: float = 0.0) -> Paired | None:
    """Return what differences say, None for fewer than LEAST_SEEDS."""
    summary = summarise(d)
    if len(d) < LEAST_SEEDS or summary.mean is None or summary.sd is None:
        return None
    return Paired(mean=summary.mean, sd=summary.sd, seeds=len(d), correlation=correlation)


def beaten(d: Sequence[float]) -> float:
    """Return (#d > 0 + ½·#d = 0)/n."""
    return (sum(value > 0 for value in d) + 0.5 * sum(value == 0 for value in d)) / len(d)


def wilson(share: float, count: int) -> Interval:
    """Return the 95 % interval of a probability from the share of successes in `count` trials. Source: Wilson 1927."""
    z2 = Z_INTERVAL**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z_INTERVAL / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return 0.0 if share == 0 else centre - half, 1.0 if share == 1 else centre + half
