"""A card, checked in ten minutes at most: a Markdown table for docs/devices.md.

    python -m tests.bench.gpu [--epochs 200] [--rows 2000] [--seconds 5] [--widths 1 10 50] [--stand-in]

It holds a training on the card to Model.fit, trains twice to see the same bits, counts trainings a second by width of
the stack and network beside one core of the processor, lets `auto` choose, has one process and then two train on the
card as a worker does, and has a worker run out of memory and go on. Without a card it says so and exits with 2;
`--stand-in` takes a second half of the processor for one, which checks this file and no card.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.comparison.device import device_from
from lossterm.data import Data, FileRequest, describe
from lossterm.engine import runtime
from lossterm.engine.worker import cards
from lossterm.engine.worker.board import Board
from lossterm.engine.worker.process import CARD_LANE
from lossterm.engine.worker.training_process import InProcess, LaneCommand
from lossterm.engine.worker.training_thread import TrainingThread
from lossterm.home.paths import shelf
from lossterm.store import Store
from lossterm.text.numbers import counted
from tests.engine.conftest import train, trial_of
from tests.engine.reference import fit
from tests.faults.watcher import until
from tests.lanes import stand_in_lane
from tests.lanes.places import LIMITS

TOO_LARGE = {"gpu": ("8G", 40_000), "cpu": ("1G", 8_000)}
"""What a worker may take that is to run out of memory, and units of two layers of which it holds no four copies."""


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=200, help="of the small network; a tenth of them of the large")
    parser.add_argument("--rows", type=int, default=2000, help="that the large network is trained on")
    parser.add_argument("--seconds", type=float, default=5.0, help="to train for, for each figure")
    parser.add_argument("--widths", type=int, nargs="+", default=[1, 10, 50], help="trainings in a stack")
    parser.add_argument("--stand-in", action="store_true", help="take half of the processor for a card")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lossterm-bench-", ignore_cleanup_errors=True) as place:
        os.environ["LOSSTERM_HOME"] = place
        card = _card(stand_in=given.stand_in)
        if card is None:
            print("There is no card that TensorFlow sees: nothing was measured.", file=sys.stderr)
            return 2
        names = runtime.card_names() or ["half of the processor, for a card"]
        print(f"| {names[0]}, beside {runtime.cpu()} | |\n|---|---|")
        for what, result in _rows(card, given, Path(place)):
            print(f"| {what} | {result} |", flush=True)
    return 0


def _card(*, stand_in: bool) -> Any:
    """Configure TensorFlow, and return the place of the card; None where there is none."""
    if stand_in:
        config = runtime.tf.config
        (processor,) = config.list_physical_devices("CPU")
        config.set_logical_device_configuration(processor, [config.LogicalDeviceConfiguration()] * 2)
        runtime.configure("cpu")
        return runtime.Place("GPU", "/CPU:1")
    runtime.configure("auto")
    return next((place for place in runtime.places() if place.kind == "GPU"), None)


def _rows(card: Any, given: argparse.Namespace, place: Path) -> Iterator[tuple[str, str]]:
    yield from _same_numbers(card)
    large = _large(place, given.rows)
    some: dict[str, Any] = {"seeds": max(given.widths), "learning_rates": (0.01,)}
    few = max(given.epochs // 10, 1)
    networks = {
        "2-50-1": Comparison.ask("circles", ("hinge",), epochs=given.epochs, **some),
        "784-128-10": Comparison.ask(large, ("categorical_crossentropy",), epochs=few, hidden=(128,), **some),
    }
    for name, asked in networks.items():
        trials = list(asked.trials())
        for width in given.widths:
            rates = [_trainings_a_second(trials[:width], where, given.seconds) for where in (card, runtime.CPU)]
            what = f"trainings a second, {name}, {asked.hyperparameters.epochs} epochs, {width} at once"
            yield what, f"{rates[0]:.3g}; {rates[1]:.3g} on one core"
    yield from _choices(card, [next(iter(asked.trials())) for asked in networks.values()])
    yield _by_processes(card, given, place)
    yield "peak of the card's memory", _peak(card)
    yield _out_of_memory("cpu" if given.stand_in else "gpu")


def _same_numbers(card: Any) -> Iterator[tuple[str, str]]:
    from lossterm.engine.training import initial_weights, keras_network, optimizers
    from lossterm.engine.training.trainer import Program

    network = SimpleNamespace(
        build_network=keras_network.build_network,
        build_optimizer=optimizers.build_optimizer,
        initial_state=initial_weights.initial_state,
    )
    furthest, same = 0.0, []
    for task, loss in (("regression", "mse"), ("circles", "hinge"), ("iris", "categorical_crossentropy")):
        trial = trial_of(task, loss, protocol="fair", epochs=5)
        program = Program(trial, card)
        with runtime.tf.device(card.name):
            theirs = fit(runtime, network, program, trial).weights
        runs = [train(one, trial) for one in (program, program, Program(trial, card))]  # the last is compiled anew
        same.append(len({run.bits for run in runs}) == 1)
        apart = [np.abs(one - other).max() for one, other in zip(runs[0].weights, theirs, strict=True)]
        furthest = max(furthest, *map(float, apart))
    yield "weights after five epochs, furthest from Model.fit (1e-5 is allowed)", f"{furthest:.1e}"
    yield "networks whose three trainings gave the same bits", f"{sum(same)} of {len(same)}"


def _large(place: Path, rows: int) -> Data:
    """Write a table of 784 numbers and 10 classes, and return it described."""
    stream = np.random.default_rng(0)
    features = stream.normal(size=(rows, 784)).astype(np.float32)
    target = (features[:, :40].reshape(rows, 10, 4).sum(2)).argmax(1)
    np.savez(place / "large.npz", X=features, y=target)
    return describe(FileRequest(path=str(place / "large.npz"), target="y", kind="multiclass"), shelf())[0]


def _trainings_a_second(trials: list[Trial], place: Any, seconds: float) -> float:
    """Train stacks as wide as there are trials, after one that compiles."""
    from lossterm.engine.contract import Job
    from lossterm.engine.training import stack_width, trainer

    with patch.object(stack_width, "_bounds", lambda _: stack_width._Bounds(len(trials), 2**40, 2**40)):
        program = trainer.Program(trials[0], place)
    assert program.width == len(trials)
    jobs = [
        Job(trial=trial, number=number, report=lambda _: False, end=lambda _: None)
        for number, trial in enumerate(trials)
    ]
    program.train_together(jobs)
    start, done = time.perf_counter(), 0
    while not done or time.perf_counter() - start < seconds:
        program.train_together(jobs)
        done += len(jobs)
    return done / (time.perf_counter() - start)


def _choices(card: Any, trials: list[Trial]) -> Iterator[tuple[str, str]]:
    from lossterm.engine.training.placing import Placing
    from lossterm.engine.training.trainer import epoch_seconds
    from lossterm.home import device_choices
    from lossterm.worker_control.cores import cores

    placing = Placing([runtime.CPU, card], {"CPU": cores(), "GPU": 1}, runtime.card_names(), epoch_seconds)
    with redirect_stdout(sys.stderr):  # where a worker says it in its log
        for trial in trials:
            placing.kind(trial, "CPU", ("CPU", "GPU"))
    for choice in device_choices.kept().values():
        network, _, reason = choice.reason.partition(": ")
        yield f"auto, {network}", reason


def _by_processes(card: Any, given: argparse.Namespace, place: Path) -> tuple[str, str]:
    """Train on one card as a worker does, by one process and by two; compiling is left out."""
    stacks, width = 6, max(given.widths)
    rates = []
    for count in (1, 2):
        with Store(place / f"by {count}.db") as store:
            rates.append(_rate_of_lanes(store, _lane_command(card, width), count, given.epochs, stacks * width))
    what = f"trainings a second through the worker, 2-50-1, {given.epochs} epochs, one process; two on one card"
    return what, f"{rates[0]:.3g}; {rates[1]:.3g}"


def _lane_command(card: Any, width: int) -> LaneCommand:
    if not card.name.startswith("/CPU"):
        name = next(iter(cards.names(device_from("gpu")).values()))
        return LaneCommand(label="the card", command=CARD_LANE, environment=cards.only(name))
    command = (sys.executable, str(Path(stand_in_lane.__file__)))
    return LaneCommand(label="the stand-in", command=command, environment={stand_in_lane.NARROWED: str(width)})


def _rate_of_lanes(store: Store, command: LaneCommand, count: int, epochs: int, trials: int) -> float:
    """Return the trainings a second of so many processes, once each has compiled the program."""
    board, stop = Board(), threading.Event()
    lanes = [
        TrainingThread(number, store.path, "auto", InProcess(command, number, "auto", board, stop, LIMITS), board, stop)
        for number in range(count)
    ]
    for lane in lanes:
        lane.start()
    try:
        with redirect_stdout(sys.stderr):
            start = 0.0
            for rate in (0.01, 0.02):  # the first compiles
                start = time.perf_counter()
                asked = store.requests.ask(
                    "s", Comparison.ask("circles", ("hinge",), seeds=trials, epochs=epochs, learning_rates=(rate,))
                )
                _wait_for(store, asked.id)
            return trials / (time.perf_counter() - start)
    finally:
        stop.set()
        for lane in lanes:
            lane.join()


def _wait_for(store: Store, comparison: int) -> None:
    until(lambda: all(row.ended for row in store.reader.trials([comparison])), "trainings", 600)


def _peak(card: Any) -> str:
    """Return the most memory that TensorFlow took on the card; of a stand-in, what the process holds."""
    from lossterm.engine.worker.health import resident
    from lossterm.text.numbers import memory_size

    if card.name.startswith("/CPU"):
        return memory_size(resident())
    return memory_size(runtime.tf.config.experimental.get_memory_info(card.name.removeprefix("/"))["peak"])


def _out_of_memory(device: str) -> tuple[str, str]:
    """Have a worker run out of memory, and then train what is small."""
    limit, units = TOO_LARGE[device]
    asked = f"run --task circles --loss hinge --seeds 1 --epochs 2 --lr 0.01 --device {device} --memory {limit}"
    shared = [sys.executable, "-m", "lossterm", *asked.split(), "--quiet", "--format", "json", "--trials"]
    statuses, workers = [], set[int]()
    for hidden in (f"{units},{units}", "5"):
        done = subprocess.run([*shared, "--hidden", hidden], capture_output=True, check=False, timeout=300)
        statuses += [one["status"] for one in json.loads(done.stdout)["trials"]]
        with Store() as store:
            workers.add(store.reader.workers()[0].pid)
    right = sum(map(str.__eq__, statuses, ("failed", "done")))
    return (
        f"too large for {limit}, then small: failed, then done",
        f"{right} of 2 so ({', '.join(statuses)}), by {counted(len(workers), 'worker')}",
    )


if __name__ == "__main__":
    sys.exit(main())
