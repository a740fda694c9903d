"""A feature of a table, as pipelines must know it."""

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
    """Subtracted from numbers, and from dates in days since 1970, before float32, so that no digits are lost."""
    levels: tuple[str, ...] = ()
    """Of a category: its levels, most frequent first, rarer ones as one; a cell holds the index."""
    missing: bool = False
    """Whether any cell is missing: then that is a feature too, for a category a level of its own."""

    @property
    def width(self) -> int:
        """Inputs of the network that it becomes."""
        return (len(self.levels) if self.kind == "category" else 1) + self.missing
