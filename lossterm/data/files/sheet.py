"""A column as it was read, before it gets a role, and the sheet of all columns."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from lossterm.data.files.cells import day_text, number_text
from lossterm.data.files.position import refusal
from lossterm.errors import DataError

MISSING_WORD, RARE_WORD = -1, -2
"""Codes of a missing cell, and of a cell whose word was not kept because there were too many before it."""

RawKind = Literal["number", "boolean", "date", "word", "nothing"]


@dataclass(kw_only=True, slots=True)
class Odd:
    """Cells in a column of numbers or dates that are neither that nor missing."""

    count: int = 0
    index: int = 0
    """Row index of the first one."""
    cell: str = ""
    """Text of the first one."""
    grouped: bool = False
    """Whether one of them is a number with thousands separators."""


@dataclass(kw_only=True, slots=True)
class Raw:
    """A column as it was read."""

    name: str
    kind: RawKind
    """What its cells hold; "nothing" where all are missing."""
    values: np.ndarray
    """(rows,) float64, NaN where missing (dates in days since 1970, no and yes as 0 and 1); words: int32 codes."""
    words: tuple[str, ...] = ()
    """For words, the word of each code; for a boolean, how no and yes are written."""
    odd: Odd = field(default_factory=Odd)
    """Cells that are taken as missing because they are not of the column's kind."""
    absent: tuple[str, ...] = ()
    """Words that are taken as missing, such as NA, in order of appearance."""
    remarks: tuple[str, ...] = ()
    """What a user must know about how it was read."""

    @property
    def missing(self) -> np.ndarray:
        """(rows,) whether each cell is missing."""
        mask: np.ndarray = self.values == MISSING_WORD if self.kind == "word" else np.isnan(self.values)
        return mask

    def text(self, index: int) -> str:
        """Write a cell for a person to read, "" if it is missing."""
        value = self.values[index]
        if self.kind == "word":
            return self.words[value] if value >= 0 else "" if value == MISSING_WORD else "…"
        if np.isnan(value):
            return ""
        if self.kind == "boolean":
            return self.words[int(value)]
        return day_text(value) if self.kind == "date" else number_text(value)


def as_words(raw: Raw) -> Raw:
    """Return a column with its values as names."""
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
    return Raw(
        name=raw.name, kind="word", values=values, words=words, odd=raw.odd, absent=raw.absent, remarks=raw.remarks
    )


def refuse_infinite(path: str, name: str, values: np.ndarray, row: Callable[[int], int], offset: int = 0) -> None:
    """Raise DataError, with the row, for the first number too large for float32, in which networks are trained."""
    wrong = np.abs(values) > np.finfo(np.float32).max
    if wrong.any():
        index = int(np.argmax(wrong))
        what = "infinite" if np.isinf(values[index]) else f"{values[index]:g}, too large for a network's 32 bits"
        raise refusal(path, f"a number is {what}. Leave the cell empty, or correct it.", row(offset + index), name)


@dataclass(kw_only=True, slots=True)
class Sheet:
    """A file as it was read."""

    path: str
    form: Literal["csv", "parquet", "npz"]
    rows: int
    names: tuple[str, ...]
    """Names of all columns, including those that were not read."""
    raws: dict[str, Raw]
    """Name → column, in the order of the file; without columns that were dropped or can't be read."""
    row: Callable[[int], int]
    """Index of a row → its number in the file, counted from 1; in CSV the line."""
    unread: dict[str, str] = field(default_factory=dict)
    """Name → reason, for columns whose content no table can use."""
    remarks: tuple[str, ...] = ()
    """How the file was read, in sentences."""
    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None

    def refusal(self, what: str, index: int | None = None, column: str | None = None) -> DataError:
        """Return an error that names the file, and the row and column if given."""
        return refusal(self.path, what, None if index is None else self.row(index), column)


def column_names(path: str, names: list[str]) -> tuple[str, ...]:
    """Return the columns' names, an empty one replaced by a numbered one. Raises DataError for duplicates."""
    unique = [name or f"column_{number}" for number, name in enumerate(names, 1)]
    places: dict[str, int] = {}
    for number, name in enumerate(unique, 1):
        if name in places:
            raise refusal(path, f"columns {places[name]} and {number} have the same name. Rename one.", column=name)
        places[name] = number
    return tuple(unique)
