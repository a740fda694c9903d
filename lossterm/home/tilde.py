"""Paths as a person writes them: with ~ for a home directory, and with .. in them."""

import os
from contextlib import suppress
from pathlib import Path


def expanded(path: Path) -> Path:
    """Return a path with a home directory for its ~; where nobody is called so, ~NAME is a name like any other."""
    with suppress(RuntimeError):
        return path.expanduser()
    return path


def whole(path: Path) -> Path:
    """Return the path from the root, the same however it was written: without ~, . and .., but with links as they are.

    Where a link makes .. lead elsewhere than it reads, its directory is followed.
    """
    written = expanded(path).absolute()
    plain = Path(os.path.normpath(written))
    return plain if os.path.realpath(plain) == os.path.realpath(written) else written.parent.resolve() / written.name
