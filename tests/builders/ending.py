"""Ending a trial in a store with what an engine made of it, as the worker does, but for its time: the same each run."""

from typing import Any

from lossterm.engine.contract import Result
from lossterm.store import Store

SECONDS = 0.02
"""How long every training is said to have taken."""


def finish(store: Store, number: int, result: Result, **changed: Any) -> None:
    """End a running trial with a result, some of which may be `changed` by the names of `WorkerWrites.finish`."""
    told = {
        "seconds": SECONDS,
        "scores": result.scores,
        "chunk": result.chunk,
        "model": result.model,
        "sample": result.sample,
    }
    store.worker.finish(number, result.status, **{**told, **changed})
