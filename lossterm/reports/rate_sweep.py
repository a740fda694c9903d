"""The learning rates that were tried of a loss, judged on validation: from trials to what the choice is made from."""

from collections.abc import Iterable, Sequence

from lossterm.comparison.comparison import Comparison
from lossterm.losses import loss_recorded
from lossterm.metrics import FOLLOWED, Metric, metric_named
from lossterm.statistics.learning_rate_choice import RatePoint, sweep
from lossterm.statistics.racing import Race
from lossterm.statistics.ranking import Direction
from lossterm.store import TrialRow


def swept(
    comparison: Comparison, loss: str, rows: Iterable[TrialRow], raced: Race | None = None
) -> tuple[RatePoint, ...]:
    """Score every learning rate on validation and choose one; in a race, of those that were not dropped."""
    trained = [row for row in rows if row.trial.loss == loss and row.trained]
    if not comparison.tuned:
        return (_only(comparison.learning_rates[0], trained),)
    rates, direction = validation_scores(comparison, loss, trained)
    if raced is not None:
        return sweep(rates, direction, raced.rates.get(loss, ()))
    asked = comparison.rates_of(loss)
    over = set.intersection(*(set(rates[rate]) for rate in asked if rate in comparison.learning_rates))
    eligible = [
        rate
        for rate, seeds in asked.items()
        # One beyond the grid only once it was tried on all the seeds of the grid: else a lucky one would be chosen.
        if seeds == max(asked.values()) and (rate in comparison.learning_rates or over <= set(rates[rate]))
    ]
    return sweep(rates, direction, eligible)


def validation_scores(
    comparison: Comparison, loss: str, trained: Iterable[TrialRow]
) -> tuple[dict[float, dict[int, float | None]], Direction]:
    """Return the scores that a loss's rate is chosen by, by rate and seed, and which way is better."""
    trained = list(trained)
    metric = tuning_metric(comparison, loss, trained)
    rates: dict[float, dict[int, float | None]] = {rate: {} for rate in comparison.rates_of(loss)}
    for row in trained:
        score = row.score(metric.key, "validation")
        if score is not None or row.status != "done":  # a metric that the data leave undefined is no failure
            rates[row.trial.learning_rate][row.trial.seed] = score
    return rates, metric.direction


def tuning_metric(comparison: Comparison, loss: str, rows: Iterable[TrialRow]) -> Metric:
    """Return the metric that ranks, or the task's primary metric if that one is undefined for the head."""
    ranking, usual = metric_named(comparison.metric), metric_named(FOLLOWED[comparison.record.kind])
    return ranking if scored(ranking, loss, rows) else usual


def scored(metric: Metric, loss: str, rows: Iterable[TrialRow]) -> bool:
    """Whether a metric is defined for a loss's head; for a custom loss that was trained, its scores tell."""
    record = loss_recorded(loss)
    if record.reading != "unknown":
        return metric.defined(record)
    trained = [row.scores for row in rows if row.scores]
    return not trained or any(scores.get(metric.key) for scores in trained)


def _only(rate: float, trained: Sequence[TrialRow]) -> RatePoint:
    """Return the only rate there is: nothing was chosen, so there is no validation score."""
    broken = sum(row.status != "done" for row in trained)
    return RatePoint(learning_rate=rate, mean=None, sd=None, ended=len(trained), broken=broken, chosen=True)
