import math

import pytest

from lossterm.statistics.learning_rate_choice import RatePoint, Scores, at_edge, sweep
from lossterm.statistics.ranking import Direction

DIRECTIONS: tuple[Direction, ...] = ("min", "max")
every_direction = pytest.mark.parametrize("direction", DIRECTIONS)


def by_seed(*scores: float | None) -> dict[int, float | None]:
    return dict(enumerate(scores))


def chosen(rates: dict[float, Scores], direction: Direction = "max") -> float:
    [rate] = [point.learning_rate for point in sweep(rates, direction) if point.chosen]
    return rate


# The choice


def test_the_best_mean_on_validation_is_chosen_in_either_direction() -> None:
    rates: dict[float, Scores] = {0.1: by_seed(0.5, 0.75), 0.01: by_seed(1.0, 0.5), 0.001: by_seed(0.25, 0.5)}
    assert chosen(rates, "max") == 0.01  # means .625, .75 and .375
    assert chosen(rates, "min") == 0.001


@every_direction
def test_the_mean_decides_and_not_the_best_seed(direction: Direction) -> None:
    sign = 1 if direction == "max" else -1
    rates: dict[float, Scores] = {0.1: by_seed(sign * 9.0, 0.0, 0.0), 0.01: by_seed(*[sign * 4.0] * 3)}
    assert chosen(rates, direction) == 0.01


@every_direction
def test_a_rate_with_fewer_broken_trials_is_chosen_over_one_with_a_better_mean(direction: Direction) -> None:
    sign = 1 if direction == "max" else -1
    rates: dict[float, Scores] = {
        0.1: by_seed(None, sign * 1.0, None),
        0.03: by_seed(sign * 0.9, None, sign * 0.9),
        0.01: by_seed(sign * 0.1, sign * 0.1, sign * 0.1),
    }
    assert chosen(rates, direction) == 0.01
    del rates[0.01]
    assert chosen(rates, direction) == 0.03


@every_direction
def test_of_equal_means_the_smaller_rate_is_chosen_in_whatever_order_they_come(direction: Direction) -> None:
    rates: dict[float, Scores] = {0.03: by_seed(0.5, 0.75), 0.1: by_seed(0.5, 0.75), 0.01: by_seed(0.75, 0.5)}
    assert chosen(rates, direction) == 0.01
    assert chosen(dict(reversed(rates.items())), direction) == 0.01


@every_direction
def test_where_all_trials_broke_at_all_rates_the_smallest_is_chosen(direction: Direction) -> None:
    points = sweep({0.1: by_seed(None, None), 0.01: by_seed(None, None)}, direction)
    assert [point.chosen for point in points] == [True, False]
    assert all(point.mean is point.sd is None for point in points)
    assert [(point.ended, point.broken) for point in points] == [(2, 2), (2, 2)]


@every_direction
def test_a_rate_at_which_all_broke_is_not_chosen_beside_one_with_a_score(direction: Direction) -> None:
    assert chosen({0.01: by_seed(None, None), 0.1: by_seed(None, 0.5)}, direction) == 0.1


# While trials are still to come


def test_only_the_seeds_that_ended_at_every_rate_are_compared() -> None:
    # over all that ended .1 would win (.7 against .5); on seeds 0 and 2, which both have, .01 does (.5 against .4)
    rates: dict[float, Scores] = {0.1: {0: 0.4, 1: 1.0, 2: 0.4, 3: 1.0}, 0.01: {2: 0.5, 0: 0.5}}
    assert chosen(rates, "max") == 0.01
    assert chosen(rates, "min") == 0.1
    rates[0.01] = by_seed(0.5, 0.5, 0.5, 0.5)
    assert chosen(rates, "max") == 0.1


def test_a_trial_that_broke_on_a_seed_that_others_have_not_ended_does_not_count_yet() -> None:
    rates: dict[float, Scores] = {0.1: by_seed(0.9, None), 0.01: by_seed(0.5)}
    assert chosen(rates, "max") == 0.1
    rates[0.01] = by_seed(0.5, 0.5)
    assert chosen(rates, "max") == 0.01


def test_a_trial_that_broke_is_a_trial_that_ended() -> None:
    rates: dict[float, Scores] = {0.1: by_seed(None, 0.9), 0.01: by_seed(0.5, 0.5)}
    assert chosen(rates, "max") == 0.01


def test_the_points_tell_of_all_seeds_and_not_of_the_shared_ones_alone() -> None:
    points = sweep({0.1: {0: 0.25, 1: 0.75, 2: None}, 0.01: {0: 0.5}}, "max")
    assert points == (
        RatePoint(learning_rate=0.01, mean=0.5, sd=None, ended=1, broken=0, chosen=True),
        RatePoint(learning_rate=0.1, mean=0.5, sd=points[1].sd, ended=3, broken=1, chosen=False),
    )
    assert points[1].sd == pytest.approx(math.sqrt(0.125))


def test_before_any_seed_ended_at_every_rate_what_is_there_is_compared() -> None:
    assert chosen({0.1: {0: 0.5}, 0.01: {1: 0.75}}, "max") == 0.01
    assert chosen({0.1: {0: 0.5}, 0.01: {1: 0.75}}, "min") == 0.1
    assert chosen({0.1: {0: 0.5}, 0.03: {0: 0.25}, 0.01: {}}, "max") == 0.1
    assert chosen({0.1: {0: 0.5}, 0.03: {0: 0.75}, 0.01: {}}, "min") == 0.1


def test_before_any_trial_ended_the_smallest_rate_stands() -> None:
    points = sweep({0.1: {}, 0.01: {}}, "min")
    assert points == (
        RatePoint(learning_rate=0.01, mean=None, sd=None, ended=0, broken=0, chosen=True),
        RatePoint(learning_rate=0.1, mean=None, sd=None, ended=0, broken=0, chosen=False),
    )


# What comes back


@every_direction
def test_rates_come_in_ascending_order_and_exactly_one_is_chosen(direction: Direction) -> None:
    rates: dict[float, Scores] = {rate: by_seed(rate, 2 * rate) for rate in (0.03, 1.0, 0.001, 0.1, 0.01)}
    points = sweep(rates, direction)
    assert [point.learning_rate for point in points] == [0.001, 0.01, 0.03, 0.1, 1.0]
    assert sum(point.chosen for point in points) == 1
    assert points[0 if direction == "min" else -1].chosen


def test_mean_and_sd_are_of_the_trials_that_have_a_score() -> None:
    [point] = sweep({0.1: by_seed(2.0, None, 4.0)}, "min")
    assert point == RatePoint(learning_rate=0.1, mean=3.0, sd=point.sd, ended=3, broken=1, chosen=True)
    assert point.sd == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize("scores", [(), (None,), (0.5,), (0.5, None, 0.25)])
@every_direction
def test_a_single_rate_is_chosen_whatever_became_of_it_and_is_no_edge(
    direction: Direction, scores: tuple[float | None, ...]
) -> None:
    points = sweep({0.01: by_seed(*scores)}, direction)
    assert [point.chosen for point in points] == [True]
    assert points[0].ended == len(scores)
    assert not at_edge(points)


@pytest.mark.parametrize(("best", "edge"), [(0.001, True), (0.01, False), (0.1, False), (1.0, True)])
@every_direction
def test_a_best_at_either_end_of_the_grid_is_at_its_edge(direction: Direction, best: float, edge: bool) -> None:
    sign = 1 if direction == "max" else -1
    rates: dict[float, Scores] = {rate: by_seed(sign * (rate == best)) for rate in (0.001, 0.01, 0.1, 1.0)}
    points = sweep(rates, direction)
    assert [point.learning_rate for point in points if point.chosen] == [best]
    assert at_edge(points) == edge


def test_of_two_rates_either_is_an_edge() -> None:
    assert at_edge(sweep({0.1: by_seed(0.5), 0.01: by_seed(0.25)}, "max"))
    assert at_edge(sweep({0.1: by_seed(0.5), 0.01: by_seed(0.25)}, "min"))
