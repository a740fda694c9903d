"""The procedure of a race, step by step; and by simulation how often it errs, what it saves, what it calls alike."""

import math

import msgspec
import numpy as np
import pytest

from lossterm.statistics.racing import Entrant, race, residual_sd
from tests.statistics.simulated_races import RATES, Truth, drawn, entrants, judged_by, rules, simulated, used

TRUTHS = {
    "2 equal": Truth((0.0,) * 2),
    "3 equal": Truth((0.0,) * 3),
    "6 equal": Truth((0.0,) * 6),
    "11 equal": Truth((0.0,) * 11),
    "6, half far behind": Truth((0.0,) * 3 + (-2.0,) * 3),
    "11, half far behind": Truth((0.0,) * 5 + (-2.0,) * 6),
    "6, one winner": Truth((0.0,) + (-1.0,) * 5),
    "6 in a row": Truth((0.0, -0.6, -1.2, -1.8, -2.4, -3.0)),
    "6 in a row, twice the noise": Truth((0.0, -0.6, -1.2, -1.8, -2.4, -3.0), noise=2.0),
}
MOST_FALSE, LEAST_SAME, MOST_SHARE = 0.085, 0.95, 0.4
"""Bounds on the share of races that call any loss worse that equals the best (of the fixed design it is up to .071: its
rates are chosen by chance too), on the share of losses that the fixed design calls the same, and on the share of its
trainings that are used."""


def holds_what_is_claimed(truth: Truth, races: int) -> None:
    rng = np.random.default_rng(races + len(truth.means))
    every = [simulated(truth, rng) for _ in range(races)]
    best = [loss for loss, mean in enumerate(truth.means) if mean == 0]
    wrong = sum(any(map(one.worse, best)) for one in every) / races
    assert wrong <= MOST_FALSE + chance(MOST_FALSE, races)
    assert np.mean([one.same for one in every]) >= LEAST_SAME - chance(LEAST_SAME, races)
    assert np.mean([one.opposite for one in every]) <= 0.002
    assert 0.2 <= np.mean([one.share for one in every]) <= MOST_SHARE


def chance(share: float, races: int) -> float:
    """Return three standard errors of a share that is seen in so many races."""
    return 3 * math.sqrt(share * (1 - share) / races)


@pytest.mark.parametrize("name", ["2 equal", "6, half far behind"])
def test_a_few_races_err_save_and_call_as_claimed(name: str) -> None:
    holds_what_is_claimed(TRUTHS[name], 40)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRUTHS)
def test_races_err_save_and_call_as_claimed(name: str) -> None:
    holds_what_is_claimed(TRUTHS[name], 1500)


@pytest.mark.slow
def test_with_flat_curves_of_the_rate_more_is_trained_and_no_more_errors_are_made() -> None:
    rng = np.random.default_rng(1)
    every = [simulated(Truth((0.0,) * 6, curvature=0.3), rng) for _ in range(1000)]
    assert np.mean([any(map(one.worse, range(6))) for one in every]) <= MOST_FALSE + chance(MOST_FALSE, 1000)
    assert np.mean([one.share for one in every]) <= 0.55


# Step by step


def table(*losses: dict[float, float], spread: float = 0.1, seeds: int = 30, rope: float = 0.3) -> dict[str, Entrant]:
    """Losses with these means by rate, the same in validation and test; seeds differ by `spread` or less.

    Rates are equal within `rope`.
    """
    rng = np.random.default_rng(7)
    noise = rng.uniform(-spread, spread, (len(losses), len(RATES), seeds))
    means = np.array([[means.get(rate, 0.0) for rate in RATES] for means in losses])
    scores = means[..., None] + noise
    return entrants(scores, scores, rope=rope)


def clear(best: float = 1.0) -> dict[float, float]:
    return {0.01: best}


def cut(known: dict[str, Entrant], seeds: int) -> dict[str, Entrant]:
    """Leave the trials of the first seeds alone."""
    return {loss: msgspec.structs.replace(one, ended=dict.fromkeys(RATES, range(seeds))) for loss, one in known.items()}


def test_at_first_every_rate_is_wanted_for_three_seeds() -> None:
    beginning = race(cut(table(clear(), clear()), 0), rules())
    assert beginning.wanted == tuple((loss, rate, 3) for loss in "01" for rate in RATES)
    assert (beginning.over, beginning.looked, beginning.stages) == (False, False, ())


def test_rates_that_are_clearly_behind_are_wanted_no_more() -> None:
    after = race(cut(table(clear(), clear()), 3), rules())
    assert after.stages[0].dropped == dict.fromkeys("01", (0.001, 0.003, 0.03, 0.1))
    assert after.wanted == (("0", 0.01, 5), ("1", 0.01, 5))


def test_rates_that_validation_cannot_tell_apart_go_on_side_by_side() -> None:
    even = dict.fromkeys(RATES, 1.0)
    ended = race(table(even, even, spread=1.0, rope=0.0), rules())
    assert any(len(rates) > 1 for rates in ended.rates.values())
    assert used(ended) > 2 * 30


def test_of_rates_that_are_equal_by_what_matters_one_is_left() -> None:
    even = dict.fromkeys(RATES, 1.0)
    first, look = (race(cut(table(even, even, rope=0.3), seeds), rules(rope=0.01)) for seeds in (3, 5))
    assert all(len(rates) > 1 for rates in first.rates.values())
    assert {len(rates) for rates in look.rates.values()} == {1}
    assert look.wanted == tuple((loss, rate, 10) for loss, (rate,) in look.rates.items())
    assert set(look.stages[1].dropped["0"]) == set(first.rates["0"]) - set(look.rates["0"])


def test_a_rate_that_may_be_better_by_more_than_matters_goes_on() -> None:
    close = {0.01: 1.0, 0.03: 0.99}
    noisy, quiet = (
        race(cut(table(close, close, spread=spread, rope=0.05), 5), rules(rope=0.001)) for spread in (0.3, 0.01)
    )
    assert set(noisy.rates["0"]) >= {0.01, 0.03}
    assert quiet.rates["0"] == (0.01,)


def test_a_loss_that_is_worse_stops_and_what_is_open_goes_on() -> None:
    known = table(clear(), clear(), clear(0.0), spread=0.3)
    ended = race(known, rules(rope=0.01))
    first = next(stage for stage in ended.stages if stage.worse)
    assert first.worse == ("2",)
    assert first.running == ("0", "1")
    assert ended.judged["2"] == first.seeds < 30 == ended.judged["0"]
    placed = judged_by(ended, known, 0.01)
    assert placed["2"].verdict == "worse"
    assert placed["2"].rank == 3
    assert placed["2"].pairs == first.seeds
    assert not ended.settled


def test_worse_is_kept_however_it_would_look_later() -> None:
    known = table(clear(), clear(), clear(0.0), spread=0.3)
    stopped_at = race(known, rules(rope=0.01)).judged["2"]
    better = msgspec.structs.replace(
        known["2"],
        test={rate: {s: v if s < stopped_at else 9.0 for s, v in one.items()} for rate, one in known["2"].test.items()},
    )
    ended = race({**known, "2": better}, rules(rope=0.01))
    assert judged_by(ended, {**known, "2": better}, 0.01)["2"].verdict == "worse"


def test_it_ends_at_the_look_at_which_nothing_is_open() -> None:
    ended = race(table(clear(), clear(0.0)), rules(rope=0.3))
    assert ended.settled
    assert ended.over
    assert ended.stages[-1].seeds < 30


def test_losses_that_are_one_function_are_equal() -> None:
    one = table(clear())["0"]
    ended = race({"sparse": one, "dense": one}, rules())
    assert ended.settled
    assert ended.stages[-1].seeds == 5
    placed = judged_by(ended, {"sparse": one, "dense": one}, 0.3)
    assert {place.verdict for place in placed.values()} == {"best", "equal"}


def test_a_loss_of_which_every_seed_diverged_stops_at_once_and_without_scores_the_race_is_over() -> None:
    known = table(clear(), clear())
    nothing = {rate: dict.fromkeys(range(30), None) for rate in RATES}
    broken = msgspec.structs.replace(known["1"], validation=nothing, test=nothing)
    ended = race({**known, "1": broken}, rules())
    assert ended.stages[0].broken == ("1",)
    assert ended.settled
    both = race({"0": broken, "1": broken}, rules())
    assert (both.over, both.settled, both.looked) == (True, False, False)


def test_a_rate_at_which_all_diverged_is_dropped() -> None:
    known = table(clear(), clear())
    partly = {**known["0"].validation, 0.1: dict.fromkeys(range(30), None)}
    ended = race({**known, "0": msgspec.structs.replace(known["0"], validation=partly)}, rules())
    assert 0.1 in ended.stages[0].dropped["0"]


def test_without_validation_only_losses_race() -> None:
    known = {
        loss: msgspec.structs.replace(one, validation={}, ended={0.01: range(30)})
        for loss, one in table(clear(), clear(0.0)).items()
    }
    ended = race(known, msgspec.structs.replace(rules(), rates=(0.01,)))
    assert ended.settled
    assert not any(stage.dropped for stage in ended.stages)


def test_the_grid_is_widened_at_a_look_where_the_best_lies_clearly_at_its_edge() -> None:
    known = cut(table({0.03: 0.5, 0.1: 1.0}, clear()), 5)
    assert race(known, rules(rope=0.001)).wanted[0][2] == 10
    widened = race(known, rules(rope=0.001, widens=True))
    assert widened.wanted == (("0", 0.3, 5),)
    assert [stage.seeds for stage in widened.stages] == [3]


def test_wherever_it_is_broken_off_it_goes_on_to_the_same_end() -> None:
    rng = np.random.default_rng(3)
    known = entrants(*drawn(TRUTHS["6 in a row"], rng))
    whole = race(known, rules())
    ended = {loss: dict.fromkeys(RATES, 0) for loss in known}
    for _ in range(20):
        now = {
            loss: msgspec.structs.replace(one, ended={rate: range(count) for rate, count in ended[loss].items()})
            for loss, one in known.items()
        }
        step = race(now, rules())
        if step.over:
            break
        assert step.stages == whole.stages[: len(step.stages)]
        for loss, rate, seeds in step.wanted:
            ended[loss][rate] = seeds
    assert step == whole
    assert sum(map(sum, (one.values() for one in ended.values()))) == used(whole)


def test_the_noise_is_what_is_left_without_the_means_of_rates_and_seeds() -> None:
    rng = np.random.default_rng(0)
    grid = rng.normal(size=(4, 1)) * 9 + rng.normal(size=(1, 50)) * 9 + rng.normal(size=(4, 50)) * 0.5
    assert residual_sd([grid.tolist()] * 3) == pytest.approx(0.5, rel=0.15)
    assert residual_sd([[[1.0, 2.0]], []]) is None
