"""One real worker, from the command line through the store to TensorFlow and back."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.user_code_consent import trust_all_of
from lossterm.losses import fitting, usual
from lossterm.store import Store
from lossterm.tasks import task_named
from lossterm.worker_control import lock, starting
from tests.long_run import cases

from .conftest import Programs

pytestmark = pytest.mark.tensorflow

DEVICE = "cpu"
LANES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Worker:
    """A living worker and ways to reach it."""

    store: Store
    environment: dict[str, str]
    """Of the worker, and of the commands that use it."""

    def run(self, task: str, *options: str) -> dict[str, Any]:
        """Run `lossterm run` on a task and return its JSON."""
        command = [sys.executable, "-m", "lossterm", "run", "--task", task, "--device", DEVICE, "--format", "json"]
        done = subprocess.run(
            [*command, *options], env=self.environment, capture_output=True, text=True, timeout=200, check=False
        )
        assert done.returncode == 0, done.stderr + starting.last_words(self.store.path, DEVICE)
        document: dict[str, Any] = json.loads(done.stdout)
        return document


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A worker that `supervisor.ensure` started, in a home of its own; it or its successor is dismissed at the end.

    Another may have followed it: one whose compiled programs take too much leaves its lock to the next.
    """
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOME", str(home))
        environment.setenv("LOSSTERM_HOME", str(home / "lossterm"))
        environment.setenv("LOSSTERM_IDLE_SECONDS", "120")
        with Store() as store:
            assert starting.ensure(store.path, DEVICE)
            environ = dict(os.environ)
            environment.undo()
            yield Worker(store, environ)
            assert lock.alive(store.path, DEVICE)
            until(lambda: dismissed(store))
            assert starting._started.pop().wait(60) == 0


def until(condition: Callable[[], bool], seconds: float = 100) -> None:
    """Wait for something that must come; the limit is only there so that a broken worker fails the test."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def dismissed(store: Store) -> bool:
    """Tell whichever worker holds the lock to leave, and return whether none does."""
    lock.dismiss(store.path, DEVICE)
    return not lock.alive(store.path, DEVICE)


TUTORIAL = ("--protocol", "tutorial")


TASKS = ("regression", "prices", "breast_cancer", "digits")


@pytest.mark.parametrize("task", cases({task: task for task in TASKS}, ("breast_cancer",)))
def test_the_usual_losses_of_a_task_are_trained_and_ranked(worker: Worker, task: str) -> None:
    """Whether every loss trains is asked in test_every_loss, without a worker; here it is whether each task does."""
    document = worker.run(task, "--seeds", "2", "--epochs", "5", "--trials", "--lr", "0.01")
    expected = {loss.key for loss in usual(task_named(task).targets)}
    assert len(expected) >= 3
    assert document["protocol"] == "fair"
    assert len(document["trials"]) == len(expected) * 2
    _assert_ranked(document, expected)
    for trial in document["trials"]:
        assert trial["status"] == "done"
        assert trial["seconds"] > 0
        assert {len(curve) for curve in trial["curves"].values()} == {5}


EVERY_LOSS = tuple(loss.key for loss in fitting(task_named("circles").targets))


@pytest.mark.parametrize(
    "losses", cases({"every loss": (EVERY_LOSS,), "two losses": (("hinge", "exponential"),)}, {"two losses"})
)
def test_losses_of_a_task_are_trained_at_every_rate_and_ranked_at_their_best(
    worker: Worker, losses: tuple[str, ...]
) -> None:
    words = [word for loss in losses for word in ("--loss", loss)]
    document = worker.run("circles", *words, "--seeds", "2", "--epochs", "5", "--trials", "--lr", "tune")
    expected = set(losses)
    widened = sum(map(len, document["hyperparameters"]["widened"].values()))
    assert len(document["trials"]) == 2 * (5 * len(expected) + widened)
    _assert_ranked(document, expected)
    diverged = {(trial["loss"], trial["learning_rate"]) for trial in document["trials"] if trial["status"] != "done"}
    # Its gradient grows exponentially with the error.
    assert all(loss == "exponential" and rate >= 0.1 for loss, rate in diverged if rate <= 0.1)


def _assert_ranked(document: dict[str, Any], expected: set[str]) -> None:
    assert {standing["loss"] for standing in document["standings"]} == expected
    assert document["standings"][0]["rank"] == 1
    for standing in document["standings"]:
        assert (standing["trials"], standing["diverged"], standing["failed"]) == (2, 0, 0)
        assert standing["mean"] is not None
        assert standing["scores"][document["metric"]["key"]]["train"]["mean"] is not None


def test_what_trained_is_named_in_the_json_and_the_store(worker: Worker) -> None:
    document = worker.run("circles", *TUTORIAL, "--loss", "hinge", "--seeds", "1", "--epochs", "2")["environment"]
    assert document["tensorflow"].startswith("2.21")
    assert document["keras"].startswith("3.15")
    assert document["numpy"].startswith("2.")
    assert document["device"] == "CPU"
    assert document["cpu"]
    (row,) = worker.store.reader.workers()
    assert row.environment == document


@pytest.mark.slow  # where both compile alike: the quick set compiles without optimising here
def test_the_worker_trains_the_same_bits_as_this_process(worker: Worker, programs: Programs) -> None:
    words = ("--loss", "binary_crossentropy", "--seeds", "2", "--epochs", "60", "--session", "bits")
    worker.run("circles", *TUTORIAL, *words)
    (asked,) = worker.store.reader.comparisons("bits")
    chunks, _ = worker.store.reader.chunks([asked.id])
    for row in worker.store.reader.trials([asked.id]):
        stored = b"".join(chunk.data for chunk in chunks if chunk.trial == row.id)
        here: list[bytes] = []
        result = programs(row.trial).train(row.trial, row.id, lambda chunk, here=here: here.append(chunk.data))
        assert stored == b"".join([*here, result.chunk.data])
        assert row.scores == result.scores
        assert row.epochs == 60


def test_trials_run_side_by_side_and_a_cancel_stops_them(worker: Worker) -> None:
    store = worker.store
    # A network of its own, so that no lane has it compiled and each takes one of the losses.
    settings: dict[str, Any] = {"protocol": "tutorial", "seeds": 1, "epochs": 1_000_000, "hidden": (7,)}
    comparison = Comparison.ask("circles", ("hinge", "squared_hinge"), device=DEVICE, **settings)
    asked = store.requests.ask("cancelled", comparison)

    def at_work() -> int:
        return sum(row.status == "running" and row.epochs > 0 for row in store.reader.trials([asked.id]))

    until(lambda: at_work() == min(2, LANES))
    store.requests.cancel([asked.id])
    until(lambda: all(row.ended for row in store.reader.trials([asked.id])))
    rows = store.reader.trials([asked.id])
    assert {row.status for row in rows} == {"cancelled"}
    assert all(row.scores is None for row in rows)
    until(lambda: store.reader.workers()[0].state == "ready")
    assert worker.run("circles", *TUTORIAL, "--loss", "hinge", "--seeds", "1", "--epochs", "3")["standings"][0]["mean"]


def test_a_custom_loss_that_breaks_fails_with_a_sentence_and_harms_neither_the_others_nor_the_worker(
    worker: Worker, tmp_path: Path
) -> None:
    store, file = worker.store, tmp_path / "mine.py"
    file.write_text(
        "import sys\nfrom keras import ops\n"
        "def good(y, f):\n    return ops.mean(ops.square(y - f), axis=-1)\n"
        "def mean(y, f):\n    return ops.mean(ops.square(y - f))\n"
        "def leaves(y, f):\n    sys.exit(1)\n"
    )
    settings: dict[str, Any] = {"protocol": "tutorial", "seeds": 2, "epochs": 3}
    own = [f"{file}:{name}" for name in ("mean", "leaves", "good")]
    comparison = Comparison.ask("regression", ("mse",), own=own, device=DEVICE, **settings)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOSSTERM_HOME", worker.environment["LOSSTERM_HOME"])
        trust_all_of(comparison)
    asked = store.requests.ask("own", comparison)
    before = store.reader.workers()[0].pid
    until(lambda: all(row.ended for row in store.reader.trials([asked.id])))
    rows = {
        loss: [row for row in store.reader.trials([asked.id]) if row.trial.loss == loss]
        for loss in asked.comparison.losses
    }
    mse, mean, leaves, good = rows.values()
    assert [row.status for row in (*mse, *good)] == 4 * ["done"]
    assert [row.status for row in (*mean, *leaves)] == 4 * ["failed"]
    for row in mean:
        assert "mine.py" in str(row.error)
        assert "returns one number (" in str(row.error)
        assert not str(row.error).startswith("DataError")
    for row in leaves:
        assert f"{file}, line 8" in str(row.error)
    for one, other in zip(mse, good, strict=True):
        assert one.score("mse", "test") == pytest.approx(other.score("mse", "test"), rel=1e-5)
        assert other.anatomy is not None
        assert other.anatomy.of == "residual"
    assert lock.alive(store.path, DEVICE)
    assert store.reader.workers()[0].pid == before
    assert worker.run("circles", *TUTORIAL, "--loss", "hinge", "--seeds", "1", "--epochs", "4")["standings"][0]["mean"]


def test_everything_a_worker_writes_is_private_to_the_user(worker: Worker) -> None:
    home = worker.store.path.parent
    written = [home, *home.iterdir()]
    assert len(written) >= 4  # the directory, the store, the lock, the log
    assert {path.name: path.stat().st_mode & 0o077 for path in written} == {path.name: 0 for path in written}
