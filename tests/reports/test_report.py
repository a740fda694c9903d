"""Standings and JSON: complete, free of NaN, and the numbers that NumPy and SciPy give."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats

from lossterm.comparison.comparison import RATES_TO_TUNE, Comparison, Status, Trial
from lossterm.comparison.protocol import SplitName
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.errors import DoesNotFit, UnknownName
from lossterm.losses import LOSSES
from lossterm.metrics import METRICS
from lossterm.reports import report
from lossterm.reports.headline import headline
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.reports.target_sd import target_sd
from lossterm.reports.verdict import verdict
from lossterm.statistics.paired_differences import summarise
from lossterm.statistics.verdict_levels import FINAL, levels_at
from lossterm.store import TrialRow
from tests.builders.reports import (
    BEGAN,
    EVERY,
    TROUBLED,
    as_document,
    asked_for,
    built,
    circles,
    diverging_at,
    drawn,
    ending,
    rows_for,
    valued,
)
from tests.cells import each
from tests.statistics.simulated_tables import Judged

# Standings


def test_standings_are_means_over_the_seeds_that_were_done_best_first() -> None:
    first, second, third = TROUBLED.standings
    assert (first.rank, first.loss, first.mean, first.sd) == (1, "binary_crossentropy", 0.9, None)
    assert (second.rank, second.loss) == (2, "hinge")
    assert second.mean == pytest.approx(0.7)
    assert second.sd == pytest.approx(math.sqrt(0.02))
    assert (third.rank, third.loss, third.mean, third.sd) == (None, "squared_hinge", None, None)


def test_what_did_not_come_to_its_end_is_counted_and_never_dropped() -> None:
    counts = {s.loss: (s.trials, s.done, s.diverged, s.failed) for s in TROUBLED.standings}
    assert counts == {
        "binary_crossentropy": (3, 1, 0, 0),
        "hinge": (3, 2, 1, 0),
        "squared_hinge": (3, 0, 1, 2),
    }
    assert not TROUBLED.sound
    assert (TROUBLED.pending, TROUBLED.stopped, TROUBLED.partial) == (1, 1, True)


def test_regression_is_ranked_by_the_least_error() -> None:
    comparison = Comparison.ask("regression", ("mse", "mae"), protocol="tutorial", seeds=1)
    result = built(comparison, valued({("mse", 0): 0.4, ("mae", 0): 0.1}))
    assert [(s.rank, s.loss, s.mean) for s in result.standings] == [(1, "mae", 0.1), (2, "mse", 0.4)]


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_a_report_is_sound_unless_a_trial_diverged_or_failed(status: Status) -> None:
    assert built(circles()).sound
    assert built(circles(), end=ending({("hinge", 0): "cancelled", ("hinge", 1): "queued"})).sound
    assert not built(circles(), end=ending({("hinge", 0): status})).sound


@pytest.mark.parametrize(("status", "partial"), [("done", False), ("diverged", False), ("failed", False)])
def test_a_report_whose_trials_ended_by_themselves_is_whole(status: Status, partial: bool) -> None:
    assert built(circles(), end=ending({("hinge", 0): status})).partial is partial


@pytest.mark.parametrize("status", ["queued", "running", "cancelled"])
def test_a_report_with_trials_to_come_or_stopped_is_partial_and_says_so_in_json(status: Status) -> None:
    result = built(circles(), end=ending({("hinge", 0): status}))
    assert result.partial
    assert as_document(result)["partial"] is True
    assert as_document(built(circles()))["partial"] is False


def test_a_tuned_comparison_is_sound_where_only_a_rate_that_was_not_chosen_diverged() -> None:
    elsewhere = built(circles(protocol="fair", seeds=3), drawn, diverging_at(0.1))
    assert elsewhere.sound
    assert {(s.diverged, s.trials) for s in elsewhere.standings} == {(0, 3)}
    assert {point.broken for s in elsewhere.standings for point in s.sweep if point.learning_rate == 0.1} == {3}

    def end(trial: Trial) -> Status:
        return "diverged" if trial.loss == "hinge" and trial.seed == 1 else "done"

    at_every_rate = built(circles(protocol="fair", seeds=3), drawn, end)
    assert not at_every_rate.sound
    assert {s.loss: s.diverged for s in at_every_rate.standings if s.diverged} == {"hinge": 1}


def test_a_trial_that_failed_at_a_rate_that_was_not_chosen_is_not_passed_over() -> None:
    def end(trial: Trial) -> Status:
        return "failed" if (trial.loss, trial.seed, trial.learning_rate) == ("hinge", 0, 0.001) else "done"

    result = built(circles(protocol="fair"), drawn, end)
    assert next(s for s in result.standings if s.loss == "hinge").learning_rate != 0.001
    assert not result.sound


def test_the_trials_that_are_judged_are_those_at_the_chosen_rates() -> None:
    result = built(circles(protocol="fair", seeds=4), drawn)
    chosen = {(s.loss, s.learning_rate) for s in result.standings}
    assert {(row.trial.loss, row.trial.learning_rate) for row in result.judged()} == chosen
    assert len(result.judged()) == 3 * 4
    assert len(result.rows) == 3 * 4 * 5


def test_a_trial_that_is_done_without_a_value_of_the_metric_is_not_counted_as_diverged_or_failed() -> None:
    def score(trial: Trial, metric: str, split: SplitName) -> float | None:
        undefined = metric == "r2" and trial.seed == 1 and trial.learning_rate == 0.1
        return None if undefined else drawn(trial, metric, split)

    comparison = Comparison.ask("regression", ("mse", "mae"), seeds=3, metric="r2")
    result = built(comparison, score)
    assert {point.broken for standing in result.standings for point in standing.sweep} == {0}


def test_time_is_from_asking_to_the_last_end() -> None:
    assert built(circles("hinge", seeds=4)).seconds == 4
    earlier = [msgspec.structs.replace(row, finished=BEGAN - 50) for row in rows_for(circles("hinge"))]
    assert report.build(asked_for(circles("hinge")), earlier).seconds == 0
    assert report.build(asked_for(circles("hinge")), []).seconds == 0


def test_a_score_without_a_value_on_one_seed_is_the_mean_of_the_others() -> None:
    def score(trial: Trial, metric: str, split: SplitName) -> float | None:
        return None if (metric, trial.seed) == ("r2", 0) else 0.5 + 0.2 * (trial.seed == 1)

    result = built(Comparison.ask("regression", ("mse",), protocol="tutorial", seeds=3), score).standings[0]
    assert result.scores["r2"] is not None
    assert result.scores["r2"]["test"] == summarise([0.7, 0.5])
    assert result.scores["r2"]["validation"] is None


def test_seeds_that_would_settle_are_those_that_settle_every_open_verdict() -> None:
    def undecided(seeds: int = 3, rate: float = 0.1, **spreads: float) -> Report:
        """Two losses hardly behind one that is the same for every seed, each with a spread of its own."""

        def score(trial: Trial, metric: str, split: SplitName) -> float:
            spread = spreads.get(trial.loss)
            return 0.8 if spread is None else 0.798 + spread * (-1) ** trial.seed

        losses = ("categorical_crossentropy", *spreads)
        return built(Comparison.ask("blobs", losses, seeds=seeds, learning_rates=(rate,), protocol="fair"), score)

    result = undecided(5, brier=0.004, kl_divergence=0.006)
    assert [s.verdict for s in result.standings] == ["best", "open", "open"]
    counts = [s.seeds_to_settle or 0 for s in result.standings[1:]]
    assert 0 < min(counts) < max(counts)
    assert result.seeds_to_settle == max(counts)
    each = ", ".join(f"{s.loss} ~{s.seeds_to_settle}" for s in result.undecided)
    assert f"Seeds that would settle each open verdict: {each}." in notes(result)
    assert undecided(brier=0, kl_divergence=0).seeds_to_settle == 9  # a gap without spread says nothing before
    assert undecided(9, brier=0, kl_divergence=0).seeds_to_settle is None  # and is settled then


def test_no_number_of_seeds_is_advised_where_one_open_verdict_cannot_be_settled_by_any() -> None:
    def score(trial: Trial, metric: str, split: SplitName) -> float:
        spread = {"brier": 0.05, "kl_divergence": 0.002}.get(trial.loss, 0.0)
        return 0.8 - spread if trial.seed % 2 else 0.8 + spread

    losses = ("categorical_crossentropy", "brier", "kl_divergence")
    result = built(Comparison.ask("digits", losses, seeds=4, learning_rates=(0.1,)), score)
    assert "brier" in [s.loss for s in result.undecided if s.seeds_to_settle is None]
    assert result.seeds_to_settle is None
    assert verdict(result).endswith("; no number of re-splits would settle it, more data would.")


def test_nothing_is_to_be_settled_where_nothing_is_open() -> None:
    values = {("hinge", seed): 0.9 + 0.001 * (-1) ** seed for seed in range(5)}
    apart = built(circles("hinge", "squared_hinge", seeds=5), valued(values))
    assert [s.verdict for s in apart.standings] == ["best", "worse"]
    assert apart.seeds_to_settle is None
    assert apart.settling is None


def test_what_would_settle_a_verdict_is_the_same_comparison_with_more_seeds() -> None:
    values = {("hinge", seed): 0.5 + 0.02 * (-1) ** seed for seed in range(6)}
    comparison = circles("hinge", "squared_hinge", seeds=6)
    undecided = built(comparison, valued(values))
    assert undecided.seeds_to_settle is not None
    assert undecided.seeds_to_settle > 6
    assert undecided.settling == msgspec.structs.replace(comparison, seeds=undecided.seeds_to_settle)
    assert built(comparison, valued(values), ending({("hinge", 5): "queued"})).settling is None
    near = {("hinge", seed): 0.5 + 0.0001 * (-1) ** seed for seed in range(6)}
    assert built(comparison, valued(near)).settling is None


# What matters, and how often a table was looked at


def test_what_matters_is_never_less_than_a_thousandth_of_the_targets_spread() -> None:
    def score(trial: Trial, metric: str, split: SplitName) -> float:
        small = {"mse": 1e-6, "rmse": 1e-3, "r2": 1 - 1e-6 / 4, "mae": 1e-3}  # of a target with a variance of 4
        return small.get(metric, 0.5) * (1 if trial.loss == "mse" or metric == "r2" else 1.1 + 0.01 * trial.seed)

    def ranked_by(metric: str) -> Report:
        return built(Comparison.ask("regression", ("mse", "mae"), seeds=4, learning_rates=(0.1,), metric=metric), score)

    assert ranked_by("mae").rope == pytest.approx(0.001 * 2, rel=0.2)  # a hundredth of the best would be 1e-5
    assert ranked_by("mse").rope == pytest.approx(0.002**2, rel=0.3)
    assert ranked_by("mae").standings[1].verdict == "equal"
    assert "equal is less than .00" in notes(ranked_by("mae"))[0]
    assert target_sd(built(circles()).rows) is None


def test_a_person_may_say_what_matters() -> None:
    values = {("hinge", seed): 0.9 + 0.001 * (-1) ** seed for seed in range(5)}  # .4 ahead

    def asked(rope: float | None) -> Report:
        return built(circles("hinge", "squared_hinge", seeds=5, rope=rope), valued(values))

    assert (asked(None).rope, asked(0.6).rope, asked(0.0).rope) == (0.005, 0.6, 0.0)
    assert [asked(rope).standings[1].verdict for rope in (None, 0.0, 0.6)] == ["worse", "worse", "equal"]
    assert "equal is less than .6." in notes(asked(0.6))[0]
    wide = "The ROPE of 0.6 is wider than every difference here; the largest is 0.4002."
    assert wide in notes(asked(0.6))
    nothing = "The ROPE is 0: every difference matters, so no loss is called equal to the best."
    assert nothing in notes(asked(0.0))
    assert not {wide, nothing} & {*notes(asked(None)), *notes(asked(0.3))}
    assert "ROPE 0.6" in headline(asked(0.6))


def test_what_a_person_said_matters_is_in_units_of_the_metric_that_it_was_said_of() -> None:
    result = built(circles("hinge", "squared_hinge", seeds=5, rope=0.2), metric="balanced_accuracy")
    assert result.rope == 0.005
    assert built(circles("hinge", "squared_hinge", seeds=5, rope=0.2), metric="accuracy").rope == 0.2


def test_with_a_rope_of_0_no_number_of_seeds_is_advised() -> None:
    values = {("hinge", seed): 0.5 + 0.02 * (-1) ** seed for seed in range(6)}
    result = built(circles("hinge", "squared_hinge", seeds=6, rope=0), valued(values))
    assert result.seeds_to_settle is None
    assert verdict(result).endswith("; with a ROPE of 0 no number of seeds shows that nothing differs.")


def asked_in_turn(*seeds: int, final: bool = False) -> Report:
    every = [asked_for(circles("hinge", seeds=count, final=final), number) for number, count in enumerate(seeds, 1)]
    [table] = report.tables(every)
    return report.build(table, rows_for(table.comparison))


def test_each_request_for_more_seeds_is_a_look_and_has_its_level() -> None:
    for seeds, look, worse, so_far in (
        ((10,), 1, 0.03, 0.03),
        ((10, 10, 5), 1, 0.03, 0.03),  # the same seeds again are nothing new to see
        ((10, 50), 2, 0.02, 0.05),
        ((10, 50, 90), 3, 0.02, 0.07),
    ):
        levels = asked_in_turn(*seeds).levels
        assert (levels.look, levels.worse, levels.worse_so_far) == pytest.approx((look, worse, so_far))
    assert asked_in_turn(10, final=True).levels == FINAL
    assert asked_in_turn(10, 20, final=True).levels.worse_so_far == pytest.approx(0.07)


def test_a_single_look_cannot_be_declared_once_the_scores_are_seen() -> None:
    every = [asked_for(circles("hinge", seeds=5 * number, final=number == 2), number) for number in (1, 2)]
    [table] = report.tables(every)
    assert not table.comparison.final
    assert report.levels_of(table).worse_so_far == pytest.approx(0.05)


def test_the_words_say_how_often_such_a_table_errs() -> None:
    def said(looks: int, *, final: bool = False) -> str:
        asked = asked_for(circles("hinge", "squared_hinge", seeds=3, final=final))
        result = report.build(msgspec.structs.replace(asked, looks=looks), rows_for(asked.comparison))
        return next(note for note in notes(result) if "such tables" in note)

    errs = "of such tables call a loss worse that equals the best"
    assert said(1) == f"First look at this table: about 3 % {errs}; a look at more seeds adds 2 %."
    assert said(2) == f"Look 2 at this table: about 2 % {errs}, 5 % over all looks so far."
    assert said(3) == f"Look 3 at this table: about 2 % {errs}, 7 % over all looks so far."
    assert said(1, final=True) == f"Declared final: about 5 % {errs}."
    assert not any("such tables" in note for note in notes(built(circles("hinge", seeds=3))))


def test_a_metric_that_the_data_leave_undefined_is_said_to_be_missing_and_why() -> None:
    def score(trial: Trial, metric: str, split: SplitName) -> float | None:
        return None if (metric, split, trial.seed) == ("roc_auc", "test", 1) else 0.5

    lines = notes(built(circles("hinge", "squared_hinge", seeds=3), score))
    assert "roc_auc is missing for 2 trials: a class is missing from the test rows." in lines
    assert not any("is missing" in line for line in notes(built(circles(seeds=3))))


# By another metric

# By another metric


def test_a_report_is_ranked_anew_by_another_metric() -> None:
    def score(trial: Trial, metric: str, split: SplitName) -> float:
        return (0.9 if trial.loss == "mae" else 0.6) if metric == "r2" else (0.9 if trial.loss == "mse" else 1.2)

    comparison = Comparison.ask("regression", ("mse", "mae"), protocol="tutorial")
    asked, anew = built(comparison, score), built(comparison, score, metric="r2")
    assert [s.loss for s in asked.standings] == ["mse", "mae"]
    assert [s.loss for s in anew.standings] == ["mae", "mse"]
    assert as_document(anew)["metric"] == {"key": "r2", "direction": "max"}
    assert anew.asked.comparison.metric == "r2"
    assert asked.asked.comparison.metric == "mae"


def test_another_metric_chooses_the_learning_rate_too() -> None:
    best_rate = {"accuracy": 0.001, "roc_auc": 0.03}

    def score(trial: Trial, metric: str, split: SplitName) -> float:
        return 0.9 if trial.learning_rate == best_rate.get(metric) else 0.5

    for metric, rate in best_rate.items():
        result = built(circles(protocol="fair"), score, metric=metric)
        assert {s.learning_rate for s in result.standings} == {rate}
        assert {s.mean for s in result.standings} == {0.9}


def test_before_every_rate_was_tried_none_is_at_the_edge_of_those_tried() -> None:
    def first_alone(trial: Trial) -> Status:
        return "done" if trial.learning_rate == RATES_TO_TUNE[0] else "queued"

    def every(trial: Trial) -> Status:
        return "done"

    for end, edge in ((first_alone, False), (every, True)):
        result = built(circles(protocol="fair", seeds=2), lambda trial, *_: 0.9 - trial.learning_rate, end)
        assert {s.learning_rate for s in result.standings} == {RATES_TO_TUNE[0]}
        assert {s.learning_rate_at_edge for s in result.standings} == {edge}
        assert any("may lie beyond" in note for note in notes(result)) == edge


@pytest.mark.parametrize(
    ("metric", "error"), [("acuracy", UnknownName), ("mae", DoesNotFit), ("keras2_accuracy", DoesNotFit)]
)
def test_a_metric_that_the_task_does_not_have_is_refused(metric: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=metric):
        built(circles(protocol="fair"), metric=metric)


def test_where_the_head_has_no_such_metric_the_loss_is_not_ranked_and_its_rate_is_chosen_by_the_tasks_own() -> None:
    def score(trial: Trial, metric: str, split: SplitName) -> float:
        return 0.9 if metric == "accuracy" and trial.learning_rate == 0.003 else 0.5

    result = built(circles(protocol="fair", metric="log_loss"), score)
    assert [s.loss for s in result.standings] == ["binary_crossentropy", "hinge", "squared_hinge"]
    for standing in result.standings[1:]:
        assert (standing.rank, standing.verdict, standing.mean, standing.ci) == (None, None, None, None)
        assert standing.scores["log_loss"] is None
        assert (standing.scores["accuracy"] or {})["test"] == summarise([0.9, 0.9])
        assert standing.learning_rate == 0.003
    assert result.standings[0].rank == 1
    assert result.sound


# The numbers, held to SciPy


def score_of(row: TrialRow, metric: str, split: SplitName) -> float:
    value = ((row.scores or {})[metric] or {})[split]
    assert value is not None
    return value


def recomputed(result: Report, share: float) -> dict[str, dict[str, Any]]:
    """Compute what the JSON says of each loss from the scores of its trials, by SciPy; `share` is n_test/n_train."""
    c, metric = result.asked.comparison, METRICS[result.asked.comparison.metric]
    sign = 1 if metric.direction == "max" else -1

    def table(split: SplitName, loss: str, rate: float, key: str = metric.key) -> np.ndarray:
        mine = [row for row in result.rows if (row.trial.loss, row.trial.learning_rate) == (loss, rate)]
        assert [row.trial.seed for row in mine] == list(range(c.seeds))
        return np.array([score_of(row, key, split) for row in mine])

    def interval(values: np.ndarray) -> tuple[float, float]:
        n = len(values)
        half = stats.t.ppf(0.975, n - 1) * values.std(ddof=1) * math.sqrt(1 / n + share)
        return values.mean() - half, values.mean() + half

    rates = dict.fromkeys(c.losses, c.learning_rates[0])
    if len(c.learning_rates) > 1:
        rates = {
            loss: max(c.learning_rates, key=lambda rate: sign * table("validation", loss, rate).mean())
            for loss in c.losses
        }
    judged = {loss: table("test", loss, rate) for loss, rate in rates.items()}
    best = max(c.losses, key=lambda loss: sign * judged[loss].mean())
    d = {loss: sign * (judged[best] - values) for loss, values in judged.items() if loss != best}
    rope = max(
        metric.rope * (abs(judged[best].mean()) if metric.relative else 1),
        (0.001 * (target_sd(result.judged()) or 0)) ** metric.power if metric.power else 0,
    )
    everything = np.stack([sign * values for values in judged.values()])[None]
    twin = Judged(everything, rope, levels_at(1), share)
    places = [loss for loss in judged if loss != best]
    expected: dict[str, dict[str, Any]] = {}
    for loss, values in judged.items():
        expected[loss] = {
            "rank": 1 + sum(sign * other.mean() > sign * values.mean() for other in judged.values()),
            "learning_rate": rates[loss],
            "learning_rate_at_edge": len(c.learning_rates) > 1 and rates[loss] in (min(RATES_TO_TUNE), 0.1),
            "mean": values.mean(),
            "sd": values.std(ddof=1),
            "ci": interval(values),
            "verdict": "best",
            "difference": None,
            "beaten": None,
        }
        if loss != best:
            place = places.index(loss)
            equal, worse = twin.equal[0, place], twin.worse[0, place]
            expected[loss] |= {
                "verdict": "equal" if equal else "worse" if worse else "open",
                "behind": worse,
                "difference": {
                    "mean": d[loss].mean(),
                    "ci": [twin.low[0, place], twin.high[0, place]],
                    "p": twin.p[0, place],
                },
                "beaten": np.mean(d[loss] > 0),
                "beaten_ci": stats.binomtest(int((d[loss] > 0).sum()), c.seeds).proportion_ci(method="wilson"),
            }
        expected[loss]["scores"] = {
            (key, split): table(split, loss, rates[loss], key)
            for key, scores in (result.rows[0].scores or {}).items()
            if METRICS[key].defined(LOSSES[loss]) and (METRICS[key].level is None or key == metric.key)
            for split in protocol_named(c.protocol).splits
        }
    return expected


TESTED_SHARE = {
    ("digits", "fair"): 359 / 1079,
    ("digit_images", "fair"): 359 / 1079,
    ("diabetes", "fair"): 88 / 266,
    ("breast_cancer", "fair"): 114 / 341,
    ("wine", "fair"): 36 / 106,
    ("iris", "fair"): 30 / 90,
}
"""n_test/n_train, where the same rows are split anew for each seed; 0 for the others."""

OTHER_METRICS = [
    *(("regression", "fair", "r2"), ("blobs", "fair", "log_loss"), ("digits", "fair", "brier")),
    *(("prices", "fair", "pinball_90"), ("claims", "fair", "d2_tweedie")),
]


@each(("task", "protocol", "metric"), [*((*pair, None) for pair in EVERY), *OTHER_METRICS])
def test_json_holds_the_numbers_that_scipy_gives(task: str, protocol: str, metric: str | None) -> None:
    result = built(Comparison.ask(task, protocol=protocol, metric=metric), drawn)
    expected = recomputed(result, TESTED_SHARE.get((task, protocol), 0))
    standings = as_document(result)["standings"]
    assert [one["rank"] for one in standings] == sorted(one["rank"] for one in expected.values())
    for standing in standings:
        wanted = expected[standing["loss"]]
        scores, difference, behind = wanted.pop("scores"), standing["difference"], wanted.pop("difference")
        assert standing["verdict"] == wanted.pop("verdict")
        for name, value in wanted.items():
            assert standing[name] == (None if value is None else pytest.approx(value, rel=1e-9)), name
        assert (difference is None) == (behind is None)
        for name, value in (behind or {}).items():
            assert difference[name] == pytest.approx(value, rel=1e-9, abs=1e-15), name
        for (key, split), values in scores.items():
            summary = standing["scores"][key][split]
            assert summary["mean"] == pytest.approx(values.mean(), rel=1e-9)
            assert summary["sd"] == pytest.approx(values.std(ddof=1), rel=1e-9)


def test_the_scores_that_scipy_is_asked_about_meet_worse_and_open_verdicts() -> None:
    standings = [s for pair in EVERY for s in built(Comparison.ask(pair[0], protocol=pair[1]), drawn).standings]
    assert {s.verdict for s in standings} == {"best", "worse", "open"}
    assert {s.seeds_to_settle is None for s in standings if s.verdict == "open"} == {True, False}
    assert {s.learning_rate_at_edge for s in standings} == {True, False}
    assert len({s.learning_rate for s in standings}) > 2


def test_the_sweep_holds_every_rate_with_what_validation_says_of_it() -> None:
    def end(trial: Trial) -> Status:
        return "diverged" if trial.learning_rate == 0.1 or (trial.learning_rate, trial.seed) == (0.03, 2) else "done"

    result = built(circles(protocol="fair", seeds=6), drawn, end)
    for standing in result.standings:
        assert [point.learning_rate for point in standing.sweep] == list(RATES_TO_TUNE)
        for point in standing.sweep:
            mine = [r for r in result.rows if r.trial.loss == standing.loss]
            mine = [r for r in mine if r.trial.learning_rate == point.learning_rate and r.status == "done"]
            values = [score_of(r, "accuracy", "validation") for r in mine]
            assert (point.ended, point.broken) == (6, 6 - len(values))
            assert point.mean == (pytest.approx(np.mean(values)) if values else None)
            assert point.sd == (pytest.approx(np.std(values, ddof=1)) if values else None)
            assert point.chosen == (point.learning_rate == standing.learning_rate)
        assert [(p.ended, p.broken) for p in standing.sweep][-2:] == [(6, 1), (6, 6)]


def test_a_rate_that_was_given_is_not_said_to_have_been_chosen() -> None:
    for comparison in (circles(), circles(protocol="fair", learning_rates=(0.5,))):
        for standing in built(comparison, drawn).standings:
            (point,) = standing.sweep
            assert (point.chosen, point.mean, point.sd, point.ended, point.broken) == (True, None, None, 2, 0)
            assert point.learning_rate == standing.learning_rate
            assert standing.learning_rate_at_edge is False


# Comparisons in one table


def test_comparable_comparisons_share_a_table_under_the_last_ones_number() -> None:
    every = [
        asked_for(circles("hinge", seeds=2), 1),
        asked_for(Comparison.ask("blobs", seeds=1), 2),
        asked_for(circles("squared_hinge", seeds=5, metric="roc_auc"), 3),
        asked_for(circles("hinge", seeds=2, epochs=4), 4),
    ]
    blobs, joined, longer = report.tables(every)
    assert (blobs, longer) == (every[1], every[3])
    assert joined.id == 3
    assert (joined.comparison.losses, joined.comparison.seeds) == (("hinge", "squared_hinge"), 5)
    assert joined.comparison.metric == "roc_auc"
    assert report.tables([]) == []


@pytest.mark.parametrize("other", [{"protocol": "tutorial"}, {"learning_rates": (0.01,)}, {"learning_rates": (1, 2)}])
def test_other_rates_or_another_protocol_are_another_table(other: dict[str, Any]) -> None:
    every = [asked_for(circles(protocol="fair"), 1), asked_for(circles(**{"protocol": "fair", **other}), 2)]
    assert report.tables(every) == every


def test_rows_of_a_table_are_those_that_its_comparison_asks_for() -> None:
    small = circles("hinge", protocol="fair", seeds=2, learning_rates=(0.01, 0.1))
    rows = [
        *rows_for(circles("hinge", "squared_hinge", protocol="fair", seeds=3)),
        *rows_for(circles("hinge", seeds=2)),
        *rows_for(circles("hinge", protocol="fair", seeds=2, epochs=4)),
        *rows_for(circles("hinge", protocol="fair", seeds=2, learning_rates=(0.5,))),
        *rows_for(circles("hinge", protocol="fair", seeds=2, device="cpu")),
        *rows_for(Comparison.ask("blobs", seeds=2, epochs=3)),
    ]
    result = report.rows_of(asked_for(small), rows)
    assert [row.trial for row in result] == list(small.trials())


def test_where_the_same_trial_is_there_from_an_older_engine_too_the_newer_one_stands() -> None:
    asked = circles("hinge", protocol="fair", seeds=2, learning_rates=(0.01,))
    older, newer = rows_for(asked), [msgspec.structs.replace(row, id=row.id + 100) for row in rows_for(asked)]
    assert report.rows_of(asked_for(asked), [*older, *newer]) == newer
