"""Trainings on stressed data: what Keras makes of the same rows, the same bits, and programs that levels share."""

from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import pytest

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.comparison.protocol_catalogue import PROTOCOLS
from lossterm.comparison.user_axis import axis_from, own_axis
from lossterm.comparison.user_code_consent import trust
from lossterm.engine.contract import Job, Result
from lossterm.errors import DataError, Unnamed
from lossterm.losses.target_scaling import scaling_of
from lossterm.stress_axes import AXES
from lossterm.stress_sweeps.sweep import at_levels

pytestmark = pytest.mark.tensorflow

EPOCHS = 6


def levels_of(task: str, axis: str, *levels: float, **settings: Any) -> list[Trial]:
    asked = {"epochs": EPOCHS, "learning_rates": (0.01,), "device": "cpu", "seeds": 2, **settings}
    losses = ("mse", "mae") if task in ("regression", "diabetes") else ("hinge", "binary_crossentropy")
    every = at_levels(Comparison.ask(task, losses, **asked), AXES[axis], "", levels)
    return [trial for one in every for trial in one.trials() if trial.loss == losses[0]]


def together(program: Any, trials: list[Trial]) -> list[Result]:
    results: list[list[Result]] = [[] for _ in trials]
    jobs = [
        Job(trial=trial, number=number, report=lambda _: False, end=results[number].append)
        for number, trial in enumerate(trials)
    ]
    program.train_together(jobs)
    return [one for (one,) in results]


def test_levels_share_a_program_and_end_with_the_bits_they_have_alone(training: ModuleType) -> None:
    trials = levels_of("circles", "label_noise", 0.1, 0.4)
    assert len({trial.program for trial in trials}) == 1
    program = training.Program(trials[0])
    compiled = program._epochs._compiled
    results = together(program, trials)
    assert compiled.experimental_get_tracing_count() == 1
    assert [result.status for result in results] == ["done"] * 6
    scores = [result.scores for result in results]
    assert len({msgspec.json.encode(one) for one in scores}) == 6
    for trial, score in zip(trials, scores, strict=True):
        assert program.train(trial).scores == score


def test_level_0_is_the_plain_training(training: ModuleType) -> None:
    plain, *_ = levels_of("circles", "label_noise", 0.1)
    (same, *_) = Comparison.ask(
        "circles", ("hinge",), epochs=EPOCHS, learning_rates=(0.01,), device="cpu", seeds=2
    ).trials()
    assert plain == same
    assert plain.key == same.key


def test_train_and_validation_are_altered_and_test_is_not(training: ModuleType) -> None:
    _, _, stressed, *_ = levels_of("circles", "label_noise", 0.3)
    data = training.Program(stressed)._prepare(stressed)[0]
    plain = PROTOCOLS["fair"].prepare(stressed.record, stressed.seed)
    wrong = {name: int((part.target != plain.splits[name].target).sum()) for name, part in data.splits.items()}
    assert wrong == {"train": 180, "validation": 60, "test": 0}


def test_no_model_is_kept_of_stressed_data(training: ModuleType) -> None:
    trials = levels_of("circles", "label_noise", 0.3)
    program = training.Program(trials[0])
    assert program.train(trials[0]).model is not None
    assert program.train(next(trial for trial in trials if trial.severity)).model is None


# Robust scaling


def test_a_robust_scale_takes_the_median_and_its_deviations(training: ModuleType) -> None:
    (trial, *_) = levels_of("diabetes", "outliers", 0.1, scaling="robust")
    program = training.Program(trial)
    data, tensors, _ = program._prepare(trial)
    target = data.splits["train"].target
    middle = np.median(target)
    origin, unit = tensors.scale.numpy()
    assert origin == pytest.approx(middle)
    assert unit == pytest.approx(1.4826 * np.median(np.abs(target - middle)), rel=1e-6)
    assert program.train(trial).status == "done"


def test_outliers_inflate_the_standard_scale_and_not_the_robust_one() -> None:
    target = np.random.default_rng(0).normal(5, 2, 1000)
    hit = target.copy()
    hit[:100] += 20
    plain, inflated, steady, still = (
        float(np.asarray(scaling_of("standard", values, robust=robust).unit))
        for robust in (False, True)
        for values in (target, hit)
    )
    assert inflated > 3 * plain
    assert still < 1.2 * steady
    assert scaling_of("standard", target, robust=True).unit == pytest.approx(2, rel=0.1)
    half = np.array([0.0] * 60 + [1.0] * 40)
    assert scaling_of("standard", half, robust=True).unit == pytest.approx(half.std())
    assert scaling_of("mean", np.array([0.0, 1, 2, 300]), robust=True).unit == pytest.approx(1.5)
    logged = scaling_of("log1p", np.expm1(target.clip(0)), robust=True)
    assert logged.origin == pytest.approx(np.median(target), rel=1e-3)


# An axis of one's own

CODE = """
import numpy as np

def flip(features, target, level, generator):
    hit = generator.permutation(len(target))[: round(level * len(target))]
    target[hit] = 1 - target[hit]
    return features, target

def broken(features, target, level, generator):
    return features / nothing, target

def too_few(features):
    return features

word = "flip"
"""


@pytest.fixture
def file(home: Path) -> Path:
    path = home / "axes.py"
    path.write_text(CODE)
    path.chmod(0o600)
    return path


def stressed_by(place: str, level: float = 0.2) -> Trial:
    source = axis_from(place)
    plain = Comparison.ask("circles", ("hinge", "binary_crossentropy"), epochs=2, learning_rates=(0.01,), seeds=1)
    return next(at_levels(plain, own_axis(source.key), source.text, (level,))[1].trials())


def test_a_custom_axis_is_run_once_a_person_has_named_it(training: ModuleType, file: Path) -> None:
    trial = stressed_by(f"{file}:flip")
    with pytest.raises(Unnamed, match=r"lossterm run --axis-file|--axis-file"):
        training.Program(trial).train(trial)
    trust(axis_from(f"{file}:flip"))
    program = training.Program(trial)
    plain = PROTOCOLS["fair"].prepare(trial.record, 0).splits["train"].target
    assert (program._prepare(trial)[0].splits["train"].target != plain).sum() == 120
    assert program.train(trial).status == "done"


def test_an_edited_file_is_another_axis(training: ModuleType, file: Path) -> None:
    trust(axis_from(f"{file}:flip"))
    trial = stressed_by(f"{file}:flip", 0.3)  # whose rows no other test has made
    file.write_text(CODE + "\n# edited\n")
    with pytest.raises(DataError, match="was changed since flip@"):
        training.Program(trial).train(trial)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("broken", r"axes\.py, line 10: called at the level 0\.2, it raised NameError"),
        ("too_few", r"too_few in .*axes\.py, line 12 cannot be called with \(features, target, level, generator\)"),
        ("word", r"word in .*axes\.py is of type str: an axis is a function"),
    ],
)
def test_what_is_no_axis_is_refused_with_the_line(training: ModuleType, file: Path, name: str, says: str) -> None:
    trust(axis_from(f"{file}:{name}"))
    trial = stressed_by(f"{file}:{name}")
    with pytest.raises(DataError, match=says):
        training.Program(trial).train(trial)


# What is known: SCIENCE, in the directions that a replica of this protocol found


def mean_score(training: ModuleType, trials: list[Trial], metric: str) -> float:
    program = training.Program(trials[0])
    values = [(result.scores or {})[metric] for result in together(program, trials)]
    return float(np.mean([value["test"] for value in values if value and value["test"] is not None]))


def scores_at(
    training: ModuleType, task: str, axis: str, level: float, losses: tuple[str, ...], metric: str, **settings: Any
) -> dict[str, tuple[float, float]]:
    """Return for each loss the mean test score of three seeds on plain data, and at a level."""
    plain = Comparison.ask(task, losses, seeds=3, device="cpu", **settings)
    clean, stressed = at_levels(plain, AXES[axis], "", (level,))
    found = {}
    for loss in losses:
        both = [[trial for trial in one.trials() if trial.loss == loss] for one in (clean, stressed)]
        found[loss] = (mean_score(training, both[0], metric), mean_score(training, both[1], metric))
    return found


@pytest.mark.slow
def test_wrong_labels_on_digits_hurt_cross_entropy_more_than_what_is_made_for_them(training: ModuleType) -> None:
    losses = ("categorical_crossentropy", "gce", "sce")
    found = scores_at(training, "digits", "label_noise", 0.4, losses, "accuracy", learning_rates=(0.1,), epochs=60)
    clean = {loss: scores[0] for loss, scores in found.items()}
    noisy = {loss: scores[1] for loss, scores in found.items()}
    assert clean["categorical_crossentropy"] > 0.95
    assert min(noisy["gce"], noisy["sce"]) > noisy["categorical_crossentropy"] + 0.03


@pytest.mark.slow
def test_outliers_spoil_squared_errors_most_and_the_median_least(training: ModuleType) -> None:
    losses = ("mse", "huber", "mae")
    found = scores_at(training, "diabetes", "outliers", 0.1, losses, "median_ae", learning_rates=(0.003,))
    worse = {loss: after / before for loss, (before, after) in found.items()}
    assert worse["mse"] > worse["huber"] > worse["mae"]
    assert worse["mse"] > 1.5
    assert worse["mae"] < 1.35


@pytest.mark.slow
def test_leverage_outliers_spoil_huber_too(training: ModuleType) -> None:
    losses = ("mse", "huber", "mae")
    settings = {"learning_rates": (0.01,), "hidden": (), "epochs": 200}
    found = scores_at(training, "regression", "leverage", 0.1, losses, "mae", **settings)
    assert all(after > 3 * before for before, after in found.values())


@pytest.mark.slow
def test_robust_scaling_keeps_huber_from_fading(training: ModuleType) -> None:
    settings = {"learning_rates": (0.003,)}
    usual = scores_at(training, "diabetes", "outliers", 0.2, ("huber", "mae"), "mae", **settings)
    robust = scores_at(training, "diabetes", "outliers", 0.2, ("huber", "mae"), "mae", scaling="robust", **settings)
    assert robust["huber"][1] < usual["huber"][1]


@pytest.mark.slow
def test_weights_raise_balanced_accuracy_where_a_class_is_rare_and_the_focal_loss_does_not(
    training: ModuleType,
) -> None:
    plain, weighted, focal = losses = ("binary_crossentropy", "weighted_binary_crossentropy", "binary_focal")
    found = scores_at(training, "circles", "imbalance", 0.95, losses, "balanced_accuracy", learning_rates=(0.03,))
    rare = {loss: scores[1] for loss, scores in found.items()}
    assert rare[weighted] > rare[plain] + 0.02
    assert rare[weighted] > rare[focal] + 0.02
