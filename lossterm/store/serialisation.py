"""Writes records as rows of the store and parses them again; a row that no lossterm wrote is invalid."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.comparison.curve_layout import BYTES, VALUES
from lossterm.store.checksum import UNTRAINED, verify
from lossterm.store.records import (
    Anatomy,
    AskedComparison,
    Checkpoint,
    Chunk,
    Kept,
    KeptOutputs,
    Model,
    Sample,
    TrialRow,
    WorkerRow,
)

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
"""SQL for the numbers that `listed` wrote: with the numbers in its text, each list would be a statement of its own."""


def listed(numbers: Iterable[int]) -> str:
    """Write numbers as the parameter that LISTED takes."""
    return msgspec.json.encode(list(numbers)).decode()


def encode(value: object | None) -> str | None:
    """Write a record as JSON text; None stays None."""
    return None if value is None else msgspec.json.encode(value).decode()


_WITH_COLUMN = {"trial", "key", "data", "features", "target"}


def about(record: Kept | Sample) -> str:
    """Write as JSON text the fields of a record that have no column of their own."""
    fields = msgspec.structs.asdict(record)
    return msgspec.json.encode({name: value for name, value in fields.items() if name not in _WITH_COLUMN}).decode()


def checkpoint_row(row: Mapping[str, Any]) -> Checkpoint:
    """Parse a row of `checkpoints`. Raises MsgspecError, ValueError or TypeError for an invalid one."""
    verify("checkpoints", row)
    return msgspec.convert({**row, "state": _bytes(row, "state")}, Checkpoint)


def model_row(row: Mapping[str, Any]) -> Kept:
    """Parse a row of `models`: only weights have `layers`. Raises MsgspecError, ValueError or TypeError."""
    verify("models", row)
    fields = {**msgspec.json.decode(row["about"]), "trial": row["trial"], "data": _bytes(row, "data")}
    kept: Kept = msgspec.convert(fields, Model) if "layers" in fields else msgspec.convert(fields, KeptOutputs)
    if len(kept.data) != kept.size:
        raise ValueError(f"{len(kept.data)} bytes for {kept.size} of what was kept at {len(kept.epochs)} epochs")
    return kept


def sample_row(row: Mapping[str, Any]) -> Sample:
    """Parse a row of `samples`. Raises MsgspecError, ValueError or TypeError for an invalid one."""
    verify("samples", row)
    columns = {"key": row["key"], "features": _bytes(row, "features"), "target": _bytes(row, "target")}
    sample = msgspec.convert({**msgspec.json.decode(row["about"]), **columns}, Sample)
    if not sample.whole:
        raise ValueError(f"{len(sample.features)} bytes of features, {len(sample.target)} of a target")
    return sample


def _bytes(row: Mapping[str, Any], name: str) -> bytes:
    value = row[name]
    if not isinstance(value, bytes):  # msgspec would take text for base64
        raise TypeError(f"{name} that is not a BLOB")
    return value


def asked_row(row: Mapping[str, Any]) -> AskedComparison:
    """Parse a row of a comparison with its session's name. Raises MsgspecError or ValueError for an invalid one."""
    verify("comparisons", row)
    whole = {**row, "session": row["name"], "comparison": msgspec.json.decode(row["asked"], type=Comparison)}
    return msgspec.convert(whole, AskedComparison)


def chunk_row(row: Mapping[str, Any]) -> Chunk:
    """Parse a row of `curves`. Raises MsgspecError, ValueError or TypeError for an invalid one."""
    verify("curves", row)
    chunk = msgspec.convert({**row, "data": _bytes(row, "data")}, Chunk)
    if chunk.start < 0 or chunk.epochs < 1 or len(chunk.data) % (BYTES * len(VALUES) * chunk.epochs):  # of each split
        raise ValueError(f"{len(chunk.data)} bytes for {chunk.epochs} epochs")
    return chunk


def worker_row(row: Mapping[str, Any]) -> WorkerRow:
    """Parse a row of `workers`. Raises MsgspecError for an invalid one."""
    environment = msgspec.json.decode(row["environment"]) if row["environment"] else None
    return msgspec.convert({**row, "environment": environment}, WorkerRow)


def trial_row(row: Mapping[str, Any]) -> TrialRow:
    """Parse a row of TRIAL_COLUMNS. Raises MsgspecError or ValueError for an invalid one."""
    verify("trials", row)
    whole = {
        **row,
        "trial": msgspec.json.decode(row["asked"], type=Trial),
        "cancel": bool(row["cancel"]),
        **{name: msgspec.json.decode(row[name]) if row[name] else None for name in ("scores", "environment")},
        "anatomy": msgspec.json.decode(row["anatomy"], type=Anatomy) if row["anatomy"] else None,
    }
    return msgspec.convert(whole, TrialRow)
