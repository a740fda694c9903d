"""Recognises a notation from many cells at once, since most cells alone could be read in two ways."""

import re
from collections.abc import Sequence

from lossterm.data.files.durations import durations_in, is_time_of_day
from lossterm.data.files.notation import Notation, beside_numbers
from lossterm.data.files.separators import grouped_digits, may_separate, signs_in
from lossterm.data.files.units import SCALE_WORDS, one_unit, scales_and_units
from lossterm.data.files.written import APOSTROPHES, SPACE, Written

_ENOUGH = 0.5
"""Share of the cells that must be read for a notation to be one."""
_SIGN_NAMES = {",": "commas", ".": "points"}


def notation_in(cells: Sequence[str], *, comma: bool, thousands: str | None = None) -> Notation | None:
    """Return how the numbers among these cells are written; None if most are none, or could be read in two ways.

    `comma` allows a decimal comma where three digits follow it too, `thousands` is a separator that somebody named.
    """
    if durations := durations_in(cells):
        return durations
    written = [] if any(map(is_time_of_day, cells)) else [one for one in map(Written.of, cells) if one]
    if not written or len(written) < _ENOUGH * len(cells):
        return None
    signs = signs_in(written, comma=comma, thousands=thousands)
    if signs is None:
        return None
    scales, units = scales_and_units(written)
    unit = one_unit(units, len(written))
    if unit is None:
        return None
    notation = _notation(written, *signs, unit=unit, scales=scales, told=thousands is not None)
    read = notation.reader()
    if sum(read(cell) is not None for cell in cells) < _ENOUGH * len(cells):
        return None
    return notation


def _notation(
    written: Sequence[Written],
    grouping: str,
    decimal: str,
    *,
    unit: frozenset[tuple[str, str]],
    scales: dict[str, float],
    told: bool,
) -> Notation:
    """Return the notation; `told` says that somebody named the separator of thousands."""
    before = _any_of({one for one, _ in unit if one})
    after = _any_of({one for _, one in unit if one})
    accounting = any(one.accounting for one in written)
    parts = _parts(unit, grouping, scales, accounting=accounting, decimal=decimal, written=written, told=told)
    behind = "(?P<behind>-)?" if any(one.behind for one in written) else ""
    opened, closed = (rf"(?P<open>\()?{SPACE}", rf"(?P<close>\))?{SPACE}") if accounting else ("", "")
    scale = rf"{SPACE}(?P<scale>{'|'.join(map(re.escape, sorted(scales, key=len, reverse=True)))})?" if scales else ""
    point = re.escape(decimal)
    whole = rf"(?:{grouped_digits(grouping)}|\d+)" if grouping else r"\d+"
    digits = rf"(?P<digits>(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?)"
    start = rf"(?P<minus>[+-])?{SPACE}{before}{opened}(?P<again>[+-])?{SPACE}{before}"
    return Notation(
        pattern=f"{start}{digits}{behind}{scale}{SPACE}{after}{closed}{after}",
        grouping=grouping,
        decimal=decimal,
        scales=tuple(sorted(scales.items())),
        parts=parts,
        beside=tuple(sorted({sign for one in unit for sign in one if sign})),
        example=_example(written),
    )


def _any_of(words: set[str]) -> str:
    """Return a pattern of one of these words, or none."""
    if not words:
        return ""
    return rf"(?:(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))}){SPACE})?"


def _example(written: Sequence[Written]) -> str:
    return max(written, key=lambda one: (one.accounting, one.behind, len(one.digits) + len(one.after) * 3)).cell


def _parts(
    unit: frozenset[tuple[str, str]],
    grouping: str,
    scales: dict[str, float],
    *,
    accounting: bool,
    decimal: str,
    written: Sequence[Written],
    told: bool,
) -> tuple[str, ...]:
    parts = []
    if unit:
        parts.append(beside_numbers({sign for one in unit for sign in one if sign}))
    if grouping:
        names = dict.fromkeys(
            _SIGN_NAMES.get(sign, "apostrophes" if sign in APOSTROPHES else "spaces") for sign in grouping
        )
        parts.append(f"{' and '.join(names)} are read as separators of thousands")
    if any(decimal in one.digits for one in written):
        called = "comma" if decimal == "," else "point"
        other = f"; --thousands {called} reads it as a separator of thousands"
        other = other if not told and may_separate([one.digits for one in written], decimal) else ""
        parts += [f"the {called} is read as a decimal one{other}"] if decimal == "," or other else []
    by_factor: dict[float, list[str]] = {}
    for word, factor in sorted(scales.items(), key=lambda scale: scale[1]):
        by_factor.setdefault(factor, []).append(word)
    parts += [f"{' and '.join(sorted(words))} read as {SCALE_WORDS[factor]}" for factor, words in by_factor.items()]
    if accounting:
        parts.append("parentheses are read as a minus sign")
    if any(one.behind for one in written):
        parts.append("a minus sign behind a number is read as one before it")
    return tuple(parts)
