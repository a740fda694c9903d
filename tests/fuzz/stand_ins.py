"""What stands in place of the worker and of other processes: trials end at once, and nothing is started."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from lossterm.comparison.comparison import Comparison
from lossterm.engine.fakes.fake_engine import FakeTrainer
from lossterm.following.follow import Follower, News
from lossterm.store import AskedComparison
from lossterm.store.requests import Requests
from lossterm.worker_control import supervisor
from tests.builders.ending import finish

MOST_EPOCHS = 5_000
"""Epochs of a comparison that are drawn; one that asks for more is accepted, and that is all."""

MOST_TRIALS = 60
"""The same of trials."""


class Accepted(BaseException):
    """Ends a command that got as far as starting a worker, or asks for what takes long even without training."""


ANSWERS: dict[str, dict[str, Any]] = {
    "lossterm.engine.devices": {
        "tensorflow": "2.21.0",
        "keras": "3.15.0",
        "import_seconds": 4.2,
        "gpus": [],
        "cpu": "a processor",
        "machine": "a processor × 2, engine 1",
    },
    "lossterm.engine.user_code.probe": {"passed": ["It has a gradient."], "error": None},
    "lossterm.engine.benchmark": {
        "task": "circles",
        "loss": "binary_crossentropy",
        "epochs": 3,
        "fit_seconds": 2.0,
        "engine_seconds": [0.02, 0.02],
        "median_seconds": 0.02,
        "ratio": 100.0,
        "comparison": {"trainings": 150, "seconds": 1.5, "lanes": 2},
        "fit_accuracy": 0.8,
        "engine_accuracy": 0.8,
        "environment": {"cpu": "a processor"},
    },
}
"""What lossterm's own processes would print, by module."""

REFUSAL = b"The training cannot be done here.\n"
"""What an export is told if it needs a training, or a custom loss loaded."""


_run = subprocess.run


def _answered(command: Sequence[str], *given: Any, **more: Any) -> "subprocess.CompletedProcess[Any]":
    if command[0] == "uname":  # Python's own platform module asks for it
        return _run(command, *given, **more)
    assert command[:3] == [sys.executable, "-P", "-m"], command
    if command[3] == "lossterm.engine.exporting":
        return subprocess.CompletedProcess(command, 3, b"", REFUSAL)
    return subprocess.CompletedProcess(command, 0, json.dumps(ANSWERS[command[3]]).encode(), b"")


def _started(*_: object, **__: object) -> None:
    raise Accepted


_ask = Requests.ask


def _asked(self: Requests, session: str, comparison: Comparison) -> AskedComparison:
    trials = comparison.seeds * len(comparison.learning_rates) * len(comparison.losses)
    if trials > MOST_TRIALS or trials * comparison.hyperparameters.epochs > MOST_EPOCHS:
        raise Accepted
    return _ask(self, session, comparison)


_followed = Follower.__iter__


def _trained(self: Follower) -> Iterator[News | None]:
    """Ask, and end every trial that waits; follow a whole session as ever."""
    self.ask()
    if not self.asked:
        yield from _followed(self) if self._asking is None else ()
        return
    engine = FakeTrainer()
    device = self.asked[0].comparison.device
    while row := self._store.worker.claim(device):
        done = engine.train(row.trial, row.id, self._store.worker.record)
        finish(self._store, row.id, done)


@contextmanager
def stand_ins() -> Iterator[None]:
    """Put them in place."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(subprocess, "run", _answered))
        stack.enter_context(patch.object(supervisor, "ensure", _started))
        stack.enter_context(patch.object(Requests, "ask", _asked))
        stack.enter_context(patch.object(Follower, "__iter__", _trained))
        yield
