"""A loss's place in a comparison: pure functions over scores A[loss, seed].

A score is a number for each seed, None where that seed has none (yet, or because it diverged). Differences are
oriented so that a positive one says by how much the best is ahead, whichever direction the metric has.

The steps: the best has the best mean; every other loss is compared with it seed by seed (paired t-test, widened after
Nadeau & Bengio 2003 where the same rows are split anew for each seed); Holm's correction for asking about several;
"tied" for what is not significant or too small to matter; the share of seeds on which the best is ahead; and the number
of seeds that would settle a tie.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal

import msgspec

from lossterm import student_t

Direction = Literal["min", "max"]
Verdict = Literal["best", "tied", "worse"]
Interval = tuple[float, float]
Scores = Sequence[float | None]

LEVEL = 0.05
"""Error rate of a whole table: the share of tables with no difference in truth that call some loss worse, at most."""

Z_INTERVAL = 1.959963984540054
"""Standard normal quantile of 0.975."""

POWER_FACTOR = 1.96 + 0.84
"""Quantiles of 0.975 and 0.8: a difference of this many standard errors is found four times in five."""


class Summary(msgspec.Struct, frozen=True):
    """Mean and spread of one score over the seeds."""

    mean: float | None
    """Arithmetic mean, None where no trial has the score."""
    sd: float | None
    """Sample standard deviation (n − 1), None for fewer than two trials."""


class Difference(msgspec.Struct, frozen=True):
    """How far a loss is behind the best, over the seeds that both have."""

    mean: float
    """Mean of the paired differences, positive where the best is ahead."""
    ci: Interval | None
    """95 % interval of that mean, None for fewer than two seeds."""
    p_holm: float | None
    """p of the paired t-test (of the sign test without spread), by Holm's correction over the comparisons with the
    best."""
    p_all_pairs: float | None
    """The same by Holm's correction over all pairs of losses, never smaller: the one that decides; see `places`."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What the scores say of one loss. Names are those of the JSON."""

    rank: int | None = None
    """From 1, best first, equal means sharing a number; None without a score."""
    verdict: Verdict | None = None
    """None for one seed, for one loss and without a score: nothing is known then."""
    mean: float | None = None
    """Mean over seeds."""
    sd: float | None = None
    """Its sample standard deviation."""
    ci: Interval | None = None
    """95 % interval of the mean, None for fewer than two seeds."""
    difference: Difference | None = None
    """How far behind the best; None for the best itself."""
    beaten: float | None = None
    """Share of seeds on which the best is ahead, equal scores counted half; estimates P(best beats this)."""
    beaten_ci: Interval | None = None
    """Its 95 % Wilson interval."""
    pairs: int | None = None
    """Seeds that both the best and this loss have."""
    seeds_to_settle: int | None = None
    """Seeds, in all, after which a tie would be settled; None where there is none or no number would do."""
    equivalent: bool = False
    """Whether the interval of its difference lies within what matters to no one: a tie that is settled."""


def places(
    scores: Mapping[str, Scores], *, direction: Direction, rope: float, relative: bool = False, correlation: float = 0.0
) -> dict[str, Place]:
    """Return every loss's place, best first and those without a score last.

    `rope` is the region of practical equivalence, in units of the metric or, if `relative`, of the best mean.
    `correlation` is Nadeau and Bengio's ρ = n_test/n_train for rows split anew for each seed, 0 for fresh draws.

    "worse" needs Holm's p over all k(k − 1)/2 pairs below LEVEL. Holm over the k − 1 comparisons with the best takes
    the best as named beforehand, while it is picked because it scored best: with 3, 5 and 9 equal losses 6, 9 and 13 %
    of tables would then call one worse (tests/test_standings.py simulates it). Either holds for one look at a table.
    """
    sign: Literal[1, -1] = 1 if direction == "max" else -1
    there = {key: [value for value in values if value is not None] for key, values in scores.items()}
    summaries = {key: summarise(values) for key, values in there.items()}
    ranks = _ranks(scores, direction)
    best = next((key for key, place in ranks.items() if place == 1), None)
    found = {
        key: Place(
            rank=ranks[key],
            mean=summaries[key].mean,
            sd=summaries[key].sd,
            ci=mean_interval(summaries[key], len(there[key]), correlation),
        )
        for key in ranks
    }
    if best is None:
        return found
    ranked = [key for key, place in ranks.items() if place is not None]
    pairs = {(a, b): differences(scores[a], scores[b], sign) for a, b in combinations(ranked, 2)}
    tests = {pair: p for pair, d in pairs.items() if (p := paired_p(d, correlation)) is not None}
    all_pairs = dict(zip(tests, holm(list(tests.values())), strict=True))
    with_best = {pair: p for pair, p in tests.items() if pair[0] == best}
    adjusted = dict(zip(with_best, holm(list(with_best.values())), strict=True))
    least = rope * abs(summaries[best].mean or 0.0) if relative else rope
    for key in ranked:
        if key != best:
            pair = (best, key)
            place = _behind(pairs[pair], adjusted.get(pair), all_pairs.get(pair), least, correlation, len(tests))
            found[key] = msgspec.structs.replace(found[key], **place)
    if any(place.verdict for place in found.values()):
        found[best] = msgspec.structs.replace(found[best], verdict="best")
    return found


def _ranks(scores: Mapping[str, Scores], direction: Direction) -> dict[str, int | None]:
    """Number losses by their means over the seeds that all of them have, so that no loss wins by its easy seeds.

    Losses with less than half as many scores as the most complete one come after the others, and do not count for what
    all have. Where fewer than two seeds are shared, each mean is over the loss's own.
    """
    counts = {key: sum(value is not None for value in values) for key, values in scores.items()}
    enough = [key for key, count in counts.items() if count and 2 * count >= max(counts.values())]
    shared = [values for values in zip(*(scores[key] for key in enough), strict=True) if None not in values]
    own = {key: summarise([value for value in values if value is not None]).mean for key, values in scores.items()}
    means: dict[str, float | None] = {key: own[key] for key in enough}
    if len(shared) > 1:
        columns = zip(*shared, strict=True)
        means = {
            key: summarise([v for v in column if v is not None]).mean
            for key, column in zip(enough, columns, strict=True)
        }
    first = rank(means, direction)
    rest = rank({key: own[key] for key in scores if key not in means}, direction)
    return first | {key: place and place + len(first) for key, place in rest.items()}


def _behind(
    d: Sequence[float], p_holm: float | None, p_all_pairs: float | None, least: float, correlation: float, tests: int
) -> dict[str, object]:
    """Return the fields of a place that say how a loss stands to the best, of whose table so many pairs are tested."""
    if not d:
        return {}
    summary = summarise(d)
    assert summary.mean is not None
    share = beaten(d)
    fields: dict[str, object] = {
        "difference": Difference(summary.mean, mean_interval(summary, len(d), correlation), p_holm, p_all_pairs),
        "beaten": share,
        "beaten_ci": wilson(share, len(d)),
        "pairs": len(d),
    }
    if p_all_pairs is None or summary.sd is None:
        return fields
    if p_all_pairs < LEVEL and summary.mean >= least:
        return {**fields, "verdict": "worse"}
    low, high = mean_interval(summary, len(d), correlation) or (-math.inf, math.inf)
    if _without_spread(summary) and len(d) < seeds_without_spread(tests):
        return {**fields, "verdict": "tied", "seeds_to_settle": seeds_without_spread(tests)}
    if -least < low and high < least:
        return {**fields, "verdict": "tied", "equivalent": True}
    return {**fields, "verdict": "tied", "seeds_to_settle": seeds_to_settle(summary.sd, least, correlation)}


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


def rank(means: Mapping[str, float | None], direction: Direction) -> dict[str, int | None]:
    """Number losses from 1, best first; equal means share a number, None stays unranked.

    The result's order is the table's: ranked ones by rank, then the rest as they came.
    """
    sign = 1 if direction == "min" else -1
    scored = {key: sign * mean for key, mean in means.items() if mean is not None}
    ranks: dict[str, int | None] = {}
    last: tuple[float, int] | None = None
    for place, key in enumerate(sorted(scored, key=lambda key: scored[key]), start=1):
        last = last if last and last[0] == scored[key] else (scored[key], place)
        ranks[key] = last[1]
    ranks.update({key: None for key in means if key not in scored})
    return ranks


def differences(best: Scores, other: Scores, sign: Literal[1, -1]) -> list[float]:
    """Return d = sign·(A[best, i] − A[other, i]) for the seeds i that both have."""
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

    Differences that are all zero give 1. All the same but not zero, as of scores that come in steps, have no spread to
    go by: the sign test gives 2^(1 − n) then. Source: Arbuthnott 1710.
    """
    summary = summarise(d)
    if summary.mean is None or summary.sd is None:
        return None
    if _without_spread(summary):
        return 1.0 if summary.mean == 0 else 2.0 ** (1 - len(d))
    return student_t.two_sided(summary.mean / standard_error(summary.sd, len(d), correlation), len(d) - 1)


def _without_spread(differences: Summary) -> bool:
    """Whether differences are all the same: the spread of equal numbers is rounding."""
    assert differences.mean is not None
    assert differences.sd is not None
    return differences.sd <= 1e-12 * abs(differences.mean)


def seeds_without_spread(tests: int) -> int:
    """Return the least n with 2^(1 − n)·tests < LEVEL: seeds from which differences that are all the same settle it."""
    return math.floor(math.log2(tests / LEVEL)) + 2


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values adjusted so that their family errs at the level of one: max over i ≤ j of (m − i + 1)·p(i).

    Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.
    """
    adjusted, least = [0.0] * len(p), 0.0
    for place, number in enumerate(sorted(range(len(p)), key=lambda number: p[number])):
        least = max(least, min(1.0, (len(p) - place) * p[number]))
        adjusted[number] = least
    return adjusted


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
    """Return the seeds at which a true difference of `least` between two losses gives p < .05 with probability 0.8.

    With more than two losses, Holm's correction asks for more: it is then a lower bound.
    n = ((1.96 + 0.84)·s/ROPE)² + 2, rounded up; with ρ > 0 the n that solves 1/n + ρ = (ROPE/(2.8·s))². None where
    there is nothing to settle (s = 0), where no number of splits of the same rows would do: more data would; and where
    there are not that many seeds.
    """
    if sd == 0 or least <= 0:
        return None
    room = (least / (POWER_FACTOR * sd)) ** 2 - correlation
    return math.ceil(1 / room + 2) if room > 1e-15 else None
