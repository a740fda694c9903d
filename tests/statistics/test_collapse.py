"""Collapsed trials: which they are, and what is said of losses of which some seeds collapsed."""

import numpy as np
import pytest
from scipy import stats

from lossterm.statistics import fisher_exact
from lossterm.statistics.collapse import collapsed, luck
from lossterm.statistics.equivalence import Rope
from lossterm.statistics.paired_differences import Scores
from lossterm.statistics.ranking import Place, places
from lossterm.statistics.ranking_by_median import places_by_median
from lossterm.statistics.sign_interval import mean_of_middle_half, median, rank_of_end, sign_interval

SOUND, CHANCE = 0.84, 0.5
ROPE = Rope(size=0.005)

# The pieces


def test_fisher_gives_the_p_that_scipy_gives() -> None:
    for trials in (1, 3, 5, 10, 30):
        for others in (1, 4, 10, 30):
            for count in range(0, trials + 1, max(trials // 5, 1)):
                for other in range(0, others + 1, max(others // 5, 1)):
                    expected = stats.fisher_exact([[count, trials - count], [other, others - other]]).pvalue
                    got = fisher_exact.two_sided(count, trials, other, others)
                    assert got == pytest.approx(expected, rel=1e-9), (count, trials, other, others)


def test_the_ends_of_the_sign_interval_are_those_of_the_tables() -> None:
    published = {6: 1, 7: 1, 8: 1, 9: 2, 10: 2, 15: 4, 20: 6, 30: 10}
    assert {count: rank_of_end(count) for count in published} == published
    assert sign_interval([5.0, 1, 4, 2, 3]) == (1, 5)
    assert sign_interval([1.0, 2, 3, 4]) is None
    assert sign_interval([float(number) for number in range(10)]) == (1, 8)


def test_the_median_is_numpys_and_the_middle_half_leaves_out_a_quarter_at_each_end() -> None:
    rng = np.random.default_rng(0)
    for count in range(1, 12):
        values = rng.normal(size=count)
        assert median(values.tolist()) == pytest.approx(float(np.median(values)))
        assert mean_of_middle_half(values.tolist()) == pytest.approx(stats.trim_mean(values, 0.25))
    assert (median([]), mean_of_middle_half([])) == (None, None)


# Which trials collapsed


def test_a_trial_without_skill_collapsed_where_others_learn() -> None:
    skills: dict[str, Scores] = {"a": [0.33, 0.32, 0.34], "b": [0.33, -0.02, None]}
    assert collapsed(skills, "a", 500) == {"a": [False] * 3, "b": [False, True, False]}
    assert collapsed({"b": [*skills["b"], 0.3]}, "b", 500) == {"b": [False, True, False, False]}


def test_nothing_collapsed_where_the_data_carry_no_signal_or_the_first_loss_learns_nothing() -> None:
    rng = np.random.default_rng(0)
    for rows in (6, 50, 200, 1000):  # guesses, whose balanced accuracy is off by luck alone
        for _ in range(100):
            skills = {loss: (luck(rows) * rng.normal(size=5) - 0.02).tolist() for loss in "abcdef"}
            best = max(skills, key=lambda loss: sum(skills[loss]))
            assert not any(map(any, collapsed(skills, best, rows).values()))
    assert collapsed({"a": [-0.02, -0.02, -0.02], "b": [0.3, 0.3, 0.3]}, "a", 500)["a"] == [False] * 3
    assert collapsed({"a": [None], "b": [-0.02]}, "a", 500) == {"a": [False], "b": [False]}
    assert collapsed({"a": [-0.02]}, None, 500) == {"a": [False]}


# The table


def told(**scores: list[float]) -> dict[str, Place]:
    gone = {loss: [value < 0.6 for value in values] for loss, values in scores.items()}
    return places_by_median(scores, gone, direction="max", rope=ROPE)


def sound(seeds: int, level: float = SOUND, seed: int = 0) -> list[float]:
    return [level + 0.002 * float(luck) for luck in np.random.default_rng(seed).normal(size=seeds)]


def test_one_collapsed_seed_does_not_move_the_centre() -> None:
    a, b = sound(5), [CHANCE, *sound(5)[1:]]
    ranking = told(a=a, b=b)
    assert ranking["b"].centre == pytest.approx(SOUND, abs=0.004)
    assert ranking["b"].centre_ci == (min(b), max(b))
    assert ranking["b"].mean == pytest.approx(np.mean(b))
    assert (ranking["b"].collapsed, ranking["a"].collapsed) == (1, 0)
    assert ranking["b"].collapsed_ci == pytest.approx((0.0362, 0.6245), abs=1e-3)
    usual = places({"a": a, "b": b}, direction="max", rope=ROPE)["b"]
    assert usual.centre == usual.mean  # a mean of .77 describes no network


def test_equal_medians_are_ranked_by_the_mean_of_the_middle_half() -> None:
    ranking = told(a=[CHANCE, CHANCE, 0.9, 0.9, 0.8, 0.81], b=[0.8, 0.8, 0.9, 0.9, 0.805, 0.805])
    assert [place.rank for place in ranking.values()] == [1, 2]
    same = told(a=[0.8, 0.8, CHANCE], b=[0.8, 0.8, CHANCE])
    assert [place.rank for place in same.values()] == [1, 1]


def test_a_loss_is_equal_or_worse_on_the_seeds_on_which_neither_collapsed() -> None:
    a = sound(12)
    equal, worse = [*a[:11], CHANCE], [value - 0.05 for value in a[:11]] + [CHANCE]
    ranking = told(a=a, b=[v - 1e-4 * i for i, v in enumerate(equal)], c=[v - 1e-4 * i for i, v in enumerate(worse)])
    assert (ranking["b"].verdict, ranking["c"].verdict) == ("equal", "worse")
    for place in (ranking["b"], ranking["c"]):
        assert (place.pairs, place.sound_pairs, place.without_collapsed) == (12, 11, True)
        assert place.collapses is None  # 1 of 12 against 0 of 12
    assert ranking["c"].difference is not None
    assert ranking["c"].difference.mean == pytest.approx(0.05, abs=0.001)


def test_a_loss_that_collapses_much_more_often_is_said_to_whichever_is_best() -> None:
    often = [CHANCE] * 7 + sound(13)[:13]
    ranking = told(a=sound(20), b=often)
    assert (ranking["b"].collapses, ranking["a"].collapses) == ("more often", None)
    assert ranking["b"].collapses_p == pytest.approx(stats.fisher_exact([[0, 20], [7, 13]]).pvalue)
    better = [CHANCE] * 7 + sound(13, SOUND + 0.1)
    assert told(a=sound(20), b=better)["a"].collapses == "less often"


def test_a_loss_that_collapsed_on_every_seed_has_no_difference_but_a_rate() -> None:
    place = told(a=sound(6), b=[CHANCE] * 6)["b"]
    assert (place.verdict, place.difference, place.sound_pairs, place.collapses) == (None, None, 0, "more often")
    assert place.collapsed_ci is not None
    assert place.collapsed_ci[1] == 1


def test_the_seeds_that_would_settle_allow_for_those_that_will_collapse() -> None:
    rng = np.random.default_rng(1)
    a, b = (SOUND + 0.02 * rng.normal(size=(2, 10))).tolist()

    def advised(gone: int) -> int:
        ranking = told(a=[*a, *[SOUND] * gone], b=[*b, *[CHANCE] * gone])
        (place,) = (place for place in ranking.values() if place.difference)
        assert (place.verdict, place.sound_pairs) == ("open", 10)
        assert place.seeds_to_settle is not None
        return place.seeds_to_settle

    assert advised(5) == pytest.approx(1.5 * advised(1) / 1.1, abs=2)


def test_nothing_scored_gives_places_without_anything() -> None:
    nothing = {"a": [None], "b": [None]}, {"a": [False], "b": [False]}
    ranking = places_by_median(*nothing, direction="max", rope=ROPE)
    assert all(place.rank is None and place.verdict is None and place.centre is None for place in ranking.values())
