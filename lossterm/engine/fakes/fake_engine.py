"""The fake of the engine: draws plausible curves at once, without TensorFlow. For tests of everything around training.

`python -m lossterm.engine.fakes.fake_engine` is a worker like the real one in everything else. The environment variable
LOSSTERM_FAKE_EPOCH_SECONDS says how long an epoch pretends to take, LOSSTERM_FAKE_WIDTH how many trials are taken up
together, LOSSTERM_FAKE_ROOM above how many memory runs out, and LOSSTERM_FAKE_CARDS how many processes stand in for
cards, beside two threads unless the device is `gpu`.
"""

import math
import os
import random
import sys
import time
from array import array
from collections.abc import Collection, Sequence

import msgspec

from lossterm.comparison.comparison import Trial
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.contract import DeviceKind, Job, OnCheckpoint, OnChunk, Result
from lossterm.engine.training.checkpoint_timer import CheckpointTimer
from lossterm.engine.worker.process import Loaded, card_lanes, main
from lossterm.losses import loss_recorded, place_of
from lossterm.metrics import CONSTANT, metrics_for
from lossterm.store import Checkpoint, Chunk, TrialScores

_REPORT_SECONDS = 0.1


BEST_RATE = 0.01
"""Learning rate at which the fake trains best."""


class FakeTrainer:
    """Curves that fall as exp(−epoch) and differ by loss, seed and rate; a learning rate of 1000 or more diverges."""

    def __init__(self, kind: DeviceKind = "CPU") -> None:
        """Pretend to train on a kind of device."""
        self.kind = kind
        """That kind."""
        self._widths: dict[str, int] = {}
        self._programs: frozenset[str] = frozenset()
        self._epoch_seconds = float(os.environ.get("LOSSTERM_FAKE_EPOCH_SECONDS", "0"))

    @property
    def programs(self) -> frozenset[str]:
        """Programs that it pretends to have compiled."""
        return self._programs

    @property
    def compiled_bytes(self) -> int:
        """Memory that they took: none."""
        return 0

    def belongs(self, trial: Trial, served: Collection[DeviceKind]) -> DeviceKind:
        """Leave nothing to others."""
        return self.kind

    def chosen(self, trial: Trial) -> str:
        """Say nothing: there is no choice."""
        return ""

    def width(self, trial: Trial) -> int:
        """Return how many trials it takes up together; they are pretended to be trained one after the other."""
        return self._widths.get(trial.program, int(os.environ.get("LOSSTERM_FAKE_WIDTH", "1")))

    def narrow(self, trial: Trial) -> bool:
        """Halve the width of a program, down to one."""
        width = self.width(trial)
        self._widths[trial.program] = max(width // 2, 1)
        return width > 1

    def train_together(self, jobs: Sequence[Job]) -> None:
        """Pretend to train, one after the other; memory for more than there is room for runs out at once."""
        together = min(len(jobs), self.width(jobs[0].trial))
        if together > float(os.environ.get("LOSSTERM_FAKE_ROOM", "inf")):
            raise MemoryError
        for job in jobs:
            job.end(self.train(job.trial, job.number, job.report, job.save, job.checkpoint))

    def train(
        self,
        trial: Trial,
        number: int = 0,
        report: OnChunk = lambda _: False,
        save: OnCheckpoint = lambda _: None,
        checkpoint: Checkpoint | None = None,
    ) -> Result:
        """Pretend to train."""
        self._programs |= {trial.program}
        splits = protocol_named(trial.protocol).splits
        epochs = trial.hyperparameters.epochs
        chunk_epochs = epochs if not self._epoch_seconds else max(1, int(_REPORT_SECONDS / self._epoch_seconds))
        level = _level(trial)
        done, before = (checkpoint.epochs, checkpoint.seconds) if checkpoint else (0, 0.0)
        began, pulse = time.monotonic() - before, CheckpointTimer(before)
        for start in range(done, epochs, chunk_epochs):
            count = min(chunk_epochs, epochs - start)
            time.sleep(count * self._epoch_seconds)
            rows = [
                value
                for epoch in range(start, start + count)
                for place in range(len(splits))
                for value in (
                    level + 0.02 * place + 0.6 * math.exp(-4 * epoch / epochs),
                    1 - level / 2 - 0.01 * place - 0.3 * math.exp(-4 * epoch / epochs),
                )
            ]
            diverged = trial.learning_rate >= 1000
            if diverged:
                count, rows = 1, [math.nan] * protocol_named(trial.protocol).curves.columns
            chunk = Chunk(trial=number, start=start, epochs=count, data=array("f", rows).tobytes())
            seconds = time.monotonic() - began
            if diverged:
                return _with_model(Result(status="diverged", seconds=seconds, scores=None, chunk=chunk), trial, number)
            if start + count == epochs:
                task, loss = trial.record, loss_recorded(trial.loss)
                scores: TrialScores = {
                    metric.key: {
                        **{
                            split: level if metric.direction == "min" else 1 - level / 2 - 0.01 * place
                            for place, split in enumerate(splits)
                        },
                        CONSTANT: 1.25 if metric.direction == "min" else 0.25,
                    }
                    if metric.defined(loss)
                    else None
                    for metric in metrics_for(task.kind, trial.protocol, task.lowest)
                }
                return _with_model(Result(status="done", seconds=seconds, scores=scores, chunk=chunk), trial, number)
            leaving = report(chunk)
            if pulse.due(time.monotonic() - began, leaving=leaving):
                save(Checkpoint(epochs=start + count, seconds=time.monotonic() - began, state=b""))
            if leaving:
                break
        return Result(status="cancelled", seconds=time.monotonic() - began, scores=None, chunk=None)


def _with_model(result: Result, trial: Trial, number: int) -> Result:
    """Add what the real engine keeps of the first seed, and the sample."""
    if trial.seed != 0:
        return result
    from lossterm.engine.fakes.fake_model import fake_model, fake_sample

    model = fake_model(trial, number, trained=result.status == "done")
    return msgspec.structs.replace(result, model=model, sample=fake_sample(trial) if model else None)


def _level(trial: Trial) -> float:
    """Return where a curve ends: later losses of the catalogue, rates far from the best, and some seeds do worse."""
    place = min(place_of(trial.loss), 8)
    off = min(abs(math.log10(trial.learning_rate / _best_rate())), 2)
    luck = random.Random(f"{trial.loss} {trial.seed}").gauss(0, 0.02)
    return 0.3 + 0.01 * place**2 + 0.1 * off + luck


def _best_rate() -> float:
    return float(os.environ.get("LOSSTERM_FAKE_BEST_RATE", BEST_RATE))


FAKE_LANE = (sys.executable, "-P", "-m", "lossterm.engine.fakes.fake_lane")
"""The command that starts a process in place of a card's."""


def load_fake(device: str, _: int | None = None) -> Loaded:
    """Return the fake engine, to run on two threads, or in as many processes as are asked for."""
    kind: DeviceKind = "GPU" if device.startswith("gpu") else "CPU"
    count = int(os.environ.get("LOSSTERM_FAKE_CARDS", "0"))
    lanes = card_lanes({number: str(number) for number in range(count)}, command=FAKE_LANE)
    threads = 0 if kind == "GPU" and count else 2
    return Loaded(lambda: FakeTrainer(kind), fake_environment(kind), threads, lanes)


def fake_environment(kind: str) -> dict[str, str]:
    """Return what it says of its versions and its device."""
    return {**dict.fromkeys(("tensorflow", "keras", "numpy"), "fake"), "device": kind, "cpu": "fake"}


if __name__ == "__main__":
    main(load_fake)
