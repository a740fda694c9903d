"""Recognises how a text file is written: its encoding, its delimiter, whether its first row names the columns."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lossterm.data.files.cells import days_in, is_missing, number_of
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

_LINES = 200
_REGULAR = 0.95
"""Share of rows that must have the same number of cells as the first."""


def beginning(path: Path, encoding: str | None) -> tuple[str, str]:
    """Return the beginning of a file as text, in whole lines, and the encoding that it seems to have.

    Raises UsageError for an unknown encoding, and DataError for one whose byte order mark is missing.
    """
    with path.open("rb") as file:
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
    with path.open("rb") as file:
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
    with path.open("rb") as file:
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


def _is_value(cell: str) -> bool:
    return number_of(cell, comma=True) is not None
