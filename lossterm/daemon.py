"""The worker seen from outside: is it there, start it, where it writes. Never imports it."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from lossterm.errors import StoreError, WorkerError
from lossterm.home import opened

WORKER = (sys.executable, "-P", "-m", "lossterm.engine.worker")
"""The command that starts a worker; `--store FILE --device DEVICE` is added."""

_LOG_LIMIT = 1_000_000
_started: list["subprocess.Popen[bytes]"] = []
"""Workers started by this process: kept, or Python would warn of a process that still runs when it forgets it."""


def lock_path(store: Path, device: str) -> Path:
    """Return the file whose advisory lock a worker holds while it lives."""
    return store.with_name(f"{store.name}-worker-{device}.lock")


def log_path(store: Path, device: str) -> Path:
    """Return the file that takes a worker's stdout and stderr."""
    return store.with_name(f"{store.name}-worker-{device}.log")


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
        _signal(found.pid, signal.SIGTERM)


def ensure(
    store: Path, device: str, command: Sequence[str] = WORKER, memory: int | None = None
) -> "subprocess.Popen[bytes] | None":
    """Start a worker unless one is alive, and return the process that was started. Does not wait for it.

    The worker is detached: its own process session, no stdin, output to a log file. Two that start at once settle it by
    the lock. `memory` is what it may take, in bytes. Raises WorkerError if the program cannot be started at all.
    """
    if alive(store, device):
        return None
    log = log_path(store, device)
    too_long = log.exists() and log.stat().st_size > _LOG_LIMIT
    limit = [] if memory is None else ["--memory", str(memory)]
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if too_long else os.O_APPEND)
    try:
        output = opened(log, flags)
        try:
            process = subprocess.Popen(
                [*command, "--store", str(store.resolve()), "--device", device, *limit],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",
            )
        finally:
            os.close(output)
    except OSError as error:
        raise WorkerError(f"The worker could not be started: {error}. `lossterm doctor` may tell why.") from error
    _started.append(process)
    return process


def last_words(store: Path, device: str, lines: int = 12) -> str:
    """Return the end of a worker's log, for an error message."""
    try:
        text = log_path(store, device).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


class Keeper:
    """Sees to it that a worker is there while there is work, and gives up when workers keep dying at once."""

    GRACE = 2.0
    """Least seconds between two starts."""
    PATIENCE = 60.0
    """Seconds that a started process which still runs has to take its lock: Python may load from a slow disk."""
    MOST = 3
    """Starts in a row without a sign of life."""
    SILENCE = 60.0
    """Seconds without a sign after which a worker that holds its lock is taken for hung, and killed."""

    def __init__(self, store: Path, device: str, command: Sequence[str] = WORKER, memory: int | None = None) -> None:
        """Keep a worker; one that may take more than `memory` bytes, if that is given, is replaced by one that may not.

        What it was training goes on from its last checkpoint.
        """
        self._store, self._device, self._command, self._memory = store, device, command, memory
        self._heard: tuple[Sign | None, float] = None, float("-inf")
        self._replaced: int | None = None  # process that was asked to leave
        self._starts = 0
        self._started = float("-inf")
        self._process: subprocess.Popen[bytes] | None = None

    def tend(self, *, needed: bool, ready: bool) -> None:
        """Start a worker if one is needed and none is there.

        Raises WorkerError after MOST vain starts, StoreError where the store was what made them vain, or is gone.

        `ready` says that a worker got as far as being able to train: one that dies while it loads was a vain start.
        """
        if ready:
            self._starts = 0
        now = time.monotonic()
        if alive(self._store, self._device):
            if needed:
                self._look_at_holder(now)
            return
        running = self._process is not None and self._process.poll() is None
        if not needed or now - self._started < (self.PATIENCE if running else self.GRACE):
            return
        if not self._store.exists():
            raise StoreError(f"The store {self._store} is gone.")
        if self._starts == self.MOST:
            last = sign(self._store, self._device)
            if last and last.refused:
                raise StoreError(last_words(self._store, self._device, lines=1))
            raise WorkerError(
                f"The worker was started {self.MOST} times and went away each time{self._ended_by()}. The end of its "
                f"log, {log_path(self._store, self._device)}:\n{last_words(self._store, self._device)}"
            )
        self._process = ensure(self._store, self._device, self._command, self._memory)
        if self._process:
            self._starts += 1
            self._started = now

    def _ended_by(self) -> str:
        """Say which signal ended the last worker, if one did: a crash leaves no word in the log."""
        code = self._process.poll() if self._process else None
        return f", the last time by {signal.Signals(-code).name}" if code and code < 0 else ""

    def _look_at_holder(self, now: float) -> None:
        """Kill a worker that has been silent for too long, and ask one that may take too much to leave."""
        found, (last, since) = sign(self._store, self._device), self._heard
        if found is None or not found.beat:  # what holds the lock is no worker yet: its process is not to be signalled
            return
        if found != last:
            self._heard = found, now
        elif now - since > self.SILENCE:
            self._heard = found, now
            _signal(found.pid, signal.SIGKILL)
        more = self._memory is not None and (found.memory is None or found.memory > self._memory)
        if more and found.pid != self._replaced:
            self._replaced = found.pid
            _signal(found.pid, signal.SIGTERM)


def _signal(pid: int, number: signal.Signals) -> None:
    """Send a signal to the holder of a lock; one that has just died, or is another user's, is left alone."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
