"""How far a race is, gone through anew from the trials that there are: so it goes on wherever it was left."""

from collections.abc import Iterable, Sequence

from lossterm.comparison.comparison import RATES_TO_TUNE, Comparison
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.metrics import Metric, metric_named
from lossterm.reports.rate_sweep import tuning_metric, validation_scores
from lossterm.reports.target_sd import target_sd
from lossterm.statistics.equivalence import Rope
from lossterm.statistics.racing import Entrant, Race, Rules, race
from lossterm.store import AskedComparison, TrialRow


def race_so_far(asked: AskedComparison, rows: Sequence[TrialRow]) -> Race | None:
    """Go through a race as far as its trials reach; None where every seed is trained."""
    comparison = asked.comparison
    if comparison.cap is None:
        return None
    ranking, sd = metric_named(comparison.metric), target_sd(rows)
    rules = Rules(
        cap=comparison.cap,
        rates=comparison.learning_rates,
        widens=comparison.learning_rates == RATES_TO_TUNE,
        direction=ranking.direction,
        rope=_rope(comparison, ranking, sd),
        correlation=protocol_named(comparison.protocol).correlation(comparison.record),
        races=asked.looks,
    )
    return race({loss: _entrant(comparison, loss, rows, sd) for loss in comparison.losses}, rules)


def _rope(comparison: Comparison, metric: Metric, sd: float | None) -> Rope:
    """Return what matters to no one of a metric: what a person said, if it was said of this one."""
    said = comparison.rope if metric.key == comparison.metric else None
    return metric.region(sd) if said is None else Rope(size=said)


def _entrant(comparison: Comparison, loss: str, rows: Iterable[TrialRow], sd: float | None) -> Entrant:
    trained = [row for row in rows if row.trial.loss == loss and row.trained]
    validation, direction = validation_scores(comparison, loss, trained)
    ended: dict[float, set[int]] = {}
    test: dict[float, dict[int, float | None]] = {}
    for row in trained:
        rate, seed = row.trial.learning_rate, row.trial.seed
        ended.setdefault(rate, set()).add(seed)
        test.setdefault(rate, {})[seed] = row.score(comparison.metric, "test") if row.status == "done" else None
    metric = tuning_metric(comparison, loss, trained)
    return Entrant(
        ended=ended,
        validation=validation,
        test=test,
        metric=metric.key,
        direction=direction,
        rope=_rope(comparison, metric, sd),
    )


def judged_in(raced: Race, rows: Sequence[TrialRow]) -> tuple[TrialRow, ...]:
    """Return the trials that the last look at a race went by; all before the first."""
    if not raced.looked:
        return tuple(rows)
    return tuple(row for row in rows if row.trial.seed < raced.judged[row.trial.loss])
