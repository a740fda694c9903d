"""What a user asks of a file: which column is the target, and whatever is not left to be recognised."""

import csv
import io
from collections.abc import Iterable, Sequence

import msgspec

from lossterm.errors import UnknownName, UsageError
from lossterm.losses import Kind
from lossterm.text.harmless import clipped, printable

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " ", "\\t": "\t"}
"""Names by which a delimiter may be given, since some are hard to type in a shell."""

_MOST_NAMED = 40
"""Number of columns listed when none resembles the requested one: there may be thousands."""


class FileRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a user asks of a file; None is left to be recognised. Raises UsageError for an invalid delimiter."""

    path: str
    """Absolute path of the file."""
    target: str
    """Name of the column to predict (or of an array in an NPZ file); "" in a preview without a target."""
    kind: Kind | None = None
    """Kind of task."""
    drop: tuple[str, ...] = ()
    """Columns that are not used."""
    categorical: tuple[str, ...] = ()
    """Columns whose values are names, even where they look like numbers or text."""
    group: str | None = None
    """Column whose equal values stay in one split; not a feature."""
    time: str | None = None
    """Column by which rows are ordered and split, the earliest for training; not a feature."""
    delimiter: str | None = None
    """One character; may be given as a name in DELIMITERS."""
    encoding: str | None = None
    """Name of a text encoding, as Python knows it."""
    header: bool | None = None
    """Whether the first row names the columns."""

    def __post_init__(self) -> None:
        """Replace a named delimiter by its character, so that both spellings are one task. Raises UsageError."""
        if self.delimiter is not None:
            msgspec.structs.force_setattr(self, "delimiter", delimiter_of(self.delimiter))


def checked(asked: FileRequest, names: Sequence[str]) -> None:
    """Check a request against the columns of the table. Raises UnknownName and UsageError."""
    file = printable(asked.path)
    given = (asked.target, *asked.drop, *asked.categorical, asked.group or "", asked.time or "")
    for name in filter(None, given):
        if name not in names:
            error = UnknownName(what := f"column in {file} called", name, names)
            raise error if error.near else UnknownName(what, name, names[:_MOST_NAMED])
    if asked.group is not None and asked.time is not None:
        raise UsageError("--group and --time are two ways to split; give one of them.")
    if asked.time is not None and asked.time in asked.categorical:
        raise UsageError(f"Column {asked.time} is in --categorical and --time at once: names have no order in time.")
    for option, column in (("--group", asked.group), ("--time", asked.time)):
        if column is not None and column == asked.target:
            raise UsageError(f"Column {column} is the target and {option} at once: name another for one of them.")
        if column is not None and column in asked.drop:
            raise UsageError(
                f"Column {column} is in --drop and {option} at once; {option} alone keeps it out of the features."
            )
    if asked.target and asked.target in asked.drop:
        raise UsageError(f"Column {asked.target} is the target and in --drop at once: leave it out of --drop.")


def delimiter_of(text: str | None) -> str | None:
    """Return the character that a delimiter's name or text stands for. Raises UsageError for an invalid one."""
    if text is None:
        return None
    sign = DELIMITERS.get(text, text)
    if len(sign) != 1 or sign in '"\r\n\0' or sign.isalnum():
        names = ", ".join(name for name in DELIMITERS if name.isalpha())
        raise UsageError(f"--delimiter is {printable(text)!r}, but must be one character, or one of {names}.")
    return sign


def names_from(text: str) -> tuple[str, ...]:
    """Parse names separated by commas; quotes enclose a name with a comma. Raises UsageError for several lines."""
    try:
        rows = list(csv.reader([text], skipinitialspace=True))
    except csv.Error as error:
        raise UsageError(f"{clipped(text)!r} is not a list of columns in one line, separated by commas.") from error
    return tuple(name.strip() for row in rows for name in row if name.strip())


def joined(names: Iterable[str]) -> str:
    """Write names as `names_from` parses them."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(names)
    return written.getvalue()


def arguments(asked: FileRequest) -> list[str]:
    """Return the command-line arguments that make the same request."""
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
