"""Whether a file is there, where a look may fail: behind a name that is too long, or in a directory of another user."""

from pathlib import Path

from lossterm.errors import StoreError


def is_there(path: Path, called: str = "The file", *, links: bool = False) -> bool:
    """Whether a file is there; with `links`, a link that leads nowhere counts too.

    Raises StoreError where nobody can look. `called` is what the sentence calls it.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return links and path.is_symlink()
    except OSError as error:
        raise StoreError(f"{called} {path} cannot be looked at: {error.strerror}. Give another place.") from error
    return True
