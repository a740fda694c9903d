"""A worker's lock: whether a worker holds it, taking it, and the sign of life that its holder writes into it."""

import fcntl
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from lossterm.home.private import opened


def lock_path(store: Path, device: str) -> Path:
    """Return the file whose advisory lock a worker holds while it lives."""
    return store.with_name(f"{store.name}-worker-{device}.lock")


def alive(store: Path, device: str) -> bool:
    """Whether a worker holds its lock. The kernel frees it when the worker dies, however it dies."""
    try:
        held = os.open(lock_path(store, device), os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(held)


def in_use(store: Path) -> bool:
    """Whether another process has a store open, as SQLite says with a lock on these bytes of a file with a log.

    For a process that has not opened it itself: looking would drop its own locks.
    """
    looking = os.open(store, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.lockf(looking, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARED_BYTES, _SHARED_FIRST)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(looking)


_SHARED_FIRST, _SHARED_BYTES = 0x40000002, 510


def hold(store: Path, device: str, patience: float = 0.3) -> int | None:
    """Take a worker's lock and return its descriptor, None if another worker has it.

    A viewer that looks at the lock holds it for an instant; hence the patience, in seconds.
    """
    descriptor = opened(lock_path(store, device), os.O_RDWR | os.O_CREAT)
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(descriptor)
                return None
            time.sleep(0.02)
        else:
            last = sign(store, device)
            with suppress(OSError):  # on a full disk there may be no room for the first
                give(descriptor, Sign(pid=os.getpid(), beat=0, refused=last is not None and last.refused))
            return descriptor


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """What the holder of a lock writes into its file: a store would wake every viewer each time."""

    pid: int
    """Its process."""
    beat: int
    """Grows about every second as long as it lives and is not stopped; no clock, since clocks are set. 0 of whoever has
    just taken the lock."""
    memory: int | None = None
    """Bytes that it may take, None for no limit."""
    refused: bool = False
    """Whether it left since the store took nothing more, not even that what it was training goes back."""


def give(descriptor: int, sign: Sign) -> None:
    """Write a sign into the file of a lock that is held."""
    os.pwrite(descriptor, msgspec.json.encode(sign).ljust(_SIGN_BYTES), 0)


def sign(store: Path, device: str) -> Sign | None:
    """Return the last sign of a worker, dead or alive; None where there was none."""
    try:
        with lock_path(store, device).open("rb") as file:
            return msgspec.json.decode(file.read(_SIGN_BYTES), type=Sign)
    except (OSError, msgspec.DecodeError):
        return None


_SIGN_BYTES = 100


def dismiss(store: Path, device: str) -> None:
    """Ask a worker to leave in good order, if one is there. Does not wait for it."""
    found = sign(store, device)
    if found is not None and found.beat and alive(store, device):
        send_signal(found.pid, signal.SIGTERM)


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal to the holder of a lock; one that has just died, or is another user's, is left alone."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
