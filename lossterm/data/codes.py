"""Numbers, dates and words that may be codes for a missing value, such as -999 in a column of lengths."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lossterm.data.files.cells import day_text, number_text
from lossterm.data.request import typed_missing
from lossterm.text.harmless import clipped
from lossterm.text.numbers import counted

_MOST_CODES = 4
"""Number of codes that one column is looked through for."""
_FEWEST = 20
"""Number of cells from which it is looked at."""
_FEW = 10
"""Largest number of distinct whole numbers that may be classes."""
_LIMITS = frozenset((32767.0, 32768.0, 65535.0, 2147483647.0, 2147483648.0))
"""Ends of the ranges of integers, which some programs write for nothing."""
_DATES = (
    *("0001-01-01", "1600-12-31", "1601-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1901-01-01"),
    *("1904-01-01", "1960-01-01", "1970-01-01", "1970-01-02", "1980-01-01", "2000-01-01", "2099-12-31", "2999-12-31"),
    *("2100-01-01", "3000-01-01", "9999-01-01", "9999-12-31"),
)
"""Where calendars of programs begin or end, which they write for no date."""
_MIDDLE = (0.3, 0.5, 0.7)
_DISTANCE = 3
"""How many times the width of the middle a code lies from the median at least."""
_GAP = 0.5
"""How many such widths lie between a code and the other numbers."""
_SPIKE_SHARE = 0.05
"""Share of cells of a number that is looked at as a spike."""
_SPIKE = 3
"""How many times as frequent as any other it is, and how many usual distances away."""
_POSITIVE_SHARE = 0.01
"""Share of cells that a positive code has: 999 once may be a price."""
_TAIL, _TAIL_GAP, _BULK_GAP = 0.1, 2.0, 0.25
"""Share of the other cells that are their tail on the code's side; how many times its width, and which part of the
width between both tails, lie between it and the code at least."""
_MOST_ZEROS = 0.5
"""Share of zeros from which they are amounts, as of those who bought nothing."""
_NO_YEAR, _LAST_YEAR = 1900.0, 2100.0
"""A year that stands for none where all others are far above it, and the last of those."""
_UNKNOWN = (
    *("unknown", "unkown", "unk", "not known", "not available", "not applicable", "not recorded", "not reported"),
    *("not stated", "not specified", "unspecified", "undefined", "undetermined", "missing", "no data", "no answer"),
    *("n.a.", "n.a", "n.d.", "n/d", "nd", "n.k.", "tbd", "tba", "(blank)", "blank", "empty", "(null)", "#value!"),
    *("#ref!", "prefer not to say", "refused", "don't know", "dont know", "unbekannt", "keine angabe", "k.a.", "k. a."),
    *("inconnu", "desconocido", "sin datos", "sconosciuto", "onbekend", "不明", "未知"),
)
"""Words for what is not known; those in MISSING are always read as missing."""


@dataclass(frozen=True, slots=True)
class Code:
    """A number that may stand for a missing value."""

    value: float
    cells: int
    share: float
    """Of the cells."""
    low: float
    high: float
    """The range of all others, other codes aside."""


def codes_in(values: np.ndarray) -> Iterator[Code]:
    """Yield the numbers of (cells,), none missing, that may be codes for a missing value, the lowest first."""
    yield from _codes(values, _number_code)


def date_codes_in(values: np.ndarray) -> Iterator[Code]:
    """Yield the same of dates in days since 1970."""
    yield from _codes(values, _date_code)


class PossibleCode(NamedTuple):
    """What may stand for a missing value."""

    code: str
    """As it is written."""
    sentence: str
    """Where it stands, and what to write then."""


def possible_codes(name: str, values: np.ndarray, *, dates: bool = False) -> Iterator[PossibleCode]:
    """Yield which of these numbers of a column (cells,), none missing, may be codes for a missing value."""
    write = day_text if dates else number_text
    for code in (date_codes_in if dates else codes_in)(values):
        share = f"{100 * code.share:.0f} %" if code.share >= 0.01 else "less than 1 %"
        are = "is" if code.cells == 1 else "are"
        yield PossibleCode(
            write(code.value),
            f"{name}: {counted(code.cells, 'cell')} ({share}) {are} {write(code.value)}, apart from the others "
            f"({write(code.low)} to {write(code.high)}). If it stands for a missing value, "
            f"{typed_missing(name, write(code.value))} reads it so.",
        )


def possible_names(name: str, words: Sequence[str], counts: Sequence[int], *, target: bool) -> Iterator[PossibleCode]:
    """Yield which names stand for what is not known: any class of a target, of a feature the most frequent name."""
    total, most, rows = sum(counts), max(counts, default=0), dict(zip(words, counts, strict=True))
    for word in unknown_words(words, counts, target=target):
        cells = rows[word]
        what = f"{'the largest class' if cells == most else 'a class'} is" if target else "the most frequent name is"
        reads = "leaves its rows out" if target else "reads it so"
        yield PossibleCode(
            word,
            f"{name}: {what} {clipped(word)!r} ({counted(cells, 'row')}, {100 * cells / total:.0f} %). If it "
            f"stands for a missing value, {typed_missing(name, word)} {reads}.",
        )


def unknown_words(words: Sequence[str], counts: Sequence[int], *, target: bool) -> list[str]:
    """Return the names that stand for what is not known, as `possible_names` does."""
    most = max(counts, default=0)
    return [
        word
        for word, cells in zip(words, counts, strict=True)
        if cells and (target or cells == most) and word.strip().casefold() in _UNKNOWN
    ]


def _codes(values: np.ndarray, look: Callable[[np.ndarray], float | None]) -> Iterator[Code]:
    rest = values
    for _ in range(_MOST_CODES):
        if len(rest) < _FEWEST:
            return
        code = look(rest)
        if code is None:
            return
        others = rest[rest != code]
        cells = len(rest) - len(others)
        yield Code(code, cells, cells / len(values), float(others.min()), float(others.max()))
        rest = others


def _number_code(values: np.ndarray) -> float | None:
    """Return the lowest or highest number if it looks like a code and lies apart from the others."""
    for end in (float(values.min()), float(values.max())):
        if _may_be_code(end) and _is_apart(end, values):
            return end
    low = float(values.min())
    may_be = low == 0 or (low == _NO_YEAR and values.max() <= _LAST_YEAR)
    return low if may_be and _is_lone(low, values) else None


def _date_code(values: np.ndarray) -> float | None:
    """Return the first or last date if a calendar begins or ends there and it lies apart from the others."""
    for end in (float(values.min()), float(values.max())):
        if day_text(end)[:10] in _DATES and _is_beyond_tail(end, values[values != end]):
            return end
    return None


def _is_lone(low: float, values: np.ndarray) -> bool:
    others = values[values != low]
    few = len(values) - len(others) <= _MOST_ZEROS * len(values)
    return bool(few and len(others) >= _FEWEST / 2 and not _are_few_whole(others) and _is_beyond_tail(0.0, others))


def _is_beyond_tail(code: float, others: np.ndarray) -> bool:
    """Whether a number lies further from the others than their tail on its side is wide."""
    if len(others) < _FEWEST / 2:
        return False
    low, near, far, high = (float(end) for end in np.quantile(others, (0, _TAIL, 1 - _TAIL, 1)))
    gap, tail = (low - code, near - low) if code < low else (code - high, high - far)
    return gap > _TAIL_GAP * tail and gap > _BULK_GAP * (far - near) and gap > 0


def _may_be_code(value: float) -> bool:
    """Whether a number is written as codes are: -1, 9, or one digit again and again, as -99, 999.9 and -888."""
    if value in (-1.0, 9.0, -9.0) or abs(value) in _LIMITS:
        return True
    digits = number_text(abs(value)).replace(".", "")
    return len(set(digits)) == 1 and (digits[0] == "9" or (digits[0] in "78" and value < 0)) and len(digits) > 1


def _is_apart(code: float, values: np.ndarray) -> bool:
    others = values[values != code]
    if len(others) < _FEWEST / 2:
        return False
    low, high = float(others.min()), float(others.max())
    if code == -1:
        return low >= 0 and high >= 2 and len(values) - len(others) >= len(values) / 100
    if abs(code) == 9 and not _are_few_whole(others):
        return code < 0 <= low and _is_beyond_tail(code, others)
    gap = low - code if code < low else code - high
    if _are_few_whole(others):
        return gap >= 3 and gap >= (1 if abs(code) == 9 else 2) * (high - low)
    first, median, last = np.quantile(others, _MIDDLE)  # among which a second code, in a fifth of the cells, is not
    width = float(last - first) or float(others.std())
    if abs(code) > 9 and (_is_spike(gap, values, others) or _is_beyond_tail(code, others)):
        return True
    enough = len(values) - len(others) >= (len(values) * _POSITIVE_SHARE if code > 0 else 1)
    return bool(enough and gap > _GAP * width and abs(code - median) > _DISTANCE * width > 0)


def _is_spike(gap: float, values: np.ndarray, others: np.ndarray) -> bool:
    """Whether a number is much more frequent than all others and further from them than they are from each other."""
    each, counts = np.unique(others, return_counts=True)
    cells = len(values) - len(others)
    spacing = float(each[-1] - each[0]) / max(1, len(each) - 1)
    return bool(
        len(each) >= _FEWEST
        and cells >= _SPIKE_SHARE * len(values)
        and cells >= _SPIKE * counts.max()
        and gap >= _SPIKE * spacing
    )


def _are_few_whole(values: np.ndarray) -> bool:
    """Whether numbers are few different whole ones, as those of classes are."""
    first = np.unique(values[:1000])
    if len(first) > _FEW or (first != np.round(first)).any():
        return False
    each = np.unique(values)
    return len(each) <= _FEW and bool((each == np.round(each)).all())
