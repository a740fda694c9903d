"""A session as a report: the standings of the trials so far. `table.py` and `json_document.py` write it."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol import SplitName
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.losses import loss_recorded
from lossterm.metrics import Metric, metric_for, metric_named, metrics_for, worth_showing
from lossterm.reports.collapsed_trials import by_seed, collapsed_trials
from lossterm.reports.constant_prediction import ConstantPrediction, constant_prediction
from lossterm.reports.race_so_far import judged_in, race_so_far
from lossterm.reports.rate_sweep import scored, swept, tuning_metric
from lossterm.reports.target_sd import target_sd
from lossterm.statistics.equivalence import Rope
from lossterm.statistics.learning_rate_choice import RatePoint, at_edge
from lossterm.statistics.paired_differences import Scores, Summary, summarise
from lossterm.statistics.racing import Race
from lossterm.statistics.ranking import Place, places
from lossterm.statistics.ranking_by_median import counted, places_by_median
from lossterm.statistics.sign_interval import median
from lossterm.statistics.verdict_levels import VerdictLevels, levels_at
from lossterm.store import AskedComparison, TrialRow

MOST_TO_SETTLE = 1000
"""The most seeds that one key press asks for to settle a verdict; a person can ask for more."""

ENOUGH_TO_ESTIMATE = 4
"""Seeds from which the spread of differences is known well enough to say how many seeds would settle what is open."""

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
    """Trials that were trained to their end, the collapsed ones among them."""
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
    region: Rope
    """The region of practical equivalence that verdicts go by."""
    usual_region: Rope
    """What usually matters in the metric."""
    constant: ConstantPrediction | None
    """What the constant prediction scores; None before any trial has ended."""
    collapsed: frozenset[int]
    """Numbers of the judged trials that collapsed."""
    race: Race | None = None
    """How far it is, if it is a race; the standings are those of its last look then, live before the first."""
    still_falling: tuple[str, ...] = ()
    """Losses whose curves had not levelled off at the end, as `levelling` sees them; none where it has not looked."""

    @property
    def by_median(self) -> bool:
        """Whether losses are ranked by medians, since some of their seeds collapsed; a race goes by means always."""
        return bool(self.collapsed) and self.race is None

    @property
    def levels(self) -> VerdictLevels:
        """The levels at which the verdicts are given."""
        return self.race.levels if self.race else levels_of(self.asked)

    @property
    def rope(self) -> float:
        """The region of practical equivalence in units of the metric."""
        return self.region.around(self._best or 0.0)

    @property
    def usual_rope(self) -> float:
        """What usually matters in the metric, in its units."""
        return self.usual_region.around(self._best or 0.0)

    @property
    def _best(self) -> float | None:
        return self.standings[0].centre if self.standings else None

    @property
    def correlation(self) -> float:
        """Nadeau and Bengio's ρ between the scores of two seeds."""
        comparison = self.asked.comparison
        return protocol_named(comparison.protocol).correlation(comparison.record)

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
        """Total number of seeds that would settle every verdict; None if none is open, or if no number would."""
        advised = [s.seeds_to_settle for s in self.undecided]
        return None if not advised or None in advised else max(filter(None, advised))

    @property
    def undecided(self) -> tuple[Standing, ...]:
        """The standings whose verdict is open."""
        return tuple(standing for standing in self.standings if standing.verdict == "open")

    @property
    def settling(self) -> Comparison | None:
        """The comparison that would settle what is open, or tell how many seeds would.

        None if nothing is open, or if it would take too many seeds.
        """
        have = self.seeds_of_undecided
        goes_on = self.partial or (self.race is not None and not self.race.over)
        wanted = self.seeds_to_settle if have >= ENOUGH_TO_ESTIMATE else ENOUGH_TO_ESTIMATE
        if goes_on or wanted is None or not 0 < have < wanted:
            return None
        seeds = self._seeds_for(wanted)
        if seeds > MOST_TO_SETTLE or (self.race and wanted <= self.asked.comparison.most_seeds):
            return None
        more = self.asked.comparison.with_most(seeds)
        return more if more.size_at_most > len(self.rows) else None

    def _seeds_for(self, wanted: int) -> int:
        """Return how many seeds give so many pairs, where a loss has fewer pairs than it was trained for seeds."""
        short = max(
            (
                max(self.asked.comparison.rates_of(s.loss).values()) - (s.pairs or 0)
                for s in self.standings
                if s.verdict in ("open", None) and s.difference and (s.pairs or 0) > 1
            ),
            default=0,
        )
        return wanted + short

    @property
    def seeds_of_undecided(self) -> int:
        """The fewest seeds, of two or more, behind any difference that is open or has no verdict yet; 0 without any."""
        undecided = (s.pairs or 0 for s in self.standings if s.verdict in ("open", None) and s.difference)
        return min((pairs for pairs in undecided if pairs > 1), default=0)

    def centre(self, standing: Standing, metric: str, split: SplitName) -> float | None:
        """Return what stands for a loss's scores by any metric on a split: the mean, or the median where that ranks."""
        summary = (standing.scores[metric] or {}).get(split)
        if summary is None or not self.by_median:
            return None if summary is None else summary.mean
        rows = (row for row in self.judged() if row.trial.loss == standing.loss and row.status == "done")
        return median([score for row in rows if (score := row.score(metric, split)) is not None])

    def judged(self) -> list[TrialRow]:
        """Return the trials at the learning rates that their losses are judged at."""
        rates = {standing.loss: standing.learning_rate for standing in self.standings}
        return [row for row in self.rows if row.trial.learning_rate == rates[row.trial.loss]]


def build(
    asked: AskedComparison, rows: Iterable[TrialRow], metric: str | None = None, rope: float | None = None
) -> Report:
    """Compute the standings of the trials so far, ranked by `metric` if it names one.

    `rope` is a ROPE in units of the metric that ranks; None for what was asked for, or is usual for another metric.

    Raises UnknownName or DoesNotFit for a metric that the task does not have.
    """
    rows = tuple(rows)
    if metric is not None:
        asked = msgspec.structs.replace(asked, comparison=_ranked_by(asked.comparison, metric))
    if rope is not None:
        asked = msgspec.structs.replace(asked, comparison=msgspec.structs.replace(asked.comparison, rope=rope))
    comparison = asked.comparison
    task, ranking = comparison.record, metric_named(comparison.metric)
    raced, every = race_so_far(asked, rows), rows
    rows = rows if raced is None else judged_in(raced, rows)
    sweeps = {loss: swept(comparison, loss, rows, raced) for loss in comparison.losses}
    rates = {loss: next(point.learning_rate for point in sweeps[loss] if point.chosen) for loss in comparison.losses}
    judged = {
        loss: [row for row in rows if row.trial.loss == loss and row.trial.learning_rate == rate]
        for loss, rate in rates.items()
    }
    usual = ranking.region(target_sd(row for rows_of_loss in judged.values() for row in rows_of_loss))
    usual = usual if raced is None else ranking.region(target_sd(every))
    region = usual if comparison.rope is None else Rope(size=comparison.rope)
    collapsed = collapsed_trials(comparison, judged)
    scores = {loss: _by_seed(trials, ranking, "test", comparison.seeds) for loss, trials in judged.items()}
    placed = _placed(asked, scores, judged, collapsed, region, raced)
    best = next(iter(placed), None)
    standings = (_standing(comparison, loss, place, sweeps[loss], judged[loss]) for loss, place in placed.items())
    constant = constant_prediction(
        [row for of_loss in judged.values() for row in of_loss],
        metrics_of(comparison),
        ranking,
        [] if best is None else scores[best],
        protocol_named(comparison.protocol).correlation(task),
    )
    return Report(
        asked=asked,
        standings=tuple(standings),
        rows=every,
        region=region,
        usual_region=usual,
        constant=constant,
        collapsed=collapsed,
        race=raced,
    )


def _placed(
    asked: AskedComparison,
    scores: Mapping[str, Scores],
    judged: Mapping[str, Sequence[TrialRow]],
    collapsed: frozenset[int],
    region: Rope,
    raced: Race | None,
) -> dict[str, Place]:
    """Rank the losses by means, or by medians where any trial collapsed; in a race by means, as its looks do."""
    comparison = asked.comparison
    direction, levels = metric_named(comparison.metric).direction, levels_of(asked)
    correlation = protocol_named(comparison.protocol).correlation(comparison.record)
    gone = {loss: by_seed(rows, collapsed, comparison.seeds) for loss, rows in judged.items()}
    if raced is not None:
        placed = places(
            scores,
            direction=direction,
            rope=region,
            correlation=correlation,
            levels=raced.levels if raced.looked else None,
            stopped=raced.stopped,
        )
        return (
            {loss: counted(place, scores[loss], gone[loss]) for loss, place in placed.items()} if collapsed else placed
        )
    if not collapsed:
        return places(scores, direction=direction, rope=region, correlation=correlation, levels=levels)
    return places_by_median(scores, gone, direction=direction, rope=region, correlation=correlation, levels=levels)


def levels_of(asked: AskedComparison) -> VerdictLevels:
    """Return the levels at which a comparison is judged, by how often it has been looked at."""
    return levels_at(asked.looks, final=asked.comparison.final)


def tables(every: Sequence[AskedComparison], *, stressed: bool = False) -> list[AskedComparison]:
    """Join the comparisons that may share a table, under the number of the last; in the order last asked for.

    Seeds that were stopped no longer count as asked for once a later comparison joins the same table. Tables on data
    that a sweep has stressed are points of its curve, and left out unless they are asked for.
    """
    groups: dict[Comparison, list[AskedComparison]] = {}
    for asked in every:
        if asked.comparison.severity is not None and not stressed:
            continue
        table = asked.comparison.table
        groups[table] = [*groups.pop(table, ()), asked]
    return [_joined(group) for group in groups.values()]


def _joined(group: Sequence[AskedComparison]) -> AskedComparison:
    comparison, last, looks = _counted(group[0], group[-1]), group[-1], 1
    for asked in group[1:]:
        cap = asked.comparison.cap
        looks += asked.comparison.seeds > comparison.seeds if cap is None else cap != comparison.cap
        comparison = comparison.joined(_counted(asked, last))
    seeds = max(asked.comparison.seeds for asked in group if asked is last or asked.cancelled is None)
    if seeds < comparison.seeds:
        comparison = comparison.with_seeds(seeds)
    return msgspec.structs.replace(last, comparison=comparison, looks=looks)


def _counted(asked: AskedComparison, last: AskedComparison) -> Comparison:
    """Return what still counts as asked for: of a request that was stopped, unless it is the last, only the grid."""
    comparison = asked.comparison
    if asked is last or asked.cancelled is None or not comparison.design:
        return comparison
    grid = tuple(arm for arm in comparison.design if arm.learning_rate in comparison.learning_rates)
    return msgspec.structs.replace(comparison, design=grid or comparison.design)


def looked_at(asked: AskedComparison, every: Sequence[AskedComparison]) -> AskedComparison:
    """Return a request as one of several looks at its table, which is among `every`."""
    table = next((one for one in every if one.comparison.comparable(asked.comparison)), asked)
    comparison = msgspec.structs.replace(asked.comparison, final=table.comparison.final)
    return msgspec.structs.replace(asked, comparison=comparison, looks=table.looks)


def rows_of(asked: AskedComparison, rows: Iterable[TrialRow]) -> list[TrialRow]:
    """Return the trials that a comparison, joined or not, expands into.

    If a session also holds the same trial from an older engine, the newer one counts.
    """
    c = asked.comparison
    seeds = {(arm.loss, arm.learning_rate): arm.seeds for arm in c.arms}
    chosen = {
        (row.trial.loss, row.trial.learning_rate, row.trial.seed): row
        for row in rows
        if (row.trial.task, row.trial.protocol, row.trial.hyperparameters, row.trial.device, row.trial.severity or None)
        == (c.task, c.protocol, c.hyperparameters, c.device, c.severity)
        and row.trial.seed < seeds.get((row.trial.loss, row.trial.learning_rate), 0)
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
    if ranking.key == comparison.metric:
        return comparison
    return msgspec.structs.replace(comparison, metric=ranking.key, rope=None)  # which is in units of the old one


def _by_seed(rows: Iterable[TrialRow], metric: Metric, split: str, seeds: int) -> list[float | None]:
    """Return a score for each seed, None where there is none."""
    scores = {row.trial.seed: row.score(metric.key, split) for row in rows if row.status == "done"}
    return [scores.get(seed) for seed in range(seeds)]


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
        metric.key: {split: summary(metric.key, split) for split in ALL_SPLITS} if scored(metric, loss, done) else None
        for metric in metrics_of(comparison)
    }
    return Standing(
        **msgspec.structs.asdict(place),
        loss=loss,
        learning_rate=next(point.learning_rate for point in points if point.chosen),
        # Before every rate has had its turn, the first that had is no edge.
        learning_rate_at_edge=at_edge(points) and all(point.ended for point in points),
        tuned_by=tuning_metric(comparison, loss, rows).key,
        sweep=points,
        trials=len(rows),
        done=len(done),
        diverged=sum(row.status == "diverged" for row in rows),
        failed=sum(row.status == "failed" for row in rows),
        scores=scores,
    )
