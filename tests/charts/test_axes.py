"""The axes: what they follow, where they end, and that what is written there is true."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from lossterm.charts.axes import Axis, Scale, brief, even_axis, exact_axis, scale_for, scaled_axis, value_axis
from lossterm.charts.plot import Plot
from tests.cells import each

HEIGHTS = (4, 7, 11, 24, 60)


def is_round(number: float) -> bool:
    """Whether a number is a multiple of 1, 2 or 5 times a power of ten that is no smaller than a thousandth of it."""
    if number == 0:
        return True
    digits = round(abs(number) / 10.0 ** (math.floor(math.log10(abs(number))) - 3))
    return math.isclose(digits * 10.0 ** (math.floor(math.log10(abs(number))) - 3), abs(number), rel_tol=1e-9)


def are_true(axis: Axis) -> None:
    """Every label is the number it stands at, to half of what the labels can tell apart, and no two are the same."""
    labels = [label for _, label in axis.ticks]
    assert len(set(labels)) == len(labels)
    numbers = sorted(number for number, _ in axis.ticks)
    apart = min([b - a for a, b in pairwise(numbers)], default=math.inf)
    for number, label in axis.ticks:
        assert abs(float(label) - number) <= 1e-6 * apart or math.isclose(float(label), number, rel_tol=1e-9)
        assert not label.startswith("-0") or float(label) < 0


@each("height", HEIGHTS)
@each(("low", "high"), [(0, 1), (0.82, 0.97), (3e-7, 8e-7), (-5, 130), (1e5, 3e5), (2e9, 2.1e9)])
def test_a_linear_axis_goes_from_one_round_number_to_another_around_the_values(
    low: float, high: float, height: int
) -> None:
    axis = value_axis(np.linspace(low, high, 500), height)
    ends = sorted(number for number, _ in axis.ticks)
    assert (axis.low, axis.high) == (ends[0], ends[-1])
    assert axis.low <= low + 1e-9 * abs(low)
    assert axis.high >= high - 1e-9 * abs(high)
    assert is_round(axis.low)
    assert is_round(axis.high)
    step = np.diff(ends).max()
    assert axis.low > low - step * (1 + 1e-9)
    assert axis.high < high + step * (1 + 1e-9)
    assert 2 <= len(axis.ticks) <= height // 4 + 3
    are_true(axis)


@given(seed=some.integers(0, 99), count=some.integers(200, 4000), size=some.floats(1e-6, 1e9))
def test_a_linear_axis_follows_the_percentiles_with_a_quarters_slack(seed: int, count: int, size: float) -> None:
    values = size * np.random.default_rng(seed).standard_cauchy(count)
    axis = value_axis(values, 24)
    under, over = np.percentile(values, (1, 99))
    low, high = (max(values.min(), under - (over - under) / 4), min(values.max(), over + (over - under) / 4))
    step = np.diff(sorted(number for number, _ in axis.ticks)).max()
    assert low - step < axis.low <= low + 1e-6 * step
    assert high - 1e-6 * step <= axis.high < high + step
    are_true(axis)


@pytest.mark.parametrize("sign", [1, -1])
def test_of_very_many_values_a_sample_is_followed_and_nothing_is_beyond_without_outliers(sign: int) -> None:
    values = sign * np.random.default_rng(0).uniform(2, 9.7, 200_000)
    values[777] = sign * 1e5
    axis = value_axis(values, 24)
    under, over = np.percentile(values, (1, 99))
    reach = (over - under) / 4
    assert axis.low == pytest.approx(2 if sign > 0 else under - reach, abs=2.1)
    assert axis.high == pytest.approx(over + reach if sign > 0 else -2, abs=2.1)


@given(some.lists(some.floats(0, 2.0**100, width=32), min_size=1, max_size=50), some.integers(4, 60))
def test_an_axis_of_what_is_not_negative_does_not_go_below_zero(values: list[float], height: int) -> None:
    assert value_axis(np.array(values), height).low >= 0


@given(some.lists(some.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1), some.integers(4, 60))
def test_any_values_have_an_axis_whose_labels_are_true(values: list[float], height: int) -> None:
    axis = value_axis(np.array(values, float), height)
    assert axis.low < axis.high
    assert axis.low <= max(values)
    assert axis.high >= min(values)
    are_true(axis)


@each("value", [0.0, 1e-12, 1e12, -3.0, 0.7, -1e-12, 1e-45, 3e38])
@each("log", [False, True], ids=["linear", "log"])
def test_a_flat_curve_has_room_above_it_and_below(value: float, log: bool) -> None:
    if log and value <= 0:
        return
    axis = value_axis(np.full(9, value), 20, log=log)
    share = float(axis.share(np.array([value]))[0])
    assert 0.2 <= share <= 0.8 or (value == 0 and share == 0)
    assert axis.high - axis.low <= (10 if log else 4) * abs(value) or value == 0
    assert len(axis.ticks) >= 2
    are_true(axis)


@each("value", [0.7, -3.0, 1.0, 1e-12, 1e12, float(np.log(2))])
@each("log", [False, True], ids=["linear", "log"])
def test_values_that_differ_by_rounding_alone_count_as_flat(value: float, log: bool) -> None:
    if log and value <= 0:
        return
    recorded = np.float32(value) * (1 + np.finfo(np.float32).eps * np.arange(-3, 4, dtype=np.float32))
    for values in (value + abs(value) * 1e-16 * np.arange(9), recorded.astype(float)):
        axis = value_axis(values, 20, log=log)
        share = axis.share(values)
        assert np.ptp(share) < 1e-4
        assert (axis.high - axis.low) / abs(value) > 0.1
        assert all(len(label) < 8 for _, label in axis.ticks)


@given(
    some.lists(some.floats(2.0**-140, 2.0**120, width=32), min_size=1, max_size=60),
    some.integers(4, 60),
)
def test_a_logarithmic_axis_is_marked_within_its_range_by_distinct_round_numbers(
    values: list[float], height: int
) -> None:
    axis = value_axis(np.array(values, float), height, log=True)
    assert 0 < axis.low < axis.high
    assert len(axis.ticks) >= 2
    assert all(axis.low * (1 - 1e-6) <= number <= axis.high * (1 + 1e-6) for number, _ in axis.ticks)
    are_true(axis)


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (1e-4, 1.0, [1e-4, 1e-3, 1e-2, 0.1, 1]),
        (0.5, 20, [1, 10]),
        (2, 95, [2, 5, 10, 20, 50]),
        (0.12, 0.6, [0.2, 0.5]),
        (1.11, 1.14, [1.11, 1.115, 1.12, 1.125, 1.13, 1.135, 1.14]),
    ],
)
def test_a_logarithmic_axis_is_marked_at_decades_or_rounder_numbers(
    low: float, high: float, marks: list[float]
) -> None:
    axis = value_axis(np.geomspace(low, high, 9), 24, log=True)
    assert sorted(number for number, _ in axis.ticks) == pytest.approx(marks)


def test_a_logarithmic_axis_is_not_stretched_by_far_outliers() -> None:
    values = np.r_[np.geomspace(0.1, 10, 999), 1e30]
    axis = value_axis(values, 24, log=True)
    assert axis.high == pytest.approx(10.0 ** (np.percentile(np.log10(values), 99) + 0.49), rel=0.1)


@given(some.floats(-1e6, 1e6), some.floats(1e-3, 1e6), some.integers(4, 60))
def test_an_exact_axis_has_its_ends_and_round_numbers_between(low: float, more: float, height: int) -> None:
    axis = exact_axis(low, low + more, height)
    assert (axis.low, axis.high) == (low, low + more)
    assert 2 <= len(axis.ticks) <= height // 4 + 5
    assert all(low - 1e-6 * more <= number <= low + 1.000001 * more for number, _ in axis.ticks)
    are_true(axis)


@given(some.integers(1, 10_000), some.integers(0, 10_000), some.integers(4, 200))
def test_a_level_axis_is_marked_at_both_ends_and_at_round_numbers_between(first: int, more: int, width: int) -> None:
    axis = even_axis(first, first + more, width)
    assert [number for number, _ in axis.ticks][:2] == [first, first + more][: 1 + bool(more)]
    between = [number for number, _ in axis.ticks][2:]
    assert all(first < number < first + more for number in between)
    if len(between) > 1:
        step = between[1] - between[0]
        assert set(np.diff(between)) == {step}
        assert str(int(step)).rstrip("0") in ("1", "2", "5")
        assert not any(number % step for number in between)
    assert len(between) <= 6
    are_true(axis)


@each("width", [12, 20, 38, 80, 200])
@each("last", [1, 2, 20, 300, 5000])
def test_labels_below_stand_under_their_ticks_and_do_not_touch(width: int, last: int) -> None:
    plot = Plot(width, 8, even_axis(1, last, width), value_axis(np.array([0.0, 1]), 8))
    *_, rule, names = (line.plain for line in plot.picture().drawing().lines)
    ticks = [place for place, sign in enumerate(rule) if sign == "┬"]
    labels = names.split()
    assert len(labels) == len(ticks)
    assert labels[0] == "1"
    assert {labels[-1]} == {str(last)}
    start = 0
    for tick, label in zip(ticks, labels, strict=True):
        place = names.index(label, start)
        assert place - 1 <= tick <= place + len(label)
        start = place + len(label) + 1


@each("height", range(4, 40))
def test_labels_at_the_left_stand_at_their_height_both_ends_among_them(height: int) -> None:
    plot = Plot(40, height, even_axis(1, 9, 40), value_axis(np.array([0.0, 1]), height))
    rows = plot.rows
    labels = {
        row: line.plain.split("┤")[0] for row, line in enumerate(plot.picture().drawing().lines) if "┤" in line.plain
    }
    assert (float(labels[0]), float(labels[rows - 1])) == (1, 0)
    for row, label in labels.items():
        assert row == rows - 1 - math.floor(float(label) * (4 * rows - 1) + 0.5) // 4


# Scales that data ask for


def test_values_that_would_crowd_in_a_corner_get_another_scale() -> None:
    rng = np.random.default_rng(0)
    normal = rng.normal(size=500)
    assert scale_for(normal) == "linear"
    assert scale_for(np.exp(3 * normal)) == "log"
    assert scale_for(normal**9) == "quantiles"
    assert scale_for(np.arange(5.0)) == "linear"
    assert scale_for(np.full(50, 3.0)) == "linear"
    assert scale_for(np.concatenate([np.zeros(300), np.exp(3 * normal[:200])])) in ("linear", "quantiles")


@pytest.mark.parametrize("scale", ["linear", "log", "quantiles"])
def test_a_scaled_axis_holds_all_values_and_its_places_turn_back(scale: Scale) -> None:
    values = np.exp(2 * np.random.default_rng(1).normal(size=200))
    axis = scaled_axis(values, scale, 60, level=True)
    shares = axis.share(values)
    assert shares.min() >= -1e-9
    assert shares.max() <= 1 + 1e-9
    assert len(axis.ticks) >= 2
    back = [axis.at(float(share)) for share in shares]
    np.testing.assert_allclose(back, values, rtol=1e-6)
    if scale == "quantiles":
        assert np.ptp(np.histogram(shares, 5, (0, 1))[0]) <= 6  # as many in equal parts


@pytest.mark.parametrize(
    ("value", "words"),
    [
        *((0, "0"), (-1.25, "−1.25"), (0.25, "0.25"), (999.6, "1,000"), (1234, "1,234"), (341_000, "341k")),
        *((1_234_567, "1.23M"), (-2.5e9, "−2.5G"), (3e-7, "3e−07"), (4e15, "4e+15")),
    ],
)
def test_numbers_are_written_briefly(value: float, words: str) -> None:
    assert brief(value) == words
