"""A session as a report: the standings of what is there, and the JSON of version 1. `table.py` writes it as text."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from lossterm import __version__
from lossterm.comparison import Comparison
from lossterm.losses import loss_named
from lossterm.metrics import METRICS, metric_named, metrics_for
from lossterm.protocols import Protocol, protocol_named
from lossterm.standings import Summary, rank, summarise
from lossterm.store import Asked, Chunk, TrialRow
from lossterm.tasks import task_named

SCHEMA = 1


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A loss's place in a comparison. Names are those of the JSON."""

    rank: int | None
    """From 1, best first; None where no trial has a score."""
    loss: str
    """Key of the loss."""
    verdict: Literal["best", "tied", "worse"] | None
    """None until intervals are computed."""
    learning_rate: float
    """Step size that its trials used."""
    learning_rate_at_edge: bool
    """Whether the best rate was at the edge of those tried; never, where only one was."""
    mean: float | None
    """Mean over seeds of the comparison's metric on the test split."""
    sd: float | None
    """Its sample standard deviation, None for fewer than two trials."""
    ci: tuple[float, float] | None
    """95 % interval of the mean; None until intervals are computed."""
    difference: None
    """Difference to the best; None until intervals are computed."""
    beaten: float | None
    """P(best beats this); None until intervals are computed."""
    seeds_to_settle: int | None
    """Seeds that would settle a tie; None until intervals are computed."""
    trials: int
    """Trials asked for."""
    done: int
    """Trials that were trained to their end."""
    diverged: int
    """Trials that ended in NaN or infinity."""
    failed: int
    """Trials that could not be trained."""
    scores: dict[str, dict[str, Summary | None] | None]
    """Metric → split → mean and sd; None where a metric has no meaning for the head or a split does not exist."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison found, complete or not."""

    asked: Asked
    """The comparison; for several that share a table, their union under the last one's number."""
    standings: tuple[Standing, ...]
    """Best first."""
    rows: tuple[TrialRow, ...]
    """The trials themselves."""

    @property
    def environment(self) -> dict[str, str] | None:
        """Versions and device that the last trial to end was trained with, None before any ended."""
        ended = [row for row in self.rows if row.environment]
        return max(ended, key=lambda row: row.finished or 0).environment if ended else None

    @property
    def seconds(self) -> float:
        """Wall-clock time from asking to the last end, 0 where everything was there already."""
        return max([0.0, *(row.finished - self.asked.created for row in self.rows if row.finished)])

    @property
    def sound(self) -> bool:
        """Whether no trial diverged or failed."""
        return not any(row.status in ("diverged", "failed") for row in self.rows)

    @property
    def stopped(self) -> int:
        """Trials that were cancelled."""
        return sum(row.status == "cancelled" for row in self.rows)

    @property
    def pending(self) -> int:
        """Trials that have not ended."""
        return sum(not row.ended for row in self.rows)


def build(asked: Asked, rows: Iterable[TrialRow]) -> Report:
    """Compute the standings of what is there."""
    rows = tuple(rows)
    comparison = asked.comparison
    by_loss = {key: [row for row in rows if row.trial.loss == key] for key in comparison.losses}
    standings = {key: _standing(comparison, key, mine) for key, mine in by_loss.items()}
    direction = metric_named(comparison.metric).direction
    ranks = rank({key: standing.mean for key, standing in standings.items()}, direction)
    ranked = tuple(msgspec.structs.replace(standings[key], rank=place) for key, place in ranks.items())
    return Report(asked=asked, standings=ranked, rows=rows)


def tables(every: Sequence[Asked]) -> list[Asked]:
    """Join the comparisons that may stand in one table, under the number of the last; in the order last asked."""
    joined: list[Asked] = []
    for asked in every:
        same = next((one for one in joined if one.comparison.comparable(asked.comparison)), None)
        if same:
            joined.remove(same)
            asked = msgspec.structs.replace(asked, comparison=same.comparison.joined(asked.comparison))  # noqa: PLW2901  the union
        joined.append(asked)
    return joined


def rows_of(asked: Asked, rows: Iterable[TrialRow]) -> list[TrialRow]:
    """Return the trials that a comparison, joined or not, expands into."""
    c = asked.comparison
    return [
        row
        for row in rows
        if (row.trial.task, row.trial.protocol, row.trial.hyperparameters, row.trial.device)
        == (c.task, c.protocol, c.hyperparameters, c.device)
        and row.trial.loss in c.losses
        and row.trial.learning_rate in c.learning_rates
        and row.trial.seed < c.seeds
    ]


def _standing(comparison: Comparison, key: str, rows: Sequence[TrialRow]) -> Standing:
    kind = task_named(comparison.task).kind
    splits = protocol_named(comparison.protocol).splits
    done = [row for row in rows if row.status == "done"]

    def summary(metric: str, split: str) -> Summary | None:
        if split not in splits:
            return None
        found = [row.scores.get(metric) for row in done if row.scores]
        return summarise([score[split] for score in found if score and score[split] is not None])  # type: ignore[misc]  # None is filtered

    def summaries(metric: str) -> dict[str, Summary | None] | None:
        if METRICS[metric].needs_probability and not loss_named(key).probabilistic:
            return None
        return {split: summary(metric, split) for split in ("train", "validation", "test")}

    scores = {metric.key: summaries(metric.key) for metric in metrics_for(kind)}
    primary = (scores[comparison.metric] or {}).get("test") or Summary(None, None)
    return Standing(
        rank=None,
        loss=key,
        verdict=None,
        learning_rate=comparison.learning_rates[0],
        learning_rate_at_edge=False,
        mean=primary.mean,
        sd=primary.sd,
        ci=None,
        difference=None,
        beaten=None,
        seeds_to_settle=None,
        trials=len(rows),
        done=len(done),
        diverged=sum(row.status == "diverged" for row in rows),
        failed=sum(row.status == "failed" for row in rows),
        scores=scores,
    )


# As JSON


def as_json(report: Report, chunks: Sequence[Chunk] | None = None) -> str:
    """Write version 1 of the JSON, with the trials and their curves if `chunks` are given. No value is ever NaN."""
    comparison = report.asked.comparison
    task, protocol = task_named(comparison.task), protocol_named(comparison.protocol)
    metric = metric_named(comparison.metric)
    h = comparison.hyperparameters
    document: dict[str, Any] = {
        "lossterm": __version__,
        "schema": SCHEMA,
        "session": report.asked.session,
        "comparison": report.asked.id,
        "task": {
            "key": task.key,
            "kind": task.kind,
            "features": task.features,
            "classes": task.classes,
            "rows": {split: protocol.rows(task).get(split) for split in ("train", "validation", "test")},
        },
        "protocol": protocol.key,
        "metric": {"key": metric.key, "direction": metric.direction},
        "seeds": comparison.seeds,
        "hyperparameters": {
            "hidden": h.hidden,
            "optimizer": h.optimizer,
            "batch_size": h.batch_size,
            "epochs": h.epochs,
            "learning_rates": comparison.learning_rates,
        },
        "standings": [
            {name: value for name, value in msgspec.structs.asdict(standing).items() if name != "done"}
            for standing in report.standings
        ],
        "environment": report.environment,
        "seconds": round(report.seconds, 3),
    }
    if chunks is not None:
        by_trial: dict[int, list[Chunk]] = {}
        for chunk in chunks:
            by_trial.setdefault(chunk.trial, []).append(chunk)
        document["trials"] = [_trial(row, by_trial.get(row.id, []), protocol) for row in report.rows]
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def curve_columns(protocol: Protocol) -> tuple[str, ...]:
    """Name the columns of a curve: loss and metric of each split."""
    return tuple(f"{split}_{what}" for split in protocol.splits for what in ("loss", "metric"))


def _trial(row: TrialRow, chunks: Sequence[Chunk], protocol: Protocol) -> dict[str, Any]:
    columns = curve_columns(protocol)
    values = [value for chunk in chunks for value in chunk.values()]
    return {
        "loss": row.trial.loss,
        "seed": row.trial.seed,
        "learning_rate": row.trial.learning_rate,
        "status": row.status,
        "seconds": row.seconds,
        "scores": row.scores,
        "curves": {name: values[place :: len(columns)] for place, name in enumerate(columns)},
    }
