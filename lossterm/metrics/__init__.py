"""Metrics: every model is scored on its final predictions in the target's units, in the same way for every loss."""

import math
from collections.abc import Iterable

from lossterm.errors import DoesNotFit, UnknownName
from lossterm.losses import Kind, Loss
from lossterm.losses.prediction_from_output import gives_quantiles
from lossterm.metrics.classification import CLASSIFICATION
from lossterm.metrics.constant_prediction import CONSTANT, constant_outcome
from lossterm.metrics.distribution import DISTRIBUTION
from lossterm.metrics.labels import LABELS
from lossterm.metrics.masks import MASKS
from lossterm.metrics.metric import Metric, Outcome
from lossterm.metrics.quantiles import QUANTILES
from lossterm.metrics.ranks import RANKS
from lossterm.metrics.regression import REGRESSION
from lossterm.text.numbers import listed

METRICS: dict[str, Metric] = {
    metric.key: metric for metric in (*REGRESSION, *QUANTILES, *DISTRIBUTION, *CLASSIFICATION, *RANKS, *LABELS, *MASKS)
}
"""Every metric by key, in the order in which tables show them."""

PRIMARY: dict[Kind, str] = {
    "regression": "mae",
    "binary": "accuracy",
    "multiclass": "accuracy",
    "multioutput": "r2",
    "multilabel": "label_macro_ap",
    "ordinal": "qwk",
    "segmentation": "dice",
}
"""For each kind of task, the metric that ranks unless another is requested."""

FOLLOWED: dict[Kind, str] = {
    **PRIMARY,
    "multioutput": "mae",
    "multilabel": "accuracy",
    "ordinal": "accuracy",
    "segmentation": "accuracy",
}
"""For each kind of task, the metric that curves follow: a mean over rows, so that it can be computed as they train."""


__all__ = [
    "CONSTANT",
    "FOLLOWED",
    "METRICS",
    "PRIMARY",
    "Metric",
    "Outcome",
    "constant_outcome",
    "metric_for",
    "metric_named",
    "metrics_for",
    "worth_showing",
]


def metric_named(key: str) -> Metric:
    """Return the record of a key. Raises UnknownName with near misses."""
    try:
        return METRICS[key]
    except KeyError:
        raise UnknownName("metric", key, METRICS) from None


def metrics_for(kind: Kind, protocol: str = "fair", lowest: float = math.inf) -> tuple[Metric, ...]:
    """Return the metrics for a kind of task with no target below `lowest` under a protocol, in catalogue order."""
    return tuple(
        metric
        for metric in METRICS.values()
        if kind in metric.kinds and metric.protocol in (None, protocol) and lowest >= metric.lowest
    )


def worth_showing(metrics: Iterable[Metric], losses: Iterable[Loss], ranking: str) -> tuple[Metric, ...]:
    """Return the metrics without those of quantiles that no loss estimates; the ranking metric always stays."""
    shown = list(losses)
    levels = {loss.level for loss in shown}
    joint = any(gives_quantiles(loss.beside) for loss in shown)

    def estimated(metric: Metric) -> bool:
        return joint if metric.needs == "quantiles" else metric.level is None or metric.level in levels

    return tuple(m for m in metrics if estimated(m) or m.key == ranking)


def metric_for(key: str, kind: Kind, protocol: str = "fair", lowest: float = math.inf) -> Metric:
    """Return the record of a key.

    Raises UnknownName, with near misses among those that fit, and DoesNotFit for one that `metrics_for` leaves out.
    """
    fit = metrics_for(kind, protocol, lowest)
    if key not in METRICS:
        raise UnknownName("metric", key, [one.key for one in fit])
    metric = METRICS[key]
    if metric in fit:
        return metric
    if kind not in metric.kinds:
        reason = f"is a metric for {listed(metric.kinds)} tasks, but this task is {kind}"
    elif lowest < metric.lowest:
        reason = f"needs targets of at least {metric.lowest:g}, and this task's go below"
    else:
        reason = f"is computed under the protocol {metric.protocol} only"
    raise DoesNotFit(f"{key} {reason}. Metrics that fit: {', '.join(one.key for one in fit)}.")
