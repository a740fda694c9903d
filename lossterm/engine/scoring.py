"""From a network's final output to scores: NumPy only, the same for every loss."""

from collections.abc import Iterable, Mapping

import numpy as np

from lossterm.comparison.protocol import Prepared, SplitName
from lossterm.losses import Loss
from lossterm.losses.prediction_from_output import prediction_of
from lossterm.losses.target_scaling import Scaling
from lossterm.metrics import Metric, Outcome
from lossterm.store import TrialScores


def encode(loss: Loss, scaling: Scaling, target: np.ndarray, classes: int | None) -> np.ndarray:
    """Encode targets as the loss wants them: float32 (rows,) or (rows, K), or int32 class indices."""
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


def outcome_of(loss: Loss, data: Prepared, split: SplitName, output: np.ndarray) -> Outcome:
    """Read a network's output on a split, (rows,) or (rows, K), as the loss's record says; values in original units."""
    values = loss.reading == "value"
    predicted = prediction_of(output, loss.reading, loss.link, data.scaling(loss.scale) if values else Scaling())
    return Outcome(
        target=data.splits[split].target,
        prediction=predicted.prediction,
        decision=None if values else output.astype(np.float64),
        probability=predicted.probability,
    )


def score(metrics: Iterable[Metric], loss: Loss, outcomes: Mapping[SplitName, Outcome]) -> TrialScores:
    """Return metrics on every split; None where a metric is undefined for the head or the data."""

    def values(metric: Metric) -> dict[str, float | None] | None:
        if not metric.defined(loss):
            return None
        with np.errstate(all="ignore"):  # an infinite prediction has no score; reported as None, without a warning
            scores = {split: metric.function(np, outcome) for split, outcome in outcomes.items()}
        return {split: value if np.isfinite(value) else None for split, value in scores.items()}

    return {metric.key: values(metric) for metric in metrics}
