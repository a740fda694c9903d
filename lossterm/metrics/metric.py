"""The form of a metric: one record, one pure function of final predictions."""

import math
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from lossterm.losses import Kind, Loss
from lossterm.statistics.student_t import critical

Array = Any
Numpy = Any
"""NumPy itself, passed in since the terminal's process lists metrics without computing any."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Final predictions on one split."""

    target: Array
    """(rows,): true values, or indices of the true classes."""
    prediction: Array
    """(rows,): predicted values, or indices of the predicted classes (sign or argmax of the output)."""
    decision: Array | None = None
    """What the class was decided from: (rows,) for two classes, (rows, K) for more; None for regression."""
    probability: Array | None = None
    """(rows, K) class probabilities; None for regression and for heads that give none."""


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One record of the catalogue of metrics."""

    key: str
    """As written in tables and JSON."""
    title: str
    """The name in print."""
    kinds: tuple[Kind, ...]
    """Kinds of task on which it means something."""
    direction: Literal["min", "max"]
    """Whether less or more is better."""
    needs: Literal["probability", "margin"] | None = None
    """What it has no meaning without: class probabilities, or an output whose sign is the class."""
    lowest: float = float("-inf")
    """Smallest target on which it is defined."""
    level: float | None = None
    """The quantile that it judges: offered beside a loss that estimates the same. None for all others."""
    protocol: str | None = None
    """Key of the only protocol under which it is computed, None for all."""
    rope: float = 0.005
    """Region of practical equivalence: a difference below this does not matter to anyone."""
    relative: bool = False
    """Whether `rope` is a share of the best mean rather than a difference."""
    formula: str
    """How it is computed."""
    source: str
    """Where it was defined or studied."""
    function: Callable[[Numpy, Outcome], float]
    """The computation; may return NaN where the data leave it undefined."""

    def equivalence(self, best: float) -> float:
        """Return the difference that matters to no one, in units of the metric, where the best mean is `best`."""
        return self.rope * abs(best) if self.relative else self.rope

    def tolerance(self, mean: float, sd: float | None, count: int) -> float:
        """Return how far apart two means over `count` seeds may be: half the 95 % interval of their difference.

        A second run has the same seeds, so that it differs by rounding alone; but a training may amplify that until its
        result is as good as another seed's, which is why the seeds' own spread is the measure: t·s·√(2/n). Never less
        than a tenth of what matters to anyone, which nobody would see; with one seed, whose spread is unknown, all.
        """
        matters = self.equivalence(mean)
        if sd is None or count < 2:
            return matters
        return max(critical(count - 1) * sd * math.sqrt(2 / count), 0.1 * matters)

    def distorted(self, loss: Loss) -> bool:
        """Whether it judges probabilities that the loss, not being proper, draws away from the true ones."""
        return self.needs == "probability" and loss.distorts

    def defined(self, loss: Loss) -> bool:
        """Whether it has a meaning for the outputs of networks that a loss trains."""
        if loss.reading == "unknown":
            return True  # a loss from outside: its scores will tell
        if self.needs == "probability":
            return loss.probabilistic
        return self.needs is None or loss.reading == self.needs
