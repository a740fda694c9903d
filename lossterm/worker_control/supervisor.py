"""Sees to it that a worker is there while there is work: starts it, replaces it, waits longer when it keeps dying."""

import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from lossterm.errors import StoreError, WorkerError
from lossterm.worker_control.awake_clock import AwakeClock
from lossterm.worker_control.cluster import Cluster
from lossterm.worker_control.lock import Death, Sign, alive, ended_by, note_death, send_signal, sign
from lossterm.worker_control.starting import WORKER, ensure, last_words, log_path


class Supervisor:
    """Sees to it that a worker is there while there is work, with growing pauses when workers keep dying at once."""

    GRACE = 2.0
    """Least seconds between two starts."""
    PATIENCE = 60.0
    """Seconds that a started process which still runs has to take its lock: Python may load from a slow disk."""
    MOST = 3
    """Vain starts in a row, of workers that never became ready, after which pauses grow."""
    MOST_IN_ALL = 10
    """Vain starts in a row after which no more are tried: some minutes."""
    LONGEST_PAUSE = 60.0
    """Most seconds between two of them."""
    SILENCE = 60.0
    """Seconds without a sign after which a worker that holds its lock is taken for hung, and killed; twice as many for
    each that was killed before, up to MOST_SILENCES times."""
    MOST_SILENCES = 16

    def __init__(
        self,
        store: Path,
        device: str,
        command: Sequence[str] = WORKER,
        memory: int | None = None,
        cluster: Cluster | None = None,
    ) -> None:
        """Keep a worker; one that may take more than `memory` bytes, if that is given, is replaced by one that may not.

        So is one that does not use a `cluster` that is given, though only once: another viewer may want another. What
        it was training goes on from its last checkpoint.
        """
        self._store, self._device, self._command, self._memory = store, device, command, memory
        self._cluster, self._moved = cluster, False
        self._clock = AwakeClock()
        self._heard: tuple[Sign | None, float] = None, float("-inf")
        self._killed = 0
        self._replaced: int | None = None  # process that was asked to leave
        self._starts = 0
        self._started = float("-inf")
        self._process: subprocess.Popen[bytes] | None = None
        self._announced = 0  # starts whose end was announced

    def tend(self, *, needed: bool, ready: bool) -> str | None:
        """Start a worker if one is needed and none is there. Returns a sentence where there is news of vain starts.

        Raises WorkerError after MOST_IN_ALL vain starts, StoreError after MOST where the store was what made them vain,
        or where it is gone.

        `ready` says that a worker got as far as being able to train: one that dies while it loads was a vain start.
        """
        if ready:
            self._starts = self._announced = 0
        now, awake = time.monotonic(), self._clock.look()
        if alive(self._store, self._device):
            if needed:
                self._look_at_holder(awake)
            return None
        running = self._process is not None and self._process.poll() is None
        if not needed or (running and now - self._started < self.PATIENCE):
            return None
        if now - self._started < self._pause:
            return None if running else self._news()
        if not self._store.exists():
            raise StoreError(f"The store {self._store} is gone.")
        last = sign(self._store, self._device)
        if self._starts >= self.MOST and last and last.refused:
            raise StoreError(last_words(self._store, self._device, lines=1))
        if self._starts >= self.MOST_IN_ALL:
            raise WorkerError(
                f"The worker was started {self._starts} times and went away each time{self._ended_by()}. What was "
                f"asked for still waits. The end of its log, {log_path(self._store, self._device)}:\n"
                f"{last_words(self._store, self._device)}"
            )
        news = self._news()
        self._note_end()
        self._process = ensure(self._store, self._device, self._command, self._memory, self._cluster)
        if self._process:
            self._starts += 1
            self._started = now
        return news

    @property
    def _pause(self) -> float:
        """Return how long to wait after the last start before the next."""
        return float(min(self.GRACE * 2 ** max(self._starts + 1 - self.MOST, 0), self.LONGEST_PAUSE))

    def _news(self) -> str | None:
        """Tell once of each vain start, from the MOSTth on, what ended it and how long the next will wait."""
        if self._starts < self.MOST or self._announced == self._starts:
            return None
        self._announced = self._starts
        return (
            f"The worker went away {self._starts} times before it could train{self._ended_by()}. It is started again "
            f"after {self._pause:g} s; its log is {log_path(self._store, self._device)}."
        )

    def _ended_by(self) -> str:
        """Say what ended the last worker: a crash leaves no word in the log."""
        by = ended_by(self._process.poll() if self._process else None)
        return f", the last time by {by}" if by else ""

    def _note_end(self) -> None:
        """Leave the next worker word of how the last one ended, where this process saw it."""
        code = self._process.poll() if self._process else None
        if self._process and code:
            note_death(self._store, self._device, Death(pid=self._process.pid, code=code))
            self._process = None

    def _look_at_holder(self, now: float) -> None:
        """Kill a worker that has been silent for too long, and ask one that may take too much to leave."""
        holder, (last, since) = sign(self._store, self._device), self._heard
        if holder is None or not holder.beat:  # the lock's holder is not a worker yet, and gets no signal
            return
        if holder != last:
            self._heard = holder, now
        elif now - since > self.SILENCE * min(2**self._killed, self.MOST_SILENCES):
            self._heard = holder, now
            self._killed += 1
            note_death(self._store, self._device, Death(pid=holder.pid, code=-signal.SIGKILL, by_supervisor=True))
            if self._process and self._process.pid == holder.pid:
                self._process = None  # its end is known
            send_signal(holder.pid, signal.SIGKILL)
        more = self._memory is not None and (holder.memory is None or holder.memory > self._memory)
        without = self._cluster is not None and not self._moved and holder.cluster != self._cluster.mark
        if (more or without) and holder.pid != self._replaced:
            self._replaced, self._moved = holder.pid, self._moved or without
            send_signal(holder.pid, signal.SIGTERM)
