"""Whether two shares of trials differ, by their counts alone."""

import math

ROUNDING = 1e-7
"""By which share a probability may be larger than the observed one and still count as equal to it."""


def two_sided(first: int, first_trials: int, second: int, second_trials: int) -> float:
    """Return Fisher's exact p that both counts have the same probability: that of all tables no likelier than this one.

    Source: Fisher 1935, The Logic of Inductive Inference; two-sided after Freeman & Halton 1951.
    """
    hits, trials = first + second, first_trials + second_trials
    whole = math.comb(trials, hits)

    def probability(count: int) -> float:
        return math.comb(first_trials, count) * math.comb(second_trials, hits - count) / whole

    possible = range(max(0, hits - second_trials), min(hits, first_trials) + 1)
    observed = probability(first) * (1 + ROUNDING)
    return min(1.0, math.fsum(p for count in possible if (p := probability(count)) <= observed))
