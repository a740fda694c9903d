"""A small convolutional network on images of digits: a whole comparison, and one training beside `Model.fit`.

    python -m tests.bench.images [--rounds 3] [--seeds 10] [--epochs 30]

The comparison is `lossterm run --task digit_images` with four losses, ten seeds and the five rates of a tuned
comparison, 200 trainings and those at wider rates, if any, in a fresh home: TensorFlow's import and all compiling are
in it. Then one training of it is timed by the engine, warm, and by `Model.fit` with Keras's own layers from the same
task, network, optimizer and batches, on all cores, in turn; both judge the rows of validation after each epoch, and
the ratio is the median of the rounds' own.
"""

import argparse
import statistics
import time
from typing import Any

from lossterm.store import Store
from tests.bench.headless import Home, timed

LOSSES = ("crossentropy", "brier", "gce", "focal")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="trainings of each kind (default 3)")
    parser.add_argument("--seeds", type=int, default=10, help="of the comparison (default 10)")
    parser.add_argument("--epochs", type=int, default=30, help="of each training (default 30)")
    given = parser.parse_args()
    seconds, trainings = _comparison(given.seeds, given.epochs)
    print(f"{len(LOSSES)} losses × {given.seeds} seeds, cold: {seconds:.1f} s, {trainings} trainings", flush=True)
    ours, theirs = _side_by_side(given.rounds, given.epochs)
    ratio = statistics.median(fit / one for one, fit in zip(ours, theirs, strict=True))
    print(f"one training, lossterm, warm: {statistics.median(ours):.3f} s")
    print(f"one training, Model.fit: {statistics.median(theirs):.3f} s, {ratio:.1f} times as long")


def _comparison(seeds: int, epochs: int) -> tuple[float, int]:
    """Return the wall time of a comparison, and how many trainings it was."""
    losses = [word for loss in LOSSES for word in ("--loss", loss)]
    asked = ["run", "--task", "digit_images", *losses, "--seeds", str(seeds), "--epochs", str(epochs)]
    with Home(fake=False) as home:
        seconds, _ = timed(home, asked)
        with Store(home / "lossterm.db") as store:
            (comparison,) = store.reader.comparisons("default")
            return seconds, sum(row.status == "done" for row in store.reader.trials([comparison.id]))


def _side_by_side(rounds: int, epochs: int) -> tuple[list[float], list[float]]:
    """Return the seconds of trainings by the engine and by `Model.fit`."""
    # The comparison above is to have the machine for itself, as in a shell.
    from lossterm.comparison.comparison import Comparison
    from lossterm.engine import runtime
    from lossterm.engine.training.trainer import Trainer

    runtime.configure("cpu")
    asked = Comparison.ask("digit_images", ["crossentropy"], seeds=rounds + 1, epochs=epochs, learning_rates=(0.03,))
    first, *others = asked.trials()
    trainer = Trainer()
    trainer.train(first, 0, lambda _: False)  # compiles
    _fit(first)  # loads what the first `fit` of a process loads
    ours, theirs = [], []
    for trial in others:
        ours.append(trainer.train(trial, 0, lambda _: False).seconds)
        theirs.append(_fit(trial))
    return ours, theirs


def _fit(trial: Any) -> float:
    """Train a trial by `Model.fit` and return the seconds that it took."""
    from lossterm.comparison.protocol_catalogue import protocol_named
    from lossterm.engine import runtime
    from lossterm.engine.training.keras_network import build_network
    from lossterm.engine.training.optimizers import build_optimizer
    from lossterm.losses import loss_named

    h, splits = trial.hyperparameters, protocol_named(trial.protocol).prepare(trial.record, trial.seed).splits
    network = build_network(trial.record, loss_named(trial.loss), h, plain=True)
    network.compile(
        optimizer=build_optimizer(h.optimizer, trial.learning_rate),
        loss=runtime.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    train, validation = ((splits[name].features, splits[name].target) for name in ("train", "validation"))
    began = time.perf_counter()
    network.fit(*train, batch_size=h.batch_size, epochs=h.epochs, validation_data=validation, verbose=0)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
