"""How a curve is laid out: which values each epoch of a training has, and in which order."""

from array import array
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lossterm.comparison.protocol import SplitName

CurveValue = Literal["loss", "metric"]
"""The loss that is trained, or the metric that the engine follows, whatever ranks."""

VALUES: tuple[CurveValue, ...] = ("loss", "metric")
"""What a curve holds of each split, in its order."""

BYTES = 4
"""Of a value, as float32."""


@dataclass(frozen=True, slots=True)
class CurveLayout:
    """The columns of a curve, (epochs, columns) row by row: of each split in turn its loss, then its metric."""

    splits: "tuple[SplitName, ...]"
    """The splits, in the protocol's order."""

    @property
    def columns(self) -> int:
        """How many values an epoch has."""
        return len(VALUES) * len(self.splits)

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called in files: train_loss, train_metric, …"""
        return tuple(f"{split}_{value}" for split in self.splits for value in VALUES)

    def tags(self, metric: str) -> tuple[str, ...]:
        """Name the columns as trackers group them: loss/train, accuracy/train, …"""
        return tuple(f"{'loss' if value == 'loss' else metric}/{split}" for split in self.splits for value in VALUES)

    def column(self, split: "SplitName", value: CurveValue) -> int:
        """Return the place of a column. Raises ValueError for a split that curves do not have."""
        return len(VALUES) * self.splits.index(split) + VALUES.index(value)

    def part(self, values: "array[float]", wanted: "CurveLayout") -> "array[float]":
        """Return of whole epochs laid out like this the columns of another layout, whose splits are among these."""
        if wanted == self:
            return values
        part = array("f", bytes(BYTES * wanted.columns * (len(values) // self.columns)))
        for place, column in enumerate(_columns(self, wanted)):
            part[place :: wanted.columns] = values[column :: self.columns]
        return part

    def size(self, epochs: int) -> int:
        """Return how many bytes so many epochs take."""
        return BYTES * self.columns * epochs


@cache
def _columns(whole: CurveLayout, wanted: CurveLayout) -> tuple[int, ...]:
    """Return where the columns of a layout are in another one: asked for each piece of each curve."""
    return tuple(map(whole.names.index, wanted.names))
