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
    return store.with_name(f"{store.name}-worker-{device}{_SUFFIX}")


def devices(store: Path) -> list[str]:
    """Return the devices that workers of a store were started for, whether they still run or not."""
    if not store.parent.is_dir():
        return []
    beginning = f"{store.name}-worker-"
    names = (place.name for place in store.parent.iterdir())
    return sorted(
        name.removeprefix(beginning).removesuffix(_SUFFIX)
        for name in names
        if name.startswith(beginning) and name.endswith(_SUFFIX)
    )


_SUFFIX = ".lock"


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
                before, refused = (last.pid, last.refused) if last else (None, False)
                give(descriptor, Sign(pid=os.getpid(), beat=0, refused=refused, before=before))
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
    before: int | None = None
    """In the first sign of a worker, the process whose sign was there before."""
    cluster: str | None = None
    """What marks the cluster that it uses, as `Cluster.mark` has it; None for none."""


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


class Death(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever looks after a worker knows of its end, and writes behind its signs for the next worker to read."""

    pid: int
    """Its process."""
    code: int | None = None
    """As Python has it: the exit code, or less than 0 for a signal. None where nobody saw it."""
    by_supervisor: bool = False
    """Whether it was killed since it was silent: no fault of what it was training."""

    @property
    def ended_by(self) -> str:
        """The signal or exit code in words, nothing where that is not known."""
        return ended_by(self.code)


def ended_by(code: int | None) -> str:
    """Say which signal or exit code ended a process, nothing for one that is not known or left in good order."""
    if not code:
        return ""
    if code > 0:
        return f"exit code {code}"
    return signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"


def note_death(store: Path, device: str, death: Death) -> None:
    """Write what is known of a worker's end where the next one reads it."""
    with suppress(OSError):  # no lock, or no room: the next worker knows less
        descriptor = os.open(lock_path(store, device), os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(descriptor, msgspec.json.encode(death).ljust(_SIGN_BYTES), _SIGN_BYTES)
        finally:
            os.close(descriptor)


def death_before(store: Path, device: str) -> Death | None:
    """Return what is known of how the worker ended whose lock was taken over last; None where nothing is."""
    last = sign(store, device)
    try:
        with lock_path(store, device).open("rb") as file:
            file.seek(_SIGN_BYTES)
            death = msgspec.json.decode(file.read(_SIGN_BYTES), type=Death)
    except (OSError, msgspec.DecodeError):
        return None
    return death if last and last.before == death.pid else None


_SIGN_BYTES = 128


def dismiss(store: Path, device: str) -> None:
    """Ask a worker to leave in good order, if one is there. Does not wait for it."""
    holder = sign(store, device)
    if holder is not None and holder.beat and alive(store, device):
        send_signal(holder.pid, signal.SIGTERM)


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal to the holder of a lock; one that has just died, or is another user's, is left alone."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
