"""From a network's final output to scores: NumPy only, the same for every loss."""

from collections.abc import Iterable, Mapping

import numpy as np

from lossterm.losses import Loss
from lossterm.metrics import Metric, Outcome
from lossterm.protocols import Prepared, SplitName
from lossterm.scaling import Scaling
from lossterm.store import Scores


def encode(loss: Loss, scaling: Scaling, target: np.ndarray, classes: int | None) -> np.ndarray:
    """Return targets in the form that the loss wants: float32 (rows,) or (rows, K), or int32 class indices."""
    if loss.encoding == "value":
        return scaling.scaled(target).astype(np.float32)
    if loss.encoding == "index":
        return target.astype(np.int32)
    if loss.encoding == "one_hot":
        assert classes is not None
        return np.asarray(np.eye(classes, dtype=np.float32)[target])
    if loss.encoding == "plus_minus_one":
        return (2 * target - 1).astype(np.float32)
    return target.astype(np.float32)


def value_of(loss: Loss, output: np.ndarray) -> np.ndarray:
    """Return predicted values on the loss's scale, (rows,), from an output of (rows,) or (rows, units)."""
    first = output[:, 0] if loss.units > 1 else output
    with np.errstate(over="ignore"):  # an infinite prediction has no score, and is told so
        return np.exp(first) if loss.link == "log" else first


def read(loss: Loss, data: Prepared, split: SplitName, output: np.ndarray) -> Outcome:
    """Read a network's output on a split, (rows,) or (rows, K), as the loss's record says; values in original units."""
    output, target = output.astype(np.float64), data.splits[split].target
    if loss.reading == "value":
        return Outcome(target=target, prediction=data.scaling(loss.scale).restored(value_of(loss, output)))
    if loss.reading == "margin":
        return Outcome(target=target, prediction=(output > 0).astype(int), decision=output)
    if loss.reading == "logit":
        positive = np.exp(-np.logaddexp(0, -output))  # σ, without overflow at either end
        return Outcome(
            target=target,
            prediction=(output > 0).astype(int),
            decision=output,
            probability=np.stack([np.exp(-np.logaddexp(0, output)), positive], axis=1),
        )
    if loss.reading == "scores":
        return Outcome(target=target, prediction=output.argmax(axis=1), decision=output)
    shifted = np.exp(output - output.max(axis=1, keepdims=True))
    return Outcome(
        target=target,
        prediction=output.argmax(axis=1),
        decision=output,
        probability=shifted / shifted.sum(axis=1, keepdims=True),
    )


def score(metrics: Iterable[Metric], loss: Loss, outcomes: Mapping[SplitName, Outcome]) -> Scores:
    """Return metrics on every split; None where one has no meaning for the head or the data."""

    def values(metric: Metric) -> dict[str, float | None] | None:
        if not metric.defined(loss):
            return None
        with np.errstate(all="ignore"):  # an infinite prediction has no score; that is told, not warned of
            found = {split: metric.function(np, outcome) for split, outcome in outcomes.items()}
        return {split: value if np.isfinite(value) else None for split, value in found.items()}

    return {metric.key: values(metric) for metric in metrics}
