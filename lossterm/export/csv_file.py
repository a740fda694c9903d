"""CSV: a line for each epoch of each trial."""

import csv
from pathlib import Path

from lossterm.export.epochs import every
from lossterm.export.long_form import TRIAL_COLUMNS, of_epochs, of_trial, value_columns
from lossterm.export.session_contents import Contents
from lossterm.text.harmless import cell


def write_csv(contents: Contents, path: Path) -> None:
    """Write a head, then every epoch. Numbers are the stored float32 in full; what is not finite is an empty cell.

    A text is kept to one line, with an apostrophe before it where a spreadsheet would take it for a formula.
    """
    columns = value_columns(contents)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*TRIAL_COLUMNS, "epoch", *columns])
        for epochs in every(contents):
            trial = [cell(value) for value in of_trial(epochs)]
            writer.writerows([*trial, *line] for line in of_epochs(epochs, columns))
