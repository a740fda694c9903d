"""What a user asks of a file: which column is the target, and whatever is not left to be recognised."""

import csv
import io
import shlex
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from lossterm.errors import UnknownName, UsageError
from lossterm.losses import Kind
from lossterm.text.harmless import clipped, printable

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " ", "\\t": "\t"}
"""Names by which a delimiter may be given, since some are hard to type in a shell."""

THOUSANDS = {"comma": ",", "point": ".", "apostrophe": "'", "space": " "}
"""Names by which a separator of thousands may be given."""

_MOST_NAMED = 40
"""Number of columns listed when none resembles the requested one: there may be thousands."""


class FileRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a user asks of a file; None is left to be recognised. Raises UsageError for an invalid sign."""

    path: str
    """Absolute path of the file."""
    target: str
    """Name of the column to predict (or of an array in an NPZ file), the first of several; "" in a preview without a
    target. As a person typed it, it may be several names with commas between: see `resolved`."""
    more_targets: tuple[str, ...] = ()
    """The other columns to predict, where several are predicted together."""
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
    sample_weight: str | None = None
    """Column of what each row weighs in the loss that is trained, at least 0; not a feature."""
    delimiter: str | None = None
    """One character; may be given as a name in DELIMITERS."""
    encoding: str | None = None
    """Name of a text encoding, as Python knows it."""
    header: bool | None = None
    """Whether the first row names the columns."""
    thousands: str | None = None
    """Character that separates thousands; may be given as a name in THOUSANDS."""
    missing: tuple[str, ...] = ()
    """Numbers, words or dates that stand for a missing value, in all columns or, as `COL=CODE`, in one."""
    min_class: str | None = None
    """What is done to classes with fewer rows than a number, as `5:join` or `5:drop`."""

    def __post_init__(self) -> None:
        """Replace named signs by their characters, so that both spellings are one task. Raises UsageError."""
        if self.delimiter is not None:
            msgspec.structs.force_setattr(self, "delimiter", delimiter_of(self.delimiter))
        if self.thousands is not None:
            msgspec.structs.force_setattr(self, "thousands", thousands_of(self.thousands))
        if self.min_class is not None:
            msgspec.structs.force_setattr(self, "min_class", ":".join(map(str, min_class_of(self.min_class))))

    @property
    def targets(self) -> tuple[str, ...]:
        """Every column to predict; () where none is named."""
        return (self.target, *self.more_targets) if self.target else ()

    @property
    def predicted(self) -> str:
        """The columns to predict as `--target` takes them: the name of one, several with commas between."""
        return joined(self.targets) if self.more_targets else self.target


def resolved(asked: FileRequest, names: Sequence[str]) -> FileRequest:
    """Return a request whose target is one column of the table, `names`, or several by name.

    A column that is called as the whole text is that column; else commas divide names, and quotes enclose a name with a
    comma. Raises UsageError for several lines.
    """
    if asked.more_targets or not asked.target or asked.target in names:
        return asked
    first, *others = names_from(asked.target) or (asked.target,)
    return msgspec.structs.replace(asked, target=first, more_targets=tuple(others))


def checked(asked: FileRequest, names: Sequence[str], joined_from: Mapping[str, str] | None = None) -> None:
    """Check a request against the columns of the table. Raises UnknownName and UsageError.

    `joined_from` maps what stands in one of several rows of names to the name that it became a part of.
    """
    asked, file = resolved(asked, names), printable(asked.path)
    roles = (("--group", asked.group), ("--time", asked.time), ("--sample-weight", asked.sample_weight))
    for name in filter(None, (*asked.targets, *asked.drop, *asked.categorical, *(column for _, column in roles))):
        if name not in names:
            error = UnknownName(what := f"column in {file} called", name, names, joined_from)
            raise error if error.near else UnknownName(what, name, names[:_MOST_NAMED])
    if asked.group is not None and asked.time is not None:
        raise UsageError("--group and --time are two ways to split; give one of them.")
    if asked.time is not None and asked.time in asked.categorical:
        raise UsageError(f"Column {asked.time} is in --categorical and --time at once: names have no order in time.")
    if asked.sample_weight is not None and asked.sample_weight in asked.categorical:
        raise UsageError(
            f"Column {asked.sample_weight} is in --categorical and --sample-weight at once: names are no weights."
        )
    if asked.sample_weight is not None and asked.sample_weight == asked.group:
        raise UsageError(f"Column {asked.group} is --group and --sample-weight at once: name another for one of them.")
    for option, column in roles:
        if column is not None and column in asked.targets:
            raise UsageError(f"Column {column} is the target and {option} at once: name another for one of them.")
        if column is not None and column in asked.drop:
            raise UsageError(
                f"Column {column} is in --drop and {option} at once; {option} alone keeps it out of the features."
            )
    if dropped := [name for name in asked.targets if name in asked.drop]:
        raise UsageError(f"Column {dropped[0]} is the target and in --drop at once: leave it out of --drop.")
    if asked.more_targets:
        _check_several(asked, names)


def _check_several(asked: FileRequest, names: Sequence[str]) -> None:
    """Raise UsageError for several targets of which one stands twice, or that together are called as one column is."""
    if twice := [name for name in asked.targets if asked.targets.count(name) > 1]:
        raise UsageError(f"Column {twice[0]} stands twice in --target: name it once.")
    if asked.predicted in names:
        raise UsageError(
            f"One column is called {asked.predicted}, as these {len(asked.targets)} are together: rename it, so that "
            "--target means one or the other."
        )


def delimiter_of(text: str | None) -> str | None:
    """Return the character that a delimiter's name or text stands for. Raises UsageError for an invalid one."""
    if text is None:
        return None
    sign = DELIMITERS.get(text, text)
    if len(sign) != 1 or sign in '"\r\n\0' or sign.isalnum():
        names = ", ".join(name for name in DELIMITERS if name.isalpha())
        raise UsageError(f"--delimiter is {printable(text)!r}, but must be one character, or one of {names}.")
    return sign


def thousands_of(text: str | None) -> str | None:
    """Return the character that a separator of thousands is named by. Raises UsageError for an invalid one."""
    if text is None:
        return None
    sign = {"\u2019": "'", "\u00a0": " ", "\u202f": " "}.get(text, THOUSANDS.get(text, text))
    if sign not in THOUSANDS.values():
        raise UsageError(f"--thousands is {printable(text)!r}, but must be one of {', '.join(THOUSANDS)}.")
    return sign


def min_class_of(text: str) -> tuple[int, str]:
    """Return the number of rows and what is done to classes with fewer: "drop" or "join". Raises UsageError."""
    rows, _, what = text.partition(":")
    if not (rows.isascii() and rows.isdigit() and int(rows) > 1 and what in ("drop", "join")):
        raise UsageError(
            f"--min-class is {printable(text)!r}, but must be 5:join, which makes one class of all with fewer than 5 "
            "rows, or 5:drop, which leaves their rows out."
        )
    return int(rows), what


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


def typed(names: Iterable[str]) -> str:
    """Write names as a person types them behind an option in a shell, harmless: 'agent fee,id'."""
    return shlex.quote(printable(joined(names)))


def missing_in(column: str, code: str) -> str:
    """Return a code as `--missing` takes it for one column."""
    return f"{column}={code}"


def typed_missing(column: str, code: str) -> str:
    """Write the option for a code of one column as a person types it in a shell, harmless: --missing age=-1."""
    return f"--missing {shlex.quote(printable(missing_in(column, code)))}"


def command(asked: FileRequest) -> str:
    """Return the command line that trains on it, harmless and as a person types it in a shell."""
    return printable(shlex.join(["lossterm", "run", *arguments(asked)]))


def arguments(asked: FileRequest) -> list[str]:
    """Return the command-line arguments that make the same request."""
    delimiter = next((name for name, sign in DELIMITERS.items() if sign == asked.delimiter), asked.delimiter)
    words = ["--data", asked.path, "--target", asked.predicted]
    for option, value in (
        ("--kind", asked.kind),
        ("--drop", joined(asked.drop) if asked.drop else None),
        ("--categorical", joined(asked.categorical) if asked.categorical else None),
        ("--group", asked.group),
        ("--time", asked.time),
        ("--sample-weight", asked.sample_weight),
        ("--delimiter", delimiter),
        ("--encoding", asked.encoding),
        ("--thousands", next((name for name, sign in THOUSANDS.items() if sign == asked.thousands), None)),
        *(("--missing", code) for code in asked.missing),
        ("--min-class", asked.min_class),
    ):
        if value is not None:
            words += [option, value]
    if asked.header is not None:
        words.append("--header" if asked.header else "--no-header")
    return words
