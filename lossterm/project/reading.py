"""Reads a project file without running anything: code that it names is run by the worker, as with options."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossterm.comparison.comparison import TUNE
from lossterm.data.request import joined
from lossterm.errors import DataError, UnknownName
from lossterm.home.private import refuse_open
from lossterm.project.paths import absolute
from lossterm.project.settings_schema import SECTION_OF, SECTIONS, SettingKey
from lossterm.project.toml import toml
from lossterm.text.harmless import printable


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A project file that was read."""

    path: Path
    """Its path, as it was given."""
    values: dict[str, Any]
    """Key → value as the option of that name takes it: absolute paths, lists as tuples."""
    foreign: bool = False
    """Whether it belongs to somebody other than the user and root."""

    def place(self, key: str) -> str:
        """Name the file and one of its keys, as errors do."""
        return f"{printable(str(self.path))}, {SECTION_OF[key]}.{key}"


def read_project(path: Path) -> Project:
    """Read a project file, running nothing. Raises DataError for an invalid one, naming the line or the key."""
    name = printable(str(path))
    try:
        with path.open(encoding="utf-8-sig") as file:
            status = os.fstat(file.fileno())  # of what is read: another file may take its place
            refuse_open(path, status)
            text = file.read()
    except FileNotFoundError:
        raise DataError(f"There is no project file {name}. `lossterm init` writes one.") from None
    except OSError as error:
        raise DataError(f"The project file {name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"The project file {name} is not UTF-8 text. Save it as UTF-8.") from error
    import tomllib  # takes 3 ms, which commands without a project file need not spend

    try:
        sections = tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # a plain ValueError for thousands of digits, RecursionError for thousands of brackets
        raise DataError(f"The project file {name} is not valid TOML: {error}. Fix that line.") from error
    folder = path.absolute().parent
    values = {key.name: _option(key.name, absolute(key.name, value, folder)) for key, value in _checked(name, sections)}
    return Project(path=path, values=values, foreign=status.st_uid not in (os.getuid(), 0))


def _checked(file: str, sections: Mapping[str, Any]) -> Iterator[tuple[SettingKey, Any]]:
    """Yield the keys that are set, each with a valid value."""
    for section, table in sections.items():
        if section in SECTION_OF and section not in SECTIONS:
            raise DataError(f"{file}: {section} belongs in the section [{SECTION_OF[section]}].")
        if section not in SECTIONS:
            raise DataError(f"{file}: {UnknownName('section', section, SECTIONS)}")
        if not isinstance(table, dict):
            raise DataError(f"{file}: {section} is {_shown(table)}, but must be a section: [{section}].")
        keys = {key.name: key for key in SECTIONS[section]}
        for name, value in table.items():
            if name not in keys and name in SECTION_OF:
                raise DataError(f"{file}: {name} belongs in the section [{SECTION_OF[name]}], not in [{section}].")
            if name not in keys:
                raise DataError(f"{file}: {UnknownName(f'key in [{section}] called', name, _near(name, keys))}")
            key = keys[name]
            if not key.form.fits(value):
                raise DataError(f"{file}: {section}.{name} is {_shown(value)}, but must be {key.form.wanted}.")
            yield key, value


def _near(name: str, keys: Mapping[str, SettingKey]) -> list[str]:
    """Return the keys to choose suggestions from: those of the section, unless only keys of other sections are near."""
    if (dashed := name.replace("_", "-")) in SECTION_OF:
        return [dashed]
    elsewhere = not UnknownName("key", name, keys).near and UnknownName("key", name, SECTION_OF).near
    return elsewhere or list(keys)


def _shown(value: object) -> str:
    """Write a value roughly as it stands in the file, on one line."""
    if isinstance(value, dict):
        return "a section"
    return toml(value) if isinstance(value, str | bool | int | float | list) else str(value)


def _option(name: str, value: Any) -> Any:
    """Return a value as the option takes it."""
    if name in ("drop", "categorical"):
        return tuple(joined([column]) for column in value)
    if name == "target" and isinstance(value, list):
        return joined(value)
    if name == "lr" and value != TUNE:
        return tuple(map(float, value if isinstance(value, list) else [value]))
    return tuple(value) if isinstance(value, list) else value
