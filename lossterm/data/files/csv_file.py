"""CSV, TSV and their kin, read a chunk of rows at a time."""

import csv
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from lossterm.data import memory
from lossterm.data.files.csv_dialect import (
    CANDIDATES,
    SPOKEN,
    beginning,
    delimiter_in,
    encoding_of,
    has_header,
    nul,
    order_of,
    rows_in,
)
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import Raw, Sheet, named
from lossterm.data.files.text_column import Gathering, Taken
from lossterm.data.request import FileRequest, checked
from lossterm.text.harmless import clipped, printable
from lossterm.text.numbers import counted

CHUNK = 1024
"""Rows whose cells are text at the same time."""

_NAMED = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}


def refuse_early(path: Path, asked: FileRequest) -> None:
    """Raise DataError for what the beginning of a file already shows: too large for the memory, or no text."""
    text, encoding = beginning(path, asked.encoding)
    written, _, _ = text.partition("\0")  # a file with holes is as large as it says
    sign = asked.delimiter or delimiter_in(written)
    cells = written.count(sign) + written.count("\n")
    memory.refuse_too_large(path, path.stat().st_size * cells / max(1, len(written.encode(encoding, "replace"))))
    if len(written) < len(text):
        raise nul(path, written, order=order_of(path))


def read(path: Path, asked: FileRequest) -> Sheet:
    """Read a file of text. Raises DataError with the row and the column, UsageError for what makes no sense of it."""
    text, guessed = beginning(path, asked.encoding)
    encoding, spoken = encoding_of(path, asked.encoding, guessed)
    if not text.strip("\ufeff \t\r\n"):
        raise refusal(path, "the file is empty. Give one with a row of names and a row for each example.")
    if encoding != guessed:
        text, _ = beginning(path, encoding)
    sign = asked.delimiter or delimiter_in(text)
    sample = rows_in(text, sign)
    if not sample:  # its first row goes wrong, and reading says how
        _Reading(path, encoding, sign, header=False).names()
    header = asked.header if asked.header is not None else has_header(sample)
    said = [
        f"Read as text in {SPOKEN.get(encoding, printable(encoding))} with {_NAMED.get(sign, repr(sign))} between "
        f"cells and {'a' if header else 'no'} row of names."
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
        said=(*said, *filter(None, (spoken,)), *reading.said),
        delimiter=sign,
        encoding=encoding,
        header=header,
    )


def _refuse_title(path: Path, sample: list[list[str]], width: int) -> None:
    """Raise DataError where the first row is not of the table, as a title above it."""
    ((common, rows),) = Counter(map(len, sample)).most_common(1)
    if width < common and rows > 1 and rows * 2 > len(sample):
        raise refusal(
            path,
            f"{counted(width, 'cell')} where most rows have {common}. The first row must name the columns or be a row "
            "like the others: take out what stands above.",
            1,
        )


class _Reading:
    """One file, whose way of writing is known."""

    def __init__(self, path: Path, encoding: str, sign: str, *, header: bool) -> None:
        self._path, self._encoding, self._sign, self._header = path, encoding, sign, header
        self._lines = array("I")
        self.said: list[str] = []

    def row(self, index: int) -> int:
        """Return the line at which a row begins, from 1."""
        return self._lines[index]

    def names(self) -> tuple[str, ...]:
        """Return the columns' names, those in the first row or column_1, …. Raises DataError for two that agree."""
        try:
            first = next(row for row, _ in self._records())
        except StopIteration:
            raise refusal(self._path, "the file is empty. Give one with a row for each example.") from None
        cells = [printable(cell.strip().lstrip("\ufeff")) for cell in first] if self._header else [""] * len(first)
        return named(str(self._path), cells)

    def columns(self, asked: FileRequest, names: tuple[str, ...]) -> tuple[dict[str, Raw], int]:
        """Return the columns by name, and how many rows there are."""
        taken: dict[str, Taken] = dict.fromkeys(asked.categorical, "names")
        if asked.group is not None:
            taken[asked.group] = "groups"
        gathered = self._gathered(names, set(asked.drop), taken)
        if again := {name for name, column in gathered.items() if column.mixed}:
            # Numbers at the beginning and words further on: only reading anew tells 007 from 7.
            others = set(names) - again
            gathered |= self._gathered(names, others, dict.fromkeys(again, "words"))
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
        """Yield the rows, many at a time, each with as many cells as the first. Raises DataError for one without."""
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
                        f"a cell goes wrong ({error}). A quotation mark in a cell is written twice, and each has its "
                        f"end; no cell has more than {csv.field_size_limit():,} signs.",
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
            f"{what}. Mend the row; a cell that holds {self._sign!r} stands in quotes, lines before the names go, "
            "and --delimiter says what stands between cells.",
            line,
        )

    def _compare_signs(self, gathered: dict[str, Gathering]) -> None:
        """Say where one column has decimal commas and another decimal points."""
        seen: dict[str, str] = {}
        for name, column in gathered.items():
            if column.decimal:
                sign, index, _ = column.decimal
                seen.setdefault(sign, f"{name} (row {self.row(index)})")
        if len(seen) == 2:
            self.said.append(
                f"Decimal commas in {seen[',']} and points in {seen['.']}: each is read as the decimal sign "
                "of its column, never as a separator of thousands."
            )
