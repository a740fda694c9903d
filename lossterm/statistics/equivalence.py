"""The region of practical equivalence, and how likely a true difference lies within it or beyond."""

import msgspec

from lossterm.statistics import student_t
from lossterm.statistics.paired_differences import Paired


class Rope(msgspec.Struct, frozen=True, kw_only=True):
    """The region of practical equivalence: a difference that is less matters to no one."""

    size: float
    """Its width to either side of 0: a difference, or a share of the best mean if `relative`."""
    relative: bool = False
    """Whether `size` is a share."""
    least: float = 0.0
    """The least width, so that the share of an error close to 0 is not nothing."""

    def around(self, best: float) -> float:
        """Return the width in units of the scores, for a best mean of `best`."""
        return max(self.least, self.size * abs(best) if self.relative else self.size)


class Shares(msgspec.Struct, frozen=True):
    """How likely a loss is truly worse than the best, equal to it or better. Field names are those of the JSON.

    A display of mean and standard error, not evidence beyond them: no verdict rests on it.
    """

    worse: float
    """P(the true difference is more than the ROPE)."""
    equal: float
    """P(it lies within the ROPE)."""
    better: float
    """P(it is the other way round, by more than the ROPE)."""


def shares(paired: Paired, rope: float) -> Shares | None:
    """Return the three shares of Student's t at the mean difference, scaled by its standard error.

    None for differences without spread, which tell nothing of how far off their mean may be.
    """
    if paired.without_spread:
        return None
    freedom = paired.seeds - 1
    worse = student_t.above((rope - paired.mean) / paired.standard_error, freedom)
    better = student_t.above((rope + paired.mean) / paired.standard_error, freedom)
    return Shares(worse, max(0.0, 1 - worse - better), better)
