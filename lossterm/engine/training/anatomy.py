"""What a final model does on its training rows: residuals or margins, and how concentrated the gradient is."""

import math

import numpy as np

from lossterm.comparison.protocol import Prepared
from lossterm.losses import Loss
from lossterm.losses.prediction_from_output import value_of
from lossterm.store import LEVELS, Anatomy

WORST = 0.01
"""Share of the rows that counts as the worst."""


def anatomy_of(loss: Loss, data: Prepared, output: np.ndarray, slopes: np.ndarray) -> Anatomy | None:
    """Sum up outputs on the training rows, (rows,) or (rows, K), and the sizes of their gradients, (rows,).

    Returns None where a residual or margin is not finite.
    """
    deviation = _deviation(loss, data, output.astype(np.float64))
    if not np.isfinite(deviation).all():
        return None
    worst = np.argsort(np.abs(deviation) if loss.reading == "value" else -deviation, kind="stable")
    held = slopes[worst[-math.ceil(WORST * len(worst)) :]].sum(dtype=np.float64)
    total = slopes.sum(dtype=np.float64)
    return Anatomy(
        of="residual" if loss.reading == "value" else "margin",
        quantiles=tuple(float(f"{value:.4g}") for value in np.quantile(deviation, LEVELS)),
        share=float(f"{held / total:.4g}") if np.isfinite(total) and total > 0 else None,
    )


def _deviation(loss: Loss, data: Prepared, output: np.ndarray) -> np.ndarray:
    """Return residuals in the unit that the loss sees, or margins: how far the true class is ahead."""
    target = data.splits["train"].target
    if loss.reading == "value":
        scaling = data.scaling(loss.scale)
        unit = float(np.abs(target).mean()) or 1.0 if loss.scale == "raw" and data.scales else 1.0
        return np.asarray((value_of(output, loss.link) - scaling.scaled(target)) / unit)
    if loss.by_class:
        rows = np.arange(len(target))
        others = output.copy()
        others[rows, target] = -np.inf
        return np.asarray(output[rows, target] - others.max(axis=1))
    return np.asarray((2 * target - 1) * output)
