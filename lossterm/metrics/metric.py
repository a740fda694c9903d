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
    """The output that decides the class: (rows,) for two classes, (rows, K) for more; None for regression."""
    probability: Array | None = None
    """(rows, K) class probabilities; None for regression and for heads without probabilities."""


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One record of the catalogue of metrics."""

    key: str
    """As written in tables and JSON."""
    title: str
    """The name in print."""
    kinds: tuple[Kind, ...]
    """Kinds of task that it applies to."""
    direction: Literal["min", "max"]
    """Whether less or more is better."""
    needs: Literal["probability", "margin"] | None = None
    """What it requires: class probabilities, or an output whose sign is the class."""
    lowest: float = float("-inf")
    """Smallest target on which it is defined."""
    level: float | None = None
    """The quantile that it judges, None for other metrics; it is offered with a loss that estimates this quantile."""
    protocol: str | None = None
    """Key of the only protocol under which it is computed; None for all protocols."""
    rope: float = 0.005
    """Region of practical equivalence: a difference below this does not matter to anyone."""
    relative: bool = False
    """Whether `rope` is a share of the best mean rather than a difference."""
    formula: str
    """How it is computed."""
    source: str
    """Where it was defined or studied."""
    function: Callable[[Numpy, Outcome], float]
    """Computes it; may return NaN for data on which it is undefined."""

    def equivalence(self, best: float) -> float:
        """Return the largest difference that does not matter, in units of the metric, for a best mean of `best`."""
        return self.rope * abs(best) if self.relative else self.rope

    def tolerance(self, mean: float, sd: float | None, count: int) -> float:
        """Return how far apart two means over `count` seeds may be: half the 95 % interval of their difference.

        A second run has the same seeds and differs only by rounding. Training may amplify that until the result is like
        that of another seed, so the spread over seeds is the measure: t·s·√(2/n). The tolerance is never less than a
        tenth of the equivalence, which nobody would notice; with one seed, whose spread is unknown, it is all of it.
        """
        matters = self.equivalence(mean)
        if sd is None or count < 2:
            return matters
        return max(critical(count - 1) * sd * math.sqrt(2 / count), 0.1 * matters)

    def distorted(self, loss: Loss) -> bool:
        """Whether it judges probabilities, and the loss distorts them because it is not proper."""
        return self.needs == "probability" and loss.distorts

    def defined(self, loss: Loss) -> bool:
        """Whether it can be computed from the outputs of networks that a loss trains."""
        if loss.reading == "unknown":
            return True  # a custom loss: its scores will show
        if self.needs == "probability":
            return loss.probabilistic
        return self.needs is None or loss.reading == self.needs
