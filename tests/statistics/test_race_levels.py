"""At which numbers of seeds a race looks, and that its levels spend .05 over all of them."""

import numpy as np
import pytest

from lossterm.statistics.race_levels import FIRST_LOOK, levels_of_race, looks, stages


def test_looks_double_and_the_last_one_is_at_the_most_seeds() -> None:
    assert stages(30) == (3, 5, 10, 20, 30)
    assert looks(30) == (5, 10, 20, 30)
    assert looks(200) == (5, 10, 20, 40, 80, 160, 200)


def test_the_last_look_does_not_follow_at_once_on_the_one_before() -> None:
    for cap in range(FIRST_LOOK, 400):
        every = stages(cap)
        assert every[-1] == cap
        assert list(every) == sorted(set(every))
        assert all(later >= 1.25 * earlier for earlier, later in zip(looks(cap), looks(cap)[1:], strict=False))


def test_the_levels_of_thirty_seeds_are_those_that_were_simulated() -> None:
    assert [levels_of_race(30, seeds).worse for seeds in looks(30)] == [0.0034, 0.0072, 0.021, 0.034]
    assert [levels_of_race(30, seeds).worse_so_far for seeds in looks(30)] == [0.0034, 0.0096, 0.0272, 0.05]
    assert [levels_of_race(30, seeds).look for seeds in looks(30)] == [1, 2, 3, 4]


def test_a_race_with_another_end_spends_a_level_of_its_own() -> None:
    assert levels_of_race(60, 60, races=2).worse_so_far == pytest.approx(0.1)


@pytest.mark.parametrize("cap", [5, 13, 30, 300])
def test_sums_cross_the_boundaries_of_all_looks_together_in_five_of_a_hundred_cases(cap: int) -> None:
    from scipy import stats

    rng, count = np.random.default_rng(cap), 60_000
    parts = np.diff(looks(cap), prepend=0)
    sums = (rng.normal(size=(count, len(parts))) * np.sqrt(parts)).cumsum(axis=1)
    p = 2 * stats.norm.sf(np.abs(sums) / np.sqrt(looks(cap)))
    crossed = (p < [levels_of_race(cap, seeds).worse for seeds in looks(cap)]).any(axis=1).mean()
    assert crossed == pytest.approx(0.05, abs=0.003)
