"""A lane's process with the fake engine, which has trouble with the hinge loss: what TROUBLE says.

Run as a script: `python troubled_lane.py --socket FD --parent PID`.
"""

import os
import signal
import sys
import time
from typing import Any

from lossterm.comparison.comparison import Trial
from lossterm.engine.contract import OnChunk, Result
from lossterm.engine.fakes import fake_engine
from lossterm.engine.lanes import child
from lossterm.engine.training import checkpoint_timer
from lossterm.engine.worker import health

TROUBLE = "LOSSTERM_TEST_TROUBLE"
"""Environment variable of what the lane does with the hinge loss."""


class Troubled(fake_engine.FakeTrainer):
    """The fake engine, in trouble."""

    held: list[bytes] = []  # noqa: RUF012  what leaks stays for the process's life

    def train(self, trial: Trial, number: int = 0, report: OnChunk = lambda _: False, *more: Any) -> Result:
        """Train, but for the hinge loss's trouble."""
        trouble = os.environ.get(TROUBLE, "")
        if trial.loss == "hinge" or trouble.endswith("all"):
            self._be_in(trouble)
        return super().train(trial, number, report, *more)

    def _be_in(self, trouble: str) -> None:
        if trouble.startswith("dies"):
            os.kill(os.getpid(), signal.SIGSEGV)
        elif trouble == "hangs":
            time.sleep(1000)
        elif trouble == "leaks":
            self.held.append(b"1" * 400_000_000)
            time.sleep(1000)
        elif trouble == "throws":
            raise ValueError("no such thing as a hinge")


def load(_: int | None) -> tuple[Troubled, dict[str, str]]:
    """Return the troubled engine; some do not get that far."""
    trouble = os.environ.get(TROUBLE, "")
    if trouble == "sees no card":
        raise RuntimeError("TensorFlow sees no GPU here.")
    if trouble == "dies while it loads":
        os.kill(os.getpid(), signal.SIGSEGV)
    return Troubled("GPU"), fake_engine.fake_environment("GPU")


if __name__ == "__main__":
    health.BEAT = 0.05
    checkpoint_timer.SECONDS = 0.1
    child.main(load, sys.argv[1:])
