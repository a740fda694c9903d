"""What a column of words may have been meant as: numbers with two readings, bounds, different units, days."""

import re
from collections.abc import Iterator, Sequence
from unicodedata import normalize

from lossterm.data.files.cells import FALSE, TRUE, days_in, has_thousands, is_ambiguous_day, is_amount, number_of
from lossterm.data.files.durations import is_time_of_day
from lossterm.data.files.separators import decimal_signs_in, has_two_readings, signs_in
from lossterm.data.files.units import units_in
from lossterm.data.files.written import FRACTIONS, Written
from lossterm.data.request import typed, typed_missing
from lossterm.text.harmless import clipped
from lossterm.text.numbers import counted, listed

_MOST_LOOKED_AT = 500
"""Number of distinct words, the first ones, that are looked at."""
_MOST_CODES = 3
"""Number of cells that a hint lists for --missing."""
_MOST_UNITS = 6
_CURRENCIES = frozenset("$€£¥₹")
_MOST_NAMES = 1000
"""Largest number of distinct words that are taken for names."""
_LONGEST_PAIR = 40
_MOST_RANGES = 20
"""Number of distinct pairs of numbers up to which they are taken for ranges, such as of ages: names."""
_NUMBER = r"[$€£¥₹]?\s?[+-]?\d[\d.,\u00a0\u202f]*"
_PAIR = re.compile(r"[+-]?\d[\d.,]*\s*(?:/|x|×|-|–|to|:|;|,|['′’])\s*[+-]?\d[\d.,]*(?:\s*\D{1,8})?")
_CLOCK = re.compile(r"\d{1,2}(?::\d\d){1,2}")
_BELOW = re.compile(rf"(?i)(?:<=?|≤|less than|under|below|up to)\s*{_NUMBER}.{{0,12}}")
_ABOVE = re.compile(rf"(?i)(?:>=?|≥|more than|over|above|at least)\s*{_NUMBER}.{{0,12}}|{_NUMBER}\s?\+")
_ABOUT = re.compile(
    rf"(?i)(?:~|≈|±|ca?\.|circa|about|approx\.?|around)\s*{_NUMBER}.{{0,12}}|{_NUMBER}\s?(?:±|\+/-)\s?{_NUMBER}.{{0,8}}"
)
_RANGE = re.compile(rf"{_NUMBER}(?:\s?(?:%|[^\W\d]{{1,4}}))?\s*(?:-|–|—|to|\.\.\.?|…)\s*{_NUMBER}(?:\s?\D{{1,8}})?")
_FRACTION = re.compile(rf"[+-]?\d+[ -]\d+/\d+|\d{{1,3}}/(?:[234568]|10|16|32)|[+-]?\d*\s?[{FRACTIONS}]")
_POWER = re.compile(rf"{_NUMBER}\s?[×x*·]\s?10\s?\^?\s?[-+−]?\d{{1,3}}")
_SIGN_BEFORE = re.compile(rf"['\"#№*]\s?{_NUMBER}")
_SHORT_YEAR = re.compile(r"\d{1,2}([/.-])\d{1,2}\1\d\d")
_YES, _NO = TRUE | {"1", "1.0"}, FALSE | {"0", "0.0"}


def hints_about(name: str, words: Sequence[str], counts: Sequence[int]) -> tuple[tuple[str, ...], bool]:
    """Say what the words of a column may have been meant as, and whether they are numbers that have two readings.

    `counts` are the cells of each word.
    """
    if truths := _truths(name, words, counts):
        return (truths,), False
    hints, two_readings = _of_numbers(name, words, counts)
    return (*hints, *alike(name, words, counts)), two_readings


def _truths(name: str, words: Sequence[str], counts: Sequence[int]) -> str:
    """Say of a column of yes and no that they are written in more ways than one; "" of any other."""
    if not 3 <= len(words) <= len(_YES | _NO) * 2:
        return ""
    sides = [
        [f"{clipped(word)!r} ({rows:,})" for word, rows in zip(words, counts, strict=True) if word.casefold() in side]
        for side in (_YES, _NO)
    ]
    if not all(sides) or sum(map(len, sides)) < len(words):
        return ""
    return (
        f"{name}: yes is written as {listed(sides[0])}, no as {listed(sides[1])}: the same two classes in more ways "
        "than one, which are different names here. Write each in one way."
    )


def without_names(hint: str) -> str:
    """Return a hint without the way out that takes the cells as names, for a target that is refused as names."""
    return re.sub(r"[;,] --categorical .+? as names(?=\.)", "", hint)


def alike(name: str, words: Sequence[str], counts: Sequence[int]) -> Iterator[str]:
    """Say which words of a column of names differ in capitals, blanks or width only."""
    if len(words) > min(_MOST_NAMES, sum(counts) / 2):
        return
    same: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        same.setdefault("".join(normalize("NFKC", word).casefold().split()), []).append(place)
    groups = [places for places in same.values() if len(places) > 1]
    if groups:
        first = listed([f"{clipped(words[place])!r} ({counts[place]:,})" for place in groups[0]])
        more = f", as do the words of {counted(len(groups) - 1, 'other name')}" if len(groups) > 1 else ""
        yield (
            f"{name}: {first} differ in capitals, blanks or width only{more}, and are different names here. "
            "Write them alike if they mean the same."
        )


def _of_numbers(name: str, words: Sequence[str], counts: Sequence[int]) -> tuple[tuple[str, ...], bool]:
    """Say what may have been meant as numbers or days."""
    first = words[:_MOST_LOOKED_AT]
    if signs := decimal_signs_in(first):
        return (
            f"{name}: {clipped(signs[0])!r} has a decimal comma and {clipped(signs[1])!r} a decimal point, so they are "
            "not read as numbers. Write all with the same.",
        ), False
    grouped = next((word for word in first if has_thousands(word) or "," in word), "")
    if grouped and (all(map(is_amount, first)) or has_two_readings(first)):
        return (_two_ways(name, grouped, first),), True
    if days := _days(name, first) or _mostly_days(name, first, counts):
        return (days,), False
    units = units_in(first)
    fractions = all(unit.startswith(("/", "×10", "x10", "*10", "·10")) for unit in units)
    codes = len(first) == len(units) and any(len(unit) == 1 for unit in units)  # such as 12A and 14B
    if 2 <= len(units) <= _MOST_UNITS and not codes and not fractions:
        unit, units_named = ("currency", "currencies") if {*units} <= _CURRENCIES else ("unit", "units")
        return (
            f"{name}: {clipped(first[0])!r} and the like are numbers in different {units_named} ({listed(units)}), so "
            f"they are not read as numbers. Convert them to one {unit}; --categorical {typed([name])} takes them as "
            "names.",
        ), False
    sort = all(len(word) <= _LONGEST_PAIR and (_RANGE.fullmatch(word) or _FRACTION.fullmatch(word)) for word in first)
    if (
        not sort
        and len(words) > _MOST_RANGES
        and all(len(word) <= _LONGEST_PAIR and _PAIR.fullmatch(word) for word in first)
    ):
        return (
            f"{name}: {clipped(first[0])!r} and the like hold two numbers each, so they are not read as numbers. Split "
            "them into two columns.",
        ), False
    return _mostly_numbers(name, first, counts), False


def _days(name: str, words: Sequence[str]) -> str:
    """Say of days and times of day why they are not read; "" of anything else."""
    if all(map(is_ambiguous_day, words)):
        why = "are not read as dates, since the day or the month may come first. Write them as 2020-12-31."
    elif any(map(is_time_of_day, words)) and all(is_time_of_day(word) or _CLOCK.fullmatch(word) for word in words):
        why = "are times of day, not read where they have am, pm or h. Write them with 24 hours, as 09:30 and 21:30."
    elif all(map(_SHORT_YEAR.fullmatch, words)):
        why = "are not read as dates, since their years have two digits. Write them as 2020-12-31."
    elif all(days_in([word]) or is_ambiguous_day(word) for word in words):
        why = "are dates written in more ways than one, so they are not read. Write them as 2020-12-31."
    else:
        return ""
    return f"{name}: {clipped(words[0])!r} and the like {why}"


def _mostly_days(name: str, words: Sequence[str], counts: Sequence[int]) -> str:
    """Say of a column in which half of the words or more are dates how many cells are none; "" of any other."""
    read = days_in(words)
    others = [place for place, word in enumerate(words) if read and read(word.strip()) is None]
    if not others:
        return ""
    share = 100 * sum(counts[place] for place in others) / sum(counts[: len(words)])
    codes = " ".join(typed_missing(name, words[place]) for place in others)
    missing = f"{codes} takes them" if len(others) <= _MOST_CODES else f"{typed_missing(name, 'WORD')} takes one"
    return (
        f"{name}: {max(1, round(share))} % of its cells are no dates, such as {clipped(words[others[0]])!r}, so the "
        f"column is not read as dates. Write all as 2020-12-31; {missing} as missing."
    )


def _two_ways(name: str, grouped: str, words: Sequence[str]) -> str:
    written = [one for one in map(Written.of, words) if one]
    signs = {",": "comma", ".": "point", "'": "apostrophe", "\u2019": "apostrophe", " ": "space"}
    there = [sign for sign in signs if any(sign in one.digits for one in written)] or [","]
    can = [sign for sign in there if sign in (signs_in(written, comma=True, thousands=sign) or [""])[0]] or there[:1]
    reads = " or ".join(f"--thousands {signs[sign]}" for sign in can)
    return (
        f"{name}: {clipped(grouped)!r} and the like are not read as numbers, since a thousands separator can be a "
        f"decimal sign too. {reads} reads them as numbers, --categorical {typed([name])} as names."
    )


def _mostly_numbers(name: str, words: Sequence[str], counts: Sequence[int]) -> tuple[str, ...]:
    """Say of a column in which half of the cells or more are numbers, what the others are and what can be done."""
    sorts = {place: sort for place, word in enumerate(words) if (sort := _sort_of(word))}
    total = sum(counts[: len(words)])
    cells = dict.fromkeys(sorts.values(), 0)
    for place, sort in sorts.items():
        cells[sort] += counts[place]
    if not sorts and (beside := [place for place, word in enumerate(words) if number_of(word, comma=True) is None]):
        sorts = dict.fromkeys(beside, "beside")
        cells = {"beside": sum(counts[place] for place in beside)}
        if cells["beside"] * 2 > total:
            return ()  # names with digits
    apart, unknown = sum(cells.values()), cells.pop("other", 0)
    if not sorts or unknown > total / 2 or (len(words) <= _MOST_RANGES and {*sorts.values()} == {"range"}):
        return ()
    explained = apart - unknown
    if apart * 2 > total and explained * 2 <= apart:
        return ()
    sort = max(cells, key=lambda one: cells[one]) if explained * 2 > apart else "other"
    shown = sorted((place for place in sorts if sorts[place] == sort), key=lambda place: -counts[place])
    example = clipped(words[shown[0]])
    what, instead = _SORTS[sort]
    if sort == "bound":
        instead = _instead_of_bounds([words[place] for place in shown])
    codes = " ".join(typed_missing(name, words[place]) for place in shown)
    one = f"{typed_missing(name, 'WORD')} takes one as missing, "
    missing = f"{codes} takes them as missing, " if len(sorts) <= _MOST_CODES else one
    missing = missing if apart < total else ""
    return (
        f"{name}: {max(1, round(100 * apart / total))} % of its cells {what} such as {example!r}, so the column is not "
        f"read as numbers. {instead}; {missing}--categorical {typed([name])} takes all as names.",
    )


def _instead_of_bounds(words: Sequence[str]) -> str:
    below, above = (any(map(form.fullmatch, words)) for form in (_BELOW, _ABOVE))
    instead = " and ".join(filter(None, ("half of the limit" * below, "the limit where more is meant" * above)))
    return f"Write a number instead, such as {instead}"


def to_write_instead(word: str) -> str:
    """Say what can be written instead of a cell among numbers that is none, with a space before it, or nothing."""
    sort = _sort_of(word)
    if sort in ("", "other"):
        return ""
    return f" {_instead_of_bounds([word]) if sort == 'bound' else _SORTS[sort][1]}."


_SORTS = {
    "bound": ("are bounds", ""),
    "approximate": ("are approximate,", "Write the number alone"),
    "range": ("are ranges", "Write a number instead, such as the middle, or its ends in two columns"),
    "fraction": ("are fractions", "Write them as decimal numbers, 6 1/2 as 6.5"),
    "power": ("are powers of ten", "Write them as 1.3e5"),
    "beside": ("have something beside the number,", "Write the number alone"),
    "other": ("are no numbers,", "Write them as numbers"),
}
"""What is said of cells of each sort, and what can be written instead."""


_FORMS = (
    *(("approximate", _ABOUT), ("power", _POWER), ("fraction", _FRACTION), ("range", _RANGE)),
    ("beside", _SIGN_BEFORE),
)


def _sort_of(word: str) -> str:
    """Return which of `_SORTS` a cell is, "" for a number."""
    if _BELOW.fullmatch(word) or _ABOVE.fullmatch(word):
        return "bound"
    for sort, form in _FORMS:
        if len(word) <= _LONGEST_PAIR and form.fullmatch(word):
            return sort
    return "" if _is_number(word) else "other"


def _is_number(word: str) -> bool:
    return number_of(word, comma=True) is not None or Written.of(word) is not None
