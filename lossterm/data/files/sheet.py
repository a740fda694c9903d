"""A column as it was read, before it gets a role, and the sheet of all columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from lossterm.data.files.cells import day_text, number_text
from lossterm.data.files.notation import Notation
from lossterm.data.files.position import refusal
from lossterm.errors import DataError
from lossterm.text.harmless import clipped
from lossterm.text.numbers import listed

MISSING_WORD, RARE_WORD = -1, -2
"""Codes of a missing cell, and of a cell whose word was not kept because there were too many before it."""

_MOST_RENAMED = 8
"""Number of renamed columns that are listed."""

Form = Literal["csv", "parquet", "npz", "arrow", "jsonl"]
"""How a file is stored; the last ones are Feather and JSON lines."""

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
    notation: Notation | None = None
    """How its numbers are written, where it is not as Python parses them."""
    unread: bool = False
    """Whether its words are numbers that could be read in two ways; a remark says what to do."""

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
    form: Form
    rows: int
    names: tuple[str, ...]
    """Names of all columns, including those that were not read."""
    raws: dict[str, Raw]
    """Name → column, in the order of the file; without columns that were dropped or can't be read."""
    row: Callable[[int], int]
    """Index of a row → its number in the file, counted from 1; in CSV the line."""
    unread: dict[str, str] = field(default_factory=dict)
    """Name → reason, for columns whose content no table can use."""
    arrays: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of an array of several columns → their names; for formats that have such arrays."""
    remarks: tuple[str, ...] = ()
    """How the file was read, in sentences, the first of which names its format."""
    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    header_rows: int = 1
    """Rows that name the columns, where the first does."""
    compressed: bool = False
    """Whether the file is compressed by gzip."""

    def refusal(self, what: str, index: int | None = None, column: str | None = None) -> DataError:
        """Return an error that names the file, and the row and column if given."""
        return refusal(self.path, what, None if index is None else self.row(index), column)


def column_names(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns' names, all different, and sentences about those that are not as in the file.

    An empty name becomes column_N, and one that was there before gets a number.
    """
    unique: dict[str, None] = {}
    renamed, nameless = [], []
    every = {*names}
    for place, name in enumerate(names, 1):
        new, again = name or f"column_{place}", 1
        while new in unique or (new in every and new != name):
            again += 1
            new = f"{name or f'column_{place}'}_{again}"
        if name and new != name:
            renamed.append(f"{clipped(name)} in column {place} is {clipped(new)}")
        if not name:
            nameless.append(new)
        unique[new] = None
    said = []
    if nameless and len(nameless) < len(names):  # with none at all there is no row of names
        shown = [
            *nameless[:_MOST_RENAMED],
            *([f"{len(nameless) - _MOST_RENAMED} more"] * (len(nameless) > _MOST_RENAMED)),
        ]
        one = len(nameless) == 1
        are, its = (
            ("A column without a name is", "its place") if one else ("Columns without a name are", "their places")
        )
        said.append(f"{are} called {listed(shown)}, after {its}.")
    if not renamed:
        return tuple(unique), tuple(said)
    more = f"; and {len(renamed) - _MOST_RENAMED} more" if len(renamed) > _MOST_RENAMED else ""
    said.append(f"Columns of the same name are told apart: {'; '.join(renamed[:_MOST_RENAMED])}{more}.")
    return tuple(unique), tuple(said)
