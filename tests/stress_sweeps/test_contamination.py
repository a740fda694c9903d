"""The contamination of data that were contaminated on purpose, as far as quick fits tell."""

from typing import Any

import msgspec
import numpy as np
import pytest

from lossterm.stress_axes import AXES
from lossterm.stress_sweeps.contamination import contamination
from lossterm.tasks import Task, task_named


def fixed(key: str, rows: int, features: np.ndarray, target: np.ndarray, **more: Any) -> Task:
    task = task_named(key)
    return msgspec.structs.replace(
        task, rows=rows, features=features.shape[1], finite=True, draw=lambda _: (features, target), **more
    )


def line(outliers: float) -> Task:
    stream = np.random.default_rng(0)
    features = stream.normal(size=(600, 3))
    target = features @ [1.0, -2.0, 0.5] + 0.3 * stream.normal(size=600)
    target[: round(600 * outliers)] += 30
    return fixed("regression", 600, features, target)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.1])
def test_outliers_are_those_far_from_robust_fits(share: float) -> None:
    found = contamination(line(share), AXES["outliers"])
    assert found is not None
    assert found.level == pytest.approx(share, abs=0.015)
    assert found.sentence(AXES["outliers"], "It").startswith("It has about ")


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_wrong_labels_are_those_of_which_a_forest_is_sure(share: float) -> None:
    stream = np.random.default_rng(1)
    target = stream.integers(0, 2, 600)
    features = stream.normal(size=(600, 2)) + 4 * target[:, None]
    wrong = stream.permutation(600)[: round(600 * share)]
    target[wrong] = 1 - target[wrong]
    for key in ("label_noise", "boundary_noise"):
        found = contamination(fixed("circles", 600, features, target), AXES[key])
        assert found is not None
        assert found.level == pytest.approx(share, abs=0.04)


def test_of_two_classes_asymmetric_noise_is_a_share_of_the_second() -> None:
    stream = np.random.default_rng(3)
    target = (np.arange(800) < 160).astype(int)
    features = stream.normal(size=(800, 2)) + 4 * target[:, None]
    target[:48] = 0  # three tenths of the second class, where all rows are 6 % wrong
    task = fixed("circles", 800, features, target)
    of_second, of_all = (contamination(task, AXES[key]) for key in ("asymmetric_noise", "label_noise"))
    assert of_second is not None
    assert of_all is not None
    assert of_second.level == pytest.approx(0.3, abs=0.12)  # where so many are wrong, the forest is sure of fewer
    assert of_all.level == pytest.approx(0.06, abs=0.03)


def test_class_sizes_empty_cells_and_rows_far_out_are_counted() -> None:
    stream = np.random.default_rng(2)
    features = stream.normal(size=(200, 2))
    features[:50, 0] = np.nan
    target = np.array([0] * 150 + [1] * 50)
    task = fixed("circles", 200, features, target)
    imbalance, missing = (contamination(task, AXES[key]) for key in ("imbalance", "missing_features"))
    assert imbalance is not None
    assert missing is not None
    assert imbalance.level == pytest.approx(2 / 3)
    assert missing.level == pytest.approx(50 / 400)
    far = line(0.0)
    clean = contamination(far, AXES["leverage"])
    assert clean is not None
    assert clean.level < 0.01


def test_nothing_is_told_of_drawn_rows_of_few_rows_and_of_axes_that_leave_no_trace() -> None:
    assert contamination(task_named("regression"), AXES["outliers"]) is None
    assert contamination(line(0.0), AXES["shift"]) is None
    few = fixed("regression", 20, np.zeros((20, 2)), np.arange(20.0))
    assert contamination(few, AXES["outliers"]) is None
    single = fixed("circles", 40, np.zeros((40, 2)), np.array([0] * 39 + [1]))
    assert contamination(single, AXES["label_noise"]) is None
