"""Reads CSV, TSV and similar files, a chunk of rows at a time."""

import csv
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from lossterm.data import memory
from lossterm.data.files.csv_dialect import (
    CANDIDATES,
    ENCODING_NAMES,
    beginning,
    delimiter_in,
    encoding_of,
    has_header,
    nul,
    order_of,
    rows_in,
)
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import Raw, Sheet, column_names
from lossterm.data.files.text_column import Gathering, Taken
from lossterm.data.request import FileRequest, checked
from lossterm.text.harmless import clipped, printable
from lossterm.text.numbers import counted

CHUNK = 1024
"""Number of rows whose cells are in memory as text at the same time."""

_DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}


def refuse_early(path: Path, asked: FileRequest) -> None:
    """Raise DataError if the beginning already shows that the file is too large for the memory, or not text."""
    text, encoding = beginning(path, asked.encoding)
    written, _, _ = text.partition("\0")  # a sparse file has holes of NULs
    sign = asked.delimiter or delimiter_in(written)
    cells = written.count(sign) + written.count("\n")
    memory.refuse_too_large(path, path.stat().st_size * cells / max(1, len(written.encode(encoding, "replace"))))
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
        _Reading(path, encoding, sign, header=False).names()
    header = asked.header if asked.header is not None else has_header(sample)
    remarks = [
        f"Read as text in {ENCODING_NAMES.get(encoding, printable(encoding))} with "
        f"{_DELIMITER_NAMES.get(sign, repr(sign))} between cells and {'a' if header else 'no'} row of names."
    ]
    reading = _Reading(path, encoding, sign, header=header)
    names = reading.names()
    _refuse_title(path, sample, len(names))
    checked(asked, names)
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

    def __init__(self, path: Path, encoding: str, sign: str, *, header: bool) -> None:
        self._path, self._encoding, self._sign, self._header = path, encoding, sign, header
        self._lines = array("I")
        self.remarks: list[str] = []

    def row(self, index: int) -> int:
        """Return the line at which a row begins, counted from 1."""
        return self._lines[index]

    def names(self) -> tuple[str, ...]:
        """Return the columns' names: the first row or column_1, …. Raises DataError for duplicates."""
        try:
            first = next(row for row, _ in self._records())
        except StopIteration:
            raise refusal(self._path, "the file is empty. Give one with a row for each example.") from None
        cells = [printable(cell.strip().lstrip("\ufeff")) for cell in first] if self._header else [""] * len(first)
        return column_names(str(self._path), cells)

    def columns(self, asked: FileRequest, names: tuple[str, ...]) -> tuple[dict[str, Raw], int]:
        """Return the columns by name, and the number of rows."""
        taken: dict[str, Taken] = dict.fromkeys(asked.categorical, "names")
        if asked.group is not None:
            taken[asked.group] = "groups"
        gathered = self._gathered(names, set(asked.drop), taken)
        if mixed := {name for name, column in gathered.items() if column.mixed}:
            # Numbers at the beginning and words further on: only reading again tells 007 from 7.
            others = set(names) - mixed
            gathered |= self._gathered(names, others, dict.fromkeys(mixed, "words"))
        self._compare_signs(gathered)
        commas = any(column.decimal and column.decimal[0] == "," for column in gathered.values())
        return {name: gathered[name].done(commas=commas) for name in names if name in gathered}, len(self._lines)

    def _gathered(self, names: tuple[str, ...], without: set[str], taken: Mapping[str, Taken]) -> dict[str, Gathering]:
        comma, path = self._sign != ",", str(self._path)
        gathered = {
            name: Gathering(path, name, self.row, comma=comma, taken=taken.get(name, "guess"))
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
        if self._header:
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
        with self._path.open(encoding=self._encoding, newline="") as file:
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
