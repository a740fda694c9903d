"""The last line of every table: what a model scores that predicts the same for every row."""

import math
from collections.abc import Iterable, Sequence

import msgspec

from lossterm.metrics import CONSTANT, Metric
from lossterm.statistics.paired_differences import Scores, Summary, differences, standard_error, summarise
from lossterm.store import TrialRow

CLEARLY = 2.0
"""Standard errors by which the best must be ahead of the constant prediction to beat it."""


class ConstantPrediction(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of the constant prediction on the test rows of the judged trials. Names are those of the JSON."""

    predicts: str
    """What it predicts, by the metric that ranks."""
    beaten: bool
    """Whether the best loss is clearly better than it, by the metric that ranks."""
    scores: dict[str, Summary]
    """Metric → mean and standard deviation over the seeds."""


def constant_prediction(
    rows: Sequence[TrialRow], metrics: Iterable[Metric], ranking: Metric, best: Scores, correlation: float
) -> ConstantPrediction | None:
    """Return what the stored scores of trials say of it, None if they were stored without.

    `best` are the test scores of the best loss by seed, `correlation` is Nadeau and Bengio's ρ.
    """
    scores = {metric.key: summary for metric in metrics if (summary := _summary(rows, metric)).mean is not None}
    if ranking.key not in scores:
        return None
    by_seed = _by_seed(rows, ranking)
    constant = [by_seed.get(seed) for seed in range(len(best))]
    d = differences(best, constant, 1 if ranking.direction == "max" else -1)
    return ConstantPrediction(predicts=_predicts(ranking), beaten=_ahead(d, correlation), scores=scores)


def _by_seed(rows: Iterable[TrialRow], metric: Metric) -> dict[int, float]:
    """Return the score by seed: it is the same whichever loss was trained on the rows."""
    return {row.trial.seed: value for row in rows if (value := row.score(metric.key, CONSTANT)) is not None}


def _summary(rows: Iterable[TrialRow], metric: Metric) -> Summary:
    return summarise(list(_by_seed(rows, metric).values()))


def _ahead(d: Sequence[float], correlation: float) -> bool:
    """Whether differences are above 0 by more than luck, as far as so few can tell; without any nothing is known."""
    if not d:
        return True
    spread = summarise(d).sd or 0.0
    return math.fsum(d) / len(d) > CLEARLY * standard_error(spread, len(d), correlation)


def _predicts(metric: Metric) -> str:
    """Say in words what it predicts."""
    if "regression" not in metric.kinds:
        what = "shares of the classes" if metric.needs == "probability" else "largest class"
        return f"the {what} of the training rows"
    number = metric.constant if metric.level is None else f"{metric.level:g}-quantile"
    return f"the {number} of the training targets"
