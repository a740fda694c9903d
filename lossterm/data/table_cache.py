"""A directory of tables that were read, so that a file is read once. Nothing in it is ever unpickled."""

import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from lossterm.data.column import FeatureColumn
from lossterm.data.files.position import refusal
from lossterm.data.request import FileRequest
from lossterm.data.table import Table
from lossterm.data.user_data import Data
from lossterm.errors import UsageError
from lossterm.home.private import make_private, refuse_foreign
from lossterm.text.fingerprint import sha256

FORM = 7
"""Version of the entries' form; a table in another form is read again from its file."""

KEPT = 32
"""Number of tables that are kept; the longest unused go first."""

META = "meta.json"
"""The file of an entry that lists the others, with their checksums."""

_UNFINISHED = ".unfinished-"
_ABANDONED = 86_400
"""Age in seconds at which the writer of an unfinished entry is taken for dead."""


class CachedTable(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored beside the arrays."""

    data: Data
    columns: tuple[FeatureColumn, ...]
    said: tuple[str, ...]
    """Remarks and warnings from when the file was read."""
    notes: tuple[str, ...]
    """Those of them that a reader of results must know too."""
    checks: dict[str, str]
    """Name of an array → SHA-256 of its file."""
    advised: FileRequest | None = None
    """The request with all that the warnings advise; None for arrays with shapes, of which they advise nothing."""


class TableCache:
    """A directory of tables, each under a hash of the file's bytes and of the request."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def find(self, digest: str, asked: FileRequest) -> tuple[CachedTable, Table] | None:
        """Return an entry, None if there is none or it is damaged. Raises DataError for another user's directory."""
        place = self.place_of(digest, asked)
        refuse_foreign(self._place)
        try:
            entry = msgspec.json.decode((place / META).read_bytes(), type=CachedTable)
            arrays = {name: _array(place / f"{name}.npy", check) for name, check in entry.checks.items()}
        except (OSError, ValueError, EOFError, msgspec.MsgspecError, UsageError):  # UsageError: a bad delimiter
            return None
        if entry.data.asked != asked or entry.data.digest != digest or not {"features", "target"} <= arrays.keys():
            return None
        with suppress(OSError):  # a read-only cache works all the same
            os.utime(place)
        return entry, Table(
            features=arrays["features"],
            target=arrays["target"],
            groups=arrays.get("groups"),
            times=arrays.get("times"),
            weights=arrays.get("weights"),
            columns=entry.columns,
            rows=arrays.get("rows"),
        )

    def notes(self, data: Data) -> tuple[str, ...]:
        """Return what a reader of results must know of a table; () where it is no longer kept. Loads no array."""
        try:
            entry = msgspec.json.decode((self.place_of(data.digest, data.asked) / META).read_bytes(), type=CachedTable)
        except (OSError, ValueError, msgspec.MsgspecError, UsageError):  # the same as in `find`
            return ()
        return entry.notes if entry.data == data else ()

    def keep(
        self, digest: str, asked: FileRequest, make: Callable[[Callable[[tuple[int, ...]], np.ndarray]], Any]
    ) -> Any:
        """Store the table that `make` builds, passing it where to write the features; return what `make` returns.

        Readers see a whole entry or none. Raises DataError if it can't be written to disk.
        """
        place = self.place_of(digest, asked)
        try:
            make_private(self._place)
            unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._place))
            unfinished.chmod(0o700)  # mkdtemp sets it, unless the umask removed more
        except OSError as error:
            raise refusal(self._place, f"tables can't be kept here ({error.strerror or error}).") from error
        try:
            built = make(lambda shape: _mapped(unfinished / "features.npy", shape))
            table: Table = built.table
            _flush(table.features)
            np.save(unfinished / "target.npy", table.target, allow_pickle=False)
            for name in ("groups", "times", "weights", "rows"):
                if (array := getattr(table, name)) is not None:
                    np.save(unfinished / f"{name}.npy", array, allow_pickle=False)
            checks = {file.stem: _sha256(file) for file in sorted(unfinished.glob("*.npy"))}
            entry = CachedTable(
                data=built.data,
                columns=table.columns,
                said=(*built.remarks, *built.warnings),
                notes=built.notes,
                checks=checks,
                advised=built.advised,
            )
            (unfinished / META).write_bytes(msgspec.json.encode(entry))
            for file in unfinished.iterdir():
                file.chmod(0o600)
            _replace(unfinished, place)
        except OSError as error:
            raise refusal(self._place, f"the table can't be kept here ({error.strerror or error}).") from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        self._prune()
        return built

    def place_of(self, digest: str, asked: FileRequest) -> Path:
        """Return the directory of an entry, whether it is there or not."""
        name = sha256(f"{FORM} {digest} ".encode() + msgspec.json.encode(asked))[:32]
        return self._place / name

    def adopt(self, name: str, digest: str, files: Mapping[str, bytes]) -> None:
        """Store an entry that another machine made: its files by name, of which `digest` is the SHA-256 of META.

        Raises DataError if a file is not what META says, or that not what the digest says, and if the disk is full.
        """
        meta = files.get(META, b"")
        try:
            entry = msgspec.json.decode(meta, type=CachedTable) if sha256(meta) == digest else None
        except (msgspec.MsgspecError, ValueError, UsageError):
            entry = None
        listed = {f"{array}.npy": check for array, check in entry.checks.items()} if entry else {}
        arrays = {file: sha256(content) for file, content in files.items() if file != META}
        if entry is None or self.place_of(entry.data.digest, entry.data.asked).name != name or arrays != listed:
            raise refusal(self._place, "a table did not arrive here as it was sent: nothing of it was kept.")
        try:
            make_private(self._place)
            unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._place))
            try:
                unfinished.chmod(0o700)
                for file, content in files.items():
                    (unfinished / file).write_bytes(content)
                    (unfinished / file).chmod(0o600)
                _replace(unfinished, self._place / name)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
        except OSError as error:
            raise refusal(self._place, f"the table can't be kept here ({error.strerror or error}).") from error
        self._prune()

    def _prune(self) -> None:
        """Remove the longest unused entries; a process that has one mapped keeps its copy."""
        for unfinished in self._place.glob(f"{_UNFINISHED}*"):
            with suppress(OSError):  # another process may be clearing up too
                if time.time() - unfinished.stat().st_mtime > _ABANDONED:
                    shutil.rmtree(unfinished, ignore_errors=True)
        used: dict[Path, float] = {}
        for entry in self._place.iterdir():
            with suppress(OSError):  # the same
                if not entry.name.startswith(_UNFINISHED) and entry.is_dir():
                    used[entry] = entry.stat().st_mtime
        for old in sorted(used, key=used.__getitem__)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def _mapped(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    path.touch()
    path.chmod(0o600)
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    if hasattr(os, "posix_fallocate"):  # not on macOS
        # Pages without a place on the disk end the process with SIGBUS when they are written to and the disk is full.
        with path.open("r+b") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # a file system that can't reserve anything
                    raise
    return array


def _flush(features: np.ndarray) -> None:
    assert isinstance(features, np.memmap)
    features.flush()


def _array(path: Path, check: str) -> np.ndarray:
    if _sha256(path) != check:
        raise ValueError("not what was stored")
    array: np.ndarray = np.load(path, allow_pickle=False, mmap_mode="r")
    return array


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _replace(new: Path, place: Path) -> None:
    """Replace an entry by a whole new one; another process may do the same at the same time."""
    if place.exists():
        damaged = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=place.parent))
        place.rename(damaged / "damaged")
        shutil.rmtree(damaged, ignore_errors=True)
    try:
        new.rename(place)
    except OSError:
        if not (place / META).exists():  # otherwise another process was first, with the same table
            raise
