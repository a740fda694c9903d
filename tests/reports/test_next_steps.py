"""Steps that a table suggests: what its sentence and notes say, ready to be asked for, with what it costs."""

from collections.abc import Callable

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.comparison.protocol import SplitName
from lossterm.reports.next_steps import NextStep, next_steps, seconds_a_training
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.reports.verdict import verdict
from tests.builders.reports import built, circles, done, ending

TWO = ("hinge", "squared_hinge")


def close(trial: Trial, metric: str, split: SplitName) -> float:
    """Score so that more seeds would settle it, at a best rate within the grid."""
    luck = (0.008, -0.003)[trial.seed % 2]
    return 0.9 - luck * TWO.index(trial.loss) - abs(trial.learning_rate - 0.01)


def rising(trial: Trial, metric: str, split: SplitName) -> float:
    """Score hinge the better the larger its rate."""
    gain = trial.learning_rate if trial.loss == "hinge" else -abs(trial.learning_rate - 0.01)
    return 0.5 + gain + 0.001 * (trial.seed % 2)


def table(score: Callable[[Trial, str, SplitName], float] = close, **settings: object) -> Report:
    rates = {"learning_rates": [0.003, 0.01, 0.03], "seeds": 4, "epochs": 20}
    return built(Comparison.ask("circles", TWO, **{**rates, **settings}), score)  # type: ignore[arg-type]


def steps(report: Report, *advised: str) -> dict[str, NextStep]:
    return {step.kind: step for step in next_steps(report, advised)}


def test_what_is_open_asks_for_the_seeds_that_the_sentence_names_first() -> None:
    report = table()
    assert f"~{report.seeds_to_settle} seeds would settle it" in verdict(report)
    first, *others = next_steps(report)
    assert first.comparison == report.settling
    assert first.kind == "seeds"
    more = (report.seeds_to_settle or 0) - 4
    assert first.what == f"{more} more seeds"
    assert first.seconds == pytest.approx(more * 2 * 3 * 0.25)
    assert first.words.startswith(f"{more} more seeds ≈ ")
    assert [step.kind for step in others] == ["race"]


def test_a_best_rate_at_the_edge_asks_for_the_rates_that_the_note_names() -> None:
    report = table(rising)
    (note,) = [line for line in notes(report) if "try lr" in line]
    step = steps(report)["rates"]
    assert step.comparison is not None
    assert step.what == "wider rates for hinge"
    assert sorted(step.comparison.rates_of("hinge")) == [0.003, 0.01, 0.03, 0.09, 0.3]
    assert note.endswith("try lr 0.003,0.01,0.03,0.09,0.3.")
    assert sorted(step.comparison.rates_of("squared_hinge")) == [0.003, 0.01, 0.03]
    assert step.comparison.comparable(report.asked.comparison)
    assert step.seconds == pytest.approx(2 * 4 * 0.25)


def test_curves_that_still_fall_ask_for_the_epochs_that_the_note_names() -> None:
    report = msgspec.structs.replace(table(), still_falling=("hinge",))
    step = steps(report)["epochs"]
    assert step.comparison is not None
    assert any("try 40 epochs" in line for line in notes(report))
    assert step.what == "40 epochs"
    assert step.comparison.hyperparameters.epochs == 40
    assert step.seconds == pytest.approx(24 * 2 * 0.25)
    most = msgspec.structs.replace(table(epochs=1_000_000), still_falling=("hinge",))
    assert "epochs" not in steps(most)
    assert not any("try 2000000" in line for line in notes(most))


def test_advised_losses_that_the_table_lacks_are_offered_with_its_seeds_and_rates() -> None:
    report = table()
    step = steps(report, "hinge", "binary_crossentropy")["losses"]
    assert step.comparison is not None
    assert step.what == "advised: binary_crossentropy"
    assert step.comparison.losses == (*TWO, "binary_crossentropy")
    assert step.comparison.rates_of("binary_crossentropy") == dict.fromkeys([0.003, 0.01, 0.03], 4)
    assert step.comparison.comparable(report.asked.comparison)
    assert step.comparison.size == 36
    assert "losses" not in steps(report, *TWO)
    assert "losses" not in steps(report, "mse")  # does not fit the task


def test_nothing_is_suggested_while_trials_are_to_come_or_were_stopped() -> None:
    for end in ("queued", "cancelled"):
        report = built(circles(*TWO, seeds=4), close, ending({("hinge", 3): end}))
        assert next_steps(report, ["binary_crossentropy"]) == ()


def test_the_cost_is_unknown_before_a_training_has_ended() -> None:
    assert seconds_a_training(()) is None
    assert seconds_a_training(built(circles(*TWO, seeds=2), close, done).rows) == 0.25
    assert NextStep(kind="seeds", what="2 more seeds", comparison=None).words == "2 more seeds"
    assert NextStep(kind="seeds", what="2 more seeds", comparison=None, seconds=0.2).words == "2 more seeds in a moment"
