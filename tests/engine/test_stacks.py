"""Trials that are trained together: each ends with the bits it has alone, and as if it were trained one at a time."""

import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.engine.contract import Job, Result
from lossterm.losses import loss_named
from lossterm.store import Chunk

from .conftest import one_of_each_form, setting_of

pytestmark = pytest.mark.tensorflow

EPOCHS = 12

SETTINGS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "plain": ("circles", "hinge", {}),
    "all that can be stacked": (
        *("iris", "categorical_crossentropy"),
        {
            **{"hidden": (8, 4), "activation": "gelu", "batch_norm": True, "l2": 1e-3, "optimizer": "adamw"},
            **{"schedule": "cosine", "early_stopping": 2, "class_weight": "balanced", "batch_size": 31},
        },
    ),
}


def trials_of(task: str, loss: str, seeds: int = 3, **settings: Any) -> list[Trial]:
    """Return the trials of some seeds at the rates of a sweep: more than a stack holds."""
    asked = {"epochs": EPOCHS, "learning_rates": (0.001, 0.01, 0.03, 0.1), **settings}
    return list(Comparison.ask(task, (loss,), seeds=seeds, device="cpu", **asked).trials())


class Ended:
    """What came of one trial."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.chunks: list[Chunk] = []
        self.result: Result | None = None
        self._stop_at = stop_at

    def report(self, chunk: Chunk) -> bool:
        self.chunks.append(chunk)
        return len(self.chunks) == self._stop_at

    def end(self, result: Result) -> None:
        assert self.result is None
        self.result = result
        self.chunks += [result.chunk] if result.chunk else []

    @property
    def curve(self) -> bytes:
        """The whole curve; chunks follow one another without a gap."""
        assert [chunk.start for chunk in self.chunks[1:]] == [one.start + one.epochs for one in self.chunks[:-1]]
        return b"".join(chunk.data for chunk in self.chunks)

    @property
    def bits(self) -> tuple[Any, ...]:
        """All that must not depend on what it was trained with."""
        assert self.result is not None
        one = self.result
        model = one.model and (one.model.epochs, one.model.data)
        return self.curve, one.status, one.scores, one.anatomy, model


def together(program: Any, trials: Sequence[Trial], stop_at: dict[int, int] | None = None) -> list[Ended]:
    """Train them in one call, and stop some at their n-th report."""
    every = [Ended((stop_at or {}).get(place)) for place in range(len(trials))]
    jobs = [
        Job(trial=trial, number=7, report=one.report, end=one.end) for trial, one in zip(trials, every, strict=True)
    ]
    program.train_together(jobs)
    assert all(one.result for one in every)
    return every


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_trial_ends_with_the_same_bits_whatever_it_is_trained_with(training: ModuleType, setting: str) -> None:
    task, loss, settings = SETTINGS[setting]
    trials = trials_of(task, loss, **settings)
    program = training.Program(trials[0])
    assert 1 < program.width < len(trials)
    began = time.perf_counter()
    whole = together(program, trials)
    assert sum(one.result.seconds for one in whole if one.result) < time.perf_counter() - began, "each has its part"
    order = np.random.default_rng(0).permutation(len(trials))
    shuffled = together(program, [trials[place] for place in order])
    assert [one.bits for one in shuffled] == [whole[place].bits for place in order]
    for place in (0, 5):
        (alone,) = together(program, [trials[place]])
        assert alone.bits == whole[place].bits
    assert len({one.curve for one in whole}) == len(trials)
    assert program._epochs._compiled.experimental_get_tracing_count() == 1


Both = Callable[[Trial], tuple[Ended, Ended]]


@pytest.fixture
def both_ways(training: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Both:
    """Train a trial in a stack, and in a program that trains one at a time, with the Keras network itself."""

    def train(trial: Trial) -> tuple[Ended, Ended]:
        stacked = training.Program(trial)
        assert stacked.width > 1
        with monkeypatch.context() as changed:
            changed.setattr(training, "stack_width", lambda *_: 1)
            alone = training.Program(trial)
        assert alone.width == 1
        (one,), (other,) = (together(program, [trial]) for program in (stacked, alone))
        return one, other

    return train


PAIRS = {
    **{loss: (loss, {}) for loss in one_of_each_form()},
    "hinge with all that can be stacked": ("hinge", SETTINGS["all that can be stacked"][2]),
}
"""Each setting alone is held to Keras in stacks, by test_parity and test_settings."""


@pytest.mark.slow  # the quick set holds stacks to Keras itself
@pytest.mark.parametrize(("loss", "settings"), PAIRS.values(), ids=PAIRS)
def test_a_stack_trains_as_one_at_a_time(both_ways: Both, loss: str, settings: dict[str, Any]) -> None:
    task, protocol = setting_of(loss_named(loss))
    if settings:
        task, protocol = ("regression" if loss == "mse" else "circles"), "fair"
    trial = trials_of(task, loss, seeds=1, protocol=protocol, epochs=5, learning_rates=(0.001,), **settings)[0]
    stacked, alone = both_ways(trial)
    ours, theirs = (np.frombuffer(one.curve, "<f4").reshape(5, -1) for one in (stacked, alone))
    np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)


def test_what_diverges_or_is_stopped_leaves_the_others_alone(
    training: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "REPORT_SECONDS", 0.0)
    trials = trials_of("regression", "mse", seeds=2)
    program = training.Program(trials[0])
    undisturbed = together(program, trials)
    wild = Comparison.ask("regression", ("mse",), seeds=1, epochs=EPOCHS, learning_rates=(1e6,), device="cpu").trials()
    ended = together(program, [next(wild), *trials], stop_at={3: 2})
    assert [one.result.status for one in ended if one.result] == [
        "diverged",
        *["done" if place != 2 else "cancelled" for place in range(len(trials))],
    ]
    assert len(ended[0].chunks) <= len(ended[1].chunks)
    for place, one in enumerate(ended[1:]):
        if place != 2:
            assert one.bits == undisturbed[place].bits
    assert ended[3].result is not None
    assert ended[3].result.scores is None
    assert len(ended[3].chunks) == 2


@pytest.mark.slow
def test_each_of_a_stack_stops_early_by_its_own_validation_loss(training: ModuleType) -> None:
    trials = trials_of("circles", "hinge", seeds=2, epochs=60, early_stopping=2)
    ended = together(training.Program(trials[0]), trials)
    lengths = [sum(chunk.epochs for chunk in one.chunks) for one in ended]
    assert len(set(lengths)) > 2
    assert max(lengths) <= 60
    for one, epochs in zip(ended, lengths, strict=True):
        held_out = np.frombuffer(one.curve, "<f4").reshape(epochs, -1)[:, 2]
        assert epochs == 60 or int(held_out.argmin()) == epochs - 3


@pytest.mark.parametrize(
    ("task", "loss", "settings", "stacked"),
    [
        ("circles", "hinge", {}, True),
        ("iris", "categorical_crossentropy", {"hidden": (16, 16)}, True),
        ("circles", "hinge", {"dropout": 0.1}, False),
        ("iris", "logit_adjusted", {}, False),
        ("digits", "categorical_crossentropy", {"hidden": (512, 128)}, False),
    ],
    ids=["small", "two layers", "draws its own numbers", "needs the classes of one trial", "large"],
)
def test_what_is_trained_in_stacks(
    training: ModuleType, task: str, loss: str, settings: dict[str, Any], stacked: bool
) -> None:
    (trial,) = trials_of(task, loss, seeds=1, learning_rates=(0.01,), **settings)
    assert (training.Trainer().width(trial) > 1) == stacked
