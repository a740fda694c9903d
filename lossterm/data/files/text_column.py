"""Turns a column of text cells, chunk by chunk, into numbers, dates or codes of words; no cell is kept as text."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal

import numpy as np

from lossterm.data.files.cells import (
    TRUE,
    Days,
    are_booleans,
    days_in,
    has_thousands,
    is_grouped,
    number_of,
)
from lossterm.data.files.growing_array import Growing
from lossterm.data.files.missing_codes import NONE, MissingCodes
from lossterm.data.files.notation import Notation, beside_numbers
from lossterm.data.files.notation_in_cells import notation_in
from lossterm.data.files.position import refusal
from lossterm.data.files.separators import has_comma_of_thousands
from lossterm.data.files.sheet import MISSING_WORD, RARE_WORD, Odd, Raw, refuse_infinite
from lossterm.data.files.units import is_mark
from lossterm.data.files.word_hints import alike, hints_about
from lossterm.data.request import typed
from lossterm.text.harmless import clipped, printable

MOST_WORDS = 20_000
"""Largest number of distinct words kept of a column, in order of appearance: enough to know the frequent ones."""

MOST_ODD = 0.05
"""Largest share of other cells in a column of numbers; with more it becomes a column of words."""

_GUESSED_FROM = 500
"""Number of cells from which a column's kind is guessed."""

_KNOWN_ODD = 500
"""Number of distinct cells kept of those that are not of their column's kind."""

Taken = Literal["guess", "words", "names", "groups"] | Notation
"""What a column's cells are: to be guessed; words, since they turned out not to be numbers; names, on request, of which
only an empty one is missing; names of groups, all of which are kept; or numbers in a notation."""

_ZERO_BEFORE_DIGITS = re.compile(r"\n(0[0-9]+)\s*(?=\n|$)")


class _Words(dict[str, int]):
    """Cell → code of its word, extended on look-up; spaces around a word do not count."""

    def __init__(self, most: int | None, missing: MissingCodes, *, only_empty: bool) -> None:
        """Keep at most `most` words; with `only_empty` only the empty one is missing, and those that `missing` adds."""
        super().__init__()
        self.codes: dict[str, int] = {}
        self._most = most
        self._is_missing = missing.added if only_empty else missing.holds

    def __missing__(self, cell: str) -> int:
        word = cell.strip()
        if not word or self._is_missing(word):
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
        missing: MissingCodes = NONE,
        thousands: str | None = None,
    ) -> None:
        """Start a column; `comma` allows decimal commas, `thousands` is a separator that was asked for."""
        self._path, self._name, self._row, self._comma = path, name, row, comma
        self._missing, self._thousands = missing, thousands
        self._notation = taken if isinstance(taken, Notation) else None
        self._parsed = self._notation.reader() if self._notation else None
        self._kind: Literal["number", "date", "word"] | None = None if taken == "guess" else "word"
        if self._notation:
            self._kind = "number"
        self._taken = taken
        self._asked = taken in ("names", "groups")
        self._words = _Words(None if taken == "groups" else MOST_WORDS, missing, only_empty=taken == "names")
        self._cells: Growing | None = None
        self._rows = 0
        self._odd = Odd()
        self._odd_cells: dict[str, None] = {}
        self._sample: list[str] = []
        self._zero = ""  # the first whole number that begins with a zero
        self._days: Days | None = None
        self._sign: tuple[str, int, str] | None = (
            None  # the decimal sign, and the index and text of the first cell with it
        )
        self._grouped = True  # whether exactly three digits follow every decimal comma
        self._points = True  # the same of every decimal point
        self._point = ""  # the first cell with a decimal point
        self._absent: dict[str, None] = {}
        self._unit = ""
        self._beside, self._first_beside = 0, ""  # how many numbers have a unit or another sign, and the first of them

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
    def again(self) -> Taken | None:
        """What the column must be read as once more: numbers in a notation, or words; None if it stays as it is."""
        if self._kind == "word":
            return self._notation_of_words() if self._taken == "guess" else None
        if not self._odd.count or self._cells is None:
            return None
        if self._kind == "number" and self._taken == "guess" and (notation := self._notation_of_odd()):
            return notation
        read = int((~np.isnan(self._cells.values)).sum())
        return "words" if self._odd.grouped or self._odd.count > MOST_ODD * (read + self._odd.count) else None

    def _notation_of_words(self) -> Notation | None:
        """Return the notation in which nearly all of the words that were kept are numbers."""
        words = list(self._words.codes)
        notation = self._notation_in(words[:_GUESSED_FROM]) and self._notation_in(words)
        if notation is None:
            return None
        read = notation.reader()
        return notation if sum(read(word) is None for word in words) <= MOST_ODD * len(words) else None

    def _notation_of_odd(self) -> Notation | None:
        """Return a notation in which most of the cells that could not be read are numbers, as the others are."""
        odd = list(self._odd_cells)
        notation = self._notation_in([*odd, *self._sample])
        if notation is None:
            return None
        read = notation.reader()
        readable = sum(read(cell) is not None for cell in odd)
        others = sum(read(cell) is not None for cell in self._sample)
        return notation if readable * 2 > len(odd) and others >= (1 - MOST_ODD) * len(self._sample) else None

    def _notation_in(self, cells: Sequence[str]) -> Notation | None:
        return notation_in(cells, comma=self._comma, thousands=self._thousands) if cells else None

    def done(self) -> Raw:
        """Return the column."""
        for cell, code in self._words.items():
            if code == MISSING_WORD:
                self._see_absent([cell])
        absent = tuple(self._absent)
        if self._kind is None or self._cells is None:
            return Raw(name=self._name, kind="nothing", values=np.full(self._rows, np.nan), absent=absent)
        values = self._cells.done()
        if self._kind != "word":
            remarks = (*self._number_remarks(), *self._beside_remarks(values))
            return Raw(
                name=self._name,
                kind=self._kind,
                values=values,
                odd=self._odd,
                remarks=remarks,
                absent=absent,
                notation=self._notation,
            )
        words = tuple(self._words.codes)  # as in the file: made harmless where they are shown
        if not self._asked and are_booleans(words):
            truth = np.array([word.casefold() in TRUE for word in words], np.float64)
            written = tuple(next(w for w, true in zip(words, truth, strict=True) if true == side) for side in (0, 1))
            cells = np.where(values == MISSING_WORD, np.nan, truth[np.maximum(values, 0)])
            return Raw(name=self._name, kind="boolean", values=cells, words=written, absent=absent)
        kind: Literal["word", "nothing"] = "word" if words else "nothing"
        if kind == "nothing":
            values = np.full(self._rows, np.nan)
        remarks, unread = self._about_words(words, values)
        return Raw(
            name=self._name, kind=kind, values=values, words=words, remarks=remarks, absent=absent, unread=unread
        )

    def _array(self, kind: str) -> Growing:
        """Return the array for values; when it is created, all cells so far were missing."""
        if self._cells is None:
            words = kind == "word"
            self._cells = Growing(np.int32 if words else np.float64)
            self._cells.add(np.full(self._rows, MISSING_WORD if words else np.nan))
        return self._cells

    def _guess(self, cells: Sequence[str]) -> None:
        sample = list(islice((cell for cell in cells if not self._missing.holds(cell)), _GUESSED_FROM))
        if not sample:
            return
        self._sample = sample
        numbers = sum(number_of(cell, comma=self._comma) is not None for cell in sample)
        if numbers * 2 >= len(sample):
            self._kind = "number"
            if self._may_separate(sample) and (notation := self._notation_in(sample)) and notation.grouping:
                self._read_by(notation)
        elif days := days_in(sample):
            self._kind, self._days = "date", days
        elif notation := self._notation_in(sample):
            self._kind = "number"
            self._read_by(notation)
        else:
            self._kind = "word"

    def _may_separate(self, sample: Sequence[str]) -> bool:
        """Whether separators of thousands may pass for decimal signs: those asked for, and commas beside currencies."""
        if self._thousands:
            return any(self._thousands in cell for cell in sample)
        return self._comma and any(map(has_comma_of_thousands, sample))

    def _read_by(self, notation: Notation) -> None:
        self._notation, self._parsed = notation, notation.reader()

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
            elif not self._missing.holds(cell):
                self._note(index, cell)
        return self._missing.without(values, dates=True)

    def _numbers(self, cells: Sequence[str]) -> np.ndarray:
        numbers = self._missing.without(
            self._in_notation(cells, self._parsed) if self._parsed else self._as_they_stand(cells)
        )
        refuse_infinite(self._path, self._name, numbers, self._row, self._rows)
        return numbers

    def _as_they_stand(self, cells: Sequence[str]) -> np.ndarray:
        text = "\n".join(("", *cells))
        numbers = self._plain(cells, text)
        if numbers is None:
            numbers = self._one_by_one(cells)
        self._see_points(cells)
        self._see_zeros(text, numbers)
        return numbers

    def _in_notation(self, cells: Sequence[str], parsed: Callable[[str], float | None]) -> np.ndarray:
        """Return the numbers of cells that are written as the column's others; note the others."""
        numbers = np.full(len(cells), np.nan)
        signs = self._notation.beside if self._notation else ()
        for index, cell in enumerate(cells):
            value = parsed(cell)
            if value is not None:
                numbers[index] = value
                if signs and any(sign in cell for sign in signs):
                    self._see_beside(cell)
            elif not self._missing.holds(cell):
                self._note(index, cell)
        return numbers

    def _plain(self, cells: Sequence[str], text: str) -> np.ndarray | None:
        """Return the numbers with Python's own fast parsing; None if a cell, all of which are in `text`, needs more."""
        if "_" in text or (self._comma and "." in text and (self._sign is None or self._sign[0] == ",")):
            return None
        if self._thousands == "." and "." in text:
            return None
        try:
            return np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            return None

    def _one_by_one(self, cells: Sequence[str]) -> np.ndarray:
        numbers = np.full(len(cells), np.nan)
        for index, cell in enumerate(cells):
            number = None if self._separates(cell) else number_of(cell, comma=self._comma)
            if number is None:
                if not self._missing.holds(cell):
                    self._note(index, cell)
                continue
            if number.unit and number.unit != self._unit:
                if self._unit:
                    self._note(index, cell)
                    continue
                self._unit = number.unit
            if number.unit:
                self._see_beside(cell)
            if number.sign and self._comma:
                self._see_sign(number.sign, index, cell)
            numbers[index] = number.value
        return numbers

    def _see_beside(self, cell: str) -> None:
        self._beside += 1
        self._first_beside = self._first_beside or cell.strip()

    def _separates(self, cell: str) -> bool:
        """Whether a cell has the separator of thousands that was asked for, where it can be nothing else."""
        return self._thousands is not None and self._thousands in cell and has_thousands(cell)

    def _see_zeros(self, text: str, numbers: np.ndarray) -> None:
        """Keep the first of the whole numbers that are written with a zero before them, as codes are."""
        if self._zero or np.count_nonzero(numbers == np.floor(numbers)) * 2 < len(numbers):
            return
        if found := _ZERO_BEFORE_DIGITS.search(text):
            self._zero = found[1]

    def _see_sign(self, sign: str, index: int, cell: str) -> None:
        if sign == ",":
            self._grouped = self._grouped and _may_be_thousands(cell)
        if self._sign is None:
            self._sign = sign, self._rows + index, cell.strip()
        elif self._sign[0] != sign:
            called = {",": "comma", ".": "point"}
            first, there, before = self._sign
            options = [
                f"--thousands {called[one]}"
                for one, text in ((sign, cell), (first, before))
                if has_thousands(text) and not is_grouped(text)
            ]
            way = f", or say which separates thousands: {' or '.join(options)}" if options else ""
            raise refusal(
                self._path,
                f"{clipped(cell)!r} has a decimal {called[sign]}, and {clipped(before)!r} in row {self._row(there)} "
                f"has a decimal {called[first]}. Write all numbers with the same{way}.",
                self._row(self._rows + index),
                self._name,
            )

    def _see_points(self, cells: Sequence[str]) -> None:
        """Note whether all points so far may separate thousands."""
        if not self._points:
            return
        pointed = [cell for cell in cells if "." in cell and not self._missing.holds(cell)]
        self._points = all(map(_may_be_thousands, pointed))
        self._point = self._point or next(iter(pointed), "").strip()

    def _see_absent(self, cells: Iterable[str]) -> None:
        for cell in cells:
            word = cell.strip()
            if word and self._missing.holds(word):
                self._absent.setdefault(printable(word))

    def _note(self, index: int, cell: str) -> None:
        if not self._odd.count:
            self._odd.index, self._odd.cell = self._rows + index, clipped(cell.strip())
        self._odd.count += 1
        if len(self._odd_cells) < _KNOWN_ODD:
            self._odd_cells.setdefault(cell.strip())
        self._odd.grouped = self._odd.grouped or (self._kind == "number" and has_thousands(cell))

    def _number_remarks(self) -> list[str]:
        """Say how units, commas, points and zeros were read."""
        if self._notation:
            return [self._notation.sentence(self._name)] if self._notation.parts else []
        remarks = []
        if self._unit:
            remarks.append(f"{self._name}: {beside_numbers([self._unit])}.")
        if self._sign and self._sign[0] == "," and self._grouped:
            remarks.append(
                f"{self._name}: the comma in {clipped(self._sign[2])!r} is read as a decimal one. If it separates "
                "thousands, say --thousands comma."
            )
        if self._kind == "number" and self._point and self._points:
            remarks.append(
                f"{self._name}: the point in {clipped(self._point)!r} is read as a decimal one. If it separates "
                "thousands, say --thousands point."
            )
        if self._kind == "number" and self._zero:
            remarks.append(
                f"{self._name}: {clipped(self._zero)!r} and the like begin with a zero and are read as numbers, "
                f"without it. If they are codes, as of places, --categorical {typed([self._name])} takes them as "
                "names."
            )
        return remarks

    def _beside_remarks(self, values: np.ndarray) -> Iterator[str]:
        """Say of how many numbers a unit or another sign stands beside, if not of all."""
        numbers = int(np.count_nonzero(~np.isnan(values))) if self._beside else 0
        if not self._beside < numbers:
            return
        signs = self._notation.beside if self._notation else (self._unit,)
        first = f"{self._beside:,} of its {numbers:,} numbers have {' or '.join(map(repr, signs))} beside them"
        if all(map(is_mark, signs)):
            yield f"{self._name}: {first}, such as {clipped(self._first_beside)!r}: marks of footnotes?"
            return
        yield (
            f"{self._name}: {first}, such as {clipped(self._first_beside)!r}, and {numbers - self._beside:,} do not; "
            "all are read as of one unit. Convert those that are in another."
        )

    def _about_words(self, words: Sequence[str], values: np.ndarray) -> tuple[tuple[str, ...], bool]:
        """Say what the words may have been meant as, and return whether they are numbers that could not be read."""
        if self._taken == "groups" or not words:
            return (), False
        counts = np.bincount(values[values >= 0], minlength=len(words)).tolist()
        if self._taken == "names":
            return tuple(alike(self._name, words, counts)), False
        return hints_about(self._name, words, counts)
