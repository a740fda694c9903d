"""Reports made to measure: comparisons whose trials ended so and scored so, without a store or a training."""

import json
import math
import random
from collections.abc import Callable, Mapping
from typing import Any

from lossterm.cli.commands.reproduce import document
from lossterm.comparison.comparison import Comparison, Status, Trial
from lossterm.comparison.protocol import SplitName
from lossterm.comparison.protocol_catalogue import protocol_named, protocols_for
from lossterm.losses import loss_recorded, place_of
from lossterm.metrics import CONSTANT, metric_named, metrics_for
from lossterm.published import CASES, Case
from lossterm.reports import json_document, report
from lossterm.reports.race_course import next_in_race
from lossterm.reports.report import Report
from lossterm.store import AskedComparison, Chunk, TrialRow, TrialScores
from lossterm.tasks import TASKS
from lossterm.text.json_text import as_json

ENVIRONMENT = {"tensorflow": "2.21.0", "keras": "3.15.1", "numpy": "2.0", "device": "CPU", "cpu": "a processor"}
BEGAN = 1000.0
EVERY = [(task.key, protocol.key) for task in TASKS.values() for protocol in protocols_for(task)]
"""Every task under every protocol that is for it."""

Score = Callable[[Trial, str, SplitName], float | None]
"""`(trial, metric, split) -> value`."""

End = Callable[[Trial], Status]
LEAD: dict[SplitName, float] = {"train": 0.01, "validation": 0.005, "test": 0.0}


def flat(trial: Trial, metric: str, split: SplitName) -> float:
    return 0.5 + LEAD[split]


def valued(values: Mapping[tuple[str, int], float]) -> Score:
    """Scores by loss and seed, 0.5 where none is named."""
    return lambda trial, metric, split: values.get((trial.loss, trial.seed), 0.5) + LEAD[split]


def drawn(trial: Trial, metric: str, split: SplitName) -> float:
    """Scores with an effect of loss, rate and seed, and noise; the best rate differs from loss to loss."""
    stream = random.Random(f"{metric} {split} {trial.loss} {trial.seed} {trial.learning_rate}")
    place = place_of(trial.loss)
    off = 0.02 * abs(math.log10(trial.learning_rate) + 1 + place % 3)
    luck = 0.03 * math.sin(100 * trial.seed)
    worse = off + luck + 0.004 * place
    return 0.7 + (worse if metric_named(metric).direction == "min" else -worse) + stream.gauss(0, 0.01)


def done(trial: Trial) -> Status:
    return "done"


def ending(ends: Mapping[tuple[str, int], Status]) -> End:
    """Ends by loss and seed, done where none is named."""
    return lambda trial: ends.get((trial.loss, trial.seed), "done")


Collapse = Callable[[Trial], bool]
"""Whether a trial collapsed."""


def nowhere(trial: Trial) -> bool:
    return False


def scores_for(trial: Trial, score: Score, collapse: Collapse = nowhere, constant: float | None = None) -> TrialScores:
    """All scores of a trial, those of one class where it collapsed; `constant` is the constant prediction's score."""
    task, splits = trial.record, protocol_named(trial.protocol).splits

    def of(metric: str, split: SplitName) -> float | None:
        value = score(trial, metric, split)
        if collapse(trial):
            return {"balanced_accuracy": 1 / (task.classes or 2), "macro_f1": 0.0}.get(metric, value)
        return value

    return {
        metric.key: {
            **{split: of(metric.key, split) for split in splits},
            **({} if constant is None else {CONSTANT: constant}),
        }
        if metric.defined(loss_recorded(trial.loss))
        else None
        for metric in metrics_for(task.kind, trial.protocol, task.lowest)
    }


def asked_for(comparison: Comparison, number: int = 1, session: str = "s") -> AskedComparison:
    return AskedComparison(id=number, session=session, comparison=comparison, created=BEGAN, cancelled=None)


def rows_for(
    comparison: Comparison,
    score: Score = flat,
    end: End = done,
    error: str = "ValueError: it broke",
    collapse: Collapse = nowhere,
    constant: float | None = None,
) -> list[TrialRow]:
    rows = []
    for number, trial in enumerate(comparison.trials(), start=1):
        status = end(trial)
        rows.append(
            TrialRow(
                id=number,
                trial=trial,
                status=status,
                cancel=False,
                attempts=1,
                epochs=trial.hyperparameters.epochs,
                seconds=0.25 if status == "done" else None,
                scores=scores_for(trial, score, collapse, constant) if status == "done" else None,
                environment=ENVIRONMENT if status == "done" else None,
                error=error if status == "failed" else None,
                finished=BEGAN + number if status not in ("queued", "running") else None,
                changed=number,
            )
        )
    return rows


def built(
    comparison: Comparison,
    score: Score = flat,
    end: End = done,
    metric: str | None = None,
    *,
    collapse: Collapse = nowhere,
    constant: float | None = None,
) -> Report:
    rows = rows_for(comparison, score, end, collapse=collapse, constant=constant)
    return report.build(asked_for(comparison), rows, metric)


def raced(
    comparison: Comparison,
    score: Score = drawn,
    end: End = done,
    *,
    collapse: Collapse = nowhere,
    constant: float | None = None,
) -> list[Report]:
    """Return the reports of a race after each of its stages."""
    reports = [built(comparison, score, end, collapse=collapse, constant=constant)]
    while (more := next_in_race(reports[-1])) is not None:
        reports.append(built(more, score, end, collapse=collapse, constant=constant))
    return reports


def circles(*losses: str, seeds: int = 2, protocol: str = "tutorial", **settings: Any) -> Comparison:
    return Comparison.ask("circles", losses or ("usual",), seeds=seeds, protocol=protocol, **{"epochs": 3, **settings})


def strictly(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def as_document(shown: Report, chunks: list[Chunk] | None = None) -> Any:
    return strictly(as_json(json_document.document(shown, chunks)))


TROUBLED = built(
    circles(seeds=3),
    valued({("hinge", 0): 0.6, ("hinge", 1): 0.8, ("binary_crossentropy", 0): 0.9}),
    ending(
        {
            ("hinge", 2): "diverged",
            ("squared_hinge", 0): "diverged",
            ("squared_hinge", 1): "failed",
            ("squared_hinge", 2): "failed",
            ("binary_crossentropy", 1): "running",
            ("binary_crossentropy", 2): "cancelled",
        }
    ),
)


def diverging_at(*rates: float) -> End:
    return lambda trial: "diverged" if trial.learning_rate in rates else "done"


# Reports of published cases


def patternless(trial: Trial, metric: str, split: SplitName) -> float:
    """Scores without any pattern, so that no two of them are taken for each other."""
    stream = random.Random(f"{trial.program} {trial.learning_rate} {trial.seed} {metric} {split}")
    return stream.uniform(0.3, 0.9)


def reports_of(case: Case, seeds: int, score: Score = patternless, end: End = done) -> list[Report]:
    return [built(comparison, score, end) for comparison in case.comparisons(seeds)]


def stored(shown: Report, loss: str, metric: str, split: str) -> list[float]:
    """Return the scores that the trials of a loss have."""
    scores = [row.scores[metric] for row in shown.rows if row.trial.loss == loss and row.scores]
    return [value for one in scores if one and (value := one[split]) is not None]


# What commands write of them


def as_reproduced(key: str, reports: list[Report]) -> dict[str, Any]:
    """Return what `reproduce` writes of its reports."""
    written: dict[str, Any] = strictly(as_json(document(CASES[key], reports)))
    return written


REPRODUCED = {key: reports_of(case, 3) for key, case in CASES.items()}
REPRODUCED_DOCUMENTS = {key: as_reproduced(key, reports) for key, reports in REPRODUCED.items()}
