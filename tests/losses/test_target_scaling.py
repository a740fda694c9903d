"""How a loss sees a numeric target, and the way back."""

from typing import get_args

import numpy as np
import pytest

from lossterm.losses import LOSSES, Scale, fitting
from lossterm.losses.target_scaling import Scaling, scaling_of
from lossterm.tasks import TASKS, Task
from tests.cells import each

SCALES: tuple[Scale, ...] = get_args(Scale)
TARGETS = {
    "spread": np.array([3.0, 0.0, 8.0, 1.0, 120.0]),
    "large": np.array([1e9, 2e9, 7e9]),
    "small": np.array([1e-9, 3e-9, 8e-9]),
    "constant": np.full(5, 4.0),
    "nothing": np.zeros(5),
    "alone": np.array([2.5]),
}

every_scale = each("scale", SCALES)


@every_scale
@each("target", TARGETS.values(), ids=list(TARGETS))
def test_what_is_scaled_is_restored(scale: Scale, target: np.ndarray) -> None:
    scaling = scaling_of(scale, target)
    for seen in (target, np.array([0.0, 0.5, 11.0, 1e4])):
        rounding = 1e-15 * max(1, np.abs(target).max())
        np.testing.assert_allclose(scaling.restored(scaling.scaled(seen)), seen, rtol=1e-9, atol=rounding)


@every_scale
@each("target", [TARGETS["constant"], TARGETS["nothing"], TARGETS["alone"]])
def test_targets_that_are_all_the_same_are_divided_by_1_and_where_they_are_their_own_unit_by_it(
    scale: Scale, target: np.ndarray
) -> None:
    scaling = scaling_of(scale, target)
    assert scaling.unit == (target[0] if scale == "mean" and target[0] else 1)
    assert set(scaling.scaled(target)) <= {0, 1, *(target if scale == "raw" else ())}


@pytest.mark.parametrize(("scale", "value"), [("standard", 0.1), ("log1p", 0.3)])
def test_targets_that_are_all_the_same_have_no_spread_though_their_mean_is_rounded(scale: Scale, value: float) -> None:
    assert [scaling_of(scale, np.full(rows, value)).unit for rows in (3, 10, 100)] == [1, 1, 1]


@pytest.mark.parametrize("target", [TARGETS["spread"], TARGETS["large"]], ids=["spread", "large"])
def test_standard_targets_have_mean_0_and_standard_deviation_1(target: np.ndarray) -> None:
    seen = scaling_of("standard", target).scaled(target)
    assert seen.mean() == pytest.approx(0, abs=1e-12)
    assert seen.std() == pytest.approx(1)


def test_log1p_targets_are_standardised_after_the_logarithm() -> None:
    target = TARGETS["spread"]
    logs = np.log(1 + target)
    expected = (logs - logs.mean()) / np.sqrt(((logs - logs.mean()) ** 2).mean())
    np.testing.assert_allclose(scaling_of("log1p", target).scaled(target), expected, rtol=1e-12)
    assert scaling_of("log1p", target).scaled(np.array([0.0, 1.0]))[0] < 0


def test_mean_targets_keep_their_zero_and_have_mean_size_1() -> None:
    target = TARGETS["spread"]
    seen = scaling_of("mean", target).scaled(target)
    assert seen.mean() == pytest.approx(1)
    assert seen[1] == 0
    signed = np.array([-4.0, 2.0])
    np.testing.assert_allclose(scaling_of("mean", signed).scaled(signed), [-4 / 3, 2 / 3])


def test_raw_targets_are_left_alone() -> None:
    target = TARGETS["spread"]
    assert scaling_of("raw", target) == Scaling()
    np.testing.assert_array_equal(Scaling().scaled(target), target)
    np.testing.assert_array_equal(Scaling().restored(target), target)


@every_scale
def test_rows_that_were_not_trained_on_do_not_move_the_scale(scale: Scale) -> None:
    train, test = TARGETS["spread"], TARGETS["large"]
    scaling = scaling_of(scale, train)
    both = scaling.scaled(np.concatenate([train, test]))
    np.testing.assert_array_equal(both[: len(train)], scaling.scaled(train))
    assert scaling_of(scale, train) == scaling
    assert scale == "raw" or scaling_of(scale, np.concatenate([train, test])) != scaling


@every_scale
def test_scaling_keeps_order_and_leaves_the_targets_as_they_were(scale: Scale) -> None:
    target = TARGETS["spread"].copy()
    seen = scaling_of(scale, target).scaled(target)
    np.testing.assert_array_equal(np.argsort(seen), np.argsort(TARGETS["spread"]))
    np.testing.assert_array_equal(target, TARGETS["spread"])


def test_a_prediction_far_off_on_the_log_scale_comes_back_as_a_number_of_the_target() -> None:
    scaling = scaling_of("log1p", TARGETS["spread"])
    restored = scaling.restored(np.array([-1e3, 0.0, 3.0]))
    assert restored[0] == pytest.approx(-1)  # expm1 stays above −1
    assert (np.diff(restored) > 0).all()
    assert restored[1] == pytest.approx(np.exp(np.log1p(TARGETS["spread"]).mean()) - 1)


@pytest.mark.parametrize("task", [task for task in TASKS.values() if task.classes is None], ids=lambda task: task.key)
def test_a_tasks_targets_are_in_the_range_of_each_loss_that_fits_once_it_has_scaled_them(task: Task) -> None:
    target = task.draw(0)[1]
    for loss in fitting(task.targets):
        seen = scaling_of(loss.scale, target).scaled(target)
        assert np.isfinite(seen).all()
        assert seen.min() >= 0 or loss.link == "identity"
        assert (seen != 0).all() or loss.zeros


def test_every_scale_is_some_losses() -> None:
    assert {loss.scale for loss in LOSSES.values()} == set(SCALES)
