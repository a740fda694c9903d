"""Reading a project file, which runs nothing: places of code in it are run by the worker, as those of options are."""

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
    """Where it lies, as it was named."""
    values: dict[str, Any]
    """Key → value as the option of that name takes it: paths absolute, several as tuples."""
    foreign: bool = False
    """Whether it is somebody else's: of neither the user nor root."""

    def place(self, key: str) -> str:
        """Name the file and a key of it, as errors do."""
        return f"{printable(str(self.path))}, {SECTION_OF[key]}.{key}"


def read_project(path: Path) -> Project:
    """Read a project file, running nothing. Raises DataError for one that can't be used, naming the line or the key."""
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
        raise DataError(f"The project file {name} is no text in UTF-8. Save it as such.") from error
    import tomllib  # 3 ms that commands need not wait for where there is no such file

    try:
        sections = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # thousands of digits, or of brackets, are neither to tomllib
        raise DataError(f"The project file {name} is no TOML: {error}. Mend that line.") from error
    folder = path.absolute().parent
    values = {key.name: _option(key.name, absolute(key.name, value, folder)) for key, value in _checked(name, sections)}
    return Project(path=path, values=values, foreign=status.st_uid not in (os.getuid(), 0))


def _checked(file: str, sections: Mapping[str, Any]) -> Iterator[tuple[SettingKey, Any]]:
    """Yield the keys that are set, each with a value of its form."""
    for section, found in sections.items():
        if section in SECTION_OF and section not in SECTIONS:
            raise DataError(f"{file}: {section} belongs in the section [{SECTION_OF[section]}].")
        if section not in SECTIONS:
            raise DataError(f"{file}: {UnknownName('section', section, SECTIONS)}")
        if not isinstance(found, dict):
            raise DataError(f"{file}: {section} is {_shown(found)}, but must be a section: [{section}].")
        keys = {key.name: key for key in SECTIONS[section]}
        for name, value in found.items():
            if name not in keys and name in SECTION_OF:
                raise DataError(f"{file}: {name} belongs in the section [{SECTION_OF[name]}], not in [{section}].")
            if name not in keys:
                raise DataError(f"{file}: {UnknownName(f'key in [{section}] called', name, _near(name, keys))}")
            key = keys[name]
            if not key.form.fits(value):
                raise DataError(f"{file}: {section}.{name} is {_shown(value)}, but must be {key.form.wanted}.")
            yield key, value


def _near(name: str, keys: Mapping[str, SettingKey]) -> list[str]:
    """Return the keys to suggest out of: the section's own, unless only keys of other sections are near."""
    if (dashed := name.replace("_", "-")) in SECTION_OF:
        return [dashed]
    elsewhere = not UnknownName("key", name, keys).near and UnknownName("key", name, SECTION_OF).near
    return elsewhere or list(keys)


def _shown(value: object) -> str:
    """Write a value about as the file does, on one line."""
    if isinstance(value, dict):
        return "a section"
    return toml(value) if isinstance(value, str | bool | int | float | list) else str(value)


def _option(name: str, value: Any) -> Any:
    """Return a value as the option takes it."""
    if name in ("drop", "categorical"):
        return tuple(joined([column]) for column in value)
    if name == "lr" and value != TUNE:
        return tuple(map(float, value if isinstance(value, list) else [value]))
    return tuple(value) if isinstance(value, list) else value
