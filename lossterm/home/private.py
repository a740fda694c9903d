"""Who may read and write what lossterm keeps: its user alone."""

import os
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from lossterm.errors import DataError
from lossterm.home.paths import home, named_home, programs

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private(directory: Path) -> str | None:
    """Make a directory and those above it that are missing for their owner alone, and see that they are so.

    What is there is looked at from `home()` downwards, or from the place of `programs()`; of another place that a
    person named, the directory alone. Rights that go too far are taken back: of a LOSSTERM_HOME that a person made,
    with a sentence, which is returned. Raises DataError for a directory that somebody else owns, linked to or may
    write in, and OSError.
    """
    said = None
    for place in reversed((directory, *directory.parents)):
        if not place.exists():
            _make(place)
        elif place != directory and not any(place.is_relative_to(top) for top in (home(), programs().parent)):
            continue
        refuse_foreign(place)
        if not place.is_dir():
            raise DataError(f"{place} is a file where lossterm needs a directory: move it away.")
        if _narrowed(place) and place == named_home():
            said = f"{place} could be read by others: it is now open to you alone."
    return said


def make_private_file(path: Path, beside: Collection[str] = ()) -> None:
    """Make a file and its directory where they are missing, for their owner alone, and see that they are so.

    A directory outside `home()` that is there is left as it is: it was named by a person and holds other things too.
    The file is never opened where it is there: to close a file drops what locks this process holds on it. `beside` are
    endings of files that a library puts next to this one: those that are there are looked at as well.

    Raises DataError for a file that somebody else owns, linked to or may write, for a directory in which others may
    replace it, and OSError.
    """
    directory = path.parent
    if directory.is_relative_to(home()) or not directory.exists():
        make_private(directory)
    else:
        _refuse_replaceable(path)
    if path.is_symlink():
        refuse_foreign(path)
        path = path.resolve()  # a link of one's own, perhaps to what is still to be made
        _refuse_replaceable(path)
    try:
        os.close(opened(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a directory") from None
    for one in (path, *(path.with_name(path.name + ending) for ending in beside)):
        refuse_foreign(one)
        with suppress(FileNotFoundError):  # those beside it come and go with whoever has it open
            _narrowed(one)


def opened(path: Path, flags: int) -> int:
    """Open a file of lossterm's own for its user alone, whatever the umask, and return its descriptor.

    Raises DataError for one that somebody else owns, linked to or may write, and OSError.
    """
    refuse_foreign(path)
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        found = os.fstat(descriptor)
        _refuse(path, found, (os.getuid(),))  # another file may have come there meanwhile
        if stat.S_ISREG(found.st_mode) and found.st_mode & 0o777 != 0o600:
            os.fchmod(descriptor, 0o600)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def refuse_foreign(path: Path, *, of_root: bool = False) -> None:
    """Refuse what somebody else owns or may write, or linked to; what is not there passes.

    `of_root` lets what the administrator owns pass too, for what is only read, as a configuration.

    Raises DataError, and OSError where it cannot be looked at.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        link = path.lstat()
        if stat.S_ISLNK(link.st_mode) and link.st_uid not in (os.getuid(), 0):
            raise DataError(
                f"{path} is a link that another user ({link.st_uid}) made: remove it, or give another place."
            )
        found = path.stat()
        _refuse(path, found, (os.getuid(), 0) if of_root else (os.getuid(),))


def refuse_open(path: Path, status: os.stat_result) -> None:
    """Refuse a file that everybody may write, or put another in the place of; whose it is does not matter.

    For what others may give and only its giver may change, as a project file. Raises DataError, and OSError.
    """
    _refuse_writable(path, status)
    place = path.absolute().parent.stat()
    if place.st_mode & stat.S_IWOTH and not place.st_mode & stat.S_ISVTX:
        raise DataError(
            f"{path} lies in a directory in which everybody can put another file in its place: see that it is what you "
            f"left there, then run `chmod go-w {path.absolute().parent}`."
        )


def _refuse(path: Path, found: os.stat_result, owners: Collection[int]) -> None:
    if found.st_uid not in owners:
        where = f"{path}, which is {path.resolve()}," if path.is_symlink() else f"{path}"
        raise DataError(
            f"{where} belongs to another user ({found.st_uid}), who could read and change what lossterm keeps there: "
            "give another place, or copy it to one of your own."
        )
    _refuse_writable(path, found)


def _refuse_writable(path: Path, found: os.stat_result) -> None:
    if found.st_mode & stat.S_IWOTH:
        raise DataError(
            f"{path} can be written by everybody: see that it is what you left there, then run `chmod go-w {path}`."
        )


def _refuse_replaceable(path: Path) -> None:
    """Refuse a file whose directory lets others put another in its place."""
    found = path.parent.stat()
    mine, sticky = found.st_uid in (os.getuid(), 0), found.st_mode & stat.S_ISVTX
    if not mine or (found.st_mode & stat.S_IWOTH and not sticky):
        who = "everybody" if mine else f"another user ({found.st_uid})"
        raise DataError(
            f"{path} lies in a directory in which {who} can put another file in its place: give a place of your own."
        )


def _make(directory: Path) -> None:
    with suppress(FileExistsError):  # another process was first
        directory.mkdir(mode=0o700)
        directory.chmod(0o700)  # a umask may have taken too much


def _narrowed(path: Path) -> bool:
    """Take from others what rights they have, and say whether they had any."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & _OTHERS:
        return False
    with suppress(OSError):  # on a medium that cannot be written, or knows no rights, they stay what they are
        path.chmod(mode & ~_OTHERS)
    return True
