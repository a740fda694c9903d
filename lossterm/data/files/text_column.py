"""Turns a column of text cells, chunk by chunk, into numbers, dates or codes of words; no cell is kept as text."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Literal

import numpy as np

from lossterm.data.files.cells import (
    TRUE,
    Days,
    are_booleans,
    days_in,
    has_thousands,
    is_ambiguous_day,
    is_amount,
    is_grouped,
    is_missing,
    number_of,
)
from lossterm.data.files.growing_array import Growing
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import MISSING_WORD, RARE_WORD, Odd, Raw, refuse_infinite
from lossterm.text.harmless import clipped, printable

MOST_WORDS = 20_000
"""Largest number of distinct words kept of a column, in order of appearance: enough to know the frequent ones."""

MOST_ODD = 0.05
"""Largest share of other cells in a column of numbers; with more it becomes a column of words."""

_GUESSED_FROM = 500
"""Number of cells from which a column's kind is guessed."""

Taken = Literal["guess", "words", "names", "groups"]
"""What a column's cells are: to be guessed; words, since they turned out not to be numbers; names, on request, of which
only an empty one is missing; or names of groups, all of which are kept."""


class _Words(dict[str, int]):
    """Cell → code of its word, extended on look-up; spaces around a word do not count."""

    def __init__(self, most: int | None, *, only_empty: bool) -> None:
        """Keep at most `most` words; with `only_empty` no other word than the empty one is missing."""
        super().__init__()
        self.codes: dict[str, int] = {}
        self._most, self._only_empty = most, only_empty

    def __missing__(self, cell: str) -> int:
        word = cell.strip()
        if not word or (not self._only_empty and is_missing(word)):
            code = MISSING_WORD
        elif word in self.codes or self._most is None or len(self.codes) < self._most:
            code = self.codes.setdefault(word, len(self.codes))
        else:
            return RARE_WORD  # not stored: there may be millions
        self[cell] = code
        return code


def _may_be_thousands(cell: str) -> bool:
    """Whether the only separator of a cell may separate thousands; such a number never begins with a zero."""
    digits = cell.strip().lstrip("+-$€£¥ ")
    return has_thousands(digits) and not digits.startswith("0") and not is_grouped(cell)


class Gathering:
    """Collects the cells of one column. Raises DataError for infinite numbers and mixed decimal signs."""

    def __init__(
        self,
        path: str,
        name: str,
        row: Callable[[int], int],
        *,
        comma: bool = False,
        taken: Taken = "guess",
    ) -> None:
        """Start a column; `comma` allows decimal commas."""
        self._path, self._name, self._row, self._comma = path, name, row, comma
        self._kind: Literal["number", "date", "word"] | None = None if taken == "guess" else "word"
        self._asked = taken in ("names", "groups")
        self._words = _Words(None if taken == "groups" else MOST_WORDS, only_empty=taken == "names")
        self._cells: Growing | None = None
        self._rows = 0
        self._odd = Odd()
        self._days: Days | None = None
        self._sign: tuple[str, int, str] | None = (
            None  # the decimal sign, and the index and text of the first cell with it
        )
        self._grouped = True  # whether exactly three digits follow every decimal comma
        self._points = True  # the same of every decimal point
        self._point = ""  # the first cell with a decimal point
        self._whole = False  # whether there is a number without one
        self._absent: dict[str, None] = {}
        self._unit = ""

    def feed(self, cells: Sequence[str]) -> None:
        """Take the next cells."""
        if self._kind is None:
            self._guess(cells)
        if self._kind is not None:
            take = {"number": self._numbers, "date": self._dates, "word": self._codes}[self._kind]
            values = take(cells)
            self._array(self._kind).add(values)
            if self._kind != "word":
                self._see_absent(cells[index] for index in np.flatnonzero(np.isnan(values)).tolist())
        else:
            self._see_absent(cells)
        self._rows += len(cells)

    @property
    def decimal(self) -> tuple[str, int, str] | None:
        """The decimal sign, and the index and text of the first cell with it; None if no cell has one."""
        return self._sign

    @property
    def mixed(self) -> bool:
        """Whether so many cells are not numbers or dates that the column must be read again as words."""
        if not self._odd.count or self._cells is None:
            return False
        read = int((~np.isnan(self._cells.values)).sum())
        return self._odd.grouped or self._odd.count > MOST_ODD * (read + self._odd.count)

    def done(self, *, commas: bool = False) -> Raw:
        """Return the column; `commas` says whether another column has decimal commas."""
        for cell, code in self._words.items():
            if code == MISSING_WORD:
                self._see_absent([cell])
        absent = tuple(self._absent)
        if self._kind is None or self._cells is None:
            return Raw(name=self._name, kind="nothing", values=np.full(self._rows, np.nan), absent=absent)
        values = self._cells.done()
        if self._kind != "word":
            remarks = tuple(self._number_remarks(commas=commas))
            return Raw(name=self._name, kind=self._kind, values=values, odd=self._odd, remarks=remarks, absent=absent)
        words = tuple(map(printable, self._words.codes))
        if not self._asked and are_booleans(words):
            truth = np.array([word.casefold() in TRUE for word in words], np.float64)
            written = tuple(next(w for w, true in zip(words, truth, strict=True) if true == side) for side in (0, 1))
            cells = np.where(values == MISSING_WORD, np.nan, truth[np.maximum(values, 0)])
            return Raw(name=self._name, kind="boolean", values=cells, words=written, absent=absent)
        kind: Literal["word", "nothing"] = "word" if words else "nothing"
        if kind == "nothing":
            values = np.full(self._rows, np.nan)
        remarks = tuple(self._word_remarks(words))
        return Raw(name=self._name, kind=kind, values=values, words=words, remarks=remarks, absent=absent)

    def _array(self, kind: str) -> Growing:
        """Return the array for values; when it is created, all cells so far were missing."""
        if self._cells is None:
            words = kind == "word"
            self._cells = Growing(np.int32 if words else np.float64)
            self._cells.add(np.full(self._rows, MISSING_WORD if words else np.nan))
        return self._cells

    def _guess(self, cells: Sequence[str]) -> None:
        sample = list(islice((cell for cell in cells if not is_missing(cell)), _GUESSED_FROM))
        if not sample:
            return
        numbers = sum(number_of(cell, comma=self._comma) is not None for cell in sample)
        if numbers * 2 >= len(sample):
            self._kind = "number"
        elif days := days_in(sample):
            self._kind, self._days = "date", days
        else:
            self._kind = "word"

    def _codes(self, cells: Sequence[str]) -> np.ndarray:
        return np.fromiter(map(self._words.__getitem__, cells), np.int32, len(cells))

    def _dates(self, cells: Sequence[str]) -> np.ndarray:
        assert self._days is not None
        values = np.full(len(cells), np.nan)
        known: dict[str, float | None] = {}
        for index, cell in enumerate(cells):
            if cell not in known:
                known[cell] = self._days(cell.strip())
            days = known[cell]
            if days is not None:
                values[index] = days
            elif not is_missing(cell):
                self._note(index, cell)
        return values

    def _numbers(self, cells: Sequence[str]) -> np.ndarray:
        numbers = self._plain(cells)
        if numbers is None:
            numbers = self._one_by_one(cells)
        self._see_points(cells)
        refuse_infinite(self._path, self._name, numbers, self._row, self._rows)
        return numbers

    def _plain(self, cells: Sequence[str]) -> np.ndarray | None:
        """Return the numbers with Python's own fast parsing; None if a cell needs a closer look."""
        text = "".join(cells)
        if "_" in text or (self._comma and "." in text and (self._sign is None or self._sign[0] == ",")):
            return None
        try:
            return np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            return None

    def _one_by_one(self, cells: Sequence[str]) -> np.ndarray:
        numbers = np.full(len(cells), np.nan)
        for index, cell in enumerate(cells):
            number = number_of(cell, comma=self._comma)
            if number is None:
                if not is_missing(cell):
                    self._note(index, cell)
                continue
            if number.unit and number.unit != self._unit:
                if self._unit:
                    self._note(index, cell)
                    continue
                self._unit = number.unit
            if number.sign and self._comma:
                self._see_sign(number.sign, index, cell)
            numbers[index] = number.value
        return numbers

    def _see_sign(self, sign: str, index: int, cell: str) -> None:
        if sign == ",":
            self._grouped = self._grouped and _may_be_thousands(cell)
        if self._sign is None:
            self._sign = sign, self._rows + index, cell.strip()
        elif self._sign[0] != sign:
            called = {",": "comma", ".": "point"}
            first, there, before = self._sign
            raise refusal(
                self._path,
                f"{clipped(cell)!r} has a decimal {called[sign]}, and {clipped(before)!r} in row {self._row(there)} "
                f"has a decimal {called[first]}. Write all numbers with the same, and no thousands separators.",
                self._row(self._rows + index),
                self._name,
            )

    def _see_points(self, cells: Sequence[str]) -> None:
        """Note whether all points so far may separate thousands."""
        if not self._points:
            return
        pointed = [cell for cell in cells if "." in cell and not is_missing(cell)]
        self._points = all(map(_may_be_thousands, pointed))
        self._point = self._point or next(iter(pointed), "").strip()
        self._whole = self._whole or any(cell.strip("0$€£¥%+- ").isdigit() for cell in cells)

    def _see_absent(self, cells: Iterable[str]) -> None:
        for cell in cells:
            word = cell.strip()
            if word and is_missing(word):
                self._absent.setdefault(printable(word))

    def _note(self, index: int, cell: str) -> None:
        if not self._odd.count:
            self._odd.index, self._odd.cell = self._rows + index, clipped(cell.strip())
        self._odd.count += 1
        self._odd.grouped = self._odd.grouped or (self._kind == "number" and has_thousands(cell))

    def _number_remarks(self, *, commas: bool) -> list[str]:
        """Say how units, commas and points were read."""
        remarks = []
        if self._unit:
            remarks.append(f"{self._name}: the {self._unit} beside its numbers is left out.")
        if self._sign and self._sign[0] == "," and self._grouped:
            remarks.append(
                f"{self._name}: the comma in {clipped(self._sign[2])!r} is read as a decimal one. If it separates "
                "thousands, write the numbers without."
            )
        if self._kind == "number" and self._point and self._points and (commas or self._whole):
            remarks.append(
                f"{self._name}: the point in {clipped(self._point)!r} is read as a decimal one. If it separates "
                "thousands, write the numbers without."
            )
        return remarks

    def _word_remarks(self, words: Sequence[str]) -> list[str]:
        """Say what the words may have been meant as."""
        first = words[: min(len(words), _GUESSED_FROM)]
        if not self._asked and all(map(is_amount, first)) and (grouped := next(filter(has_thousands, first), "")):
            return [
                f"{self._name}: {clipped(grouped)!r} and the like are not read as numbers, since a thousands "
                "separator can be a decimal sign too. Write them without it."
            ]
        if not self._asked and first and all(map(is_ambiguous_day, first)):
            return [
                f"{self._name}: {clipped(first[0])!r} and the like are not read as dates, since the day or the month "
                "may come first. Write them as 2020-12-31."
            ]
        return []
