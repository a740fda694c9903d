"""The rows that hold the gradient as lines: how much each loss's model holds of them, and what stands in them."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from lossterm.charts.terminal_style import Style
from lossterm.data.shown_rows import ShownRows
from lossterm.reports.cells import DASH
from lossterm.reports.gradient_rows import GradientRow, percent
from lossterm.text.marks import MARKED_ROW
from lossterm.tui.widgets.changing_lines import fitted

GAP = 2
WIDEST_NAME = 9
"""Cells of a loss's name above its shares."""

WIDEST_CELL = 16
"""Cells of a column of the table."""


def gradient_table(
    rows: Sequence[GradientRow],
    pointed: GradientRow,
    losses: Sequence[str],
    cells: ShownRows | None,
    width: int,
    style: Style,
    *,
    first: int = 0,
) -> list[Text]:
    """Return what is predicted for the row under the cursor, the heads, and a line for each row, in `width` cells.

    `cells` are what stands in the rows, None while they are read; the target is always in sight, of the others those
    from the `first` on.
    """
    columns = _columns(rows, losses, style)
    columns += _table_columns(rows, cells, first)
    lines = [Text() for _ in range(len(rows) + 1)]
    left = width
    for head, values, ink, right in columns:
        wide = max(map(cell_len, (head, *values)))
        if wide > left:
            break
        for line, cell, how in zip(lines, (head, *values), ("dim", *[ink] * len(values)), strict=True):
            line.append(" " * (wide - cell_len(cell)) + cell if right else fitted(cell, wide), how)
            line.append(" " * GAP)
        left -= wide + GAP
    for line, row in zip(lines[1:], rows, strict=True):
        line.truncate(width, pad=True)
        if row.row == pointed.row:
            line.stylize("reverse")
    return [_predicted(pointed, losses, cells, width, style), *lines]


_Column = tuple[str, list[str], str, bool]
"""Head, cells, how these are written, and whether they stand at the right."""


def _columns(rows: Sequence[GradientRow], losses: Sequence[str], style: Style) -> list[_Column]:
    """Return the number of each row, and the share of each loss's gradient that it holds."""
    every: list[_Column] = [("row", [f"{row.row}" for row in rows], "", True)]
    for loss in losses:
        name = loss if len(loss) <= WIDEST_NAME else f"{loss[: WIDEST_NAME - 1]}…"
        held = [percent(row.held[loss].share) if loss in row.held else DASH for row in rows]
        every.append((name, held, style.of_loss(loss), True))
    return every


def _table_columns(rows: Sequence[GradientRow], cells: ShownRows | None, first: int) -> list[_Column]:
    if cells is None:
        return []
    known = {row.row: row.cells for row in cells.rows}
    shown = [0, *range(1 + first, len(cells.columns))]
    every: list[_Column] = []
    for place in shown:
        values = [_cut(known[row.row][place]) if row.row in known else "" for row in rows]
        numbers = all(_is_number(value) for value in values if value)
        every.append(
            (_cut(cells.columns[place]), [value or DASH for value in values], "bold" if not place else "", numbers)
        )
    return every


def _cut(text: str) -> str:
    return text if cell_len(text) <= WIDEST_CELL else fitted(text, WIDEST_CELL)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _predicted(pointed: GradientRow, losses: Sequence[str], cells: ShownRows | None, width: int, style: Style) -> Text:
    """Say of the row under the cursor what is true and what each loss's model predicts for it."""
    name, labels = (cells.target, cells.labels) if cells else ("target", ())
    held = [pointed.held[loss] for loss in losses if loss in pointed.held]
    line = Text.assemble(
        (f"{MARKED_ROW} row {pointed.row}", "bold"), f": {name} {_value(held[0].target, labels)}; predicted "
    )
    for place, loss in enumerate(one for one in losses if one in pointed.held):
        line.append(", " if place else "")
        line.append(f"{loss} ", style.of_loss(loss))
        line.append(_value(pointed.held[loss].predicted, labels))
    line.truncate(width, overflow="ellipsis")
    return line


def _value(value: float, labels: Sequence[str]) -> str:
    if labels and value == int(value) and 0 <= value < len(labels):
        return labels[int(value)]
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
