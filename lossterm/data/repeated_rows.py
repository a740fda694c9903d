"""Finds rows that are copies of another: in a split they stand in training and test rows at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from lossterm.text.harmless import clipped
from lossterm.text.numbers import counted, listed

SAMPLE = 5000
"""Most different rows from which it is judged whether equal rows are chance; copies are looked for in all rows."""

FEW_LEVELS = 20
"""Distinct values below which a column says little of whether two rows are the same one."""

TELLING = 0.5
"""Distinct values of a column for each different row from which it alone tells rows apart."""

SURE = 2.0
"""How many times the logarithm of the number of pairs the logarithms of columns' distinct values add up to, from which
the columns together tell rows apart."""

OWN = 1.1
"""Distinct pairs of a column's values with another's, for each of the other's, below which it only follows that one, as
a price follows the product."""

REPEATING = 0.9
"""Distinct values for each different row below which another column may be followed."""

DENSE = 0.5
"""Distinct whole numbers for each of their range from which they are codes or counts, and nothing continuous."""

BY_CHANCE = 0.1
"""Share of the copies that may be equal by chance, if columns were independent."""

ONE_STEP = 1.5
"""How many smallest steps two values of a column are apart at most to be neighbours, as float32 rounds the steps."""

_STEP = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Repeated:
    """Rows that are equal to an earlier one."""

    count: int
    """How many."""
    first: int
    """Index of the first of them."""
    original: int
    """Index of the row that it is a copy of."""


def repeated_rows(
    features: np.ndarray,
    continuous: Sequence[int],
    target: np.ndarray,
    groups: np.ndarray | None = None,
    *,
    leaking: Collection[int] = (),
) -> Repeated | None:
    """Return which rows repeat an earlier one in all features and the target; None if none does, or chance may do it.

    `features` is (rows, columns) float32, NaN where missing, `continuous` the places of numbers and dates in it, and
    `target` (rows,) or (rows, outputs). Of `groups` (rows,), whose rows stay in one split, only copies between two
    count. `leaking` are places of features that follow from the target, which make no equal row less likely. Rows are
    compared by a hash of 64 bits.
    """
    targets = target.reshape(len(target), -1)
    hashed = _hashed(features, targets)
    order = np.argsort(hashed, kind="stable")
    new = np.append(True, np.diff(hashed[order]) != 0)
    copies, of = order[~new], order[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))][~new]
    if groups is not None:
        apart = groups[copies] != groups[of]
        copies, of = copies[apart], of[apart]
    if not len(copies):
        return None
    different = np.sort(order[new])
    numbers = target.dtype.kind == "f"
    columns = [(column, place in continuous) for place, column in enumerate(features.T) if place not in leaking]
    columns += [(column, numbers) for column in targets.T]
    numeric = [place for place, (_, is_numeric) in enumerate(columns) if is_numeric]
    if not _are_copies([column for column, _ in columns], numeric, different, len(copies)):
        return None
    place = int(copies.argmin())
    return Repeated(len(copies), int(copies[place]), int(of[place]))


def repeated_in_words(
    repeated: Repeated, rows: int, numbers: Sequence[int], *, split: tuple[bool, bool], ids: Sequence[str]
) -> str:
    """Say how many of so many rows are copies, what follows and what to do.

    `numbers` are those of the first copy and its original in the file, `split` says whether rows are split by groups
    and whether by time, and `ids` are the columns that were not compared.
    """
    (copy, original), (grouped, timed) = numbers, split
    are = "is a copy" if repeated.count == 1 else "are copies"
    where = " in another group" if grouped else ""
    aside = f", but for {listed(list(map(clipped, ids)))}" if ids else ""
    first = f"row {copy:,} of row {original:,}{'' if repeated.count == 1 else ' is the first'}"
    otherwise = "" if grouped or timed else ", or keep together what belongs together by --group COL"
    return (
        f"Leak? {counted(repeated.count, 'row')} of {rows:,} {are} of another{where}, equal in all features and the "
        f"target{aside} ({first}). Copies of training rows among the test rows make scores too good, and losses that "
        f"learn rows by heart win. Leave one of each in the file{otherwise}."
    )


def _hashed(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return a hash of each row, (rows,) uint64, mixed after each cell so that none cancels another."""
    hashed = np.zeros(len(features), np.uint64)
    for column in features.T:
        cells = np.ascontiguousarray(column, np.float32) + np.float32(0)  # so that -0 is 0
        _mix(hashed, cells.view(np.uint32))
    for column in target.T:
        cells = np.ascontiguousarray(column, np.float64) + 0.0
        _mix(hashed, cells.view(np.uint64))
    return hashed


def _mix(hashed: np.ndarray, bits: np.ndarray) -> None:
    hashed ^= bits
    hashed *= _STEP
    hashed ^= hashed >> np.uint64(29)


def _are_copies(columns: Sequence[np.ndarray], numeric: Sequence[int], different: np.ndarray, copies: int) -> bool:
    """Whether so few of the `different` rows, as indices, agree in these columns that equal rows are no chance.

    `numeric` are the places of numbers and dates: without a continuous one that follows no other column, never.
    """
    rows = different
    if len(rows) > SAMPLE:
        rows = np.random.default_rng(0).choice(rows, SAMPLE, replace=False)
    coded = [np.unique(column[rows], return_inverse=True, return_counts=True) for column in columns]
    levels = [len(each) for each, _, _ in coded]
    smooth = {place for place in numeric if levels[place] >= FEW_LEVELS and not _are_dense(coded[place][0])}
    followed = [place for place, number in enumerate(levels) if place not in smooth or number <= REPEATING * len(rows)]
    own = [
        levels[place]
        for place in smooth
        if not any(
            _follows(coded[place][1], coded[other][1], levels[other])
            for other in followed
            if other != place and levels[other] > 1
        )
    ]
    pairs = len(rows) * (len(rows) - 1) / 2
    if max(own, default=0) < TELLING * len(rows) and sum(map(log, own)) < SURE * log(max(pairs, 2)):
        return False
    shares = [_share_alike(values, counts, numeric=place in numeric) for place, (values, _, counts) in enumerate(coded)]
    return float(np.prod(shares)) * len(different) * (len(different) - 1) / 2 <= BY_CHANCE * copies


def _share_alike(values: np.ndarray, counts: np.ndarray, *, numeric: bool) -> float:
    """Return the share of pairs of rows that agree in a column of ascending distinct values with these counts.

    Of numbers that are rounded it is at least what their neighbours at the smallest step say: half as many pairs are
    equal as lie one step apart.
    """
    pairs = max(1.0, float(counts.sum()) * (float(counts.sum()) - 1) / 2)
    equal = float((counts * (counts - 1.0) / 2).sum())
    gaps = np.diff(values) if numeric else np.zeros(0)
    if (gaps > 0).any():
        beside = gaps <= ONE_STEP * gaps[gaps > 0].min()
        equal = max(equal, float((counts[:-1] * counts[1:].astype(np.float64))[beside].sum()) / 2)
    return min(1.0, equal / pairs)


def _are_dense(values: np.ndarray) -> bool:
    """Whether ascending distinct values are whole numbers that fill most of their range."""
    there = values[~np.isnan(values)]
    return bool((there == np.round(there)).all() and len(there) >= DENSE * (there[-1] - there[0] + 1))


def _follows(codes: np.ndarray, others: np.ndarray, number: int) -> bool:
    """Whether a column of codes (rows,) has hardly more than one value for each of the `number` values of another."""
    pairs = np.unique(others.astype(np.int64) * (int(codes.max()) + 1) + codes)
    return len(pairs) <= OWN * number
