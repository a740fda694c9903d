"""Where an export goes: safely named, refused where it would do harm, and written completely or not at all."""

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
    """Return where an export goes by default: into the current directory, named after the session."""
    return Path(f"{file_name(session)}.{form.suffix}")


def path_from(text: str, form: Format) -> Path:
    """Parse a destination as a person writes it: a path, or for a store file:… or sqlite:///….

    Raises UsageError for any other kind of URI, since nothing is ever sent over a network, and for a path that would be
    taken for the other kind of store.
    """
    scheme, colon, rest = text.partition(":")
    if form.place != "store" or not colon or len(scheme) < 2:  # C:\… is a path
        return expanded(Path(text))
    ends = ", ".join(DATABASES)
    if scheme == "sqlite" and rest.startswith("///"):
        path = Path(rest[3:])
        if path.suffix not in DATABASES:
            raise UsageError(f"{text!r} names a database, so it must end in one of {ends}.")
        return path
    if scheme == "file":
        path = Path(rest.removeprefix("//"))
        if path.suffix in DATABASES:
            raise UsageError(f"{text!r} names a directory, so it must not end in one of {ends}.")
        return path
    raise UsageError(f"{text!r} is not a destination for {form.key}: give a path, sqlite:///FILE.db or file:DIRECTORY.")


def write(contents: Contents, form: Format, path: Path, *, force: bool = False) -> str | None:
    """Write what was gathered to `path`; with `force`, replace what an earlier export wrote there.

    Returns a sentence to show to the person, if there is one.

    Raises UsageError, and changes nothing, if something is there that must not be replaced; DataError if the
    destination cannot be written. Files and directories appear only when they are complete.
    """
    try:
        _refuse(contents, form, path, force=force)
        if form.place == "store":
            if force and form.clear and path.exists():
                form.clear(contents, path)
            return form.write(contents, path)
        with _partial_path(path, form) as partial:
            sentence = form.write(contents, partial)
            if form.place == "directory":
                partial.mkdir(exist_ok=True)
                (partial / MARK).write_text(_MARKED, encoding="utf-8")
                _replace_directory(partial, path)
            else:
                if form.second_file:
                    form.second_file(partial).replace(form.second_file(path))
                partial.replace(path)
            return sentence
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}. Choose another --output.") from error


def _refuse(contents: Contents, form: Format, path: Path, *, force: bool) -> None:
    if path.exists() and any(file.exists() and path.samefile(file) for file in _files_of(contents.store.path)):
        raise UsageError(f"{path} is the store that is read from: choose another --output.")
    tables = [asked.comparison.data.asked.path for asked in contents.asked if asked.comparison.data]
    if any(path.exists() and Path(table).exists() and path.samefile(table) for table in tables):
        raise UsageError(f"{path} is the table that was trained on: choose another --output.")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"There is no directory {path.absolute().parent}: make it, or choose another --output.")
    if form.place == "file" and path.is_dir():
        raise UsageError(f"{path} is a directory, and {form.key} is a file: add a name to --output.")
    second = form.second_file and form.second_file(path)
    if second and not force and os.path.lexists(second):
        raise UsageError(f"{second} is there already: replace it with --force, or choose another --output.")
    if form.place == "store" or not os.path.lexists(path):
        return
    if form.place == "file":
        if not path.is_file():
            raise UsageError(f"{path} is not a regular file: choose another --output.")
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


def _free_path(path: Path) -> Path:
    """Return an unused name in the same directory."""
    return path.absolute().parent / f".lossterm-{secrets.token_hex(6)}.part"


@contextmanager
def _partial_path(path: Path, form: Format) -> Iterator[Path]:
    """Yield an unused name in the same directory; whatever is left there afterwards is deleted."""
    partial = _free_path(path)
    try:
        yield partial
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)
        if form.second_file:
            form.second_file(partial).unlink(missing_ok=True)


def _replace_directory(new: Path, old: Path) -> None:
    """Replace a directory by another; the old one is deleted once the new one is in place, and otherwise restored."""
    if not old.exists():
        new.replace(old)
        return
    aside = _free_path(old)
    old.replace(aside)
    try:
        new.replace(old)
    finally:
        if old.exists():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.replace(old)
