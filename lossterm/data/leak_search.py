"""Looks for columns that give the target away: copies, functions, sums and products of it, names of its classes.

All is tried on a sample of the rows; what looks like a leak there is confirmed on all rows.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

import msgspec
import numpy as np

from lossterm.data.chance import Chance, log_orders
from lossterm.data.cutting import was_cut
from lossterm.data.features import Feature
from lossterm.data.leak import How, Leak, said_of_few
from lossterm.data.sums import Sum, product_of, sum_of
from lossterm.data.target import Target

SAMPLE, FEWEST_SAMPLED, CELLS = 2000, 200, 400_000
"""Most and fewest rows of the sample, and about how many cells it has of wide tables."""

FEWEST = 20
"""Rows in which a column must have a cell, and half of all, before anything is said of it."""

SURE_APART = 200
"""Rows from which classes that lie apart in a column are told apart by it even across a gap, as honest groups have."""

SURE_OF_CLASS = 25
"""Rows of a class below which it is said that a column that is merely good may tell it apart in so few."""

FEWEST_OF_NAME, FEWEST_OF_NUMBER = 5, 20
"""Rows for each value, of names and of numbers, from which values that each have one class are remarkable."""

ORDERED = 0.9999
"""Rank correlation from which two columns have the same order: noise of 1.5 % of the spread has less."""

EXACT = 1e-9
"""Share of the variance that rounding leaves unexplained."""

FEW_LEVELS = 30
"""Distinct values below which numbers are taken for levels, whose order alone says little."""

WRONG = 0.001
"""Share of the rows outside the largest class that names of the classes may have wrong."""

OFTEN = 3
"""Rows that share a value, from which it is remarkable that they share the target."""

_OUTPUT = re.compile(r"(?i)(y|targets?|labels?|class|outputs?|out)[_. -]?\d+")
"""Names that one of several outputs has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """How a column gives the target away."""

    how: How
    number: float
    one_class: int | None = None
    """Index of the class, where it tells that one apart and no other."""
    rows: int | None = None
    """Rows of the smallest class that it tells apart."""


def leaks_of(
    features: Sequence[Feature], target: Target, rows: np.ndarray, sisters: Sequence[str] = ()
) -> tuple[Leak, ...]:
    """Return what gives the target away, columns by themselves first.

    `rows` are the indices of the table's rows in the features' cells; `sisters` are the other columns of the array that
    the target is a column of.
    """
    size = max(FEWEST_SAMPLED, min(SAMPLE, CELLS // max(len(features), 1)))
    sample = np.arange(len(rows))
    if len(rows) > size:
        sample = np.sort(np.random.default_rng(0).choice(len(rows), size, replace=False))
    leaks = list(_each(features, target, rows, sample))
    known = {name for leak in leaks for name in leak.columns}
    others = [feature for feature in features if feature.column.name not in known]
    leaks += _sums(others, target, rows, sample)
    known |= {name for leak in leaks for name in leak.columns}
    leaks += _sisters([feature for feature in features if feature.column.name not in known], target, rows, sisters)
    named = {name for leak in leaks for name in leak.columns}
    alone = len(named) == len(features)
    return tuple(msgspec.structs.replace(one, alone=alone) for one in leaks)


def not_looked_at(
    features: Sequence[Feature], target: Target, rows: np.ndarray, known: Sequence[str]
) -> tuple[str, ...]:
    """Say in which columns, without the `known` leaks, and for which classes there were too few rows to look."""
    gaps = [feature for feature in features if feature.column.missing and feature.column.name not in known]
    few = [feature.column.name for feature in gaps if _has_few_cells(~feature.raw.missing[rows])]
    small: list[tuple[str, int]] = []
    if target.classes:
        chance, counts = Chance(len(features)), np.bincount(target.values, minlength=len(target.classes))
        small = [
            (target.classes[place], int(count))
            for place, count in enumerate(counts)
            if chance.explains(log(2), (count, len(rows) - count))
        ]
    apart = [
        feature.column.name
        for feature in features
        if target.classes and feature.levels is None and feature.column.name not in known and len(rows) <= SAMPLE
        if not _has_few_cells(~np.isnan(x := _cells(feature, rows))) and _are_apart(x, target.values)
    ]
    return said_of_few(few, small, apart, len(rows))


def _are_apart(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether every class has a range of its own in the cells that are not missing."""
    present = ~np.isnan(x)
    return len(np.unique(y[present])) > 1 and _have_ranges(x[present], y[present])


def _has_few_cells(present: np.ndarray) -> bool:
    return bool(present.sum() < max(FEWEST, len(present) / 2))


def _each(features: Sequence[Feature], target: Target, rows: np.ndarray, sample: np.ndarray) -> Iterator[Leak]:
    """Yield the columns that give the target away by themselves."""
    chance = Chance(len(features))
    for feature in features:
        seen = _one(feature, target, rows, sample, chance)
        if seen is not None and len(sample) < len(rows):
            seen = _one(feature, target, rows, np.arange(len(rows)), chance)
        if seen is not None:
            of = "" if seen.one_class is None else target.classes[seen.one_class]
            few = seen.rows if seen.rows is not None and seen.rows < SURE_OF_CLASS else 0
            yield Leak(columns=(feature.column.name,), how=seen.how, number=seen.number, of=of, few=few)


def _one(feature: Feature, target: Target, rows: np.ndarray, sample: np.ndarray, chance: Chance) -> _Seen | None:
    """Return how a column gives the target away in these rows, None if it does not."""
    y, x = target.values[sample], _cells(feature, rows[sample])
    present = ~np.isnan(x)
    if target.classes and feature.column.missing and (seen := _marks_a_class(~present, y, chance)):
        return _Seen(how="missing", number=1.0, one_class=seen.one_class, rows=seen.rows)
    if _has_few_cells(present):
        return None
    x, y = x[present], y[present]
    if x.min() == x.max() or y.min() == y.max():
        return None
    names = feature.column.kind == "category"
    return _of_classes(x, y, chance, names=names) if target.classes else _of_numbers(x, y, chance, names=names)


def _cells(feature: Feature, rows: np.ndarray) -> np.ndarray:
    """Return the cells of these rows as float64, of a category the codes of its words; NaN where missing."""
    values: np.ndarray = feature.raw.values[rows].astype(np.float64)
    if feature.levels is not None:
        values[feature.raw.missing[rows]] = np.nan
    return values


# One column against numbers


def _of_numbers(x: np.ndarray, y: np.ndarray, chance: Chance, *, names: bool) -> _Seen | None:
    levels, place = np.unique(x, return_inverse=True)
    if names or len(levels) < FEW_LEVELS:
        return _of_levels(place, y, len(levels), chance)
    if np.array_equal(x, y):
        return _Seen(how="copy", number=1.0)
    rank = _correlation(_ranks(x), _ranks(y))
    if abs(rank) < 0.99:
        return None
    return None if _numbered(x, levels) else _of_many(x, y, rank, chance)


def _of_many(x: np.ndarray, y: np.ndarray, rank: float, chance: Chance) -> _Seen | None:
    """Look at a column of many numbers that has nearly the order of the target, with this rank correlation."""
    line = abs(_correlation(x, y))
    if 1 - line**2 < EXACT and abs(rank) > 0.999:
        return _Seen(how="line", number=line)
    each = np.unique(y, return_inverse=True)
    if len(each[0]) < FEW_LEVELS:
        return _Seen(how="bins", number=abs(rank)) if _cut_from(each[1], x, len(each[0]), chance) else None
    if abs(rank) >= ORDERED or _same_order(x if rank > 0 else -x, y):
        return _Seen(how="order", number=abs(rank))
    return None


def _of_levels(place: np.ndarray, y: np.ndarray, number: int, chance: Chance) -> _Seen | None:
    """Look at a column of few values, as indices (rows,): does each have one target, or one range of it?"""
    if len(y) < 5 * number:
        return None
    counts = np.bincount(place, minlength=number)
    centred = y - y.mean()
    means = np.bincount(place, centred, minlength=number) / counts
    within = float(((centred - means[place]) ** 2).sum() / (centred**2).sum())
    if within < EXACT and _often_enough(place, y, counts):
        return _Seen(how="levels", number=1.0)
    rank = _correlation(_ranks(means[place]), _ranks(y))
    if not _cut_from(place, y, number, chance):
        return None
    return _Seen(how="bins", number=abs(rank), rows=int(counts.min()))


def _often_enough(place: np.ndarray, y: np.ndarray, counts: np.ndarray) -> bool:
    """Whether most rows have a value that other rows have too, those with the commonest target left aside."""
    each, which, rows = np.unique(y, return_inverse=True, return_counts=True)
    other = which != rows.argmax()
    repeated = int((other & (counts[place] >= OFTEN)).sum())
    return len(each) > 1 and repeated >= max(FEWEST, int(other.sum()) / 2)


def _cut_from(place: np.ndarray, values: np.ndarray, number: int, chance: Chance) -> bool:
    """Whether levels, as indices (rows,), are parts of the range of values, in so many rows that this is no chance."""
    rows = np.bincount(place, minlength=number)
    if number < 2 or np.median(rows) < FEWEST_OF_NAME or chance.explains(log_orders(number), rows):
        return False
    return was_cut(place, values, number)


def _same_order(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether one never falls where the other rises; equal values, as rounding makes, may go with different ones."""
    return bool((np.diff(x[np.lexsort((x, y))]) >= 0).all())


def _numbered(x: np.ndarray, levels: np.ndarray) -> bool:
    """Whether a column numbers the rows as they stand, as years do: what grows with time has the same order."""
    steps = np.diff(levels)
    even = len(levels) == len(x) and np.allclose(steps, steps[0], rtol=1e-6)
    return bool(even and (np.diff(x) > 0).all())


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value; equal ones share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    mean: np.ndarray = (ends - (counts - 1) / 2.0)[place]
    return mean


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    spread = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum() / spread) if spread > 0 else 0.0


# One column against classes


def _of_classes(x: np.ndarray, y: np.ndarray, chance: Chance, *, names: bool) -> _Seen | None:
    levels, place = np.unique(x, return_inverse=True)
    counts = np.bincount(y)
    counts = counts[counts > 0]
    fewest = FEWEST_OF_NAME if names else FEWEST_OF_NUMBER
    often = len(y) >= fewest * len(levels) or len(levels) == len(counts)
    if often and not chance.explains(len(levels) * log(len(counts)), counts):
        table = np.zeros((len(levels), int(y.max()) + 1), np.int64)
        np.add.at(table, (place, y), 1)
        wrong, others = len(y) - int(table.max(axis=1).sum()), len(y) - int(counts.max())
        if wrong <= WRONG * others:
            return _Seen(how="class", number=1 - wrong / len(y), rows=int(counts.min()))
    if len(levels) == 2:
        return _marks_a_class(place == 1, y, chance)
    if names or not _lie_apart(x, y, counts, chance):
        return None
    return _Seen(how="separates", number=1.0, rows=int(counts.min()))


def _marks_a_class(marked: np.ndarray, y: np.ndarray, chance: Chance) -> _Seen | None:
    """Look whether the marked rows, or all others, are just those of one class."""
    rows = int(marked.sum())
    if chance.explains(log(2 * len(np.unique(y))), (rows, len(y) - rows)):
        return None
    for side in (marked, ~marked):
        one = y[side][0]
        if (y[side] == one).all() and not (y[~side] == one).any():
            binary = (y[~side] == y[~side][0]).all()
            few = int(min(rows, len(y) - rows))
            return _Seen(how="class", number=1.0, one_class=None if binary else int(one), rows=few)
    return None


def _lie_apart(x: np.ndarray, y: np.ndarray, counts: np.ndarray, chance: Chance) -> bool:
    """Whether every class has a range of its own, in so many rows, or so near the next, that this is no chance."""
    if not _have_ranges(x, y):
        return False
    each, place = np.unique(y, return_inverse=True)
    many = len(x) >= SURE_APART and counts.min() >= SURE_OF_CLASS
    return many or _cut_from(place, x, len(each), chance)


def _have_ranges(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether every class has a range of its own, and none shares a value with another."""
    each, place = np.unique(y, return_inverse=True)
    if (np.diff(y[np.lexsort((y, x))]) != 0).sum() != len(each) - 1:
        return False
    low, high = (np.array([end(x[place == one]) for one in range(len(each))]) for end in (np.min, np.max))
    order = np.argsort(low)
    return bool((low[order][1:] > high[order][:-1]).all())


# Several columns


def _sums(features: Sequence[Feature], target: Target, rows: np.ndarray, sample: np.ndarray) -> Iterator[Leak]:
    """Yield the columns that add up, or multiply, to the target or to the mark of one class."""
    numbers = [feature for feature in features if feature.levels is None and not feature.column.missing]
    numbers = [feature for feature in numbers if feature.column.kind != "date"]
    if len(numbers) < 2:
        return
    columns = np.column_stack([_cells(feature, rows[sample]) for feature in numbers])
    told: set[str] = set()
    for values in _as_numbers(target):
        for how, look in (("sum", sum_of), ("product", product_of)):
            seen = look(columns, values[sample])
            if seen is not None and len(sample) < len(rows):
                whole = np.column_stack([_cells(numbers[place], rows) for place in seen.places])
                again = look(whole, values)
                seen = again and Sum(places=tuple(seen.places[place] for place in again.places), share=again.share)
            names = tuple(numbers[place].column.name for place in seen.places) if seen else ()
            if seen and not told & set(names):
                told |= set(names)
                yield Leak(columns=names, how="sum" if how == "sum" else "product", number=seen.share)
                break


def _as_numbers(target: Target) -> Iterator[np.ndarray]:
    """Yield the target as numbers: of classes 1 in each and 0 elsewhere, of two that of the second."""
    if not target.classes:
        yield target.values
    elif len(target.classes) == 2:
        yield (target.values == 1).astype(np.float64)
    elif len(target.classes) <= FEW_LEVELS:
        yield from ((target.values == one).astype(np.float64) for one in range(len(target.classes)))


def is_one_of_outputs(name: str, target: str) -> bool:
    """Whether two columns are named as parts of one output are: y_0 and y_2, target1 and target2."""
    both = _OUTPUT.fullmatch(name), _OUTPUT.fullmatch(target)
    return all(both) and both[0][1].casefold() == both[1][1].casefold()  # type: ignore[index]  # both match


def _sisters(features: Sequence[Feature], target: Target, rows: np.ndarray, sisters: Sequence[str]) -> Iterator[Leak]:
    """Yield the other columns of the output that the target is one of, with their largest correlation to it."""
    names = tuple(feature.column.name for feature in features if feature.column.name in sisters)
    if not names:
        return
    y = target.values.astype(np.float64)
    number = 0.0
    for feature in (feature for feature in features if feature.column.name in names):
        x = _cells(feature, rows)
        present = ~np.isnan(x)
        number = max(number, abs(_correlation(x[present], y[present])))
    yield Leak(columns=names, how="sister", number=number)
