"""Ranks the losses of a comparison, with pure functions of scores A[loss, seed].

Each seed has a score or None (not trained yet, or diverged). Differences are oriented so that a positive one says by
how much the best is ahead, whichever direction the metric has.

The steps: the best has the best mean; every other loss is compared with it seed by seed (paired t-test, widened after
Nadeau & Bengio 2003 if the same rows are split anew for each seed); Holm's correction for multiple comparisons; "tied"
for a difference that is not significant or too small to matter; the share of seeds on which the best is ahead; and the
number of seeds that would settle a tie.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal

import msgspec

from lossterm.statistics.multiple_comparisons import holm
from lossterm.statistics.paired_differences import (
    LEVEL,
    Interval,
    Scores,
    beaten,
    differences,
    mean_interval,
    paired_p,
    seeds_to_settle,
    seeds_without_spread,
    summarise,
    wilson,
    without_spread,
)

Direction = Literal["min", "max"]
Verdict = Literal["best", "tied", "worse"]


class Difference(msgspec.Struct, frozen=True):
    """How far a loss is behind the best, over the seeds for which both have a score."""

    mean: float
    """Mean of the paired differences, positive where the best is ahead."""
    ci: Interval | None
    """95 % interval of that mean, None for fewer than two seeds."""
    p_holm: float | None
    """p of the paired t-test (without spread, of the sign test) with Holm's correction over the comparisons with the
    best."""
    p_all_pairs: float | None
    """The same with Holm's correction over all pairs of losses; never smaller, and decisive: see `places`."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The rank and verdict of one loss. Field names are those of the JSON."""

    rank: int | None = None
    """From 1, best first; equal means share a number; None without a score."""
    verdict: Verdict | None = None
    """None with a single seed, a single loss or without a score, when nothing is known."""
    mean: float | None = None
    """Mean over seeds."""
    sd: float | None = None
    """Its sample standard deviation."""
    ci: Interval | None = None
    """95 % interval of the mean, None for fewer than two seeds."""
    difference: Difference | None = None
    """How far it is behind the best; None for the best itself."""
    beaten: float | None = None
    """Share of seeds on which the best is ahead, equal scores counted half; estimates P(the best beats this loss)."""
    beaten_ci: Interval | None = None
    """Its 95 % Wilson interval."""
    pairs: int | None = None
    """Number of seeds for which both the best and this loss have a score."""
    seeds_to_settle: int | None = None
    """Total number of seeds that would settle a tie; None if there is no tie or no number is enough."""
    equivalent: bool = False
    """Whether its tie is settled: the interval of the difference lies within the region of practical equivalence."""


def places(
    scores: Mapping[str, Scores], *, direction: Direction, rope: float, relative: bool = False, correlation: float = 0.0
) -> dict[str, Place]:
    """Return every loss's place, the best first and losses without a score last.

    `rope` is the region of practical equivalence, in units of the metric or, if `relative`, of the best mean.
    `correlation` is Nadeau and Bengio's ρ = n_test/n_train for rows split anew for each seed, 0 for fresh draws.

    "worse" requires Holm's p over all k(k − 1)/2 pairs to be below LEVEL. Holm over only the k − 1 comparisons with the
    best would assume that the best was named beforehand, while it is picked because it scored best: of tables with 3,
    5 and 9 equal losses, 6, 9 and 13 % would then call one worse, as tests/statistics/test_ranking.py simulates. Both
    corrections hold for a single look at the scores.
    """
    sign: Literal[1, -1] = 1 if direction == "max" else -1
    there = {key: [value for value in values if value is not None] for key, values in scores.items()}
    summaries = {key: summarise(values) for key, values in there.items()}
    ranks = _ranks(scores, direction)
    best = next((key for key, place in ranks.items() if place == 1), None)
    ranking = {
        key: Place(
            rank=ranks[key],
            mean=summaries[key].mean,
            sd=summaries[key].sd,
            ci=mean_interval(summaries[key], len(there[key]), correlation),
        )
        for key in ranks
    }
    if best is None:
        return ranking
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
            ranking[key] = msgspec.structs.replace(ranking[key], **place)
    if any(place.verdict for place in ranking.values()):
        ranking[best] = msgspec.structs.replace(ranking[best], verdict="best")
    return ranking


def _ranks(scores: Mapping[str, Scores], direction: Direction) -> dict[str, int | None]:
    """Number losses by their means over the seeds that all of them share, so that no loss wins by its easy seeds.

    Losses with less than half as many scores as the most complete one come after the others, and do not limit the
    shared seeds. If fewer than two seeds are shared, each mean is over all seeds of the loss.
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
    """Return the fields of a place that compare a loss with the best; `tests` pairs of the table are tested."""
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
    if without_spread(summary) and len(d) < seeds_without_spread(tests):
        return {**fields, "verdict": "tied", "seeds_to_settle": seeds_without_spread(tests)}
    if -least < low and high < least:
        return {**fields, "verdict": "tied", "equivalent": True}
    return {**fields, "verdict": "tied", "seeds_to_settle": seeds_to_settle(summary.sd, least, correlation)}


def rank(means: Mapping[str, float | None], direction: Direction) -> dict[str, int | None]:
    """Number losses from 1, best first; equal means share a number, None stays unranked.

    The result is ordered as in the table: ranked losses by rank, then the others in their order.
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
