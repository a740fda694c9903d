"""Where an export goes: named safely, refused where it would harm something, and there as a whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lossterm.errors import DataError, UsageError
from lossterm.export.file_name import file_name
from lossterm.export.formats import Format
from lossterm.export.mlflow import DATABASES
from lossterm.export.session_contents import Contents
from lossterm.home.tilde import expanded

MARK = "lossterm-export.txt"
"""File in a directory that an export made: only such a directory is ever replaced."""

_MARKED = "Written by `lossterm export`, which replaces this directory as a whole when it is told to with --force.\n"


def default_destination(session: str, form: Format) -> Path:
    """Return where an export goes unless a person says otherwise: in the present directory, named for the session."""
    return Path(f"{file_name(session)}.{form.suffix}")


def path_from(text: str, form: Format) -> Path:
    """Read a place as a person writes it: a path, or for a store file:… or sqlite:///….

    Raises UsageError for another kind of URI, since nothing is ever sent over a network, and for one whose path would
    be taken for the other kind of store.
    """
    scheme, colon, rest = text.partition(":")
    if form.place != "store" or not colon or len(scheme) < 2:  # C:\… is a path
        return expanded(Path(text))
    ends = ", ".join(DATABASES)
    if scheme == "sqlite" and rest.startswith("///"):
        path = Path(rest[3:])
        if path.suffix not in DATABASES:
            raise UsageError(f"{text!r} is to be a database, whose name must end in one of {ends}.")
        return path
    if scheme == "file":
        path = Path(rest.removeprefix("//"))
        if path.suffix in DATABASES:
            raise UsageError(f"{text!r} is to be a directory, whose name must not end in one of {ends}.")
        return path
    raise UsageError(f"{text!r} is no place for {form.key}: give a path, sqlite:///FILE.db or file:DIRECTORY.")


def write(contents: Contents, form: Format, path: Path, *, force: bool = False) -> str | None:
    """Write what was gathered to `path`, replacing what an earlier export left there if `force`.

    Returns a sentence to be told, if there is any.

    Raises UsageError, and changes nothing, where something is there that is not to be replaced; DataError where the
    place cannot be written. Files and directories appear as wholes, after all was written.
    """
    try:
        _refuse(contents, form, path, force=force)
        if form.place == "store":
            if force and form.clear and path.exists():
                form.clear(contents, path)
            return form.write(contents, path)
        with _beside(path, form) as partial:
            said = form.write(contents, partial)
            if form.place == "directory":
                partial.mkdir(exist_ok=True)
                (partial / MARK).write_text(_MARKED, encoding="utf-8")
                _replace_directory(partial, path)
            else:
                if form.beside:
                    form.beside(partial).replace(form.beside(path))
                partial.replace(path)
            return said
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}. Choose another --output.") from error


def _refuse(contents: Contents, form: Format, path: Path, *, force: bool) -> None:
    if path.exists() and any(one.exists() and path.samefile(one) for one in _files_of(contents.store.path)):
        raise UsageError(f"{path} is the store that is read from: choose another --output.")
    tables = [one.comparison.data.asked.path for one in contents.asked if one.comparison.data]
    if any(path.exists() and Path(table).exists() and path.samefile(table) for table in tables):
        raise UsageError(f"{path} is the table that was trained on: choose another --output.")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"There is no directory {path.absolute().parent}: make it, or choose another --output.")
    if form.place == "file" and path.is_dir():
        raise UsageError(f"{path} is a directory, and {form.key} is a file: add a name to --output.")
    if form.beside and not force and os.path.lexists(form.beside(path)):
        raise UsageError(f"{form.beside(path)} is there already: replace it with --force, or choose another --output.")
    if form.place == "store" or not os.path.lexists(path):
        return
    if form.place == "file":
        if not path.is_file():
            raise UsageError(f"{path} is no regular file: choose another --output.")
    elif path.is_symlink():
        raise UsageError(f"{path} is a link, and {form.key} is a directory: give the directory itself as --output.")
    elif not path.is_dir():
        raise UsageError(f"{path} is a file, and {form.key} is a directory: choose another --output.")
    elif not (path / MARK).is_file() and any(path.iterdir()):
        raise UsageError(
            f"{path} is a directory with other things in it, which is never replaced: add a name to --output."
        )
    if not force:
        raise UsageError(f"{path} is there already: replace it with --force, or choose another --output.")


def _files_of(store: Path) -> tuple[Path, ...]:
    return store, store.with_name(f"{store.name}-wal"), store.with_name(f"{store.name}-shm")


def _free(path: Path) -> Path:
    """Return a name in the same directory that nothing has."""
    return path.absolute().parent / f".lossterm-{secrets.token_hex(6)}.part"


@contextmanager
def _beside(path: Path, form: Format) -> Iterator[Path]:
    """Yield a free name in the same directory; what is there afterwards is deleted."""
    partial = _free(path)
    try:
        yield partial
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)
        if form.beside:
            form.beside(partial).unlink(missing_ok=True)


def _replace_directory(new: Path, old: Path) -> None:
    """Put a directory in the place of another one, which is deleted once the new one is there, and else put back."""
    if not old.exists():
        new.replace(old)
        return
    aside = _free(old)
    old.replace(aside)
    try:
        new.replace(old)
    finally:
        if old.exists():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.replace(old)
