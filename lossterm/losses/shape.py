"""A loss and its slope as curves: over the residual of a value, or over the margin of a class."""

import math
from typing import TYPE_CHECKING, Literal

from lossterm.losses import Loss
from lossterm.losses.arrays import numpy

if TYPE_CHECKING:
    import numpy as np

ShapeAxis = Literal["residual", "margin"]

REACH = 4.0
"""How far to either side a loss is drawn."""

_STEP = 1e-5
_CLASSES = 3
_UNIT_VARIANCE = math.log(math.expm1(1 - 1e-6))
"""The second output at which a likelihood's variance is 1."""


def axis_of(loss: Loss) -> ShapeAxis:
    """Return what a loss is drawn over."""
    return "residual" if loss.kinds[0] == "regression" else "margin"


AXES: dict[ShapeAxis, str] = {"residual": "e = f − y", "margin": "the margin"}
"""What the axes are, in words."""


def where_drawn(loss: Loss) -> str:
    """Say at which target a loss is drawn, and in which unit the axis is."""
    if axis_of(loss) == "margin":
        if loss.by_class:
            return f"over z_t with the other {_CLASSES - 1} logits at 0"
        return "over m = y±·f" + (", f after tanh" if loss.activation == "tanh" else "")
    units = {
        "standard": "in standard deviations of the target",
        "mean": "at a target of 1, in means of the target",
        "raw": "at a target of 1",
        "log1p": "in standard deviations of ln(1 + y)",
    }
    variance = ", at a variance of 1" if loss.units > 1 else ""
    return f"over e = f − y {units[loss.scale]}{variance}" + (", its slope by z = ln f" if loss.link == "log" else "")


def shape_of(loss: Loss, x: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
    """Return the loss and its slope over residuals or margins x, (points,); NaN where no such prediction is possible.

    The slope is the derivative with respect to the network's output, since that trains it; for a log link this is ln f.

    A loss that depends on more than the residual is drawn at a target of 1. A loss of K classes is drawn at K = 3, over
    the logit of the true class with the others at 0.
    """
    import numpy as np

    with np.errstate(all="ignore"):  # outside the range of predictions the value is NaN and not drawn
        values = _values(loss, x)
        slopes = (_values(loss, x + _STEP) - _values(loss, x - _STEP)) / (2 * _STEP)
        if loss.link == "log":
            slopes = slopes * (1 + x)  # dL/dz = f·dL/df, f being 1 + x
    return values, slopes


def _values(loss: Loss, x: "np.ndarray") -> "np.ndarray":
    import numpy as np

    target, output, counts = np.zeros(len(x)), x, np.ones(_CLASSES)
    if axis_of(loss) == "residual":
        if loss.scale in ("mean", "raw"):
            target, output = target + 1, x + 1
        if loss.link == "log":
            output = np.log(output)
        if loss.units > 1:
            output = np.stack([output, np.full(len(x), _UNIT_VARIANCE)], axis=1)
    elif loss.by_class:
        output = np.stack([x, *[np.zeros(len(x))] * (_CLASSES - 1)], axis=1)
        target = target.astype(int) if loss.encoding == "index" else np.eye(_CLASSES)[target.astype(int)]
    else:
        target, counts = target + 1, np.ones(2)
        if loss.activation == "tanh":
            output = np.where(np.abs(x) <= 1, x, np.nan)
    return np.asarray(loss(numpy(), target, output, counts))
