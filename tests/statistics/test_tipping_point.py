"""Tipping points against values worked out by hand."""

import math

import pytest

from lossterm.statistics import student_t
from lossterm.statistics.paired_differences import paired
from lossterm.statistics.tipping_point import area, completed, crossing, simultaneous, tipping_point

PLACES = (0.0, 1.0, 2.0, 3.0, 4.0)


@pytest.mark.parametrize(
    ("ahead", "place"),
    [
        ((-1, -1, 1, 1, 1), 1.5),  # half way, by equal sizes
        ((-1, -3, 1, 1, 1), 1.75),  # three quarters of the way
        ((-1, -1, -1, -1, -1), math.inf),
        ((0, 0, 0, 0, 0), math.inf),
        ((1, 1, 1, 1, 1), 0.0),
        ((-2, 0, 2, 2, 2), 1.0),
        ((0.1, -1, -1, 3, 3), 2.25),  # a little ahead at first is luck
        ((-1, -1, 0.2, -0.1, 5), 1 + 1 / 1.2),  # a little behind afterwards too
        ((-1, None, 1, 1, 1), 1.0),  # between the levels that are known
        ((None, None, None, None, None), math.inf),
        ((-1, -1, -1, -1, 0.5), 3 + 1 / 1.5),
        ((3, 3, 3, 3, -1), 0.0),
        ((-5, 2, 1, -2, -2), math.inf),  # ahead in the middle alone is no overtaking
    ],
)
def test_a_crossing_parts_the_area_where_the_other_is_ahead(ahead: tuple[float | None, ...], place: float) -> None:
    assert crossing(PLACES, ahead) == pytest.approx(place)


def test_the_median_and_the_interval_go_by_the_order_of_the_seeds() -> None:
    courses = [
        [-1.0, -1.0, 1.0, 1.0, 1.0],
        [-1.0, 1.0, 1.0, 1.0, 1.0],
        [-1.0] * 5,
        [1.0] * 5,
        [-1.0, -1.0, -1.0, 1.0, 1.0],
    ]
    found = tipping_point(PLACES, courses)
    assert found is not None
    assert found.seeds == (1.5, 0.5, math.inf, 0.0, 2.5)
    assert found.place == 1.5
    assert found.interval == (0.0, math.inf)
    assert found.found


def test_of_an_even_number_the_median_is_half_way_and_none_if_half_see_none() -> None:
    two = tipping_point(PLACES, [[-1.0, -1.0, 1.0, 1.0, 1.0], [-1.0, 1.0, 1.0, 1.0, 1.0]])
    assert two is not None
    assert (two.place, two.interval) == (1.0, None)
    none = tipping_point(PLACES, [[-1.0] * 5, [-1.0, 1.0, 1.0, 1.0, 1.0]])
    assert none is not None
    assert not none.found
    assert tipping_point(PLACES, []) is None
    assert tipping_point(PLACES, [[None] * 5]) is None


def test_ten_seeds_have_an_interval_from_the_second_to_the_ninth() -> None:
    courses = [[-1.0 if place < number / 2 else 1.0 for place in range(5)] for number in range(10)]
    found = tipping_point(PLACES, courses)
    assert found is not None
    assert found.interval == (sorted(found.seeds)[1], sorted(found.seeds)[8])


def test_what_a_race_left_out_is_as_far_ahead_as_on_the_seeds_that_have_it() -> None:
    assert completed([[1.0, 2.0, None], [3.0, None, None]]) == [[1.0, 2.0, None], [3.0, 2.0, None]]


def test_intervals_hold_together_by_bonferroni() -> None:
    both = paired([1.0, 2.0, 3.0, 4.0])
    assert both is not None
    low, high = simultaneous(both, 10)
    half = student_t.critical(3, 0.005) * both.standard_error
    assert [low, high] == pytest.approx([2.5 - half, 2.5 + half])
    alone = simultaneous(both, 1)
    assert alone[0] > low


def test_the_area_is_the_mean_height() -> None:
    assert area((0.0, 1.0, 3.0), (0.0, 2.0, 2.0)) == pytest.approx((1 + 4) / 3)
    assert area((0.0, 1.0, 3.0), (0.0, None, 3.0)) == pytest.approx(1.5)
    assert area((0.0, 1.0), (1.0, None)) is None
