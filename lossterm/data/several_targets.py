"""Several columns of a table as one target."""

from collections.abc import Sequence

import numpy as np

from lossterm.data.files.sheet import Raw, Sheet
from lossterm.data.files.word_hints import without_names
from lossterm.data.request import FileRequest, typed
from lossterm.data.several_columns import several_columns
from lossterm.data.target import Target
from lossterm.errors import DataError, UsageError
from lossterm.text.harmless import clipped
from lossterm.text.numbers import listed


def several_targets(sheet: Sheet, raws: Sequence[Raw], rows: np.ndarray, asked: FileRequest) -> Target:
    """Return what columns make together in the rows at these indices, in which none is missing.

    Raises DataError, with the column, for words and for what cannot be learned, and UsageError for `--min-class`.
    """
    if asked.min_class is not None:
        raise UsageError("--min-class is about the classes of one column, and several are predicted: leave it out.")
    for raw in raws:
        _refuse_words(sheet, raw, rows, asked)

    def refuse(what: str, column: str | None) -> DataError:
        return sheet.refusal(what, column=column)

    values = np.column_stack([raw.values[rows] for raw in raws]).astype(np.float64)
    they = f"{listed([clipped(raw.name) for raw in raws])} are {len(raws)} columns"
    return several_columns(they, [raw.name for raw in raws], values, rows, asked.kind, refuse)


def _refuse_words(sheet: Sheet, raw: Raw, rows: np.ndarray, asked: FileRequest) -> None:
    """Raise DataError for a column that is neither numbers nor yes and no."""
    first = int(rows[0])
    named = raw.name in asked.categorical
    if raw.unread and not named:
        raise sheet.refusal(
            f"the target has two readings. {' '.join(map(without_names, raw.remarks))}", first, raw.name
        )
    if raw.kind == "word" or named:
        hints = "".join(f"{without_names(remark)} " for remark in raw.remarks)
        why = "is in --categorical" if named else f"holds {clipped(raw.text(first))!r}"
        raise sheet.refusal(
            f"several columns are predicted together as numbers, or as labels of 0 and 1, and this one {why}. {hints}"
            f"Leave it out of --target, or predict it alone: --target {typed([raw.name])}.",
            first,
            raw.name,
        )
