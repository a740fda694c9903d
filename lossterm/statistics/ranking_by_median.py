"""Ranks the losses of a comparison in which some trials collapsed, so that a mean would describe none of them.

What a reader wants to know is then two things, each tested at half of the level: how good a loss is where it learns
anything (its differences from the best on the seeds where neither collapsed), and how often it does not (Fisher's
exact test). Since the best is picked by medians over all seeds and not by those differences, every pair of losses
counts as a test.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from lossterm.statistics import fisher_exact
from lossterm.statistics.effective_comparisons import every_pair
from lossterm.statistics.equivalence import Rope
from lossterm.statistics.paired_differences import Scores, differences, paired, wilson
from lossterm.statistics.ranking import (
    CollapsesThan,
    Difference,
    Direction,
    Look,
    Place,
    apart_from,
    first,
    judged,
    rank,
    ranked,
    ranks,
)
from lossterm.statistics.sign_interval import mean_of_middle_half, median, sign_interval
from lossterm.statistics.verdict_levels import FINAL, VerdictLevels

LOCATION = 0.5
"""Share of the level for worse that is spent on how far losses are apart; the rest goes to how often they collapse."""


def places_by_median(
    scores: Mapping[str, Scores],
    collapsed: Mapping[str, Sequence[bool]],
    *,
    direction: Direction,
    rope: Rope,
    correlation: float = 0.0,
    levels: VerdictLevels = FINAL,
) -> dict[str, Place]:
    """Return every loss's place, the best median first and losses without a score last.

    `collapsed` says it for each loss and seed; the rest is as in `ranking.places`. Source of the rates at which this
    errs: simulation, tests/statistics/test_collapse_rates.py.
    """
    sign: Literal[1, -1] = 1 if direction == "max" else -1
    ranking = {
        key: _described(place, scores[key], collapsed[key])
        for key, place in ranked(scores, _ranks(scores, direction), correlation).items()
    }
    best = first(ranking)
    if best is None:
        return ranking
    sound = {
        key: [None if gone else value for value, gone in zip(scores[key], collapsed[key], strict=True)]
        for key in scores
    }
    apart = {key: differences(sound[best], sound[key], sign) for key in apart_from(best, ranking, scores, sign)}
    for key, d in apart.items():
        difference = Difference(math.fsum(d) / len(d), None, None) if d else None
        ranking[key] = msgspec.structs.replace(ranking[key], difference=difference, sound_pairs=len(d))
    look = Look(levels, comparisons=every_pair, share=LOCATION)
    verdicts = judged(ranking, {key: paired(d, correlation) for key, d in apart.items()}, rope, look)
    verdicts = {key: _for_all_seeds(place) for key, place in verdicts.items()}
    trials = {key: sum(value is not None for value in values) for key, values in scores.items()}
    return _with_rates(verdicts, trials, best, (1 - LOCATION) * levels.worse)


def _ranks(scores: Mapping[str, Scores], direction: Direction) -> dict[str, int | None]:
    """Number losses by their medians, equal ones by the mean of their middle half."""
    by_median, by_middle = (ranks(scores, centre, direction) for centre in (median, mean_of_middle_half))
    both = {
        key: None if number is None else number + (by_middle[key] or 0) / (len(by_median) + 1)
        for key, number in by_median.items()
    }
    return rank(both, "min")


def counted(place: Place, scores: Scores, collapsed: Sequence[bool]) -> Place:
    """Return a place with how often its loss collapsed, of its seeds that have a score."""
    trials, count = sum(value is not None for value in scores), sum(collapsed)
    return msgspec.structs.replace(
        place, collapsed=count, collapsed_ci=wilson(count / trials, trials) if trials else None
    )


def _described(place: Place, scores: Scores, collapsed: Sequence[bool]) -> Place:
    """Add the median and how often a loss collapsed."""
    values = [value for value in scores if value is not None]
    place = msgspec.structs.replace(place, median=median(values), median_ci=sign_interval(values))
    return counted(place, scores, collapsed)


def _for_all_seeds(place: Place) -> Place:
    """Count the seeds that would settle a verdict as those that are to be trained, of which some will collapse."""
    if place.seeds_to_settle is None or not place.sound_pairs or place.pairs is None:
        return place
    needed = math.ceil(place.seeds_to_settle * place.pairs / place.sound_pairs)
    return msgspec.structs.replace(place, seeds_to_settle=needed)


def _with_rates(ranking: dict[str, Place], trials: Mapping[str, int], best: str, level: float) -> dict[str, Place]:
    """Say which losses collapse more or less often than the best, by Holm's step-down of Fisher's exact test.

    `trials` are the numbers of trials that have a score. Source of the stepping: Holm 1979.
    """
    told, of_best = dict(ranking), ranking[best].collapsed / trials[best]
    p = {
        key: fisher_exact.two_sided(ranking[best].collapsed, trials[best], place.collapsed, trials[key])
        for key, place in ranking.items()
        if key != best and trials[key]
    }
    adjusted = 0.0
    for done, key in enumerate(sorted(p, key=lambda key: p[key])):
        adjusted = max(adjusted, min(1.0, p[key] * (len(p) - done)))
        than: CollapsesThan = "more often" if ranking[key].collapsed / trials[key] > of_best else "less often"
        told[key] = msgspec.structs.replace(
            ranking[key], collapses=than if adjusted < level else None, collapses_p=adjusted
        )
    return told
