"""A loss and its slope as curves: over the residual of a value, or over the margin of a class."""

import math
from typing import TYPE_CHECKING, Literal

from lossterm.losses import Kind, Link, Loss, Reading
from lossterm.losses.arrays import numpy
from lossterm.losses.loss import Beside

if TYPE_CHECKING:
    import numpy as np

ShapeAxis = Literal["residual", "margin"]

REACH = 4.0
"""How far to either side a loss is drawn."""

_STEP = 1e-5
_DIGITS = 8
"""Digits after the point of a slope: what lies beyond them is the rounding of the two values whose difference it is."""

_LINKS: dict[Link, str] = {"identity": "f", "log": "ln f", "logit": "ln f/(1 − f)"}
_BESIDE: dict[Beside, str] = {
    "": "",
    "variance": ", at a variance of 1",
    "dispersion": ", at a dispersion of 1",
    "zeros": ", with half of the zeros extra",
    "steps": ", the other quantiles a step of ½ apart",
    "quantiles": ", the other quantiles a step of ½ apart",
}
"""Where a loss is drawn that has more outputs than the value."""

_CLASSES = 3
_UNIT_VARIANCE = math.log(math.expm1(1 - 1e-6))
"""The second output at which a likelihood's variance is 1."""

_SHAPED: dict[Kind, str] = {
    "multilabel": "over the logit of a label that is there, m",
    "segmentation": "over the logit of an object of 4 in 16 pixels, the background's at −3",
    "ordinal": "",
}
_RANKS: dict[Reading, str] = {
    "cumulative": "over the logit of reaching the highest of 3 ranks, the true one, 2 below that of the middle one",
    "conditional": "over the logit of reaching the highest of 3 ranks, the true one, from the middle one, at 2",
    "logits": "over z_t of the highest of 3 ranks with the other logits at 0",
}
"""Where a loss is drawn that is of more than one number or class a row."""

_OBJECT, _BACKGROUND, _STEP_OF_RANKS = 2, -3.0, 2.0

_QUANTILE_STEP = 0.5
"""How far quantiles are apart where several are drawn."""


def axis_of(loss: Loss) -> ShapeAxis:
    """Return what a loss is drawn over."""
    return "residual" if loss.kinds[0] == "regression" else "margin"


AXES: dict[ShapeAxis, str] = {"residual": "e = f − y", "margin": "the margin"}
"""What the axes are, in words."""


def where_drawn(loss: Loss) -> str:
    """Say at which target a loss is drawn, and in which unit the axis is."""
    if loss.kinds[0] in _SHAPED:
        return _SHAPED[loss.kinds[0]] if loss.kinds[0] != "ordinal" else _RANKS[loss.reading]
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
    if loss.link == "logit":
        return f"over e = f − y at a target of ½, its slope by z = {_LINKS[loss.link]}"
    slope = f", its slope by z = {_LINKS[loss.link]}" if loss.link != "identity" else ""
    return f"over e = f − y {units[loss.scale]}{_BESIDE[loss.beside]}{slope}"


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
        elif loss.link == "logit":
            slopes = slopes * (0.25 - x * x)  # f(1 − f), f being ½ + x
    return values, np.round(slopes, _DIGITS) + 0.0  # without a −0


def _of_images(loss: Loss, x: "np.ndarray") -> "np.ndarray":
    """Return the loss of an image for each logit of its object's pixels, (points,): one image is a batch too."""
    import numpy as np

    truth = np.zeros((1, 4, 4), int)
    truth[:, :_OBJECT, :_OBJECT] = 1
    images = (np.where(truth == 1, logit, _BACKGROUND) for logit in x)
    return np.array([np.sum(loss(numpy(), truth, image)) for image in images])


def _of_ranks(loss: Loss, x: "np.ndarray") -> "np.ndarray":
    """Return outputs for three ranks, (points, 2) or (points, 3), that differ in how sure the highest is."""
    import numpy as np

    if loss.reading == "cumulative":
        step = math.log(math.expm1(_STEP_OF_RANKS))
        return np.stack([x + _STEP_OF_RANKS, np.full(len(x), step)], axis=1)
    if loss.reading == "conditional":
        return np.stack([np.full(len(x), _STEP_OF_RANKS), x], axis=1)
    return np.stack([0 * x, 0 * x, x], axis=1)


def _others(loss: Loss, first: "np.ndarray") -> "list[np.ndarray]":
    """Return what the outputs after the first are drawn at, each (points,)."""
    import numpy as np

    if loss.beside in ("variance", "dispersion"):
        return [np.full(len(first), _UNIT_VARIANCE)]
    if loss.beside == "zeros":
        return [np.zeros(len(first))]
    half = loss.units // 2
    if loss.beside == "steps":
        return [np.full(len(first), math.log(math.expm1(_QUANTILE_STEP * half)))] * (2 * half)
    return [first + sign * _QUANTILE_STEP * step for sign in (1, -1) for step in range(1, half + 1)]


def _values(loss: Loss, x: "np.ndarray") -> "np.ndarray":
    import numpy as np

    if loss.kinds[0] == "segmentation":
        return _of_images(loss, x)
    if loss.kinds[0] == "multilabel":
        return np.asarray(loss(numpy(), np.ones((len(x), 1)), x[:, None]))
    if loss.kinds[0] == "ordinal":
        return np.asarray(loss(numpy(), np.tile([0.0, 0.0, 1.0], (len(x), 1)), _of_ranks(loss, x)))
    target, output, counts = np.zeros(len(x)), x, np.ones(_CLASSES)
    if axis_of(loss) == "residual":
        if loss.link == "logit":
            target, output = target + 0.5, np.log((0.5 + x) / (0.5 - x))
        elif loss.scale in ("mean", "raw"):
            target, output = target + 1, x + 1
        if loss.link == "log":
            output = np.log(output)
        if loss.units > 1:
            output = np.stack([output, *_others(loss, output)], axis=1)
    elif loss.by_class:
        output = np.stack([x, *[np.zeros(len(x))] * (_CLASSES - 1)], axis=1)
        target = target.astype(int) if loss.encoding == "index" else np.eye(_CLASSES)[target.astype(int)]
    else:
        target, counts = target + 1, np.ones(2)
        if loss.activation == "tanh":
            output = np.where(np.abs(x) <= 1, x, np.nan)
    return np.asarray(loss(numpy(), target, output, counts))
