"""What a cell of text may stand for: a missing value, a number, a date, yes or no."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

MISSING = frozenset(
    ("", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "nat", "null", "#null!", "none", "?", "-", "--", "–", "—", ".")
)
"""Words for a missing value, in upper or lower case."""

TRUE, FALSE = frozenset(("true", "yes", "t", "y")), frozenset(("false", "no", "f", "n"))

_PAIRS = tuple(map(frozenset, (("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"))))

_AMOUNT = re.compile(
    r"(?P<before>[$€£¥])?\s*(?P<digits>[+-]?\s*(?P<again>[$€£¥])?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?)"
    r"\s*(?P<after>[%$€£¥])?"
)
_GROUPED = re.compile(
    r"[$€£¥]?\s*[+-]?\s*[$€£¥]?(?!0)\d{1,3}(?P<group>[.,'\u2019 \u00a0\u202f])\d{3}(?:(?P=group)\d{3})*"
    r"(?!(?P=group))[.,]\d+\s*[%$€£¥]?"
)
_THOUSANDS = re.compile(r"[$€£¥]?\s*[+-]?\d{1,3}(?:([.,'\u2019 \u00a0\u202f])\d{3})+(?:[.,]\d+)?\s*[%$€£¥]?")
_SEPARATED = re.compile(r"[$€£¥]?\s*[+-]?\d[\d.,'\u2019 \u00a0\u202f]*[%$€£¥]?")


def is_missing(cell: str) -> bool:
    """Whether a cell stands for a missing value."""
    return cell.strip().casefold() in MISSING


def are_booleans(words: Sequence[str]) -> bool:
    """Whether these distinct words are one of the pairs that mean yes and no."""
    return frozenset(word.casefold() for word in words) in _PAIRS


class Number(NamedTuple):
    """A number as it was written."""

    value: float
    sign: str
    """The decimal sign: "." or ","; "" without one."""
    unit: str
    """A currency or %; "" without one. The value is as written: 12 % is 12."""


def number_of(cell: str, *, comma: bool) -> Number | None:
    """Parse a number, also one with a decimal comma if `comma` allows it; return None if the cell is not a number.

    Thousands separators are not guessed: 1,234 is 1.234 with `comma` and not a number without. They are recognised if
    a different decimal sign follows them, as in 1,234.5 or, with `comma`, 1.234,5.
    """
    text = cell.strip().replace("−", "-")
    if grouped := _GROUPED.fullmatch(text):
        text = text.replace(grouped["group"], "")
    if "_" in text:  # Python's float ignores underscores
        return None
    try:
        return Number(float(text), "." if "." in text else "", "")
    except ValueError:
        pass
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    units = [unit for unit in (match["before"], match["again"], match["after"]) if unit]
    digits = re.sub(r"[$€£¥\s]", "", match["digits"])
    if len(units) > 1 or ("," in digits and not comma):
        return None
    sign = "," if "," in digits else "." if "." in digits else ""
    return Number(float(digits.replace(",", ".")), sign, "".join(units))


def is_grouped(cell: str) -> bool:
    """Whether a cell is a number with thousands separators that cannot be decimal signs."""
    return _GROUPED.fullmatch(cell.strip().replace("−", "-")) is not None


def is_amount(cell: str) -> bool:
    """Whether a cell holds only digits, separators, and a sign or unit."""
    return _SEPARATED.fullmatch(cell.strip()) is not None


def has_thousands(cell: str) -> bool:
    """Whether a cell looks like a number with thousands separators."""
    return _THOUSANDS.fullmatch(cell.strip()) is not None


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = f"(?P<name>{'|'.join(_MONTHS)})[a-z]*\\.?"
_CLOCK = r"(?:,?[T ]\s*(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?\s*(?P<half>[ap]m)?)?"


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern + _CLOCK, re.IGNORECASE | re.ASCII)


_DAY_FIRST = _form(r"(?P<day>\d{1,2})[/-](?P<month>\d{1,2})[/-](?P<year>\d{4})")
_MONTH_FIRST = _form(r"(?P<month>\d{1,2})[/-](?P<day>\d{1,2})[/-](?P<year>\d{4})")
_FORMS = (
    _form(r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})"),
    _form(r"(?P<year>\d{4})[/.](?P<month>\d{1,2})[/.](?P<day>\d{1,2})"),
    _form(rf"(?P<day>\d{{1,2}})[ -]{_MONTH}[ -](?P<year>\d{{4}})"),
    _form(rf"{_MONTH} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}})"),
)
_ISO = re.compile(r"\d{4}-\d\d(-\d\d([T ].+)?)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1)

Days = Callable[[str], float | None]
"""Parses a cell into days since 1970 (in UTC if the cell has a time zone); None if it is not a date."""


def days_in(cells: Sequence[str]) -> Days | None:
    """Return a parser for the form of date that these cells have, None if fewer than half of them are dates.

    The forms are ISO 8601, 31.12.2020, 2020/12/31, 31 Dec 2020 and Dec 31, 2020, each with or without a time.
    31/12/2020 and 12/31/2020 are told apart by a day above 12; without one neither is used.
    """
    if _share(_iso, cells) >= 0.5:
        return _iso
    for form in _FORMS:
        if _share(reader := _reader(form), cells) >= 0.5:
            return reader
    if ambiguous := [match for match in map(_DAY_FIRST.fullmatch, cells) if match and _may_be_day(match)]:
        day, month = (max(int(match[part]) for match in ambiguous) for part in ("day", "month"))
        if (day > 12) != (month > 12):
            reader = _reader(_DAY_FIRST if day > 12 else _MONTH_FIRST)
            return reader if _share(reader, cells) >= 0.5 else None
    return None


def _may_be_day(match: re.Match[str]) -> bool:
    """Whether a day and a month are among these two numbers, unlike in 99/99/9999."""
    low, high = sorted(int(match[part]) for part in ("day", "month"))
    return low <= 12 and high <= 31


def is_ambiguous_day(cell: str) -> bool:
    """Whether a cell is a date in which either the day or the month may come first."""
    return _reader(_DAY_FIRST)(cell) is not None


def _share(read: Days, cells: Sequence[str]) -> float:
    return sum(read(cell.strip()) is not None for cell in cells) / max(1, len(cells))


def _iso(cell: str) -> float | None:
    if not _ISO.fullmatch(cell):
        return None
    try:
        moment = datetime.fromisoformat(cell + "-01" if len(cell) == len("2020-12") else cell)
        return _days(moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment)
    except (ValueError, OverflowError):  # no such day, or outside Python's calendar
        return None


def _reader(form: re.Pattern[str]) -> Days:
    def read(cell: str) -> float | None:
        match = form.fullmatch(cell)
        if match is None:
            return None
        parts = match.groupdict()
        month = _MONTHS.index(parts["name"].lower()) + 1 if parts.get("name") else int(parts["month"])
        hour = int(parts["hour"] or 0)
        if parts["half"]:
            hour = hour % 12 + 12 * (parts["half"].lower() == "pm")
        minute, second = int(parts["minute"] or 0), int(parts["second"] or 0)
        try:
            return _days(datetime(int(parts["year"]), month, int(parts["day"]), hour, minute, second))
        except ValueError:
            return None

    return read


def _days(moment: datetime) -> float:
    return (moment - _EPOCH).total_seconds() / 86400


def day_text(days: float) -> str:
    """Write days since 1970 as a date, with the time if there is one; outside the years 1 to 9999 as a number."""
    try:
        moment = _EPOCH + timedelta(days=days)
    except OverflowError:
        return f"{number_text(days)} days since 1970"
    return f"{moment:%Y-%m-%d}" if moment.time() == _EPOCH.time() else f"{moment:%Y-%m-%d %H:%M}"


def number_text(value: float) -> str:
    """Write a number so that parsing gives the same one: 3, 2.5."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
