"""Paths that begin with ~, as a person writes them."""

from contextlib import suppress
from pathlib import Path


def expanded(path: Path) -> Path:
    """Return a path with a home directory for its ~; where nobody is called so, ~NAME is a name like any other."""
    with suppress(RuntimeError):
        return path.expanduser()
    return path
