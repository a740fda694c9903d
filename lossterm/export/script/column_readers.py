"""How a script reads the columns of a file: the simplest reader that gives every cell its recognised value.

The file is read once more, since the store does not keep how a cell is written; each reader was tried here on every
cell of its column.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from lossterm.data import Data, FeatureColumn, load
from lossterm.data.files.cells import is_grouped, number_of
from lossterm.data.files.content import open_text
from lossterm.data.files.missing_codes import MissingCodes, TableCodes
from lossterm.data.files.notation import Notation
from lossterm.errors import DataError
from lossterm.home.paths import shelf
from lossterm.text.harmless import printable

if TYPE_CHECKING:
    from lossterm.data.files.sheet import Raw, Sheet

PLAIN, WRITTEN, GROUPED, TYPED = "plain", "written", "grouped", "typed"
"""Numbers as Python parses them; with a decimal comma, a unit, or another minus sign; with thousands separators too; as
the file stores them."""
NOTED, CODED = "noted", "coded"
"""Numbers in a notation of their column; as the file stores them, some of which are codes of missing values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CellReading:
    """How the cells of one column become numbers or words."""

    how: str
    """PLAIN, WRITTEN, GROUPED, TYPED, NOTED or CODED, "day", "yes", or "word"."""
    notation: Notation | None = None
    """For NOTED: how the numbers are written."""
    formats: tuple[str, ...] = ()
    """For days that are not in ISO 8601: how `strptime` parses them."""
    yes: str = ""
    """The word for yes, in lower case."""
    missing: frozenset[str] = frozenset()
    """Words for a missing value, in lower case."""
    ignored: frozenset[str] = frozenset()
    """Cells that could be parsed as numbers but count as missing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """A user table as a script reads it."""

    data: Data
    sheet: "Sheet"
    columns: tuple[FeatureColumn, ...]
    """The features, in the table's order."""
    readings: dict[str, CellReading]
    """Column → how it is read: the features, the target, group, time and weight."""
    codes: TableCodes
    """What stands for a missing value beside what always does."""
    own: dict[str, set[str] | list[float]]
    """Column → the codes that are named for it alone: its cells with one, or numbers where the file holds numbers."""

    def numeric(self) -> list[FeatureColumn]:
        """Return the features that are numbers, days or yes and no."""
        return [column for column in self.columns if column.kind != "category"]

    def categories(self) -> list[FeatureColumn]:
        """Return the others."""
        return [column for column in self.columns if column.kind == "category"]


def layout_of(data: Data) -> Layout:
    """Read a table's file again, to see how it is written.

    Raises DataError if it is missing or was changed, or if a column is written in a way that scripts cannot read.
    """
    from lossterm.data.files.opening import opened

    columns = load(data, shelf()).columns
    file = opened(data.asked)
    if file.digest != data.digest:
        raise DataError(f"{data.asked.path} was changed since it was trained on. Run again to train on what it is now.")
    sheet = file.read()
    asked = data.asked
    roles = (*asked.targets, asked.group or "", asked.time or "", asked.sample_weight or "")
    wanted = dict.fromkeys([*(column.name for column in columns), *roles])
    cells = _texts(sheet, [name for name in wanted if name])
    codes = TableCodes.of(asked.missing, sheet.names)
    own = {
        name: there
        for name in wanted
        if name in codes.own and (there := _own_codes(sheet.raws[name], cells.get(name), codes.own[name]))
    }
    for name in own.keys() & cells.keys():  # as the script does before its readers see them
        cells[name] = ["" if cell in own[name] else cell for cell in cells[name]]
    readings = {name: _reading(sheet, sheet.raws[name], cells.get(name), codes.every) for name in wanted if name}
    return Layout(data=data, sheet=sheet, columns=columns, readings=readings, codes=codes, own=own)


def _own_codes(raw: "Raw", cells: list[str] | None, codes: MissingCodes) -> set[str] | list[float]:
    """Return the codes of one column as a script finds them in its cells."""
    if cells is not None:
        return {cell for cell in set(cells) if codes.added(cell)}
    return list({"number": codes.numbers, "date": codes.days}.get(raw.kind, ()))


def _texts(sheet: "Sheet", names: Sequence[str]) -> dict[str, list[str]]:
    """Return the cells of the columns that are text in the file."""
    if sheet.form == "csv":
        texts = _of_csv(sheet, names)
    else:
        texts = _of_npz(Path(sheet.path)) if sheet.form == "npz" else _of_arrow(sheet)
    return {name: texts[name] for name in names if name in texts}


def _of_csv(sheet: "Sheet", names: Sequence[str]) -> dict[str, list[str]]:
    rows = _rows(sheet)
    for _ in range(sheet.header_rows if sheet.header else 0):
        next(rows)
    columns = {name: (list[str](), sheet.names.index(name)) for name in names}
    for row in rows:
        for cells, place in columns.values():
            cells.append(row[place])
    return {name: cells for name, (cells, _) in columns.items()}


def _rows(sheet: "Sheet") -> Iterator[list[str]]:
    assert sheet.delimiter is not None
    with open_text(Path(sheet.path), sheet.encoding or "utf-8") as file:
        yield from filter(None, csv.reader(file, delimiter=sheet.delimiter, skipinitialspace=True))


def names_of_arrays(sheet: "Sheet") -> list[str]:
    """Return the names of a file's arrays as they are there."""
    import numpy as np

    with np.load(sheet.path, allow_pickle=False) as arrays:
        return list(arrays.files)


def first_row(sheet: "Sheet") -> list[str]:
    """Return the first row of a text file."""
    return next(_rows(sheet))


def _of_npz(path: Path) -> dict[str, list[str]]:
    import numpy as np

    texts = {}
    with np.load(path, allow_pickle=False) as arrays:
        for original in arrays.files:
            name, array = printable(original), arrays[original]
            if array.dtype.kind == "S":
                array = np.char.decode(array, "utf-8", "replace")
            if array.dtype.kind == "U" and array.ndim:
                columns = array.reshape(len(array), -1).T
                for place, column in enumerate(columns):
                    texts[name if len(columns) == 1 else f"{name}_{place}"] = column.tolist()
    return texts


def _of_arrow(sheet: "Sheet") -> dict[str, list[str]]:
    from pyarrow import feather, json, parquet, types

    read = {"parquet": parquet.read_table, "arrow": feather.read_table, "jsonl": json.read_json}[sheet.form]
    texts = {}
    for name, column in zip(sheet.names, read(sheet.path).columns, strict=True):
        whole = column.combine_chunks()
        whole = whole.dictionary_decode() if types.is_dictionary(whole.type) else whole
        if types.is_string(whole.type) or types.is_large_string(whole.type):
            texts[name] = [cell or "" for cell in whole.to_pylist()]
    return texts


def _reading(sheet: "Sheet", raw: "Raw", cells: list[str] | None, missing: MissingCodes) -> CellReading:
    if cells is None:
        codes = {"number": missing.numbers, "date": missing.days}.get(raw.kind)
        return CellReading(how=CODED if codes else TYPED)
    if raw.kind == "word":
        absent = {"", *(word.casefold() for word in raw.absent)}  # in another column such a word may be a name
        return CellReading(how="word", missing=_nothing(cells, missing) & absent)
    if raw.kind == "boolean":
        return CellReading(how="yes", yes=raw.words[1].casefold(), missing=_nothing(cells, missing))
    if raw.kind == "date":
        ignored = frozenset(cell for cell in set(cells) if missing.added(cell))
        kept = ["" if cell in ignored else cell for cell in cells]
        return CellReading(how="day", formats=_formats(sheet, raw, kept), ignored=ignored)
    return _numbers(raw, cells)


def _nothing(cells: Iterable[str], missing: MissingCodes) -> frozenset[str]:
    return frozenset(cell.strip().casefold() for cell in set(cells) if missing.holds(cell))


def _numbers(raw: "Raw", cells: Sequence[str]) -> CellReading:
    """Return the simplest reader that gives every cell its recognised value, except cells to be ignored."""
    if raw.notation:
        read = raw.notation.reader()
        ignored = {
            cell
            for cell, value in zip(cells, raw.values.tolist(), strict=True)
            if isnan(value) and read(cell) is not None
        }
        return CellReading(how=NOTED, notation=raw.notation, ignored=frozenset(ignored))
    readers: tuple[tuple[str, Callable[[str], float | None]], ...] = (
        (PLAIN, _plain),
        (WRITTEN, lambda cell: None if is_grouped(cell) else _written(cell)),
        (GROUPED, _written),
    )
    for how, read in readers:
        ignored, wrong = set(), False
        for cell, value in zip(cells, raw.values.tolist(), strict=True):
            number = read(cell)
            if isnan(value):  # missing here
                if number is not None and not isnan(number):
                    ignored.add(cell)
            elif number != value:
                wrong = True
                break
        if not wrong:
            return CellReading(how=how, ignored=frozenset(ignored))
    raise AssertionError("a cell that was recognised as a number can be read as one")


def _plain(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _written(cell: str) -> float | None:
    number = number_of(cell, comma=True)
    return None if number is None else number.value


_DATES = (
    *(
        "%Y-%m-%d",
        "%Y-%m",
        "%d.%m.%Y",
        "%d. %m. %Y",
        "%Y/%m/%d",
        "%Y.%m.%d",
        "%d %b %Y",
        "%d %B %Y",
        "%d-%b-%Y",
        "%d-%B-%Y",
    ),
    *("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S")


def _formats(sheet: "Sheet", raw: "Raw", cells: Sequence[str]) -> tuple[str, ...]:
    """Return the formats that together parse every day to its recognised value; empty for ISO 8601."""
    days = list(zip(cells, raw.values.tolist(), strict=True))
    if all(_same(_iso(cell.strip()), value) for cell, value in days):
        return ()
    used: list[str] = []
    for cell, value in days:
        if isnan(value) or any(_by(cell, form) == value for form in used):
            continue
        form = next((candidate for candidate in _every_format() if _by(cell, candidate) == value), None)
        if form is None:
            raise sheet.refusal(f"scripts cannot read a day like {cell!r}. Write days as 2020-12-31.", None, raw.name)
        used.append(form)
    if any(isnan(value) and any(_by(cell, form) is not None for form in used) for cell, value in days):
        raise sheet.refusal("scripts cannot read days in so many forms. Write them as 2020-12-31.", None, raw.name)
    return tuple(used)


def _every_format() -> Iterable[str]:
    return (date + clock for date in _DATES for clock in _CLOCKS)


def _by(cell: str, form: str) -> float | None:
    try:
        return (datetime.strptime(cell.strip(), form) - datetime(1970, 1, 1)).total_seconds() / 86400
    except ValueError:
        return None


def _iso(cell: str) -> float | None:
    try:
        moment = datetime.fromisoformat(f"{cell}-01" if len(cell) == len("2020-12") else cell)
    except ValueError:
        return None
    moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return (moment - datetime(1970, 1, 1)).total_seconds() / 86400


def _same(days: float | None, value: float) -> bool:
    return days is None if isnan(value) else days == value
