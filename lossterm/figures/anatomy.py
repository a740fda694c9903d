"""Losses and the models that they trained, drawn: loss and slope, the models' rows beneath, and who holds the gradient.

Slow to import, as charts are, so the app imports it on first use.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from lossterm.charts import loss_anatomy
from lossterm.charts.drawing import Drawing
from lossterm.charts.loss_colours import colour_of
from lossterm.losses import Loss
from lossterm.losses.shape import REACH, shape_of
from lossterm.store import LEVELS, Anatomy

POINTS = 641
"""Points at which a loss is computed: several for each dot of the widest chart."""


def drawable(losses: Iterable[Loss]) -> list[Loss]:
    """Return the losses whose shape is known; only the worker knows that of a custom loss."""
    return [loss for loss in losses if loss.reading != "unknown"]


def chart(
    losses: Sequence[Loss],
    models: Mapping[str, Sequence[Anatomy]],
    width: int,
    height: int,
    *,
    dark: bool,
    plain: bool = False,
    marked: Mapping[str, float] = MappingProxyType({}),
) -> Drawing:
    """Draw losses, and beneath them the models of each, in `width` × `height` cells; see `charts.anatomy_chart`.

    `marked` are residuals or margins of a row, by loss.

    Without colours, if `plain`, several losses have their names beside their curves.
    """
    named = plain and len(losses) > 1
    x = np.linspace(-REACH, REACH, POINTS)
    drawn = []
    for loss in losses:
        values, slopes = shape_of(loss, x)
        name, colour = loss.key if named else "", colour_of(loss.key, dark=dark)
        drawn.append(loss_anatomy.LossShape(x=x, values=values, slopes=slopes, colour=colour, name=name))
    return loss_anatomy.anatomy_chart(
        drawn, [_measured(key, measured, marked.get(key), dark=dark) for key, measured in models.items()], width, height
    )


def _measured(key: str, measured: Sequence[Anatomy], marked: float | None, *, dark: bool) -> loss_anatomy.ModelRows:
    shares = [one.share for one in measured if one.share is not None]
    return loss_anatomy.ModelRows(
        name=key,
        levels=LEVELS,
        quantiles=np.array([one.quantiles for one in measured]),
        share=float(np.mean(shares)) if shares else None,
        colour=colour_of(key, dark=dark),
        marked=marked,
    )
