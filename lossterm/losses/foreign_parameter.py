"""Parameters that other libraries have and a loss here has not: what to write instead, or why there is nothing to."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from lossterm.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from lossterm.losses.loss import Loss


class ForeignParameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter that a loss has in another library and not here."""

    names: tuple[str, ...]
    """What it is called there."""
    write: str = ""
    """The loss to write instead, {value} being the value; "" if nothing here plays its role."""
    why: str
    """How the two differ, as a clause without a full stop; {value} as in `write`."""

    def advice(self, value: str) -> str:
        """Say what to write instead of the parameter with a value."""
        why = self.why.format(value=value)
        return f"Write {self.write.format(value=value)}: {why}." if self.write else f"{why[0].upper()}{why[1:]}."


ANY_LOSS = (
    ForeignParameter(
        names=("reduction", "reduce", "size_average"),
        why="a loss here is one number a row, and training takes the mean over the rows of a batch",
    ),
    ForeignParameter(
        names=("from_logits",), why="a loss of classes here always takes logits, as from_logits=True says"
    ),
    ForeignParameter(
        names=("class_weight", "weight", "sample_weight"),
        why="rows weigh alike, unless a task with classes is run with --class-weight balanced",
    ),
    ForeignParameter(names=("ignore_index", "ignore_class"), why="no row is ignored: leave such rows out of the data"),
    ForeignParameter(names=("axis", "dim"), why="a loss here is of one row, over all its outputs"),
    ForeignParameter(names=("dtype",), why="training is in float32"),
)
"""Those that Keras or PyTorch have for nearly every loss."""


def unknown_parameter(loss: "Loss", name: str, value: str, others: Iterable["Loss"] = ()) -> UsageError:
    """Return the error for a parameter that a loss has not: what plays its role, if anything, and what the loss has.

    `others` are losses to look for the parameter in, if nothing of this loss plays its role.
    """
    advice = _advice(loss, name, value if _is_number(value) else "…", others)
    if loss.parameters:
        known = [parameter.name for parameter in loss.parameters]
        return UnknownName(f"parameter of {loss.key}", name, known, advice=advice)
    return UsageError(" ".join(filter(None, [f"{loss.key} has no parameters, so {name!r} cannot be set.", advice])))


def _advice(loss: "Loss", name: str, value: str, others: Iterable["Loss"]) -> str:
    own = (one for one in loss.foreign_parameters if name in one.names)
    if one := next(own, None):
        return one.advice(value)
    having = [
        f"{other.key}:{parameter.name}={value}"
        for other in others
        if set(other.kinds) & set(loss.kinds) and (parameter := other.parameter_named(name))
    ]
    if having:
        return f"Another loss has it: {' or '.join(having)}."
    return next((one.advice(value) for one in ANY_LOSS if name in one.names), "")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
