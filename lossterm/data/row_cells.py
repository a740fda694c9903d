"""The original cells of some rows of a file."""

from collections.abc import Sequence

from lossterm.data.shown_rows import ShownRow, ShownRows
from lossterm.data.user_data import Data
from lossterm.text.harmless import clipped


def rows_of_file(data: Data, numbers: Sequence[int]) -> ShownRows:
    """Read the rows with these numbers, as a person counts them in the file. Raises DataError."""
    from lossterm.data.files.opening import opened

    asked = data.asked
    sheet = opened(asked).read()
    names = [*asked.targets, *(name for name in sheet.raws if name not in asked.targets)]
    wanted = frozenset(numbers)
    places = {number: index for index in range(sheet.rows) if (number := sheet.row(index)) in wanted}
    return ShownRows(
        target=clipped(asked.predicted),
        columns=tuple(map(clipped, names)),
        labels=tuple(map(clipped, data.classes)),
        rows=tuple(
            ShownRow(row=number, cells=tuple(clipped(sheet.raws[name].text(places[number])) for name in names))
            for number in numbers
            if number in places
        ),
    )
