"""Cells that begin with a number, taken apart: digits, currency, and what follows."""

import re
from dataclasses import dataclass

SPACES = " \u00a0\u202f\u2009"
APOSTROPHES = "'\u2019"
NEVER_DECIMAL = SPACES + APOSTROPHES
_CURRENCIES = "$¢£¤¥֏৳฿៛﷼＄￡￥" + "".join(map(chr, range(0x20A0, 0x20C1)))
CURRENCY_CODES = (
    *("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "RMB", "INR", "AUD", "CAD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK"),
    *("HUF", "RON", "BGN", "TRY", "RUB", "UAH", "BRL", "MXN", "ARS", "CLP", "COP", "PEN", "ZAR", "NGN", "KES", "EGP"),
    *("MAD", "AED", "SAR", "QAR", "KWD", "ILS", "SGD", "HKD", "TWD", "KRW", "THB", "MYR", "IDR", "PHP", "VND", "PKR"),
    *("Rs.", "Rs", "kr.", "kr", "Fr.", "zł", "Kč"),
)
_BEFORE = rf"(?:[A-Z]{{0,2}}[{_CURRENCIES}]|(?:{'|'.join(map(re.escape, CURRENCY_CODES))})(?![^\W\d_]))"
_DIGITS = rf"(?:\d[\d.,{NEVER_DECIMAL}]*\d|\d)(?:[.,](?!\d))?|[.,]\d+"
FRACTIONS = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
_AFTER = rf"\+|(?:out )?of \d+|[^\d\s.,:()<>=+\-{FRACTIONS}][^\s()<>]{{0,11}}(?:\s[^\d\s()<>]{{1,12}}){{0,2}}"
SPACE = r"\s{0,3}"
"""Spaces within a number: few, so that no cell takes long to match."""
_WRITTEN = re.compile(
    rf"(?P<minus>[+-])?{SPACE}(?P<before>{_BEFORE})?{SPACE}(?P<open>\()?{SPACE}(?P<again>[+-])?{SPACE}(?P<within>{_BEFORE})?{SPACE}"
    rf"(?P<digits>{_DIGITS})(?P<exponent>[eE][+-]?\d+)?(?P<behind>-)?(?P<gap>{SPACE})(?P<after>{_AFTER})?{SPACE}(?P<close>\))?"
    rf"{SPACE}(?P<last>{_AFTER})?"
)
_LONGEST = 80
"""Characters of the longest cell that is looked at as a number; spaces within are few, so that no cell takes long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A cell that begins with a number, taken apart."""

    cell: str
    digits: str
    before: str
    """A currency."""
    gap: bool
    """Whether a space stands between the digits and what follows."""
    after: str
    """What follows, perhaps a scale and a unit."""
    accounting: bool
    """Whether parentheses stand around it."""
    behind: bool
    """Whether a minus sign stands behind the digits."""

    @classmethod
    def of(cls, cell: str) -> "Written | None":
        """Take a cell apart; None if it is more or less than a number and what belongs to it."""
        parts = _WRITTEN.fullmatch(cell.strip().replace("−", "-")) if len(cell) <= _LONGEST else None
        if parts is None or (parts["open"] is None) != (parts["close"] is None):
            return None
        if parts["before"] and parts["within"]:
            return None
        if (parts["after"] or "").startswith("/") and any(space in parts["digits"] for space in SPACES):
            return None  # a mixed fraction, as 6 1/2
        return cls(
            cell=cell.strip(),
            digits=parts["digits"],
            before=parts["before"] or parts["within"] or "",
            gap=bool(parts["gap"]),
            after=" ".join(filter(None, (parts["after"], parts["last"]))),
            accounting=bool(parts["open"]),
            behind=bool(parts["behind"]),
        )
