"""Finds last rows that sum up those above, such as a total: they are no examples, and their targets lie far out."""

import re
from collections.abc import Iterator

import numpy as np

from lossterm.data.files.sheet import Raw, Sheet
from lossterm.text.harmless import clipped
from lossterm.text.numbers import listed

MOST = 5
"""Last rows that are looked at."""

_SUMMARY = re.compile(
    r"(?:(?:grand|sub|sum|overall|final|net)[ -]?)?(?:totals?|sums?|means?|averages?|avg|medians?|std"
    r"|total général|sous-total"
    r"|summe|gesamt|gesamtsumme|zwischensumme|mittelwert|durchschnitt|somme|moyenne|suma|promedio|totale|somma|totaal"
    r"|gemiddelde|итого|合計|平均)\.?(?: ?[:=]| \(.*\)| \d{4})?"
)
"""What stands in the row of a summary, in lower case."""


def summary_rows(sheet: Sheet) -> dict[int, tuple[str, str]]:
    """Return the last rows that sum up others: index → column and cell that say so, ascending.

    Such a word stands nowhere else in its column; of one with more than 20,000 names the last ones are not known.
    """
    seen: dict[int, tuple[str, str]] = {}
    for index in range(sheet.rows - 1, max(0, sheet.rows - 1 - MOST), -1):
        said = next(
            ((raw.name, cell) for raw in sheet.raws.values() if _sums_up(cell := _cell(raw, index, sheet.rows))), None
        )
        if said is None:
            break
        seen[index] = said
    return dict(sorted(seen.items()))


def summaries_in_words(sheet: Sheet, rows: dict[int, tuple[str, str]]) -> Iterator[str]:
    """Say which rows sum up others and what to do; nothing where none does."""
    if not rows:
        return
    numbers = listed([f"{sheet.row(index):,}" for index in rows])
    cells = listed([f"{cell!r} in {clipped(column)}" for column, cell in dict.fromkeys(rows.values())])
    one = len(rows) == 1
    look, these = (
        ("looks like a summary", "it is no example") if one else ("look like summaries", "they are no examples")
    )
    yield (
        f"Row{'' if one else 's'} {numbers} {look} of the rows above ({cells}): {these}, and values far from the "
        f"others distort the scores. Delete {'it' if one else 'them'} from the file."
    )


def _cell(raw: Raw, index: int, rows: int) -> str:
    """Return the text of a cell that is a word; "" for numbers, and where such words stand in earlier rows too."""
    odd = raw.odd
    if odd.count and odd.index <= index and odd.count == rows - odd.index:
        return odd.cell  # of several only the first is kept
    if raw.kind != "word" or raw.values[index] < 0 or not _sums_up(raw.text(index)):
        return ""
    summaries = [place for place, word in enumerate(raw.words) if _sums_up(word)]
    first = int(np.flatnonzero(np.isin(raw.values, summaries))[0])
    alone = np.count_nonzero(raw.values == raw.values[index]) == 1
    return clipped(raw.text(index)) if alone and first >= rows - MOST else ""  # else the column names statistics


def _sums_up(cell: str) -> bool:
    return _SUMMARY.fullmatch(cell.strip().casefold()) is not None
