"""Which losses were still learning when their trainings ended: with more epochs their order may be another."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.curve_layout import CurveLayout
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS
from lossterm.reports.curve_shape import LAST_SHARE, NOTICEABLE
from lossterm.reports.report import Report

EPOCHS = HYPERPARAMETERS["epochs"]
"""The setting that such losses may need more of."""


def with_curves(report: Report, curves: "Mapping[int, array[float]]", *, followed: bool = False) -> Report:
    """Return a report that names the losses whose curves had not levelled off; itself while trials are trained.

    `curves` are (epochs, columns) row by row, of these trials and perhaps others, with all columns, or those that
    viewers keep if `followed`. A loss is named where its trials, by the median, went down on held-out rows by more than
    NOTICEABLE of their whole way from one tenth of the epochs to the next, the last.
    """
    if report.pending:
        return report
    protocol = protocol_named(report.asked.comparison.protocol)
    layout = protocol.followed if followed else protocol.curves
    column = layout.column(protocol.held_out, "loss")
    falls: dict[str, list[float]] = {}
    for row in report.judged():
        if row.status == "done" and len(curve := curves.get(row.id, ())) >= 2 * layout.columns:
            falls.setdefault(row.trial.loss, []).append(_last_fall(_column(curve, layout, column)))
    falling = tuple(s.loss for s in report.standings if s.loss in falls and median(falls[s.loss]) > NOTICEABLE)
    return msgspec.structs.replace(report, still_falling=falling)


def all_with_curves(reports: Iterable[Report], curves: "Mapping[int, array[float]]") -> list[Report]:
    """Return the same of each of several reports, whose curves have all columns."""
    return [with_curves(report, curves) for report in reports]


def longer(report: Report) -> Comparison | None:
    """Return the comparison with the epochs to try where losses had not levelled off: twice as many; None elsewhere."""
    comparison = report.asked.comparison
    epochs = 2 * comparison.hyperparameters.epochs
    if not report.still_falling or (EPOCHS.range and not EPOCHS.range.holds(epochs)):
        return None
    return msgspec.structs.replace(
        comparison, hyperparameters=msgspec.structs.replace(comparison.hyperparameters, epochs=epochs)
    )


def _column(curve: "Sequence[float]", layout: CurveLayout, column: int) -> "Sequence[float]":
    return curve[column : len(curve) // layout.columns * layout.columns : layout.columns]


def _last_fall(values: "Sequence[float]") -> float:
    """Return how far a curve fell from the last tenth but one to the last, as a share of its whole range; 0 if level.

    Means of both, since single epochs are noisy. A value that is not finite makes it 0: that is no end to be doubted.
    """
    tenth = max(1, len(values) // LAST_SHARE)
    way = max(values) - min(values)
    fall = fmean(values[-2 * tenth : -tenth]) - fmean(values[-tenth:])
    return fall / way if 0 < way < float("inf") else 0.0
