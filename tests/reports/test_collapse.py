"""Trials that collapsed and the constant prediction, in every form of a report."""

import csv
import io
import random

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.comparison.protocol import SplitName
from lossterm.metrics import CONSTANT
from lossterm.reports import csv_lines, markdown, plain_text, report, screen_reader, table
from lossterm.reports.cells import centre, trial_counts, verdict_in_words
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.reports.verdict import short_verdict, verdict
from lossterm.store import TrialRow, TrialScores
from tests.builders.reports import as_document, asked_for, built, circles, flat, raced, rows_for

TWO = ("binary_crossentropy", "hinge")


def learnt(trial: Trial, metric: str, split: SplitName) -> float:
    """Accuracies around .84, .5 where `fell` says that the trial collapsed."""
    if fell(trial) and metric == "accuracy":
        return 0.5
    return (
        0.845
        - 0.003 * (trial.loss == "hinge")
        + random.Random(f"{trial.loss} {trial.seed} {metric} {split}").gauss(0, 0.001)
    )


def fell(trial: Trial) -> bool:
    return trial.loss == "hinge" and trial.seed == 3


def often(trial: Trial) -> bool:
    return trial.loss == "hinge" and trial.seed % 2 == 0


ONE_FELL = built(circles(*TWO, seeds=5), learnt, collapse=fell, constant=0.5)


def standing_of(shown: Report, loss: str) -> report.Standing:
    return next(standing for standing in shown.standings if standing.loss == loss)


# Collapsed trials


def test_one_network_of_five_that_predicts_one_class_is_told_and_does_not_move_the_score() -> None:
    hinge = standing_of(ONE_FELL, "hinge")
    assert verdict(ONE_FELL).endswith("; hinge predicts one class on 1 of 5 seeds.")
    assert short_verdict(ONE_FELL).endswith("; hinge collapsed 1/5")
    assert centre(hinge).startswith("0.84")
    assert centre(hinge).split()[1] == "[.500,"
    assert trial_counts(hinge) == "5/5, collapsed 1/5"
    assert trial_counts(hinge, short=True) == "5/5 col 1"
    assert "hinge on 1 of 5 seeds [.04, .62]." in "\n".join(notes(ONE_FELL))
    assert any("can hardly be found by 30 seeds" in note for note in notes(ONE_FELL))
    assert "Ranked by median test accuracy" in notes(ONE_FELL)[0]
    assert verdict_in_words(hinge).endswith(" ◇")


def test_in_a_race_they_are_counted_and_told_and_means_go_on_ranking() -> None:
    asked = Comparison.ask("circles", TWO, epochs=3, learning_rates=[0.01, 0.03], until="settled", seeds=20)
    last = raced(asked, learnt, collapse=fell, constant=0.5)[-1]
    hinge = standing_of(last, "hinge")
    assert (hinge.collapsed, last.by_median, as_document(last)["ranked_by"]) == (1, False, "mean")
    assert trial_counts(hinge).endswith(f"collapsed 1/{hinge.done}")
    assert f"hinge predicts one class on 1 of {hinge.done} seeds" in verdict(last)
    assert "A race goes by means, collapsed seeds included; without --until settled medians would rank." in notes(last)
    assert {row.trial.seed for row in last.rows if row.id in last.collapsed} == {3}


def test_every_form_tells_of_it() -> None:
    document = as_document(ONE_FELL)
    hinge = next(one for one in document["standings"] if one["loss"] == "hinge")
    assert (document["ranked_by"], hinge["collapsed"], hinge["sound_pairs"]) == ("median", 1, 4)
    assert hinge["collapsed_ci"] == [pytest.approx(0.036, abs=1e-3), pytest.approx(0.624, abs=1e-3)]
    heads, *lines = csv_lines.as_csv([ONE_FELL]).split("\n")
    cells = next(dict(zip(heads.split(","), line.split(","), strict=True)) for line in lines if ",hinge," in line)
    assert cells["collapsed"] == "1"
    assert cells["median"].startswith("0.8")
    assert "collapsed 1/5" in markdown.as_markdown(ONE_FELL)
    assert "collapsed 1/5" in plain_text.as_plain(ONE_FELL)
    told = "\n".join(screen_reader.lines(ONE_FELL, {}))
    assert "hinge, with median test accuracy 0.84" in told
    assert "with 5 of 5 trials done and 1 collapsed." in told
    assert "◇" not in told


def test_the_other_columns_hold_medians_too() -> None:
    columns = {column.head: column.values for column in table.columns_of(ONE_FELL)}
    row = [standing.loss for standing in ONE_FELL.standings].index("hinge")
    assert float(columns["balanced_accuracy"][row]) > 0.8
    scores = standing_of(ONE_FELL, "hinge").scores["balanced_accuracy"]
    assert scores is not None
    assert scores["test"] is not None
    assert (scores["test"].mean or 0) < 0.83  # which the JSON keeps


def test_a_loss_that_collapses_beyond_chance_is_said_to_in_every_form() -> None:
    shown = built(circles(*TWO, seeds=20), learnt, collapse=often, constant=0.5)
    assert "hinge collapses more often than binary_crossentropy, 10 of 20 seeds" in verdict(shown)
    assert verdict_in_words(standing_of(shown, "hinge")).endswith("collapses more often")
    assert "it is " in "\n".join(screen_reader.lines(shown, {}))
    assert "collapses more often than the best" in "\n".join(screen_reader.lines(shown, {}))
    assert not any("can hardly be found" in note for note in notes(shown))


def test_a_loss_that_collapsed_on_every_seed_is_no_gap_in_the_sentences() -> None:
    shown = built(
        circles(*TWO, seeds=6),
        lambda trial, *which: 0.5 if trial.loss == "hinge" else learnt(trial, *which),
        collapse=lambda trial: trial.loss == "hinge",
    )
    assert "hinge collapses more often than binary_crossentropy, 6 of 6 seeds" in verdict(shown)
    assert "collapses more often" in short_verdict(shown)
    assert "it is collapses" not in "\n".join(screen_reader.lines(shown, {}))
    assert shown.settling is None


def test_the_column_of_trials_stays_in_narrow_tables() -> None:
    columns, _ = table.fit_to(ONE_FELL, 80, between=2)
    assert any("col 1" in value or "collapsed 1" in value for column in columns for value in column.values)


def test_where_no_loss_learns_anything_none_collapsed() -> None:
    shown = built(circles(*TWO, seeds=5), lambda *_: 0.5, collapse=lambda _: True, constant=0.5)
    assert not shown.by_median
    assert verdict(shown).startswith("No loss beats the constant prediction (test accuracy: constant 0.5000, ")


def test_a_loss_that_is_not_ranked_does_not_turn_the_table_to_medians() -> None:
    asked = circles(*TWO, seeds=5, metric="log_loss")
    shown = built(
        asked, lambda trial, metric, split: 0.3 if metric == "log_loss" else 0.84, collapse=fell, constant=0.7
    )
    assert standing_of(shown, "hinge").rank is None
    assert not shown.by_median
    assert markdown.as_markdown(shown)


def test_a_network_that_still_guesses_all_classes_did_not_collapse() -> None:
    def guessing(trial: Trial, metric: str, split: SplitName) -> float:
        return 0.5 if trial.loss == "hinge" else learnt(trial, metric, split)

    assert built(circles(*TWO, seeds=5), guessing, constant=0.5).collapsed == frozenset()
    assert built(circles(*TWO, seeds=5), guessing, collapse=lambda trial: trial.loss == "hinge").collapsed


def test_where_accuracy_rewards_the_largest_class_the_loss_that_predicts_it_did_not_collapse() -> None:
    def score(trial: Trial, metric: str, split: SplitName) -> float:
        return 0.95 if trial.loss == "hinge" else 0.85

    shown = built(circles(*TWO, seeds=5), score, collapse=lambda trial: trial.loss == "hinge", constant=0.95)
    assert (shown.standings[0].loss, shown.collapsed) == ("hinge", frozenset())
    assert any("--metric balanced_accuracy" in note for note in notes(shown))


# Regressions, whose networks may predict another number than the mean


def regression(skills: dict[str, dict[str, float]]) -> Report:
    """A report of three seeds of losses with these scores by metric; the constant prediction has 1 by all errors."""
    comparison = Comparison.ask("regression", list(skills), seeds=3, protocol="tutorial", epochs=3)
    rows = rows_for(comparison, flat, constant=1.0)

    def scored(row: TrialRow) -> TrialRow:
        scores: TrialScores = {
            metric: {
                **dict.fromkeys(("train", "test"), skills[row.trial.loss].get(metric, 1.2)),
                CONSTANT: 1.0,
            }
            for metric in row.scores or {}
        }
        return msgspec.structs.replace(row, scores=scores)

    return report.build(asked_for(comparison), map(scored, rows))


GOOD = {"mae": 0.2, "r2": 0.9, "mse": 0.1}


def test_a_network_that_is_no_better_than_a_constant_by_any_error_collapsed() -> None:
    shown = regression({"mse": GOOD, "mae": {"mae": 0.99, "r2": -0.01}})
    assert [standing.collapsed for standing in shown.standings] == [0, 3]
    assert "predicts one number" in verdict(shown) or "collapses" in verdict(shown)


def test_a_loss_that_estimates_something_else_than_the_mean_did_not_collapse() -> None:
    for better in ({"mae": 0.7}, {"pinball_90": 0.5}, {"r2": 0.01}):
        shown = regression({"mse": GOOD, "mae": {"mae": 1.5, "r2": -0.5, **better}})
        assert shown.collapsed == frozenset(), better


def test_trials_that_were_stored_without_the_constant_prediction_are_not_called_collapsed() -> None:
    comparison = Comparison.ask("regression", ["mse", "mae"], seeds=3, protocol="tutorial", epochs=3)
    shown = built(comparison, lambda trial, metric, split: -0.1 if metric == "r2" else 1.0)
    assert shown.collapsed == frozenset()
    assert shown.constant is None


# The constant prediction


def test_the_constant_prediction_is_the_last_line_of_every_table_and_no_standing() -> None:
    for column in table.columns_of(ONE_FELL):
        assert len(column.values) == len(ONE_FELL.standings) + 1
    columns = {column.head: column.values[-1] for column in table.columns_of(ONE_FELL)}
    assert (columns["loss"], columns["accuracy test"], columns["balanced_accuracy"]) == ("constant", "0.5000", "0.5000")
    assert (columns["#"], columns["verdict"], columns["trials"]) == ("", "", "")
    assert markdown.as_markdown(ONE_FELL).count("| constant |") == 1
    assert any(line.startswith("   constant") for line in plain_text.as_plain(ONE_FELL).split("\n"))
    document = as_document(ONE_FELL)
    assert document["constant"]["beaten"] is True
    assert document["constant"]["scores"]["accuracy"] == {"mean": 0.5, "sd": 0.0}
    assert all(standing["loss"] != CONSTANT for standing in document["standings"])
    for line in csv.DictReader(io.StringIO(csv_lines.as_csv([ONE_FELL])), strict=True):
        assert line["constant"] == ("0.5" if line["split"] == "test" else "")
    told = "\n".join(screen_reader.lines(ONE_FELL, {}))
    assert "The constant prediction has mean test accuracy 0.5000. The best loss is better." in told


def test_a_report_without_any_trial_has_no_such_line() -> None:
    shown = report.build(asked_for(circles(*TWO)), [])
    assert shown.constant is None
    assert all(len(column.values) == 2 for column in table.columns_of(shown))


@pytest.mark.parametrize(("metric", "what"), [("accuracy", "largest class"), ("log_loss", "shares of the classes")])
def test_the_notes_say_what_it_predicts(metric: str, what: str) -> None:
    shown = built(circles("binary_crossentropy", metric=metric), learnt, constant=0.5)
    assert f"constant: predicts the {what} of the training rows, whatever the features are." in notes(shown)


def test_a_lead_that_is_within_luck_does_not_beat_it() -> None:
    def around(lead: float) -> Report:
        def score(trial: Trial, *_: str) -> float:
            return 0.5 + lead + (0.02 if trial.seed % 2 else -0.02)

        return built(circles(*TWO, seeds=6), score, constant=0.5)

    none, unsure = (
        "No loss beats the constant prediction",
        "It is not certain that a loss beats the constant prediction",
    )
    for lead, words in ((0.3, ""), (0.03, ""), (0.01, unsure), (0.0, none), (-0.1, none)):
        shown = around(lead)
        assert shown.constant is not None
        assert shown.constant.beaten is (not words), lead
        for said in (none, unsure):
            assert verdict(shown).startswith(f"{said} (test accuracy: constant 0.5000, ") is (said == words), lead
            assert short_verdict(shown).startswith(f"{said}. ") is (said == words), lead
