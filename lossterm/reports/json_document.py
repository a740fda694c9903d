"""A report as JSON: the document of `--format json`, version 1."""

from collections.abc import Sequence
from typing import Any

import msgspec

from lossterm import __version__
from lossterm.comparison.protocol import Protocol
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.metrics import metric_named
from lossterm.reports.report import ALL_SPLITS, Report
from lossterm.store import Chunk, TrialRow

SCHEMA = 1


def document(report: Report, chunks: Sequence[Chunk] | None = None) -> dict[str, Any]:
    """Return version 1 of the JSON, with the trials and their curves if `chunks` are given. No value is ever NaN."""
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
        },
        "protocol": protocol.key,
        "metric": {"key": metric.key, "direction": metric.direction},
        "seeds": comparison.seeds,
        "partial": report.partial,
        "hyperparameters": {
            **h.shared,
            "learning_rates": comparison.learning_rates,
        },
        "standings": [_in_order(msgspec.structs.asdict(standing)) for standing in report.standings],
        "environment": report.environment,
        "seconds": round(report.seconds, 3),
    }
    if chunks is not None:
        by_trial: dict[int, list[Chunk]] = {}
        for chunk in chunks:
            by_trial.setdefault(chunk.trial, []).append(chunk)
        content["trials"] = [_trial(row, by_trial.get(row.id, []), protocol) for row in report.rows]
    return content


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
