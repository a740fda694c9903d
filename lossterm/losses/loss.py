"""The form of a loss: one record, one pure function over an array namespace."""

import functools
import math
from collections.abc import Callable
from typing import Any, Literal, Self, get_args

import msgspec

from lossterm.errors import OutOfRange
from lossterm.losses.equivalent import Equivalent, FalseFriend
from lossterm.losses.foreign_parameter import ForeignParameter, unknown_parameter

Array = Any
"""An array of whichever namespace the function was called with."""

Namespace = Any
"""NumPy's names plus `softplus`, `log_softmax`, `one_hot`, `cast`, `stop_gradient`: `keras.ops`, or `arrays`."""

Kind = Literal["regression", "binary", "multiclass", "multioutput", "multilabel", "ordinal", "segmentation"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Encoding = Literal["value", "zero_one", "plus_minus_one", "one_hot", "index"]
Activation = Literal["linear", "tanh", "sigmoid", "softmax"]
Reading = Literal["value", "logit", "margin", "logits", "scores", "cumulative", "conditional", "unknown"]
Per = Literal["row", "batch"]
Scale = Literal["standard", "mean", "raw", "log1p"]
Link = Literal["identity", "log", "logit"]
Beside = Literal["", "variance", "dispersion", "zeros", "steps", "quantiles"]

Elsewhere = tuple[Equivalent, ...] | Callable[..., tuple[Equivalent, ...]]
"""Calls of other libraries, none where there are none; or `(**parameters) -> calls` where parameters matter."""


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a task's targets before any row is drawn."""

    kind: Kind
    """Kind of task."""
    lowest: float = -math.inf
    """No target is below this."""
    zeros: bool = True
    """Whether a target may be exactly 0."""
    highest: float = math.inf
    """No target is above this."""
    classes: int | None = None
    """Classes of each number of a target; None for values, and where it does not matter."""
    weighted: bool = False
    """Whether rows weigh differently, for which a loss must be one number a row."""

    @property
    def element(self) -> Kind:
        """The kind of each number of a target: of a mask, that of a pixel."""
        if self.kind == "segmentation":
            return "binary" if self.classes == 2 else "multiclass"
        return _ELEMENTS.get(self.kind, self.kind)


_ELEMENTS: dict[Kind, Kind] = {"multioutput": "regression", "multilabel": "binary", "ordinal": "multiclass"}


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
    odd: bool = False
    """Whether it must be an odd whole number."""
    neutral: float | None = None
    """The value at which the loss is cross-entropy up to a factor; None if there is none."""
    meaning: str
    """What it does, with its unit."""
    aliases: tuple[str, ...] = ()
    """Its names in other libraries, where the same number means the same."""

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
        if self.odd:
            return f"an odd number from {low} to {high}"
        return f"between {low} and {high}" if self.open else f"from {low} to {high}"

    def allows(self, value: float) -> bool:
        """Whether this value is allowed."""
        if self.odd and value % 2 != 1:
            return False
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
    elsewhere: Elsewhere | None = None
    """What it is in other libraries there."""


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
    """How the output is read: a value, a logit of class 1, a margin whose sign is the class, logits of K classes,
    scores of K classes without probabilities, or of K ranks the K−1 logits of reaching each, or of reaching it from the
    one before; unknown for a custom loss until it is loaded."""
    per: Per = "row"
    """Whether it is one number for each row, or one for the rows of a batch together, on which it then depends."""
    activation: Activation = "linear"
    """Activation of the output layer."""
    units: int = 1
    """Units of the output layer if there is not one for each class; of several, the first is the value."""
    units_by: str = ""
    """Name of the parameter that is the number of units; "" for a number that is always the same."""
    beside: Beside = ""
    """What the units after the first are: a variance or dispersion before softplus, the logit of a share of extra
    zeros, steps between quantiles before softplus, or the quantiles themselves."""
    encoding: Encoding
    """Form in which the loss takes its targets."""
    scale: Scale = "standard"
    """How numeric targets are scaled by the training rows: standardised, divided by their mean absolute value,
    unchanged, or standardised after log1p."""
    link: Link = "identity"
    """How a value is read from the output: as it is, its exponential, or the logistic function of it."""
    valid: str
    """Range of targets, before encoding, on which the loss is defined."""
    lowest: float = float("-inf")
    """The lower end of that range as a number."""
    highest: float = float("inf")
    """The upper end."""
    zeros: bool = True
    """Whether a target may be exactly 0."""
    parameters: tuple[Parameter, ...] = ()
    """Parameters that shape it."""
    foreign_parameters: tuple[ForeignParameter, ...] = ()
    """Parameters that it has in other libraries only, and what to write instead."""
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
    elsewhere: Elsewhere | None = None
    """What it is in Keras and PyTorch, the plainest first; None where the record does not say."""
    false_friends: tuple[FalseFriend, ...] = ()
    """What has its name in other libraries, or nearly, and is another loss."""
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
        """Return the loss of each row, (rows,), or that of the batch, (), from targets and outputs of such rows."""
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
    def equivalents(self) -> tuple[Equivalent, ...] | None:
        """What it is in Keras and PyTorch with its parameters as they are; None where the record does not say."""
        return self.elsewhere(**self.values) if callable(self.elsewhere) else self.elsewhere

    @property
    def probabilistic(self) -> bool:
        """Whether the output gives class probabilities."""
        return self.reading in ("logit", "logits", *RANKED)

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

    def outputs(self, classes: int | None) -> int:
        """Return the number of outputs of a network that it trains, where there are so many classes, None for none."""
        if classes and self.by_class:
            return classes
        return classes - 1 if classes and self.reading in RANKED else self.units

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
            for name in ("activation", "function", "link", "lowest", "elsewhere")
            if (value := getattr(variant, name)) is not None
        }
        return msgspec.structs.replace(self, **changes)

    def variant(self, protocol: str) -> Variant | None:
        """Return how a protocol sets it up otherwise, None if it does not."""
        return next((variant for variant in self.variants if variant.protocol == protocol), None)

    def trains(self, targets: Targets) -> bool:
        """Whether it is for such a kind of task, or else for each number of such targets, whose mean it then takes."""
        if targets.kind in self.kinds:
            return True
        counts_of_labels = self.counted and targets.kind == "multilabel"  # each label has its own
        return targets.element in self.kinds and self.units == 1 and not counts_of_labels

    def on(self, targets: Targets) -> "Loss":
        """Return the record as it trains on such targets: a loss of single numbers gives the mean over those of a row.

        A loss of masks reads one logit for each pixel where there are two classes, and one for each class otherwise.
        """
        if targets.kind not in self.kinds:
            return msgspec.structs.replace(self, function=functools.partial(mean_over_row, self.function))
        if targets.kind == "segmentation" and targets.classes == 2 and self.by_class:
            return msgspec.structs.replace(self, reading="logit" if self.probabilistic else "margin")
        return self

    def misfit(self, targets: Targets, protocol: str) -> str | None:
        """Return why it cannot train on such targets under a protocol, None if it can."""
        if not self.trains(targets):
            return f"is a loss for {' and '.join(self.kinds)} tasks, but this task is {targets.kind}"
        if self.reading in RANKED and targets.classes == 2:
            return f"needs {self.valid}, and this task has two"
        if self._cannot_weigh(targets):
            return "is one number for a batch as a whole, and rows that weigh differently need one for each"
        return self._misfit_of_values(targets, protocol)

    def misfit_in_short(self, targets: Targets, protocol: str) -> str | None:
        """Return the same in a few words, for lists of losses of the kind of task."""
        if self.misfit(targets, protocol) is None:
            return None
        return "cannot weigh rows" if self._cannot_weigh(targets) else f"needs {self.valid}"

    def _cannot_weigh(self, targets: Targets) -> bool:
        return targets.weighted and self.per == "batch"

    def _misfit_of_values(self, targets: Targets, protocol: str) -> str | None:
        """Return why it is not defined on the values of such targets under a protocol, None if it is."""
        lowest = self.under(protocol).lowest
        if targets.lowest < lowest:
            return f"needs targets {self.valid}, and this task's go below"
        if targets.highest > self.highest:
            return f"needs targets {self.valid}, and this task's go above"
        if targets.zeros and targets.lowest <= 0 and not self.zeros:
            return f"needs targets {self.valid}, and this task's may be 0"
        return None

    def parameter_named(self, name: str) -> Parameter | None:
        """Return its parameter of a name or alias, None if it has none."""
        return next((one for one in self.parameters if name in (one.name, *one.aliases)), None)

    def from_outside(self, package: str) -> Self:
        """Return this loss as one that an installed package adds: not usual, and with its origin."""
        return msgspec.structs.replace(self, usual=False, origin=package)

    def bound(self, given: dict[str, float]) -> Self:
        """Return this loss with other parameters, by name or alias; its key names those that differ from the default.

        Raises UnknownName or UsageError for unknown ones, and OutOfRange.
        """
        named: dict[str, float] = {}
        for name, value in given.items():
            parameter = self.parameter_named(name)
            if parameter is None:
                raise unknown_parameter(self, name, f"{value:g}")
            if not parameter.allows(value):
                raise OutOfRange(f"{parameter.name} of {self.key}", f"{value:g}", parameter.range)
            named[parameter.name] = value
        # Adding 0 turns −0 into 0, which would be another key.
        settings = tuple(
            (one.name, float(named[one.name]) + 0.0)
            for one in self.parameters
            if one.name in named and named[one.name] != one.default
        )
        bound = msgspec.structs.replace(self, key=_key_with(self.base, settings), settings=settings)
        units = bound.values.get(self.units_by) if self.units_by else None
        return bound if units is None else msgspec.structs.replace(bound, units=int(units))


def mean_over_row(function: Callable[..., Array], xp: Namespace, target: Array, output: Array, **more: Any) -> Array:
    """Return the mean of the losses of a row's numbers, (rows,), by a function that gives one for each, (rows, …)."""
    each = function(xp, target, output, **more)
    return xp.mean(each, axis=tuple(range(1, len(each.shape)))) if len(each.shape) > 1 else each


RANKED: tuple[Reading, ...] = ("cumulative", "conditional")
"""How K−1 outputs are read as probabilities of K ranks."""

QUANTILE = "τ-quantile"
GEOMETRIC_MEAN, LOG_MEAN = "about the geometric mean", "exp of the mean logarithm"
"""What some losses estimate; code compares `estimates` with these texts."""


def _plain(value: float) -> str:
    """Write an end of a range without an exponent: 0.000001, 1,000,000."""
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def _key_with(key: str, settings: tuple[tuple[str, float], ...]) -> str:
    written = [f"{name}={repr(value).removesuffix('.0')}" for name, value in settings]
    return f"{key}:{','.join(written)}" if written else key
