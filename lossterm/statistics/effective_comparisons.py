"""How many independent tests a comparison with the best is worth, given that the best was picked by its score.

The best of k equal losses is ahead of the others by luck, so a difference from it is judged as if several tests had
been made. Their number is between 1 and the number of pairs: the differences share seeds and losses, so that they go
up and down together.
"""

import math
from collections.abc import Callable

Comparisons = Callable[[int, float, float], float]
"""`(losses, seeds, level)` -> the number of tests that calling any of the losses worse is worth."""

WORSE = (
    *(1.0, 2.62, 4.90, 7.84, 11.43, 15.65, 20.51, 25.99, 32.10, 38.82),
    *(46.16, 54.12, 62.69, 71.86, 81.64, 92.02, 103.01, 114.59, 126.77),
)
"""For 2, 3, … losses: the number of two-sided tests at .05 to which Tukey's studentised range is equivalent, with many
seeds: .05 / P(|Z| > q/√2), q its 95 % point. Source: Tukey 1953, The Problem of Multiple Comparisons."""

EQUAL = (
    *(1.0, 1.81, 2.55, 3.25, 3.92, 4.57, 5.19, 5.80, 6.39, 6.97),
    *(7.54, 8.09, 8.64, 9.17, 9.70, 10.22, 10.74, 11.24, 11.74),
)
"""For 2, 3, … losses: the same for Dunnett's one-sided comparisons with one loss. Source: Dunnett 1955, A Multiple
Comparison Procedure for Comparing Several Treatments with a Control."""

PAIRS_PER_TEST = 1.5
"""Pairs for each test in WORSE at its end; beyond it the number of pairs is divided by this."""

MOST_FITTED = len(WORSE) + 1
"""The most losses for which the correction for few seeds was fitted."""

EQUAL_PER_LOSS = 0.5
"""What each further loss adds to EQUAL at its end and beyond it; a little more than the exact value."""


def comparisons_for_worse(losses: int, seeds: float, level: float) -> float:
    """Return the number of two-sided tests at `level` that calling any of `losses` worse is worth.

    With few seeds each difference has an estimate of its own spread, which makes them less alike than the studentised
    range assumes but their extremes rarer; with a smaller level they behave more like independent pairs. Both
    corrections were fitted to simulated tables of 2 to 20 losses and 5 to 30 seeds with normal, discrete, skewed and
    heteroscedastic scores, of which none may call equal losses worse much more often than `level`. With more losses
    the correction for few seeds stays that of 20, which errs on the safe side.
    """
    pairs = losses * (losses - 1) / 2
    many = WORSE[losses - 2] if losses - 2 < len(WORSE) else pairs / PAIRS_PER_TEST
    usual = many * math.exp(-(0.17 * (min(losses, MOST_FITTED) - 2) + 0.25) / seeds)
    towards_pairs = min(1.0, max(0.0, 0.72 * math.log10(0.05 / level)))
    return min(pairs, max(1.0, usual * math.pow(pairs / usual, towards_pairs)))


def every_pair(losses: int, seeds: float, level: float) -> float:  # noqa: ARG001  of the form of Comparisons
    """Return the number of pairs: what is safe where the best was not picked by the differences that are tested."""
    return losses * (losses - 1) / 2


def comparisons_for_equal(losses: int, seeds: float) -> float:
    """Return the number of one-sided tests that calling any of `losses` equal to the best is worth.

    The surplus for few seeds was fitted to the same simulations, with all others exactly the ROPE behind.
    """
    beyond = EQUAL[-1] + EQUAL_PER_LOSS * (losses - 1 - len(EQUAL))
    many = EQUAL[losses - 2] if losses - 2 < len(EQUAL) else beyond
    return min(losses - 1.0, many * (1 + 1.5 / seeds))
