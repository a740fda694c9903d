"""Sessions on disk: the store is the bus between what asks, what trains and what shows."""

from lossterm.store.rows import (
    LEVELS,
    MOST_SAMPLED,
    Anatomy,
    Asked,
    Checkpoint,
    Chunk,
    Model,
    Sample,
    Scores,
    SessionRow,
    TrialRow,
    WorkerRow,
    WorkerState,
    sample_key,
    session_name,
)
from lossterm.store.schema import default_path
from lossterm.store.store import Store

__all__ = [
    "LEVELS",
    "MOST_SAMPLED",
    "Anatomy",
    "Asked",
    "Checkpoint",
    "Chunk",
    "Model",
    "Sample",
    "Scores",
    "SessionRow",
    "Store",
    "TrialRow",
    "WorkerRow",
    "WorkerState",
    "default_path",
    "sample_key",
    "session_name",
]
