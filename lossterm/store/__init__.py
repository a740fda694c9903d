"""Sessions on disk: the store is the bus between what asks, what trains and what shows."""

from lossterm.store.rows import (
    LEVELS,
    Anatomy,
    Asked,
    Chunk,
    Scores,
    SessionRow,
    TrialRow,
    WorkerRow,
    WorkerState,
    session_name,
)
from lossterm.store.schema import default_path
from lossterm.store.store import Store

__all__ = [
    "LEVELS",
    "Anatomy",
    "Asked",
    "Chunk",
    "Scores",
    "SessionRow",
    "Store",
    "TrialRow",
    "WorkerRow",
    "WorkerState",
    "default_path",
    "session_name",
]
