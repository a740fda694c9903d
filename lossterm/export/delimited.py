"""CSV: a line for each epoch of each trial."""

import csv
from pathlib import Path

from lossterm.export.contents import Contents
from lossterm.export.epochs import every
from lossterm.export.long_form import TRIAL_COLUMNS, Cell, of_epochs, of_trial, value_columns
from lossterm.export.text import one_line

FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""What a spreadsheet takes for the beginning of a formula, in its own width and that of Chinese and Japanese."""


def write_csv(contents: Contents, path: Path) -> None:
    """Write a head, then every epoch. Numbers are the stored float32 in full; what is not finite is an empty cell.

    A text is kept to one line, and has an apostrophe before it where a spreadsheet would compute it.
    """
    columns = value_columns(contents)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*TRIAL_COLUMNS, "epoch", *columns])
        for epochs in every(contents):
            trial = [_harmless(cell) for cell in of_trial(epochs)]
            writer.writerows([*trial, *line] for line in of_epochs(epochs, columns))


def _harmless(cell: Cell) -> Cell:
    """Keep a text from being computed; a number is one, whatever its sign."""
    if not isinstance(cell, str):
        return cell
    text = one_line(cell)
    return f"'{text}" if cell.startswith(FORMULA) or text.startswith(FORMULA) else text
