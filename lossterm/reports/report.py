"""A session as a report: the standings of the trials so far. `table.py` and `json_document.py` write it."""

from collections.abc import Iterable, Sequence

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol import SplitName
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.losses import loss_recorded
from lossterm.metrics import PRIMARY, Metric, metric_for, metric_named, metrics_for, worth_showing
from lossterm.statistics.learning_rate_choice import RatePoint, at_edge, sweep
from lossterm.statistics.paired_differences import Summary, summarise
from lossterm.statistics.ranking import Place, places
from lossterm.store import AskedComparison, TrialRow

MOST_TO_SETTLE = 1000
"""The most seeds that one key press asks for to settle a tie; a person can ask for more."""

ALL_SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")


class Standing(Place, frozen=True, kw_only=True):
    """A loss's place in a comparison, and the numbers behind it. The names are those of the JSON.

    Everything but the sweep is about the trials at `learning_rate`.
    """

    loss: str
    """Key of the loss."""
    learning_rate: float
    """Step size of its trials; of several that were tried, the best on validation."""
    learning_rate_at_edge: bool
    """Whether the best rate was the smallest or largest of several that were tried."""
    tuned_by: str
    """Metric of the validation scores in the sweep: the ranking one, unless it is undefined for the head."""
    sweep: tuple[RatePoint, ...]
    """Every rate that was tried, ascending."""
    trials: int
    """Trials asked for."""
    done: int
    """Trials that were trained to their end."""
    diverged: int
    """Trials that ended in NaN or infinity."""
    failed: int
    """Trials that could not be trained."""
    scores: dict[str, dict[SplitName, Summary | None] | None]
    """Metric → split → mean and sd; None where a metric is undefined for the head or a split does not exist."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a comparison, complete or not."""

    asked: AskedComparison
    """The comparison; for several that share a table, their union under the last one's number."""
    standings: tuple[Standing, ...]
    """Best first."""
    rows: tuple[TrialRow, ...]
    """The trials themselves."""

    @property
    def environment(self) -> dict[str, str] | None:
        """Versions and device of the last trial to end; None before any ended."""
        ended = [row for row in self.rows if row.environment]
        return max(ended, key=lambda row: row.finished or 0).environment if ended else None

    @property
    def seconds(self) -> float:
        """Wall-clock time from the request to the last trial's end; 0 if every trial was stored already."""
        return max([0.0, *(row.finished - self.asked.created for row in self.rows if row.finished)])

    @property
    def sound(self) -> bool:
        """Whether no trial failed, and none diverged at the learning rate that its loss is judged at."""
        return not any(row.status == "failed" for row in self.rows) and not any(s.diverged for s in self.standings)

    @property
    def stopped(self) -> int:
        """Trials that were cancelled."""
        return sum(row.status == "cancelled" for row in self.rows)

    @property
    def pending(self) -> int:
        """Trials that have not ended."""
        return sum(not row.ended for row in self.rows)

    @property
    def partial(self) -> bool:
        """Whether some trials have not ended or were stopped."""
        return bool(self.stopped or self.pending)

    @property
    def seeds_to_settle(self) -> int | None:
        """Total number of seeds that would settle every tie; None without a tie, or if no number would."""
        tied = [s for s in self.standings if s.verdict == "tied" and not s.equivalent]
        asked = [s.seeds_to_settle for s in tied if s.seeds_to_settle is not None]
        return max(asked, default=None) if len(asked) == len(tied) else None

    @property
    def settling(self) -> Comparison | None:
        """The comparison that would settle the ties; None without a tie, or if it would take too many seeds."""
        if self.partial or self.seeds_to_settle is None:
            return None
        have = min(s.pairs or 0 for s in self.standings if s.verdict == "tied")
        if not have < self.seeds_to_settle <= MOST_TO_SETTLE:
            return None
        return msgspec.structs.replace(self.asked.comparison, seeds=self.seeds_to_settle)

    def judged(self) -> list[TrialRow]:
        """Return the trials at the learning rates that their losses are judged at."""
        rates = {standing.loss: standing.learning_rate for standing in self.standings}
        return [row for row in self.rows if row.trial.learning_rate == rates[row.trial.loss]]


def build(asked: AskedComparison, rows: Iterable[TrialRow], metric: str | None = None) -> Report:
    """Compute the standings of the trials so far, ranked by `metric` if it names one.

    Raises UnknownName or DoesNotFit for a metric that the task does not have.
    """
    rows = tuple(rows)
    if metric is not None:
        asked = msgspec.structs.replace(asked, comparison=_ranked_by(asked.comparison, metric))
    comparison = asked.comparison
    task, ranking = comparison.record, metric_named(comparison.metric)
    sweeps = {loss: _sweep(comparison, loss, rows) for loss in comparison.losses}
    rates = {loss: next(point.learning_rate for point in sweeps[loss] if point.chosen) for loss in comparison.losses}
    judged = {
        loss: [row for row in rows if row.trial.loss == loss and row.trial.learning_rate == rate]
        for loss, rate in rates.items()
    }
    placed = places(
        {loss: _by_seed(trials, ranking, "test", comparison.seeds) for loss, trials in judged.items()},
        direction=ranking.direction,
        rope=ranking.rope,
        relative=ranking.relative,
        correlation=protocol_named(comparison.protocol).correlation(task),
    )
    standings = (_standing(comparison, loss, place, sweeps[loss], judged[loss]) for loss, place in placed.items())
    return Report(asked=asked, standings=tuple(standings), rows=rows)


def tables(every: Sequence[AskedComparison]) -> list[AskedComparison]:
    """Join the comparisons that may share a table, under the number of the last; in the order last asked for.

    Seeds that were stopped no longer count as asked for once a later comparison joins the same table.
    """
    groups: list[list[AskedComparison]] = []
    for asked in every:
        group = next((candidate for candidate in groups if candidate[0].comparison.comparable(asked.comparison)), [])
        if group:
            groups.remove(group)
        groups.append([*group, asked])
    return [_joined(group) for group in groups]


def _joined(group: Sequence[AskedComparison]) -> AskedComparison:
    comparison, last = group[0].comparison, group[-1]
    for asked in group[1:]:
        comparison = comparison.joined(asked.comparison)
    seeds = max(asked.comparison.seeds for asked in group if asked is last or asked.cancelled is None)
    return msgspec.structs.replace(last, comparison=msgspec.structs.replace(comparison, seeds=seeds))


def rows_of(asked: AskedComparison, rows: Iterable[TrialRow]) -> list[TrialRow]:
    """Return the trials that a comparison, joined or not, expands into.

    If a session also holds the same trial from an older engine, the newer one counts.
    """
    c = asked.comparison
    chosen = {
        (row.trial.loss, row.trial.learning_rate, row.trial.seed): row
        for row in rows
        if (row.trial.task, row.trial.protocol, row.trial.hyperparameters, row.trial.device)
        == (c.task, c.protocol, c.hyperparameters, c.device)
        and row.trial.loss in c.losses
        and row.trial.learning_rate in c.learning_rates
        and row.trial.seed < c.seeds
    }
    return list(chosen.values())


def metrics_of(comparison: Comparison) -> tuple[Metric, ...]:
    """Return the metrics worth showing for a comparison's losses, in catalogue order."""
    task = comparison.record
    fitting = metrics_for(task.kind, comparison.protocol, task.lowest)
    return worth_showing(fitting, map(loss_recorded, comparison.losses), comparison.metric)


def fitting_metric(asked: AskedComparison, metric: str | None) -> str | None:
    """Return the metric if it fits a comparison, else None."""
    c, task = asked.comparison, asked.comparison.record
    return metric if metric in [fitting.key for fitting in metrics_for(task.kind, c.protocol, task.lowest)] else None


def _ranked_by(comparison: Comparison, metric: str) -> Comparison:
    task = comparison.record
    ranking = metric_for(metric, task.kind, comparison.protocol, task.lowest)
    return msgspec.structs.replace(comparison, metric=ranking.key)


def _by_seed(rows: Iterable[TrialRow], metric: Metric, split: str, seeds: int) -> list[float | None]:
    """Return a score for each seed, None where there is none."""
    scores = {row.trial.seed: row.score(metric.key, split) for row in rows if row.status == "done"}
    return [scores.get(seed) for seed in range(seeds)]


def _sweep(comparison: Comparison, loss: str, rows: Iterable[TrialRow]) -> tuple[RatePoint, ...]:
    """Score every learning rate on validation and choose one."""
    trained = [row for row in rows if row.trial.loss == loss and row.trained]
    if not comparison.tuned:
        return (_only(comparison.learning_rates[0], trained),)
    metric = _tuning_metric(comparison, loss, trained)
    rates: dict[float, dict[int, float | None]] = {rate: {} for rate in comparison.learning_rates}
    for row in trained:
        score = row.score(metric.key, "validation")
        if score is not None or row.status != "done":  # a metric that the data leave undefined is no failure
            rates[row.trial.learning_rate][row.trial.seed] = score
    return sweep(rates, metric.direction)


def _tuning_metric(comparison: Comparison, loss: str, rows: Iterable[TrialRow]) -> Metric:
    """Return the metric that ranks, or the task's primary metric if that one is undefined for the head."""
    ranking, usual = metric_named(comparison.metric), metric_named(PRIMARY[comparison.record.kind])
    return ranking if _scored(ranking, loss, rows) else usual


def _scored(metric: Metric, loss: str, rows: Iterable[TrialRow]) -> bool:
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


def _standing(
    comparison: Comparison, loss: str, place: Place, points: tuple[RatePoint, ...], rows: Sequence[TrialRow]
) -> Standing:
    splits = protocol_named(comparison.protocol).splits
    done = [row for row in rows if row.status == "done"]

    def summary(metric: str, split: SplitName) -> Summary | None:
        if split not in splits:
            return None
        return summarise([value for row in done if (value := row.score(metric, split)) is not None])

    scores = {
        metric.key: {split: summary(metric.key, split) for split in ALL_SPLITS} if _scored(metric, loss, done) else None
        for metric in metrics_of(comparison)
    }
    return Standing(
        **msgspec.structs.asdict(place),
        loss=loss,
        learning_rate=next(point.learning_rate for point in points if point.chosen),
        learning_rate_at_edge=at_edge(points),
        tuned_by=_tuning_metric(comparison, loss, rows).key,
        sweep=points,
        trials=len(rows),
        done=len(done),
        diverged=sum(row.status == "diverged" for row in rows),
        failed=sum(row.status == "failed" for row in rows),
        scores=scores,
    )
