"""A user table: from file to first epoch, the memory that it takes, an epoch beside Model.fit.

    python -m tests.bench.table [--rows 200000] [--columns 20] [--batch-size 1024]

What is looked for in a table (leaks, copies of rows, codes, totals) is timed inside one reading of the large one, as a
share of all else that this does. Units and other notations are recognised while cells become numbers, so they have no
time of their own.
The worker is warm: it has loaded TensorFlow and trained other trials, but never seen the table. Memory is the worker's
highest resident size less what it had before, once more for a table of a quarter of the rows, and the difference in
multiples of the tables' float32 size: what both have in common is TensorFlow's, which compiles the same programs. An
epoch of Model.fit is one of
the same network, optimizer and batch size with one held-out split evaluated, where the engine evaluates all three.
"""

import argparse
import csv
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from lossterm.comparison.comparison import Comparison
from lossterm.data import Data, FileRequest, describe, features, table_building
from lossterm.home.paths import shelf
from lossterm.store import Store
from lossterm.worker_control import starting, supervisor

EPOCHS = 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--columns", type=int, default=20, help="the target and two categories among them")
    parser.add_argument("--batch-size", type=int, default=1024)
    given = parser.parse_args()
    more, sizes = [], []
    for rows in (given.rows // 4, given.rows):
        with tempfile.TemporaryDirectory(prefix="lossterm-bench-", ignore_cleanup_errors=True) as place:
            os.environ["LOSSTERM_HOME"] = place
            file = Path(place) / "table.csv"
            write(file, rows, given.columns)
            sizes.append(4 * rows * given.columns / 2**20)
            print(f"{rows:,} rows × {given.columns} columns: {file.stat().st_size / 2**20:.1f} MB of CSV, ", end="")
            print(f"{sizes[-1]:.1f} MB as float32")
            data, took = with_a_warm_worker(file, given.batch_size)
            more.append(took)
            if rows == given.rows:
                looked_for(file)
                beside_fit(data, given.batch_size)
    share = (more[1] - more[0]) / (sizes[1] - sizes[0])
    print(f"memory: {share:.1f} × the table as float32, beside what TensorFlow takes for a small one")


def write(file: Path, rows: int, columns: int) -> None:
    """Write numbers, two categories, and a target that both decide."""
    stream = np.random.default_rng(0)
    numbers = stream.normal(size=(rows, columns - 3)).round(4)
    names = stream.choice(["north", "south", "east", "west"], size=(rows, 2))
    target = 2 * numbers[:, 0] + np.sin(numbers[:, 1]) + 1.5 * (names[:, 0] == "north") + stream.normal(size=rows)
    with file.open("w", newline="", encoding="utf-8") as opened:
        written = csv.writer(opened)
        written.writerow([*(f"x{place}" for place in range(columns - 3)), "first", "second", "y"])
        for row, pair, y in zip(numbers.tolist(), names.tolist(), target.round(4).tolist(), strict=True):
            written.writerow([*row, *pair, y])


def with_a_warm_worker(file: Path, batch_size: int) -> tuple[Data, float]:
    """Time the way from the file to the first epoch in the store; return the worker's additional memory in MB too."""
    with Store() as store:
        keeper = supervisor.Supervisor(store.path, "auto", starting.WORKER)
        for task in ("circles", "diabetes"):
            train(store, keeper, Comparison.ask(task, ("usual",), seeds=1, epochs=2, learning_rates=[0.01]))
        (worker,) = store.reader.workers()
        before = high_water(worker.pid)
        start = time.perf_counter()
        data, _ = describe(FileRequest(path=str(file), target="y"), shelf())
        described = time.perf_counter() - start
        losses = ("mse", "huber")
        question = Comparison.ask(data, losses, seeds=1, epochs=EPOCHS, batch_size=batch_size, learning_rates=[0.01])
        asked = store.requests.ask("table", question)
        while not any(row.epochs for row in store.reader.trials([asked.id])):
            time.sleep(0.01)
        print(f"file to first epoch: {time.perf_counter() - start:.2f} s, of which reading it {described:.2f} s")
        train(store, keeper, question)
        more = high_water(worker.pid) - before
        print(f"memory of the worker: {more:.0f} MB more at the most")
        os.kill(worker.pid, 15)
    return data, more


LOOKS = (
    (table_building, ("_leaks", "_repeated", "not_looked_at", "possibly_missing")),
    (features, ("possibly_missing", "summary_rows", "of_named_codes")),
)
"""Functions, by the module that calls them, that look for what may be wrong with a table."""


def looked_for(file: Path) -> None:
    """Read the file once more, with what looks at the table timed."""
    spent = 0.0

    def timed(look: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*given: Any) -> Any:
            nonlocal spent
            start = time.process_time()
            result = look(*given)
            result = list(result) if isinstance(result, Iterator) else result
            spent += time.process_time() - start
            return result

        return measured

    with tempfile.TemporaryDirectory() as place, ExitStack() as patches:
        for module, names in LOOKS:
            for name in names:
                patches.enter_context(patch.object(module, name, timed(getattr(module, name))))
        start = time.process_time()
        describe(FileRequest(path=str(file), target="y"), Path(place))
        whole = time.process_time() - start
    print(
        f"looking for what may be wrong: {spent:.2f} s of CPU time, {100 * spent / (whole - spent):.0f} % of all else"
    )


def train(store: Store, keeper: supervisor.Supervisor, question: Comparison) -> None:
    """Ask for a comparison and wait for its end."""
    asked = store.requests.ask("table", question)
    while not all(row.ended for row in store.reader.trials([asked.id])):
        keeper.tend(needed=True, ready=False)
        time.sleep(0.05)


def high_water(pid: int) -> float:
    """Return the highest resident size of a process so far, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def beside_fit(data: Data, batch_size: int) -> None:
    """Train the same network here and with Model.fit in one process, in turn."""
    from lossterm.engine import runtime

    runtime.configure("cpu")
    from lossterm.comparison.protocol_catalogue import protocol_named
    from lossterm.engine.training.keras_network import build_network
    from lossterm.engine.training.optimizers import build_optimizer
    from lossterm.engine.training.trainer import Trainer
    from lossterm.losses import LOSSES
    from lossterm.losses.target_scaling import scaling_of

    question = Comparison.ask(data, ("mse",), seeds=1, epochs=EPOCHS, batch_size=batch_size, learning_rates=[0.01])
    (trial,) = question.trials()
    trainer, task = Trainer(), question.record
    trainer.train(trial, 0, lambda _: False)  # compiles
    parts = protocol_named("fair").prepare(task, 0).splits
    scaling = scaling_of("standard", parts["train"].target)
    x, y = parts["train"].features, scaling.scaled(parts["train"].target).astype(np.float32)
    held_out = parts["validation"].features, scaling.scaled(parts["validation"].target).astype(np.float32)
    network = build_network(task, LOSSES["mse"], question.hyperparameters)
    network.compile(build_optimizer("momentum", 0.01), "mse")
    network.fit(x, y, batch_size=batch_size, validation_data=held_out, verbose=0)  # traces
    ours, theirs = [], []
    for _ in range(5):
        ours.append(trainer.train(trial, 0, lambda _: False).seconds / EPOCHS)
        start = time.perf_counter()
        network.fit(x, y, batch_size=batch_size, validation_data=held_out, epochs=2, verbose=0)
        theirs.append((time.perf_counter() - start) / 2)
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(
        f"an epoch: {1000 * statistics.median(ours):.0f} ms here, {1000 * statistics.median(theirs):.0f} ms with "
        f"Model.fit, {ratio:.1f} × as fast"
    )


if __name__ == "__main__":
    main()
