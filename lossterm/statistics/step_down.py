"""Which losses are worse than the best: a step-down max-t procedure over the remaining contenders.

One procedure gives verdicts, adjusted p and intervals, so that they never contradict one another. Source of the
stepping: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure; what replaces Holm's number of remaining
hypotheses is `effective_comparisons`.
"""

import math
from collections.abc import Sequence

from lossterm.statistics import student_t
from lossterm.statistics.effective_comparisons import Comparisons, comparisons_for_equal, comparisons_for_worse
from lossterm.statistics.paired_differences import Interval, Paired


def adjusted_p(
    p: Sequence[float], seeds: Sequence[int], level: float, comparisons: Comparisons = comparisons_for_worse
) -> list[float]:
    """Return adjusted p of the comparisons with the best; those below `level` are worse.

    `p` and `seeds` are two-sided p and number of seeds of each comparison. From the smallest p on, each is multiplied
    by the tests that comparing the losses still in question is worth, since losses already called worse are none of
    them; none is less than the one before.
    """
    adjusted, least, contenders = [1.0] * len(p), 0.0, len(p) + 1
    for number in sorted(range(len(p)), key=lambda number: p[number]):
        least = max(least, min(1.0, p[number] * comparisons(contenders, seeds[number], level)))
        adjusted[number] = least
        contenders -= 1
    return adjusted


def interval(
    paired: Paired,
    losses: int,
    *,
    behind: bool,
    worse_level: float,
    equal_level: float,
    comparisons: Comparisons = comparisons_for_worse,
) -> Interval:
    """Return the ends of how far a loss is behind the best of `losses`, each a bound for the whole table.

    The lower end is what "worse" rests on: it is at most 0 unless the loss is behind by the test of the table, and at
    least 0 if it is. The upper end is what "equal" rests on.
    """
    freedom = paired.seeds - 1
    below = student_t.critical(freedom, worse_level / comparisons(losses, paired.seeds, worse_level))
    above = student_t.critical(freedom, 2 * equal_level / comparisons_for_equal(losses, paired.seeds))
    low, high = paired.mean - below * paired.standard_error, paired.mean + above * paired.standard_error
    # Few differences without spread, or with other seeds than another loss has, may be above 0 and prove nothing.
    return max(low, 0.0) if behind else min(low, 0.0), high


def seeds_without_spread(losses: int, level: float, comparisons: Comparisons = comparisons_for_worse) -> int:
    """Return the least number of equal differences that makes a loss worse among `losses`: 2^(1 − n)·tests < level."""
    seeds = math.floor(math.log2(1 / level)) + 2
    while 2.0 ** (1 - seeds) * comparisons(losses, seeds, level) >= level:
        seeds += 1
    return seeds
