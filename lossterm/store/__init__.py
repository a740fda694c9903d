"""Sessions on disk: the store is the bus between what asks, what trains and what shows."""

from lossterm.store.records import (
    LEVELS,
    MOST_SAMPLED,
    Anatomy,
    AskedComparison,
    Checkpoint,
    Chunk,
    Model,
    Sample,
    SessionRow,
    TrialRow,
    TrialScores,
    WorkerRow,
    WorkerState,
    sample_key,
    session_name,
)
from lossterm.store.store import Store

__all__ = [
    "LEVELS",
    "MOST_SAMPLED",
    "Anatomy",
    "AskedComparison",
    "Checkpoint",
    "Chunk",
    "Model",
    "Sample",
    "SessionRow",
    "Store",
    "TrialRow",
    "TrialScores",
    "WorkerRow",
    "WorkerState",
    "sample_key",
    "session_name",
]
