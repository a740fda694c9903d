"""What a final model does on its training rows: residuals or margins, and how concentrated the gradient is."""

import math
from collections.abc import Iterator

import numpy as np

from lossterm.comparison.protocol import Prepared
from lossterm.losses import Loss
from lossterm.losses.loss import RANKED
from lossterm.losses.prediction_from_output import rank_probabilities, value_of
from lossterm.store import LEVELS, Anatomy, HeldRow

WORST = 0.01
"""Share of the rows that counts as the worst."""


MOST_HELD = 20
"""Rows that are kept of those that hold most of the gradient."""


def anatomy_of(
    loss: Loss, data: Prepared, output: np.ndarray, slopes: np.ndarray, predicted: np.ndarray | None = None
) -> Anatomy | None:
    """Sum up outputs on the training rows, (rows, …) or (rows, …, K), and the sizes of their gradients, (rows,).

    With what is `predicted` for these rows, (rows,) in the target's units, also keeps the rows that hold most of the
    gradient. Returns None where a residual or margin is not finite.
    """
    every = _deviation(loss, data, output.astype(np.float64))
    if not np.isfinite(every).all():
        return None
    deviation = _of_rows(loss, every)
    worst = np.argsort(np.abs(deviation) if loss.reading == "value" else -deviation, kind="stable")
    held = slopes[worst[-math.ceil(WORST * len(worst)) :]].sum(dtype=np.float64)
    total = slopes.sum(dtype=np.float64)
    return Anatomy(
        of="residual" if loss.reading == "value" else "margin",
        quantiles=tuple(float(f"{value:.4g}") for value in np.quantile(every, LEVELS)),
        share=float(f"{held / total:.4g}") if np.isfinite(total) and total > 0 else None,
        rows=() if predicted is None else tuple(_held(data, deviation, slopes, predicted)),
    )


def _held(data: Prepared, deviation: np.ndarray, slopes: np.ndarray, predicted: np.ndarray) -> Iterator[HeldRow]:
    """Yield the rows that hold most of the gradient; of rows that hold as much, the largest deviations first."""
    total, train = slopes.sum(dtype=np.float64), data.splits["train"]
    if data.rows is None or not (np.isfinite(total) and total > 0):
        return
    for place in np.lexsort((-np.abs(deviation), -slopes))[:MOST_HELD].tolist():
        if not np.isfinite(predicted[place]):
            continue
        seen = train.features[place].tolist() if train.features.shape[1] == 2 and place < len(train.features) else None
        yield HeldRow(
            row=int(data.rows[place]),
            share=_short(slopes[place] / total),
            deviation=_short(deviation[place]),
            target=_short(train.target[place]),
            predicted=_short(predicted[place]),
            inputs=(_short(seen[0]), _short(seen[1])) if seen else None,
        )


def _of_rows(loss: Loss, every: np.ndarray) -> np.ndarray:
    """Return one deviation for each row: of several numbers, the mean size of residuals, or the mean margin."""
    if every.ndim == 1:
        return every
    return np.asarray((np.abs(every) if loss.reading == "value" else every).reshape(len(every), -1).mean(axis=1))


def _short(number: float) -> float:
    return float(f"{number:.5g}")


def _deviation(loss: Loss, data: Prepared, output: np.ndarray) -> np.ndarray:
    """Return residuals in the unit that the loss sees, or margins: how far the true class is ahead."""
    target = data.splits["train"].target
    if loss.reading == "value":
        scaling = data.scaling(loss.scale)
        own = loss.scale == "raw" and data.scales and loss.link != "logit"  # shares are their own unit
        unit = np.abs(target).mean(axis=0) if own else np.ones(target.shape[1:])
        unit = np.where(unit > 0, unit, 1.0)
        return np.asarray((value_of(output, loss.link, target.ndim) - scaling.scaled(target)) / unit)
    if loss.reading in RANKED:  # as the logits of a softmax with these probabilities
        output = np.log(np.maximum(rank_probabilities(output, loss.reading), np.finfo(np.float64).tiny))
    if loss.by_class or loss.reading in RANKED:
        true = target[..., None]
        others = output.copy()
        np.put_along_axis(others, true, -np.inf, axis=-1)
        return np.asarray(np.take_along_axis(output, true, axis=-1)[..., 0] - others.max(axis=-1))
    return np.asarray((2 * target - 1) * output)
