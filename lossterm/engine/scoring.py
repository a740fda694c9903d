"""From a network's final output to scores: NumPy only, the same for every loss."""

from collections.abc import Iterable, Mapping

import numpy as np

from lossterm.comparison.protocol import Prepared, SplitName
from lossterm.losses import Kind, Loss
from lossterm.losses.loss import RANKED
from lossterm.losses.prediction_from_output import prediction_of, quantiles_of
from lossterm.losses.target_scaling import Scaling
from lossterm.metrics import CONSTANT, Metric, Outcome, constant_outcome, metric_named
from lossterm.store import TrialScores


def encode(loss: Loss, scaling: Scaling, target: np.ndarray, classes: int | None) -> np.ndarray:
    """Encode targets (rows, …) as the loss wants them: float32 (rows, …) or (rows, …, K), or int32 class indices."""
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


BLOWN_UP = 1000
"""How many times as large as the constant prediction's a mean error must be to count as divergence."""


def blown_up(outcome: Outcome, kind: Kind) -> bool:
    """Whether a regression's training went beyond all bounds, though its numbers stayed finite: on its own rows.

    The mean absolute error is compared with that of the median of the target; a target that is constant has none.
    `kind` is that of each number of the target.
    """
    if kind != "regression":
        return False
    constant = float(np.mean(np.abs(outcome.target - np.median(outcome.target, axis=0))))
    return 0 < BLOWN_UP * constant < float(np.mean(np.abs(outcome.prediction - outcome.target)))


def outcome_of(loss: Loss, data: Prepared, split: SplitName, output: np.ndarray) -> Outcome:
    """Read a network's output on a split, (rows, …) or (rows, …, K), as the loss says; values in original units."""
    values, target = loss.reading == "value", data.splits[split].target
    scaling = data.scaling(loss.scale) if values else Scaling()
    predicted = prediction_of(output, loss.reading, loss.link, scaling, target.ndim)
    quantiles = quantiles_of(output.astype(np.float64), loss.beside)
    decision = None if values else output.astype(np.float64)
    if loss.reading in RANKED:  # one for each class, where the output has one less
        decision = np.log(np.maximum(np.asarray(predicted.probability), np.finfo(np.float64).tiny))
    return Outcome(
        target=target,
        prediction=predicted.prediction,
        decision=decision,
        probability=predicted.probability,
        quantiles=None if quantiles is None else scaling.restored(quantiles),
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


def with_constant(
    scores: TrialScores, outcomes: Mapping[SplitName, Outcome], known: dict[str, float | None]
) -> TrialScores:
    """Add to each metric that is defined what the constant prediction scores on test.

    `known` holds those scores by metric, as far as they were worked out, and is filled: they depend on the targets and
    on the form of the output, so that all trials of one loss and one draw share them.
    """

    def constant(key: str) -> float | None:
        if key not in known:
            metric = metric_named(key)
            value = metric.function(np, constant_outcome(np, metric, outcomes["train"], outcomes["test"]))
            known[key] = value if np.isfinite(value) else None
        return known[key]

    return {key: None if splits is None else {**splits, CONSTANT: constant(key)} for key, splits in scores.items()}
