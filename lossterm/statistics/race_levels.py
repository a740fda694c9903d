"""When a race looks at its losses, and at which levels, so that all its looks together err no more often than one."""

import math
from functools import lru_cache

from lossterm.statistics.normal import quantile
from lossterm.statistics.verdict_levels import EITHER_EQUAL, FINAL, VerdictLevels

FIRST_STAGE = 3
"""Seeds that every loss is trained for at every rate; with fewer the spread is next to unknown."""

FIRST_LOOK = 5
"""Seeds at the first look at verdicts. Each later one is at twice as many, and the last at the most seeds."""

USUAL_CAP = 30
"""Seeds at which a race ends at the latest, unless a person says another number."""

LEAST_STEP = 1.25
"""How many times as many seeds the last look has at least as the one before; else the two are too close together."""

EXPONENT = 1.5
"""What is spent of the level by a share t of the seeds is t to this power: little at first, when little is known."""

_PARTS = 80
"""Parts that a range is cut into to integrate over it; four times as many change no level by 1e-6."""

Weighted = list[tuple[float, float]]
"""Values with the probability that each stands for."""


def stages(cap: int) -> tuple[int, ...]:
    """Return the numbers of seeds at which a race of at most `cap` seeds decides what goes on."""
    between, seeds = [], FIRST_LOOK
    while LEAST_STEP * seeds <= cap:
        between.append(seeds)
        seeds = max(2 * seeds, 10)
    return FIRST_STAGE, *between, cap


def looks(cap: int) -> tuple[int, ...]:
    """Return the numbers of seeds at which it looks at the verdicts."""
    return stages(cap)[1:]


def levels_of_race(cap: int, seeds: int, races: int = 1) -> VerdictLevels:
    """Return the levels of the look at so many seeds.

    `races` counts the races over the same losses so far, this one included, each with another cap: every one spends its
    own .05.
    """
    look = looks(cap).index(seeds)
    spent = FINAL.worse * (races - 1 + _spent(cap, look))
    worse = float(f"{_worse(cap)[look]:.2g}")
    return VerdictLevels(look=look + 1, worse=worse, equal=EITHER_EQUAL, worse_so_far=round(spent, 4))


def _spent(cap: int, look: int) -> float:
    """Return the share of the level that is spent by a look."""
    return math.pow(looks(cap)[look] / cap, EXPONENT)


@lru_cache(maxsize=64)
def _worse(cap: int) -> tuple[float, ...]:
    """Return the level of each look: what a sum that grows by independent parts exceeds at it for the first time.

    Source: Lan & DeMets 1983, Discrete Sequential Boundaries for Clinical Trials; the integration is that of Armitage,
    McPherson & Rowe 1969, Repeated Significance Tests on Accumulating Data.
    """
    levels: list[float] = []
    inside: Weighted = [(0.0, 1.0)]
    before, spent = 0, 0.0
    for look, seeds in enumerate(looks(cap)):
        spread, spends = math.sqrt(seeds - before), FINAL.worse * _spent(cap, look) - spent
        boundary = _boundary(inside, spread, spends)
        levels.append(math.erfc(boundary / math.sqrt(2 * seeds)))
        inside = _inside(inside, spread, boundary)
        before, spent = seeds, spent + spends
    return tuple(levels)


def _boundary(inside: Weighted, spread: float, probability: float) -> float:
    """Return what a sum exceeds, in size, with a probability, once a normal part of this spread was added."""
    scale = spread * math.sqrt(2)
    low, high = 0.0, max(abs(value) for value, _ in inside) + 2 * spread * quantile(probability / 2)
    for _ in range(60):
        middle = (low + high) / 2
        beyond = sum(
            weight * (math.erfc((middle - value) / scale) + math.erfc((middle + value) / scale)) / 2
            for value, weight in inside
        )
        low, high = (middle, high) if beyond > probability else (low, middle)
    return high


def _inside(inside: Weighted, spread: float, boundary: float) -> Weighted:
    """Return the sums that stay within the boundary once the part was added, by Simpson's rule."""
    step = 2 * boundary / _PARTS
    scale = step / 3 / (spread * math.sqrt(2 * math.pi))
    values = [step * part - boundary for part in range(_PARTS + 1)]
    factors = [1, *(4 if part % 2 else 2 for part in range(1, _PARTS)), 1]
    return [
        (
            value,
            factor * scale * sum(w * math.exp(-(((value - other) / spread) ** 2) / 2) for other, w in inside),
        )
        for value, factor in zip(values, factors, strict=True)
    ]
