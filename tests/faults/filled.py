"""Stores with something in them, written through the store itself: quick, and the same each time."""

from array import array
from pathlib import Path

from lossterm.comparison.comparison import Comparison
from lossterm.engine.fakes.fake_model import fake_model, fake_sample
from lossterm.store import Checkpoint, Chunk, Store

LOSSES = ("hinge", "squared_hinge")
EPOCHS = 40
PARTS = 4


def asked_for(seeds: int = 10, losses: tuple[str, ...] = LOSSES, epochs: int = EPOCHS) -> Comparison:
    return Comparison.ask("circles", losses, protocol="tutorial", seeds=seeds, epochs=epochs, hidden=(4,))


def level(trial: int, epoch: int) -> float:
    return 1 / (1 + epoch) + trial / 1024


def part(trial: int, start: int, epochs: int) -> Chunk:
    rows = [level(trial, epoch) + place / 8 for epoch in range(start, start + epochs) for place in range(4)]
    return Chunk(trial=trial, start=start, epochs=epochs, data=array("f", rows).tobytes())


def train(store: Store, most: int = 1_000_000) -> int:
    """Pretend to train what is queued, at most so many trials, and return how many."""
    count = 0
    while count < most and (row := store.worker.claim("auto")):
        count += 1
        size = EPOCHS // PARTS
        for start in range(row.epochs, row.trial.hyperparameters.epochs - size, size):
            store.worker.record(part(row.id, start, size))
        last = row.trial.hyperparameters.epochs - size
        score = {split: 1 - level(row.id, EPOCHS) for split in ("train", "test")}
        model = fake_model(row.trial, row.id, trained=True) if row.trial.seed == 0 else None
        store.worker.finish(
            row.id,
            "done",
            seconds=0.25,
            scores={"accuracy": dict(score)},
            chunk=part(row.id, last, size),
            model=model,
            sample=fake_sample(row.trial) if model else None,
        )
    return count


def fill(path: Path, seeds: int = 10) -> Path:
    """Write a store with two sessions: one trained to its end, one of which a trial waits and one was being trained."""
    with Store(path) as store:
        store.requests.ask("whole", asked_for(seeds))
        train(store)
        store.requests.ask("half", asked_for(2, losses=("binary_crossentropy", "exponential")))
        train(store, 2)
        running = store.worker.claim("auto")
        assert running
        store.worker.record(part(running.id, 0, EPOCHS // PARTS))
        store.worker.save(running.id, Checkpoint(epochs=EPOCHS // PARTS, seconds=1.0, state=b"state"))
        store.preferences.keep("theme", "dark")
        store.worker.report_worker("auto", 1, "ready", "ready", {"keras": "3"})
    return path
