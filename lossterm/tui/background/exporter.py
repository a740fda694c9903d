"""A session written for another tool, by the command line in a process of its own: that may take NumPy, and seconds."""

from pathlib import Path

import msgspec

from lossterm.errors import DataError
from lossterm.tui.background.lossterm_process import run


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written, and where."""

    form: str
    """Key of the format."""
    path: str
    """Where to, as a person writes it."""
    task: str | None = None
    """Key of the only task that is written; None for all."""
    loss: str | None = None
    """Key of the only loss that is written; None for all."""
    force: bool = False
    """Whether what is there is replaced."""


def is_there(wanted: Wanted) -> bool:
    """Whether something is where it is to be written, unless it only adds to that. Raises LosstermError for no path."""
    from lossterm.export import format_named, path_from

    form = format_named(wanted.form)
    try:
        path = path_from(wanted.path, form)
        beside = form.second_file(path).exists() if form.second_file else False
        return form.place != "store" and (path.exists() or beside)
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{wanted.path} is no path: {error}.") from error


async def export(store: Path, session: str, wanted: Wanted) -> str:
    """Write a session; return a sentence that says what was written. Raises DataError with one that says why not."""
    words = ["export", "--to", wanted.form, "--output", wanted.path, "--store", str(store)]
    words += [
        word for option, key in (("--task", wanted.task), ("--loss", wanted.loss)) if key for word in (option, key)
    ]
    words += ["--force"] if wanted.force else []
    try:
        said = await run(*words, "--", session)
    except (OSError, ValueError) as error:
        raise DataError(f"Nothing was written: {error}.") from error
    if said.code:
        raise DataError(said.sentence)
    return said.sentence
