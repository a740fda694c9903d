"""What the store holds already, without training."""

import os
from pathlib import Path

import msgspec

from lossterm.api.comparing import SESSION
from lossterm.api.comparison_result import Record, Result, latest
from lossterm.api.wording import python_words
from lossterm.errors import UnknownName
from lossterm.home.paths import default_store_path
from lossterm.home.presence import is_there
from lossterm.home.tilde import expanded
from lossterm.store import Store


def result(session: str = SESSION, *, store: str | os.PathLike[str] | None = None) -> Result:
    """Return the comparison that was last asked for in a session, as it stands now; it may still be trained.

    So what was interrupted is not lost. Raises UnknownName for a session that isn't there, UsageError for one without a
    comparison, and StoreError for a store that cannot be read.
    """
    with python_words({}):
        path = _path(store)
        if not is_there(path, "The store", links=True):
            raise UnknownName("session", session, ())
        with Store(path, make=False) as opened:
            return latest(opened, session)


def sessions(*, store: str | os.PathLike[str] | None = None) -> list[Record]:
    """Return a record for each session in the store, newest first: name, created and last (seconds since 1970), tasks,
    and the numbers of comparisons, trials, ended and stopped ones.

    Raises StoreError for a store that cannot be read.
    """
    with python_words({}):
        path = _path(store)
        if not is_there(path, "The store", links=True):
            return []
        with Store(path, make=False) as opened:
            return [msgspec.structs.asdict(row) for row in opened.sessions.every()]


def _path(store: str | os.PathLike[str] | None) -> Path:
    return expanded(default_store_path() if store is None else Path(store))
