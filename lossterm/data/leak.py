"""Columns that give the target away, in sentences. Light to import, since every record of a table holds them."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from lossterm.data.request import FileRequest, typed
from lossterm.text.harmless import clipped
from lossterm.text.numbers import counted, listed

How = Literal["copy", "line", "order", "bins", "levels", "separates", "class", "missing", "sum", "product", "sister"]
"""How a target shows in other columns: they are a copy of it, a straight line, in the same order, its parts by size,
names that each stand for one value, numbers that lie apart by class, names of a class, missing in one class, parts of
a sum or of a product; or they are other columns of the same output."""


class Leak(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Columns that give the target away."""

    columns: tuple[str, ...]
    """As in the file."""
    how: How
    """What they have of the target."""
    number: float
    """How much, 1 for all of it: a correlation, a rank correlation, R², AUC or a share of rows."""
    alone: bool = False
    """Whether no other column would be left to predict from."""
    of: str = ""
    """Label of the class, where they tell that one apart and no other."""
    target: str = ""
    """Which of several targets they give away; "" where there is one."""
    few: int = 0
    """Rows of the smallest class, where they are so few that a column that is merely good may do the same; else 0."""

    @property
    def sentence(self) -> str:
        """What was seen, with its number."""
        if self.target:
            plain, named = (
                msgspec.structs.replace(self, target="", few=0).sentence,
                f"the target {clipped(self.target)}",
            )
            seen = plain.replace("the target", named, 1) if "the target" in plain else f"{plain}, of {named}"
            return f"{seen}{self._caution}"
        name = self.columns[0]
        if self.of:
            of = f"class {clipped(self.of)!r}"
            seen = f"is missing in {of} and nowhere else" if self.how == "missing" else f"tells {of} apart"
            return f"{clipped(name)} {seen} in {100 * self.number:.3g} % of the rows{self._caution}"
        what, measure = _SEEN[self.how]
        measured = measure.format(self.number) if "{" in measure else f"{measure} {self.number:.3f}"
        columns = clipped(name) if len(self.columns) == 1 else _listed(self.columns)
        more = len(self.columns) > 1
        verb = what[more] if isinstance(what, tuple) else what
        return f"{columns} {verb} ({measured}){self._caution}"

    @property
    def _caution(self) -> str:
        """What must be known of few rows; "" of many."""
        if not self.few:
            return ""
        return f", but the smallest group has {counted(self.few, 'row')}, in which a merely good column may do the same"


_SAME_ORDER = "rank correlation {:.3f}, where 1 is the same order"
_SEEN: dict[How, tuple[str | tuple[str, str], str]] = {
    "copy": ("is a copy of the target", "correlation"),
    "line": ("is the target in another unit", "correlation"),
    "order": ("puts the rows in the order of the target, as a function of it does", _SAME_ORDER),
    "bins": (
        "goes with the target range by range and without gaps, as if one were cut from the other",
        _SAME_ORDER,
    ),
    "levels": ("has one target for each of its values", "R²"),
    "separates": ("tells the classes apart alone", "AUC"),
    "class": ("names the class in other words", "share of rows"),
    "missing": ("is missing in one class and nowhere else", "share of rows"),
    "sum": (("gives the target as a straight line", "add up to the target, each times a number"), "R²"),
    "product": (("gives the target as a power", "multiply to the target, each to a power"), "R² of logarithms"),
    "sister": (("belongs to the same output as the target", "belong to the same output as the target"), "correlation"),
}
"""What is said of one column, or of one and of several, and what the number is."""

_MOST_NAMED = 6


def _listed(names: Sequence[str]) -> str:
    shown = [clipped(name) for name in names[:_MOST_NAMED]]
    return listed([*shown, f"{len(names) - _MOST_NAMED:,} more"] if len(names) > _MOST_NAMED else shown)


def said_of_few(
    columns: Sequence[str], classes: Sequence[tuple[str, int]], apart: Sequence[str], rows: int
) -> tuple[str, ...]:
    """Say which columns, and which classes with so many rows, were not looked at as leaks, for want of rows.

    `apart` are columns that tell all classes apart in the table's rows, and yet may be merely good.
    """
    said = []
    if columns:
        has = "has" if len(columns) == 1 else "have"
        said.append(
            f"Nothing that gives the target away was looked for in {_listed(columns)}, which {has} cells in fewer than "
            "half of the rows or than 20."
        )
    if classes:
        named = _listed([f"{name} ({counted(rows, 'row')})" for name, rows in classes])
        one = len(classes) == 1
        said.append(
            f"A column that marks class {named} alone was not looked for: {'it has' if one else 'they have'} too few "
            "rows to tell one from chance."
        )
    if apart:
        tell = "tells" if len(apart) == 1 else "each tell"
        said.append(
            f"{_listed(apart)} {tell} the classes apart in every row; {rows:,} rows are too few to say whether that "
            "gives the target away or is merely good."
        )
    return tuple(said)


def leaks_in_words(leaks: Sequence[Leak], asked: FileRequest) -> list[str]:
    """Return a sentence for each leak, and what to do about it: about all of them in the last, if there are several."""
    if not leaks:
        return []
    if len(leaks) == 1:
        return [f"Leak? {leaks[0].sentence}. {_WHY} {_what_to_do(leaks, asked)}"]
    each = [f"Leak? {leak.sentence}." for leak in leaks]
    return [*each, f"{_WHY} {_what_to_do(leaks, asked)}"]


_WHY = "Where that is not known before the target, scores and verdicts come from the leak and not from the losses."


def _what_to_do(leaks: Sequence[Leak], asked: FileRequest) -> str:
    names = list(dict.fromkeys(name for leak in leaks for name in leak.columns))
    if leaks[0].alone:
        return "No other column would be left to predict from: add one, or name another target."
    drop = typed((*asked.drop, *names))
    return f"--drop {drop} leaves {'it' if len(names) == 1 else counted(len(names), 'column')} out."
