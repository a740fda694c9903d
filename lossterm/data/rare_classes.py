"""What is done to classes with too few rows: their rows are left out, or the classes become one."""

from dataclasses import dataclass

import numpy as np

from lossterm.text.harmless import clipped
from lossterm.text.numbers import counted, listed

OTHER = "other"
"""Name of the class that joins rare ones."""

_MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Classes:
    """Classes, and the rows that have them."""

    classes: tuple[str, ...]
    values: np.ndarray
    """(rows,) int64 indices of classes."""
    rows: np.ndarray
    """(rows,) indices of the sheet's rows."""
    said: tuple[str, ...]
    """What was done, in sentences."""


def without_rare(classes: tuple[str, ...], values: np.ndarray, rows: np.ndarray, fewest: int, what: str) -> Classes:
    """Join the classes with fewer rows than `fewest` into a last one, or drop their rows if `what` is "drop"."""
    counts = np.bincount(values, minlength=len(classes))
    rare = counts < fewest
    kept = [name for name, is_rare in zip(classes, rare, strict=True) if not is_rare]
    if not rare.any():
        said = f"No class has fewer than {fewest} rows."
        return Classes(classes=classes, values=values, rows=rows, said=(said,))
    places = np.cumsum(~rare) - 1
    few = [f"{clipped(classes[place])} ({counts[place]:,})" for place in np.flatnonzero(rare)[:_MOST_NAMED]]
    more = int(rare.sum()) - len(few)
    names = listed([*few, f"{more:,} more"] if more else few)
    has = f"{counted(int(rare.sum()), 'class', 'classes')} with fewer than {fewest} rows, {names}"
    cells = counted(int(counts[rare].sum()), "row")
    if what == "drop":
        there = ~rare[values]
        said = f"{has}: left out, with {cells}."
        return Classes(classes=tuple(kept), values=places[values[there]], rows=rows[there], said=(said,))
    name = OTHER if OTHER not in kept else f"any {OTHER}"
    places[rare] = len(kept)
    said = f"{has}: joined as {name!r}, with {cells}."
    return Classes(classes=(*kept, name), values=places[values], rows=rows, said=(said,))
