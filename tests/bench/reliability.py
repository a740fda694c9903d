"""How soon a cancel is obeyed, and a worker's death is noticed and made good. The real engine.

Run from the repository's root, in an environment with the test extra, with nothing else going on:

    python -m tests.bench.reliability [--rounds 20] [--deaths 10] [--fake]

Cancel to idle is the time from before `Requests.cancel` until no trial is running any more, while every lane trains.
Death to notice is the time from `kill -9` of the worker until a viewer, which looks as often as `lossterm run` does, no
longer has it; to the next epoch, until the viewer has an epoch of another worker: TensorFlow's import is in it.
"""

import argparse
import itertools
import os
import random
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lossterm.comparison.comparison import Comparison
from lossterm.following.follow import INTERVAL, Follower
from lossterm.store import AskedComparison, Store
from lossterm.worker_control import lock
from lossterm.worker_control.starting import WORKER, Workers
from tests.builders.stores import FAKE

DEVICE = "auto"
SESSION = "s"
TRIALS = 8
"""Trials asked for at a time: more than there are lanes on a small machine."""
PATIENCE = 120.0
"""Seconds after which what was waited for will not come."""

_epochs = itertools.count(300_000)
"""Epochs of a training: half a minute and more, and another number each time, or a trial might be there already."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="cancels to time (default 20)")
    parser.add_argument("--deaths", type=int, default=10, help="workers to kill (default 10)")
    parser.add_argument("--fake", action="store_true", help="with a worker that pretends to train, to try this out")
    given = parser.parse_args()
    if given.fake:
        os.environ["LOSSTERM_FAKE_EPOCH_SECONDS"] = "0.001"
    with tempfile.TemporaryDirectory(prefix="lossterm-bench-") as place:
        os.environ["LOSSTERM_HOME"] = place
        with Store(Path(place) / "lossterm.db") as store:
            try:
                viewer = Viewer(store, FAKE if given.fake else WORKER)
                show("cancel to idle", [cancelled(viewer) for _ in range(given.rounds)])
                noticed, resumed = zip(*(killed(viewer) for _ in range(given.deaths)), strict=True)
                show("kill -9 to the viewer's notice", noticed)
                show("kill -9 to the next epoch", resumed)
            finally:
                end(store)


class Viewer:
    """What `lossterm run` is without its words."""

    def __init__(self, store: Store, worker: Sequence[str]) -> None:
        self.store, self._follower = store, Follower(store, SESSION, device=DEVICE, workers=Workers(worker))
        self.view = self._follower.state

    def look(self) -> None:
        """Take in what is new and tend the worker."""
        self._follower.take(self._follower.poll())
        self._follower.tend(self._follower.waiting)

    @property
    def epochs(self) -> int:
        """Epochs that were shown so far."""
        return self.view.progress().epochs

    def until(self, true: Callable[[], object], what: str) -> float:
        """Look as often as viewers do until something is true, and return when it was."""
        end = time.perf_counter() + PATIENCE
        while True:
            self.look()
            now = time.perf_counter()
            if true():
                return now
            assert now < end, f"waited in vain for {what}"
            time.sleep(INTERVAL)


def training(viewer: Viewer) -> AskedComparison:
    """Ask for long trainings, and return at a moment when they are under way."""
    asked = viewer.store.requests.ask(
        SESSION, Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=TRIALS, epochs=next(_epochs))
    )
    viewer.look()

    def under_way() -> bool:
        running = [row for row in viewer.store.reader.trials([asked.id]) if row.status == "running"]
        return bool(running) and all(row.epochs for row in running)

    viewer.until(under_way, "epochs")
    pause = time.perf_counter() + random.uniform(1, 2)  # so that a second lane begins, and the moment is any
    viewer.until(lambda: time.perf_counter() > pause, "a moment")
    return asked


def cancelled(viewer: Viewer) -> float:
    """Return the seconds from a cancel to no trial running."""
    asked = training(viewer)
    start = time.perf_counter()
    viewer.store.requests.cancel([asked.id])
    while any(row.status == "running" for row in viewer.store.reader.trials([asked.id])):
        assert time.perf_counter() - start < PATIENCE, "waited in vain for the trials to stop"
        time.sleep(0.001)
    return time.perf_counter() - start


def killed(viewer: Viewer) -> tuple[float, float]:
    """Return the seconds from a worker's death to the viewer's notice, and to an epoch of another worker."""
    asked = training(viewer)
    holder = lock.sign(viewer.store.path, DEVICE)
    assert holder is not None
    start = time.perf_counter()
    os.kill(holder.pid, signal.SIGKILL)
    noticed = viewer.until(lambda: viewer.view.worker is None or viewer.view.worker.pid != holder.pid, "the notice")
    before = viewer.epochs  # all that the dead one wrote
    resumed = viewer.until(lambda: viewer.epochs > before, "the next epoch")
    viewer.store.requests.cancel([asked.id])
    return noticed - start, resumed - start


def end(store: Store) -> None:
    """Have the worker leave, and wait until it has."""
    while lock.alive(store.path, DEVICE):
        if holder := lock.sign(store.path, DEVICE):
            os.kill(holder.pid, signal.SIGTERM)
        time.sleep(0.1)


def show(name: str, seconds: "tuple[float, ...] | list[float]") -> None:
    """Print the median, the 95th percentile and the extremes."""
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    print(
        f"{name:<32} p50 {statistics.median(ordered):7.3f} s   p95 {p95:7.3f} s   least {ordered[0]:7.3f} s   "
        f"most {ordered[-1]:7.3f} s   n = {len(ordered)}",
        flush=True,
    )


if __name__ == "__main__":
    main()
