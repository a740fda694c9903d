"""How records are written as rows of the store, and read again: what no lossterm wrote is no record."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.comparison.curve_layout import BYTES, VALUES
from lossterm.store.checksum import UNTRAINED, verify
from lossterm.store.records import Anatomy, AskedComparison, Checkpoint, Chunk, Model, Sample, TrialRow, WorkerRow

TRIAL_COLUMNS = ", ".join(
    f"t.{column}"
    for column in (
        *("id", "asked", "status", "cancel", "attempts", "epochs"),
        *("seconds", "scores", "environment", "error", "finished", "note", "anatomy", "checksum", "changed"),
    )
)
"""Columns of `trials t` that `trial_row` reads."""


AS_NEW = (
    ", ".join(f"{column} = NULL" for column in ("seconds", "scores", "error", "finished", "note", "anatomy"))
    + f", checksum = {UNTRAINED}"
)
"""What a trial loses when it is taken up again."""


LISTED = "SELECT value FROM json_each(?)"
"""The numbers that `listed` wrote, in SQL: what names them in its text would be prepared, and kept, for each list."""


def listed(numbers: Iterable[int]) -> str:
    """Write numbers as the parameter that LISTED takes."""
    return msgspec.json.encode(list(numbers)).decode()


def encode(value: object | None) -> str | None:
    """Write a record as JSON text; None stays None."""
    return None if value is None else msgspec.json.encode(value).decode()


_APART = {"trial", "key", "data", "features", "target"}


def about(record: Model | Sample) -> str:
    """Write as JSON text what of a record has no column of its own."""
    fields = msgspec.structs.asdict(record)
    return msgspec.json.encode({name: value for name, value in fields.items() if name not in _APART}).decode()


def checkpoint_row(row: Mapping[str, Any]) -> Checkpoint:
    """Read a row of `checkpoints`. Raises MsgspecError, ValueError or TypeError for what is none of a checkpoint's."""
    verify("checkpoints", row)
    return msgspec.convert({**row, "state": _bytes(row, "state")}, Checkpoint)


def model_row(row: Mapping[str, Any]) -> Model:
    """Read a row of `models`. Raises MsgspecError, ValueError or TypeError for what is none of a model's."""
    verify("models", row)
    apart = {"trial": row["trial"], "data": _bytes(row, "data")}
    model = msgspec.convert({**msgspec.json.decode(row["about"]), **apart}, Model)
    if len(model.data) != model.size:
        raise ValueError(f"{len(model.data)} bytes for {model.size} of weights at {len(model.epochs)} epochs")
    return model


def sample_row(row: Mapping[str, Any]) -> Sample:
    """Read a row of `samples`. Raises MsgspecError, ValueError or TypeError for what is none of a sample's."""
    verify("samples", row)
    apart = {"key": row["key"], "features": _bytes(row, "features"), "target": _bytes(row, "target")}
    sample = msgspec.convert({**msgspec.json.decode(row["about"]), **apart}, Sample)
    if not sample.whole:
        raise ValueError(f"{len(sample.features)} bytes of features, {len(sample.target)} of a target")
    return sample


def _bytes(row: Mapping[str, Any], name: str) -> bytes:
    value = row[name]
    if not isinstance(value, bytes):  # msgspec would take text for base64
        raise TypeError(f"{name} that is no BLOB")
    return value


def asked_row(row: Mapping[str, Any]) -> AskedComparison:
    """Read a row of a comparison with its session's name.

    Raises MsgspecError or ValueError for what is none of a comparison's.
    """
    verify("comparisons", row)
    whole = {**row, "session": row["name"], "comparison": msgspec.json.decode(row["asked"], type=Comparison)}
    return msgspec.convert(whole, AskedComparison)


def chunk_row(row: Mapping[str, Any]) -> Chunk:
    """Read a row of `curves`. Raises MsgspecError, ValueError or TypeError for what is none of a curve's."""
    verify("curves", row)
    chunk = msgspec.convert({**row, "data": _bytes(row, "data")}, Chunk)
    if chunk.start < 0 or chunk.epochs < 1 or len(chunk.data) % (BYTES * len(VALUES) * chunk.epochs):  # of each split
        raise ValueError(f"{len(chunk.data)} bytes for {chunk.epochs} epochs")
    return chunk


def worker_row(row: Mapping[str, Any]) -> WorkerRow:
    """Read a row of `workers`. Raises MsgspecError for what is none of a worker's."""
    environment = msgspec.json.decode(row["environment"]) if row["environment"] else None
    return msgspec.convert({**row, "environment": environment}, WorkerRow)


def trial_row(row: Mapping[str, Any]) -> TrialRow:
    """Read a row of TRIAL_COLUMNS. Raises MsgspecError or ValueError for what is none of a trial's."""
    verify("trials", row)
    whole = {
        **row,
        "trial": msgspec.json.decode(row["asked"], type=Trial),
        "cancel": bool(row["cancel"]),
        **{name: msgspec.json.decode(row[name]) if row[name] else None for name in ("scores", "environment")},
        "anatomy": msgspec.json.decode(row["anatomy"], type=Anatomy) if row["anatomy"] else None,
    }
    return msgspec.convert(whole, TrialRow)
