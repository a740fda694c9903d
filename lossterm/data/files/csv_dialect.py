"""Recognises how a text file is written: its encoding, its delimiter, whether its first row names the columns."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lossterm.data.files.cells import days_in, is_missing, number_of
from lossterm.data.files.content import open_bytes
from lossterm.data.files.position import refusal
from lossterm.errors import DataError, UsageError
from lossterm.text.harmless import printable

SAMPLE = 1 << 18
"""Number of bytes at the beginning of a file from which its delimiter and header are recognised."""

_BLOCK = 1 << 20
_BOMS = (  # a longer one before the shorter one that it begins with
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ENCODING_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252 (cp1252)",
    "latin-1": "Latin-1",
}
CANDIDATES = "\t;|,"
"""The comma last: in files with another delimiter it may be a decimal sign."""

_NOT_FILE_ENCODINGS = frozenset(("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"))
"""Python codecs that are not encodings of text files."""

_MOST_HEADER_ROWS = 4
_MOST_ABOVE = 20
"""Rows of a title that are looked for above the names."""
_FEWEST_BELOW = 4
"""Number of rows that are needed to tell a second row of names from the first of values."""
_WORD = re.compile(r"[^\W\d_]|[%°$€£¥#(\[]")
"""How the name of a column or a unit begins."""

_UNITS = (
    *("kg", "g", "mg", "µg", "ug", "t", "lb", "lbs", "oz", "m", "cm", "mm", "km", "µm"),
    *("nm", "in", "ft", "mi", "s", "sec", "ms", "h", "hr", "hrs", "hour", "hours", "min", "d"),
    *("day", "days", "yr", "yrs", "year", "years", "°c", "°f", "c", "k", "%", "pa", "hpa", "kpa"),
    *("mpa", "bar", "atm", "v", "mv", "kv", "a", "ma", "w", "kw", "mw", "j", "kj", "kwh"),
    *("hz", "khz", "mhz", "ghz", "mol", "mmol", "l", "ml", "m2", "m²", "m3", "m³", "km2", "km²"),
    *("usd", "eur", "gbp", "chf", "$", "€", "£", "¥", "m/s", "km/h", "mph", "mg/l", "g/l", "g/dl"),
    *("mg/dl", "mmol/l", "mmhg", "bpm", "ppm", "ppb", "db", "lx", "n", "deg", "rad", "px", "count", "counts"),
)
"""Units in lower case, which stand in a row below the names of their columns."""

_LINES = 200
_REGULAR = 0.95
"""Share of rows that must have the same number of cells as the first."""


def beginning(path: Path, encoding: str | None) -> tuple[str, str]:
    """Return the beginning of a file as text, in whole lines, and the encoding that it seems to have.

    Raises UsageError for an unknown encoding, and DataError for one whose byte order mark is missing.
    """
    with open_bytes(path) as file:
        start = file.read(SAMPLE)
    guessed = encoding
    if guessed is None:
        guessed = next((name for mark, name in _BOMS if start.startswith(mark)), "utf-8")
    decoder = _decoder(guessed, "replace")
    try:
        text = decoder.decode(start)
    except UnicodeError:  # for instance UTF-16 without its byte order mark
        raise _undecoded(path, guessed, 1, order_of(path)) from None
    if len(start) == SAMPLE and "\0" not in text and (end := max(text.rfind("\n"), text.rfind("\r"))) > 0:
        text = text[: end + 1]
    return text, guessed


def encoding_of(path: Path, encoding: str | None, guessed: str) -> tuple[str, str]:
    """Read the whole file and return its encoding, with a sentence if it is one that a user should know of.

    Raises DataError, with the row, for bytes that are invalid in the encoding, and for NUL.
    """
    line = _undecodable(path, guessed)
    if line is None:
        return guessed, ""
    if encoding is not None or guessed != "utf-8":
        raise _undecoded(path, guessed, line)
    fallback = "cp1252" if _undecodable(path, "cp1252") is None else "latin-1"
    if fallback == "latin-1":
        _undecodable(path, fallback)
    name = ENCODING_NAMES[fallback]
    return fallback, f"Row {line} is not UTF-8, so the file is read as {name}; --encoding says otherwise."


def order_of(path: Path) -> str | None:
    """Return the name of UTF-16 with the byte order that the places of NUL suggest; None if it is not UTF-16."""
    with open_bytes(path) as file:
        start = file.read(SAMPLE)
    first, second = start[::2].count(0), start[1::2].count(0)
    if max(first, second) * 4 < len(start) or min(first, second) * 10 > max(first, second):
        return None  # nearly all characters of a table have one NUL byte
    return "utf-16-be" if first > second else "utf-16-le"


def _undecoded(path: Path, encoding: str, line: int, instead: str | None = None) -> DataError:
    what = f"the bytes are not {ENCODING_NAMES.get(encoding, printable(encoding))}"
    if instead:
        what += " with a byte order mark at the beginning"
    return refusal(path, f"{what}. Give {f'--encoding {instead}' if instead else 'another --encoding'}.", line)


def _decoder(encoding: str, errors: str) -> codecs.IncrementalDecoder:
    try:
        "".encode(encoding)  # fails for a codec that does not encode text, such as base64
        if codecs.lookup(encoding).name.replace("-", "_") not in _NOT_FILE_ENCODINGS:
            return codecs.getincrementaldecoder(encoding)(errors)
    except (LookupError, ValueError):  # ValueError: a name that no codec can have
        pass
    raise UsageError(f"There is no encoding {printable(encoding)!r}. Common ones: utf-8, utf-16, cp1252, latin-1.")


def _undecodable(path: Path, encoding: str) -> int | None:
    """Return the first line that is invalid in this encoding, None if all are valid. Raises DataError for NUL."""
    decoder, line = _decoder(encoding, "strict"), 1
    with open_bytes(path) as file:
        while True:
            block = file.read(_BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(encoding, "replace")
                return line + good.count("\n")
            if "\0" in text:
                raise nul(path, text[: text.index("\0")], line, order=order_of(path))
            line += text.count("\n")
            if not block:
                return None


def nul(path: Path, before: str, line: int = 1, *, order: str | None) -> DataError:
    """Return an error for a NUL after the text `before`, which begins in `line`; `order` is `order_of` the file."""
    what = f"this is UTF-16. Give --encoding {order}." if order else "there is a NUL byte, so this is not text."
    if not order:
        what += " Fix the row, or give the file's --encoding."
    return refusal(path, what, line + before.count("\n"))


def delimiter_in(text: str) -> str:
    """Return the character between cells: the first candidate with which nearly all rows have equally many cells.

    Spaces, one or more in a row, are the last resort. A file with a single column has the comma.
    """
    for sign in CANDIDATES + " ":
        lengths = [len(row) for row in rows_in(text, sign)]
        if lengths and lengths[0] > 1 and lengths.count(lengths[0]) >= _REGULAR * len(lengths):
            return sign
    # Ragged rows: the character that most rows agree on, so that the error can name the row that does not.
    shares = {sign: _agreement([len(row) for row in rows_in(text, sign)]) for sign in CANDIDATES}
    best = max(CANDIDATES, key=lambda sign: shares[sign])
    return best if shares[best] > 0.5 else ","


def _agreement(lengths: Sequence[int]) -> float:
    """Return the share of rows that have the most common number of cells, 0 if that number is one."""
    if not lengths:
        return 0.0
    ((common, rows),) = Counter(lengths).most_common(1)
    return rows / len(lengths) if common > 1 else 0.0


def rows_in(text: str, delimiter: str) -> list[list[str]]:
    """Return the first rows of a text, without blank lines."""
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) > _LINES:
                break
    except csv.Error:
        pass  # reading the whole file will name the line
    return rows


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: yes for text above numbers or dates, no for a number above numbers.

    If all columns are text, yes unless most cells of the first row occur again below.
    """
    first, body = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    same = again = 0
    for place, cell in enumerate(first):
        below = [row[place] for row in body if not is_missing(row[place])]
        if not below or is_missing(cell):
            continue
        numbers = sum(_is_value(one) for one in below) >= 0.8 * len(below)
        days = None if numbers else days_in(below)
        if numbers or days:
            if not (_is_value(cell) if days is None else days(cell.strip()) is not None):
                return True
            same += 1
        else:
            again += cell in below
    return not same and again * 2 < max(1, len(first))


def rows_above_names(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows of a title stand above the row of names: with a cell in the first place alone, or none.

    The row below them has a name in each of several cells, as many as most rows have, and numbers below one of them.
    """
    ((width, _),) = Counter(map(len, rows)).most_common(1)
    above = 0
    while above < min(_MOST_ABOVE, len(rows)) and not any(cell.strip() for cell in rows[above][1:]):
        above += 1
    if not above or width < 2 or above + 1 >= len(rows) or len(rows[above]) != width:
        return 0
    names = rows[above]
    named = all(not is_missing(cell) and not _is_value(cell) for cell in names)
    below = [row for row in rows[above + 1 :] if len(row) == width]
    return above if named and any(_is_numeric(below, place) for place in range(width)) else 0


def header_rows(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows name the columns, if the first does: more if the next hold words above numbers too.

    pandas writes such rows for columns of several levels, and other programs for the units of each column; then
    perhaps a last one that names the index, with nothing above the numbers.
    """
    width = len(rows[0])
    height = 1
    while height < _MOST_HEADER_ROWS and height + _FEWEST_BELOW <= len(rows) and len(rows[height]) == width:
        below = [row for row in rows[height + 1 :] if len(row) == width]
        numeric = [place for place in range(width) if _is_numeric(below, place)]
        above = [cell for place in numeric if (cell := rows[height][place].strip())]
        words = all(_WORD.match(cell) and not is_missing(cell) for cell in above)
        named = words and (len(above) > 1 or (bool(above) and all(map(_is_unit, above))))
        index = height > 1 and words and any(cell.strip() for cell in rows[height])
        if len(numeric) < 2 or not (named or index):
            break
        height += 1
        if not named:
            break
    return height


def _is_numeric(rows: Sequence[Sequence[str]], place: int) -> bool:
    cells = [row[place] for row in rows if not is_missing(row[place])]
    return bool(cells) and sum(map(_is_value, cells)) >= 0.8 * len(cells)


def joined_names(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the names of columns that several rows spell: a and b as a_b, and a name of the index alone."""
    *upper, last = [[cell.strip().lstrip("\ufeff") for cell in row] for row in rows]
    if len(upper) > 1 and sum(map(bool, last)) * 2 < len(last):  # it names the index
        names = joined_names(upper)
        return [below or above for below, above in zip(last, names, strict=True)]
    units = all(map(_is_unit, filter(None, last)))
    for row in upper:
        for place in range(1, len(row)):
            if not row[place] and row[place - 1] and last[place] and last[place - 1] and not units:
                row[place] = row[place - 1]  # written once above several columns
    names = ["_".join(filter(None, cells)) for cells in zip(*upper, last, strict=True)]
    if units:  # a unit is no name
        names = ["" if name == unit else name for name, unit in zip(names, last, strict=True)]
    return names


def _is_unit(cell: str) -> bool:
    """Whether a cell below the name of a column is a unit: one that is known, or in brackets."""
    text = cell.strip()
    return text.casefold() in _UNITS or (text[:1] in ("(", "[") and text[-1:] in (")", "]"))


def _is_value(cell: str) -> bool:
    return number_of(cell, comma=True) is not None
