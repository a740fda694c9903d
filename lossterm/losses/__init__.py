"""The catalogue of losses. Adding a loss is adding one record to the tuple of its family.

Notation: y target, f output of the network, e = f − y, y± the class as −1 or 1, m = y±·f the margin, σ the logistic
function, p = softmax(f), p_t the probability given to the true class, K the number of classes.
"""

import math

from lossterm.errors import DoesNotFit, UnknownName
from lossterm.losses.binary import BINARY
from lossterm.losses.multiclass import MULTICLASS
from lossterm.losses.record import Activation, Encoding, Kind, Loss, Reading, TutorialSetting
from lossterm.losses.regression import REGRESSION

LOSSES: dict[str, Loss] = {loss.key: loss for loss in (*REGRESSION, *BINARY, *MULTICLASS)}
"""Every loss by key, in the order in which lists show them."""

__all__ = [
    "LOSSES",
    "Activation",
    "Encoding",
    "Kind",
    "Loss",
    "Reading",
    "TutorialSetting",
    "fitting",
    "loss_named",
    "losses_for",
]


def loss_named(key: str) -> Loss:
    """Return the record of a key. Raises UnknownName with near misses."""
    try:
        return LOSSES[key]
    except KeyError:
        raise UnknownName("loss", key, LOSSES) from None


def fitting(kind: Kind, lowest: float = math.inf, protocol: str = "fair") -> tuple[Loss, ...]:
    """Return every loss that can train a task of this kind with no target below `lowest`, in catalogue order."""
    return tuple(loss for loss in LOSSES.values() if loss.fits(kind, lowest, protocol))


def losses_for(kind: Kind, keys: tuple[str, ...], lowest: float = math.inf, protocol: str = "fair") -> tuple[str, ...]:
    """Resolve keys for a task of this kind: `all` stands for every loss that fits, repeats are dropped.

    Raises UnknownName for a key that isn't there, DoesNotFit for a loss of another kind or range of targets.
    """
    fit = [loss.key for loss in fitting(kind, lowest, protocol)]
    chosen: dict[str, None] = {}
    for key in keys or ("all",):
        if key == "all":
            chosen.update(dict.fromkeys(fit))
            continue
        loss = loss_named(key)
        if kind not in loss.kinds:
            raise DoesNotFit(
                f"{key} is a loss for {' and '.join(loss.kinds)} tasks, but this task is {kind}. "
                f"Losses that fit: {', '.join(fit)}."
            )
        if key not in fit:
            words = "; --protocol tutorial trains it all the same, as the tutorial did" if loss.tutorial else ""
            raise DoesNotFit(
                f"{key} needs targets {loss.valid}, and this task's go below{words}. Losses that fit: {', '.join(fit)}."
            )
        chosen[key] = None
    return tuple(chosen)
