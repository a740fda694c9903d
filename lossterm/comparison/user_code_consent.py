"""Consent to run user code: only code that this user named on this machine is ever run.

A store or a recording may come from somebody else. It names the code of custom losses and networks, but cannot make it
run. Code that a person names, on the command line or in a project file, is remembered here with its digest, and the
engine runs only that.
"""

import json
import os
import shlex

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.user_network import source_of
from lossterm.errors import DataError, Unnamed
from lossterm.home.paths import home
from lossterm.home.private import make_private, opened, refuse_foreign, refuse_open
from lossterm.losses import Source, source_from
from lossterm.losses.keras_on_numbers import TARGET

TRUSTED, SHARED = "trusted", "shared_with_clusters"
"""Files in `home()`: what a person named, and what they named for a run on which cluster."""

COMMANDS = {"--axis-file": "stress"}
"""Option → the command that takes it, where that is not `run`."""


def trust(*sources: Source) -> None:
    """Remember that a person named these, as they are now, in `home()`/trusted: a line for each.

    Raises DataError where that cannot be written.
    """
    known = _known() if sources else set()
    lines = {_line(source, source.digest): None for source in sources}
    for line in lines:
        if line not in known:
            _append(line)


def trust_all_of(comparison: Comparison, cluster: str | None = None) -> None:
    """Trust all code that a comparison names, which a person has just asked for. Raises as `trust`.

    If they named a cluster too, its nodes may have that code.
    """
    trust(*code_of(comparison))
    if cluster is not None:
        share(cluster, *code_of(comparison))


def share(cluster: str, *sources: Source) -> None:
    """Remember that a person named these for a run on a cluster, as they are now. Raises as `trust`."""
    known = _known(SHARED) if sources else set()
    for line in {_line(source, source.digest): None for source in sources}:
        if (named := f"{json.dumps(cluster)} {line}") not in known:
            _append(named, SHARED)


def shared(cluster: str, source: Source, digest: str) -> bool:
    """Whether a person named a source with this digest for a run on a cluster. Raises DataError."""
    return f"{json.dumps(cluster)} {_line(source, digest)}" in _known(SHARED)


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
            f"lossterm {COMMANDS.get(option, 'run')} {option} {shlex.quote(source.text)} …"
        )


def _line(source: Source, digest: str) -> str:
    settings = tuple((name, value) for name, value in source.settings if name != TARGET)  # which runs no other code
    text = msgspec.structs.replace(source, settings=settings).text
    return f"{digest} {json.dumps(text)}"  # a path may hold whatever ends a line


def _known(file: str = TRUSTED) -> set[str]:
    path = home() / file
    try:
        refuse_foreign(path)
        return set(path.read_text(encoding="utf-8", errors="replace").split("\n"))
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise DataError(f"{path}, which says what code you trust, cannot be read: {error.strerror}.") from error


def _append(line: str, file: str = TRUSTED) -> None:
    """Append a line in one write, as other processes may append too. A line that a full disk cut off does no harm."""
    path = home() / file
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
