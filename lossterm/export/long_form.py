"""Trials and epochs in long form, a line for each epoch of each trial: the columns that CSV and Parquet share."""

import math
from collections.abc import Iterator
from typing import Literal

from lossterm.comparison.curve_layout import CurveLayout
from lossterm.export.epochs import TrialEpochs, splits_of
from lossterm.export.session_contents import Contents

Cell = int | float | str | None

TRIAL_COLUMNS: dict[str, Literal["integer", "number", "text"]] = {
    "comparison": "integer",
    "trial": "integer",
    "task": "text",
    "protocol": "text",
    "loss": "text",
    "seed": "integer",
    "learning_rate": "number",
    "severity": "text",
    "status": "text",
    "error": "text",
    "metric": "text",
}
"""Columns that say which trial a line belongs to, and their types; `metric` is the one in the curves."""


def value_columns(contents: Contents) -> tuple[str, ...]:
    """Return the columns of an epoch: loss and metric of each split that any trial has."""
    return CurveLayout(splits_of(contents)).names


def of_trial(epochs: TrialEpochs) -> tuple[Cell, ...]:
    """Return the cells of TRIAL_COLUMNS."""
    row, trial = epochs.row, epochs.row.trial
    return (
        *(epochs.comparisons[0], row.id, trial.task, trial.protocol, trial.loss, trial.seed, trial.learning_rate),
        trial.severity.name if trial.severity else None,
        *(row.status, row.error, epochs.metric),
    )


def of_epochs(epochs: TrialEpochs, columns: tuple[str, ...]) -> Iterator[tuple[Cell, ...]]:
    """Yield a line for each epoch: its number and `columns`; for a trial without epochs, one empty line.

    None stands for a split that the trial does not have, and for a value that is not finite.
    """
    if not len(epochs):
        yield (None,) * (1 + len(columns))
    present = epochs.layout.names
    places = [present.index(column) if column in present else None for column in columns]
    for epoch, values in epochs.lines():
        there = [value if math.isfinite(value) else None for value in values]
        yield epoch, *(None if place is None else there[place] for place in places)
