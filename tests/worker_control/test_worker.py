import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from lossterm.cli.commands.repair import exclusive_use
from lossterm.comparison.comparison import Comparison, Status
from lossterm.comparison.user_code_consent import trust_all_of
from lossterm.engine.worker.board import Board
from lossterm.errors import StoreError, WorkerError
from lossterm.store import AskedComparison, Store, sample_key
from lossterm.tui.widgets.status_line import worker_in_words
from lossterm.worker_control import lock, starting, supervisor

FAKE = (sys.executable, "-m", "lossterm.engine.fakes.fake_engine")
WAIT = 20.0

BROKEN = """
from lossterm.engine.worker.process import main
def load(device, memory):
    raise {error}
main(load)
"""

THROWS = """
from lossterm.engine.fakes import fake_engine as fake
from lossterm.engine.worker.process import main
class Throws(fake.FakeTrainer):
    def train(self, trial, *more):
        if trial.loss == "hinge":
            raise ValueError("no such thing as a hinge")
        return super().train(trial, *more)
main(lambda device, memory: (Throws, {"device": "CPU"}, 1))
"""


OWN = """
from lossterm.engine.fakes import fake_engine as fake
from lossterm.engine.contract import Result
from lossterm.engine.worker.process import main
from lossterm.errors import DataError
from lossterm.store import Anatomy
class Picky(fake.FakeTrainer):
    def train(self, trial, *more):
        if "broken" in trial.source:
            raise DataError(f"{trial.source}, line 3: loading it raised KeyError: no such key.")
        result = super().train(trial, *more)
        anatomy = Anatomy(of="margin", quantiles=(-1.0, 0.5), share=0.25)
        return Result(**{**{name: getattr(result, name) for name in result.__struct_fields__},
                         "anatomy": anatomy, "note": "Trained step by step." if trial.source else None})
main(lambda device, memory: (Picky, {"device": "CPU"}, 1))
"""


COMPILES_MUCH = """
from lossterm.engine.fakes import fake_engine as fake
from lossterm.engine.worker import process
from lossterm.engine.worker.process import main
class Large(fake.FakeTrainer):
    compiled_bytes = property(lambda self: 400_000_000 * len(self._programs))
main(lambda device, memory: (Large, {"device": "CPU"}, 1))
"""


UNCACHED = """
import os
from lossterm.engine.fakes import fake_engine as fake
from lossterm.engine.worker import program_cache
from lossterm.engine.worker.process import main
class Full(fake.FakeTrainer):
    def train(self, trial, *more):
        if "persistent_cache" in os.environ.get("TF_XLA_FLAGS", ""):
            raise RuntimeError(f"{program_cache._place()}/a.pb.tmp; No space left on device")
        return super().train(trial, *more)
def load(device, memory):
    program_cache.use()
    return Full, {"device": "CPU"}, 2
main(load)
"""


TOLD_TO_LEAVE_WITHOUT_ROOM = UNCACHED.replace(
    "            raise", "            os.kill(os.getpid(), 15)\n            raise"
)


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def ask(store: Store, *losses: str, seeds: int = 1, epochs: int = 10) -> AskedComparison:
    comparison = Comparison.ask("circles", losses or ("usual",), protocol="tutorial", seeds=seeds, epochs=epochs)
    return store.requests.ask("s", comparison)


def statuses(store: Store, asked: AskedComparison) -> list[Status]:
    return [row.status for row in store.reader.trials([asked.id])]


def ended(store: Store, asked: AskedComparison) -> bool:
    return all(row.ended for row in store.reader.trials([asked.id]))


def alive(store: Store) -> bool:
    return lock.alive(store.path, "auto")


def start(store: Store, *command: str) -> "subprocess.Popen[bytes]":
    assert starting.ensure(store.path, "auto", command or FAKE)
    process = starting._started[-1]
    until(lambda: alive(store) or process.poll() is not None, "the worker to begin")
    return process


def kill_while_training(store: Store, asked: AskedComparison) -> None:
    (before,) = store.reader.trials([asked.id])
    process = start(store)

    def training() -> bool:
        (row,) = store.reader.trials([asked.id])
        return row.status == "running" and row.attempts > before.attempts and row.epochs > 0

    until(training, "a first epoch")
    process.kill()
    process.wait(WAIT)
    until(lambda: not alive(store), "the lock to be free")


# A whole life


def test_the_worker_trains_what_is_queued_and_says_what_it_is(store: Store) -> None:
    asked = ask(store, seeds=3)
    process = start(store)
    until(lambda: ended(store, asked), "the trials to end")
    rows = store.reader.trials([asked.id])
    assert {(row.status, row.attempts, row.epochs) for row in rows} == {("done", 1, 10)}
    assert all(row.scores and row.scores["accuracy"] for row in rows)
    worker = store.reader.workers()[0]
    assert (worker.pid, worker.device) == (process.pid, "auto")
    assert worker.environment is not None
    assert worker.environment["tensorflow"] == "fake"
    later = ask(store, "hinge", epochs=20)
    until(lambda: ended(store, later), "what was asked for later")
    assert statuses(store, later) == ["done"]


def test_the_worker_is_detached_and_found_again(store: Store) -> None:
    assert not alive(store)
    process = start(store)
    assert os.getsid(process.pid) == process.pid != os.getsid(0)
    assert starting.ensure(store.path, "auto", FAKE) is None
    assert not lock.alive(store.path, "cpu")
    place = Path(f"/proc/{process.pid}")
    if place.exists():
        assert str((place / "fd" / "0").readlink()) == os.devnull
        assert str((place / "fd" / "1").readlink()) == str(starting.log_path(store.path, "auto"))
        assert str((place / "fd" / "2").readlink()) == str(starting.log_path(store.path, "auto"))
        assert str((place / "cwd").readlink()) == "/"


def test_log_and_lock_are_private_to_the_user(store: Store) -> None:
    start(store)
    for path in (starting.log_path(store.path, "auto"), lock.lock_path(store.path, "auto")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_worker_outlives_the_process_that_started_it(store: Store) -> None:
    code = (
        "import sys, pathlib; from lossterm.worker_control import starting; "
        "fake = (sys.executable, '-m', 'lossterm.engine.fakes.fake_engine'); "
        "starting.ensure(pathlib.Path(sys.argv[1]), 'auto', fake); "
        "print(starting._started[0].pid)"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(store.path)]
    started = subprocess.run(command, check=True, timeout=WAIT, capture_output=True, start_new_session=True)
    pid = int(started.stdout)
    try:
        until(lambda: alive(store), "the worker to begin")
        asked = ask(store, "hinge")
        until(lambda: ended(store, asked), "the trial to end")
        assert store.reader.workers()[0].pid == pid
    finally:
        os.kill(pid, signal.SIGTERM)
        until(lambda: not alive(store), "the worker to leave")


def test_the_worker_leaves_when_idle_and_not_while_it_trains(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSTERM_IDLE_SECONDS", "0.2")
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.05")
    asked = ask(store, "hinge")
    process = start(store)
    assert process.wait(WAIT) == 0
    assert not alive(store)
    assert statuses(store, asked) == ["done"]  # half a second of work


def test_a_second_worker_leaves_at_once_and_says_so(store: Store) -> None:
    start(store)
    second = subprocess.run(
        [*FAKE, "--store", str(store.path), "--device", "auto"], check=False, timeout=WAIT, capture_output=True
    )
    assert second.returncode == 0
    assert b"Another worker trains for" in second.stdout
    assert alive(store)


def test_the_worker_leaves_when_its_store_is_gone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.02")
    monkeypatch.setenv("LOSSTERM_IDLE_SECONDS", "600")
    asked = ask(store, "hinge", "squared_hinge")
    process = start(store)
    until(lambda: statuses(store, asked) == ["running", "running"], "both lanes to have opened the store")
    until(lambda: ended(store, asked) and store.reader.workers()[0].state == "ready", "the worker to be idle")
    store.path.unlink()
    assert process.wait(WAIT) == 0


@pytest.mark.parametrize("gone", ["store.db", "directory/store.db"])
def test_a_worker_that_finds_no_store_leaves_in_good_order_and_makes_none(home: Path, gone: str) -> None:
    done = subprocess.run(
        [*FAKE, "--store", str(home / gone), "--device", "auto"], check=False, timeout=WAIT, capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert not (home / gone).exists()


def test_the_first_seeds_models_reach_the_store_with_rows_to_show_them_on(store: Store) -> None:
    asked = ask(store, "hinge", "binary_crossentropy", seeds=2)
    start(store)
    until(lambda: ended(store, asked), "the trials to end")
    rows = store.reader.trials([asked.id])
    models = store.reader.models([row.id for row in rows])
    assert set(models) == {row.id for row in rows if row.trial.seed == 0}
    assert {model.epochs[-1] for model in models.values()} == {10}
    sample = store.reader.sample(sample_key("circles", "tutorial", 0))
    assert sample is not None
    assert len(sample.arrays()[1]) == 500
    assert store.reader.sample(sample_key("circles", "tutorial", 1)) is None


def test_a_trial_that_is_deleted_while_it_trains_stops_and_harms_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.05")
    asked = ask(store, "hinge", epochs=10_000)
    process = start(store)
    until(lambda: any(row.epochs for row in store.reader.trials([asked.id])), "a first epoch")
    store.sessions.delete("s")
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("DELETE FROM trials")
        connection.commit()
    monkeypatch.delenv("LOSSTERM_FAKE_EPOCH_SECONDS")
    later = ask(store, "squared_hinge", epochs=1)
    until(lambda: ended(store, later), "what was asked for later")
    until(lambda: store.reader.workers()[0].state == "ready", "the worker to be idle")
    assert process.poll() is None
    assert statuses(store, later) == ["done"]
    assert "Traceback" not in starting.log_path(store.path, "auto").read_text()


# A violent death


def test_a_trial_whose_worker_was_killed_is_run_again_from_its_beginning(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.05")
    asked = ask(store, "hinge")
    kill_while_training(store, asked)
    assert statuses(store, asked) == ["running"]  # nobody was there to say otherwise
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.02")
    start(store)
    until(lambda: ended(store, asked), "the trial to end")
    (row,) = store.reader.trials([asked.id])
    assert (row.status, row.attempts, row.epochs, row.error) == ("done", 2, 10, None)
    starts = [(chunk.start, chunk.epochs) for chunk in store.reader.chunks([asked.id])[0]]
    assert starts == [(0, 5), (5, 5)]  # the chunks of the first attempt were of two epochs


def test_a_trial_that_killed_its_worker_twice_is_failed_with_the_reason_and_the_others_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.05")
    asked = ask(store, "hinge")
    kill_while_training(store, asked)
    kill_while_training(store, asked)
    monkeypatch.delenv("LOSSTERM_FAKE_EPOCH_SECONDS")
    start(store)
    other = ask(store, "squared_hinge")
    until(lambda: ended(store, asked) and ended(store, other), "the trials to end")
    (row,) = store.reader.trials([asked.id])
    assert (row.status, row.attempts) == ("failed", 2)
    assert row.error is not None
    assert "worker died 2 times" in row.error
    assert statuses(store, other) == ["done"]


# Being told to stop


def test_a_cancelled_trial_stops_soon_and_keeps_its_curve(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.05")
    asked = ask(store, seeds=2, epochs=10_000)
    start(store)
    until(lambda: any(row.epochs for row in store.reader.trials([asked.id])), "a first epoch")
    store.requests.cancel([asked.id])
    before = time.monotonic()
    until(lambda: ended(store, asked), "the trials to stop")
    assert time.monotonic() - before < 5
    assert set(statuses(store, asked)) == {"cancelled"}
    assert store.reader.chunks([asked.id])[0]
    assert alive(store)


def test_a_worker_that_is_told_to_go_puts_back_what_it_was_training(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.05")
    asked = ask(store, "hinge", "squared_hinge", epochs=10_000)
    process = start(store)
    until(lambda: any(row.epochs for row in store.reader.trials([asked.id])), "a first epoch")
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT) == 0
    assert [(row.status, row.attempts) for row in store.reader.trials([asked.id])] == [("queued", 0)] * 2


def test_a_worker_that_is_told_to_leave_starts_no_other(store: Store) -> None:
    """Not even where it would have: here the programs' cache has no room, which another would do without."""
    asked = ask(store, "hinge")
    process = start(store, sys.executable, "-c", TOLD_TO_LEAVE_WITHOUT_ROOM)
    assert process.wait(WAIT) == 0
    assert not alive(store)
    assert statuses(store, asked) == ["queued"]


# What goes wrong inside


def test_compiled_programs_are_bounded_by_the_memory_that_they_take(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.02")
    asked = ask(store, "hinge", "squared_hinge", "binary_crossentropy", "exponential", "unhinged", seeds=2)
    start(store, sys.executable, "-c", COMPILES_MUCH)
    until(lambda: ended(store, asked), "the trials to end")
    assert {(row.status, row.attempts) for row in store.reader.trials([asked.id])} == {("done", 1)}
    until(lambda: store.reader.workers()[0].pid != starting._started[-1].pid, "another worker")
    log = starting.log_path(store.path, "auto").read_text()
    assert re.fullmatch(r"(Compiled programs take (1\.6|2\.0) GB\. Another worker goes on\.\n)+", log)
    until(lambda: alive(store), "its lock")
    os.kill(store.reader.workers()[0].pid, signal.SIGTERM)
    until(lambda: not alive(store), "it to leave")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("ImportError('libfoo.so is missing')", "TensorFlow does not load: libfoo.so is missing"),
        ("RuntimeError('TensorFlow sees no GPU here.')", "TensorFlow sees no GPU here."),
    ],
)
def test_a_tensorflow_that_does_not_load_fails_what_waits_with_the_reason(
    store: Store, error: str, reason: str
) -> None:
    asked = ask(store, "hinge")
    process = start(store, sys.executable, "-c", BROKEN.format(error=error))
    assert process.wait(WAIT) == 1
    assert [(row.status, row.error) for row in store.reader.trials([asked.id])] == [("failed", reason)]
    worker = store.reader.workers()[0]
    assert (worker.state, worker.message) == ("failed", reason)
    assert "Traceback" in starting.last_words(store.path, "auto")
    again = ask(store, "hinge")
    start(store)
    until(lambda: ended(store, again), "the trial to end")
    assert statuses(store, again) == ["done"]


def test_where_programs_cannot_be_kept_another_worker_trains_without(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    asked = ask(store, "hinge", "squared_hinge", seeds=2)
    first = start(store, sys.executable, "-c", UNCACHED)
    until(lambda: ended(store, asked), "the trials to end")
    assert {(row.status, row.attempts, row.error) for row in store.reader.trials([asked.id])} == {("done", 1, None)}
    assert first.wait(WAIT) == 0
    (successor,) = store.reader.workers()
    assert successor.pid != first.pid
    os.kill(successor.pid, signal.SIGTERM)
    until(lambda: not alive(store), "the successor to leave")
    log = starting.log_path(store.path, "auto").read_text()
    assert "Compiled programs are no longer kept" in log
    assert "Traceback" not in log


@pytest.mark.parametrize("width", ["1", "4"])
def test_what_a_training_throws_is_that_trials_failure_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_WIDTH", width)
    asked = ask(store, "hinge", "squared_hinge", seeds=2)
    start(store, sys.executable, "-c", THROWS)
    until(lambda: ended(store, asked), "the trials to end")
    rows = {(row.trial.loss, row.status, row.error) for row in store.reader.trials([asked.id])}
    error = "ValueError: no such thing as a hinge"
    assert rows == {("hinge", "failed", error), ("squared_hinge", "done", None)}
    assert alive(store)
    assert "no such thing as a hinge" in starting.last_words(store.path, "auto", 100)


def test_a_custom_loss_that_cannot_be_used_fails_with_a_sentence_and_no_traceback(store: Store, tmp_path: Path) -> None:
    for name in ("broken", "sound"):
        (tmp_path / f"{name}.py").write_text(f"mine = {name!r}\n")
    own = [f"{tmp_path / name}.py:mine" for name in ("broken", "sound")]
    comparison = Comparison.ask("circles", ("hinge",), own=own, protocol="tutorial", seeds=1, epochs=10)
    trust_all_of(comparison)
    asked = store.requests.ask("s", comparison)
    start(store, sys.executable, "-c", OWN)
    until(lambda: ended(store, asked), "the trials to end")
    hinge, broken, sound = store.reader.trials([asked.id])
    assert broken.status == "failed"
    assert broken.error == f"{own[0]}, line 3: loading it raised KeyError: no such key."
    assert (broken.anatomy, broken.note, broken.scores) == (None, None, None)
    assert "Traceback" not in starting.log_path(store.path, "auto").read_text()
    assert (hinge.status, sound.status) == ("done", "done")
    # what the engine says of the final model and of how it was trained reaches the store
    for row, note in ((hinge, None), (sound, "Trained step by step.")):
        assert row.anatomy is not None
        assert (row.anatomy.of, row.anatomy.quantiles, row.anatomy.share, row.note) == ("margin", (-1, 0.5), 0.25, note)


def test_trials_that_are_taken_up_together_end_or_go_back_each_by_itself(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_WIDTH", "4")
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.02")
    asked = ask(store, "hinge", seeds=6, epochs=20)
    process = start(store)
    until(lambda: "done" in statuses(store, asked), "a first end")
    assert statuses(store, asked).count("running") > 1
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT) == 0
    left = statuses(store, asked)
    assert set(left) == {"done", "queued"}
    start(store)
    until(lambda: ended(store, asked), "the rest")
    assert set(statuses(store, asked)) == {"done"}


# Starting and keeping


def test_a_keeper_gives_up_when_workers_keep_dying_and_shows_their_last_words(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor.Supervisor, "GRACE", 0.0)
    keeper = supervisor.Supervisor(store.path, "auto", ("/bin/sh", "-c", "echo out of luck >&2; exit 1"))
    keeper.tend(needed=False, ready=False)
    before = len(starting._started)
    said = []
    for _ in range(supervisor.Supervisor.MOST_IN_ALL):
        said.append(keeper.tend(needed=True, ready=False))
        starting._started[-1].wait(WAIT)
    assert len(starting._started) == before + supervisor.Supervisor.MOST_IN_ALL
    assert said[:3] == [None] * 3
    assert [word.split(".")[0] for word in said[3:] if word] == [
        f"The worker went away {count} times before it could train, the last time by exit code 1"
        for count in range(3, 10)
    ]
    keeper.tend(needed=False, ready=False)
    with pytest.raises(
        WorkerError, match="started 10 times and went away each time, the last time by exit c"
    ) as raised:
        keeper.tend(needed=True, ready=False)
    assert str(raised.value).count("out of luck") == 10
    assert str(starting.log_path(store.path, "auto")) in str(raised.value)


def test_a_keeper_gives_a_worker_time_and_counts_anew_once_one_is_ready(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[object] = []

    def note(*what: object) -> SimpleNamespace:
        starts.append(what)
        return SimpleNamespace(poll=lambda: 0)

    monkeypatch.setattr(supervisor, "ensure", note)
    keeper = supervisor.Supervisor(store.path, "auto")
    for _ in range(5):
        keeper.tend(needed=True, ready=False)
    assert len(starts) == 1
    monkeypatch.setattr(supervisor.Supervisor, "GRACE", 0.0)
    keeper.tend(needed=True, ready=False)
    keeper.tend(needed=True, ready=False)
    monkeypatch.setattr(supervisor, "alive", lambda *_: True)
    keeper.tend(needed=True, ready=True)
    monkeypatch.setattr(supervisor, "alive", lambda *_: False)
    for _ in range(3):
        keeper.tend(needed=True, ready=False)
    assert len(starts) == 6


def test_a_program_that_is_not_there_is_said_in_a_sentence(store: Store) -> None:
    with pytest.raises(WorkerError, match="The worker could not be started"):
        starting.ensure(store.path, "auto", (str(store.path.parent / "nowhere"),))


def test_a_lock_is_held_by_one_and_seen_by_all(store: Store) -> None:
    held = lock.hold(store.path, "auto")
    assert held is not None
    assert alive(store)
    assert lock.hold(store.path, "auto", patience=0.05) is None
    os.close(held)
    assert not alive(store)


def test_a_log_that_grew_too_long_is_begun_anew_and_a_short_one_is_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = starting.log_path(store.path, "auto")
    assert starting.last_words(store.path, "auto") == ""
    for _ in range(2):
        starting.ensure(store.path, "auto", ("/bin/sh", "-c", "echo a word"))
        starting._started[-1].wait(WAIT)
    assert log.read_text() == "a word\n" * 2
    monkeypatch.setattr(starting, "_LOG_LIMIT", 10)
    starting.ensure(store.path, "auto", ("/bin/sh", "-c", "echo another"))
    starting._started[-1].wait(WAIT)
    assert starting.last_words(store.path, "auto") == "another"


# What lanes know of each other


def test_a_lane_leaves_another_lanes_program_to_it_unless_there_is_much_to_do(store: Store) -> None:
    ask(store, "hinge", "squared_hinge", seeds=3)
    board, row = Board(), store.worker.claim("auto")
    assert row is not None
    program = row.trial.program
    assert board.avoid(1, {program: 1000}) == frozenset()
    board.begin(0, row)
    assert board.busy() == [row]
    epochs = row.trial.hyperparameters.epochs
    assert board.avoid(0, {program: 2 * epochs}) == frozenset()
    assert board.avoid(1, {program: 2 * epochs}) == {program}
    board.end(0, frozenset({program}), 1.0)
    assert board.busy() == []
    assert board.avoid(1, {program: epochs}) == {program}
    assert board.avoid(1, {program: 2 * epochs}) == frozenset()  # two seconds of work repay the compiling


def test_a_worker_that_dies_each_time_it_loads_is_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object) -> SimpleNamespace:
        starts.append(1)
        return SimpleNamespace(poll=lambda: 0)

    starts: list[int] = []
    monkeypatch.setattr(supervisor, "ensure", start)
    monkeypatch.setattr(supervisor.Supervisor, "GRACE", 0.0)
    keeper = supervisor.Supervisor(store.path, "auto")
    for _ in range(supervisor.Supervisor.MOST_IN_ALL):
        monkeypatch.setattr(supervisor, "alive", lambda *_: False)
        keeper.tend(needed=True, ready=False)
        monkeypatch.setattr(supervisor, "alive", lambda *_: True)
        keeper.tend(needed=True, ready=False)  # it has taken its lock and is loading
    monkeypatch.setattr(supervisor, "alive", lambda *_: False)
    with pytest.raises(WorkerError):
        keeper.tend(needed=True, ready=False)
    assert len(starts) == supervisor.Supervisor.MOST_IN_ALL


def test_a_worker_that_is_slow_to_start_is_not_started_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object) -> SimpleNamespace:
        starts.append(1)
        return SimpleNamespace(poll=lambda: None)  # it runs, but has not taken its lock yet

    starts: list[int] = []
    monkeypatch.setattr(supervisor, "ensure", start)
    monkeypatch.setattr(supervisor.Supervisor, "GRACE", 0.0)
    keeper = supervisor.Supervisor(store.path, "auto")
    for _ in range(5):
        keeper.tend(needed=True, ready=False)
    assert len(starts) == 1


def test_a_lane_does_not_wait_for_a_program_of_a_lane_that_is_busy_for_long(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(store, "hinge", "squared_hinge", seeds=1)
    board, first, second = Board(), store.worker.claim("auto"), store.worker.claim("auto")
    assert first is not None
    assert second is not None
    board.begin(0, first)
    board.end(0, frozenset({first.trial.program}), 0.02)
    board.begin(0, second)
    queued = {first.trial.program: 4}
    assert first.trial.program in board.avoid(1, queued)
    now = time.monotonic()
    monkeypatch.setattr("lossterm.engine.worker.board.time.monotonic", lambda: now + 60)
    assert first.trial.program not in board.avoid(1, queued)


# Whom to blame


def test_pauses_grow_after_three_vain_starts_and_the_fourth_worker_trains(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, starts = [1000.0], list[float]()
    monkeypatch.setattr("lossterm.worker_control.supervisor.time.monotonic", lambda: clock[0])

    def start(*_: object) -> SimpleNamespace:
        starts.append(clock[0])
        return SimpleNamespace(poll=lambda: -9, pid=1)

    monkeypatch.setattr(supervisor, "ensure", start)
    keeper, said = supervisor.Supervisor(store.path, "auto"), []
    while clock[0] < 1060:
        said.append(keeper.tend(needed=True, ready=False))
        clock[0] += 0.5
    pauses = [round(after - before) for before, after in pairwise(starts)]
    assert pauses == [2, 2, 4, 8, 16]
    words = [word for word in said if word]
    assert len(words) == len(pauses) - 1
    assert words[0].startswith(
        "The worker went away 3 times before it could train, the last time by SIGKILL. It is started again after 4 s;"
    )
    keeper.tend(needed=True, ready=True)
    before = len(starts)
    clock[0] += 2
    keeper.tend(needed=True, ready=False)
    assert len(starts) == before + 1


def test_a_viewer_that_was_stopped_does_not_take_its_own_silence_for_the_workers(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, killed = [1000.0], list[int]()
    monkeypatch.setattr("lossterm.worker_control.awake_clock.time.monotonic", lambda: clock[0])
    monkeypatch.setattr(supervisor, "send_signal", lambda pid, number: killed.append(number))
    monkeypatch.setattr(supervisor, "alive", lambda *_: True)
    monkeypatch.setattr(supervisor, "sign", lambda *_: lock.Sign(pid=77, beat=5))
    keeper = supervisor.Supervisor(store.path, "auto")
    for _ in range(10):  # a laptop that is opened ten times in a night, for a moment each
        keeper.tend(needed=True, ready=True)
        clock[0] += 3600
    assert killed == []
    for _ in range(100):
        keeper.tend(needed=True, ready=True)
        clock[0] += 0.5
    assert killed == [signal.SIGKILL]
    lanes, now = Board(), store.requests.ask("s", Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=1))
    row = store.worker.claim("auto")
    assert row
    assert now
    lanes.begin(0, row)
    clock[0] += 3600
    assert lanes.silent(60) == []


def test_of_trials_that_ran_beside_each_other_none_is_blamed_before_it_was_tried_alone(store: Store) -> None:
    asked = ask(store, "hinge", "squared_hinge", "binary_crossentropy")
    first, second = store.worker.claim("auto"), store.worker.claim("auto")
    assert first
    assert second
    store.worker.requeue("auto", died=True, ended_by="SIGKILL")
    third = store.worker.claim("auto")
    assert third
    assert third.id not in (first.id, second.id), "those that are not suspected come first"
    assert store.worker.claim("auto") is None, "none beside one that is tried alone, nor it beside another"
    store.worker.finish(third.id, "done", scores={})
    for attempt in (1, 2):
        alone = store.worker.claim("auto")
        assert alone
        assert (alone.id, alone.attempts) == (first.id, attempt)
        assert store.worker.claim("auto") is None
        store.worker.requeue("auto", died=True, ended_by="SIGKILL")
    rows = {row.id: row for row in store.reader.trials([asked.id])}
    assert rows[first.id].status == "failed"
    assert rows[first.id].error == (
        "The worker died 2 times while training this, the last time by SIGKILL: see its log, and whether memory ran "
        "out."
    )
    alone = store.worker.claim("auto")
    assert alone
    assert (alone.id, alone.attempts) == (second.id, 1)
    store.worker.finish(alone.id, "done", scores={})


def test_the_next_worker_knows_what_ended_the_one_before(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.05")
    monkeypatch.setattr(supervisor.Supervisor, "GRACE", 0.0)
    asked, keeper = ask(store, "hinge", epochs=10_000), supervisor.Supervisor(store.path, "auto", FAKE)
    for number in (1, 2):
        until(lambda: keeper.tend(needed=True, ready=True) or alive(store), "a worker")
        until(
            lambda: [(row.attempts, row.epochs > 0) for row in store.reader.trials([asked.id])] == [(number, True)],  # noqa: B023  of this round
            "a training",
        )
        starting._started[-1].send_signal(signal.SIGSEGV)
        starting._started[-1].wait(WAIT)
    until(lambda: keeper.tend(needed=True, ready=True) or ended(store, asked), "the end")
    (row,) = store.reader.trials([asked.id])
    assert row.status == "failed"
    assert row.error is not None
    assert row.error.startswith("The worker died 2 times while training this, the last time by SIGSEGV: see its log")


def test_workers_of_every_device_are_known_by_their_locks(store: Store) -> None:
    neighbour = store.path.with_name("other.db")
    store.requests.ask("s", Comparison.ask("circles", ("hinge",), seeds=1, device="gpu:2,0"))
    assert store.worker.claim("gpu:0,2")
    held = [lock.hold(place, device) for place, device in ((store.path, "gpu:0,2"), (neighbour, "cpu"))]
    try:
        assert lock.devices(store.path) == ["gpu:0,2"]
        assert lock.alive(store.path, "gpu:0,2")
        with pytest.raises(StoreError, match="A worker trains for the store"), exclusive_use(store.path, "repair"):
            pass
    finally:
        for descriptor in held:
            assert descriptor is not None
            os.close(descriptor)
    assert lock.devices(store.path.parent / "nowhere" / "store.db") == []


CHOOSES = """
import lossterm.engine.fakes.fake_engine as fake
from lossterm.engine.worker.process import main
class Chooses(fake.FakeTrainer):
    def chosen(self, trial):
        return "CPU (10 × as fast as the GPU)"
main(lambda device, memory: (Chooses, {**fake.load_fake(device)[1], "device": "CPU+GPU"}, 1))
"""


def test_a_worker_with_a_choice_of_devices_says_what_it_chose_and_why(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.01")
    asked = ask(store, "hinge", epochs=60)
    start(store, sys.executable, "-c", CHOOSES)
    seen: list[str] = []

    def over() -> bool:
        seen.extend(worker_in_words(row) for row in store.reader.workers() if row.environment)
        return ended(store, asked) and seen[-1] == "CPU+GPU ready"

    until(over, "the training is over, and the worker waits")
    assert "CPU (10 × as fast as the GPU) training" in seen, set(seen)
    assert all(row.environment and row.environment["device"] == "CPU+GPU" for row in store.reader.workers())
