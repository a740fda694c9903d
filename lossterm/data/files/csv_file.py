"""Reads CSV, TSV and similar files, a chunk of rows at a time."""

import csv
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from lossterm.data import memory
from lossterm.data.files.content import is_compressed, open_text, size_of
from lossterm.data.files.csv_dialect import (
    CANDIDATES,
    ENCODING_NAMES,
    beginning,
    delimiter_in,
    encoding_of,
    has_header,
    header_rows,
    joined_names,
    nul,
    order_of,
    rows_above_names,
    rows_in,
)
from lossterm.data.files.missing_codes import TableCodes
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import Raw, Sheet, column_names
from lossterm.data.files.text_column import Gathering, Taken
from lossterm.data.request import FileRequest, checked
from lossterm.errors import UnknownName
from lossterm.text.harmless import clipped, printable
from lossterm.text.numbers import counted

CHUNK = 1024
"""Number of rows whose cells are in memory as text at the same time."""

_MOST_NAMED = 6
"""Names of columns by which a line is shown to hold them."""

_DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}


def refuse_early(path: Path, asked: FileRequest) -> None:
    """Raise DataError if the beginning already shows that the file is too large for the memory, or not text."""
    text, encoding = beginning(path, asked.encoding)
    written, _, _ = text.partition("\0")  # a sparse file has holes of NULs
    sign = asked.delimiter or delimiter_in(written)
    cells = written.count(sign) + written.count("\n")
    memory.refuse_too_large(path, size_of(path) * cells / max(1, len(written.encode(encoding, "replace"))))
    if len(written) < len(text):
        raise nul(path, written, order=order_of(path))


def read(path: Path, asked: FileRequest) -> Sheet:
    """Read a text file. Raises DataError with row and column, and UsageError for a request that does not fit it."""
    text, guessed = beginning(path, asked.encoding)
    encoding, remark = encoding_of(path, asked.encoding, guessed)
    if not text.strip("\ufeff \t\r\n"):
        raise refusal(path, "the file is empty. Give one with a row of names and a row for each example.")
    if encoding != guessed:
        text, _ = beginning(path, encoding)
    sign = asked.delimiter or delimiter_in(text)
    sample = rows_in(text, sign)
    if not sample:  # its first row is invalid, and reading it says how
        _Reading(path, encoding, sign, header=0).names()
    if asked.header is not False and (above := rows_above_names(sample)):
        raise _title(path, sample[above], _Reading(path, encoding, sign, header=0).lines(above))
    header = asked.header if asked.header is not None else has_header(sample)
    height = header_rows(sample) if header else 0
    packed = ", unpacked by gzip," if is_compressed(path) else ""
    remarks = [
        f"Read as text{packed} in {ENCODING_NAMES.get(encoding, printable(encoding))} with "
        f"{_DELIMITER_NAMES.get(sign, repr(sign))} between cells and {('no', 'a')[header]} row of names."
    ]
    reading = _Reading(path, encoding, sign, header=height)
    names = reading.names()
    if height > 1:
        longest = max(reversed(names), key=lambda name: name.count("_"))
        remarks.append(f"The first {height} rows name the columns, joined as in {clipped(longest)}.")
    _refuse_title(path, sample, len(names))
    try:
        checked(asked, names, _parts(sample[:height], names))
    except UnknownName as error:
        error.args = (f"{error}{_joined_in_words(sample[0], names, reading, height)}",)
        raise
    raws, rows = reading.columns(asked, names)
    return Sheet(
        path=str(path),
        form="csv",
        rows=rows,
        names=names,
        raws=raws,
        row=reading.row,
        remarks=(*remarks, *filter(None, (remark,)), *reading.remarks),
        delimiter=sign,
        encoding=encoding,
        header=header,
        header_rows=height,
        compressed=is_compressed(path),
    )


def _parts(head: list[list[str]], names: tuple[str, ...]) -> dict[str, str]:
    """Map what stands once in several rows of names to the name that it became a part of; nothing for one row."""
    if len(head) < 2:
        return {}
    cells = [(cell.strip(), name) for row in head for cell, name in zip(row, names, strict=True)]
    counts = Counter(cell for cell, _ in cells)
    return {cell: name for cell, name in cells if cell and counts[cell] == 1 and cell not in names}


def _joined_in_words(first: list[str], names: tuple[str, ...], reading: "_Reading", height: int) -> str:
    """Say which lines were joined to the names in the first, with an example; "" where none was."""
    if height < 2:
        return ""
    _, last = reading.lines(height - 1)
    _, second = reading.lines(1)
    lines, them = (f"Line {second} was", "it") if height == 2 else (f"Lines {second} to {last} were", "them")
    renamed = [(cell.strip(), name) for cell, name in zip(first, names, strict=True) if cell.strip() not in ("", name)]
    example = f": {clipped(renamed[0][0])} became {clipped(renamed[0][1])}" if renamed else ""
    return f" {lines} joined to the names above {them}{example}."


def _title(path: Path, names: list[str], lines: tuple[int, int]) -> Exception:
    """Return an error for what stands above the names; `lines` are the first of it and that of the names."""
    first, line = lines
    shown = ", ".join(clipped(name.strip()) for name in names[:_MOST_NAMED])
    more = ", …" if len(names) > _MOST_NAMED else ""
    which = f"line {first}" if line == first + 1 else f"lines {first} to {line - 1}"
    return refusal(
        path,
        f"this looks like a title above the table, and line {line} like the names of the columns ({shown}{more}). "
        f"Delete {which}.",
        first,
    )


def _refuse_title(path: Path, sample: list[list[str]], width: int) -> None:
    """Raise DataError if the first row does not belong to the table, such as a title above it."""
    ((common, rows),) = Counter(map(len, sample)).most_common(1)
    if width < common and rows > 1 and rows * 2 > len(sample):
        raise refusal(
            path,
            f"{counted(width, 'cell')} where most rows have {common}. The first row must name the columns or be a row "
            "like the others: take out what stands above.",
            1,
        )


class _Reading:
    """The reading of one file whose encoding, delimiter and header are known."""

    def __init__(self, path: Path, encoding: str, sign: str, *, header: int) -> None:
        """`header` is the number of rows that name the columns."""
        self._path, self._encoding, self._sign, self._header = path, encoding, sign, header
        self._lines = array("I")
        self.remarks: list[str] = []

    def row(self, index: int) -> int:
        """Return the line at which a row begins, counted from 1."""
        return self._lines[index]

    def lines(self, place: int) -> tuple[int, int]:
        """Return the lines at which the first row and the one at this place begin, blank lines aside."""
        begin = [line for _, line in islice(self._records(), place + 1)]
        return begin[0], begin[place]

    def names(self) -> tuple[str, ...]:
        """Return the columns' names, all different: of the first rows, or column_1, …."""
        try:
            first = next(row for row, _ in self._records())
        except StopIteration:
            raise refusal(self._path, "the file is empty. Give one with a row for each example.") from None
        if self._header > 1:
            cells = joined_names([row for row, _ in islice(self._records(), self._header)])
        else:
            cells = [cell.strip().lstrip("\ufeff") if self._header else "" for cell in first]
        names, renamed = column_names(list(map(printable, cells)))
        self.remarks += renamed
        return names

    def columns(self, asked: FileRequest, names: tuple[str, ...]) -> tuple[dict[str, Raw], int]:
        """Return the columns by name, and the number of rows."""
        taken: dict[str, Taken] = dict.fromkeys(asked.categorical, "names")
        if asked.group is not None:
            taken[asked.group] = "groups"
        gathered = self._gathered(names, set(asked.drop), taken, asked)
        while again := {name: column.again for name, column in gathered.items() if column.again}:
            # Numbers at the beginning and words further on: only reading again tells 007 from 7.
            gathered |= self._gathered(names, set(names) - set(again), again, asked)
        self._compare_signs(gathered)
        return {name: gathered[name].done() for name in names if name in gathered}, len(self._lines)

    def _gathered(
        self, names: tuple[str, ...], without: set[str], taken: Mapping[str, Taken], asked: FileRequest
    ) -> dict[str, Gathering]:
        comma, path = self._sign != ",", str(self._path)
        codes = TableCodes.of(asked.missing, names)
        gathered = {
            name: Gathering(
                path,
                name,
                self.row,
                comma=comma,
                taken=taken.get(name, "guess"),
                missing=codes.in_column(name),
                thousands=asked.thousands,
            )
            for name in names
            if name not in without
        }
        takers = [gathered.get(name) for name in names]
        self._lines = array("I")
        for rows in self._chunks(len(names)):
            for taker, cells in zip(takers, zip(*rows, strict=True), strict=True):
                if taker:
                    taker.feed(cells)
        if not self._lines:
            raise refusal(path, "there is a row of names and nothing below it. Give a file with rows.")
        return gathered

    def _chunks(self, width: int) -> Iterator[list[list[str]]]:
        """Yield chunks of rows. Raises DataError for a row without as many cells as the first."""
        chunk: list[list[str]] = []
        records = self._records()
        for _ in range(self._header):
            next(records)
        for row, line in records:
            if len(row) != width:
                raise self._ragged(row, line, width)
            chunk.append(row)
            self._lines.append(line)
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _records(self) -> Iterator[tuple[list[str], int]]:
        """Yield each row that is not blank, and the line at which it begins."""
        with open_text(self._path, self._encoding) as file:
            reader = csv.reader(file, delimiter=self._sign, skipinitialspace=True, strict=True)
            line = 1
            while True:
                try:
                    row = next(reader, None)
                except csv.Error as error:
                    raise refusal(
                        self._path,
                        f"a cell is invalid ({error}). Double each quotation mark within a cell, close each quoted "
                        f"cell, and keep cells below {csv.field_size_limit():,} characters.",
                        line,
                    ) from error
                if row is None:
                    return
                if row:
                    yield row, line
                line = reader.line_num + 1

    def _ragged(self, row: list[str], line: int, width: int) -> Exception:
        what = f"{counted(len(row), 'cell')} where the first row has {width}"
        if len(row) == 1 and any(sign in row[0] for sign in CANDIDATES):
            what += f" ({clipped(row[0])!r})"
        return refusal(
            self._path,
            f"{what}. Fix the row: put a cell that holds {self._sign!r} in quotes, remove lines above the column "
            "names, or give the --delimiter between cells.",
            line,
        )

    def _compare_signs(self, gathered: dict[str, Gathering]) -> None:
        """Add a remark if one column has decimal commas and another decimal points."""
        seen: dict[str, str] = {}
        for name, column in gathered.items():
            if column.decimal:
                sign, index, _ = column.decimal
                seen.setdefault(sign, f"{name} (row {self.row(index)})")
        if len(seen) == 2:
            self.remarks.append(
                f"Decimal commas in {seen[',']} and points in {seen['.']}: each is read as the decimal sign "
                "of its column, never as a thousands separator."
            )
