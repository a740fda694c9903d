"""The form of a metric: one record, one pure function of final predictions."""

import math
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from lossterm.losses import Kind, Loss
from lossterm.losses.prediction_from_output import gives_quantiles
from lossterm.statistics.equivalence import Rope
from lossterm.statistics.student_t import critical

LEAST_ROPE = 0.001
"""Share of the target's standard deviation that never matters, however small the best error is."""

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
    quantiles: Array | None = None
    """(rows, n) predicted quantiles of τ = 1/(n+1), …, n/(n+1); None for classes and for outputs without any."""


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
    needs: Literal["probability", "margin", "quantiles"] | None = None
    """What it requires: class probabilities, an output whose sign is the class, or quantiles of a number."""
    lowest: float = float("-inf")
    """Smallest target on which it is defined."""
    signed: bool = False
    """Whether its values can be below zero."""
    level: float | None = None
    """The quantile that it judges, None for other metrics; it is offered with a loss that estimates this quantile."""
    protocol: str | None = None
    """Key of the only protocol under which it is computed; None for all protocols."""
    rope: float = 0.005
    """Region of practical equivalence: a difference below this does not matter to anyone."""
    relative: bool = False
    """Whether `rope` is a share of the best mean rather than a difference."""
    power: Literal[0, 1, 2] = 0
    """Power of the target's unit that it is measured in: 1 for absolute errors, 2 for squared ones, 0 without unit."""
    constant: Literal["mean", "median", "exp of the mean logarithm", "quantiles"] = "mean"
    """Which number of a numeric target is best predicted for every row alike, or which numbers; for a quantile it is
    the quantile."""
    formula: str
    """How it is computed."""
    undefined: str = ""
    """What is so in the data that leave it undefined; "" if none do."""
    source: str
    """Where it was defined or studied."""
    since: int = 1
    """Version of the JSON from which on its values have the present meaning."""
    function: Callable[[Numpy, Outcome], float]
    """Computes it; may return NaN for data on which it is undefined."""

    def region(self, target_sd: float | None = None) -> Rope:
        """Return the region of practical equivalence, on a target with a standard deviation if that is known."""
        unit = target_sd if self.power and target_sd is not None else 0.0
        least = (LEAST_ROPE * unit) ** self.power if unit else 0.0
        return Rope(size=self.rope, relative=self.relative, least=least)

    def tolerance(self, mean: float, sd: float | None, count: int, among: int = 1) -> float:
        """Return how far apart two means over `count` seeds may be, the widest apart of `among` such pairs.

        A second run has the same seeds and differs only by rounding. Training may amplify that until the result is like
        that of another seed, so the spread over seeds is the measure: half the 95 % interval of their difference,
        t·s·√(2/n). Of 340 such pairs 17 would be further apart by chance, so t is that of Bonferroni's level; with
        fewer than ten seeds, where that would excuse anything, it grows as it does with ten. The tolerance is never
        less than a tenth of the equivalence, which nobody would notice; with one seed, whose spread is unknown, it is
        all of it.
        """
        matters = self.region().around(mean)
        if sd is None or count < 2:
            return matters
        freedom = max(count - 1, 9)
        t = critical(count - 1) * critical(freedom, 0.05 / among) / critical(freedom)
        return max(t * sd * math.sqrt(2 / count), 0.1 * matters)

    def distorted(self, loss: Loss) -> bool:
        """Whether it judges probabilities, and the loss distorts them because it is not proper."""
        return self.needs == "probability" and loss.distorts

    def defined(self, loss: Loss) -> bool:
        """Whether it can be computed from the outputs of networks that a loss trains."""
        if loss.reading == "unknown":
            return True  # a custom loss: its scores will show
        if self.needs == "probability":
            return loss.probabilistic
        if self.needs == "quantiles":
            return gives_quantiles(loss.beside)
        return self.needs is None or loss.reading == self.needs
