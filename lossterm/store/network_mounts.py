"""The kind of file system that a path lies on, read off the kernel's table of mounts."""

import errno
import os
import re
from pathlib import Path

from lossterm.errors import StoreError

TABLE = Path("/proc/self/mounts")
"""Where Linux tells what is mounted; other systems have no such file, so that every path counts as local there."""

_NETWORK = re.compile(
    r"nfs4?|cifs|smb3|smbfs|9p|afs|ncpfs|lustre|ceph|gpfs|beegfs|glusterfs|vboxsf|prl_fs|vmhgfs|"
    r"fuse\.(sshfs|glusterfs|ceph|s3fs|gcsfuse|rclone|vmhgfs-fuse)"
)
_ESCAPED = re.compile(r"\\([0-3][0-7]{2})")


def network_kind(table: str, place: Path) -> str | None:
    """Return the kind of network file system that holds an absolute path, None for a local one.

    `table` is the text of TABLE: a mount a line, its words apart by one blank. Invalid lines are skipped.
    """
    kind, depth = "", 0
    for line in table.split("\n"):  # only a line feed ends one: a directory's name may hold all else
        words = line.split(" ")
        if len(words) < 3:
            continue
        mount = Path(_ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), words[1]))
        if len(mount.parts) >= depth and place.is_relative_to(mount):  # of two at one place, the later hides the other
            kind, depth = words[2], len(mount.parts)
    return kind if _NETWORK.fullmatch(kind) else None


def table() -> str:
    """Return the text of TABLE; empty if there is no such file. Bytes that are not UTF-8 are escaped as in paths."""
    try:
        return TABLE.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def resolved(path: Path) -> Path:
    """Return a path without links. Raises OSError for one whose links lead in a circle."""
    try:
        return path.resolve()
    except RuntimeError as error:  # as Python 3.11 says it
        raise OSError(0, os.strerror(errno.ELOOP)) from error


def located(store: Path) -> Path:
    """Return where a store is that a person named, without links. Raises StoreError for links in a circle."""
    try:
        return resolved(store)
    except OSError as error:
        raise StoreError(f"The store {store} cannot be used: {error.strerror}.") from error
