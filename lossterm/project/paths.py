"""Paths in a project file, of data and of code: absolute, or relative to the file's folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lossterm.home.tilde import whole
from lossterm.project.settings_schema import CODE


def absolute(name: str, value: Any, folder: Path) -> Any:
    """Return the value of a key with paths relative to a folder made absolute."""
    # `~/` is the home directory; other names that begin with ~ are ordinary names.
    return _with_paths(
        name, value, lambda text: str(folder / (Path(text).expanduser() if text.startswith("~/") else text))
    )


def relative(name: str, value: Any, folder: Path) -> Any:
    """Return the value of a key with its paths made relative to a folder if they lie in it, else absolute."""
    home = whole(folder)

    def place(text: str) -> str:
        path = whole(Path(text))
        return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)

    return _with_paths(name, value, place)


def _with_paths(name: str, value: Any, place: Callable[[str], str]) -> Any:
    """Return the value of a key with `place` applied to each path in it."""
    if name == "data":
        return place(value)
    if name not in CODE:
        return value
    return [_with_path(text, place) for text in value] if isinstance(value, list) else _with_path(value, place)


def _with_path(text: str, place: Callable[[str], str]) -> str:
    """Apply `place` to the path in FILE.py:NAME; package.module:NAME stays as it is."""
    before, dot_py, after = text.partition(".py:")  # as losses.source_from parses it
    return f"{place(before + '.py')}:{after}" if dot_py else text
