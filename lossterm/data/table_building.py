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
"""So that each part of a split can have one."""
FEWEST_TIMES = 5
"""Different ones, so that rows of one time can stay in one part of a split."""

Allocate = Callable[[tuple[int, int]], np.ndarray]
"""Shape → where the features are written, float32."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """A table, and what a person must know of how it came about."""

    data: Data
    table: Table
    target: Target
    features: Features
    rows: np.ndarray
    """Indices of the sheet's rows that are in it."""
    said: tuple[str, ...]
    """What was recognised."""
    warnings: tuple[str, ...]
    """What may be wrong."""


def build(sheet: Sheet, asked: FileRequest, digest: str, allocate: Allocate) -> Built:
    """Make a table of a sheet. Raises DataError for what no network can be trained on."""
    raw = _usable(sheet, asked.target)
    rows, left = _rows(sheet, raw, asked)
    target = target_of(sheet, raw, rows, asked)
    groups, times = _groups(sheet, asked.group, rows), _times(sheet, asked.time, rows)
    if asked.group is not None and (alone := int(sheet.raws[asked.group].missing[rows].sum())):
        left.append(f"{counted(alone, 'row')} without a group ({asked.group}) stay together as one.")
    found = features_of(sheet, rows, asked)
    if not found.features:
        told = " ".join((*found.sentences, *found.warnings)) or "There is the target alone."
        raise sheet.refusal(f"no column is left to predict from. {told} See --delimiter and --categorical.")
    features = allocate((len(rows), len(found.features)))
    for place, feature in enumerate(found.features):
        feature.write(rows, features[:, place])
    data = Data(
        asked=asked,
        digest=digest,
        kind=target.kind,
        rows=len(rows),
        features=found.width,
        classes=target.classes,
        lowest=target.lowest,
        zeros=target.zeros,
        imbalance=target.imbalance,
    )
    columns = tuple(feature.column for feature in found.features)
    table = Table(features=features, target=target.values, groups=groups, times=times, columns=columns)
    warnings = [*left, *raw.said, *found.warnings]
    if found.width > len(rows):
        warnings.append(f"There are more inputs ({found.width:,}) than rows ({len(rows):,}): --drop what says little.")
    return Built(
        data=data,
        table=table,
        target=target,
        features=found,
        rows=rows,
        said=(*sheet.said, target.why, *found.sentences),
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
    """Return the indices of the rows that can be used, in order of time where it was asked for, and what was left."""
    missing, said = target.missing, list[str]()
    if missing.any():
        said.append(
            f"{counted(int(missing.sum()), 'row')} left out for want of a target, {_first(sheet, missing)}."
            f"{_absent(target)}"
        )
        if target.odd.count:
            holds = "holds" if target.odd.count == 1 else "hold"
            said.append(
                f"Of these {target.odd.count:,} {holds} what is no {target.kind}, "
                f"first {target.odd.cell!r} in row {sheet.row(target.odd.index)}."
            )
    rows = np.flatnonzero(~missing)
    if asked.time is not None:
        time = _usable(sheet, asked.time)
        if time.kind not in ("number", "date"):
            index = int(np.flatnonzero(~time.missing)[0])
            raise sheet.refusal(
                f"{time.text(index)!r} is no date and no number, so that rows can't be ordered by it. Write dates as "
                "2020-12-31.",
                index,
                asked.time,
            )
        untimed = time.missing[rows]
        if untimed.any():
            said.append(f"{counted(int(untimed.sum()), 'row')} left out for want of a time ({asked.time}).")
        rows = rows[~untimed]
        rows = rows[np.argsort(time.values[rows], kind="stable")]
    if len(rows) < FEWEST_ROWS:
        raise sheet.refusal(
            f"{counted(len(rows), 'row')} can be used, and fewer than {FEWEST_ROWS} tell no losses apart. "
            "Give a file with more.",
            column=asked.target if missing.any() else None,
        )
    return rows, said


def _absent(target: Raw) -> str:
    """Name the words that were taken as no target, which may be meant as a class."""
    if not target.absent:
        return ""
    listed = ", ".join(repr(clipped(word)) for word in target.absent)
    if target.kind not in ("word", "boolean"):
        return f" Taken as missing: {listed}."
    return f" Taken as missing: {listed}; with --categorical {joined([target.name])} only empty cells are."


def _times(sheet: Sheet, name: str | None, rows: np.ndarray) -> np.ndarray | None:
    """Return the rank of each row's time; equal times have one, so that a split need not cut them."""
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
    """Return each row's group; rows without one are one group together, so that none can leak."""
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
