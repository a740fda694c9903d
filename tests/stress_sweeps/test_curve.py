"""Sweeps made to measure: what is shown, said and written of scores that are known."""

import csv
import io
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.errors import UsageError
from lossterm.reports import report
from lossterm.reports.race_course import next_in_race
from lossterm.store import AskedComparison, Store, TrialRow
from lossterm.stress_axes import AXES, Axis, levels_from
from lossterm.stress_sweeps import document, nearby, wording
from lossterm.stress_sweeps.contamination import Contamination
from lossterm.stress_sweeps.curve import SweepCurve, curve_of
from lossterm.stress_sweeps.refinement import announced, refined
from lossterm.stress_sweeps.sweep import at_levels, sweeps
from lossterm.stress_sweeps.table import by_level, by_loss
from lossterm.tasks import task_named
from lossterm.text.json_text import as_json
from tests.builders.reports import End, as_document, asked_for, done, rows_for, strictly
from tests.builders.stores import fill

OUTLIERS = AXES["outliers"]
LEVELS = (0.01, 0.03, 0.1)
Error = Callable[[str, float, int], float]
"""`(loss, level, seed) -> mae`."""


def level_of(trial: Trial) -> float:
    return trial.severity.level if trial.severity else 0.0


def swept(
    *losses: str, axis: Axis = OUTLIERS, levels: Any = LEVELS, task: str = "regression", **more: Any
) -> list[Comparison]:
    settings = {"seeds": 5, "epochs": 3, "learning_rates": [0.01], **more}
    return list(at_levels(Comparison.ask(task, losses or ("mse", "mae"), **settings), axis, "", levels))


def asked(comparisons: list[Comparison]) -> list[AskedComparison]:
    return [asked_for(one, number) for number, one in enumerate(comparisons, 1)]


def rows(comparisons: list[Comparison], error: Error, end: End = done) -> list[TrialRow]:
    every: list[TrialRow] = []
    for comparison in comparisons:
        of_one = rows_for(comparison, lambda trial, *_: error(trial.loss, level_of(trial), trial.seed), end)
        every += [msgspec.structs.replace(row, id=len(every) + number) for number, row in enumerate(of_one, 1)]
    return every


def built(comparisons: list[Comparison], error: Error, end: End = done) -> SweepCurve:
    (sweep,) = sweeps(asked(comparisons))
    return curve_of(sweep, rows(comparisons, error, end))


ODD = {"mse": 0.0, "mae": 1.0, "huber": 2.5}


def known(loss: str, level: float, seed: int) -> float:
    """mse is better by .1 until 1 %, and gets worse by 20 for each unit; every seed a little otherwise."""
    luck = 0.01 * math.sin(7 * seed + ODD[loss])
    return {"mse": 1 + 20 * level, "mae": 1.3, "huber": 1.1 + 5 * level}[loss] + luck


# What is asked


def test_level_0_is_the_plain_comparison_whose_trials_are_shared() -> None:
    plain, *others = swept("mse", "mae")
    same = Comparison.ask("regression", ("mse", "mae"), seeds=5, epochs=3, learning_rates=[0.01])
    assert plain == same
    assert [trial.key for trial in plain.trials()] == [trial.key for trial in same.trials()]
    keys = {trial.key for one in others for trial in one.trials()}
    assert len(keys) == 3 * 5 * 2
    assert not keys & {trial.key for trial in plain.trials()}
    assert {trial.program for one in others for trial in one.trials()} == {trial.program for trial in plain.trials()}


def test_a_plain_trial_is_written_as_before_there_were_sweeps() -> None:
    (trial, *_) = swept("mse", "mae")[0].trials()
    assert b"severity" not in msgspec.json.encode(trial)
    stressed = next(swept("mse", "mae")[1].trials())
    assert msgspec.json.decode(msgspec.json.encode(stressed), type=Trial) == stressed


@pytest.mark.parametrize(
    ("losses", "settings", "says"),
    [
        (("mse",), {}, "A sweep compares losses, and mse is alone: add another with --loss."),
        (("mse", "mae"), {"protocol": "tutorial"}, "The protocol tutorial prepares its data in its own way"),
    ],
)
def test_what_is_no_sweep_is_refused(losses: tuple[str, ...], settings: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        swept(*losses, **settings)


def test_of_few_rows_the_usual_levels_begin_where_a_row_is_altered() -> None:
    levels = [one.severity.level for one in swept("mse", "mae", levels=None, task="diabetes") if one.severity]
    assert levels == [0.003, 0.01, 0.03, 0.1, 0.2]
    assert all(one.refines for one in swept("mse", "mae", levels=None)[1:])


def test_levels_are_no_tables_of_the_session() -> None:
    every = asked(swept("mse", "mae"))
    assert [one.id for one in report.tables(every)] == [1]
    assert len(report.tables(every, stressed=True)) == 4


def test_a_sweep_takes_of_a_larger_plain_table_its_own_losses() -> None:
    comparisons = swept("mse", "mae")
    more = Comparison.ask("regression", ("huber",), seeds=5, epochs=3, learning_rates=[0.01])
    (sweep,) = sweeps(asked([*comparisons, more]))
    curve = curve_of(sweep, rows([*comparisons, more], known))
    assert curve.losses == ("mse", "mae")
    assert curve.reports[0].asked.comparison.losses == ("mse", "mae")
    assert curve.levels == (0.0, *LEVELS)


def test_two_axes_are_two_sweeps_that_share_the_plain_table() -> None:
    one, two = swept("mse", "mae"), swept("mse", "mae", axis=AXES["leverage"])
    assert [sweep.axis.key for sweep in sweeps(asked([*one, *two[1:]]))] == ["outliers", "leverage"]


# What is made of it


def test_the_tipping_point_is_where_the_curves_cross() -> None:
    curve = built(swept("mse", "mae", levels=levels_from("0.01,0.03", OUTLIERS)), known)
    place = OUTLIERS.place(0.01) + (OUTLIERS.place(0.03) - OUTLIERS.place(0.01)) * 0.1 / 0.4
    found = curve.tipping_points["mae"]
    assert found is not None
    assert found.place == pytest.approx(place, abs=0.05)
    assert [step.loss for step in curve.steps] == ["mse", "mae"]
    assert curve.taken_at(0.001) == "mse"
    assert curve.taken_at(0.2) == "mae"
    assert curve.points["mae"][0].gain == pytest.approx(-0.3, abs=0.02)
    assert curve.points["mae"][0].band is not None
    assert curve.shown_ahead("mae", "mse")


def test_the_way_leads_over_a_loss_that_is_best_in_between() -> None:
    curve = built(swept("mse", "mae", "huber"), known)
    assert [step.loss for step in curve.steps] == ["mse", "huber", "mae"]
    assert wording.verdict(curve).startswith("mse until 0.32 % outliers in y [0.27 %, 0.44 %], then huber until 3.7 %")
    own = Contamination(level=0.012, by="residuals")
    assert wording.verdict(curve, own).endswith(", then mae; the data have about 1.2 %: huber.")


def test_none_overtakes_a_loss_that_holds() -> None:
    curve = built(
        swept("mse", "mae"), lambda loss, level, seed: {"mse": 1.0, "mae": 1.2}[loss] + 0.01 * (seed % 2) * level
    )
    assert wording.verdict(curve) == "mse holds: no tipping point up to 10 % outliers in y."
    assert wording.tipping_in_words(curve, "mae") == "none up to 10 % [none, none]"


def test_what_may_be_chance_is_no_tipping_point() -> None:
    curve = built(
        swept("mse", "mae"), lambda loss, level, seed: 1 + (0.2 - 0.15 * seed) * (loss == "mae") * (level > 0)
    )
    assert len(curve.steps) == 1
    assert "but not beyond chance" in wording.verdict(curve)


def test_of_a_loss_behind_from_the_start_that_is_said() -> None:
    curve = built(
        swept("mse", "mae"), lambda loss, level, seed: {"mse": 2.0, "mae": 1.0}[loss] + 0.01 * seed * (loss == "mse")
    )
    assert wording.verdict(curve) == "mse is behind from the start: mae."


def test_a_loss_that_diverges_everywhere_is_overtaken_there() -> None:
    def breaks(trial: Trial) -> Any:
        return "diverged" if trial.loss == "mse" and level_of(trial) > 0.05 else "done"

    curve = built(swept("mse", "mae"), lambda loss, level, seed: {"mse": 1.0, "mae": 1.2}[loss] + 0.01 * seed, breaks)
    found = curve.tipping_points["mae"]
    assert found is not None
    assert 0.03 < OUTLIERS.level_at(found.place) < 0.1
    assert "mse diverged on some seeds: 5 at 10 %." in wording.notes(curve)


def test_areas_are_of_the_loss_of_score_along_the_axis() -> None:
    curve = built(swept("mse", "mae"), lambda loss, level, seed: 1 + level * (loss == "mse"))
    mean, between = curve.areas["mse"] or (0.0, None)
    places = curve.places
    by_hand = sum(
        (b - a) * (x + y) / 2 for a, b, x, y in zip(places, places[1:], curve.levels, curve.levels[1:], strict=False)
    )
    assert mean == pytest.approx(by_hand / places[-1])
    assert between is not None
    assert curve.areas["mae"] is not None
    assert curve.areas["mae"][0] == 0


def test_a_table_for_each_level_names_who_is_best_and_tied() -> None:
    curve = built(swept("mse", "mae"), known)
    level, best, reference, gain = by_level(curve)
    assert level.values == ("0 %", "1 %", "3 %", "10 %")
    assert best.values == ("mse", "mse", "mae", "mae")
    assert reference.head == "mse mae"
    assert gain.head == "Δ mae"
    assert gain.values[0].startswith("−.298 [")
    assert by_loss(curve)[0].values == ("mse", "mae")


# Half of a sweep


def queued_after(most: float) -> End:
    return lambda trial: "done" if level_of(trial) <= most else "queued"


def test_a_sweep_that_was_stopped_half_way_shows_the_curve_so_far() -> None:
    def stopped(trial: Trial) -> Any:
        return "done" if level_of(trial) <= 0.01 else "cancelled"

    curve = built(swept("mse", "mae"), known, stopped)
    assert curve.partial
    assert wording.verdict(curve).startswith("So far (not all is trained): ")
    assert "Partial: 20 trainings stopped before the end." in wording.notes(curve)
    assert document.document(curve)["partial"] is True
    assert [leader is None for leader in curve.leaders] == [False, False, True, True]


def test_a_seed_that_was_not_trained_yet_counts_for_nothing() -> None:
    def first_alone(trial: Trial) -> Any:
        return "done" if trial.seed == 0 else "queued"

    point = built(swept("mse", "mae", seeds=10), known, first_alone).tipping_points["mae"]
    assert point is not None
    assert len(point.seeds) == 1
    assert point.interval is None


def test_of_a_plain_sweep_no_score_is_made_up() -> None:
    def some_levels(trial: Trial) -> Any:
        return "done" if trial.seed < 2 or level_of(trial) < 0.02 else "queued"

    curve = built(swept("mse", "mae"), known, some_levels)
    point = curve.tipping_points["mae"]
    assert point is not None
    assert [math.isinf(place) for place in point.seeds] == [False, False, True, True, True]


def test_before_any_score_there_is_nothing_to_say() -> None:
    curve = built(swept("mse", "mae"), known, queued_after(-1.0))
    assert wording.verdict(curve) == "So far (not all is trained): No level has a score yet."
    assert refined(curve) == []


# More levels


def test_more_levels_are_put_where_the_best_loss_changes_and_only_once() -> None:
    comparisons = swept("mse", "mae", levels=None)
    curve = built(comparisons, known)
    more = refined(curve)
    levels = [one.severity.level for one in more if one.severity]
    assert levels == [0.015, 0.021]
    assert (
        announced(curve, more) == "The best loss changes between two levels, so more are tried there: 1.5 % and 2.1 %."
    )
    assert refined(built([*comparisons, *more], known)) == []
    assert {one.seeds for one in more} == {5}


def test_chosen_levels_stay_what_they_are() -> None:
    assert refined(built(swept("mse", "mae"), known)) == []


def test_nothing_is_refined_while_trainings_are_missing() -> None:
    assert refined(built(swept("mse", "mae", levels=None), known, queued_after(0.1))) == []


# Races


def test_a_race_finds_the_tipping_point_of_the_whole_design() -> None:
    whole = swept("mse", "mae", "huber", seeds=10)
    raced = swept("mse", "mae", "huber", seeds=10, until="settled")
    finished = []
    for one in raced:
        comparison = one
        while True:
            shown = report.build(asked_for(comparison), rows([comparison], known))
            more = next_in_race(shown)
            if more is None:
                break
            comparison = more
        finished.append(comparison)
    assert sum(one.size for one in finished) < 0.75 * sum(one.size for one in whole)
    fixed, race = built(whole, known), built(finished, known)
    assert [step.loss for step in race.steps] == [step.loss for step in fixed.steps]
    for step, other in zip(fixed.steps, race.steps, strict=True):
        if step.until and other.until:
            assert other.until.place == pytest.approx(step.until.place, abs=0.25)
    assert any(note.startswith("Raced: ") for note in wording.notes(race))


# Forms

CURVE = built(swept("mse", "mae", "huber"), known)


def test_the_json_holds_no_number_that_is_none() -> None:
    whole = strictly(as_json(document.document(CURVE, Contamination(level=0.012, by="residuals"))))
    assert whole["levels"] == [0.0, *LEVELS]
    assert [step["loss"] for step in whole["steps"]] == ["mse", "huber", "mae"]
    assert whole["contamination"] == {"level": 0.012, "by": "residuals"}
    assert {one["loss"]: one["tipping_point"] and one["tipping_point"]["level"] for one in whole["losses"]} == {
        "mse": None,
        "mae": pytest.approx(0.0131, rel=0.01),
        "huber": pytest.approx(0.0032, rel=0.02),
    }
    assert len(whole["losses"][0]["levels"]) == 4
    none = built(swept("mse", "mae"), lambda loss, level, seed: {"mse": 1.0, "mae": 1.2}[loss] + 0.01 * seed)
    assert strictly(as_json(document.document(none)))["losses"][1]["tipping_point"]["level"] is None
    assert as_document(CURVE.reports[0])["task"]["key"] == "regression"


def test_the_csv_has_a_line_for_each_loss_and_level() -> None:
    lines = list(csv.DictReader(io.StringIO(document.as_csv([CURVE]))))
    assert len(lines) == 3 * 4
    assert {line["axis"] for line in lines} == {"outliers"}
    assert float(lines[4]["difference"]) == CURVE.points["mae"][0].gain


def test_markdown_plain_and_sentences_say_the_verdict() -> None:
    said = wording.verdict(CURVE)
    assert document.as_markdown(CURVE).startswith(f"**{said}**")
    assert said in document.as_plain(CURVE)
    lines = document.sentences(CURVE)
    assert said in lines
    assert lines[2].startswith("At 0 % mse is best")
    assert any(line.startswith("huber overtakes mse at 0.32 % [0.27 %, 0.44 %]") for line in lines)


# Data at hand


def test_data_near_a_stored_tipping_point_are_told_of_both_losses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lossterm.engine.fakes import fake_engine

    def tipped(trial: Trial) -> float:
        luck = 0.01 * ((trial.seed * (7 if trial.loss == "mse" else 5)) % 4)
        return {"mse": 0.3 + 5 * level_of(trial), "mae": 0.5}.get(trial.loss, 0.4) + luck

    monkeypatch.setattr(fake_engine, "_level", tipped)
    for one in swept("mse", "mae", task="diabetes"):
        fill(tmp_path / "lossterm.db", one)

    def has(level: float) -> None:
        monkeypatch.setattr(nearby, "contamination", lambda *_: Contamination(level=level, by="residuals"))

    with Store(tmp_path / "lossterm.db") as store:
        has(0.04)
        (said,) = nearby.near_tipping_points(store, task_named("diabetes"))
        assert re.search(
            r"says mse until [\d.]+ % outliers in y \[.*\], then mae, and the data have about 4 %: near", said
        )
        has(0.0)
        assert nearby.near_tipping_points(store, task_named("diabetes")) == []
        assert nearby.near_tipping_points(store, task_named("wine")) == []
