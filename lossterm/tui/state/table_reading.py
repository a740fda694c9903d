"""How a table's file is read, as a person writes it: one record for each option that the app asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from lossterm.data import FileRequest
from lossterm.data.request import DELIMITERS, THOUSANDS, joined, names_from
from lossterm.errors import UsageError
from lossterm.text.harmless import printable


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingOption:
    """An option of how a file is read, by the name of its field in FileRequest."""

    name: str
    title: str
    about: str
    """What can be written, in a few words."""
    write: Callable[[Any], str] = str
    read: Callable[[str], Any] = str
    """Raises UsageError for what cannot be meant."""
    empty: Any = None
    """The value where nothing is written, which leaves it to be recognised."""


def _named(names: dict[str, str]) -> Callable[[str], str]:
    """Return a function that writes a sign by its name."""
    return lambda value: next((name for name, sign in names.items() if sign == value), value)


def _header(text: str) -> bool:
    words = {"yes": True, "no": False}
    if text.casefold() not in words:
        raise UsageError(f"{printable(text)!r} does not say whether the first row names the columns: write yes or no.")
    return words[text.casefold()]


READING_OPTIONS = (
    ReadingOption(
        name="thousands",
        title="thousands",
        about="a sign, or its name: comma, point, …",
        write=_named(THOUSANDS),
    ),
    ReadingOption(
        name="missing",
        title="missing",
        about="numbers or words, with commas: -999,age=-1",
        write=joined,
        read=names_from,
        empty=(),
    ),
    ReadingOption(name="min_class", title="rare classes", about="5:join, or 5:drop, those below 5 rows"),
    ReadingOption(
        name="delimiter", title="delimiter", about="a sign, or its name: semicolon, pipe, …", write=_named(DELIMITERS)
    ),
    ReadingOption(name="encoding", title="encoding", about="utf-8, utf-16, cp1252, …"),
    ReadingOption(
        name="header",
        title="first row names",
        about="yes or no: does it name the columns",
        write=lambda value: "yes" if value else "no",
        read=_header,
    ),
)
"""In the order in which they are asked for."""


def written(asked: FileRequest) -> dict[str, str]:
    """Return the texts of all options, "" for what is left to be recognised."""
    values = {option: getattr(asked, option.name) for option in READING_OPTIONS}
    return {option.name: "" if value == option.empty else option.write(value) for option, value in values.items()}


def with_reading(asked: FileRequest, texts: dict[str, str]) -> FileRequest:
    """Return the request with the options as they are written. Raises UsageError for what cannot be meant."""
    changed = {
        option.name: option.read(text) if (text := texts[option.name].strip()) else option.empty
        for option in READING_OPTIONS
    }
    return msgspec.structs.replace(asked, **changed)
