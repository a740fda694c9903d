"""Memory of the worker and of the app over very many short trials: flat, or something is kept that should not be.

Run from the repository's root, in an environment with the test extra:

    python -m tests.bench.soak [--trials 100000]

The worker is the one of every day with the fake engine, whose epochs take no time: waiting is all that is simulated.
The app runs in a pseudo-terminal and follows a session that is trained, looked at and deleted again and again, so that
what is shown and stored stays the same size. Growth is from the end of the warm-up, a tenth of the trials, to the end.
Exits with 1 where a process has grown by as much as LIMIT.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lossterm.comparison.comparison import Comparison
from lossterm.store import Store
from lossterm.worker_control import starting
from tests.builders.stores import DEVICE, FAKE
from tests.faults.watcher import until
from tests.terminal.pseudo_terminal import Terminal

LIMIT = 0.05
"""Growth that is too much, as a share."""

LOSSES = ("binary_crossentropy", "hinge", "squared_hinge", "binary_focal")
SEEDS = 250
SESSION = "soak"
VIEWS = "12345"
PATIENCE = 300.0
"""Seconds that a round may take."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100_000, help="trials to train (default 100000)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lossterm-soak-") as place:
        sys.exit(soak(Path(place), given.trials))


def soak(home: Path, trials: int) -> int:
    """Train so many trials in rounds, print what the processes hold, and return the exit code."""
    seeds = max(min(SEEDS, trials // (20 * len(LOSSES))), 1)  # at least twenty rounds
    comparison = Comparison.ask("circles", LOSSES, protocol="tutorial", seeds=seeds, epochs=10)
    size = seeds * len(LOSSES)
    rounds = -(-trials // size)
    os.environ["LOSSTERM_IDLE_SECONDS"] = "600"
    began = time.monotonic()
    with Store(home / "lossterm.db") as store:
        worker = starting.ensure(store.path, DEVICE, FAKE)  # before the app, which finds it there
        assert worker is not None
        try:
            until(lambda: store.reader.workers() and store.reader.workers()[0].state == "ready", "the worker")
            app = Terminal(home, "--session", SESSION)
            held = [one_round(store, comparison, app, worker, number) for number in range(rounds)]
            app.press("q")
            app.rest()
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait()
    seconds = time.monotonic() - began
    warm = min(max(rounds // 10, len(VIEWS)), rounds - 1)  # each view must have been open once, where there is time
    print(f"{rounds * size:,} trials in {rounds} rounds of {size}, {seconds:.0f} s")
    return int(max(show(name, [one[name] for one in held], warm) for name in held[0]) >= LIMIT)


def one_round(
    store: Store, comparison: Comparison, app: Terminal, worker: "subprocess.Popen[bytes]", number: int
) -> dict[str, float]:
    """Train, look at one of the views, delete; return the megabytes that the processes held when all was shown."""
    asked = store.requests.ask(SESSION, comparison)
    size = len(store.reader.trials([asked.id]))
    shown = f"{size}/{size} trials"
    app.until(lambda text: shown in text, PATIENCE)
    assert {(row.status, row.attempts) for row in store.reader.trials([asked.id])} == {("done", 1)}
    app.press(VIEWS[number % len(VIEWS)])
    app.during(0.5)
    held = {"worker": megabytes(worker.pid), "app": megabytes(app.process.pid)}
    app.press("\x1b")
    app.until(lambda text: shown in text, PATIENCE)
    store.sessions.delete(SESSION)
    app.until(lambda text: shown not in text, PATIENCE)
    app.bytes = b""
    return held


def megabytes(pid: int) -> float:
    """Return the memory that a process holds now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def show(name: str, held: list[float], warm: int) -> float:
    """Print what a process held after the warm-up and at the end, and return the growth, as a share."""
    growth = held[-1] / held[warm] - 1
    print(
        f"{name:<8} after the warm-up {held[warm]:6.1f} MB, at the end {held[-1]:6.1f} MB, most {max(held):6.1f} MB: "
        f"{growth:+.1%}"
    )
    return growth


if __name__ == "__main__":
    main()
