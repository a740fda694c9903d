"""Two kinds of devices under one worker: each program is trained by the kind that it is for, also while lanes load."""

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pytest

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.engine.contract import DeviceKind
from lossterm.engine.fakes.fake_engine import FakeTrainer, fake_environment
from lossterm.engine.worker.board import Board
from lossterm.engine.worker.training_thread import InThread, TrainingThread
from lossterm.store import AskedComparison, Store, TrialRow
from tests.faults.watcher import until


class Choosy(FakeTrainer):
    """The hinge loss is for cards, which alone find out about squared_hinge: that it is for the processor."""

    def belongs(self, trial: Trial, served: Collection[DeviceKind]) -> DeviceKind:
        """Return the kind."""
        if set(served) == {self.kind}:
            return self.kind
        if trial.loss == "hinge" or (trial.loss == "squared_hinge" and self.kind == "CPU" and not Choosy.measured):
            return "GPU"
        Choosy.measured |= self.kind == "GPU"
        return "CPU"

    measured = False

    def chosen(self, trial: Trial) -> str:
        """Say something of what is known."""
        return f"{'GPU' if trial.loss == 'hinge' else 'CPU'} (it is so)"


@contextmanager
def lanes(store: Store, *kinds: DeviceKind, expected: tuple[DeviceKind, ...] = ()) -> Iterator[Board]:
    board, stop = Board(), threading.Event()
    for number, kind in enumerate(expected, start=len(kinds)):
        board.expect(number, kind)
    threads = [
        TrainingThread(number, store.path, "auto", InThread(Choosy(kind), fake_environment(kind), stop), board, stop)
        for number, kind in enumerate(kinds)
    ]
    for number, kind in enumerate(kinds):
        board.expect(number, kind)
    for thread in threads:
        thread.start()
    try:
        yield board
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        assert not any(thread.broken for thread in threads)


@pytest.fixture(autouse=True)
def nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Choosy, "measured", False)


def ask(store: Store, *losses: str) -> AskedComparison:
    store.worker.report_worker("auto", 1, "ready", "", {"device": "CPU+GPU"})
    return store.requests.ask("s", Comparison.ask("circles", losses, protocol="tutorial", seeds=3, epochs=10))


def rows_of(store: Store, asked: AskedComparison) -> list[TrialRow]:
    return store.reader.trials([asked.id])


def test_each_program_is_trained_by_the_kind_that_it_is_for(store: Store) -> None:
    asked = ask(store, "hinge", "squared_hinge", "binary_crossentropy")
    with lanes(store, "CPU", "GPU") as board:
        until(lambda: all(row.ended for row in rows_of(store, asked)), "the end")
        programs = {row.trial.program for row in rows_of(store, asked)}
        assert board.device_in_words(programs) == "CPU and GPU, each where it is faster"
    for row in rows_of(store, asked):
        assert (row.status, row.attempts, row.note) == ("done", 1, None)


def test_a_trial_that_is_tried_alone_is_left_to_its_kind_too(store: Store) -> None:
    asked = ask(store, "hinge")
    first, second = store.worker.claim("auto"), store.worker.claim("auto")
    assert first
    assert second
    store.worker.requeue("auto", died=True)  # nobody knows which it was
    program = first.trial.program
    third = store.worker.claim("auto", avoid=[program])
    assert third is not None, "those that are tried alone are others' only if these can train them"
    store.worker.finish(third.id, "done")
    assert store.worker.claim("auto", elsewhere=[program]) is None
    assert [row.status for row in rows_of(store, asked)].count("queued") == 2


def test_a_card_that_loads_is_waited_for_by_what_is_its_own_and_by_nothing_else(store: Store) -> None:
    asked = ask(store, "hinge", "binary_crossentropy")
    with lanes(store, "CPU", expected=("GPU",)) as board:
        until(lambda: [row.status for row in rows_of(store, asked)].count("done") == 3, "what is the processor's")
        time.sleep(0.2)
        waiting = [row for row in rows_of(store, asked) if not row.ended]
        assert {(row.trial.loss, row.attempts) for row in waiting} <= {("hinge", 0), ("hinge", 1)}
        assert len(waiting) == 3
        board.give_up(1, "the card has failed")
        until(lambda: all(row.ended for row in rows_of(store, asked)), "the rest")
        assert board.device_in_words({waiting[0].trial.program}) == "CPU (the card has failed)"
    notes = {row.trial.loss: row.note for row in rows_of(store, asked)}
    assert notes == {"hinge": "Trained on the CPU: the card has failed.", "binary_crossentropy": None}
