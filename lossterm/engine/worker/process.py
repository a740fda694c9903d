"""The worker: a detached process that trains what a store has queued, and leaves when idle for a while.

`python -m lossterm.engine.worker.process --store FILE --device auto|cpu|gpu [--memory BYTES]`; see `starting.ensure`.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from lossterm.comparison.comparison import DEVICES
from lossterm.engine.contract import Engine
from lossterm.engine.worker import health, program_cache
from lossterm.engine.worker.training_thread import POLL, Board, TrainingThread
from lossterm.errors import StoreError, StoreReplaced
from lossterm.store import Store, TrialRow, WorkerState
from lossterm.text.numbers import memory_size
from lossterm.worker_control import lock

IDLE_SECONDS = 600.0
"""How long a worker without work stays warm; LOSSTERM_IDLE_SECONDS overrides it."""

NICENESS = 5
"""How far the worker steps back: it takes all cores, and the screen that shows it must still answer a key at once."""

MOST_COMPILED_BYTES = 1536 * 2**20
"""Memory that compiled programs may take: 10 to 40 MB each, of which TensorFlow gives none back to a living process."""

PUT_BACK_SECONDS = 10.0
"""How long a worker tries to put back what it was training, where the disk is full or the store locked."""

Loader = Callable[[str, int | None], tuple[Callable[[], Engine], dict[str, str], int]]
"""`device, memory -> (maker of engines, environment, number of lanes)`; what takes the seconds before a worker is
ready."""


def load_tensorflow(device: str, memory: int | None) -> tuple[Callable[[], Engine], dict[str, str], int]:
    """Import TensorFlow and return the real engine: a lane for each core, one on a GPU."""
    program_cache.use()
    from lossterm.engine import runtime
    from lossterm.engine.training import trainer

    runtime.configure(device, memory)
    # A lane back from a compiled program waits for the interpreter; the default 5 ms is a third of a training.
    sys.setswitchinterval(0.0005)
    environment = runtime.environment()
    return trainer.Trainer, environment, 1 if environment["device"] == "GPU" else _cores()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Worker:
    """Holds the lock, keeps the lanes, says what it does, and knows when to go."""

    def __init__(
        self,
        path: Path,
        device: str,
        idle_seconds: float,
        *,
        memory: int | None = None,
        lanes: int | None = None,
        held: int | None = None,
    ) -> None:
        """Prepare to work; `memory` is what it may take, in bytes, and `lanes` how many trials it trains at once.

        `held` is the descriptor of the lock where it was held for this worker by the one before.
        """
        self._path, self._device, self._idle_seconds = path, device, idle_seconds
        self._memory, self._lanes, self._lock = memory, lanes, held
        self._hang_seconds = health.seconds_from("LOSSTERM_HANG_SECONDS", health.HANG_SECONDS)
        self._stop = threading.Event()
        self._board = Board()
        self._threads: list[TrainingThread] = []
        self._said: tuple[WorkerState, str] | None = None
        self._death: lock.Death | None = None  # what is known of how the worker before ended
        self.successor: tuple[str, ...] | None = None
        """Options of the worker that must follow this one, None if none must: a lane hangs, or memory is used up."""
        self.abandoned = False
        """Whether a lane did not stop and is left behind."""

    def stop(self) -> None:
        """Ask the worker to leave in good order: running trials go back into the queue."""
        self._stop.set()

    def work(self, load: Loader) -> int:
        """Take the lock, load the engine, train until idle for too long or told to stop. Return the exit code."""
        try:
            descriptor = lock.hold(self._path, self._device) if self._lock is None else self._lock
        except FileNotFoundError:
            return 0  # whoever started this worker has gone and taken the store along
        if descriptor is None:
            print(f"Another worker trains for {self._path} on {self._device}; this one leaves.", flush=True)
            return 0
        last, self._death = lock.sign(self._path, self._device), lock.death_before(self._path, self._device)
        heart = health.SignsOfLife(descriptor, self._memory, refused=last is not None and last.refused)
        heart.start()
        try:
            return self._work(load, heart)
        except StoreError:
            heart.refused = True
            raise
        finally:
            heart.stop()
            if self.successor is not None:
                lock.give(descriptor, lock.Sign(pid=os.getpid(), beat=0, memory=self._memory, refused=heart.refused))
                _begin_successor(descriptor, self.successor)
            os.close(descriptor)

    def _work(self, load: Loader, heart: health.SignsOfLife) -> int:
        if not self._path.exists():
            return 0
        with Store(self._path, make=False) as store:
            self._say(store, "loading", "loading TensorFlow")
            # The lock is ours: whoever was training these is dead, unless the store did not even let it put them back.
            killed = self._death is not None and self._death.by_supervisor
            ended_by = self._death.ended_by if self._death else ""
            store.worker.requeue(self._device, died=not heart.refused and not killed, ended_by=ended_by)
            heart.refused = False
            if (loaded := self._loaded(store, load)) is None:
                return 1
            make, environment, lanes = loaded
            if not self._path.exists():
                return 0
            store.worker.report_worker(self._device, os.getpid(), "ready", "ready", environment)
            self._threads = [
                TrainingThread(n, self._path, self._device, make(), self._board, self._stop)
                for n in range(min(lanes, self._lanes or lanes))
            ]
            for thread in self._threads:
                thread.start()
            refused: str | None = None
            try:
                self._watch(store)
            except StoreError as error:
                refused = str(error)
                print(refused, flush=True)
            finally:
                code = self._leave(store, refused)
            return code

    def _loaded(self, store: Store, load: Loader) -> tuple[Callable[[], Engine], dict[str, str], int] | None:
        """Load the engine; where that fails, say why, end what waits for it, and return None."""
        try:
            loaded = load(self._device, self._memory)
            self._refuse_too_little()
        except Exception as error:  # a broken installation fails in many ways; all end here, said and logged
            traceback.print_exc()
            reason = str(error) if isinstance(error, RuntimeError) else f"TensorFlow does not load: {error}"
            self._say(store, "failed", reason)
            store.worker.fail_queued(self._device, reason)
            return None
        return loaded

    def _leave(self, store: Store, refused: str | None) -> int:
        """Have the lanes stop, put back what they were training, and return the exit code.

        `refused` is what the store said where it took nothing more. A lane that does not stop is left behind.
        """
        self._stop.set()
        until = time.monotonic() + health.OBEY_SECONDS
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))
        self.abandoned = any(thread.is_alive() for thread in self._threads)
        broken = any(thread.broken for thread in self._threads)
        if any(thread.uncached for thread in self._threads):
            os.environ[program_cache.SWITCH] = "0"
            self.successor = ()
        program_cache.seal()
        refused = next((thread.refused for thread in self._threads if thread.refused), refused)
        self._put_back(store, refused, broken=broken)
        return int(broken or refused is not None)

    def _put_back(self, store: Store, refused: str | None, *, broken: bool) -> None:
        """Put what was being trained back into the queue; with patience, where the store took nothing more.

        A lane that broke counts as a death, so that a trial which breaks it each time is failed at last.
        """
        until = time.monotonic() + PUT_BACK_SECONDS
        while True:
            try:
                store.worker.requeue(self._device, died=broken)
                if refused is not None:
                    self._say(store, "failed", refused)
                return
            except StoreError as error:
                if isinstance(error, StoreReplaced) or not self._path.exists():
                    return  # there is nothing of this worker's where the store was
                if time.monotonic() > until:
                    raise
                time.sleep(2 * POLL)

    def _refuse_too_little(self) -> None:
        if self._memory is not None and (taken := health.resident()) > self._memory:
            raise RuntimeError(
                f"TensorFlow alone takes {memory_size(taken)}, and the limit of memory is "
                f"{memory_size(self._memory)}: allow more."
            )

    def _watch(self, store: Store) -> None:
        """Say what is going on until it is time to leave."""
        last_work = time.monotonic()
        while not self._stop.is_set():
            busy = self._board.busy()
            if busy:
                last_work = time.monotonic()
            now = ", ".join(sorted({row.trial.loss for row in busy}))
            if self._say(store, "training" if busy else "ready", now or "ready") and not busy:
                program_cache.seal()
            if time.monotonic() - last_work > self._idle_seconds or not self._path.exists():
                self._stop.set()
            elif busy:
                self._end_hung(store)
                self._end_large(store, busy)
            self._end_full()
            self._stop.wait(2 * POLL)

    def _end_hung(self, store: Store) -> None:
        """Leave to a successor where a lane does not answer: a thread cannot be stopped, a process can."""
        if not (quiet := self._board.silent(health.OBEY_SECONDS)):
            return
        unwanted, hung = store.worker.unanswered(self._device), self._board.silent(self._hang_seconds)
        for row in hung:
            reason = f"It gave no epoch for {self._hang_seconds:g} s and was taken for hung."
            store.worker.finish(row.id, "failed", error=reason)
        if hung or any(row.id in unwanted for row in quiet):  # those end as cancelled when all are put back
            print(f"Hung: {', '.join(row.trial.loss for row in hung or quiet)}. Another worker goes on.", flush=True)
            self.successor = ()
            self._stop.set()

    def _end_large(self, store: Store, busy: list[TrialRow]) -> None:
        """Leave to a successor where memory is used up: one that trains nothing beside what took so much."""
        if self._memory is None or (taken := health.resident()) <= self._memory:
            return
        if len(busy) == 1 and not self._board.ended:  # nothing else can have taken it
            reason = (
                f"Out of memory: it took the worker to {memory_size(taken)}, and the limit is "
                f"{memory_size(self._memory)}. A smaller --batch-size or --hidden needs less."
            )
            store.worker.finish(busy[0].id, "failed", error=reason)
        print(f"At {memory_size(taken)}, above the limit of memory. Another worker goes on.", flush=True)
        self.successor = () if self._board.ended else ("--lanes", "1")  # what leaked before is gone with this process
        self._stop.set()

    def _end_full(self) -> None:
        """Leave to a successor where compiled programs take too much; it finds them on disk as it needs them."""
        if not self._stop.is_set() and (taken := self._board.compiled_bytes) > MOST_COMPILED_BYTES:
            print(f"Compiled programs take {memory_size(taken)}. Another worker goes on.", flush=True)
            self.successor = ()
            self._stop.set()

    def _say(self, store: Store, state: WorkerState, message: str) -> bool:
        """Say what the worker does, and return whether that is new."""
        if new := (state, message) != self._said:
            store.worker.report_worker(self._device, os.getpid(), state, message)
            self._said = state, message
        return new


def _begin_successor(descriptor: int, options: tuple[str, ...]) -> None:
    """Start the worker that follows this one, and leave it the lock: between two holders any other might take it."""
    command = [*sys.orig_argv, *options, "--lock", str(descriptor)]
    environment = program_cache.without()
    subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, pass_fds=[descriptor], env=environment)


def main(load: Loader = load_tensorflow) -> None:
    """Run a worker as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m lossterm.engine.worker.process", description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="the store to work for")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="train what was asked for on this device")
    parser.add_argument("--memory", type=int, metavar="BYTES", help="what the worker may take (default: no limit)")
    parser.add_argument("--lanes", type=int, metavar="N", help="trials at once at most (default: one for each core)")
    parser.add_argument("--lock", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.lock is not None:
        os.set_inheritable(given.lock, False)
    idle_seconds = health.seconds_from("LOSSTERM_IDLE_SECONDS", IDLE_SECONDS)
    worker = Worker(given.store, given.device, idle_seconds, memory=given.memory, lanes=given.lanes, held=given.lock)
    os.umask(0o077)  # whatever TensorFlow writes is nobody else's business
    if given.lock is None:  # one that follows another has stepped back already
        os.nice(NICENESS)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    try:
        code = worker.work(load)
    except StoreError as error:  # the disk is full, or the store damaged: no fault of the program
        print(error, flush=True)
        code = error.exit_code
    if worker.abandoned:
        os._exit(code)  # a hung lane would keep this process from leaving
    sys.exit(code)


if __name__ == "__main__":
    main()
