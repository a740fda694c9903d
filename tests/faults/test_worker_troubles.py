"""Workers that hang, leak, run out of memory, do not load or meet another: what waits is trained all the same."""

import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lossterm.cli.main import main
from lossterm.comparison.comparison import Comparison
from lossterm.engine.worker import health
from lossterm.store import AskedComparison, Store
from lossterm.worker_control import lock, starting, supervisor
from tests.faults.watcher import Watcher, assert_nothing_lost, curves, until
from tests.long_run import cases

DEVICE = "auto"
WORDS = ("run", "--protocol", "tutorial", "--loss", "hinge", "--seeds", "2", "--epochs", "5")

BEGINNING = """
import os, signal, sys, time
from pathlib import Path
from lossterm.engine.fakes import fake_engine as fake
from lossterm.engine.worker import health as watching
from lossterm.engine.worker.process import main
watching.BEAT, watching.LEAVE_SECONDS, watching.OBEY_SECONDS = 0.05, 0.2, 0.3
place = Path(sys.argv[sys.argv.index("--store") + 1]).parent
class Troubled(fake.FakeTrainer):
    held = []
    def train(self, trial, number, report, *more):
        if trial.loss == "hinge":
            self.trouble(report)
        return super().train(trial, number, report, *more)
    def trouble(self, report):
        pass
"""
ENDING = """
main(lambda device, memory: (Troubled, fake.load_fake(device)[1], 2))
"""

HANGS = "    def trouble(self, report): time.sleep(1000)"
LEAKS = "    def trouble(self, report): self.held.append(b'1' * 400_000_000); time.sleep(1000)"
LEAKS_SLOWLY = "    def trouble(self, report): self.held.append(b'1' * 60_000_000); time.sleep(0.3)"
THROWS = """
    class ResourceExhaustedError(Exception): pass
    def trouble(self, report): raise {error}
"""
LOADS_FOR_EVER_ONCE = """
def load(device, memory):
    if not (place / "tried").exists():
        (place / "tried").touch()
        time.sleep(1000)
    return Troubled, fake.load_fake(device)[1], 2
main(load)
"""
TWINS = """
from lossterm.engine.fakes import fake_engine as fake
from lossterm.engine.worker.process import main
import os, sys, time
first, pause = os.fork() == 0, float(sys.argv.pop(1))
time.sleep(pause if first else 0)
try:
    main(fake.load_fake)
except SystemExit as left:
    assert left.code == 0
    print("first left" if first else "second left", flush=True)
    if not first:
        os.wait()
    os._exit(0)
"""
"""Two workers in one go; the first begins a moment later."""


def troubled(trouble: str = "", ending: str = ENDING) -> tuple[str, ...]:
    """Return the command of a worker that has trouble with the hinge loss."""
    return (sys.executable, "-c", f"{BEGINNING}\n{trouble}\n{ending}")


def ask(store: Store, *losses: str, seeds: int = 1, epochs: int = 40) -> AskedComparison:
    return store.requests.ask("s", Comparison.ask("circles", losses, protocol="tutorial", seeds=seeds, epochs=epochs))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have keepers lose no time."""
    monkeypatch.setattr(supervisor.Supervisor, "GRACE", 0.0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have keepers take a worker for hung that is silent for a second; these beat twenty times in that."""
    monkeypatch.setattr(supervisor.Supervisor, "SILENCE", 1.0)


@pytest.fixture
def watch(store: Store, quick: None) -> Iterator[Callable[..., Watcher]]:
    """Return what watches the session with a keeper of such workers; those that are left are killed at the end."""
    health: list[Watcher] = []

    def begin(command: tuple[str, ...], memory: int | None = None) -> Watcher:
        health.append(Watcher(store.path, "s", DEVICE, supervisor.Supervisor(store.path, DEVICE, command, memory)))
        return health[-1]

    yield begin
    for watcher in health:
        watcher.close()
    if lock.alive(store.path, DEVICE):
        os.kill(holder(store), signal.SIGKILL)


def holder(store: Store) -> int:
    """Return the process that holds the lock."""
    until(lambda: lock.sign(store.path, DEVICE), "a sign of life")
    sign = lock.sign(store.path, DEVICE)
    assert sign is not None
    return sign.pid


def assert_all_done(watcher: Watcher, store: Store, asked: AskedComparison) -> None:
    """Wait for the end; check that every trial was trained once, as it came, and nothing shown was lost."""
    watcher.until(lambda: watcher.view.rows and not watcher.view.training, "the end")
    assert {(row.status, row.error) for row in store.reader.trials([asked.id])} == {("done", None)}
    assert_nothing_lost(watcher, store, asked)


def words_logged(store: Store) -> str:
    return starting.log_path(store.path, DEVICE).read_text()


# Hanging


def test_a_worker_that_was_stopped_is_killed_and_replaced(
    store: Store, watch: Callable[..., Watcher], impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.02")
    asked = ask(store, "hinge", "squared_hinge")
    watcher = watch(troubled())
    watcher.until(lambda: len(watcher.shown) > 10, "epochs")
    stopped = holder(store)
    os.kill(stopped, signal.SIGSTOP)
    assert_all_done(watcher, store, asked)
    assert holder(store) != stopped
    assert {row.attempts for row in store.reader.trials([asked.id])} == {1}, "whom a supervisor killed blames no trial"


def test_a_worker_that_shows_signs_of_life_is_left_alone_however_long_it_says_nothing_else(
    store: Store, watch: Callable[..., Watcher], impatient: None
) -> None:
    asked = ask(store, "hinge")
    watcher = watch(troubled("    def trouble(self, report): time.sleep(2.5)"))
    assert_all_done(watcher, store, asked)
    assert {row.attempts for row in store.reader.trials([asked.id])} == {1}


def test_a_training_that_gives_no_epoch_is_failed_and_the_others_go_on_with_another_worker(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_HANG_SECONDS", "0.7")
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.02")
    asked = ask(store, "hinge", "squared_hinge", "binary_crossentropy")
    watcher = watch(troubled(HANGS))
    watcher.until(lambda: lock.alive(store.path, DEVICE), "a worker")
    first = holder(store)
    watcher.until(lambda: watcher.view.rows and not watcher.view.training, "the end")
    hinge, *others = sorted(store.reader.trials([asked.id]), key=lambda row: row.trial.loss != "hinge")
    assert (hinge.status, hinge.error) == ("failed", "It gave no epoch for 0.7 s and was taken for hung.")
    assert {(row.status, row.error, row.attempts) for row in others} == {("done", None, 1)}
    assert_nothing_lost(watcher, store, asked)
    until(lambda: lock.alive(store.path, DEVICE), "another worker")
    until(lambda: holder(store) != first, "its sign")
    assert "Hung: hinge. Another worker goes on." in words_logged(store)


def test_a_training_that_ignores_a_cancel_is_left_behind_and_ends_as_cancelled(
    store: Store, watch: Callable[..., Watcher]
) -> None:
    asked = ask(store, "hinge")
    watcher = watch(troubled(HANGS))
    watcher.until(lambda: any(row.status == "running" for row in watcher.view.rows.values()), "the training")
    first = holder(store)
    store.requests.cancel([asked.id])
    watcher.until(lambda: not watcher.view.training, "its end", 10)
    assert [(row.status, row.error) for row in store.reader.trials([asked.id])] == [("cancelled", None)]
    later = ask(store, "squared_hinge")
    watcher.until(lambda: all(row.ended for row in store.reader.trials([later.id])), "what was asked for later")
    assert [row.status for row in store.reader.trials([later.id])] == ["done"]
    assert holder(store) != first


# Memory


@pytest.mark.parametrize("width", ["1", "4"])
def test_a_training_that_takes_more_than_the_limit_fails_as_that_and_the_others_go_on(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_WIDTH", width)
    asked = ask(store, "hinge", "squared_hinge", "binary_crossentropy", seeds=int(width) // 2 or 1)
    watcher = watch(troubled(LEAKS), memory=350_000_000)
    watcher.until(lambda: watcher.view.rows and not watcher.view.training, "the end")
    for row in store.reader.trials([asked.id]):
        if row.trial.loss == "hinge":
            assert row.status == "failed"
            assert row.error is not None
            assert re.match(r"Out of memory: it took the worker to \d+ MB, and the limit is 350 MB\.", row.error)
        else:
            assert (row.status, row.error) == ("done", None)
    assert words_logged(store).count("above the limit of memory. Another worker goes on.") >= 1
    assert "Another worker trains for" not in words_logged(store)  # nobody came between one and the next


def test_a_worker_that_leaks_from_trial_to_trial_is_replaced_and_no_trial_is_blamed(
    store: Store, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(store, "hinge", seeds=8)
    watcher = watch(troubled(LEAKS_SLOWLY), memory=350_000_000)
    pids = set[int]()

    def over() -> bool:
        pids.update(worker.pid for worker in store.reader.workers())
        return bool(watcher.view.rows) and not watcher.view.training

    watcher.until(over, "the end")
    assert_all_done(watcher, store, asked)
    assert len(pids) > 1
    assert "above the limit of memory. Another worker goes on." in words_logged(store)


def test_a_limit_that_nothing_fits_into_is_said(store: Store, watch: Callable[..., Watcher]) -> None:
    asked = ask(store, "hinge")
    watcher = watch(troubled(), memory=1_000_000)
    watcher.until(lambda: watcher.view.rows and not watcher.view.training, "the end")
    (row,) = store.reader.trials([asked.id])
    assert row.status == "failed"
    assert row.error is not None
    assert re.fullmatch(r"TensorFlow alone takes \d+ MB, and the limit of memory is 1 MB: allow more\.", row.error)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ("MemoryError('unable to allocate 9 TiB')", "MemoryError"),
        ("self.ResourceExhaustedError('OOM when allocating tensor')", "ResourceExhaustedError"),
        ("RuntimeError('RESOURCE_EXHAUSTED: out of memory on the card')", "RuntimeError"),
    ],
)
def test_an_out_of_memory_is_reported_as_such_and_the_next_trial_goes_on(
    store: Store, watch: Callable[..., Watcher], error: str, name: str
) -> None:
    asked = ask(store, "hinge", "squared_hinge", seeds=2)
    watcher = watch(troubled(THROWS.format(error=error)))
    watcher.until(lambda: watcher.view.rows and not watcher.view.training, "the end")
    for row in store.reader.trials([asked.id]):
        assert row.status == ("failed" if row.trial.loss == "hinge" else "done")
        assert (row.error or "").startswith(f"Out of memory ({name}: ") is (row.trial.loss == "hinge")
        assert row.attempts == 1


# Loading


def test_a_worker_that_is_killed_while_it_loads_is_replaced(store: Store, watch: Callable[..., Watcher]) -> None:
    asked = ask(store, "hinge", "squared_hinge")
    watcher = watch(troubled(ending=LOADS_FOR_EVER_ONCE))
    watcher.until((store.path.parent / "tried").exists, "the loading")
    assert store.reader.workers()[0].state == "loading"
    os.kill(holder(store), signal.SIGKILL)
    assert_all_done(watcher, store, asked)
    assert {row.attempts for row in store.reader.trials([asked.id])} == {1}


def test_a_worker_that_is_stopped_while_it_loads_is_replaced(
    store: Store, watch: Callable[..., Watcher], impatient: None
) -> None:
    asked = ask(store, "hinge")
    watcher = watch(troubled(ending=LOADS_FOR_EVER_ONCE))
    watcher.until((store.path.parent / "tried").exists, "the loading")
    os.kill(holder(store), signal.SIGSTOP)
    assert_all_done(watcher, store, asked)


@pytest.fixture
def broken(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that workers import instead of TensorFlow."""
    place = tmp_path_factory.mktemp("broken")
    monkeypatch.setenv("PYTHONPATH", str(place), prepend=os.pathsep)
    return place / "tensorflow.py"


def test_a_tensorflow_that_fails_to_import_is_told_in_one_sentence_and_the_next_run_trains(
    store: Store, broken: Path, quick: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken.write_text("raise ImportError('libcudart.so.12: cannot open shared object file')")
    with pytest.raises(SystemExit) as left:
        main([*WORDS])
    assert left.value.code == 4
    said = capsys.readouterr()
    reason = "TensorFlow does not load: libcudart.so.12: cannot open shared object file"
    assert reason in " ".join(said.out.split())
    assert "Traceback" not in said.out + said.err
    assert "Traceback" in words_logged(store)
    (asked,) = store.reader.comparisons("default")
    assert {(row.status, row.error) for row in store.reader.trials([asked.id])} == {("failed", reason)}
    until(lambda: not lock.alive(store.path, DEVICE), "it to leave")

    assert starting.ensure(store.path, DEVICE, troubled())  # mended
    until(lambda: lock.alive(store.path, DEVICE), "a worker")
    with pytest.raises(SystemExit) as left:
        main([*WORDS])
    assert not left.value.code
    assert {row.status for row in store.reader.trials([asked.id])} == {"done"}


def test_a_tensorflow_that_crashes_while_it_is_imported_is_given_up_with_what_ended_it(
    store: Store, broken: Path, quick: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor.Supervisor, "MOST_IN_ALL", 4)
    broken.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(SystemExit) as left:
        main([*WORDS])
    assert left.value.code == 1
    said = capsys.readouterr().err
    assert "The worker was started 4 times and went away each time, the last time by SIGSEGV." in " ".join(said.split())
    assert "Traceback" not in said
    (asked,) = store.reader.comparisons("default")
    assert {(row.status, row.attempts) for row in store.reader.trials([asked.id])} == {("queued", 0)}


# Two at once


ROUNDS = {f"round {number}": number for number in range(20)}


@pytest.mark.parametrize("number", cases(ROUNDS, ("round 0", "round 1", "round 2")))
def test_of_two_workers_that_start_at_once_one_trains_and_no_trial_is_trained_twice(store: Store, number: int) -> None:
    pause = random.Random(number).choice((0, 0, 0.002, 0.01, 0.05))
    asked = ask(store, "hinge", "squared_hinge", seeds=2, epochs=10)
    command = [sys.executable, "-c", TWINS, str(pause), "--store", str(store.path), "--device", DEVICE]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "LOSSTERM_IDLE_SECONDS": "0.4"}
    ) as both:
        said, _ = both.communicate(timeout=60)
    assert both.returncode == 0
    assert sorted(line for line in said.splitlines() if "left" in line) == ["first left", "second left"]
    assert said.count("Another worker trains for") == 1
    rows = store.reader.trials([asked.id])
    assert {(row.status, row.attempts, row.epochs) for row in rows} == {("done", 1, 10)}
    assert all(len(chunks) > 0 for chunks in curves(store, asked).values())


def test_the_worker_measures_what_it_holds() -> None:
    before = health.resident()
    held = b"1" * 50_000_000
    assert health.resident() - before > 0.9 * len(held)
