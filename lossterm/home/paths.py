"""Where lossterm keeps what is to last, unless a command says otherwise, and who may look at it: its user alone."""

import os
from pathlib import Path
from typing import Literal

from lossterm.home.tilde import expanded


def home() -> Path:
    """Return LOSSTERM_HOME, or the user's data directory."""
    return _place("data")


def default_store_path() -> Path:
    """Return where the store lies unless `--store` says otherwise: in LOSSTERM_HOME, or the user's data directory."""
    return home() / "lossterm.db"


def shelf() -> Path:
    """Return the directory that tables of one's own are kept in, in the form that a training reads."""
    return home() / "data"


def programs() -> Path:
    """Return the directory that compiled programs are kept in, which can be deleted at any time."""
    return _place("cache") / "programs"


def configuration_path() -> Path:
    """Return where the app's configuration lies, whether it is there or not."""
    return _place("config") / "config.toml"


def named_home() -> Path | None:
    """Return LOSSTERM_HOME, None where it is not set."""
    told = os.environ.get("LOSSTERM_HOME")
    return expanded(Path(told)) if told else None


def _place(what: Literal["data", "cache", "config"]) -> Path:
    """Return LOSSTERM_HOME for whatever it is, or the user's directory for it."""
    if named := named_home():
        return named
    import platformdirs  # slow to load, and needless for help and where LOSSTERM_HOME is set

    usual = {
        "data": platformdirs.user_data_path,
        "cache": platformdirs.user_cache_path,
        "config": platformdirs.user_config_path,
    }
    return usual[what]("lossterm")
