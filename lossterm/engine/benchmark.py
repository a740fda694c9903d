"""Times this engine against `Model.fit` in one run: the same task, network, optimizer and number of epochs.

`python -m lossterm.engine.benchmark [--epochs N]` prints JSON; `lossterm bench` shows it.
"""

import argparse
import statistics
import sys
import time

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine import runtime
from lossterm.engine.contract import Result
from lossterm.engine.training.keras_network import build_network
from lossterm.engine.training.optimizers import build_optimizer
from lossterm.engine.training.trainer import Trainer
from lossterm.losses import loss_named

WARM_TRAININGS = 15


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--without-fit", action="store_true", help="measure the engine alone")
    given = parser.parse_args()
    runtime.configure("auto")
    asked = Comparison.ask(
        "circles", ["binary_crossentropy"], protocol="tutorial", epochs=given.epochs, seeds=WARM_TRAININGS + 1
    )
    first, *others = asked.trials()

    fit_seconds, fit_accuracy = (None, None) if given.without_fit else _fit(asked)
    trainer = Trainer()
    trainer.train(first, 0, lambda _: False)  # compiles
    results = [trainer.train(trial, 0, lambda _: False) for trial in others]
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
        "fit_accuracy": fit_accuracy,
        "engine_accuracy": accuracy,
        "environment": runtime.environment(),
    }
    sys.stdout.buffer.write(msgspec.json.encode(document) + b"\n")


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
