"""The user's configuration of the app: a TOML file, read into one frozen record."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from lossterm.errors import DataError, UnknownName
from lossterm.home.paths import configuration_path
from lossterm.home.private import refuse_foreign
from lossterm.text.glyph_fallback import MARKERS, Markers
from lossterm.text.harmless import printable

SHORTEST, LONGEST = 0.1, 10.0
"""Seconds between two frames: nobody sees more than ten a second, and a longer wait looks like a standstill."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the app looks and is used. Names are those of the file."""

    theme: str | None = None
    """`dark`, `light` or the name of a Textual theme; None for what the terminal says of its background."""
    ascii: bool = False
    """Whether nothing but ASCII is drawn."""
    low_bandwidth: bool = False
    """Whether to send as few bytes as can be."""
    markers: Markers = "braille"
    """What curves are drawn with."""
    frame_seconds: float = 0.25
    """Time between two frames, within SHORTEST and LONGEST."""
    keys: dict[str, str] = {}
    """Id of a binding, as `main.run`, → its key, or several with commas between."""


WANTED = {
    "theme": 'a name in quotes, as "dark"',
    "ascii": "true or false",
    "low_bandwidth": "true or false",
    "markers": " or ".join(f'"{one}"' for one in MARKERS),
    "frame_seconds": f"a number of seconds, from {SHORTEST:g} to {LONGEST:g}",
    "keys": 'a table of bindings and their keys, as "main.run" = "r"',
}
"""Field → what may stand there, in words."""


def load(path: Path | None = None) -> tuple[Config, list[str]]:
    """Read the file at `path` (default: the user's), and return it with a sentence for each value that was clamped.

    An absent file is the default. Raises DataError for one that cannot be read, naming the line or the field.
    """
    path = path or configuration_path()
    try:
        refuse_foreign(path, of_root=True)
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config(), []
    except OSError as error:
        raise DataError(f"The configuration {path} cannot be read: {error.strerror}. Mend or remove it.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"The configuration {path} is no text in UTF-8. Save it as such, or remove it.") from error
    return _clamped(Config(**_fields(path, _parsed(path, text))), path)


def _parsed(path: Path, text: str) -> dict[str, Any]:
    import tomllib  # 3 ms that the app need not wait for where there is no file

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # thousands of digits, or of brackets, are neither to tomllib
        raise DataError(f"The configuration {path} is no TOML: {error}. Mend that line, or remove the file.") from error


def _fields(path: Path, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by field, each of its type. Raises DataError."""
    types = get_type_hints(Config)
    fields: dict[str, Any] = {}
    for name, value in found.items():
        if name not in types:
            raise DataError(f"The configuration {path} is wrong: {UnknownName('setting', name, types)}")
        if name == "keys":
            bindings = _flat(_checked(path, name, value, dict[str, Any], WANTED[name]))
            wanted = 'its keys in quotes, as "r" or "r,f5"'
            fields[name] = {key: _checked(path, f"keys.{key}", keys, str, wanted) for key, keys in bindings.items()}
        else:
            fields[name] = _checked(path, name, value, types[name], WANTED[name])
    return fields


def _checked(path: Path, name: str, value: object, kind: object, wanted: str) -> Any:
    try:
        found = msgspec.convert(value, kind)
    except msgspec.ValidationError:
        found = math.nan
    if isinstance(found, float) and math.isnan(found):  # TOML can write it, and it is a number to msgspec
        shown = printable(f"{name} is {_written(value)}")
        raise DataError(f"The configuration {path} is wrong: {shown}, but must be {wanted}.")
    return found


def _flat(table: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Join nested names, since `main.run = "r"` without quotes is a table in a table to TOML."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found.update(_flat(value, f"{before}{name}."))
        else:
            found[f"{before}{name}"] = value
    return found


def _written(value: object) -> str:
    """Write a value about as the file does."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _clamped(config: Config, path: Path) -> tuple[Config, list[str]]:
    seconds = min(max(config.frame_seconds, SHORTEST), LONGEST)
    if seconds == config.frame_seconds:
        return config, []
    word = f"frame_seconds is {config.frame_seconds:g} in {path}; {seconds:g} is taken, the nearest that is allowed."
    return msgspec.structs.replace(config, frame_seconds=seconds), [word]
