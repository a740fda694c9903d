"""What is trained on, as a program gives it: arrays, a frame, a file, or the key of a task."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from lossterm.api.wording import in_python
from lossterm.comparison.setting import WANTED
from lossterm.data import Data, FileRequest, describe, notes_on
from lossterm.errors import OutOfRange, UnknownName, UsageError
from lossterm.home.paths import arrays, shelf
from lossterm.home.tilde import whole
from lossterm.losses import KINDS
from lossterm.tasks import every_task
from lossterm.text.harmless import printable

Subject: TypeAlias = str | os.PathLike[str] | tuple[Any, Any] | Any
"""The key of a task, the path of a file, a pair (X, y), or a frame of pandas or polars."""

OF_NAMES = ("drop", "categorical", "missing")
"""What is said of a table in several names."""

_OF_ARRAYS = "Read as NumPy arrays."
"""A remark on the file in which arrays are kept, of which the caller knows nothing."""


def task_or_data(
    given: Subject,
    target: object,
    reading: Mapping[str, Any],
    say: Callable[[str], None],
    called: dict[str, str],
) -> str | Data:
    """Return what `Comparison.ask` takes; of a table, `say` is told what was recognised.

    `called` is told what the file in which arrays are kept is to be called. Raises UsageError for what is no such
    subject, DataError for data that cannot be used, and UnknownName for a column that is not there.
    """
    reading, weights = _without_array(reading)
    wanted, asked = _targets(target), _reading(reading)
    if isinstance(given, str | os.PathLike):
        if weights is not None:
            raise UsageError("--sample-weight names a column of a file: give its name, not an array.")
        return _task_or_file(given, wanted, asked, say)
    from lossterm.data.arrays import columns_of_frame, columns_of_pair, is_frame, keep_arrays, with_weights  # NumPy

    if isinstance(given, tuple | list) and len(given) == 2:
        if wanted:
            raise UsageError(
                "--target names a column of a frame or a file, and y is what is predicted here: leave it out."
            )
        inputs, predicted = given
        (columns, column), name = columns_of_pair(inputs, predicted, asked.pop("drop", ())), "X and y"
        wanted = (column,)
    elif is_frame(given) and not isinstance(given, type):
        columns, name = columns_of_frame(given, wanted, asked.pop("drop", ())), "The frame"
    else:
        raise UsageError(
            f"{type(given).__name__} is nothing to train on: give a pair (X, y) of arrays, a frame or the path of a "
            "file with target=, or the key of a task."
        )
    if weights is not None:
        columns, asked["sample_weight"] = with_weights(columns, weights)
    path = str(keep_arrays(columns, arrays()))
    called[printable(path)] = name
    return _described(_request(path, wanted, asked), say)


def _task_or_file(
    given: str | os.PathLike[str], targets: tuple[str, ...], asked: dict[str, Any], say: Callable[[str], None]
) -> str | Data:
    path = os.fspath(given)
    if not isinstance(path, str):
        path = os.fsdecode(path)
    if targets:
        return _described(_request(str(whole(Path(path))), targets, asked), say)
    if isinstance(given, os.PathLike) or (path not in every_task() and (Path(path).suffix or "/" in path)):
        raise UsageError(f"{path} needs --target COL, the column to predict; `lossterm data {path}` lists the columns.")
    if asked:
        raise UsageError(f"{next(iter(asked))}= is about a table, and {path!r} is a task: leave it out.")
    return path


def _request(path: str, targets: tuple[str, ...], asked: dict[str, Any]) -> FileRequest:
    """Return the request for a file. Raises UnknownName and OutOfRange for a keyword that is not as it must be."""
    if asked.get("kind", KINDS[0]) not in KINDS:
        raise UnknownName("kind of task", str(asked["kind"]), KINDS)
    for name, form in {
        "header": bool,
        **dict.fromkeys(("delimiter", "encoding", "thousands", "min_class"), str),
    }.items():
        if not isinstance(asked.get(name, form()), form):
            raise OutOfRange(name, repr(asked[name]), WANTED[form])
    return FileRequest(path=path, target=targets[0], more_targets=targets[1:], **asked)


def _described(request: FileRequest, say: Callable[[str], None]) -> Data:
    data, remarks = describe(request, shelf())
    for remark in remarks:
        if remark != _OF_ARRAYS:
            say(remark)
    return data


def notes_on_table(data: Data | None, told: Collection[str]) -> list[str]:
    """Return what a reader of results must know of a table, in Python's words, but what is told; nothing of a task."""
    notes = map(in_python, notes_on(data, shelf())) if data else ()
    return [note for note in notes if note not in told]


def _reading(reading: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of how a table is read, as a FileRequest holds it."""
    given = {name: value for name, value in reading.items() if value is not None}
    return {name: _names(value) if name in OF_NAMES else value for name, value in given.items()} | {
        name: _name(given[name], name) for name in ("group", "time", "sample_weight") if name in given
    }


def _targets(value: object) -> tuple[str, ...]:
    """Return the names of the columns to predict; () for None. Raises UsageError for what is no name, or no list."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return tuple(filter(None, (_name(value, "target"),)))
    if not value:
        raise UsageError("target= is an empty list: name the column to predict, or several.")
    return tuple(str(_name(one, "target")) for one in value)


def _without_array(reading: Mapping[str, Any]) -> tuple[Mapping[str, Any], Any]:
    """Return what is said of a table, and the weights of its rows where they are given as an array, else None."""
    weights = reading.get("sample_weight")
    if weights is None or isinstance(weights, str | int):
        return reading, None
    return {**reading, "sample_weight": None}, weights


def _names(value: object) -> tuple[str, ...]:
    """Return one name or several as texts."""
    several = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    return tuple(dict.fromkeys(printable(str(one)) for one in several))


def _name(value: object, keyword: str) -> str | None:
    """Return the name of a column, which may be a number in a frame. Raises UsageError for what is no name."""
    if value is None:
        return None
    if not isinstance(value, str | int):
        raise UsageError(f"{keyword}= is of type {type(value).__name__}, and the name of a column is wanted.")
    return printable(str(value))
