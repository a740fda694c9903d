"""Which trials of a report collapsed, as their stored scores tell: no network is loaded and no data are drawn."""

from array import array
from collections.abc import Iterable, Mapping, Sequence

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.metrics import CONSTANT, METRICS, metric_named
from lossterm.statistics.collapse import collapsed
from lossterm.statistics.sign_interval import median
from lossterm.store import TrialRow

HARDLY_MORE = 0.02
"""By how much balanced accuracy may be above that of one class, and an error below that of the constant prediction."""

HARDLY_ANOTHER = 0.05
"""By how much macro F1 may be above that of one class: as much as two rows in a hundred of another class bring."""


ERRORS = tuple(key for key, one in METRICS.items() if key == "mae" or (one.level is not None and one.power))
"""Metrics by which some constant is the best: the mean absolute error, and the loss of each quantile."""


def collapsed_trials(comparison: Comparison, judged: Mapping[str, Sequence[TrialRow]]) -> frozenset[int]:
    """Return the numbers of the judged trials, by loss, whose networks predict one class, or one number.

    Trials without the score that ranks are not compared, and so none of them. No trial did where no loss learns
    anything, or where the loss whose trials rank first does not: see `statistics.collapse`.
    """
    ranking = comparison.metric
    done = {loss: [row for row in rows if row.score(ranking, "test") is not None] for loss, rows in judged.items()}
    skills = {loss: [_skill(comparison, row) for row in rows] for loss, rows in done.items()}
    rows_tested = protocol_named(comparison.protocol).rows(comparison.record)["test"]
    gone = collapsed(skills, _first(comparison, done), rows_tested)
    return frozenset(row.id for loss, rows in done.items() for row, fell in zip(rows, gone[loss], strict=True) if fell)


def by_seed(rows: Iterable[TrialRow], numbers: frozenset[int], seeds: int) -> list[bool]:
    """Return for each seed whether its trial is one of these."""
    fell = {row.trial.seed for row in rows if row.id in numbers}
    return [seed in fell for seed in range(seeds)]


def ends_of_curves(
    rows: Iterable[TrialRow], numbers: frozenset[int], curves: "Mapping[int, array[float]]", columns: int, column: int
) -> tuple[tuple[int, float], ...]:
    """Return the last epoch of those of the trials that are among the numbers, with the value of a column there.

    `curves` are (epochs, columns) row by row. A median that is drawn may not show how these trials ended.
    """
    each = [curves[row.id] for row in rows if row.id in numbers and len(curves.get(row.id, ())) >= columns]
    return tuple(
        (len(values) // columns, values[len(values) // columns * columns - columns + column]) for values in each
    )


def _first(comparison: Comparison, done: Mapping[str, Sequence[TrialRow]]) -> str | None:
    """Return the loss with the best median score."""
    ranking = metric_named(comparison.metric)
    sign = 1 if ranking.direction == "max" else -1
    medians = {
        loss: sign * middle
        for loss, rows in done.items()
        if (middle := median([s for row in rows if (s := row.score(ranking.key, "test")) is not None])) is not None
    }
    return max(medians, key=lambda loss: medians[loss]) if medians else None


def _skill(comparison: Comparison, row: TrialRow) -> float | None:
    """Return by how much a trial is better than what is the same for every row; None where its scores do not tell."""
    if (classes := comparison.record.classes) is not None:
        return _skill_with_classes(row, classes)
    return _skill_with_numbers(row)


def _skill_with_classes(row: TrialRow, classes: int) -> float | None:
    """Return by how much balanced accuracy, or macro F1, is above that of one class; whichever is more.

    A network that has learnt next to nothing yet guesses all classes, with a balanced accuracy like that of one class.
    F1 tells the two apart: predicting one class with accuracy a has 2a/(1 + a) for that class, and 0 for all others.
    """
    balanced, f1, accuracy = (row.score(key, "test") for key in ("balanced_accuracy", "macro_f1", "accuracy"))
    if balanced is None or f1 is None or accuracy is None:
        return None
    one_class = 2 * accuracy / (1 + accuracy) / classes
    return max(balanced - 1 / classes - HARDLY_MORE, f1 - one_class - HARDLY_ANOTHER)


def _skill_with_numbers(row: TrialRow) -> float | None:
    """Return R², or what a trial gains by any error in units of the target, whichever is more.

    A loss may estimate the median or a quantile, and be worse than the mean by squared errors though it learnt a lot.
    So a trial is without skill only if no error, absolute or of any quantile, is below the constant prediction's.
    """
    r2 = row.score("r2", "test")
    errors = [(row.score(key, "test"), row.score(key, CONSTANT)) for key in ERRORS]
    gains = [1 - error / constant - HARDLY_MORE for error, constant in errors if error is not None and constant]
    return None if r2 is None or not gains else max(r2, *gains)
