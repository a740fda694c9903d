"""Looks at a task's data before training: one draw of them, or all rows of a user table."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lossterm.charts.axes import LARGEST, brief, scale_for
from lossterm.comparison.evidence import correlation, far_out, ranks
from lossterm.comparison.first_look import FirstLook
from lossterm.data import Data
from lossterm.data.codes import possible_codes
from lossterm.data.leak import leaks_in_words
from lossterm.data.similar_classes import similar_in_words
from lossterm.figures.shaped_look import shaped_look
from lossterm.metrics import METRICS, PRIMARY, Outcome, constant_outcome
from lossterm.tasks import Task, table_of
from lossterm.text.harmless import clipped
from lossterm.text.numbers import counted, listed

MOST_VALUES = 1000
"""Targets that are kept."""

MOST_POINTS = 600
"""Points of the scatter."""

MOST_FEATURES = 200
"""Features among which the most telling one is looked for."""

MOST_NAMED = 3
"""Rows, columns and classes that a sentence names."""

FAR = 5.0
"""Deviations, as the middle half of the values tells them, beyond which a value lies far out."""

SMALL_CLASS = 30
"""Rows of a class below which its scores vary much from split to split."""

UNEQUAL = 0.8
"""Share of the rows of the largest class from which accuracy says little."""


class _Rows:
    """One draw of a task's data, with the names that a user table has for them."""

    def __init__(self, task: Task, data: Data | None) -> None:
        self.task, self.data = task, data
        self.features, self.target = task.draw(0)
        table = table_of(data) if data else None
        columns = table.columns if table else ()
        self.names = [one.name for one in columns] or [f"x{place + 1}" for place in range(self.features.shape[1])]
        self.numeric = [place for place in range(len(self.names)) if not columns or columns[place].kind != "category"]
        self.origins = [one.origin for one in columns] or [0.0] * len(self.names)
        self.numbers = table.rows if table else None
        self.target_name = data.asked.predicted if data else "target"

    def column(self, place: int) -> np.ndarray:
        """Return a feature in the file's units, (rows,), NaN where missing."""
        return np.asarray(self.features[:, place], np.float64) + self.origins[place]

    def row(self, place: int) -> int:
        """Return the number of a row in its file, or in the draw, counted from 1."""
        return int(self.numbers[place]) if self.numbers is not None else place + 1


def first_look(task: Task, data: Data | None = None) -> FirstLook:
    """Look at a task's data; `data` is the record of the user table that it is on. Raises DataError as `load` does."""
    if task.shaped:
        doubts = leaks_in_words(data.leaks, data.asked) if data else ()
        return shaped_look(task, data.asked.predicted if data else "target", doubts)
    rows = _Rows(task, data)
    labels = task.labels or tuple(map(str, range(task.classes or 0)))
    across, up, points = _scatter(rows)
    return FirstLook(
        task=task.key,
        kind=task.kind,
        target=clipped(rows.target_name),
        rows=len(rows.target),
        values=_values(rows.target) if not task.classes else (),
        classes=tuple((clipped(labels[one]), int(count)) for one, count in enumerate(_counts(rows))),
        across=across,
        up=up,
        points=points,
        said=tuple(_said(rows, labels)),
        doubts=tuple(_doubts(rows, labels)),
    )


def _counts(rows: _Rows) -> np.ndarray:
    classes = rows.task.classes
    return np.bincount(rows.target, minlength=classes) if classes else np.zeros(0, np.int64)


def _values(target: np.ndarray) -> tuple[float, ...]:
    steps = np.linspace(0, 1, min(len(target), MOST_VALUES))
    return tuple(float(f"{value:.6g}") for value in np.quantile(target, steps, method="nearest"))


# The scatter


def _scatter(rows: _Rows) -> tuple[str, str, tuple[tuple[float, float, int], ...]]:
    """Return the names of both axes and the points: the target over its most telling feature, or two for classes."""
    telling = _most_telling(rows)
    if not telling or (rows.task.classes and len(telling) < 2):
        return "", "", ()
    x = rows.column(telling[0])
    y = rows.column(telling[1]) if rows.task.classes else np.asarray(rows.target, np.float64)
    there = np.flatnonzero((np.abs(x) < LARGEST) & (np.abs(y) < LARGEST))
    if len(there) > MOST_POINTS:  # the rows at the ends are those that a person must see
        ends = there[np.argsort(y[there])[[0, 1, -2, -1]]]
        chosen = np.random.default_rng(0).choice(there, MOST_POINTS, replace=False)
        there = np.union1d(chosen, ends)
    group = rows.target if rows.task.classes else np.zeros(len(rows.target), np.int64)
    points = tuple((float(f"{x[one]:.5g}"), float(f"{y[one]:.5g}"), int(group[one])) for one in there)
    up = rows.names[telling[1]] if rows.task.classes else rows.target_name
    return clipped(rows.names[telling[0]]), clipped(up), points


def _most_telling(rows: _Rows) -> list[int]:
    """Return the places of the features that know most of the target, by rank correlation or by how classes differ."""
    if rows.task.classes and rows.task.features == 2:
        return [0, 1]
    tells = {place: _tells(rows.column(place), rows) for place in rows.numeric[:MOST_FEATURES]}
    return sorted((place for place, known in tells.items() if known > 0), key=lambda place: -tells[place])


def _tells(x: np.ndarray, rows: _Rows) -> float:
    """Return how much of the target a feature tells, 0 to 1, by ranks."""
    there = np.isfinite(x)
    if there.sum() < 3:
        return 0.0
    x, y = ranks(x[there]), rows.target[there]
    if not rows.task.classes:
        return abs(correlation(x, ranks(y)))
    sums, counts = np.bincount(y, x), np.maximum(np.bincount(y), 1)
    between = float((counts * (sums / counts - x.mean()) ** 2).sum())
    return between / max(float(((x - x.mean()) ** 2).sum()), 1e-300)


# Sentences


def _said(rows: _Rows, labels: Sequence[str]) -> Iterator[str]:
    task, target = rows.task, rows.target
    inputs = counted(task.features, "input")
    drawn = "" if task.finite else " in a draw"
    if task.classes:
        yield f"{counted(len(target), 'row')}{drawn}, {inputs}; {counted(task.classes, 'class', 'classes')}."
    else:
        low, middle, high = (brief(float(one)) for one in np.quantile(target, (0, 0.5, 1)))
        name = clipped(rows.target_name)
        size = f"{counted(len(target), 'row')}{drawn}, {inputs}"
        yield f"{size}; {name} is from {low} to {high}, half of it below {middle}."
    yield _constant(rows, labels)


def _constant(rows: _Rows, labels: Sequence[str]) -> str:
    """Say what the constant prediction scores on the rows themselves."""
    metric = METRICS[PRIMARY[rows.task.kind]]
    blank = np.zeros((len(rows.target), rows.task.classes)) if rows.task.classes else None
    given = Outcome(target=rows.target, prediction=rows.target, decision=blank)
    constant: Any = constant_outcome(np, metric, given, given)
    if rows.task.classes:
        share = float((constant.prediction == rows.target).mean())
        named = clipped(labels[int(constant.prediction[0])])
        return f"Always {named!r}, the constant prediction, is right in {100 * share:.0f} %: a loss has to beat that."
    value = float(constant.prediction[0])
    error = brief(float(np.abs(rows.target - value).mean()))
    return f"The constant prediction, {brief(value)}, has a {metric.key} of {error}: a loss has to beat that."


def _doubts(rows: _Rows, labels: Sequence[str]) -> Iterator[str]:
    if rows.data is not None:
        yield from leaks_in_words(rows.data.leaks, rows.data.asked)
    if rows.task.classes:
        yield from similar_in_words(labels, _counts(rows))
        yield from _of_sizes(labels, _counts(rows))
    else:
        possible = possible_codes(clipped(rows.target_name), np.asarray(rows.target, np.float64))
        yield from (one.sentence for one in possible)
        yield from _of_far_targets(rows)
    yield from _of_missing(rows)
    yield from _of_far_cells(rows)


def _of_sizes(labels: Sequence[str], counts: np.ndarray) -> Iterator[str]:
    largest, total = int(counts.argmax()), int(counts.sum())
    if counts[largest] > UNEQUAL * total:
        yield (
            f"{clipped(labels[largest])!r} is {100 * counts[largest] / total:.0f} % of the rows: rank by "
            "balanced_accuracy, since accuracy says little then."
        )
    small = [one for one in np.argsort(counts, kind="stable") if counts[one] < SMALL_CLASS]
    if small:
        named = [f"{clipped(labels[one])!r} ({counts[one]:,})" for one in small[:MOST_NAMED]]
        more = [f"{len(small) - MOST_NAMED} more"] if len(small) > MOST_NAMED else []
        yield f"Few rows of {listed([*named, *more])}: their scores vary much from split to split."


def _of_far_targets(rows: _Rows) -> Iterator[str]:
    """Name the targets far out, after logarithms where these suit the targets better."""
    values = np.asarray(rows.target, np.float64)
    logged = scale_for(values) == "log"
    far = _far(np.log(values) if logged else values)
    if len(far) and far_out(values) > 0:
        named = [f"{brief(values[one])} in row {rows.row(one):,}" for one in far[:MOST_NAMED]]
        of = " of their logarithms" if logged else ""
        share = 100 * len(far) / len(values)
        yield (
            f"{counted(len(far), 'target')} ({share:.2g} %) {'lies' if len(far) == 1 else 'lie'} beyond {FAR:g} "
            f"deviations{of}: {_and_so_on(named, len(far))}. Losses that square errors follow these rows."
        )


def _far(values: np.ndarray) -> np.ndarray:
    """Return the places of the values far out, the farthest first."""
    there = np.isfinite(values)
    middle = float(np.median(values[there])) if there.any() else 0.0
    off = np.where(there, np.abs(values - middle), 0.0)
    spread = 1.4826 * float(np.median(off[there])) if there.any() else 0.0
    far = np.flatnonzero(off > FAR * spread) if spread > 0 else np.zeros(0, np.int64)
    return far[np.argsort(-off[far], kind="stable")]


def _and_so_on(named: Sequence[str], count: int) -> str:
    return ", ".join([*named, "…"] if count > len(named) else named)


def _of_missing(rows: _Rows) -> Iterator[str]:
    shares = {}
    for place, name in enumerate(rows.names):
        share = float(np.isnan(np.asarray(rows.features[:, place], np.float64)).mean())
        if share:
            shares[name] = share
    if shares:
        most = sorted(shares, key=lambda name: -shares[name])
        named = [f"{clipped(name)} {_percent(shares[name])}" for name in most[: 2 * MOST_NAMED]]
        more = [f"{len(most) - len(named)} more columns"] if len(most) > len(named) else []
        yield f"Missing cells: {listed([*named, *more])}."


def _percent(share: float) -> str:
    return "<1 %" if share < 0.01 else f"{100 * share:.0f} %"


def _of_far_cells(rows: _Rows) -> Iterator[str]:
    """Name the columns with single cells that are much farther out than a long tail explains."""
    found: list[tuple[int, str]] = []
    for place in rows.numeric[:MOST_FEATURES] if rows.data else ():
        column = rows.column(place)
        there = column[np.isfinite(column)]
        if len(there) < 2 or scale_for(there) != "linear":
            continue
        far = _far(column)
        if len(far) and len(far) <= max(1, 0.02 * len(there)):
            first = f"{brief(column[far[0]])} in row {rows.row(int(far[0])):,}"
            found.append((len(far), f"{clipped(rows.names[place])} {len(far)} (first {first})"))
    if found:
        named = [words for _, words in sorted(found, key=lambda one: -one[0])[:MOST_NAMED]]
        more = [f"{len(found) - MOST_NAMED} more columns"] if len(found) > MOST_NAMED else []
        yield f"Cells beyond {FAR:g} deviations: {listed([*named, *more])}."
