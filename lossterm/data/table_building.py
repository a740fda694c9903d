"""From a sheet to a table: rows, target, features, groups, times."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lossterm.data.features import Features, features_of
from lossterm.data.files.sheet import Raw, Sheet, as_words
from lossterm.data.request import FileRequest, joined
from lossterm.data.table import Table
from lossterm.data.target import Target, target_of
from lossterm.data.user_data import Data
from lossterm.text.harmless import clipped
from lossterm.text.numbers import counted

FEWEST_ROWS = 20
FEWEST_GROUPS = 5
"""Enough for each part of a split to have one."""
FEWEST_TIMES = 5
"""Enough distinct times for rows of one time to stay in one part of a split."""

Allocate = Callable[[tuple[int, int]], np.ndarray]
"""Shape → the float32 array into which the features are written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """A table, and what a user must know about how it was built."""

    data: Data
    table: Table
    target: Target
    features: Features
    rows: np.ndarray
    """Indices of the sheet's rows that it contains."""
    remarks: tuple[str, ...]
    """What was recognised, in sentences."""
    warnings: tuple[str, ...]
    """What may be wrong, in sentences."""


def build(sheet: Sheet, asked: FileRequest, digest: str, allocate: Allocate) -> Built:
    """Build a table from a sheet. Raises DataError if no network can be trained on it."""
    raw = _usable(sheet, asked.target)
    rows, warnings = _rows(sheet, raw, asked)
    target = target_of(sheet, raw, rows, asked)
    groups, times = _groups(sheet, asked.group, rows), _times(sheet, asked.time, rows)
    if asked.group is not None and (ungrouped := int(sheet.raws[asked.group].missing[rows].sum())):
        warnings.append(f"{counted(ungrouped, 'row')} without a group ({asked.group}) stay together as one.")
    features = features_of(sheet, rows, asked)
    if not features.features:
        reasons = " ".join((*features.sentences, *features.warnings)) or "There is the target alone."
        raise sheet.refusal(f"no column is left to predict from. {reasons} See --delimiter and --categorical.")
    matrix = allocate((len(rows), len(features.features)))
    for place, feature in enumerate(features.features):
        feature.write(rows, matrix[:, place])
    data = Data(
        asked=asked,
        digest=digest,
        kind=target.kind,
        rows=len(rows),
        features=features.width,
        classes=target.classes,
        lowest=target.lowest,
        zeros=target.zeros,
        imbalance=target.imbalance,
    )
    columns = tuple(feature.column for feature in features.features)
    table = Table(features=matrix, target=target.values, groups=groups, times=times, columns=columns)
    warnings += [*raw.remarks, *features.warnings]
    if (inputs := features.width) > len(rows):
        warnings.append(f"There are more inputs ({inputs:,}) than rows ({len(rows):,}): --drop what says little.")
    return Built(
        data=data,
        table=table,
        target=target,
        features=features,
        rows=rows,
        remarks=(*sheet.remarks, target.why, *features.sentences),
        warnings=tuple(warnings),
    )


def _usable(sheet: Sheet, name: str) -> Raw:
    if name in sheet.unread:
        raise sheet.refusal(f"the target {sheet.unread[name]}. Name another target.", column=name)
    raw = sheet.raws[name]
    if raw.kind == "nothing":
        raise sheet.refusal("the target is missing in every row. Name another target.", column=name)
    return raw


def _rows(sheet: Sheet, target: Raw, asked: FileRequest) -> tuple[np.ndarray, list[str]]:
    """Return the indices of the usable rows, ordered by time if requested, and sentences about the others."""
    missing, remarks = target.missing, list[str]()
    if missing.any():
        remarks.append(
            f"{counted(int(missing.sum()), 'row')} left out for want of a target, {_first(sheet, missing)}."
            f"{_absent(target)}"
        )
        if target.odd.count:
            holds = "holds" if target.odd.count == 1 else "hold"
            remarks.append(
                f"Of these {target.odd.count:,} {holds} what is not a {target.kind}, "
                f"first {target.odd.cell!r} in row {sheet.row(target.odd.index)}."
            )
    rows = np.flatnonzero(~missing)
    if asked.time is not None:
        time = _usable(sheet, asked.time)
        if time.kind not in ("number", "date"):
            index = int(np.flatnonzero(~time.missing)[0])
            raise sheet.refusal(
                f"{time.text(index)!r} is neither a date nor a number, so rows can't be ordered by it. Write dates as "
                "2020-12-31.",
                index,
                asked.time,
            )
        untimed = time.missing[rows]
        if untimed.any():
            remarks.append(f"{counted(int(untimed.sum()), 'row')} left out for want of a time ({asked.time}).")
        rows = rows[~untimed]
        rows = rows[np.argsort(time.values[rows], kind="stable")]
    if len(rows) < FEWEST_ROWS:
        raise sheet.refusal(
            f"{counted(len(rows), 'row')} can be used, and at least {FEWEST_ROWS} are needed. Give a file with more.",
            column=asked.target if missing.any() else None,
        )
    return rows, remarks


def _absent(target: Raw) -> str:
    """Name the words of the target that were read as missing, one of which may be meant as a class."""
    if not target.absent:
        return ""
    listed = ", ".join(repr(clipped(word)) for word in target.absent)
    if target.kind not in ("word", "boolean"):
        return f" Taken as missing: {listed}."
    return f" Taken as missing: {listed}; with --categorical {joined([target.name])} only empty cells are."


def _times(sheet: Sheet, name: str | None, rows: np.ndarray) -> np.ndarray | None:
    """Return the rank of each row's time; equal times share one, so that a split need not cut them."""
    if name is None:
        return None
    _, times = np.unique(sheet.raws[name].values[rows], return_inverse=True)
    number = int(times.max()) + 1
    if number < FEWEST_TIMES:
        raise sheet.refusal(
            f"there are {counted(number, 'different time')}, and a split by time needs {FEWEST_TIMES}. "
            "Name another --time.",
            column=name,
        )
    return times.astype(np.int64)


def _first(sheet: Sheet, which: np.ndarray) -> str:
    return f"the first in row {sheet.row(int(np.argmax(which)))}"


def _groups(sheet: Sheet, name: str | None, rows: np.ndarray) -> np.ndarray | None:
    """Return each row's group; rows without one form one group, so that none can leak between splits."""
    if name is None:
        return None
    raw = _usable(sheet, name)
    _, groups = np.unique(as_words(raw).values[rows], return_inverse=True)
    number = int(groups.max()) + 1
    if number < FEWEST_GROUPS:
        raise sheet.refusal(
            f"there are {counted(number, 'group')}, and a split needs {FEWEST_GROUPS}. Name another --group.",
            column=name,
        )
    return groups.astype(np.int64)
