"""Ranks the losses of a comparison, with pure functions of scores A[loss, seed].

Each seed has a score or None (not trained yet, or diverged). Differences are oriented so that a positive one says by
how much the best is ahead, whichever direction the metric has.

The steps: the best has the best mean; every other loss is compared with it seed by seed (paired t-test, widened after
Nadeau & Bengio 2003 if the same rows are split anew for each seed); a step-down procedure, which knows that the best
was picked by its score, calls losses worse; losses that are shown to be behind by less than matters are equal; what is
neither is open, with the number of seeds that would settle it.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

import msgspec

from lossterm.statistics import step_down
from lossterm.statistics.effective_comparisons import Comparisons, comparisons_for_worse
from lossterm.statistics.equivalence import Rope, Shares, shares
from lossterm.statistics.paired_differences import (
    Interval,
    Paired,
    Scores,
    beaten,
    differences,
    mean_interval,
    paired,
    summarise,
    wilson,
)
from lossterm.statistics.seeds_to_settle import seeds_to_settle
from lossterm.statistics.verdict_levels import FINAL, VerdictLevels, levels_at

Direction = Literal["min", "max"]
Verdict = Literal["best", "equal", "worse", "open"]
RecordedVerdict = Literal["best", "equal", "worse", "open", "tied"]
"""Also what version 1 of the JSON called both equal and open."""


CollapsesThan = Literal["more often", "less often"]

NONE_STOPPED: Mapping[str, float] = {}
"""For what is no race."""


class Difference(msgspec.Struct, frozen=True):
    """How far a loss is behind the best, over the seeds for which both have a score and neither collapsed."""

    mean: float
    """Mean of the paired differences, positive where the best is ahead."""
    ci: Interval | None
    """Between what it lies, for all losses of the table at once; None for fewer than three seeds."""
    p: float | None
    """p of the paired t-test (without spread, of the sign test), adjusted for the whole table; below the level for
    worse, the loss is behind."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The rank and verdict of one loss. Field names are those of the JSON."""

    rank: int | None = None
    """From 1, best first; equal means share a number; None without a score."""
    verdict: Verdict | None = None
    """None for fewer than three seeds, a single loss or without a score, when nothing is known."""
    behind: bool = False
    """Whether it is behind the best beyond chance, by however little."""
    less_than_matters: bool = False
    """Whether it is behind and the mean difference is less than the ROPE."""
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
    shares: Shares | None = None
    """How likely it is truly worse, equal and better; None for the best, fewer than three seeds and without spread."""
    pairs: int | None = None
    """Number of seeds for which both the best and this loss have a score."""
    seeds_to_settle: int | None = None
    """Total number of seeds that would settle an open verdict; None if it is not open or no number is enough."""
    collapsed: int = 0
    """Number of seeds on which it collapsed."""
    collapsed_ci: Interval | None = None
    """95 % Wilson interval of the probability of that; None in a table in which nothing collapsed."""
    collapses: CollapsesThan | None = None
    """Whether it collapses more or less often than the best, beyond chance."""
    collapses_p: float | None = None
    """p of Fisher's exact test of that, adjusted for the whole table."""
    sound_pairs: int | None = None
    """Number of seeds that `difference` rests on; None in a table in which nothing collapsed."""
    median: float | None = None
    """Median over seeds, by which it is ranked; None in a table in which nothing collapsed: the mean ranks there."""
    median_ci: Interval | None = None
    """95 % interval of the median, by signs; None for fewer than five seeds."""

    @property
    def centre(self) -> float | None:
        """What it is ranked by: the mean, or the median where any loss collapsed on a seed."""
        return self.mean if self.median is None else self.median

    @property
    def centre_ci(self) -> Interval | None:
        """The interval of that."""
        return self.ci if self.median is None else self.median_ci

    @property
    def without_collapsed(self) -> bool:
        """Whether its verdict leaves out seeds on which it or the best collapsed."""
        return self.sound_pairs is not None and self.pairs is not None and self.sound_pairs < self.pairs


def places(
    scores: Mapping[str, Scores],
    *,
    direction: Direction,
    rope: Rope,
    correlation: float = 0.0,
    levels: VerdictLevels | None = FINAL,
    stopped: Mapping[str, float] = NONE_STOPPED,
) -> dict[str, Place]:
    """Return every loss's place, the best first and losses without a score last.

    `correlation` is Nadeau and Bengio's ρ = n_test/n_train for rows split anew for each seed, 0 for fresh draws.
    Of tables of equal losses, `levels.worse` call any of them worse, as tests/statistics/test_rates.py simulates.
    Without `levels` it is too soon for verdicts. `stopped` has the losses that an earlier look at a race called worse,
    with the p of that look: they stand behind the others, stay worse, and are no contenders.
    """
    sign: Literal[1, -1] = 1 if direction == "max" else -1
    ranking = ranked(scores, _ranks_of_race(scores, stopped, direction), correlation)
    best = first(ranking)
    if best is None:
        return ranking
    apart = apart_from(best, ranking, scores, sign)
    for key, d in apart.items():
        difference = Difference(math.fsum(d) / len(d), None, None)
        ranking[key] = msgspec.structs.replace(ranking[key], difference=difference)
    if levels is None:
        return ranking
    pairs = {key: paired(d, correlation) for key, d in apart.items()}
    return judged(ranking, pairs, rope, Look(levels, stopped=stopped))


def ranked(scores: Mapping[str, Scores], ranks: Mapping[str, int | None], correlation: float) -> dict[str, Place]:
    """Return the places of losses by rank, with the means of their scores and no verdicts."""
    ranking = {}
    for key, rank in ranks.items():
        values = [value for value in scores[key] if value is not None]
        summary = summarise(values)
        interval = mean_interval(summary, len(values), correlation)
        ranking[key] = Place(rank=rank, mean=summary.mean, sd=summary.sd, ci=interval)
    return ranking


def first(ranking: Mapping[str, Place]) -> str | None:
    """Return the first of the best, None where no loss has a score."""
    return next((key for key, place in ranking.items() if place.rank == 1), None)


def apart_from(
    best: str, ranking: dict[str, Place], scores: Mapping[str, Scores], sign: Literal[1, -1]
) -> dict[str, list[float]]:
    """Return the differences of each loss from the best, if there are any, and note on how many it is ahead."""
    apart = {
        key: d
        for key, place in ranking.items()
        if place.rank is not None and key != best and (d := differences(scores[best], scores[key], sign))
    }
    for key, d in apart.items():
        ranking[key] = msgspec.structs.replace(
            ranking[key], beaten=beaten(d), beaten_ci=wilson(beaten(d), len(d)), pairs=len(d)
        )
    return apart


class Look(msgspec.Struct, frozen=True):
    """How strictly a table is judged, and how strictly it will be the next time."""

    levels: VerdictLevels
    """The levels of this look."""
    comparisons: Comparisons = comparisons_for_worse
    """How many tests calling any loss worse is worth."""
    share: float = 1.0
    """Share of the level for worse that is spent on how far losses are apart."""
    stopped: Mapping[str, float] = NONE_STOPPED
    """Losses that an earlier look at a race called worse, with the p of that look."""

    @property
    def worse(self) -> float:
        """The level at which losses are called worse."""
        return self.share * self.levels.worse

    @property
    def coming(self) -> VerdictLevels:
        """The levels of the look to come."""
        levels = levels_at(self.levels.look + 1, final=self.levels.final)
        return msgspec.structs.replace(levels, worse=self.share * levels.worse)


def judged(ranking: dict[str, Place], pairs: Mapping[str, Paired | None], rope: Rope, look: Look) -> dict[str, Place]:
    """Return the places with verdicts on the losses that enough is known of, and on the best if there are any."""
    known, best = {key: pair for key, pair in pairs.items() if pair is not None}, first(ranking)
    if not known or best is None:
        return ranking
    verdicts = dict(ranking)
    verdicts[best] = msgspec.structs.replace(ranking[best], verdict="best")
    least = rope.around(ranking[best].centre or 0.0)
    # A loss that is ahead on the seeds that it shares with the best is not behind, however surely.
    running = {key: pair for key, pair in known.items() if key not in look.stopped}
    p = [pair.p if pair.mean > 0 else 1.0 for pair in running.values()]
    adjusted = step_down.adjusted_p(p, [pair.seeds for pair in running.values()], look.worse, look.comparisons)
    p_of_table = {**dict(zip(running, adjusted, strict=True)), **look.stopped}
    losses = max(2, len(running) + 1)  # all but one may have stopped
    for key, pair in known.items():
        place = _judged(ranking[key], pair, p_of_table[key], least, losses, look, stopped=key in look.stopped)
        verdicts[key] = place
    return verdicts


def _judged(
    place: Place, pair: Paired, p: float, rope: float, losses: int, look: Look, *, stopped: bool = False
) -> Place:
    """Return a place with its verdict; `p` is adjusted for the table of `losses`, `rope` in units of the scores."""
    behind = stopped or p < look.worse
    ends = step_down.interval(
        pair,
        losses,
        behind=behind and pair.mean > 0,  # a stopped loss was, behind a best that may have lost its place since
        worse_level=look.worse,
        equal_level=look.levels.equal,
        comparisons=look.comparisons,
    )
    unproved = pair.without_spread and pair.mean > 0 and not behind
    # On the seeds that both have, though it ranks behind for want of seeds.
    ahead = pair.mean < 0 and pair.mean <= -rope
    equal = ends[1] < rope and not unproved and not ahead and not stopped
    verdict: Verdict = "equal" if equal else "worse" if behind else "open"
    return msgspec.structs.replace(
        place,
        verdict=verdict,
        behind=behind,
        less_than_matters=behind and pair.mean < rope,
        difference=Difference(pair.mean, ends, p),
        shares=shares(pair, rope),
        seeds_to_settle=_seeds_to_settle(pair, rope, losses, look) if verdict == "open" else None,
    )


def _seeds_to_settle(pair: Paired, rope: float, losses: int, look: Look) -> int | None:
    """Return the seeds that settle an open verdict at the levels of the look to come."""
    if pair.without_spread:
        return step_down.seeds_without_spread(losses, look.coming.worse, look.comparisons) if pair.mean > 0 else None
    return seeds_to_settle(pair, rope, losses, look.coming, look.comparisons)


def _ranks_of_race(
    scores: Mapping[str, Scores], stopped: Collection[str], direction: Direction
) -> dict[str, int | None]:
    """Number the losses that were not stopped, then those that were: their few seeds do not count for the others."""
    in_order: dict[str, int | None] = {}
    for gone in (False, True):
        part = {key: values for key, values in scores.items() if (key in stopped) == gone}
        ahead = sum(place is not None for place in in_order.values())
        numbers = ranks(part, lambda values: summarise(values).mean, direction) if part else {}
        in_order |= {key: place and place + ahead for key, place in numbers.items()}
    return dict(sorted(in_order.items(), key=lambda one: one[1] is None))


Centre = Callable[[Sequence[float]], float | None]
"""`scores -> what a loss is ranked by`, None without a score."""


def ranks(scores: Mapping[str, Scores], centre: Centre, direction: Direction) -> dict[str, int | None]:
    """Number losses by their centres over the seeds that all of them share, so that no loss wins by its easy seeds.

    Losses with less than half as many scores as the most complete one come after the others, and do not limit the
    shared seeds. If fewer than two seeds are shared, each centre is over all seeds of the loss.
    """
    counts = {key: sum(value is not None for value in values) for key, values in scores.items()}
    enough = [key for key, count in counts.items() if count and 2 * count >= max(counts.values())]
    shared = [values for values in zip(*(scores[key] for key in enough), strict=True) if None not in values]
    own = {key: centre([value for value in values if value is not None]) for key, values in scores.items()}
    centres: dict[str, float | None] = {key: own[key] for key in enough}
    if len(shared) > 1:
        columns = zip(*shared, strict=True)
        centres = {
            key: centre([v for v in column if v is not None]) for key, column in zip(enough, columns, strict=True)
        }
    ahead = rank(centres, direction)
    rest = rank({key: own[key] for key in scores if key not in centres}, direction)
    return ahead | {key: place and place + len(ahead) for key, place in rest.items()}


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
