"""One set of tests over every carrier: a thread of the worker, a process, and one that drops, delays and repeats."""

import time
from array import array
from collections.abc import Callable

import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.engine.fakes.fake_engine import FakeTrainer
from lossterm.store import AskedComparison, Chunk, Store, TrialRow
from tests.faults.watcher import curves, until
from tests.lanes.places import KINDS, serving
from tests.lanes.troubled_lane import TROUBLE

pytestmark = pytest.mark.parametrize("kind", KINDS)

LOSSES = ("hinge", "squared_hinge")


def ask(store: Store, *losses: str, seeds: int = 2, epochs: int = 40) -> AskedComparison:
    comparison = Comparison.ask("circles", losses or LOSSES, protocol="tutorial", seeds=seeds, epochs=epochs)
    return store.requests.ask("s", comparison)


def rows_of(store: Store, asked: AskedComparison) -> list[TrialRow]:
    return store.reader.trials([asked.id])


def ended(store: Store, asked: AskedComparison) -> Callable[[], bool]:
    return lambda: all(row.ended for row in rows_of(store, asked))


def alone(row: TrialRow) -> tuple[bytes, object]:
    """Return curve and scores of a trial that nobody carries anywhere."""
    chunks: list[Chunk] = []

    def add(chunk: Chunk) -> bool:
        chunks.append(chunk)
        return False

    result = FakeTrainer().train(row.trial, row.id, add)
    assert result.chunk
    return b"".join(chunk.data for chunk in [*chunks, result.chunk]), result.scores


def test_what_arrives_in_the_store_is_what_was_trained(
    kind: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.002")
    monkeypatch.setenv("LOSSTERM_FAKE_WIDTH", "2")
    asked = ask(store, seeds=2, epochs=120)
    with serving(store, kind):
        until(ended(store, asked), "the end")
    stored = curves(store, asked)
    for row in rows_of(store, asked):
        assert (row.status, row.attempts, row.error) == ("done", 1, None)
        assert (stored[row.id], row.scores) == alone(row)
    models = store.reader.models([row.id for row in rows_of(store, asked)])
    assert set(models) == {row.id for row in rows_of(store, asked) if row.trial.seed == 0}
    assert len([chunk for chunk in store.reader.chunks([asked.id])[0] if chunk.trial == 1]) > 1


def time_of_cancel(store: Store, asked: AskedComparison) -> float:
    until(lambda: rows_of(store, asked)[0].epochs, "epochs")
    time.sleep(0.13)
    store.requests.cancel([asked.id])
    before = time.monotonic()
    until(ended(store, asked), "the end")
    assert rows_of(store, asked)[0].status == "cancelled"
    return time.monotonic() - before


def test_a_cancel_ends_a_training_within_a_quarter_of_a_second(
    kind: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.01")
    asked = ask(store, "hinge", seeds=1, epochs=100_000)
    with serving(store, kind):
        waits = []
        for _ in range(3):
            waits.append(time_of_cancel(store, asked))
            asked = ask(store, "hinge", seeds=1, epochs=100_000 + len(waits))
    assert sorted(waits)[1] < 0.25  # the middle one, since this machine may be busy


def test_a_lane_that_is_told_to_stop_leaves_what_it_trained_to_the_next(
    kind: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.01")
    asked = ask(store, "hinge", seeds=1, epochs=100_000)
    with serving(store, kind):
        until(lambda: rows_of(store, asked)[0].epochs, "epochs")
    store.worker.requeue("auto", died=False)  # as the worker does in the end
    (row,) = rows_of(store, asked)
    assert (row.status, row.attempts) == ("queued", 0)


@pytest.mark.parametrize("width", [1, 3])
def test_what_a_training_throws_fails_it_alone_and_says_on_which_device(
    kind: str, store: Store, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    def throws(self: FakeTrainer, trial: object, *more: object) -> object:
        if getattr(trial, "loss", "") == "hinge":
            raise ValueError("no such thing as a hinge")
        return train(self, trial, *more)  # type: ignore[arg-type]

    train = FakeTrainer.train
    monkeypatch.setattr(FakeTrainer, "train", throws)
    monkeypatch.setenv(TROUBLE, "throws")
    monkeypatch.setenv("LOSSTERM_FAKE_WIDTH", str(width))
    store.worker.report_worker("auto", 1, "ready", "", {"device": "CPU+GPU", "tensorflow": "2"})
    asked = ask(store)
    with serving(store, kind):
        until(ended(store, asked), "the end")
    device = "GPU" if kind == "process" else "CPU"
    for row in rows_of(store, asked):
        assert row.status == ("failed" if row.trial.loss == "hinge" else "done")
        if row.status == "failed":
            assert row.error == "ValueError: no such thing as a hinge"
            assert row.environment == {"device": device, "tensorflow": "2"}


@pytest.mark.parametrize(("room", "status"), [("2", "done"), ("1", "done"), ("0", "failed")])
def test_where_memory_runs_out_fewer_are_trained_together_before_any_fails(
    kind: str, store: Store, monkeypatch: pytest.MonkeyPatch, room: str, status: str
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_WIDTH", "5")
    monkeypatch.setenv("LOSSTERM_FAKE_ROOM", room)
    asked = ask(store, seeds=5)
    with serving(store, kind):
        until(ended(store, asked), "the end")
    for row in rows_of(store, asked):
        assert (row.status, row.attempts) == (status, 1)
        assert (row.error or "").startswith("Out of memory (MemoryError") is (status == "failed")
    if status == "done":
        assert array("i", map(len, curves(store, asked).values())) == array("i", [40 * 4 * 4] * 10)


def test_a_trial_that_is_deleted_while_it_trains_stops(
    kind: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.01")
    asked = ask(store, "hinge", seeds=1, epochs=100_000)
    with serving(store, kind) as lane:
        until(lambda: rows_of(store, asked)[0].epochs, "epochs")
        store.sessions.delete("s")
        until(lambda: not lane.busy, "the lane to be free")
        monkeypatch.delenv("LOSSTERM_FAKE_EPOCH_SECONDS")
        later = ask(store, "squared_hinge", seeds=1, epochs=2)
        until(ended(store, later), "what was asked for later")
    assert [row.status for row in rows_of(store, later)] == ["done"]
