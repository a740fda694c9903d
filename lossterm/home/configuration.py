"""The user's configuration of the app: a TOML file, parsed into one frozen record."""

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
    """How the app looks and is used. Field names are those of the file."""

    theme: str | None = None
    """`dark`, `light` or the name of a Textual theme; None to follow the terminal's background."""
    ascii: bool = False
    """Whether to draw with ASCII characters only."""
    low_bandwidth: bool = False
    """Whether to send as few bytes as possible."""
    markers: Markers = "braille"
    """What curves are drawn with."""
    frame_seconds: float = 0.25
    """Time between two frames, within SHORTEST and LONGEST."""
    keys: dict[str, str] = {}
    """Id of a binding, such as `main.run`, → its key, or several separated by commas."""


WANTED = {
    "theme": 'a name in quotes, as "dark"',
    "ascii": "true or false",
    "low_bandwidth": "true or false",
    "markers": " or ".join(f'"{one}"' for one in MARKERS),
    "frame_seconds": f"a number of seconds, from {SHORTEST:g} to {LONGEST:g}",
    "keys": 'a table of bindings and their keys, as "main.run" = "r"',
}
"""Field → its valid values, in words."""


def load(path: Path | None = None) -> tuple[Config, list[str]]:
    """Read the configuration at `path` (default: the user's); return it with a sentence for each clamped value.

    A missing file gives the defaults. Raises DataError for an invalid file, naming the line or the field.
    """
    path = path or configuration_path()
    try:
        refuse_foreign(path, of_root=True)
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config(), []
    except OSError as error:
        raise DataError(f"The configuration {path} cannot be read: {error.strerror}. Fix or remove it.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"The configuration {path} is not UTF-8 text. Save it as UTF-8, or remove it.") from error
    return _clamped(Config(**_fields(path, _parsed(path, text))), path)


def _parsed(path: Path, text: str) -> dict[str, Any]:
    import tomllib  # takes 3 ms, which an app without a configuration need not spend

    try:
        return tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # a plain ValueError for thousands of digits, RecursionError for thousands of brackets
        raise DataError(
            f"The configuration {path} is not valid TOML: {error}. Fix that line, or remove the file."
        ) from error


def _fields(path: Path, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by field, each of its type. Raises DataError."""
    types = get_type_hints(Config)
    fields: dict[str, Any] = {}
    for name, value in table.items():
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
        converted = msgspec.convert(value, kind)
    except msgspec.ValidationError:
        converted = math.nan
    if isinstance(converted, float) and math.isnan(converted):  # TOML has nan, and msgspec takes it for a number
        shown = printable(f"{name} is {_written(value)}")
        raise DataError(f"The configuration {path} is wrong: {shown}, but must be {wanted}.")
    return converted


def _flat(table: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Join nested names, since in TOML `main.run = "r"` without quotes is a table within a table."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{before}{name}."))
        else:
            flat[f"{before}{name}"] = value
    return flat


def _written(value: object) -> str:
    """Write a value roughly as it stands in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _clamped(config: Config, path: Path) -> tuple[Config, list[str]]:
    seconds = min(max(config.frame_seconds, SHORTEST), LONGEST)
    if seconds == config.frame_seconds:
        return config, []
    sentence = (
        f"frame_seconds is {config.frame_seconds:g} in {path}; {seconds:g} is taken, the nearest that is allowed."
    )
    return msgspec.structs.replace(config, frame_seconds=seconds), [sentence]
