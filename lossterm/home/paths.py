"""Where lossterm keeps its files by default, private to the user."""

import os
from pathlib import Path
from typing import Literal

from lossterm.home.tilde import expanded


def home() -> Path:
    """Return LOSSTERM_HOME, or the user's data directory."""
    return _place("data")


def default_store_path() -> Path:
    """Return the path of the store without `--store`: in LOSSTERM_HOME, or the user's data directory."""
    return home() / "lossterm.db"


def shelf() -> Path:
    """Return the directory of cached user tables, in the form in which trainings read them."""
    return home() / "data"


def piped() -> Path:
    """Return the directory of tables that came from standard input."""
    return home() / "piped"


def arrays() -> Path:
    """Return the directory of tables that came from arrays and frames of a Python program."""
    return home() / "arrays"


def shipped_code() -> Path:
    """Return the directory of losses and networks that were defined in a notebook or a script, as files."""
    return home() / "code"


def programs() -> Path:
    """Return the directory of compiled programs, which can be deleted at any time."""
    return _place("cache") / "programs"


def answers() -> Path:
    """Return the directory of what looks at data found, which can be deleted at any time."""
    return _place("cache") / "answers"


def device_choices() -> Path:
    """Return the file of what `--device auto` chose: later trainings follow it, so that it is no cache."""
    return home() / "devices.jsonl"


def stack_widths() -> Path:
    """Return the file of programs that were made narrower when memory ran out: later trainings follow it too."""
    return home() / "stack_widths.jsonl"


def configuration_path() -> Path:
    """Return the path of the app's configuration, whether it exists or not."""
    return _place("config") / "config.toml"


def named_home() -> Path | None:
    """Return LOSSTERM_HOME, None if it is not set."""
    given = os.environ.get("LOSSTERM_HOME")
    return expanded(Path(given)) if given else None


def _place(what: Literal["data", "cache", "config"]) -> Path:
    """Return LOSSTERM_HOME, which holds everything, or else the user's directory for this kind of file."""
    if named := named_home():
        return named
    import platformdirs  # slow to import, and not needed for help or with LOSSTERM_HOME

    usual = {
        "data": platformdirs.user_data_path,
        "cache": platformdirs.user_cache_path,
        "config": platformdirs.user_config_path,
    }
    return usual[what]("lossterm")
