"""The form of a loss: one record, one pure function over an array namespace."""

import math
from collections.abc import Callable
from typing import Any, Literal, Self, get_args

import msgspec

from lossterm.errors import OutOfRange, UnknownName, UsageError

Array = Any
"""An array of whichever namespace the function was called with."""

Namespace = Any
"""NumPy's names plus `softplus`, `log_softmax`, `one_hot` and `stop_gradient`: `keras.ops`, or `arrays.numpy()`."""

Kind = Literal["regression", "binary", "multiclass"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Encoding = Literal["value", "zero_one", "plus_minus_one", "one_hot", "index"]
Activation = Literal["linear", "tanh", "sigmoid", "softmax"]
Reading = Literal["value", "logit", "margin", "logits", "scores", "unknown"]
Scale = Literal["standard", "mean", "raw", "log1p"]
Link = Literal["identity", "log"]


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a task's targets before any row is drawn."""

    kind: Kind
    """Kind of task."""
    lowest: float = -math.inf
    """No target is below this."""
    zeros: bool = True
    """Whether a target may be exactly 0."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A number that shapes a loss and is fixed before training."""

    name: str
    """As written after the loss's key: `huber:delta=0.5`."""
    default: float | None
    """Its value unless another is given; None if it comes from the data, as `meaning` says."""
    low: float
    """Smallest value."""
    high: float
    """Largest value."""
    open: bool = False
    """Whether the two ends are excluded."""
    neutral: float | None = None
    """The value at which the loss is cross-entropy up to a factor; None if there is none."""
    meaning: str
    """What it does, with its unit."""

    @property
    def range(self) -> str:
        """The allowed values, in words."""
        low, high = _plain(self.low), _plain(self.high)
        if self.high == math.inf and self.low == -math.inf:
            return "a number"
        if self.high == math.inf:
            return f"{'above' if self.open else 'at least'} {low}"
        if self.low == -math.inf:
            return f"{'below' if self.open else 'at most'} {high}"
        return f"between {low} and {high}" if self.open else f"from {low} to {high}"

    def allows(self, value: float) -> bool:
        """Whether this value is allowed."""
        return self.low < value < self.high if self.open else self.low <= value <= self.high


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """How a protocol sets up a loss otherwise than its record says; None means as the record says."""

    protocol: str
    """Key of the protocol."""
    note: str
    """What is wrong with this set-up, in a sentence."""
    activation: Activation | None = None
    """Activation of the output layer there."""
    function: Callable[..., Array] | None = None
    """Loss function there."""
    link: Link | None = None
    """How a value is read there."""
    lowest: float | None = None
    """Smallest target there."""


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """One record of the catalogue."""

    key: str
    """The usual name, as typed on the command line, with the parameters that are set, as in `huber:delta=0.5`."""
    title: str
    """The name in print."""
    kinds: tuple[Kind, ...]
    """Kinds of task that it can train."""
    function: Callable[..., Array]
    """`(namespace, target, output, **parameters) -> loss of each row`: the target is as `scale` and `encoding` say,
    the output comes after `activation`. If `counted`, it takes `counts` too."""
    formula: str
    """The loss of one row, in the notation of `losses/__init__.py`."""
    estimates: str
    """What the minimiser tends to: mean, median, class probability, …"""
    reading: Reading
    """How the output is read: a value, a logit of class 1, a margin whose sign is the class, logits of K classes, or
    scores of K classes without probabilities; unknown for a custom loss until it is loaded."""
    activation: Activation = "linear"
    """Activation of the output layer."""
    units: int = 1
    """Units of the output layer if there is not one for each class; of several, the first is the value."""
    encoding: Encoding
    """Form in which the loss takes its targets."""
    scale: Scale = "standard"
    """How numeric targets are scaled by the training rows: standardised, divided by their mean absolute value,
    unchanged, or standardised after log1p."""
    link: Link = "identity"
    """How a value is read from the output: as it is, or its exponential."""
    valid: str
    """Range of targets, before encoding, on which the loss is defined."""
    lowest: float = float("-inf")
    """The lower end of that range as a number."""
    zeros: bool = True
    """Whether a target may be exactly 0."""
    parameters: tuple[Parameter, ...] = ()
    """Parameters that shape it."""
    settings: tuple[tuple[str, float], ...] = ()
    """Parameters with another value than the default."""
    counted: bool = False
    """Whether the function takes `counts`, the number of training rows of each class, (K,)."""
    proper: bool = True
    """Whether the true probabilities minimise it, if the output gives any; otherwise it distorts them."""
    large_errors: str
    """What the gradient does far from the target."""
    use_when: str
    """When to choose it."""
    avoid_when: str
    """When not to."""
    keras: str | None
    """Its class in `keras.losses`, None if Keras has none."""
    same_as: str | None = None
    """Key of the loss that this one equals by construction."""
    aliases: tuple[str, ...] = ()
    """Other names for it."""
    usual: bool = False
    """Whether it is compared by default."""
    references: tuple[str, ...]
    """Where it was defined or studied."""
    variants: tuple[Variant, ...] = ()
    """How some protocols set it up otherwise."""
    origin: str = ""
    """Where a custom loss or one of a package comes from; "" for the losses of the catalogue."""

    def __call__(self, xp: Namespace, target: Array, output: Array, counts: Array | None = None) -> Array:
        """Return the loss of each row, (rows,), from targets and outputs of (rows,) or (rows, K)."""
        if self.counted:
            return self.function(xp, target, output, counts=counts, **self.values)
        return self.function(xp, target, output, **self.values)

    @property
    def base(self) -> str:
        """The key without parameters."""
        return self.key.partition(":")[0]

    @property
    def values(self) -> dict[str, float | None]:
        """Every parameter with its value."""
        return {**{parameter.name: parameter.default for parameter in self.parameters}, **dict(self.settings)}

    @property
    def probabilistic(self) -> bool:
        """Whether the output gives class probabilities."""
        return self.reading in ("logit", "logits")

    @property
    def distorts(self) -> bool:
        """Whether it gives probabilities, and the true ones may not minimise it."""
        if self.reading == "unknown":
            return True
        values = self.values
        plain = any(p.neutral is not None and values[p.name] == p.neutral for p in self.parameters)
        return self.probabilistic and not self.proper and not plain

    @property
    def by_class(self) -> bool:
        """Whether the output has a unit for each class."""
        return self.reading in ("logits", "scores")

    @property
    def level(self) -> float | None:
        """The quantile that it estimates, None for other losses."""
        return self.values.get("tau") if self.estimates == QUANTILE else None

    def under(self, protocol: str) -> "Loss":
        """Return the record as a protocol sets it up."""
        variant = self.variant(protocol)
        if variant is None:
            return self
        changes = {
            name: value
            for name in ("activation", "function", "link", "lowest")
            if (value := getattr(variant, name)) is not None
        }
        return msgspec.structs.replace(self, **changes)

    def variant(self, protocol: str) -> Variant | None:
        """Return how a protocol sets it up otherwise, None if it does not."""
        return next((variant for variant in self.variants if variant.protocol == protocol), None)

    def misfit(self, targets: Targets, protocol: str) -> str | None:
        """Return why it cannot train on such targets under a protocol, None if it can."""
        if targets.kind not in self.kinds:
            return f"is a loss for {' and '.join(self.kinds)} tasks, but this task is {targets.kind}"
        lowest = self.under(protocol).lowest
        if targets.lowest < lowest:
            return f"needs targets {self.valid}, and this task's go below"
        if targets.zeros and targets.lowest <= 0 and not self.zeros:
            return f"needs targets {self.valid}, and this task's may be 0"
        return None

    def from_outside(self, package: str) -> Self:
        """Return this loss as one that an installed package adds: not usual, and with its origin."""
        return msgspec.structs.replace(self, usual=False, origin=package)

    def bound(self, given: dict[str, float]) -> Self:
        """Return this loss with other parameters; its key names those that differ from the default.

        Raises UnknownName and OutOfRange.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name, value in given.items():
            if name not in known:
                if not known:
                    raise UsageError(f"{self.key} has no parameters, so {name!r} cannot be set.")
                raise UnknownName(f"parameter of {self.key}", name, known)
            if not known[name].allows(value):
                raise OutOfRange(f"{name} of {self.key}", f"{value:g}", known[name].range)
        # Adding 0 turns −0 into 0, which would be another key.
        settings = tuple((n, float(given[n]) + 0.0) for n, p in known.items() if n in given and given[n] != p.default)
        return msgspec.structs.replace(self, key=_key_with(self.base, settings), settings=settings)


QUANTILE = "τ-quantile"
GEOMETRIC_MEAN, LOG_MEAN = "about the geometric mean", "exp of the mean logarithm"
"""What some losses estimate; code compares `estimates` with these texts."""


def _plain(value: float) -> str:
    """Write an end of a range without an exponent: 0.000001, 1,000,000."""
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def _key_with(key: str, settings: tuple[tuple[str, float], ...]) -> str:
    written = [f"{name}={repr(value).removesuffix('.0')}" for name, value in settings]
    return f"{key}:{','.join(written)}" if written else key
