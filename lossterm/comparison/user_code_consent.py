"""Consent to run user code: only code that this user named on this machine is ever run.

A store or a recording may come from somebody else. It names the code of custom losses and networks, but cannot make it
run. Code that a person names, on the command line or in a project file, is remembered here with its digest, and the
engine runs only that.
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
    """Return where the code of a comparison is: of its custom losses, then of its custom network."""
    model = comparison.hyperparameters.model
    return [*(source_from(text) for _, text in comparison.sources), *([source_of(model)] if model else [])]


def trusted(source: Source, digest: str | None = None) -> bool:
    """Whether a person named a source in its present form, or with this digest. Raises DataError."""
    return _line(source, digest or source.digest) in _known()


def refuse_open_code(source: Source) -> None:
    """Refuse a file of code that another user owns or linked to, or that others may write or replace.

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
            f"{source.place} is named by the store, but not by you in its present form: {source.name} in it was not "
            f"run. Look at it, and if you trust it, name it yourself: "
            f"lossterm run {option} {shlex.quote(source.text)} …"
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
    """Append a line in one write, as other processes may append too. A line that a full disk cut off does no harm."""
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
