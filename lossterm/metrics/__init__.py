"""Metrics: every model is scored on its final predictions in the target's units, in the same way for every loss."""

import math
from collections.abc import Iterable

from lossterm.errors import DoesNotFit, UnknownName
from lossterm.losses import Kind, Loss
from lossterm.metrics.classification import CLASSIFICATION
from lossterm.metrics.metric import Metric, Outcome
from lossterm.metrics.quantiles import QUANTILES
from lossterm.metrics.regression import REGRESSION

METRICS: dict[str, Metric] = {metric.key: metric for metric in (*REGRESSION, *QUANTILES, *CLASSIFICATION)}
"""Every metric by key, in the order in which tables show them."""

PRIMARY: dict[Kind, str] = {"regression": "mae", "binary": "accuracy", "multiclass": "accuracy"}
"""For each kind of task, the metric that curves follow and that ranks unless another is requested."""


__all__ = ["METRICS", "PRIMARY", "Metric", "Outcome", "metric_for", "metric_named", "metrics_for", "worth_showing"]


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
    levels = {loss.level for loss in losses}
    return tuple(m for m in metrics if m.level is None or m.level in levels or m.key == ranking)


def metric_for(key: str, kind: Kind, protocol: str = "fair", lowest: float = math.inf) -> Metric:
    """Return the record of a key. Raises UnknownName, and DoesNotFit for one that `metrics_for` leaves out."""
    metric, fit = metric_named(key), metrics_for(kind, protocol, lowest)
    if metric in fit:
        return metric
    if kind not in metric.kinds:
        reason = f"is a metric for {' and '.join(metric.kinds)} tasks, but this task is {kind}"
    elif lowest < metric.lowest:
        reason = f"needs targets of at least {metric.lowest:g}, and this task's go below"
    else:
        reason = f"is computed under the protocol {metric.protocol} only"
    raise DoesNotFit(f"{key} {reason}. Metrics that fit: {', '.join(one.key for one in fit)}.")
