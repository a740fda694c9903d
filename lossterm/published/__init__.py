"""Published results beside those of lossterm: which comparisons to make, and how to read them."""

from lossterm.errors import UnknownName
from lossterm.published import digits, noise, tutorial
from lossterm.published.case import Case, Quantity

CASES: dict[str, Case] = {case.key: case for case in (tutorial.CASE, digits.CASE, noise.CASE)}
"""Every case by key; the first is the default."""

__all__ = ["CASES", "Case", "Quantity", "case_named"]


def case_named(key: str) -> Case:
    """Return the record of a key. Raises UnknownName with near misses."""
    try:
        return CASES[key]
    except KeyError:
        raise UnknownName("case", key, CASES) from None
