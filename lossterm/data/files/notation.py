"""How the numbers of a column are written where Python cannot parse them, and what each cell is then."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lossterm.data.files.cells import number_text
from lossterm.text.numbers import listed


def beside_numbers(signs: Iterable[str]) -> str:
    """Say that these signs beside the numbers of a column are left out."""
    quoted = [repr(sign) for sign in sorted(signs)]
    return f"{listed(quoted)} beside its numbers {'is' if len(quoted) == 1 else 'are'} left out"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notation:
    """How numbers are written; a script can hold it as it is."""

    pattern: str
    """What a whole cell matches: group `digits`, perhaps `minus`, `again`, `open`, `close`, `behind` and `scale`."""
    grouping: str = ""
    """Characters to take out of the digits."""
    decimal: str = "."
    scales: tuple[tuple[str, float], ...] = ()
    """Suffix and factor."""
    durations: tuple[tuple[str, float], ...] = ()
    """Where cells are durations, as 0:50:00: groups of the pattern, and what each is multiplied by."""
    parts: tuple[str, ...] = ()
    """What is done to the cells, in words."""
    beside: tuple[str, ...] = field(default=(), compare=False)
    """Units, currencies and other signs beside the numbers, which are left out."""
    example: str = field(default="", compare=False)
    """A cell that shows it."""

    def reader(self) -> Callable[[str], float | None]:
        """Return a function that parses a cell, to None if it is not written so."""
        match = re.compile(self.pattern).fullmatch
        return self._durations(match) if self.durations else self._numbers(match)

    def _durations(self, match: Callable[[str], re.Match[str] | None]) -> Callable[[str], float | None]:
        factors = dict(self.durations)

        def read(cell: str) -> float | None:
            amount = match(cell.strip().replace("−", "-"))
            if amount is None:
                return None
            value = sum(float(amount[part] or 0) * factor for part, factor in factors.items())
            return -value if amount["minus"] else value

        return read

    def _numbers(self, match: Callable[[str], re.Match[str] | None]) -> Callable[[str], float | None]:
        scales = dict(self.scales)
        signs = [name for name in ("minus", "again", "behind", "open", "close") if f"(?P<{name}>" in self.pattern]
        accounting = "open" in signs

        def read(cell: str) -> float | None:
            number = match(cell) or match(cell.strip().replace("−", "-"))
            if number is None or (accounting and (number["open"] is None) != (number["close"] is None)):
                return None
            digits, *there = number.group("digits", *signs)
            for sign in self.grouping:
                digits = digits.replace(sign, "")
            value = float(digits if self.decimal == "." else digits.replace(self.decimal, "."))
            if scales:
                value *= scales.get(number["scale"], 1.0)
            return -value if "-" in there or "(" in there else value

        return read

    def sentence(self, name: str) -> str:
        """Say how the column of this name is read, with an example."""
        value = self.reader()(self.example)
        read = "" if value is None else f": {self.example!r} is read as {number_text(value)}"
        return f"{name}: {', '.join(self.parts)}{read}."
