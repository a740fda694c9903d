"""Lanes that are processes, as each card has one: they die, hang, leak and vanish, and the fault table holds."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.engine.worker.training_process import MOST_VAIN
from lossterm.store import AskedComparison, Store, TrialRow
from lossterm.tui.widgets.status_line import worker_in_words
from lossterm.worker_control import lock, starting, supervisor
from tests.faults.watcher import Watcher, assert_nothing_lost, until
from tests.lanes.places import LANE
from tests.lanes.troubled_lane import TROUBLE

WORKER = """
import sys
from lossterm.engine.fakes import fake_engine as fake
from lossterm.engine.worker import health
from lossterm.engine.worker import training_process
from lossterm.engine.worker.process import Loaded, card_lanes, main
health.BEAT, health.OBEY_SECONDS, health.SILENCE_SECONDS, training_process.PAUSE = 0.05, 0.5, {silence}, 0.01
def load(device, memory):
    lanes = card_lanes({{number: str(number) for number in range({cards})}}, command={lane!r})
    if {threads}:
        return Loaded(fake.FakeTrainer, {{**fake.fake_environment("CPU"), "device": "CPU+GPU"}}, {threads}, lanes)
    return Loaded(fake.FakeTrainer, None, 0, lanes)
main(load)
"""
DEVICE = "auto"


@pytest.fixture
def watch(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Watcher]]:
    """Return what watches the session with a keeper of workers whose lanes are processes; what is left is killed."""
    monkeypatch.setattr(supervisor.Supervisor, "GRACE", 0.0)
    watchers: list[Watcher] = []

    def begin(cards: int = 1, threads: int = 0, silence: float = 60, memory: int | None = None) -> Watcher:
        code = WORKER.format(cards=cards, threads=threads, silence=silence, lane=LANE)
        keeper = supervisor.Supervisor(store.path, DEVICE, (sys.executable, "-c", code), memory)
        watchers.append(Watcher(store.path, "s", DEVICE, keeper))
        return watchers[-1]

    yield begin
    for watcher in watchers:
        watcher.close()
    if lock.alive(store.path, DEVICE):
        os.kill(holder(store), signal.SIGKILL)


def ask(store: Store, *losses: str, seeds: int = 1, epochs: int = 40) -> AskedComparison:
    return store.requests.ask("s", Comparison.ask("circles", losses, protocol="tutorial", seeds=seeds, epochs=epochs))


def rows_of(store: Store, asked: AskedComparison) -> list[TrialRow]:
    return store.reader.trials([asked.id])


def holder(store: Store) -> int:
    """Return the worker's process."""
    until(lambda: lock.sign(store.path, DEVICE), "a sign of life")
    sign = lock.sign(store.path, DEVICE)
    assert sign is not None
    return sign.pid


def lanes(store: Store) -> list[int]:
    """Return the processes of the worker's lanes."""
    worker = holder(store)
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = place.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if int(parent) == worker:
            found.append(int(place.parent.name))
    return sorted(found)


def gone(pid: int) -> bool:
    """Whether a process has ended, also if nobody has asked for its exit code yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def over(watcher: Watcher) -> None:
    watcher.until(lambda: watcher.view.rows and not watcher.view.training, "the end")


def trained(watcher: Watcher, store: Store, asked: AskedComparison) -> None:
    """Wait for epochs of every trial that is running."""
    watcher.until(
        lambda: any(row.status == "running" and row.epochs for row in rows_of(store, asked)), "a training with epochs"
    )


def words_logged(store: Store) -> str:
    return starting.log_path(store.path, DEVICE).read_text()


def test_two_processes_train_side_by_side_under_one_worker(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.02")
    asked = ask(store, "hinge", "squared_hinge", seeds=2)
    watcher = watch(cards=2)
    watcher.until(lambda: [row.status for row in rows_of(store, asked)].count("running") == 2, "two at once")
    assert len(lanes(store)) == 2
    over(watcher)
    assert {(row.status, row.attempts, row.error) for row in rows_of(store, asked)} == {("done", 1, None)}
    assert {row.environment["device"] for row in rows_of(store, asked) if row.environment} == {"GPU"}
    assert_nothing_lost(watcher, store, asked)


SLOW = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGSEGV, marks=SLOW)])
def test_a_process_that_is_killed_is_replaced_and_the_others_train_on(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.02")
    asked = ask(store, "hinge", "squared_hinge", epochs=60)
    watcher = watch(cards=2)
    watcher.until(lambda: all(row.epochs for row in rows_of(store, asked)), "epochs of both")
    worker = holder(store)
    os.kill(lanes(store)[0], number)
    over(watcher)
    assert holder(store) == worker
    assert {(row.status, row.error) for row in rows_of(store, asked)} == {("done", None)}
    assert_nothing_lost(watcher, store, asked)
    assert re.search(rf"The process of card \d ended: {number.name}\.", words_logged(store))


def test_a_trial_that_kills_its_process_twice_is_failed_and_the_others_go_on(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TROUBLE, "dies")
    monkeypatch.setenv("LOSSTERM_FAKE_WIDTH", "3")
    asked = ask(store, "hinge", "squared_hinge", seeds=2)
    watcher = watch()
    over(watcher)
    for row in rows_of(store, asked):
        if row.trial.loss == "hinge":
            assert (row.status, row.attempts) == ("failed", 2)
            assert (row.error or "").startswith("The worker died 2 times while training this, the last time by SIGSEGV")
            assert row.environment is not None
            assert row.environment["device"] == "GPU"
        else:
            assert (row.status, row.attempts) == ("done", 1)


def test_a_process_that_was_stopped_is_ended_and_no_trial_is_blamed(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.02")
    asked = ask(store, "hinge")
    watcher = watch(silence=0.7)
    trained(watcher, store, asked)
    worker, (stopped,) = holder(store), lanes(store)
    os.kill(stopped, signal.SIGSTOP)
    over(watcher)
    assert (holder(store), gone(stopped)) == (worker, True)
    assert {(row.status, row.attempts) for row in rows_of(store, asked)} == {("done", 1)}
    assert "card 0: There was no sign of life for 0.7 s. Another process goes on." in words_logged(store)


def test_a_training_that_gives_no_epoch_is_failed_and_its_process_replaced(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TROUBLE, "hangs")
    monkeypatch.setenv("LOSSTERM_HANG_SECONDS", "0.7")
    asked = ask(store, "hinge", "squared_hinge")
    watcher = watch()
    over(watcher)
    hinge, other = rows_of(store, asked)
    assert (hinge.status, hinge.error) == ("failed", "It gave no epoch for 0.7 s and was taken for hung.")
    assert hinge.environment is not None
    assert hinge.environment["device"] == "GPU"
    assert (other.status, other.attempts) == ("done", 1)
    assert "card 0: Hung: hinge. Another process goes on." in words_logged(store)


def test_a_training_that_ignores_a_cancel_ends_with_its_process(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TROUBLE, "hangs")
    asked = ask(store, "hinge")
    watcher = watch()
    watcher.until(lambda: any(row.status == "running" for row in rows_of(store, asked)), "the training")
    worker = holder(store)
    store.requests.cancel([asked.id])
    watcher.until(lambda: not watcher.view.training, "its end", 10)
    assert [(row.status, row.error) for row in rows_of(store, asked)] == [("cancelled", None)]
    later = ask(store, "squared_hinge")
    watcher.until(lambda: all(row.ended for row in rows_of(store, later)), "what was asked for later")
    assert [row.status for row in rows_of(store, later)] == ["done"]
    assert holder(store) == worker


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_processes_end_with_their_worker_however_it_ends(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv(TROUBLE, "hangs" if number == signal.SIGKILL else "")
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.02")
    asked = ask(store, "hinge", "squared_hinge", epochs=10_000)
    watcher = watch(cards=2)
    watcher.until(lambda: [row.status for row in rows_of(store, asked)] == ["running"] * 2, "both")
    both, worker = lanes(store), holder(store)
    assert len(both) == 2
    os.kill(worker, number)
    until(lambda: all(map(gone, both)), "the end of its processes", 5)
    until(lambda: gone(worker), "its own end")
    if number == signal.SIGTERM:
        assert {(row.status, row.attempts) for row in rows_of(store, asked)} == {("queued", 0)}


def test_a_cancel_reaches_a_process_within_a_quarter_of_a_second(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.01")
    waits, watcher = [], watch()
    for attempt in range(3):
        asked = ask(store, "hinge", epochs=100_000 + attempt)
        trained(watcher, store, asked)
        store.requests.cancel([asked.id])
        before = time.monotonic()
        until(lambda asked=asked: all(row.ended for row in rows_of(store, asked)), "the end")  # type: ignore[misc]
        waits.append(time.monotonic() - before)
    assert sorted(waits)[1] < 0.25  # the middle one, since this machine may be busy


@pytest.mark.parametrize("width", ["1", pytest.param("4", marks=SLOW)])
def test_the_limit_of_memory_is_each_processs_own(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv(TROUBLE, "leaks")
    monkeypatch.setenv("LOSSTERM_FAKE_WIDTH", width)
    asked = ask(store, "hinge", "squared_hinge", seeds=int(width) // 2 or 1)
    watcher = watch(cards=2, memory=350_000_000)
    over(watcher)
    worker = holder(store)
    for row in rows_of(store, asked):
        if row.trial.loss == "hinge":
            assert row.status == "failed"
            assert re.match(r"Out of memory: it took the worker to \d+ MB, and the limit is 350 MB\.", row.error or "")
        else:
            assert (row.status, row.error) == ("done", None)
    assert re.search(r"card \d: At \d+ MB, above the limit of memory\. Another process goes on\.", words_logged(store))
    assert holder(store) == worker


# A card that fails


def test_a_card_that_cannot_be_used_is_said_and_fails_what_waits_for_it(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TROUBLE, "sees no card")
    asked = ask(store, "hinge")
    watcher = watch(cards=2)
    over(watcher)
    assert [(row.status, row.error) for row in rows_of(store, asked)] == [("failed", "TensorFlow sees no GPU here.")]
    worker = store.reader.workers()[0]
    assert (worker.state, worker.message) == ("failed", "TensorFlow sees no GPU here.")


@pytest.mark.parametrize("trouble", ["sees no card", "dies while it loads", pytest.param("dies all", marks=SLOW)])
def test_under_auto_the_processor_trains_on_where_a_card_fails_and_says_so(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setenv(TROUBLE, trouble)
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.01")
    asked = ask(store, "hinge", seeds=20 if trouble == "dies all" else 1)
    watcher, seen = watch(cards=1, threads=1), set[str]()
    watcher.until(lambda: "No more is trained on card 0" in words_logged_of(store), "the card to be given up")
    later = ask(store, "squared_hinge", seeds=3, epochs=30)

    def ended() -> bool:
        seen.update(worker_in_words(row) for row in store.reader.workers())
        return all(row.ended for row in (*rows_of(store, asked), *rows_of(store, later)))

    watcher.until(ended, "the end")
    assert {row.status for row in rows_of(store, later)} == {"done"}
    failed = [row.error or "" for row in rows_of(store, asked) if row.status == "failed"]
    assert len(failed) <= MOST_VAIN // 2
    assert all(error.startswith("The worker died 2 times while training this") for error in failed)
    reason = {
        "sees no card": "TensorFlow sees no GPU here",
        "dies while it loads": "the process of card 0 ended again and again, the last time by SIGSEGV",
        "dies all": "the process of card 0 ended again and again, the last time by SIGSEGV",
    }[trouble]
    assert f"CPU ({reason}) training" in seen


def words_logged_of(store: Store) -> str:
    return words_logged(store) if starting.log_path(store.path, DEVICE).exists() else ""
