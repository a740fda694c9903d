"""Decides which columns become features, of which kind, and which do not, with the reason."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lossterm.data.codes import PossibleCode, possible_codes, possible_names
from lossterm.data.column import ColumnKind, FeatureColumn
from lossterm.data.files.sheet import MISSING_WORD, Raw, Sheet, as_words
from lossterm.data.named_codes import of_named_codes
from lossterm.data.request import FileRequest, typed
from lossterm.data.summary_rows import summaries_in_words, summary_rows
from lossterm.text.harmless import clipped
from lossterm.text.numbers import counted

MOST_LEVELS = 50
OTHER = "other"
"""Name of the level that joins all names too rare for a level each."""

_FREE_TEXT = 0.5
"""Share of distinct cells above which a column is free text rather than names."""

_SPREADS = 100
"""How many times their spread numbers may be before their common part is subtracted."""

_ID = re.compile(r"(?i:id|index|uuid|guid|row(?:[ _.-]?(?:number|names?|id))?)|.*[ _.-](?i:id)|.*[a-z0-9](?:Id|ID)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Feature:
    """A column that becomes a feature, and how its cells are written into the table."""

    column: FeatureColumn
    raw: Raw
    levels: np.ndarray | None
    """For a category, (words,) int: code → index of its level."""
    rest: bool = False
    """Whether its last level joins all names rarer than the others."""

    def write(self, rows: np.ndarray, into: np.ndarray) -> None:
        """Write the cells of these rows into a column of float32, NaN where missing."""
        values = self.raw.values[rows]
        if self.levels is None:
            into[:] = values - self.column.origin
        else:
            rare = len(self.column.levels) - 1
            level = np.where(values >= 0, self.levels[np.maximum(values, 0)], rare).astype(np.float32)
            level[values == MISSING_WORD] = np.nan
            into[:] = level


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """What became of a sheet's columns."""

    features: tuple[Feature, ...]
    left_out: dict[str, str]
    """Column → why it is not a feature; without those dropped on request."""
    texts: frozenset[str]
    """The columns among them that are free text."""
    warnings: tuple[str, ...]
    ids: tuple[str, ...]
    """The features that look like ids."""
    codes: dict[str, list[str]]
    """Feature → what in it may stand for a missing value."""

    @property
    def width(self) -> int:
        """Number of network inputs."""
        return sum(feature.column.width for feature in self.features)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was left out: one sentence for all columns with the same reason."""
        by_reason: dict[str, list[str]] = {}
        for name, why in self.left_out.items():
            by_reason.setdefault(why, []).append(name)
        return tuple(f"Left out, since it {why}: {_listed(names)}." for why, names in by_reason.items())


def _listed(names: list[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(clipped, names[:most])) + more


@dataclass(frozen=True, kw_only=True, slots=True)
class _LeftOut:
    """A column that does not become a feature."""

    why: str
    text: bool = False


def features_of(sheet: Sheet, rows: np.ndarray, asked: FileRequest) -> Features:
    """Decide on every column that has no other role, from the rows at these indices."""
    features: list[Feature] = []
    summaries, ids, codes = summary_rows(sheet), list[str](), dict[str, list[str]]()
    left, texts, warnings = dict(sheet.unread), set[str](), list[str]()
    warnings += summaries_in_words(sheet, {index: said for index, said in summaries.items() if index in rows})
    for raw in sheet.raws.values():
        if raw.name in (*asked.targets, asked.group, asked.time, asked.sample_weight):
            continue
        warnings += raw.remarks
        feature = _feature(raw, rows, asked)
        if isinstance(feature, _LeftOut):
            left[raw.name] = feature.why
            if feature.text:
                texts.add(raw.name)
            continue
        features.append(feature)
        if like_an_id := _like_an_id(raw, rows):
            ids.append(raw.name)
            warnings = [one for one in warnings if one not in raw.remarks or "--categorical" not in one]
            warnings.append(f"{raw.name} {like_an_id}. --drop {typed((*asked.drop, raw.name))} leaves it out.")
        possible = possibly_missing(raw, rows, asked)
        codes[raw.name] = [one.code for one in possible]
        warnings += _warnings(sheet, raw, feature, possible, summaries)
    warnings += of_named_codes(sheet, asked)
    return Features(
        features=tuple(features),
        left_out=left,
        texts=frozenset(texts),
        warnings=tuple(warnings),
        ids=tuple(ids),
        codes=codes,
    )


def _feature(raw: Raw, rows: np.ndarray, asked: FileRequest) -> Feature | _LeftOut:
    """Return the feature that a column becomes, or the reason why it is left out."""
    if raw.name in asked.categorical:
        raw = as_words(raw) if raw.kind != "nothing" else raw
    values, missing = raw.values[rows], raw.missing[rows]
    present = values[~missing]
    if not len(present):
        return _LeftOut(why="is empty in every row")
    if (present == present[0]).all() and not missing.any():
        return _LeftOut(why="is the same in every row")
    if raw.unread and raw.name not in asked.categorical:
        return _LeftOut(why="holds numbers that have two readings")
    if raw.kind == "word":
        return _category(raw, present, bool(missing.any()), forced=raw.name in asked.categorical)
    origin = 0.0
    low, high = float(present.min()), float(present.max())
    if raw.kind == "date" or (raw.kind == "number" and max(abs(low), abs(high)) > _SPREADS * (high - low) > 0):
        origin = float(np.floor(low))
    kind: ColumnKind = "date" if raw.kind == "date" else "boolean" if raw.kind == "boolean" else "number"
    column = FeatureColumn(name=raw.name, kind=kind, origin=origin, missing=bool(missing.any()))
    return Feature(column=column, raw=raw, levels=None)


def _category(raw: Raw, present: np.ndarray, missing: bool, *, forced: bool) -> Feature | _LeftOut:
    counts = np.bincount(present[present >= 0], minlength=len(raw.words))
    rare = int((present < 0).sum())
    different = int((counts > 0).sum())
    text = different + rare > max(MOST_LEVELS, _FREE_TEXT * len(present)) or different + rare == len(present)
    if text and not forced:
        why = (
            "is read as words, nearly every one different"
            if raw.remarks
            else "is free text, nearly every cell different"
        )
        return _LeftOut(why=why, text=True)
    order = [int(code) for code in np.argsort(-counts, kind="stable") if counts[code]]
    kept = order if different <= MOST_LEVELS and not rare else order[: MOST_LEVELS - 1]
    names = [raw.words[code] for code in kept]
    if rest := len(kept) < different or rare > 0:
        names.append(OTHER if OTHER not in names else f"any {OTHER}")
    levels = np.full(max(1, len(raw.words)), len(names) - 1)
    levels[kept] = np.arange(len(kept))
    column = FeatureColumn(name=raw.name, kind="category", levels=tuple(names), missing=missing)
    return Feature(column=column, raw=raw, levels=levels, rest=rest)


def possibly_missing(raw: Raw, rows: np.ndarray, asked: FileRequest) -> list[PossibleCode]:
    """Return what in a column may stand for a missing value, in the rows at these indices."""
    if raw.kind in ("number", "date"):
        return list(possible_codes(raw.name, raw.values[rows][~raw.missing[rows]], dates=raw.kind == "date"))
    if raw.kind == "word" and raw.name not in asked.categorical:
        values = raw.values[rows]
        counts = np.bincount(values[values >= 0], minlength=len(raw.words)).tolist()
        return list(possible_names(raw.name, raw.words, counts, target=raw.name in asked.targets))
    return []


def is_named_id(name: str) -> bool:
    """Whether a column has the name of an id."""
    return _ID.fullmatch(name) is not None


def _like_an_id(raw: Raw, rows: np.ndarray) -> str:
    """Say why a column looks like an id; "" of any other."""
    if is_named_id(raw.name):
        return "has the name of an id, which says nothing of a new row"
    if raw.kind != "number" or raw.notation is not None:  # an amount of money or of anything else is no id
        return ""
    values = raw.values[rows][~raw.missing[rows]]
    if len(np.unique(values)) < len(values) or np.any(values != np.round(values)):
        return ""
    where = "every row" if len(values) == len(rows) else "every row that has one"
    return f"is a whole number that is different in {where}, as an id is"


def _warnings(
    sheet: Sheet, raw: Raw, feature: Feature, possible: Sequence[PossibleCode], summaries: Collection[int]
) -> Iterable[str]:
    if raw.odd.count and raw.odd.index not in summaries:
        cells = counted(raw.odd.count, "cell")
        yield (
            f"{raw.name}: {cells} taken as missing, since the others are {raw.kind}s; the first is "
            f"{raw.odd.cell!r} in row {sheet.row(raw.odd.index)}. "
            f"--categorical {typed([raw.name])} takes all as names."
        )
    yield from (one.sentence for one in possible)
    if feature.rest and len(feature.column.levels) == MOST_LEVELS:
        kept = MOST_LEVELS - 1
        yield f"{raw.name} has more than {MOST_LEVELS} names; the {kept} most frequent are kept, the rest is one."
