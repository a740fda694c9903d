"""What commas, points, spaces and apostrophes are in the numbers of a column, as all of them together show."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lossterm.data.files.written import NEVER_DECIMAL, Written

_COMMA_OF_THOUSANDS = re.compile(
    r"[$£₹¥￥₩₫₱฿₦円元원]|(?:USD|GBP|INR|AUD|CAD|NZD|HKD|SGD|JPY|CNY|KRW|TWD|THB|PHP|Rs)\b"
)
"""Currencies that are never written with three decimals, where the comma before three digits separates thousands."""
_FEWEST_OF_A_SORT = 3
"""Number of different cells that tell a way of writing from a slip."""
_MOST = 0.95
"""Share of the cells that counts as nearly all."""


def has_comma_of_thousands(cell: str) -> bool:
    """Whether a cell has a comma beside a currency that is never written with three decimals."""
    return "," in cell and _COMMA_OF_THOUSANDS.search(cell) is not None


def signs_in(written: Sequence[Written], *, comma: bool, thousands: str | None) -> tuple[str, str] | None:
    """Return the separators of thousands and the decimal sign of these numbers; None if nobody can tell."""
    texts = [one.digits for one in written]
    grouping = "".join(sign for sign in NEVER_DECIMAL if any(sign in text for text in texts))
    if any(grouping) and not any(_grouped(text, sign) for text in texts for sign in grouping if sign in text):
        grouping = ""
    commas, points = (_Uses.of(texts, sign) for sign in ",.")
    if thousands in (",", ".") and not (commas if thousands == "," else points).decimal:
        return grouping + thousands, "." if thousands == "," else ","
    if commas.groups or (commas.some and not commas.decimal and points.decimal):
        return grouping + ",", "."
    if commas.some:
        return _with_decimal_commas(written, commas, points, grouping, comma=comma)
    return (grouping + ".", ",") if points.groups else (grouping, ".")


def _with_decimal_commas(
    written: Sequence[Written], commas: "_Uses", points: "_Uses", grouping: str, *, comma: bool
) -> tuple[str, str] | None:
    """Return the signs of numbers whose commas are decimal signs, unless three digits follow each of them."""
    if commas.decimal or points.groups:
        return None if points.decimal else (grouping + "." * points.some, ",")
    if any(_COMMA_OF_THOUSANDS.search(one.before + one.after) for one in written):
        return grouping + ",", "."
    if not comma and _are_grouped_from_1000(written):
        return grouping + ",", "."
    return (grouping, ",") if comma or grouping else None


def _are_grouped_from_1000(written: Sequence[Written]) -> bool:
    """Whether numbers below 1000 have no comma and all others have one: decimals would not be three or none."""
    grouped = {one.digits for one in written if "," in one.digits}
    whole = {one.digits for one in written if one.digits.isdigit()}
    return min(len(grouped), len(whole)) >= _FEWEST_OF_A_SORT and all(len(digits) <= 3 for digits in whole)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Uses:
    """What a comma or point is in the numbers of a column."""

    some: bool
    """Whether there is one."""
    groups: bool
    """Whether one of them can only separate thousands."""
    decimal: bool
    """Whether one of them can only be a decimal sign."""

    @classmethod
    def of(cls, texts: Sequence[str], sign: str) -> "_Uses":
        other = "." if sign == "," else ","
        having = [text for text in texts if sign in text]
        groups = any(
            (text.count(sign) > 1 or (other in text and text.rfind(sign) < text.find(other))) and _grouped(text, sign)
            for text in having
        )
        decimal = any(text.count(sign) == 1 and not _grouped(text, sign) for text in having)
        return cls(some=bool(having), groups=groups, decimal=decimal)


def may_separate(texts: Sequence[str], sign: str) -> bool:
    """Whether a sign that is read as a decimal one may separate thousands in all numbers that have it."""
    return not _Uses.of(texts, sign).decimal and not any(text.startswith("0") for text in texts if sign in text)


def _grouped(text: str, sign: str) -> bool:
    """Whether all of a sign in a number may separate thousands: three digits after each, or two as in India."""
    return re.fullmatch(grouped_digits(sign) + r"(?:[.,]\d*)?", text) is not None


def grouped_digits(signs: str) -> str:
    """Return a pattern of digits with separators of thousands, the same throughout."""
    if not signs:
        return r"\d+"
    one = f"[{re.escape(signs)}]"
    return rf"(?!0{one})(?:\d{{1,3}}(?P<sign>{one})\d{{3}}(?:(?P=sign)\d{{3}})*|\d{{1,2}}(?:,\d\d)+,\d{{3}})"


def has_two_readings(cells: Sequence[str]) -> bool:
    """Whether nearly all cells are numbers of which nobody can tell what separates thousands."""
    written = [one for one in map(Written.of, cells) if one]
    commas = _Uses.of([one.digits for one in written], ",")
    unclear = signs_in(written, comma=False, thousands=None) is None and not commas.decimal
    return len(written) >= _MOST * len(cells) > 0 and unclear


def decimal_signs_in(cells: Sequence[str]) -> tuple[str, str] | None:
    """Return a cell with a decimal comma and one with a decimal point, if both are among these numbers."""
    written = [one for one in map(Written.of, cells) if one]
    if len(written) < _MOST * len(cells):
        return None
    examples = [
        next((one.cell for one in written if one.digits.count(sign) == 1 and not _grouped(one.digits, sign)), None)
        for sign in ",."
    ]
    return (examples[0], examples[1]) if examples[0] is not None and examples[1] is not None else None
