"""The worker: a detached process that trains what a store has queued, and leaves when idle for a while.

`python -m lossterm.engine.worker --store FILE --device auto|cpu|gpu`; started by `daemon.ensure`.
"""

import argparse
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from lossterm import daemon
from lossterm.comparison import DEVICES
from lossterm.engine.lane import POLL, Board, Engine, Lane
from lossterm.store import Store, WorkerState

IDLE_SECONDS = 600.0
"""How long a worker without work stays warm; LOSSTERM_IDLE_SECONDS overrides it."""

NICENESS = 5
"""How far the worker steps back: it takes all cores, and the screen that shows it must still answer a key at once."""

Loader = Callable[[str], tuple[Callable[[], Engine], dict[str, str], int]]
"""`device -> (maker of engines, environment, number of lanes)`; what takes the seconds before a worker is ready."""


def load_tensorflow(device: str) -> tuple[Callable[[], Engine], dict[str, str], int]:
    """Import TensorFlow and return the real engine: a lane for each core, one on a GPU."""
    from lossterm.engine import runtime, training

    runtime.configure(device)
    # A lane back from a compiled program waits for the interpreter; the default 5 ms is a third of a training.
    sys.setswitchinterval(0.0005)
    environment = runtime.environment()
    return training.Trainer, environment, 1 if environment["device"] == "GPU" else _cores()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Worker:
    """Holds the lock, keeps the lanes, says what it does, and knows when to go."""

    def __init__(self, path: Path, device: str, idle_seconds: float) -> None:
        self._path, self._device, self._idle_seconds = path, device, idle_seconds
        self._stop = threading.Event()
        self._board = Board()
        self._said: tuple[WorkerState, str] | None = None

    def stop(self) -> None:
        """Ask the worker to leave in good order: running trials go back into the queue."""
        self._stop.set()

    def work(self, load: Loader) -> int:
        """Take the lock, load the engine, train until idle for too long or told to stop. Return the exit code."""
        try:
            lock = daemon.hold(self._path, self._device)
        except FileNotFoundError:
            return 0  # whoever started this worker has gone and taken the store along
        if lock is None:
            print(f"Another worker trains for {self._path} on {self._device}; this one leaves.", flush=True)
            return 0
        if not self._path.exists():
            return 0
        with Store(self._path, make=False) as store:
            self._say(store, "loading", "loading TensorFlow")
            store.requeue(self._device, died=True)  # the lock is ours: whoever was training these is dead
            try:
                make, environment, lanes = load(self._device)
            except Exception as error:  # a broken installation fails in many ways; all end here, said and logged
                traceback.print_exc()
                reason = str(error) if isinstance(error, RuntimeError) else f"TensorFlow does not load: {error}"
                self._say(store, "failed", reason)
                store.fail_queued(self._device, reason)
                return 1
            if not self._path.exists():
                return 0
            store.report_worker(self._device, os.getpid(), "ready", "ready", environment)
            threads = [Lane(n, self._path, self._device, make(), self._board, self._stop) for n in range(lanes)]
            for thread in threads:
                thread.start()
            try:
                self._watch(store)
            finally:
                self._stop.set()
                for thread in threads:
                    thread.join()
                broken = any(thread.broken for thread in threads)
                # A lane that broke counts as a death, so that a trial which breaks it each time is failed at last.
                store.requeue(self._device, died=broken)
            return int(broken)

    def _watch(self, store: Store) -> None:
        """Say what is going on until it is time to leave."""
        last_work = time.monotonic()
        while not self._stop.is_set():
            busy = self._board.busy()
            if busy:
                last_work = time.monotonic()
            now = ", ".join(sorted({row.trial.loss for row in busy}))
            self._say(store, "training" if busy else "ready", now or "ready")
            if time.monotonic() - last_work > self._idle_seconds or not self._path.exists():
                self._stop.set()
            self._stop.wait(2 * POLL)

    def _say(self, store: Store, state: WorkerState, message: str) -> None:
        if (state, message) != self._said:
            store.report_worker(self._device, os.getpid(), state, message)
            self._said = state, message


def main(load: Loader = load_tensorflow) -> None:
    """Run a worker as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m lossterm.engine.worker", description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="the store to work for")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="train what was asked for on this device")
    given = parser.parse_args()
    worker = Worker(given.store, given.device, float(os.environ.get("LOSSTERM_IDLE_SECONDS", IDLE_SECONDS)))
    os.nice(NICENESS)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    sys.exit(worker.work(load))


if __name__ == "__main__":
    main()
