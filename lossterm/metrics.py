"""What every model is scored on: metrics of its final predictions, the same for every loss.

Each metric is a pure function `(numpy, outcome) -> float`; NumPy is passed in, since the terminal's process lists
metrics without computing any.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from lossterm.errors import UnknownName
from lossterm.losses import Kind

Array = Any
Numpy = Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """Final predictions on one split."""

    target: Array
    """(rows,): true values, or indices of the true classes."""
    prediction: Array
    """(rows,): predicted values, or indices of the predicted classes (sign or argmax of the output)."""
    decision: Array | None = None
    """What the class was decided from: (rows,) for two classes, (rows, K) for more; None for regression."""
    probability: Array | None = None
    """(rows, K) class probabilities; None for regression and for heads that give none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One record of the catalogue of metrics."""

    key: str
    """As written in tables and JSON."""
    title: str
    """The name in print."""
    kinds: tuple[Kind, ...]
    """Kinds of task on which it means something."""
    direction: Literal["min", "max"]
    """Whether less or more is better."""
    needs_probability: bool = False
    """Whether it has no meaning for a head without probabilities."""
    formula: str
    """How it is computed."""
    function: Callable[[Numpy, Outcome], float]
    """The computation; may return NaN where the data leave it undefined."""


def _mse(np: Numpy, o: Outcome) -> float:
    return float(np.mean(np.square(o.target - o.prediction, dtype=np.float64)))


def _rmse(np: Numpy, o: Outcome) -> float:
    return float(_mse(np, o) ** 0.5)


def _mae(np: Numpy, o: Outcome) -> float:
    return float(np.mean(np.abs(o.target - o.prediction), dtype=np.float64))


def _median_ae(np: Numpy, o: Outcome) -> float:
    return float(np.median(np.abs(o.target - o.prediction)))


def _r2(np: Numpy, o: Outcome) -> float:
    variance = np.var(o.target, dtype=np.float64)
    return float(1 - _mse(np, o) / variance) if variance else float("nan")


def _accuracy(np: Numpy, o: Outcome) -> float:
    return float(np.mean(o.target == o.prediction))


def _balanced_accuracy(np: Numpy, o: Outcome) -> float:
    return float(np.mean([np.mean(o.prediction[o.target == c] == c) for c in np.unique(o.target)]))


def _macro_f1(np: Numpy, o: Outcome) -> float:
    def f1(c: int) -> float:
        hits = np.sum((o.target == c) & (o.prediction == c))
        return float(2 * hits / (np.sum(o.target == c) + np.sum(o.prediction == c)))

    return float(np.mean([f1(c) for c in np.union1d(o.target, o.prediction)]))


def _area(np: Numpy, positive: Array, score: Array) -> float:
    """Area under the ROC curve by the Mann–Whitney statistic, ties counted half."""
    positives = int(np.sum(positive))
    negatives = len(positive) - positives
    if not positives or not negatives:
        return float("nan")
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    midrank = np.cumsum(count) - (count - 1) / 2
    return float((np.sum(midrank[place][positive]) - positives * (positives + 1) / 2) / (positives * negatives))


def _roc_auc(np: Numpy, o: Outcome) -> float:
    if o.decision is None:
        return float("nan")
    if o.decision.ndim == 1:
        return _area(np, o.target == 1, o.decision)
    score = o.decision if o.probability is None else o.probability
    return float(np.mean([_area(np, o.target == c, score[:, c]) for c in range(score.shape[1])]))


def _true_probability(np: Numpy, o: Outcome) -> Array:
    assert o.probability is not None
    return o.probability[np.arange(len(o.target)), o.target]


def _log_loss(np: Numpy, o: Outcome) -> float:
    smallest = np.finfo(np.float32).eps
    return float(-np.mean(np.log(np.clip(_true_probability(np, o), smallest, 1))))


def _brier(np: Numpy, o: Outcome) -> float:
    assert o.probability is not None
    truth = np.eye(o.probability.shape[1])[o.target]
    total = float(np.mean(np.sum(np.square(o.probability - truth), axis=1)))
    return total / 2 if o.probability.shape[1] == 2 else total


def _ece(np: Numpy, o: Outcome) -> float:
    assert o.probability is not None
    confidence = np.max(o.probability, axis=1)
    right = o.target == o.prediction
    bins = np.array_split(np.argsort(confidence, kind="stable"), 10)
    gaps = [len(rows) * abs(np.mean(confidence[rows]) - np.mean(right[rows])) for rows in bins if len(rows)]
    return float(np.sum(gaps) / len(right))


_CLASSES: tuple[Kind, ...] = ("binary", "multiclass")

METRICS: dict[str, Metric] = {
    metric.key: metric
    for metric in (
        Metric(
            key="mae",
            title="mean absolute error",
            kinds=("regression",),
            direction="min",
            formula="mean |f − y|",
            function=_mae,
        ),
        Metric(
            key="mse",
            title="mean squared error",
            kinds=("regression",),
            direction="min",
            formula="mean (f − y)²",
            function=_mse,
        ),
        Metric(
            key="rmse",
            title="root mean squared error",
            kinds=("regression",),
            direction="min",
            formula="√ mean (f − y)²",
            function=_rmse,
        ),
        Metric(
            key="r2",
            title="coefficient of determination",
            kinds=("regression",),
            direction="max",
            formula="1 − Σ(f − y)² / Σ(y − ȳ)²",
            function=_r2,
        ),
        Metric(
            key="median_ae",
            title="median absolute error",
            kinds=("regression",),
            direction="min",
            formula="median |f − y|",
            function=_median_ae,
        ),
        Metric(
            key="accuracy",
            title="accuracy",
            kinds=_CLASSES,
            direction="max",
            formula="share of rows whose class (sign or argmax of the output) is right",
            function=_accuracy,
        ),
        Metric(
            key="balanced_accuracy",
            title="balanced accuracy",
            kinds=_CLASSES,
            direction="max",
            formula="mean over classes of the recall",
            function=_balanced_accuracy,
        ),
        Metric(
            key="macro_f1",
            title="macro F1",
            kinds=_CLASSES,
            direction="max",
            formula="mean over classes of 2·TP / (2·TP + FP + FN)",
            function=_macro_f1,
        ),
        Metric(
            key="roc_auc",
            title="area under the ROC curve",
            kinds=_CLASSES,
            direction="max",
            formula="P(score of a positive > score of a negative), ties half; mean of one-vs-rest for K > 2",
            function=_roc_auc,
        ),
        Metric(
            key="log_loss",
            title="log-loss",
            kinds=_CLASSES,
            direction="min",
            needs_probability=True,
            formula="−mean ln p_t, p_t clipped at 1.2e-7",
            function=_log_loss,
        ),
        Metric(
            key="brier",
            title="Brier score",
            kinds=_CLASSES,
            direction="min",
            needs_probability=True,
            formula="mean Σ(p − y)², halved for two classes",
            function=_brier,
        ),
        Metric(
            key="ece",
            title="expected calibration error",
            kinds=_CLASSES,
            direction="min",
            needs_probability=True,
            formula="Σ |mean confidence − accuracy| over 10 bins of equal mass, weighted by rows",
            function=_ece,
        ),
    )
}
"""Every metric by key, in the order in which tables show them."""

PRIMARY: dict[Kind, str] = {"regression": "mae", "binary": "accuracy", "multiclass": "accuracy"}
"""The metric that ranks, and that curves follow, for each kind of task."""


def metric_named(key: str) -> Metric:
    """Return the record of a key. Raises UnknownName with near misses."""
    try:
        return METRICS[key]
    except KeyError:
        raise UnknownName("metric", key, METRICS) from None


def metrics_for(kind: Kind) -> tuple[Metric, ...]:
    """Return the metrics that mean something for this kind of task, in catalogue order."""
    return tuple(metric for metric in METRICS.values() if kind in metric.kinds)
