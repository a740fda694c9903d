"""Places in a project file: of data and of code, relative to where the file lies or absolute."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lossterm.home.tilde import expanded
from lossterm.project.settings_schema import CODE


def absolute(name: str, value: Any, folder: Path) -> Any:
    """Return the value of a key whose paths start at a folder, with absolute ones; others as they are."""
    # `~/` is the home directory; other names that begin with ~ are names.
    return _each(name, value, lambda text: str(folder / (Path(text).expanduser() if text.startswith("~/") else text)))


def relative(name: str, value: Any, folder: Path) -> Any:
    """Return the value of a key whose paths start at the working directory: relative to a folder where they lie in it,
    else absolute.
    """
    home = folder.absolute()

    def place(text: str) -> str:
        path = expanded(Path(text)).absolute()
        return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)

    return _each(name, value, place)


def _each(name: str, value: Any, place: Callable[[str], str]) -> Any:
    """Return the value with another place for each path in it."""
    if name == "data":
        return place(value)
    if name not in CODE:
        return value
    return [_moved(text, place) for text in value] if isinstance(value, list) else _moved(value, place)


def _moved(text: str, place: Callable[[str], str]) -> str:
    """Put another place into FILE.py:NAME; package.module:NAME stays as it is."""
    before, dot_py, after = text.partition(".py:")  # as losses.source_from reads it
    return f"{place(before + '.py')}:{after}" if dot_py else text
