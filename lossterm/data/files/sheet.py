"""A column as it was read, before anyone said what it is for; and the sheet of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from lossterm.data.files.cells import day_text, number_text
from lossterm.data.files.position import refusal
from lossterm.errors import DataError

MISSING_WORD, RARE_WORD = -1, -2
"""Codes of a cell that is missing, and of one whose word came after too many others to be kept."""

RawKind = Literal["number", "boolean", "date", "word", "nothing"]


@dataclass(kw_only=True, slots=True)
class Odd:
    """Cells of a column of numbers or dates that are neither that nor missing."""

    count: int = 0
    index: int = 0
    """Of the first."""
    cell: str = ""
    """The first."""
    grouped: bool = False
    """Whether one is a number with separators of thousands."""


@dataclass(kw_only=True, slots=True)
class Raw:
    """A column as it was read."""

    name: str
    kind: RawKind
    """What its cells hold; "nothing" where all are missing."""
    values: np.ndarray
    """(rows,) float64, NaN where missing (dates in days since 1970, no and yes as 0 and 1); words: int32 codes."""
    words: tuple[str, ...] = ()
    """Of words: each by its code; of a boolean: how no and yes are written."""
    odd: Odd = field(default_factory=Odd)
    """Cells that are taken as missing since they are not what the others are."""
    absent: tuple[str, ...] = ()
    """Words that are taken as missing, as NA, in order of appearance."""
    said: tuple[str, ...] = ()
    """What a person must know of how it was read."""

    @property
    def missing(self) -> np.ndarray:
        """(rows,) whether a cell is missing."""
        found: np.ndarray = self.values == MISSING_WORD if self.kind == "word" else np.isnan(self.values)
        return found

    def text(self, index: int) -> str:
        """Write a cell as a person reads it, "" where it is missing."""
        value = self.values[index]
        if self.kind == "word":
            return self.words[value] if value >= 0 else "" if value == MISSING_WORD else "…"
        if np.isnan(value):
            return ""
        if self.kind == "boolean":
            return self.words[int(value)]
        return day_text(value) if self.kind == "date" else number_text(value)


def as_words(raw: Raw) -> Raw:
    """Return a column with its values taken as names."""
    if raw.kind == "word":
        return raw
    missing = raw.missing
    each, codes = np.unique(raw.values[~missing], return_inverse=True)
    values = np.full(len(raw.values), MISSING_WORD, np.int32)
    values[~missing] = codes
    if raw.kind == "boolean":
        words = tuple(raw.words[int(value)] for value in each)
    else:
        words = tuple((day_text if raw.kind == "date" else number_text)(float(value)) for value in each)
    return Raw(name=raw.name, kind="word", values=values, words=words, odd=raw.odd, absent=raw.absent, said=raw.said)


def refuse_infinite(path: str, name: str, values: np.ndarray, row: Callable[[int], int], offset: int = 0) -> None:
    """Raise DataError, with its row, for the first number that float32 can't hold: networks are trained in that."""
    wrong = np.abs(values) > np.finfo(np.float32).max
    if wrong.any():
        index = int(np.argmax(wrong))
        what = "infinite" if np.isinf(values[index]) else f"{values[index]:g}, too large for a network's 32 bits"
        raise refusal(path, f"a number is {what}. Leave the cell empty, or mend it.", row(offset + index), name)


@dataclass(kw_only=True, slots=True)
class Sheet:
    """A whole file as it was read."""

    path: str
    form: Literal["csv", "parquet", "npz"]
    rows: int
    names: tuple[str, ...]
    """All columns, also those that were not read."""
    raws: dict[str, Raw]
    """Name → column, in order of the file; without those that were dropped or can't be read."""
    row: Callable[[int], int]
    """Index of a row → its number in the file, as a person counts: of a CSV the line, from 1."""
    unread: dict[str, str] = field(default_factory=dict)
    """Name → why, of columns that hold what no table can use."""
    said: tuple[str, ...] = ()
    """How the file was read."""
    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None

    def refusal(self, what: str, index: int | None = None, column: str | None = None) -> DataError:
        """Return an error that names the file and what else is known of the place."""
        return refusal(self.path, what, None if index is None else self.row(index), column)


def named(path: str, names: list[str]) -> tuple[str, ...]:
    """Return the columns' names; an empty one gets a number. Raises DataError for two that are the same."""
    found = [name or f"column_{number}" for number, name in enumerate(names, 1)]
    places: dict[str, int] = {}
    for number, name in enumerate(found, 1):
        if name in places:
            raise refusal(path, f"columns {places[name]} and {number} have the same name. Rename one.", column=name)
        places[name] = number
    return tuple(found)
