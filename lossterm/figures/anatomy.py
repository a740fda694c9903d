"""Losses and the models that they trained, drawn: loss and slope, the models' rows beneath, and who holds the gradient.

Slow to import, as charts are, so the app does it when it is first looked at.
"""

from collections.abc import Iterable, Mapping, Sequence

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
    """Return the losses whose shape is known; one of one's own is known to the worker alone."""
    return [loss for loss in losses if loss.reading != "unknown"]


def chart(
    losses: Sequence[Loss], models: Mapping[str, Sequence[Anatomy]], width: int, height: int, *, dark: bool
) -> Drawing:
    """Draw losses, and beneath them the models of each, in `width` × `height` cells; see `charts.anatomy_chart`."""
    x = np.linspace(-REACH, REACH, POINTS)
    drawn = []
    for loss in losses:
        values, slopes = shape_of(loss, x)
        drawn.append(loss_anatomy.LossShape(x=x, values=values, slopes=slopes, colour=colour_of(loss.key, dark=dark)))
    return loss_anatomy.anatomy_chart(
        drawn, [_measured(key, found, dark=dark) for key, found in models.items()], width, height
    )


def _measured(key: str, found: Sequence[Anatomy], *, dark: bool) -> loss_anatomy.ModelRows:
    shares = [one.share for one in found if one.share is not None]
    return loss_anatomy.ModelRows(
        name=key,
        levels=LEVELS,
        quantiles=np.array([one.quantiles for one in found]),
        share=float(np.mean(shares)) if shares else None,
        colour=colour_of(key, dark=dark),
    )
