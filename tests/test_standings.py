import math

import pytest

from lossterm.standings import Summary, rank, summarise


@pytest.mark.parametrize(
    ("values", "mean", "sd"),
    [
        ([2.0, 4.0], 3.0, math.sqrt(2)),
        ([1.0, 2.0, 3.0, 4.0], 2.5, math.sqrt(5 / 3)),
        ([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], 5.0, math.sqrt(32 / 7)),
        ([0.25, 0.25, 0.25], 0.25, 0.0),
        ([-1.0, 1.0], 0.0, math.sqrt(2)),
    ],
)
def test_mean_and_sd_are_what_was_worked_out_by_hand(values: list[float], mean: float, sd: float) -> None:
    found = summarise(values)
    assert found.mean == pytest.approx(mean, abs=1e-12)
    assert found.sd == pytest.approx(sd, abs=1e-12)


def test_one_value_has_a_mean_and_no_sd() -> None:
    assert summarise([0.5]) == Summary(0.5, None)


def test_no_value_has_neither() -> None:
    assert summarise([]) == Summary(None, None)


def test_a_large_offset_does_not_spoil_the_sd() -> None:
    assert summarise([1e9, 1e9 + 1, 1e9 + 2]).sd == pytest.approx(1.0)


def test_less_is_better_for_min_and_more_for_max() -> None:
    means = {"a": 0.3, "b": 0.1, "c": 0.2}
    assert list(rank(means, "min").items()) == [("b", 1), ("c", 2), ("a", 3)]
    assert list(rank(means, "max").items()) == [("a", 1), ("c", 2), ("b", 3)]


def test_equal_means_share_a_rank_and_the_next_one_skips() -> None:
    means = {"a": 0.5, "b": 0.9, "c": 0.5, "d": 0.1}
    assert list(rank(means, "max").items()) == [("b", 1), ("a", 2), ("c", 2), ("d", 4)]
    assert rank({"a": 1.0, "b": 1.0, "c": 1.0}, "min") == {"a": 1, "b": 1, "c": 1}


@pytest.mark.parametrize("direction", ["min", "max"])
def test_what_has_no_mean_stays_unranked_behind_the_others_in_its_order(direction: str) -> None:
    found = rank({"x": None, "a": 0.5, "y": None}, direction)  # type: ignore[arg-type]  # parametrised by text
    assert list(found.items()) == [("a", 1), ("x", None), ("y", None)]


def test_a_mean_of_zero_is_ranked() -> None:
    assert rank({"a": 0.0, "b": -1.0}, "min") == {"b": 1, "a": 2}
    assert rank({}, "min") == {}
