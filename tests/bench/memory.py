"""Memory of the worker over many different small comparisons: each is a program that TensorFlow never gives back.

Run from the repository's root, in an environment with the test extra:

    python -m tests.bench.memory [--comparisons 200] [--fake]

The worker is the one of every day; it leaves to another, which finds its programs on disk, before they take too much.
Each comparison is of another network, and so of another program. What the worker holds is looked at all the time.
Exits with 1 where it ever held LIMIT more than TensorFlow alone. --fake has the fake engine instead: it checks this
file and no memory.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.store import Store
from lossterm.worker_control import lock, starting
from tests.builders.stores import FAKE
from tests.faults.watcher import until

LIMIT = 1_500_000_000
"""Bytes above TensorFlow's own that are too much."""

DEVICE = "cpu"
LOSSES = ("hinge", "binary_crossentropy", "squared_hinge", "binary_focal")
PATIENCE = 600.0
"""Seconds that a comparison may take."""


class Held(msgspec.Struct):
    """What workers held, in bytes."""

    alone: int = 0
    """Before anything was trained."""
    last: int = 0
    """When it was looked at last."""
    most: int = 0
    """At any time."""
    workers: set[int] = set()
    """Their processes."""

    def look(self, store: Store) -> None:
        """Look at the worker of now."""
        sign = lock.sign(store.path, DEVICE)
        if sign and (held := _resident(sign.pid)):
            self.workers.add(sign.pid)
            self.last, self.most = held, max(self.most, held)


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comparisons", type=int, default=200, help="different ones (default 200)")
    parser.add_argument("--fake", action="store_true", help="with the fake engine")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lossterm-bench-", ignore_cleanup_errors=True) as place:
        os.environ |= {"LOSSTERM_HOME": place, "XDG_CACHE_HOME": place, "LOSSTERM_IDLE_SECONDS": "600"}
        sys.exit(memory(given.comparisons, fake=given.fake))


def memory(comparisons: int, *, fake: bool) -> int:
    """Train so many comparisons one after the other, print what the worker holds, and return the exit code."""
    held, began = Held(), time.monotonic()
    with Store() as store:
        worker = starting.ensure(store.path, DEVICE, FAKE if fake else starting.WORKER)
        assert worker is not None
        try:
            until(lambda: [row.state for row in store.reader.workers()] == ["ready"], "the worker", PATIENCE)
            held.look(store)
            held.alone = held.last
            for number in range(comparisons):
                _train(store, number, held)
        finally:
            if sign := lock.sign(store.path, DEVICE):
                lock.send_signal(sign.pid, signal.SIGTERM)
            until(lambda: not lock.alive(store.path, DEVICE), "the worker to leave")
            worker.wait(60)
    seconds = time.monotonic() - began
    print(f"{comparisons} comparisons, each of another program, in {seconds:.0f} s, by {len(held.workers)} workers")
    for words, size in (("alone", held.alone), ("in the end", held.last), ("most", held.most)):
        print(f"{words:12} {size / 1e9:6.2f} GB")
    print(f"{'above alone':12} {(held.most - held.alone) / 1e9:6.2f} GB of {LIMIT / 1e9:.2f} GB")
    return int(held.most - held.alone > LIMIT)


def _train(store: Store, number: int, held: Held) -> None:
    loss, units = LOSSES[number % len(LOSSES)], 8 + number
    asked = store.requests.ask(
        "memory",
        Comparison.ask("circles", (loss,), seeds=10, epochs=2, hidden=(units,), learning_rates=(0.01,), device=DEVICE),
    )

    def ended() -> bool:
        held.look(store)
        time.sleep(0.05)
        return all(row.ended for row in store.reader.trials([asked.id]))

    until(ended, f"comparison {number}", PATIENCE)
    assert {row.status for row in store.reader.trials([asked.id])} == {"done"}


if __name__ == "__main__":
    main()
