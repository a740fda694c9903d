"""Where lossterm keeps what is to last, unless a command says otherwise, and who may look at it: its user alone."""

import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from lossterm.home.tilde import expanded


def home() -> Path:
    """Return LOSSTERM_HOME, or the user's data directory."""
    return named_home() or user_data_path("lossterm")


def shelf() -> Path:
    """Return the directory that tables of one's own are kept in, in the form that a training reads."""
    return home() / "data"


def programs() -> Path:
    """Return the directory that compiled programs are kept in, which can be deleted at any time."""
    return (named_home() or user_cache_path("lossterm")) / "programs"


def named_home() -> Path | None:
    """Return LOSSTERM_HOME, None where it is not set."""
    told = os.environ.get("LOSSTERM_HOME")
    return expanded(Path(told)) if told else None
