"""From a network's final output to scores: NumPy only, the same for every loss."""

from collections.abc import Mapping

import numpy as np

from lossterm.losses import Kind, Loss
from lossterm.metrics import Metric, Outcome, metrics_for
from lossterm.protocols import Split, SplitName
from lossterm.store import Scores


def encode(loss: Loss, target: np.ndarray, classes: int | None) -> np.ndarray:
    """Return targets in the form that the loss wants: float32 (rows,) or (rows, K), or int32 class indices."""
    if loss.encoding == "index":
        return target.astype(np.int32)
    if loss.encoding == "one_hot":
        assert classes is not None
        return np.asarray(np.eye(classes, dtype=np.float32)[target])
    if loss.encoding == "plus_minus_one":
        return (2 * target - 1).astype(np.float32)
    return target.astype(np.float32)


def read(loss: Loss, split: Split, output: np.ndarray) -> Outcome:
    """Read a network's output, (rows,) or (rows, K), as the loss's record says."""
    output = output.astype(np.float64)
    if loss.reading == "value":
        return Outcome(target=split.target, prediction=output)
    if loss.reading == "margin":
        return Outcome(target=split.target, prediction=(output > 0).astype(int), decision=output)
    if loss.reading == "logit":
        positive = np.exp(-np.logaddexp(0, -output))  # σ, without overflow at either end
        return Outcome(
            target=split.target,
            prediction=(output > 0).astype(int),
            decision=output,
            probability=np.stack([np.exp(-np.logaddexp(0, output)), positive], axis=1),
        )
    shifted = np.exp(output - output.max(axis=1, keepdims=True))
    return Outcome(
        target=split.target,
        prediction=output.argmax(axis=1),
        decision=output,
        probability=shifted / shifted.sum(axis=1, keepdims=True),
    )


def score(kind: Kind, outcomes: Mapping[SplitName, Outcome]) -> Scores:
    """Return every metric of a kind on every split; None where it has no meaning for the head or the data."""

    def values(metric: Metric) -> dict[str, float | None] | None:
        if metric.needs_probability and any(outcome.probability is None for outcome in outcomes.values()):
            return None
        found = {split: metric.function(np, outcome) for split, outcome in outcomes.items()}
        return {split: value if np.isfinite(value) else None for split, value in found.items()}

    return {metric.key: values(metric) for metric in metrics_for(kind)}
