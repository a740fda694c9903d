"""Code that this user named himself, on this machine: of what a store names, nothing else is ever run.

A store and a recording come from elsewhere as easily as from here. They name the code of losses and networks of one's
own; to name is all that they may do. What a person names, on the command line or in a project file, is remembered here
with the digest of what it is, and the engine runs that and no more.
"""

import json
import os
import shlex

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.user_network import source_of
from lossterm.errors import DataError, Unnamed
from lossterm.home.paths import home
from lossterm.home.private import make_private, opened, refuse_foreign, refuse_open
from lossterm.losses import Source, source_from


def trust(*sources: Source) -> None:
    """Remember that a person named these, as they are now, in `home()`/trusted: a line for each.

    Raises DataError where that cannot be written.
    """
    known = _known() if sources else set()
    lines = {_line(source, source.digest): None for source in sources}
    for line in lines:
        if line not in known:
            _append(line)


def trust_all_of(comparison: Comparison) -> None:
    """Trust all code that a comparison names, which a person has just asked for. Raises as `trust`."""
    trust(*code_of(comparison))


def code_of(comparison: Comparison) -> list[Source]:
    """Return where the code of a comparison is: of its losses of one's own, then of its network."""
    model = comparison.hyperparameters.model
    return [*(source_from(text) for _, text in comparison.sources), *([source_of(model)] if model else [])]


def trusted(source: Source, digest: str | None = None) -> bool:
    """Whether a person named a source as it is now, or as it is in a digest. Raises DataError."""
    return _line(source, digest or source.digest) in _known()


def refuse_open_code(source: Source) -> None:
    """Refuse a file of code that somebody else owns, linked to or may write, or put another in the place of.

    Raises DataError.
    """
    try:
        if source.file is not None and source.file.exists():
            refuse_foreign(source.file, of_root=True)
            refuse_open(source.file, source.file.stat())
    except OSError as error:
        raise DataError(f"{source.file} cannot be looked at: {error.strerror}.") from error


def refuse_unnamed(source: Source, digest: str, option: str = "--loss-file") -> None:
    """Raise Unnamed, with what to do, for code that was not named by this user on this machine."""
    if not trusted(source, digest):
        raise Unnamed(
            f"{source.place} was named by the store, and not by you as it is now: {source.name} in it was not run. "
            f"Look at it, and if you trust it, name it yourself: lossterm run {option} {shlex.quote(source.text)} …"
        )


def _line(source: Source, digest: str) -> str:
    return f"{digest} {json.dumps(source.text)}"  # a path may hold whatever ends a line


def _known() -> set[str]:
    path = home() / "trusted"
    try:
        refuse_foreign(path)
        return set(path.read_text(encoding="utf-8", errors="replace").split("\n"))
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise DataError(f"{path}, which says what code you trust, cannot be read: {error.strerror}.") from error


def _append(line: str) -> None:
    """Write a line in one piece, beside others who write; one that a full disk had cut off does not spoil it."""
    path = home() / "trusted"
    written = f"\n{line}\n".encode()
    try:
        make_private(path.parent)
        descriptor = opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            if os.write(descriptor, written) != len(written):
                raise DataError(f"{path}, which says what code you trust, was not written: the disk is full.")
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DataError(f"{path}, which says what code you trust, cannot be written: {error.strerror}.") from error
