"""Comparisons trained for real, in this process, into a store."""

import importlib
from collections.abc import Callable
from types import ModuleType

import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.user_code_consent import trust_all_of
from lossterm.store import Store

Train = Callable[[Store, Comparison], None]
"""Asks for a comparison in the session "s" and trains its trials, one after the other; its device is the CPU."""


@pytest.fixture(scope="session")
def train_all(runtime: ModuleType) -> Train:
    """Return what trains by the engine in this process."""
    trainer = importlib.import_module("lossterm.engine.training.trainer").Trainer()

    def trained(store: Store, comparison: Comparison) -> None:
        trust_all_of(comparison)
        store.requests.ask("s", comparison)
        while row := store.worker.claim("cpu"):
            result = trainer.train(row.trial, row.id, lambda _: False)
            store.worker.finish(row.id, result.status, scores=result.scores, seconds=result.seconds)

    return trained
