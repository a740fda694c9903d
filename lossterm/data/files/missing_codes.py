"""Cells that stand for a missing value: those that always do, and the codes of one table that a user named."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lossterm.data.files.cells import day_text, days_in, is_missing, number_of, number_text

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingCodes:
    """Words and numbers that stand for a missing value, in one column or in all."""

    words: frozenset[str] = frozenset()
    """In lower case, without spaces around."""
    numbers: tuple[float, ...] = ()
    days: tuple[float, ...] = ()
    """Days since 1970 of the dates among them."""

    @classmethod
    def of(cls, given: Sequence[str]) -> "MissingCodes":
        """Return the codes that a user named; a number stands for itself in all ways to write it."""
        numbers = (number_of(code, comma=True) for code in given)
        days = (read(code.strip()) for code in given if (read := days_in([code])))
        return cls(
            words=frozenset(code.strip().casefold() for code in given),
            numbers=tuple(dict.fromkeys(number.value for number in numbers if number)),
            days=tuple(dict.fromkeys(day for day in days if day is not None)),
        )

    def holds(self, cell: str) -> bool:
        """Whether a cell stands for a missing value."""
        return is_missing(cell) or self.added(cell)

    def added(self, cell: str) -> bool:
        """Whether a cell is one of the codes that a user named."""
        if not self.words:
            return False
        if cell.strip().casefold() in self.words:
            return True
        number = number_of(cell, comma=True) if self.numbers else None
        if number is not None and number.value in self.numbers:
            return True
        read = days_in([cell]) if self.days else None
        return read is not None and read(cell.strip()) in self.days

    def applied(self, values: "np.ndarray", *, dates: bool = False) -> "tuple[np.ndarray, tuple[str, ...]]":
        """Return numbers, or dates in days, with NaN for the codes, and the codes that were there."""
        codes, write = (self.days, day_text) if dates else (self.numbers, number_text)
        there = tuple(write(code) for code in codes if (values == code).any())
        return self.without(values, dates=dates), there

    def without(self, values: "np.ndarray", *, dates: bool = False) -> "np.ndarray":
        """Return numbers, or dates in days, with NaN for the codes."""
        if not (codes := self.days if dates else self.numbers):
            return values
        import numpy as np

        return np.where(np.isin(values, codes), np.nan, values)


NONE = MissingCodes()
"""No code but what always stands for a missing value."""


def column_and_code(given: str, names: Collection[str]) -> tuple[str | None, str]:
    """Divide `COL=CODE` into a column of the table, `names`, and its code; the column is None for a code of all.

    Column names may hold the sign too: the longest one counts.
    """
    ends = [place for place, sign in enumerate(given) if sign == "="]
    sign = next((place for place in reversed(ends) if given[:place] in names), None)
    return (None, given) if sign is None else (given[:sign], given[sign + 1 :])


@dataclass(frozen=True, kw_only=True, slots=True)
class TableCodes:
    """What stands for a missing value in each column of one table."""

    every: MissingCodes = NONE
    """In all columns."""
    own: dict[str, MissingCodes] = field(default_factory=dict)
    """Column → the codes that are named for it alone."""
    both: dict[str, MissingCodes] = field(default_factory=dict)
    """The same columns → these and those of all columns."""

    @classmethod
    def of(cls, given: Sequence[str], names: Iterable[str]) -> "TableCodes":
        """Return the codes that a user named, of a table with these columns."""
        known = frozenset(names)
        everywhere, alone = list[str](), dict[str, list[str]]()
        for code in given:
            column, alone_code = column_and_code(code, known)
            (everywhere if column is None else alone.setdefault(column, [])).append(alone_code)
        return cls(
            every=MissingCodes.of(everywhere),
            own={column: MissingCodes.of(codes) for column, codes in alone.items()},
            both={column: MissingCodes.of([*everywhere, *codes]) for column, codes in alone.items()},
        )

    def in_column(self, name: str) -> MissingCodes:
        """Return all that stands for a missing value in a column."""
        return self.both.get(name, self.every)
