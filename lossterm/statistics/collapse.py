"""Which trials collapsed: their networks give every row the same answer, though others learn the task."""

import math
from collections.abc import Mapping

from lossterm.statistics.paired_differences import Scores
from lossterm.statistics.sign_interval import median

CLEAR = 3
"""How many standard deviations of luck a trial that learnt is above one that did not."""


def collapsed(skills: Mapping[str, Scores], typical: str | None, rows: int) -> dict[str, list[bool]]:
    """Return for each loss and seed whether the trial collapsed, that is, whether its skill is 0 or less.

    A skill is the share of what can be learnt that a trial is beyond the answer that is the same for every row; None
    where it is not known. `typical` is the loss whose typical trial ranks first, `rows` the number of test rows. Unless
    the median skill of that loss is clear of luck none counts as collapsed: either the data carry hardly any signal, so
    that sound trials fall to 0 by luck, or the metric that ranks rewards the answer that is always the same.
    """
    known = [] if typical is None else [skill for skill in skills[typical] if skill is not None]
    middle = median(known)
    learnable = middle is not None and middle > CLEAR * luck(rows)
    return {key: [learnable and skill is not None and skill <= 0 for skill in each] for key, each in skills.items()}


def luck(rows: int) -> float:
    """Return the largest standard deviation that a share of so many rows has by luck: √(½·½/rows)."""
    return 0.5 / math.sqrt(rows)
