"""The roles that a person gives to a table's columns, one step at a time, so that no two contradict each other."""

import msgspec

from lossterm.data import FileRequest, ShownColumn
from lossterm.losses import KINDS


def plain(asked: FileRequest) -> FileRequest:
    """Want nothing of any column; the file is read as before."""
    return msgspec.structs.replace(
        asked,
        target="",
        more_targets=(),
        kind=None,
        drop=(),
        categorical=(),
        group=None,
        time=None,
        sample_weight=None,
    )


def with_target(asked: FileRequest, name: str) -> FileRequest:
    """Predict a column, or no longer; the kind of task is inferred anew, and rare classes were those of the former."""
    if asked.targets == (name,):
        return msgspec.structs.replace(asked, target="", kind=None)
    min_class = None if asked.target else asked.min_class
    return msgspec.structs.replace(_free(asked, name), target=name, more_targets=(), kind=None, min_class=min_class)


def with_another_target(asked: FileRequest, name: str) -> FileRequest:
    """Predict a column together with those that are predicted, or no longer."""
    if name in asked.targets or not asked.target:
        return _free(asked, name) if asked.more_targets else with_target(asked, name)
    more = (*asked.more_targets, name)
    return msgspec.structs.replace(_free(asked, name), more_targets=more, kind=None, min_class=None)


def with_drop(asked: FileRequest, name: str) -> FileRequest:
    """Leave a column out, or no longer."""
    if name in asked.drop:
        return msgspec.structs.replace(asked, drop=_without(asked.drop, name))
    return msgspec.structs.replace(_free(asked, name), drop=(*asked.drop, name))


def with_names(asked: FileRequest, name: str) -> FileRequest:
    """Take a column's values as names, or as what they look like again."""
    if name in asked.categorical:
        return msgspec.structs.replace(asked, categorical=_without(asked.categorical, name))
    time = None if asked.time == name else asked.time  # names have no order in time
    weight = None if asked.sample_weight == name else asked.sample_weight
    return msgspec.structs.replace(asked, categorical=(*asked.categorical, name), time=time, sample_weight=weight)


def with_group(asked: FileRequest, name: str) -> FileRequest:
    """Keep rows with the same value of a column in one split, or no longer."""
    group = None if asked.group == name else name
    return msgspec.structs.replace(_free(asked, name), group=group, time=None)


def with_time(asked: FileRequest, name: str) -> FileRequest:
    """Split by a column, the earliest rows to train on, or no longer."""
    time = None if asked.time == name else name
    kept = _without(asked.categorical, name) if time else asked.categorical
    return msgspec.structs.replace(_free(asked, name), group=None, time=time, categorical=kept)


def with_weight(asked: FileRequest, name: str) -> FileRequest:
    """Let rows weigh what a column says, or no longer."""
    weight = None if asked.sample_weight == name else name
    kept = _without(asked.categorical, name) if weight else asked.categorical
    return msgspec.structs.replace(_free(asked, name), sample_weight=weight, categorical=kept)


def with_next_kind(asked: FileRequest) -> FileRequest:
    """Take the next kind of task: what the target is like, then each kind."""
    kinds = (None, *KINDS)
    return msgspec.structs.replace(asked, kind=kinds[(kinds.index(asked.kind) + 1) % len(kinds)])


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(one for one in names if one != name)


def _free(asked: FileRequest, name: str) -> FileRequest:
    """Take a column out of whatever it is for."""
    targets = _without(asked.targets, name)
    return msgspec.structs.replace(
        asked,
        target=next(iter(targets), ""),
        more_targets=targets[1:],
        kind=asked.kind if targets == asked.targets else None,
        drop=_without(asked.drop, name),
        group=None if asked.group == name else asked.group,
        time=None if asked.time == name else asked.time,
        sample_weight=None if asked.sample_weight == name else asked.sample_weight,
    )


def role_of(asked: FileRequest, column: ShownColumn) -> str:
    """Return what a column is for, as it is wanted now, though the file may not have been read since."""
    wanted = {asked.sample_weight: "weight", asked.time: "time", asked.group: "group"}
    wanted |= dict.fromkeys(asked.targets, "target")
    wanted |= dict.fromkeys(asked.drop, "dropped")
    if column.name in wanted:
        return wanted[column.name]
    return column.role if column.role in ("left out", "inputs") else "feature"
