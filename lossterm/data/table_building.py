"""From a sheet to a table: rows, target, features, groups, times, weights."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from lossterm.data.advised_request import advised_request
from lossterm.data.features import Features, features_of, is_named_id, possibly_missing
from lossterm.data.files.missing_codes import TableCodes
from lossterm.data.files.sheet import Raw, Sheet, as_words
from lossterm.data.files.word_hints import to_write_instead
from lossterm.data.leak import Leak, leaks_in_words
from lossterm.data.leak_search import is_one_of_outputs, leaks_of, not_looked_at
from lossterm.data.repeated_rows import repeated_in_words, repeated_rows
from lossterm.data.request import FileRequest, typed
from lossterm.data.row_weights import checked_weights, weights_in_words
from lossterm.data.several_targets import several_targets
from lossterm.data.table import Table
from lossterm.data.target import Target, target_of
from lossterm.data.time_order import time_order_in_words
from lossterm.data.user_data import Data
from lossterm.losses import Kind
from lossterm.text.harmless import clipped
from lossterm.text.numbers import counted, listed

FEWEST_ROWS = 20
FEWEST_GROUPS = 5
"""Enough for each part of a split to have one."""
FEWEST_TIMES = 5
"""Enough distinct times for rows of one time to stay in one part of a split."""

_MOST_NAMED = 3
"""Columns of many inputs that are named."""

Allocate = Callable[[tuple[int, ...]], np.ndarray]
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
    notes: tuple[str, ...]
    """The warnings, and before them the remarks but for the file's format and the kind of task."""
    advised: FileRequest
    """The request with all that they advise."""


def build(sheet: Sheet, asked: FileRequest, digest: str, allocate: Allocate) -> Built:
    """Build a table from a sheet. Raises DataError if no network can be trained on it."""
    raws = [_usable(sheet, name) for name in asked.targets]
    rows, warnings = _rows(sheet, raws, asked)
    target = (several_targets if asked.more_targets else _one_target)(sheet, raws, rows, asked)
    rows = target.rows
    _refuse_few(sheet, rows)
    groups, times = _groups(sheet, asked.group, rows), _times(sheet, asked.time, rows)
    if asked.group is not None and (ungrouped := int(sheet.raws[asked.group].missing[rows].sum())):
        warnings.append(f"{counted(ungrouped, 'row')} without a group ({asked.group}) stay together as one.")
    weights = _weights(sheet, asked.sample_weight, rows)
    features = features_of(sheet, rows, asked)
    if not features.features:
        reasons = " ".join((*features.sentences, *features.warnings)) or "There is the target alone."
        raise sheet.refusal(f"no column is left to predict from. {reasons} {_way_on(sheet, features)}")
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
        highest=target.highest,
        zeros=target.zeros,
        imbalance=target.imbalance,
        target_shape=tuple(map(int, target.values.shape[1:])),
        leaks=tuple(_leaks(sheet, features, target, asked)),
    )
    unseen = not_looked_at(features.features, target, rows, data.leaking) if target.values.ndim == 1 else ()
    columns = tuple(feature.column for feature in features.features)
    numbers = np.array([sheet.row(index) for index in rows.tolist()], np.int64)
    table = Table(
        features=matrix,
        target=target.values,
        groups=groups,
        times=times,
        weights=weights,
        columns=columns,
        rows=numbers,
    )
    of_targets = {}
    for raw in raws:
        possible = possibly_missing(raw, rows, asked)
        of_targets[raw.name] = [one.code for one in possible]
        warnings += [*(one.sentence for one in possible), *raw.remarks]
    repeated = _repeated(features, table, data.leaking)
    alone = any(leak.alone for leak in data.leaks)
    taken_as_names = {  # of what is to be left out
        remark
        for name in (() if alone else data.leaking)
        for remark in sheet.raws[name].remarks
        if "--categorical" in remark
    }
    warnings = [*leaks_in_words(data.leaks, asked), *repeated, *warnings, *features.warnings]
    if (inputs := features.width) > len(rows):
        warnings.append(
            f"There are more inputs ({inputs:,}) than rows ({len(rows):,}): {_widest(features)}. --drop what says "
            "little."
        )
    warnings = [one for one in warnings if one not in taken_as_names]
    weighed = weights_in_words(asked.sample_weight, weights)
    ordered = time_order_in_words(sheet.raws, rows, asked)
    remarks = (*target.said, *weighed, *features.sentences, *ordered, *unseen)
    return Built(
        data=data,
        table=table,
        target=target,
        features=features,
        rows=rows,
        remarks=(*sheet.remarks, target.why, *remarks),
        warnings=tuple(warnings),
        notes=(*sheet.remarks[1:], *remarks, *warnings),
        advised=advised_request(features, of_targets, () if alone else data.leaks, asked),
    )


def _repeated(features: Features, table: Table, leaking: Sequence[str]) -> Iterator[str]:
    """Say which rows are copies of another, whatever their id is; at most one sentence."""
    assert table.rows is not None
    used, continuous, leaks, ids = list[int](), list[int](), list[int](), list[str]()
    for place, feature in enumerate(features.features):
        if is_named_id(feature.column.name):
            ids.append(feature.column.name)
            continue
        if feature.column.kind in ("number", "date"):
            continuous.append(len(used))
        if feature.column.name in leaking:
            leaks.append(len(used))
        used.append(place)
    if not used:
        return
    cells = table.features if len(used) == len(features.features) else table.features[:, used]
    if repeated := repeated_rows(cells, continuous, table.target, table.groups, leaking=leaks):
        numbers = [int(table.rows[index]) for index in (repeated.first, repeated.original)]
        split = table.groups is not None, table.times is not None
        yield repeated_in_words(repeated, len(table.target), numbers, split=split, ids=ids)


def _widest(features: Features) -> str:
    """Name the columns that make most inputs, and say how many the others make."""
    wide = sorted((one for one in features.features if one.column.width > 1), key=lambda one: -one.column.width)
    named = [f"{clipped(one.column.name)} makes {one.column.width:,}" for one in wide[:_MOST_NAMED]]
    if others := len(features.features) - len(named):
        inputs = features.width - sum(one.column.width for one in wide[:_MOST_NAMED])
        every = f"{others:,} other columns make" if others > 1 else "one other column makes"
        named.append(f"{every} {inputs:,}" if named else f"each of {others:,} columns makes one")
    return listed(named)


def _way_on(sheet: Sheet, features: Features) -> str:
    """Say what may help where no column is a feature."""
    if features.texts:
        return f"--categorical {typed([next(iter(sorted(features.texts)))])} takes a column as names."
    if sheet.form == "csv" and len(sheet.names) <= 2:
        return "Give the --delimiter between cells, if it is another, or a table with more columns."
    return "Give a table with columns that differ from row to row."


def _one_target(sheet: Sheet, raws: Sequence[Raw], rows: np.ndarray, asked: FileRequest) -> Target:
    (raw,) = raws
    return target_of(sheet, raw, rows, asked)


def _leaks(sheet: Sheet, features: Features, target: Target, asked: FileRequest) -> Iterator[Leak]:
    """Yield what gives the target away, of several outputs or labels each."""
    if target.values.ndim == 1:
        own = () if asked.more_targets else _sisters(sheet, asked.target)
        yield from leaks_of(features.features, target, target.rows, own)
        return
    of_targets = list[Leak]()
    for name, values in zip(asked.targets, target.values.T, strict=True):
        kind: Kind = "binary" if target.classes else "regression"
        one = replace(target, kind=kind, values=values)
        others = tuple(other for other in _sisters(sheet, name) if other not in asked.targets)
        leaks = leaks_of(features.features, one, target.rows, others)
        of_targets += [msgspec.structs.replace(leak, target=name) for leak in leaks]
    named = {name for leak in of_targets for name in leak.columns}
    alone = len(named) == len(features.features)
    yield from (msgspec.structs.replace(leak, alone=alone) for leak in of_targets)


def _sisters(sheet: Sheet, target: str) -> tuple[str, ...]:
    """Return the other columns of the array that the target is one of, or those that are named as its fellows."""
    of_array = next((columns for columns in sheet.arrays.values() if target in columns), ())
    named = tuple(name for name in sheet.names if is_one_of_outputs(name, target))
    inputs = len(sheet.names) - len(of_array)
    fellows = named or (of_array if len(of_array) <= inputs else ())  # an array of most columns holds the inputs
    return tuple(name for name in fellows if name != target) if len(fellows) < len(sheet.names) else ()


def _usable(sheet: Sheet, name: str) -> Raw:
    if name in sheet.unread:
        raise sheet.refusal(f"the target {sheet.unread[name]}. Name another target.", column=name)
    raw = sheet.raws[name]
    if raw.kind == "nothing":
        raise sheet.refusal("the target is missing in every row. Name another target.", column=name)
    return raw


def _rows(sheet: Sheet, targets: Sequence[Raw], asked: FileRequest) -> tuple[np.ndarray, list[str]]:
    """Return the indices of the usable rows, ordered by time if requested, and sentences about the others."""
    missing, remarks = np.zeros(sheet.rows, bool), list[str]()
    for target in targets:
        missing = missing | target.missing
    remarks += _left_out(sheet, targets, missing, asked)
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
    _refuse_few(sheet, rows, asked.target if missing.any() and not asked.more_targets else None)
    return rows, remarks


def _left_out(sheet: Sheet, targets: Sequence[Raw], missing: np.ndarray, asked: FileRequest) -> Iterator[str]:
    """Say how many rows lack a target, (rows,), and why."""
    if not missing.any():
        return
    lacking = [target for target in targets if target.missing.any()]
    names = listed([clipped(target.name) for target in lacking])
    yield (
        f"{counted(int(missing.sum()), 'row')} left out for want of a target"
        f"{f' ({names})' if asked.more_targets else ''}, {_first(sheet, missing)}."
        f"{''.join(_absent(sheet, target, asked) for target in lacking)}"
    )
    for target in (target for target in lacking if target.odd.count):
        holds = "holds" if target.odd.count == 1 else "hold"
        yield (
            f"Of these {target.odd.count:,} {holds} what is not a {target.kind}, "
            f"first {target.odd.cell!r} in row {sheet.row(target.odd.index)}."
            f"{to_write_instead(target.odd.cell) if target.kind == 'number' else ''}"
        )


def _refuse_few(sheet: Sheet, rows: np.ndarray, column: str | None = None) -> None:
    """Raise DataError where there are too few rows."""
    if len(rows) < FEWEST_ROWS:
        raise sheet.refusal(
            f"{counted(len(rows), 'row')} can be used, and at least {FEWEST_ROWS} are needed. Give a file with more.",
            column=column,
        )


def _absent(sheet: Sheet, target: Raw, asked: FileRequest) -> str:
    """Name the words of the target that were read as missing, one of which may be meant as a class."""
    if not target.absent:
        return ""
    codes = TableCodes.of(asked.missing, sheet.names).in_column(target.name)
    named, others = (
        ", ".join(repr(clipped(word)) for word in target.absent if codes.added(word) == asks) for asks in (True, False)
    )
    said = f" Taken as missing, as --missing says: {named}." if named else ""
    if not others:
        return said
    names = target.kind in ("word", "boolean") and target.name not in asked.categorical
    more = f"; with --categorical {typed([target.name])} only empty cells are" if names else ""
    return f"{said} Taken as missing: {others}{more}."


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


def _weights(sheet: Sheet, name: str | None, rows: np.ndarray) -> np.ndarray | None:
    """Return what each row weighs, (rows,). Raises DataError for what is no weight."""
    if name is None:
        return None
    if name in sheet.unread:
        raise sheet.refusal(f"it {sheet.unread[name]}. Name another --sample-weight.", column=name)
    raw = sheet.raws[name]
    if raw.kind not in ("number", "boolean", "nothing"):
        index = int(np.flatnonzero(~raw.missing)[0])
        raise sheet.refusal(
            f"{clipped(raw.text(index))!r} is not a number, so rows can't weigh by it. Name another --sample-weight.",
            index,
            name,
        )
    return checked_weights(raw.values[rows], lambda what, place: sheet.refusal(what, int(rows[place]), name))
