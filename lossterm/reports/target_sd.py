"""How much a numeric target varies, as the scores of trials tell."""

import math
from collections.abc import Iterable

from lossterm.store import TrialRow


def target_sd(rows: Iterable[TrialRow]) -> float | None:
    """Return the mean standard deviation of the target's test rows over the trials; None for classes.

    R² is 1 − MSE/variance, so that two scores of any model give the variance: no data need be drawn.
    """
    spreads = []
    for row in rows:
        mse, r2 = row.score("mse", "test"), row.score("r2", "test")
        if mse and r2 is not None and r2 < 1:
            spreads.append(math.sqrt(mse / (1 - r2)))
    return math.fsum(spreads) / len(spreads) if spreads else None
