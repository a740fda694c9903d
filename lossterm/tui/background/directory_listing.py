"""The entries of a directory, for the file dialog: read in a separate thread, since a network drive may be slow."""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from os.path import commonprefix
from pathlib import Path
from typing import TypeVar

import msgspec

from lossterm.tui.background.table_reader import ENDINGS

T = TypeVar("T")


class DirectoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A directory or a file."""

    name: str
    """As it is on disk; a directory's without a slash."""
    directory: bool
    """Whether one can go in."""
    table: bool = False
    """Whether its name is that of a table."""

    @property
    def can(self) -> bool:
        """Whether it can be chosen: a name that does not fit on one line, as with a line break, cannot."""
        return (self.directory or self.table) and self.name.isprintable()

    @property
    def shown(self) -> str:
        """Its name, a directory's with a slash."""
        if self is ARRAYS:
            return "./ the arrays of this directory"
        return f"{self.name}/" if self.directory else self.name


ABOVE = DirectoryEntry(name="..", directory=True)
"""The directory above."""

ARRAYS = DirectoryEntry(name=".", directory=False, table=True)
"""The directory itself: its NPY files are read together, as inputs and targets."""

_FEWEST_ARRAYS = 2
"""Inputs and a target."""


def entries(directory: Path) -> list[DirectoryEntry]:
    """Return what is in a directory: tables, then directories, then the rest, each by name. Raises OSError.

    A directory of NPY files is a table itself.
    """
    listed = [ABOVE] if directory != directory.parent else []
    with os.scandir(directory) as scanned:
        for one in scanned:
            try:
                inside = one.is_dir()
            except OSError:  # a link to what may not be looked at
                inside = False
            table = not inside and one.name.lower().endswith(ENDINGS)
            listed.append(DirectoryEntry(name=one.name, directory=inside, table=table))
    if sum(not one.directory and one.name.endswith(".npy") for one in listed) >= _FEWEST_ARRAYS:
        listed.append(ARRAYS)
    return sorted(listed, key=lambda one: (not one.table, not one.directory, one.name.lower(), one.name))


def matching(every: Sequence[DirectoryEntry], part: str) -> list[DirectoryEntry]:
    """Return entries whose name contains `part`, prefix matches first; hidden ones only if it begins with a dot."""
    small = part.lower()
    hidden = part.startswith(".")
    matches = [
        one
        for one in every
        if small in one.name.lower() and (hidden or one.name[0] != "." or (one in (ABOVE, ARRAYS) and not part))
    ]
    return sorted(matches, key=lambda one: (not one.can, one.name != part, not one.name.lower().startswith(small)))


def completed(every: Sequence[DirectoryEntry], part: str) -> str:
    """Complete a partial name as far as it is unambiguous; a whole directory name gets its slash."""
    whole = [one for one in matching(every, part) if one.can and one.name.startswith(part)]
    if not whole:
        whole = [one for one in matching(every, part) if one.can]
    if len(whole) == 1:
        return whole[0].shown
    common = commonprefix([one.name for one in whole])  # noqa: RUF071  sign by sign is what is wanted
    return common if common.startswith(part) else part


def written(directory: Path) -> str:
    """Write a directory as a person does: with ~ for the home directory, and a slash at the end."""
    try:
        text = f"~/{directory.relative_to(Path.home())}/".replace("/./", "/")
    except (ValueError, RuntimeError):
        text = f"{directory}/".replace("//", "/")
    return text


def split(text: str) -> tuple[Path, str]:
    """Return the directory in a typed path, absolute, and the partial name after it."""
    directory, slash, part = text.rpartition("/")
    if not slash and text.startswith("~"):
        directory, part = text, ""
    place = Path(f"{directory}{slash}")
    with suppress(RuntimeError):  # nobody is called so
        place = place.expanduser()
    return Path(os.path.normpath(place.absolute())), part


async def in_daemon_thread(work: Callable[[], T]) -> T:
    """Return the result of work in a daemon thread, which may hang on a network drive without blocking the exit."""
    loop, done = asyncio.get_running_loop(), asyncio.Future[T]()

    def tell(result: T | None, error: Exception | None) -> None:
        if done.done():  # nobody waits any longer
            return
        if error:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # without an error there is a result

    def go() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as caught:  # whoever waits gets it
            error = caught
        try:
            loop.call_soon_threadsafe(tell, result, error)
        except RuntimeError:  # the app was left meanwhile
            return

    threading.Thread(target=go, daemon=True).start()
    return await done
