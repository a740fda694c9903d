"""Medians and bands over trials that grow, begin again and go; and the moving average, against loops written out."""

import warnings
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from lossterm.charts import band_over_seeds
from lossterm.charts.band_over_seeds import BandOverSeeds
from lossterm.charts.smoothing import smoothed
from tests.cells import each

VALUE = some.one_of(some.floats(-(2.0**100), 2.0**100, width=32), some.sampled_from([np.nan, np.inf, -np.inf, 0.0]))
GROW, BEGIN, REMOVE = "grow", "begin", "remove"
STEP = some.tuples(
    some.sampled_from([GROW, GROW, GROW, BEGIN, REMOVE]),
    some.integers(0, 4),
    some.lists(VALUE, min_size=2, max_size=12),
    some.booleans(),
)


def agrees(bundle: BandOverSeeds, curves: dict[int, "array[float]"], columns: int, column: int) -> None:
    """Low, median and high are what NumPy gives of those that got to an epoch and are finite there."""
    each = [np.array(curve)[column::columns][: len(curve) // columns] for curve in curves.values()]
    longest = max(map(len, each), default=0)
    matrix = np.full((max(len(each), 1), longest), np.nan)
    for row, values in zip(matrix, each, strict=False):
        row[: len(values)] = np.where(np.isfinite(values), values, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of epochs that no trial got to
        low, median, high = np.nanquantile(matrix, (0.1, 0.5, 0.9), axis=0) if longest else np.empty((3, 0))
    size = np.abs(np.nan_to_num(matrix)).max(initial=0)
    for line, expected in ((bundle.low, low), (bundle.median, median), (bundle.high, high)):
        assert line.shape == (longest,)
        np.testing.assert_allclose(line, expected, rtol=1e-5, atol=1e-6 * size)
    assert bundle.trials == sum(len(values) > 0 for values in each)


@given(columns=some.sampled_from([1, 2]), steps=some.lists(STEP, max_size=12))
def test_median_and_band_are_numpys_whatever_grows_begins_again_or_goes(
    columns: int, steps: list[tuple[str, int, list[float], bool]]
) -> None:
    bundle, curves = BandOverSeeds(columns, columns - 1), dict[int, "array[float]"]()
    for what, trial, values, looked_at in steps:
        if what == REMOVE:
            curves.pop(trial, None)
        elif what == BEGIN or trial not in curves:
            curves[trial] = array("f", values)
        else:
            curves[trial].extend(values)
        if looked_at:
            bundle.feed(curves)
            agrees(bundle, curves, columns, columns - 1)
    bundle.feed(curves)
    agrees(bundle, curves, columns, columns - 1)


def test_a_trial_that_was_begun_again_and_is_as_long_as_before_is_not_taken_for_the_old_one() -> None:
    bundle = BandOverSeeds(1, 0)
    bundle.feed({1: array("f", [1, 2, 3])})
    bundle.feed({1: array("f", [7, 8, 9, 10])})
    assert bundle.median.tolist() == [7, 8, 9, 10]


def test_what_is_there_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    real = band_over_seeds._quantiles

    def counting(values: np.ndarray) -> np.ndarray:
        counted.append(values.shape[1])
        return real(values)

    monkeypatch.setattr(band_over_seeds, "_quantiles", counting)
    bundle, curves = BandOverSeeds(2, 0), {trial: array("f", range(2000)) for trial in range(5)}
    bundle.feed(curves)
    before = bundle.median
    bundle.feed(curves)
    assert counted == [1000]
    assert bundle.median is before
    for curve in curves.values():
        curve.extend([1, 2])
    bundle.feed(curves)
    assert counted == [1000, 1]
    curves[5] = array("f", [1, 2, 3, 4])  # a trial that begins changes the epochs that it has
    bundle.feed(curves)
    assert counted == [1000, 1, 2]
    curves[5].extend([5, 6])
    bundle.feed(curves)
    assert counted == [1000, 1, 2, 1]
    agrees(bundle, curves, 2, 0)


def test_trials_keep_their_own_curves() -> None:
    bundle = BandOverSeeds(2, 1)
    bundle.feed({4: array("f", [1, 2, 3, 4]), 7: array("f"), 9: array("f", [5, 6])})
    assert [one.tolist() for one in bundle.each(5)] == [[2, 4], [6]]
    assert [one.tolist() for one in bundle.each(1)] == [[2, 4]]


def test_no_curves_have_no_median() -> None:
    for curves in ({}, {1: array("f")}):
        bundle = BandOverSeeds(4, 0)
        bundle.feed(curves)
        assert (len(bundle.median), len(bundle.low), bundle.trials, bundle.each(3)) == (0, 0, 0, [])


# Smoothing


def tensorboard(values: np.ndarray, weight: float) -> list[float]:
    """TensorBoard's moving average, a value at a time: `last` leans towards zero, and is put right by its weights."""
    last, count, averages = 0.0, 0, []
    for value in values.tolist():
        if not np.isfinite(value):
            averages.append(np.nan)
            continue
        last = weight * last + (1 - weight) * value
        count += 1
        averages.append(last / (1 - weight**count))
    return averages


@given(
    some.lists(some.one_of(some.floats(-1e6, 1e6), some.sampled_from([np.nan, np.inf])), max_size=300),
    some.sampled_from([0.0, 0.6, 0.9, 0.98, 0.999]),
)
def test_smoothing_is_tensorboards_and_passes_over_what_is_not_finite(values: list[float], weight: float) -> None:
    given = np.array(values, float)
    if weight == 0:
        np.testing.assert_array_equal(smoothed(given, weight), given)
        return
    result = smoothed(given, weight)
    if np.isfinite(given).sum() > 1:
        np.testing.assert_allclose(result, tensorboard(given, weight), rtol=1e-9, atol=1e-6)
    else:
        np.testing.assert_array_equal(result, given)


@each("count", [2, 63, 64, 65, 128, 1000])
@each("weight", [0.6, 0.9, 0.98])
def test_a_constant_stays_what_it_is(count: int, weight: float) -> None:
    np.testing.assert_allclose(smoothed(np.full(count, 0.7, np.float32), weight), np.float32(0.7), rtol=1e-12)


def test_a_smoothed_curve_does_not_change_where_it_was_when_epochs_are_added() -> None:
    values = np.random.default_rng(0).normal(size=500)
    np.testing.assert_allclose(smoothed(values, 0.9)[:130], smoothed(values[:130], 0.9), rtol=1e-12)
