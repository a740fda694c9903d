"""How likely it is that a column fits classes by chance alone, exactly: counted over all orders of the rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import lgamma, log

LEVEL = 1e-3
"""Probability below which a fit is no chance, over all columns of a table together."""


@dataclass(frozen=True, slots=True)
class Chance:
    """What chance can do in a table with this many columns."""

    columns: int

    def explains(self, fits: float, counts: Iterable[int]) -> bool:
        """Whether chance may explain a fit in rows of these classes, of which `fits` arrangements would be as good.

        `fits` is the logarithm of their number. All arrangements of n rows are n! over the factorials of `counts`.
        """
        every = [int(count) for count in counts]
        arrangements = lgamma(sum(every) + 1) - sum(lgamma(count + 1) for count in every)
        return fits - arrangements + log(max(1, self.columns)) > log(LEVEL)


def log_orders(number: int) -> float:
    """Return the logarithm of the number of orders of this many classes."""
    return lgamma(number + 1)
