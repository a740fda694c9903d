"""Decides which kind of task a target makes, and why; returns its numbers or the indices of its classes."""

from dataclasses import dataclass

import numpy as np

from lossterm.data.files.cells import number_text
from lossterm.data.files.sheet import Raw, Sheet, as_words
from lossterm.data.request import FileRequest
from lossterm.losses import Kind
from lossterm.text.harmless import clipped
from lossterm.text.numbers import counted

FEWEST = 5
"""Number of rows that a class must have, for every part of a split to have one."""

_CODES = 10
"""Largest number of distinct whole numbers that may be codes of classes rather than amounts."""
_MOST_CLASSES = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The target of a table."""

    kind: Kind
    why: str
    """Why it is of that kind, in a sentence."""
    values: np.ndarray
    """(rows,) float64, or int64 indices of classes."""
    classes: tuple[str, ...] = ()
    lowest: float = 0.0
    zeros: bool = True
    imbalance: float = 1.0


def target_of(sheet: Sheet, raw: Raw, rows: np.ndarray, asked: FileRequest) -> Target:
    """Return the target of the rows at these indices, all of which have one. Raises DataError with the column."""
    kind, why = _kind(sheet, raw, rows, asked)
    if kind == "regression":
        values = raw.values[rows].astype(np.float64)
        if values.min() == values.max():
            raise sheet.refusal(
                f"the target is {number_text(values[0])} in every row: there is nothing to predict. "
                "Name another target.",
                column=raw.name,
            )
        return Target(kind=kind, why=why, values=values, lowest=float(values.min()), zeros=bool((values == 0).any()))
    classes, values = _classes(raw, rows)
    counts = np.bincount(values)
    _refuse_classes(sheet, raw, rows, kind, classes, values)
    return Target(kind=kind, why=why, values=values, classes=classes, imbalance=float(counts.max() / counts.min()))


def _kind(sheet: Sheet, raw: Raw, rows: np.ndarray, asked: FileRequest) -> tuple[Kind, str]:
    """Return the kind of task, as requested or as the cells suggest, and why."""
    if asked.kind is not None:
        if asked.kind == "regression" and raw.kind in ("word", "boolean"):
            index = int(rows[0])
            raise sheet.refusal(
                f"the target is {clipped(raw.text(index))!r}, which is not a number, as regression needs. "
                "Leave out --kind, or name another target.",
                index,
                raw.name,
            )
        return asked.kind, f"{raw.name} is taken as {_IN_WORDS[asked.kind]}, as asked for."
    named = raw.name in asked.categorical
    if raw.kind in ("word", "boolean") or named:
        number = len(np.unique(raw.values[rows]))
        words = "yes or no" if raw.kind == "boolean" else f"{number} names"
        kind: Kind = "binary" if number <= 2 else "multiclass"
        return kind, f"{raw.name} has {words}: {_IN_WORDS[kind]}; --kind says otherwise."
    if raw.kind == "date":
        return "regression", f"{raw.name} is a date: {_IN_WORDS['regression']}, in days since 1970."
    return _kind_of_numbers(raw, raw.values[rows])


_IN_WORDS: dict[Kind, str] = {
    "regression": "a number to predict (regression)",
    "binary": "two classes to tell apart (binary)",
    "multiclass": "classes to tell apart (multiclass)",
}


def _kind_of_numbers(raw: Raw, values: np.ndarray) -> tuple[Kind, str]:
    each, counts = np.unique(values, return_counts=True)
    otherwise = "; --kind says otherwise."
    if len(each) == 2:
        both = " and ".join(map(number_text, each))
        return "binary", f"{raw.name} has two values, {both}: {_IN_WORDS['binary']}{otherwise}"
    whole = bool(np.all(each == np.round(each)))
    if 2 < len(each) <= _CODES and whole and each[-1] - each[0] < 2 * len(each):
        ends = f"{number_text(each[0])} to {number_text(each[-1])}"
        described = f"{raw.name} has {len(each)} whole numbers, {ends}"
        if counts.min() >= FEWEST:
            return "multiclass", f"{described}: {_IN_WORDS['multiclass']}{otherwise}"
        rare = counted(int(counts.min()), "row")
        return "regression", f"{described}, one of them in {rare} only: {_IN_WORDS['regression']}{otherwise}"
    return "regression", f"{raw.name} has {len(each):,} different numbers: {_IN_WORDS['regression']}{otherwise}"


def _classes(raw: Raw, rows: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the labels (numbers by size, words by alphabet, no before yes) and each row's index."""
    each, values = np.unique(raw.values[rows], return_inverse=True)
    if raw.kind != "word":
        words = as_words(Raw(name=raw.name, kind=raw.kind, values=each, words=raw.words)).words
        return words, values.astype(np.int64)
    labels = [raw.words[code] if code >= 0 else "…" for code in each]
    order = sorted(range(len(labels)), key=lambda place: (labels[place].casefold(), labels[place]))
    rank = np.argsort(order)
    return tuple(labels[place] for place in order), rank[values].astype(np.int64)


def _refuse_classes(
    sheet: Sheet, raw: Raw, rows: np.ndarray, kind: Kind, classes: tuple[str, ...], values: np.ndarray
) -> None:
    """Raise DataError for classes that can't be learned or can't be split."""
    number = len(classes)
    if number == 1:
        raise sheet.refusal(
            f"the target has one class, {clipped(classes[0])!r}: there is nothing to tell apart. Name another target.",
            column=raw.name,
        )
    if number > _MOST_CLASSES or (number > 2 and number * 2 > len(rows)):
        first = int(rows[0])
        what = "is free text" if raw.kind == "word" else "has nearly as many values as rows"
        raise sheet.refusal(
            f"the target {what}: {number:,} different ones in {counted(len(rows), 'row')}, the first "
            f"{clipped(raw.text(first))!r}. {' '.join(raw.remarks) or 'A target is a number, or one of a few names.'}",
            first,
            raw.name,
        )
    if kind == "binary" and number != 2:
        raise sheet.refusal(f"the target has {number} classes, not two. Give --kind multiclass.", column=raw.name)
    if kind == "multiclass" and number == 2:
        raise sheet.refusal("the target has two classes only. Give --kind binary.", column=raw.name)
    counts = np.bincount(values, minlength=number)
    if counts.min() < FEWEST:
        rarest = int(counts.argmin())
        more = int((counts < FEWEST).sum()) - 1
        others = f" (and {more} more as rare)" if more else ""
        raise sheet.refusal(
            f"class {clipped(classes[rarest])!r} has {counted(int(counts[rarest]), 'row')}{others}, and a split needs "
            f"{FEWEST} of each. Add rows, join classes or leave these rows out.",
            int(rows[int(np.argmax(values == rarest))]),
            raw.name,
        )
