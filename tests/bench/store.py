"""A large store beside an empty one: opening it, listing its sessions, the table of one of them.

    python -m tests.bench.store [--trials 10000] [--epochs 200] [--losses 4]

Each figure is the median of several runs in this process, its imports done and the file in
the memory of the operating system.
"""

import argparse
import random
import statistics
import tempfile
import time
from array import array
from collections.abc import Callable
from pathlib import Path

from lossterm.comparison.comparison import Comparison
from lossterm.following.store_changes import StoreChanges
from lossterm.reports import report
from lossterm.store import Chunk, Store, TrialScores

LOSSES = (
    *("binary_crossentropy", "hinge", "squared_hinge", "binary_focal"),
    *("exponential", "mse", "mae", "huber"),
)
SESSION = "large"
RUNS = 5


def main() -> None:
    """Build both, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--losses", type=int, default=4, help="how many share the trials")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lossterm-bench-") as place:
        large, empty = Path(place, "large.db"), Path(place, "empty.db")
        began = time.perf_counter()
        build(large, given.trials // given.losses, given.epochs, LOSSES[: given.losses])
        Store(empty).close()
        taken, size = time.perf_counter() - began, large.stat().st_size / 1e6
        print(f"{given.trials:,} trials × {given.epochs} epochs: {size:.1f} MB, written in {taken:.1f} s")
        print(f"{'':24}{'empty':>10}{'large':>10}")
        for name, look in LOOKS.items():
            figures = [median(look, path) for path in (empty, large)]
            print(f"{name:24}" + "".join(f"{1000 * seconds:8.1f}ms" for seconds in figures))


def build(path: Path, seeds: int, epochs: int, losses: tuple[str, ...]) -> None:
    """Write a session whose trials are all done, through the store as a worker does."""
    stream = random.Random(0)
    with Store(path) as store:
        store.requests.ask(SESSION, Comparison.ask("circles", losses, protocol="tutorial", seeds=seeds, epochs=epochs))
        while row := store.worker.claim("auto"):
            values = array("f", (stream.random() for _ in range(4 * epochs)))
            chunk = Chunk(trial=row.id, start=0, epochs=epochs, data=values.tobytes())
            scores: TrialScores = {"accuracy": {split: stream.random() for split in ("train", "test")}}
            store.worker.finish(row.id, "done", seconds=0.02, scores=scores, chunk=chunk)


def open_it(path: Path) -> None:
    """Open and close it."""
    Store(path).close()


def list_it(path: Path) -> None:
    """Open it and list its sessions, as `lossterm sessions`."""
    with Store(path) as store:
        store.sessions.every()


def report_it(path: Path) -> None:
    """Open it and work out the standings, as `lossterm report`."""
    with Store(path) as store:
        asked = store.reader.comparisons(SESSION)
        rows = store.reader.trials([one.id for one in asked])
        for one in asked:
            report.build(one, report.rows_of(one, rows))


def show_it(path: Path) -> None:
    """Take in all that a viewer shows first, curves included."""
    tail = StoreChanges(path, SESSION)
    tail.poll()
    tail.close()


LOOKS: dict[str, Callable[[Path], None]] = {
    "open": open_it,
    "open, list sessions": list_it,
    "open, standings": report_it,
    "open, all for a viewer": show_it,
}


def median(look: Callable[[Path], None], path: Path) -> float:
    """Return the seconds that a look takes."""
    found = []
    for _ in range(RUNS):
        began = time.perf_counter()
        look(path)
        found.append(time.perf_counter() - began)
    return statistics.median(found)


if __name__ == "__main__":
    main()
