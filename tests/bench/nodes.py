"""Two nodes of one core beside one worker of two: `python -m tests.bench.nodes [--seeds 200] [--long 20] …`.

The worker trains a comparison with its own two lanes, then another worker the same one with no lane of its own, on a
Ray cluster whose two nodes are processes of this machine. Programs are compiled before in both. Prints trainings a
second of both, their ratio, and how many of the trials have the same scores and curves to the bit.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.store import AskedComparison, Store, TrialRow
from lossterm.worker_control import lock, starting
from lossterm.worker_control.cluster import Cluster
from tests.builders.ray_cluster import FAKE_WORKER, RayCluster
from tests.faults.watcher import curves

LOSSES = ("hinge", "binary_crossentropy")
FAKE = (sys.executable, "-c", FAKE_WORKER)
PATIENCE = 900.0
DEVICE = "cpu"


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What is trained."""

    what: str
    """In words."""
    seeds: int
    """Trainings of each loss."""
    epochs: int
    """Epochs of each."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What one of the two did."""

    rate: float
    """Trainings a second."""
    outcome: Mapping[tuple[str, int], tuple[object, bytes]]
    """Loss and seed → scores and curve."""


def trained(store: Store, asked: AskedComparison) -> list[TrialRow]:
    """Wait for the end of a comparison, and return its trials."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        rows = store.reader.trials([asked.id])
        if all(row.ended for row in rows):
            assert {row.status for row in rows} == {"done"}, {row.error for row in rows}
            return rows
        time.sleep(0.05)
    raise TimeoutError(f"no end within {PATIENCE:g} s")


def measured(work: Work, cluster: Cluster | None, lanes: int, worker: Sequence[str]) -> Side:
    """Have a worker with so many lanes of its own, and a cluster, train what is asked for."""
    with tempfile.TemporaryDirectory() as place, Store(Path(place) / "nodes.db") as store:
        command = (*worker, "--lanes", str(lanes))
        process = starting.ensure(store.path, DEVICE, command, cluster=cluster)
        assert process is not None
        try:
            warm = _asked(store, "warm", msgspec.structs.replace(work, seeds=40))
            trained(store, warm)
            began = time.perf_counter()
            asked = _asked(store, "s", work)
            rows = [row for row in trained(store, asked) if row.trial.seed >= 40]
            seconds = time.perf_counter() - began
            curve = curves(store, asked)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        assert not lock.alive(store.path, DEVICE)
    outcome = {(row.trial.loss, row.trial.seed): (row.scores, curve[row.id]) for row in rows}
    return Side(rate=len(rows) / seconds, outcome=outcome)


def _asked(store: Store, session: str, work: Work) -> AskedComparison:
    one = Comparison.ask("circles", LOSSES, seeds=work.seeds, epochs=work.epochs, learning_rates=(0.01,), device=DEVICE)
    return store.requests.ask(session, one)


def table(works: Sequence[Work], rounds: int, worker: Sequence[str]) -> str:
    """Measure each, the better of some rounds, and return a Markdown table."""
    lines = ["| what | worker, 2 lanes | 2 nodes | ratio | the same bits |", "|---|---|---|---|---|"]
    cluster = RayCluster()
    try:
        for _ in range(2):
            cluster.add()
        there = Cluster(cluster.address)
        for work in works:
            here = max((measured(work, None, 2, worker) for _ in range(rounds)), key=lambda side: side.rate)
            away = max((measured(work, there, 0, worker) for _ in range(rounds)), key=lambda side: side.rate)
            same = sum(away.outcome[key] == here.outcome[key] for key in here.outcome)
            ratio = away.rate / here.rate
            lines.append(
                f"| {work.what} | {here.rate:.1f}/s | {away.rate:.1f}/s | {ratio:.3f} | {same} of {len(here.outcome)} |"
            )
    finally:
        cluster.end()
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="short trainings of each loss, more than 40")
    parser.add_argument("--long", type=int, default=80, help="long trainings of each loss, more than 40")
    parser.add_argument("--epochs", type=int, default=100, help="epochs of a short one")
    parser.add_argument("--long-epochs", type=int, default=10_000, help="epochs of a long one")
    parser.add_argument("--rounds", type=int, default=2, help="times that each is measured")
    parser.add_argument("--fake", action="store_true", help="with the fake engine, to see whether this runs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["LOSSTERM_HOME"] = home
        works = (
            Work(what="circles, stacks of ten", seeds=given.seeds, epochs=given.epochs),
            Work(what="circles, a second and more each", seeds=given.long, epochs=given.long_epochs),
        )
        print(table(works, given.rounds, FAKE if given.fake else starting.WORKER))


if __name__ == "__main__":
    main()
