"""What became of the codes that a user named: which no cell holds, and which are those of several columns."""

from collections.abc import Iterator, Sequence

import numpy as np

from lossterm.data.codes import possible_codes
from lossterm.data.files.cells import day_text, number_of, number_text
from lossterm.data.files.missing_codes import MissingCodes, column_and_code
from lossterm.data.files.sheet import Raw, Sheet
from lossterm.data.request import FileRequest, typed_missing
from lossterm.errors import UnknownName
from lossterm.text.harmless import clipped
from lossterm.text.numbers import listed

_MOST_WORDS = 1000
"""Number of distinct words of a column among which near misses are looked for."""
_MOST_NAMED = 6
"""Number of columns that are named."""


def of_named_codes(sheet: Sheet, asked: FileRequest) -> Iterator[str]:
    """Say which codes no cell holds, with near misses, as they may be mistyped; and which several columns hold."""
    for given in asked.missing:
        column, code = column_and_code(given, sheet.names)
        if column is not None and column not in sheet.raws:
            yield f"{typed_missing(column, code)} changes nothing, since {clipped(column)} is left out."
            continue
        looked_at = [raw for name, raw in sheet.raws.items() if column in (None, name)]
        added = MissingCodes.of([code]).added
        there = [raw.name for raw in looked_at if any(map(added, raw.absent))]
        if not there:
            of = "" if column is None else f" of {clipped(column)}"
            yield f"No cell{of} is {clipped(code)!r}, which --missing names.{_near(sheet, looked_at, given, code)}"
        elif len(there) > 1:
            named = [*map(clipped, there[:_MOST_NAMED])]
            more = [f"{len(there) - _MOST_NAMED:,} more"] * (len(there) > _MOST_NAMED)
            yield (
                f"{clipped(code)!r} is read as missing in {listed([*named, *more])}; "
                f"{typed_missing(there[-1], code)} in its place does so in one column alone."
            )


def _near(sheet: Sheet, looked_at: Sequence[Raw], given: str, code: str) -> str:
    """Return what a code that no cell holds may have been meant as, with a space before it, or nothing."""
    name, sign, _ = given.partition("=")
    if sign and name not in sheet.names and (columns := UnknownName("column called", name, sheet.names).near):
        return f" No column is called {clipped(name)!r}: did you mean {' or '.join(map(clipped, columns))}?"
    cells = {cell: raw.name for raw in reversed(looked_at) for cell in _cells_like_codes(raw, code)}
    near = UnknownName("cell that is", code, cells).near
    meant = [f"{clipped(cell)!r} in {clipped(cells[cell])}" for cell in near]
    return f" Did you mean {' or '.join(meant)}?" if meant else ""


def _cells_like_codes(raw: Raw, code: str) -> list[str]:
    """Return the cells of a column among which near misses of a code are looked for: words, and numbers like codes."""
    if raw.kind in ("word", "boolean"):
        return list(raw.words[:_MOST_WORDS])
    if raw.kind == "nothing":
        return []
    present = raw.values[~raw.missing]
    number = number_of(code, comma=True)
    turned = [number_text(-number.value)] if number and np.any(present == -number.value) else []
    ends = [day_text(float(end)) for end in (present.min(), present.max())] if raw.kind == "date" else []
    codes = (one.code for one in possible_codes(raw.name, present, dates=raw.kind == "date"))
    return [*codes, *turned, *ends]
