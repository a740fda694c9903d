"""A feature of a table: what a pipeline has to know of it."""

from typing import Literal

import msgspec

ColumnKind = Literal["number", "boolean", "date", "category"]


class FeatureColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A feature of a table."""

    name: str
    """As in the file."""
    kind: ColumnKind
    """What its cells hold."""
    origin: float = 0.0
    """Subtracted from numbers, and from dates in days since 1970, before rounding to float32, to keep their digits."""
    levels: tuple[str, ...] = ()
    """Levels of a category, most frequent first, the rarest joined into one; a cell holds the index of its level."""
    missing: bool = False
    """Whether any cell is missing; if so, missingness is a feature too (for a category, an extra level)."""

    @property
    def width(self) -> int:
        """Number of network inputs that it becomes."""
        return (len(self.levels) if self.kind == "category" else 1) + self.missing
