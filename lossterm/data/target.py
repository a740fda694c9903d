"""Decides which kind of task a target makes, and why; returns its numbers or the indices of its classes."""

from dataclasses import dataclass

import numpy as np

from lossterm.data.files.cells import number_text
from lossterm.data.files.sheet import Raw, Sheet, as_words
from lossterm.data.files.word_hints import without_names
from lossterm.data.rare_classes import without_rare
from lossterm.data.request import FileRequest, min_class_of
from lossterm.errors import UsageError
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
    """(rows,) float64, or int64 indices of classes; (rows, columns) of several outputs or labels."""
    classes: tuple[str, ...] = ()
    lowest: float = 0.0
    highest: float | None = None
    zeros: bool = True
    imbalance: float = 1.0
    rows: np.ndarray
    """(rows,) indices of the sheet's rows that have it."""
    said: tuple[str, ...] = ()
    """What was done to rare classes, in sentences."""


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
        if asked.min_class is not None:
            raise UsageError(f"--min-class is about classes, and {raw.name} is a number to predict: leave it out.")
        lowest, highest, zeros = float(values.min()), float(values.max()), bool((values == 0).any())
        return Target(kind=kind, why=why, values=values, lowest=lowest, highest=highest, zeros=zeros, rows=rows)
    classes, values = _classes(raw, rows)
    said: tuple[str, ...] = ()
    if asked.min_class is not None:
        usual = without_rare(classes, values, rows, *min_class_of(asked.min_class))
        classes, values, rows, said = usual.classes, usual.values, usual.rows, usual.said
        kind = "binary" if len(classes) == 2 and asked.kind is None else kind
    _refuse_rare(sheet, raw, classes, asked)
    _refuse_classes(sheet, raw, rows, kind, classes, values, asked.min_class)
    counts = np.bincount(values)
    imbalance = float(counts.max() / counts.min())
    return Target(kind=kind, why=why, values=values, classes=classes, imbalance=imbalance, rows=rows, said=said)


def _kind(sheet: Sheet, raw: Raw, rows: np.ndarray, asked: FileRequest) -> tuple[Kind, str]:
    """Return the kind of task, as requested or as the cells suggest, and why."""
    if asked.kind is not None:
        if asked.kind == "regression" and raw.kind in ("word", "boolean"):
            index = int(rows[0])
            raise sheet.refusal(
                f"the target is {clipped(raw.text(index))!r}, which is not a number, as regression needs. "
                f"{_hints(raw)}Leave out --kind, or name another target.",
                index,
                raw.name,
            )
        if asked.kind not in _IN_WORDS:
            raise sheet.refusal(
                f"--kind {asked.kind} is of several numbers a row, and this is one column. Leave out --kind.",
                column=raw.name,
            )
        return asked.kind, f"{raw.name} is taken as {_IN_WORDS[asked.kind]}, as asked for."
    named = raw.name in asked.categorical
    if raw.unread and not named:
        raise sheet.refusal(f"the target has two readings. {' '.join(raw.remarks)}", int(rows[0]), raw.name)
    if raw.kind in ("word", "boolean") or named:
        number = len(np.unique(raw.values[rows]))
        words = "yes or no" if raw.kind == "boolean" else f"{number} names"
        kind: Kind = "binary" if number <= 2 else "multiclass"
        return kind, f"{raw.name} has {words}: {_IN_WORDS[kind]}; --kind says otherwise."
    if raw.kind == "date":
        return "regression", f"{raw.name} is a date: {_IN_WORDS['regression']}, in days since 1970."
    return _kind_of_numbers(raw, raw.values[rows], as_classes=asked.min_class is not None)


_IN_WORDS: dict[Kind, str] = {
    "regression": "a number to predict (regression)",
    "binary": "two classes to tell apart (binary)",
    "multiclass": "classes to tell apart (multiclass)",
    "ordinal": "ranks (ordinal)",
}


def _kind_of_numbers(raw: Raw, values: np.ndarray, *, as_classes: bool) -> tuple[Kind, str]:
    """Return the kind of task that numbers make; `as_classes` says that rare ones may be classes too."""
    each, counts = np.unique(values, return_counts=True)
    otherwise = "; --kind says otherwise."
    if len(each) == 2:
        both = " and ".join(map(number_text, each))
        return "binary", f"{raw.name} has two values, {both}: {_IN_WORDS['binary']}{otherwise}"
    whole = bool(np.all(each == np.round(each)))
    if 2 < len(each) <= _CODES and whole and each[-1] - each[0] < 2 * len(each):
        ends = f"{number_text(each[0])} to {number_text(each[-1])}"
        described = f"{raw.name} has {len(each)} whole numbers, {ends}"
        if counts.min() >= FEWEST or as_classes:
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


def _refuse_rare(sheet: Sheet, raw: Raw, classes: tuple[str, ...], asked: FileRequest) -> None:
    """Raise DataError where --min-class leaves no two classes."""
    if asked.min_class is not None and len(classes) < 2:
        fewest, what = min_class_of(asked.min_class)
        left = f"one class, {clipped(classes[0])!r}" if classes else "no class"
        raise sheet.refusal(
            f"--min-class {fewest}:{what} leaves {left}, since too many classes have fewer than {fewest} rows. Give a "
            "smaller number, or name another target.",
            column=raw.name,
        )


def _ways_out(counts: np.ndarray, given: str | None) -> str:
    """Say what can be done about classes that have so few rows, (classes,); not what would leave a class as rare.

    `given` is what was asked to be done about them.
    """
    rare = counts < FEWEST
    ways = []
    if rare.sum() > 1 and not rare.all() and counts[rare].sum() >= FEWEST and given != f"{FEWEST}:join":
        ways.append(f"--min-class {FEWEST}:join, which makes one class of all that are rare")
    if (~rare).sum() > 1 and given != f"{FEWEST}:drop":
        ways.append(f"{'' if ways else '--min-class '}{FEWEST}:drop, which leaves their rows out")
    return f"Add rows, or say {', or '.join(ways)}." if ways else "Add rows."


def _hints(raw: Raw) -> str:
    """Return what the column may have been meant as, other than names, with a space behind it, or nothing."""
    return "".join(f"{without_names(remark)} " for remark in raw.remarks)


def _refuse_classes(
    sheet: Sheet,
    raw: Raw,
    rows: np.ndarray,
    kind: Kind,
    classes: tuple[str, ...],
    values: np.ndarray,
    given: str | None,
) -> None:
    """Raise DataError for classes that can't be learned or can't be split; `given` is what is done to rare ones."""
    number = len(classes)
    if number == 1:
        raise sheet.refusal(
            f"the target has one class, {clipped(classes[0])!r}: there is nothing to tell apart. Name another target.",
            column=raw.name,
        )
    if number > _MOST_CLASSES or (number > 2 and number * 2 > len(rows)):
        first = int(rows[0])
        what = "is free text" if raw.kind == "word" else "has nearly as many values as rows"
        what = "is read as words" if raw.remarks else what
        raise sheet.refusal(
            f"the target {what}: {number:,} different ones in {counted(len(rows), 'row')}, the first "
            f"{clipped(raw.text(first))!r}. {_hints(raw).strip() or 'A target is a number, or one of a few names.'}",
            first,
            raw.name,
        )
    if kind == "binary" and number != 2:
        raise sheet.refusal(
            f"the target has {number} classes, not two. {_hints(raw)}Give --kind multiclass.", column=raw.name
        )
    if kind == "multiclass" and number == 2:
        raise sheet.refusal("the target has two classes only. Give --kind binary.", column=raw.name)
    counts = np.bincount(values, minlength=number)
    if counts.min() < FEWEST:
        rarest = int(counts.argmin())
        more = int((counts < FEWEST).sum()) - 1
        hinted = f"the target is read as names. {_hints(raw)}As names, " if raw.remarks else ""
        others = f" (and {more} more as rare)" if more else ""
        raise sheet.refusal(
            f"{hinted}class {clipped(classes[rarest])!r} has {counted(int(counts[rarest]), 'row')}{others}, and a "
            f"split needs {FEWEST} of each. {_ways_out(counts, given)}",
            int(rows[int(np.argmax(values == rarest))]),
            raw.name,
        )
