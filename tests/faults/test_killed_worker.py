"""kill -9 of the real worker at any moment: what was shown is there, and what comes out is what would have come out."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.reports import report
from lossterm.store import AskedComparison, Store, TrialRow
from lossterm.worker_control import lock, supervisor
from tests.faults.watcher import Watcher, assert_nothing_lost, curves, until
from tests.fork_server import Forked, ForkServer
from tests.long_run import cases

pytestmark = pytest.mark.tensorflow

DEVICE = "cpu"
ROUNDS = 50
QUICK = ("round 0", "round 1", "round 2", "round 24")
"""Rounds of every run: while it loads, while it trains with and without checkpoints, and two lanes side by side."""
EPOCHS = 40
LONG = 300
"""Epochs of a training that is worth a checkpoint."""
ALONE = ("hinge", "squared_hinge", "binary_crossentropy")
SIDE_BY_SIDE = ("hinge", "binary_crossentropy")
"""Losses that two lanes train at once."""

EACH_EPOCH = {"lossterm.engine.training.trainer.REPORT_SECONDS": 0.0}
"""Has every epoch reported by itself, so that there is a moment between any two."""
OFTEN_KEPT = {"lossterm.engine.training.checkpoint_timer.SECONDS": 0.02}
"""Has a checkpoint saved every few epochs."""


class Setting:
    """How workers are that are forked."""

    def __init__(self) -> None:
        self.changed: dict[str, float] = dict(EACH_EPOCH)
        self.lanes = 1


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch, fork_server: ForkServer) -> Setting:
    """Have workers started by forking, without a pause in between, as this says."""
    setting = Setting()

    def ensure(store: Path, device: str, *_: object) -> Forked | None:
        return None if lock.alive(store, device) else fork_server.fork(store, device, setting.changed, setting.lanes)

    monkeypatch.setattr(supervisor, "ensure", ensure)
    monkeypatch.setattr(supervisor.Supervisor, "GRACE", 0.0)
    return setting


class Undisturbed:
    """What trials yield when nothing happens to them."""

    def __init__(self, rows: list[TrialRow], by_number: dict[int, bytes]) -> None:
        self.rows = rows
        self.curves = {row.trial.key: by_number[row.id] for row in rows}
        self.scores = {row.trial.key: (row.scores, row.anatomy) for row in rows}


@pytest.fixture(scope="module")
def undisturbed(fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Return the trials of all rounds and of the long training, trained by workers that nobody troubles."""
    with Store(tmp_path_factory.mktemp("undisturbed") / "lossterm.db") as store:
        asked = [store.requests.ask("s", comparison(ALONE)), store.requests.ask("s", comparison(("hinge",), LONG))]
        forked = fork_server.fork(store.path, DEVICE)
        ids = [one.id for one in asked]
        until(lambda: all(row.ended for row in store.reader.trials(ids)), "the end")
        forked.kill()
        rows = [row for one in asked for row in store.reader.trials([one.id])]
        return Undisturbed(rows, {trial: data for one in asked for trial, data in curves(store, one).items()})


def comparison(losses: tuple[str, ...], epochs: int = EPOCHS) -> Comparison:
    return Comparison.ask("circles", losses, protocol="tutorial", seeds=2, epochs=epochs, device=DEVICE)


@contextmanager
def watched(home: Path, asked: Comparison) -> Iterator[tuple[Store, AskedComparison, Watcher]]:
    """Ask for a comparison in a store of its own, and watch it with a keeper; kill the worker at the end."""
    with Store(home / "lossterm.db") as store:
        mine = store.requests.ask("s", asked)
        watcher = Watcher(store.path, "s", DEVICE, supervisor.Supervisor(store.path, DEVICE))
        try:
            watcher.look()
            watcher.look()  # the first look tells that there is something to train
            until(lambda: lock.alive(store.path, DEVICE), "a worker")
            yield store, mine, watcher
        finally:
            watcher.close()
            kill(store)


def kill(store: Store) -> None:
    """Send kill -9 to whoever holds the lock, and wait until the kernel has freed it."""
    until(lambda: lock.sign(store.path, DEVICE), "a sign of life")
    holder = lock.sign(store.path, DEVICE)
    assert holder is not None
    Forked(holder.pid).kill()
    until(lambda: not lock.alive(store.path, DEVICE), "the lock to be free")


def assert_as_undisturbed(undisturbed: Undisturbed, store: Store, asked: AskedComparison) -> None:
    """Check curves, scores and standings, bit for bit."""
    rows, by_number = store.reader.trials([asked.id]), curves(store, asked)
    for row in rows:
        assert row.status == "done"
        assert by_number[row.id] == undisturbed.curves[row.trial.key]
        assert (row.scores, row.anatomy) == undisturbed.scores[row.trial.key]
        assert row.error is None
    mine = {row.trial.key for row in rows}
    expected = report.build(asked, [row for row in undisturbed.rows if row.trial.key in mine])
    assert report.build(asked, rows).standings == expected.standings


@pytest.mark.parametrize("number", cases({f"round {number}": number for number in range(ROUNDS)}, QUICK))
def test_killed_at_any_moment_it_loses_nothing_and_ends_with_the_same_bits(
    number: int, home: Path, setting: Setting, undisturbed: Undisturbed
) -> None:
    luck = random.Random(number)
    losses: tuple[str, ...] = (ALONE[number % len(ALONE)],)
    if number % 25 == 24:
        losses, setting.lanes = SIDE_BY_SIDE, 2
    if number % 2:
        setting.changed |= OFTEN_KEPT
    with watched(home, comparison(losses)) as (store, asked, watcher):
        if number % 5:  # while it trains
            least = luck.randrange(1, 2 * len(losses) * EPOCHS)
            watcher.until(lambda: len(watcher.shown) >= least, f"{least} epochs")
            time.sleep(luck.uniform(0, 0.01))
        else:  # while it loads or compiles, or thereabouts
            moment = time.monotonic() + luck.uniform(0, 1)
            watcher.until(lambda: time.monotonic() > moment, "the moment")
        kill(store)
        watcher.until(lambda: not watcher.view.training, "the end")
        assert_nothing_lost(watcher, store, asked)
        assert_as_undisturbed(undisturbed, store, asked)
        assert max(row.attempts for row in store.reader.trials([asked.id])) <= 2


def test_a_long_training_goes_on_from_its_checkpoint_to_the_same_bits(
    home: Path, setting: Setting, undisturbed: Undisturbed
) -> None:
    setting.changed |= {"lossterm.engine.training.checkpoint_timer.SECONDS": 0.1}
    with watched(home, comparison(("hinge",), LONG)) as (store, asked, watcher):
        watcher.until(
            lambda: any(store.worker.checkpoint(row.id) for row in store.reader.trials([asked.id])), "a checkpoint"
        )
        kill(store)
        running = [row for row in store.reader.trials([asked.id]) if row.status == "running"]
        kept = {row.id: checkpoint for row in running if (checkpoint := store.worker.checkpoint(row.id))}
        assert kept
        assert all(0 < kept[row.id].epochs <= row.epochs < LONG for row in running if row.id in kept)
        watcher.look()
        before = len(watcher.seen)
        watcher.until(lambda: not watcher.view.training, "the end")
        for trial, checkpoint in kept.items():
            assert next(chunk.start for chunk in watcher.seen[before:] if chunk.trial == trial) == checkpoint.epochs
        assert_nothing_lost(watcher, store, asked)
        assert_as_undisturbed(undisturbed, store, asked)
        assert not any(store.worker.checkpoint(row.id) for row in store.reader.trials([asked.id]))
