"""Losses that were still learning at the end: named from their curves, and doubted in the notes."""

from array import array

import numpy as np

from lossterm.reports.levelling import with_curves
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.store import TrialRow
from tests.builders.reports import End, as_document, built, circles, done, ending

EPOCHS = 100
AS_FAR = np.arange(1, EPOCHS + 1) / EPOCHS


def level() -> np.ndarray:
    """A loss that stops falling half way."""
    return np.maximum(1 - 2 * AS_FAR, 0.0)


def falling() -> np.ndarray:
    """A loss that falls to the end."""
    return 1 - AS_FAR


def curves_of(report: Report, test: dict[str, np.ndarray], columns: int = 4) -> "dict[int, array[float]]":
    """Return curves of train and test for every trial, (epochs, columns) row by row; all but the loss on test fall."""

    def curve(row: TrialRow) -> "array[float]":
        values = np.repeat(falling()[:, None], columns, axis=1)
        values[:, 2] = test[row.trial.loss]
        return array("f", values.ravel().tolist())

    return {row.id: curve(row) for row in report.rows}


def report_of(*losses: str, end: End = done) -> Report:
    return built(circles(*losses, seeds=4, epochs=EPOCHS), end=end)


def test_who_still_falls_is_named_with_the_epochs_to_try() -> None:
    report = report_of("hinge", "squared_hinge")
    seen = with_curves(report, curves_of(report, {"hinge": falling(), "squared_hinge": level()}))
    assert seen.still_falling == ("hinge",)
    assert (
        "Not levelled off after 100 epochs: hinge (on test, down by more than 5 % of the whole way in the last tenth). "
        "The order may change: try 200 epochs." in notes(seen)
    )
    assert as_document(seen)["still_falling"] == ["hinge"]


def test_level_noisy_and_rising_curves_are_no_reason_to_doubt() -> None:
    report = report_of("hinge", "squared_hinge", "exponential")
    noisy = level() + np.random.default_rng(0).normal(0, 0.1, EPOCHS)
    ends = {"hinge": level(), "squared_hinge": noisy, "exponential": np.abs(AS_FAR - 0.5)}
    assert with_curves(report, curves_of(report, ends)).still_falling == ()
    constant = {loss: np.ones(EPOCHS) for loss in ends}
    assert with_curves(report, curves_of(report, constant)).still_falling == ()


def test_one_seed_of_three_that_were_trained_is_not_enough_and_what_diverged_is_left_out() -> None:
    report = report_of("hinge", end=ending({("hinge", 1): "diverged"}))
    curves = curves_of(report, {"hinge": level()})
    (first,) = [row.id for row in report.rows if row.trial.seed == 0]
    curves[first] = curves_of(report, {"hinge": falling()})[first]
    (diverged,) = [row.id for row in report.rows if row.status == "diverged"]
    curves[diverged] = array("f", [float("nan")] * 4)
    assert with_curves(report, curves).still_falling == ()


def test_nothing_is_said_while_trials_wait_nor_without_curves_nor_of_a_single_epoch() -> None:
    waiting = report_of("hinge", end=ending({("hinge", 1): "queued"}))
    assert with_curves(waiting, curves_of(waiting, {"hinge": falling()})).still_falling == ()
    ended = report_of("hinge")
    assert with_curves(ended, {}).still_falling == ()
    assert with_curves(ended, {row.id: array("f", [1.0] * 4) for row in ended.rows}).still_falling == ()


def test_curves_that_viewers_keep_tell_the_same() -> None:
    report = report_of("hinge")
    curves = curves_of(report, {"hinge": falling()})
    assert with_curves(report, curves, followed=True) == with_curves(report, curves)
