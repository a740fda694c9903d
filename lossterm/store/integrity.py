"""Which rows of a store can be believed: what a flipped bit or a torn page leaves behind is told from what was written.

Rows of a version without checksums are believed where they could have been written.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any, get_args

import msgspec

from lossterm.comparison.comparison import Status, Trial
from lossterm.comparison.curve_layout import CurveLayout
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.errors import LosstermError
from lossterm.store.records import session_name
from lossterm.store.serialisation import (
    asked_row,
    checkpoint_row,
    chunk_row,
    encode,
    model_row,
    sample_row,
    trial_row,
    worker_row,
)

Values = Mapping[str, Any]
"""A row: column → value."""


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """What the columns that no record of `rows` holds must be."""

    id: int = 1
    name: str = ""
    created: float = 0
    session: int = 1
    changed: int = 0
    queued: int = 0
    tick: int = 0
    given: int = 0
    value: str = ""
    epochs: int = 0
    seconds: float | None = None


LATEST = 2**53
"""Tick that no clock has come to."""

_AT_LEAST: dict[str, Any] = {"note": None, "anatomy": None}
"""What rows of the first version do not have."""

_UNTRAINED: dict[str, Any] = {
    **dict.fromkeys(("seconds", "scores", "environment", "error", "finished")),
    **dict.fromkeys(("cancel", "attempts", "epochs", "alone"), 0),
    "changed": 1,  # viewers ask for what changed after 0
}


def _status(text: object) -> Status:
    return next((status for status in get_args(Status) if status == text), "queued")


class Judge:
    """Looks at rows, trials before what belongs to them."""

    def __init__(self) -> None:
        self.layouts: dict[int, CurveLayout] = {}
        """Trials that can be believed, and how their curves are laid out."""

    def sound(self, table: str, row: Values) -> dict[str, Any] | None:
        """Return a row as it can be believed, None for one that cannot.

        What follows from the rest of a trial is written anew; of one without sound scores they are left out.
        """
        try:
            msgspec.convert(dict(row), _Row)
            found = dict(row)
            # A clock that goes on behind such a tick would soon be at its end. Viewers ask for what changed after 0.
            found |= {name: 1 for name in ("changed", "queued") if not 0 <= found.get(name, 1) < LATEST}
            return _JUDGES[table](self, found) if table in _JUDGES else found
        except (msgspec.MsgspecError, LosstermError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def _session(self, row: dict[str, Any]) -> dict[str, Any]:
        if session_name(row["name"]) != row["name"]:
            raise ValueError("no session's name")
        return row

    def _comparison(self, row: dict[str, Any]) -> dict[str, Any]:
        asked_row({"name": "", **row})
        return row

    def _trial(self, row: dict[str, Any]) -> dict[str, Any]:
        try:
            found = trial_row(_AT_LEAST | row)
        except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
            forgotten = {**_AT_LEAST, **_UNTRAINED, "status": _status(row["status"])}
            row |= {name: value for name, value in forgotten.items() if name in row}
            checked = row.pop("checksum", None) is not None
            found = trial_row(_AT_LEAST | row)
            if checked and found.trial.key != row["key"]:  # what was asked may be what is damaged
                raise
        trial = found.trial
        row |= {"device": trial.device, "epochs_asked": trial.hyperparameters.epochs}
        if not isinstance(row["program"], str):
            row["program"] = trial.program
        if not (isinstance(row["key"], str) and row["key"].isalnum()):
            row["key"] = trial.key
        self.layouts[found.id] = protocol_named(trial.protocol).curves
        return row

    def _curve(self, row: dict[str, Any]) -> dict[str, Any]:
        chunk = chunk_row(row)
        if len(chunk.data) != self.layouts[chunk.trial].size(chunk.epochs):
            raise ValueError("no curve of this trial")
        return row

    def _model(self, row: dict[str, Any]) -> dict[str, Any]:
        model = model_row(row)
        if model.trial not in self.layouts:
            raise ValueError("no model")
        return row

    def _sample(self, row: dict[str, Any]) -> dict[str, Any]:
        sample_row(row)
        return row

    def _checkpoint(self, row: dict[str, Any]) -> dict[str, Any]:
        if row["trial"] not in self.layouts or checkpoint_row(row).epochs < 1:
            raise ValueError("no checkpoint")
        return row

    def _worker(self, row: dict[str, Any]) -> dict[str, Any]:
        worker_row(row)
        return row


_JUDGES: dict[str, Callable[[Judge, dict[str, Any]], dict[str, Any]]] = {
    "sessions": Judge._session,
    "comparisons": Judge._comparison,
    "trials": Judge._trial,
    "curves": Judge._curve,
    "models": Judge._model,
    "samples": Judge._sample,
    "checkpoints": Judge._checkpoint,
    "workers": Judge._worker,
}


def half(connection: sqlite3.Connection) -> list[int]:
    """Return the trials of which less is there than their rows say: whose curves have gaps, or done without scores."""
    lengths = _lengths(connection.execute("SELECT trial, start, epochs FROM curves ORDER BY trial, id"))
    return [
        number
        for number, status, epochs, scores in connection.execute("SELECT id, status, epochs, scores FROM trials")
        if (status == "done" and (scores is None or lengths.get(number, 0) != epochs))
        or (status != "queued" and lengths.get(number, 0) < epochs)
    ]


def _lengths(chunks: Iterable[Any]) -> dict[int, int]:
    """Return how many epochs of each trial's curve join on from its first, as viewers draw it."""
    found = {}
    for trial, parts in groupby(chunks, lambda part: part[0]):
        length = 0
        for _, start, epochs in parts:
            if start <= length:
                length = start + epochs
        found[trial] = length
    return found


def trial_values(trial: Trial, tick: int, *, stopped: bool) -> dict[str, Any]:
    """Return a row for a trial of which nothing is left, to be trained again unless it was stopped."""
    return {
        "key": trial.key,
        "asked": encode(trial),
        "device": trial.device,
        "program": trial.program,
        "epochs_asked": trial.hyperparameters.epochs,
        "status": "cancelled" if stopped else "queued",
        "queued": 0,  # before any comparison, so that each of them waits for it
        "changed": tick,
    }
