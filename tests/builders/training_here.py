"""A worker in a thread of the test, with the fake engine or another: what a front end waits for comes at once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lossterm.comparison.comparison import Trial
from lossterm.engine.contract import Engine, Job, Result
from lossterm.engine.fakes.fake_engine import FakeTrainer
from lossterm.errors import LosstermError
from lossterm.store import Store, TrialRow
from tests.builders.ending import finish

Fails = Callable[[Trial], str | None]
"""Why a trial fails, None for one that is trained."""


def _trained(trainer: Engine, row: TrialRow, store: Store) -> list[Result]:
    results: list[Result] = []
    job = Job(trial=row.trial, number=row.id, report=store.worker.record, end=results.append)
    trainer.train_together([job])
    return results


@contextmanager
def training_here(
    path: Path | None = None, fails: Fails = lambda _: None, engine: Engine | None = None, device: str = "auto"
) -> Iterator[None]:
    """Train what is asked for in a store, None for the default one, until the block is left."""
    over = threading.Event()

    def train() -> None:
        trainer = engine or FakeTrainer()
        with Store(path) as store:
            while not over.wait(0.002):
                while row := store.worker.claim(device):
                    if (reason := fails(row.trial)) is not None:
                        store.worker.finish(row.id, "failed", error=reason)
                        continue
                    try:
                        (result,) = _trained(trainer, row, store)
                    except LosstermError as error:
                        store.worker.finish(row.id, "failed", error=str(error))
                        continue
                    finish(store, row.id, result)

    thread = threading.Thread(target=train)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
