"""What a person said of a file: which column is the target, and what was not left to be recognised."""

import csv
import io
from collections.abc import Iterable, Sequence

import msgspec

from lossterm.errors import UnknownName, UsageError
from lossterm.losses import Kind
from lossterm.text.harmless import clipped, printable

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " ", "\\t": "\t"}
"""Names under which a delimiter may be given, since a shell makes some hard to type."""

_TOLD = 40
"""Columns that are named where none is like the one asked for: there may be thousands."""


class FileRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person said of a file; None is what is left to be recognised. Raises UsageError for no delimiter."""

    path: str
    """Absolute path of the file."""
    target: str
    """Name of the column that is to be predicted (or of an array in an NPZ); "" for none yet, in a preview."""
    kind: Kind | None = None
    """Kind of task."""
    drop: tuple[str, ...] = ()
    """Columns that are no features."""
    categorical: tuple[str, ...] = ()
    """Columns whose values are names, even where they look like numbers or text."""
    group: str | None = None
    """Column whose equal values stay in one split; no feature."""
    time: str | None = None
    """Column by which rows are ordered, and split earliest first; no feature."""
    delimiter: str | None = None
    """One sign; it may be given as a name in DELIMITERS."""
    encoding: str | None = None
    """Name of a text encoding, as Python knows it."""
    header: bool | None = None
    """Whether the first row names the columns."""

    def __post_init__(self) -> None:
        """Take the delimiter as its sign, so that one file is one task however it is named. Raises UsageError."""
        if self.delimiter is not None:
            msgspec.structs.force_setattr(self, "delimiter", delimiter_of(self.delimiter))


def checked(asked: FileRequest, names: Sequence[str]) -> None:
    """See that what is asked of a table with these columns makes sense. Raises UnknownName and UsageError."""
    file = printable(asked.path)
    given = (asked.target, *asked.drop, *asked.categorical, asked.group or "", asked.time or "")
    for name in filter(None, given):
        if name not in names:
            error = UnknownName(what := f"column in {file} called", name, names)
            raise error if error.near else UnknownName(what, name, names[:_TOLD])
    if asked.group is not None and asked.time is not None:
        raise UsageError("--group and --time are two ways to split; give one of them.")
    if asked.time is not None and asked.time in asked.categorical:
        raise UsageError(f"Column {asked.time} is in --categorical and --time at once: names have no order in time.")
    for option, column in (("--group", asked.group), ("--time", asked.time)):
        if column is not None and column == asked.target:
            raise UsageError(f"Column {column} is the target and {option} at once: name another for one of them.")
        if column is not None and column in asked.drop:
            raise UsageError(f"Column {column} is in --drop and {option} at once; {option} alone keeps it no feature.")
    if asked.target and asked.target in asked.drop:
        raise UsageError(f"Column {asked.target} is the target and in --drop at once: leave it out of --drop.")


def delimiter_of(text: str | None) -> str | None:
    """Return the sign that a delimiter was given as. Raises UsageError for what is none."""
    if text is None:
        return None
    sign = DELIMITERS.get(text, text)
    if len(sign) != 1 or sign in '"\r\n\0' or sign.isalnum():
        names = ", ".join(name for name in DELIMITERS if name.isalpha())
        raise UsageError(f"--delimiter is {printable(text)!r}, but must be one sign, or one of {names}.")
    return sign


def names_from(text: str) -> tuple[str, ...]:
    """Read names with commas between; one that holds a comma stands in quotes. Raises UsageError for several lines."""
    try:
        rows = list(csv.reader([text], skipinitialspace=True))
    except csv.Error as error:
        raise UsageError(f"{clipped(text)!r} is no list of columns in one line, with commas between.") from error
    return tuple(name.strip() for row in rows for name in row if name.strip())


def joined(names: Iterable[str]) -> str:
    """Write names so that `names_from` reads them."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(names)
    return written.getvalue()


def arguments(asked: FileRequest) -> list[str]:
    """Return the words of the command line that ask the same."""
    delimiter = next((name for name, sign in DELIMITERS.items() if sign == asked.delimiter), asked.delimiter)
    words = ["--data", asked.path, "--target", asked.target]
    for option, value in (
        ("--kind", asked.kind),
        ("--drop", joined(asked.drop) if asked.drop else None),
        ("--categorical", joined(asked.categorical) if asked.categorical else None),
        ("--group", asked.group),
        ("--time", asked.time),
        ("--delimiter", delimiter),
        ("--encoding", asked.encoding),
    ):
        if value is not None:
            words += [option, value]
    if asked.header is not None:
        words.append("--header" if asked.header else "--no-header")
    return words
