"""Sees to it that a worker is there while there is work: starts it, replaces it, and gives up when it keeps dying."""

import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from lossterm.errors import StoreError, WorkerError
from lossterm.worker_control.lock import Sign, alive, send_signal, sign
from lossterm.worker_control.starting import WORKER, ensure, last_words, log_path


class Supervisor:
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
            send_signal(found.pid, signal.SIGKILL)
        more = self._memory is not None and (found.memory is None or found.memory > self._memory)
        if more and found.pid != self._replaced:
            self._replaced = found.pid
            send_signal(found.pid, signal.SIGTERM)
