"""Times this engine against `Model.fit` in one run: the same task, network, optimizer and number of epochs.

`python -m lossterm.engine.benchmark [--epochs N]` prints JSON; `lossterm bench` shows it. Both train on
the processor.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine import runtime
from lossterm.engine.contract import Job, Result
from lossterm.engine.training.keras_network import build_network
from lossterm.engine.training.optimizers import build_optimizer
from lossterm.engine.training.trainer import Trainer
from lossterm.losses import loss_named, usual
from lossterm.tasks import task_named
from lossterm.worker_control.cores import cores

WARM_TRAININGS = 20
"""Trainings that are timed: two stacks."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--without-fit", action="store_true", help="measure the engine alone")
    given = parser.parse_args()
    runtime.configure("cpu")  # what is printed is of processors
    asked = Comparison.ask(
        "circles", ["binary_crossentropy"], protocol="tutorial", epochs=given.epochs, seeds=WARM_TRAININGS + 1
    )
    first, *others = asked.trials()

    fit_seconds, fit_accuracy = (None, None) if given.without_fit else _fit(asked)
    trainer = Trainer()
    trainer.train(first, 0, lambda _: False)  # compiles
    results = _trained(trainer, others)
    seconds = [result.seconds for result in results]
    accuracy = statistics.fmean(_test_accuracy(result) for result in results)
    median = statistics.median(seconds)
    document = {
        "task": asked.task,
        "loss": asked.losses[0],
        "epochs": given.epochs,
        "fit_seconds": fit_seconds,
        "engine_seconds": seconds,
        "median_seconds": median,
        "ratio": fit_seconds / median if fit_seconds else None,
        "comparison": None if given.without_fit else _comparison(given.epochs),
        "fit_accuracy": fit_accuracy,
        "engine_accuracy": accuracy,
        "environment": runtime.environment(),
    }
    sys.stdout.buffer.write(msgspec.json.encode(document) + b"\n")


def _trained(trainer: Trainer, trials: Sequence[Trial]) -> list[Result]:
    """Train trials of one program as a worker does, a stack at a time."""
    results: list[Result] = []
    width = trainer.width(trials[0])
    for start in range(0, len(trials), width):
        trainer.train_together(
            [
                Job(trial=trial, number=0, report=lambda _: False, end=results.append)
                for trial in trials[start : start + width]
            ]
        )
    return results


def _comparison(epochs: int) -> dict[str, float]:
    """Time all trainings of `lossterm run --task circles`, on as many lanes as there are processors, once compiled."""
    losses = [loss.key for loss in usual(task_named("circles").targets)]
    lanes = [Trainer() for _ in range(cores())]
    every: dict[str, list[Trial]] = {}
    for trial in Comparison.ask("circles", losses, epochs=epochs).trials():
        every.setdefault(trial.program, []).append(trial)
    width = lanes[0].width(next(iter(every.values()))[0])
    stacks = [trials[start : start + width] for trials in every.values() for start in range(0, len(trials), width)]
    with ThreadPoolExecutor(len(lanes)) as pool:
        for first in [trials[0] for trials in every.values()]:
            list(pool.map(lambda lane, trial=first: _trained(lane, [trial]), lanes))  # compiles
        start = time.perf_counter()
        list(
            pool.map(
                lambda number: [_trained(lanes[number], stack) for stack in stacks[number :: len(lanes)]],
                range(len(lanes)),
            )
        )
        seconds = time.perf_counter() - start
    return {"trainings": sum(map(len, stacks)), "seconds": seconds, "lanes": len(lanes)}


def _test_accuracy(result: Result) -> float:
    accuracy = (result.scores or {}).get("accuracy")
    return float((accuracy or {}).get("test") or 0.0)


def _fit(asked: Comparison) -> tuple[float, float]:
    """Train as the tutorial does, with a validation pass each epoch; return seconds and test accuracy."""
    task, loss = asked.record, loss_named(asked.losses[0])
    splits = protocol_named(asked.protocol).prepare(task, 0).splits
    train, test = splits["train"], splits["test"]
    network = build_network(task, loss.under(asked.protocol), asked.hyperparameters)
    network.compile(
        loss=runtime.keras.losses.BinaryCrossentropy(from_logits=True),
        optimizer=build_optimizer(asked.hyperparameters.optimizer),
        metrics=[runtime.keras.metrics.BinaryAccuracy(threshold=0.0)],
    )
    held_out = (test.features, test.target)
    network.fit(train.features, train.target, validation_data=held_out, epochs=1, verbose=0)  # traces
    start = time.perf_counter()
    network.fit(train.features, train.target, validation_data=held_out, epochs=asked.hyperparameters.epochs, verbose=0)
    seconds = time.perf_counter() - start
    return seconds, float(network.evaluate(*held_out, verbose=0)[1])


if __name__ == "__main__":
    main()
