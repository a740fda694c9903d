"""An axis as one record, and the rows that its function gets."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from lossterm.losses import Kind

if TYPE_CHECKING:
    import numpy as np

    Altered = tuple[np.ndarray, np.ndarray]
    """Features (rows, columns) and target (rows,), as many rows as were given."""

Unit = Literal["share", "sd"]
"""In what levels are measured: a share of something, shown in percent, or standard deviations on the clean rows."""

LEAST_ROWS = 2
"""Rows of a split that an axis has anything to do to."""


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one split, before anything is scaled or imputed."""

    features: "np.ndarray"
    """(rows, columns), NaN where missing; read-only: what is returned is another array where it differs."""
    target: "np.ndarray"
    """(rows,): float64 values, or int64 indices of classes; read-only."""
    numbers: "np.ndarray"
    """(columns,) of bool: whether a column holds numbers, rather than codes of categories or truth values."""
    kind: Kind
    """What is predicted."""
    classes: int | None
    """Number of classes, None for regression."""


class LostClass(Exception):
    """A level that leaves no row of a class, by the place of the class."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


Function = Callable[[Rows, float, "np.random.Generator"], "Altered"]
"""`(rows, level, generator) -> features, target`; the level is above 0.

It draws the same numbers from the generator at every level, and what it does at a level is among what it does at a
higher one: levels then differ by severity alone, not by chance.
"""


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """One record of the catalogue of axes."""

    key: str
    """As typed on the command line."""
    title: str
    """What there is more and more of, for the axis of a chart and in sentences: `outliers in y`."""
    kinds: tuple[Kind, ...]
    """The kinds of tasks that it is for."""
    unit: Unit = "share"
    """In what levels are measured."""
    of: str = "of the rows"
    """Of what a level is a share or how many standard deviations."""
    levels: tuple[float, ...]
    """The levels that are tried unless others are chosen, ascending from 0, about evenly on a logarithmic axis."""
    most: float
    """The largest level that makes sense."""
    does: str
    """What a level does to the rows, in a sentence."""
    known: str
    """What is known of it."""
    source: str
    """Where that comes from."""
    function: Function
    """Alters the rows of one split."""
    splits: tuple[Literal["train", "validation", "test"], ...] = ("train", "validation")
    """The splits whose rows it alters: never test, unless it is about the rows that come later."""
    needs_numbers: bool = False
    """Whether it needs columns of numbers among the features."""
    needs_classes: int = 0
    """How many classes it needs; 0 for any number."""
    thins: bool = False
    """Whether a level may leave no row of a class."""
    origin: str = ""
    """The package that it comes from, "own" for a custom axis, "" for those of lossterm."""

    @property
    def least(self) -> float:
        """The smallest level above 0 of the usual ones: up to about there an axis is linear, beyond logarithmic."""
        return next(level for level in self.levels if level > 0)

    def place(self, level: float) -> float:
        """Return how far along the axis a level lies: 0 for 0, then about evenly for equal ratios.

        The crossing of two curves is interpolated along it, and the area under a curve is measured along it.
        """
        return math.log1p(level / self.least)

    def level_at(self, place: float) -> float:
        """Return the level at a place."""
        return self.least * math.expm1(place)
