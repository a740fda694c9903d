"""Where lossterm keeps what is to last, unless a command says otherwise."""

import os
from pathlib import Path

from platformdirs import user_data_path


def home() -> Path:
    """Return LOSSTERM_HOME, or the user's data directory."""
    told = os.environ.get("LOSSTERM_HOME")
    return Path(told).expanduser() if told else user_data_path("lossterm")


def shelf() -> Path:
    """Return the directory that tables of one's own are kept in, in the form that a training reads."""
    return home() / "data"


def make_private(directory: Path) -> None:
    """Make a directory and those above it that are missing, for their owner alone. Raises OSError."""
    missing = [one for one in (directory, *directory.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
