"""A stress sweep from the shell with a warm worker: all of it, and raced.

    python -m tests.bench.stress [--rounds 3] [--seeds 10] [--epochs 200] [--fake]

`lossterm stress --task circles --axis label_noise` with three losses at six levels, ten seeds and five rates: 900
trainings; and the same with `--until settled`. The worker is up and has compiled all three programs. Each round asks
for another number of epochs, so that the store has none of its trials. Beside the wall time stand the processor
seconds of command and worker, which other programs on the machine hardly change, and both per training; last, what
each sweep says.
"""

import argparse
import os
import resource
import statistics
import sys
import time
from pathlib import Path

import msgspec

from lossterm.store import Store
from tests.bench.headless import Home, document

LEVELS = "0,0.05,0.1,0.2,0.3,0.4"
RATES = "0.003,0.01,0.03,0.1,0.3"
LOSSES = ("binary_crossentropy", "hinge", "exponential")
TICKS = os.sysconf("SC_CLK_TCK")


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep took."""

    seconds: float
    """Wall time."""
    processor: float
    """Seconds of processors, of the command and of the worker."""
    trainings: int
    """How many it trained."""
    verdict: str
    """Which loss to take from where to where."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="sweeps of each kind (default 3)")
    parser.add_argument("--seeds", type=int, default=10, help="of each sweep (default 10)")
    parser.add_argument("--epochs", type=int, default=200, help="of each training, about (default 200)")
    parser.add_argument("--fake", action="store_true", help="with a worker that pretends to train, to try this out")
    given = parser.parse_args()
    whole, raced = [], []
    with Home(fake=given.fake) as home:
        measured(home, given.epochs - 1, 3)  # starts the worker and compiles
        for number in range(given.rounds):
            whole.append(measured(home, given.epochs + 2 * number, given.seeds))
            raced.append(measured(home, given.epochs + 2 * number + 1, given.seeds, "--until", "settled"))
    _show("whole", whole)
    _show("raced", raced)
    for name, every in (("whole", whole), ("raced", raced)):
        for one in every:
            print(f"-- {name}: {one.verdict}")


def measured(home: Path, epochs: int, seeds: int, *more: str) -> Measured:
    """Run a sweep and measure it."""
    asked = ["stress", "--task", "circles", "--axis", "label_noise", "--levels", LEVELS, "--lr", RATES]
    for loss in LOSSES:
        asked += ["--loss", loss]
    asked += ["--seeds", str(seeds), "--epochs", str(epochs), *more]
    before, start = _processor(home), time.perf_counter()
    printed = document(home, asked)
    seconds = time.perf_counter() - start
    return Measured(
        seconds=seconds,
        processor=_processor(home) - before,
        trainings=printed["trainings"]["done"],
        verdict=printed["verdict"],
    )


def _processor(home: Path) -> float:
    """Return the seconds of processors that ended commands and the living worker have taken so far."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime + sum(map(_of_process, _workers(home)))


def _workers(home: Path) -> list[int]:
    if not (home / "lossterm.db").exists():
        return []
    with Store(home / "lossterm.db") as store:
        return [worker.pid for worker in store.reader.workers()]


def _of_process(pid: int) -> float:
    """Return the seconds of processors that a process has taken, 0 where that is not told."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _show(name: str, every: list[Measured]) -> None:
    seconds, processor = (statistics.median(getattr(one, what) for one in every) for what in ("seconds", "processor"))
    trainings = statistics.median(one.trainings for one in every)
    each = f"{1000 * seconds / trainings:5.1f} ms and {1000 * processor / trainings:5.1f} ms of processors each"
    print(f"{name}: {trainings:5.0f} trainings in {seconds:6.2f} s, {processor:6.2f} s of processors; {each}")
    print(f"{name}: least {min(one.seconds for one in every):6.2f} s, n = {len(every)}", file=sys.stderr)


if __name__ == "__main__":
    main()
