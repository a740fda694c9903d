"""Units and scales beside the numbers of a column, such as kg and k."""

import re
from collections import Counter
from collections.abc import Sequence

from lossterm.data.files.written import Written

_SCALES = {
    **{"k": 1e3, "K": 1e3, "thousand": 1e3, "lakh": 1e5, "M": 1e6, "Mio": 1e6, "mio": 1e6, "mn": 1e6, "mln": 1e6},
    **{"million": 1e6, "crore": 1e7, "B": 1e9, "bn": 1e9, "billion": 1e9, "Mrd": 1e9, "T": 1e12, "trillion": 1e12},
}
_SMALL = {"m": 1e6, "b": 1e9}
"""Scales where others, or a currency, show that neither metres nor bits are meant."""
SCALE_WORDS = {1e3: "thousands", 1e5: "lakhs", 1e6: "millions", 1e7: "crores", 1e9: "billions", 1e12: "trillions"}
"""Factor → what it is called."""
_MARK = re.compile(r"[*†‡§¶^?!⁰¹²³⁴-⁹]+|\[[^\]\s]{1,4}\]")
"""A mark that points to a footnote, as in 6.5* and 6.5[1]."""
_ORDINALS = frozenset(("st", "nd", "rd", "th"))
_MOST = 0.95
"""Share of the cells with a unit that must have the same."""
_ENOUGH = 0.5
"""Share of the numbers that must have a unit for it to be that of the column."""


def scales_and_units(written: Sequence[Written]) -> tuple[dict[str, float], list[tuple[str, str]]]:
    """Return the scales that stand in the cells, such as k, and what is left beside each number."""
    known = dict(_SCALES)
    if any(one.before for one in written) or any(_scale(one, _SCALES) in ("k", "K", "M", "B") for one in written):
        known |= _SMALL
    scales: dict[str, float] = {}
    units = []
    for one in written:
        scale = _scale(one, known)
        if scale:
            scales[scale] = known[scale]
        units.append((one.before, one.after[len(scale) :].strip()))
    return scales, units


def _scale(one: Written, known: dict[str, float]) -> str:
    """Return the scale after a number, "" without one; a single letter only if it touches the digits."""
    word = re.match(r"[^\W\d_]*", one.after)
    text = word[0] if word else ""
    return text if text in known and not (len(text) == 1 and one.gap and not one.before) else ""


def is_mark(unit: str) -> bool:
    """Whether what stands behind a number points to a footnote."""
    return _MARK.fullmatch(unit) is not None


def _alike(unit: tuple[str, str]) -> tuple[str, str]:
    """Return what units have in common that differ in number or capitals only."""
    before, after = unit
    if is_mark(after):
        return before, "*"
    if after in _ORDINALS:
        return before, "th"
    short = len(after) <= 3 and after[:1] in "mM"  # mW and MW, mg and Mg differ
    return before, after if short else after.casefold().removesuffix("s") if len(after) > 2 else after.casefold()


def _is_unit_of_few(unit: str) -> bool:
    """Whether what stands behind few numbers of many is a unit or mark: no bound, letter of a house, or more digits."""
    more = unit == "+" or "_" in unit or (len(unit) == 1 and unit.isalpha())
    return is_mark(unit) or not (more or any(sign.isdecimal() for sign in unit))


def one_unit(units: Sequence[tuple[str, str]], numbers: int) -> frozenset[tuple[str, str]] | None:
    """Return the spellings of the one unit of a column, empty without a unit; None if there are different ones."""
    spelled = Counter(unit for unit in units if any(unit))
    if not spelled:
        return frozenset()
    alike = Counter[tuple[str, str]]()
    for unit, count in spelled.items():
        alike[_alike(unit)] += count
    common, count = alike.most_common(1)[0]
    if count < _MOST * spelled.total():
        return None
    if not common[0] and count < _ENOUGH * numbers and not _is_unit_of_few(common[1]):
        return frozenset()
    return frozenset(unit for unit in spelled if _alike(unit) == common)


def units_in(cells: Sequence[str]) -> list[str]:
    """Return the different units of cells that are numbers with one, most frequent first; empty if they are not."""
    written = [one for one in map(Written.of, cells) if one]
    if not written or len(written) < _MOST * len(cells):
        return []
    _, units = scales_and_units(written)
    alike: dict[tuple[str, str], str] = {}
    for unit in units:
        if any(unit):
            alike.setdefault(_alike(unit), "".join(unit))
    counts = Counter(_alike(unit) for unit in units if any(unit))
    return [alike[unit] for unit, _ in counts.most_common()]
