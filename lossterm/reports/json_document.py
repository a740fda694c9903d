"""A report as JSON: the document of `--format json`, version 2."""

from collections.abc import Sequence
from typing import Any

import msgspec

from lossterm import __version__
from lossterm.comparison.protocol import Protocol
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.data import Data
from lossterm.data.leak import leaks_in_words
from lossterm.metrics import metric_named
from lossterm.reports.race_course import trainings
from lossterm.reports.report import ALL_SPLITS, Report
from lossterm.reports.widening import rates_beyond
from lossterm.store import Chunk, TrialRow

SCHEMA = 2


def document(report: Report, chunks: Sequence[Chunk] | None = None) -> dict[str, Any]:
    """Return version 2 of the JSON, with the trials and their curves if `chunks` are given. No value is ever NaN."""
    comparison = report.asked.comparison
    task, protocol = comparison.record, protocol_named(comparison.protocol)
    metric = metric_named(comparison.metric)
    h = comparison.hyperparameters
    content: dict[str, Any] = {
        "lossterm": __version__,
        "schema": SCHEMA,
        "session": report.asked.session,
        "comparison": report.asked.id,
        "task": {
            "key": task.key,
            "kind": task.kind,
            "features": task.features,
            "classes": task.classes,
            "rows": {split: protocol.rows(task).get(split) for split in ALL_SPLITS},
            **({"data": comparison.data} if comparison.data else {}),
            **_leaks(comparison.data),
        },
        "protocol": protocol.key,
        "severity": comparison.severity,
        "metric": {"key": metric.key, "direction": metric.direction},
        "rope": report.rope,
        "own_rope": comparison.rope,
        "levels": report.levels,
        "seeds": comparison.seeds,
        "partial": report.partial,
        "ranked_by": "median" if report.by_median else "mean",
        "race": _race(report),
        "still_falling": report.still_falling,
        "hyperparameters": {
            **h.shared,
            "learning_rates": comparison.learning_rates,
            "widened": {loss: beyond for loss in comparison.losses if (beyond := rates_beyond(comparison, loss))},
        },
        "network": {
            "hidden_initializer": h.hidden_initializer and h.hidden_initializer.key,
            "output_initializer": h.output_initializer and h.output_initializer.key,
            "momentum": h.momentum,
        },
        "standings": [_in_order(msgspec.structs.asdict(standing)) for standing in report.standings],
        "constant": report.constant,
        "environment": report.environment,
        "seconds": round(report.seconds, 3),
    }
    if chunks is not None:
        by_trial: dict[int, list[Chunk]] = {}
        for chunk in chunks:
            by_trial.setdefault(chunk.trial, []).append(chunk)
        content["trials"] = [_trial(row, by_trial.get(row.id, []), protocol) for row in report.rows]
    return content


def _leaks(data: Data | None) -> dict[str, Any]:
    """Say which columns give the target away, in the sentences of the table's notes; nothing where none does."""
    return {"leaks": leaks_in_words(data.leaks, data.asked)} if data and data.leaks else {}


def _race(report: Report) -> dict[str, Any] | None:
    """Return how far a race is, and what it saved; None for what trains every seed."""
    if report.race is None:
        return None
    race = report.race
    return {
        "until": report.asked.comparison.until,
        "cap": race.cap,
        "settled": race.settled,
        "over": race.over,
        "stages": [msgspec.structs.asdict(stage) for stage in race.stages],
        "trainings": msgspec.structs.asdict(trainings(report)),
    }


def _in_order(standing: dict[str, Any]) -> dict[str, Any]:
    """Move the most wanted fields to the front."""
    first = ("rank", "loss", "verdict", "learning_rate", "learning_rate_at_edge")
    return {**{name: standing[name] for name in first}, **standing}


def _trial(row: TrialRow, chunks: Sequence[Chunk], protocol: Protocol) -> dict[str, Any]:
    columns = protocol.curves.names
    values = [value for chunk in chunks for value in chunk.values()]
    return {
        "loss": row.trial.loss,
        "seed": row.trial.seed,
        "learning_rate": row.trial.learning_rate,
        "status": row.status,
        "seconds": row.seconds,
        "error": row.error,
        "note": row.note,
        "scores": row.scores,
        "anatomy": row.anatomy and msgspec.structs.asdict(row.anatomy),
        "curves": {name: values[place :: len(columns)] for place, name in enumerate(columns)},
    }
