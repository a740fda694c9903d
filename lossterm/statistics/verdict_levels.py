"""At which levels a table is judged: each further look at the same seeds is one more chance to err."""

import msgspec


class VerdictLevels(msgspec.Struct, frozen=True, kw_only=True):
    """How often a table may err at one look, and at all looks so far. Field names are those of the JSON."""

    look: int = 1
    """Which look at the table this is: each request for more seeds of it is one."""
    worse: float = 0.05
    """Share of tables that may call any loss worse that equals the best."""
    equal: float = 0.05
    """Share of tables that may call any loss equal that is the ROPE behind."""
    worse_so_far: float = 0.05
    """Sum of `worse` over all looks so far."""
    final: bool = False
    """Whether the number of seeds was declared final beforehand."""


FINAL = VerdictLevels(final=True)
"""The levels of the only look that there will be."""

PLANNED = 0.03
"""Level for worse at the planned number of seeds."""

EXTENDED = 0.02
"""Level for worse at an extension: together with that of the planned number .05, what a single look may err. Source:
Bonferroni; two looks err in .05 to .06 of simulated tables."""

EITHER_EQUAL = 0.03
"""Level for equal at either."""


def levels_at(look: int, *, final: bool = False) -> VerdictLevels:
    """Return the levels of a look, counted from 1; `final` says that the first was declared the only one."""
    first = FINAL.worse if final else PLANNED
    if look == 1:
        equal = FINAL.equal if final else EITHER_EQUAL
        return VerdictLevels(look=1, worse=first, equal=equal, worse_so_far=first, final=final)
    summed = round(first + EXTENDED * (look - 1), 10)
    return VerdictLevels(look=look, worse=EXTENDED, equal=EITHER_EQUAL, worse_so_far=summed, final=final)
