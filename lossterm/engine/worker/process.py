"""The worker: a detached process that trains what a store has queued, and leaves when idle for a while.

`python -m lossterm.engine.worker.process --store FILE --device DEVICE [--memory BYTES]`; see `starting.ensure`.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from lossterm.comparison.device import device_from, spelt
from lossterm.engine.cluster.on_cluster import RAY_BRIDGE, OnCluster
from lossterm.engine.contract import Engine
from lossterm.engine.lanes import card_lane
from lossterm.engine.lanes.child import not_loaded, refuse_too_little
from lossterm.engine.lanes.lane_client import POLL, Limits, too_much
from lossterm.engine.worker import cards, health, program_cache
from lossterm.engine.worker.board import Board
from lossterm.engine.worker.training_process import InProcess, LaneCommand
from lossterm.engine.worker.training_thread import InThread, Place, TrainingThread
from lossterm.errors import StoreError, StoreReplaced
from lossterm.store import CHOSEN, CLUSTER_TROUBLE, HERE, LANES, Store, WorkerState
from lossterm.text.numbers import counted, memory_size
from lossterm.worker_control import lock
from lossterm.worker_control.cluster import Cluster, cluster_from
from lossterm.worker_control.cores import cores

IDLE_SECONDS = 600.0
"""How long a worker without work stays warm; LOSSTERM_IDLE_SECONDS overrides it."""

NICENESS = 5
"""How far the worker steps back: it takes all cores, and the screen that shows it must still answer a key at once."""

MOST_COMPILED_BYTES = 1280 * 2**20
"""Memory that compiled programs may take: 10 to 40 MB each, of which TensorFlow gives none back to a living process."""

SETTLE_SECONDS = 20.0
"""How long lanes here wait for a cluster to say which nodes it has, some of which may be of this machine."""

PUT_BACK_SECONDS = 10.0
"""How long a worker tries to put back what it was training, where the disk is full or the store locked."""

CARD_LANE = (sys.executable, "-P", "-m", "lossterm.engine.lanes.card_lane")
"""The command that starts the lane of a card."""


class Loaded(NamedTuple):
    """What a worker trains with."""

    make: Callable[[], Engine]
    """Makes the engine of a lane that is a thread."""
    environment: dict[str, str] | None
    """Versions, processor and device; None where only the lanes know them."""
    threads: int
    """Lanes that are threads of the worker."""
    processes: Sequence[LaneCommand] = ()
    """Lanes that are processes of their own."""


Loader = Callable[[str, int | None], tuple[Callable[[], Engine], dict[str, str] | None, int] | Loaded]
"""`device, memory -> Loaded`, or the beginning of it: what takes the seconds before a worker is ready."""


def load_tensorflow(device: str, memory: int | None) -> Loaded:
    """Return lanes with the real engine: a process for each card, a thread for each core, or under auto both.

    TensorFlow is imported for threads alone: what a card holds belongs to its process.
    """
    asked = device_from(device)
    seen = {} if asked.kind == "cpu" else cards.names(asked)
    if asked.kind == "gpu":
        if not seen:
            raise RuntimeError(NO_CARD)
        return Loaded(_no_thread, None, 0, card_lanes(seen))
    os.environ.setdefault(*next(iter(cards.BY_BUS.items())))
    program_cache.use()
    from lossterm.engine import runtime
    from lossterm.engine.training import trainer
    from lossterm.engine.training.placing import Placing

    models = runtime.card_models() if seen else []
    runtime.configure("cpu", memory)
    # A lane back from a compiled program waits for the interpreter; the default 5 ms is a third of a training.
    sys.setswitchinterval(0.0005)
    environment, placing, processes = runtime.environment(), None, list[LaneCommand]()
    if models:
        placing = Placing([runtime.CPU], {"CPU": cores(), "GPU": len(models)}, models, trainer.epoch_seconds)
        processes = card_lanes(seen, card_lane.Shared(cores(), tuple(models)))
        environment |= {"device": "CPU+GPU"}
    return Loaded(lambda: trainer.Trainer(place=runtime.CPU, placing=placing), environment, cores(), processes)


NO_CARD = "TensorFlow sees no GPU here. Train on the CPU with --device cpu, or see `lossterm doctor`."


def _no_thread() -> Engine:
    raise AssertionError("all lanes are processes")


def card_lanes(
    seen: dict[int, str], shared: card_lane.Shared | None = None, command: Sequence[str] = CARD_LANE
) -> list[LaneCommand]:
    """Return how a lane is started for each of some cards; `shared` says what they share programs with, if anything."""
    options = shared.option() if shared else ()
    return [
        LaneCommand(label=f"card {number}", command=(*command, *options), environment=cards.only(name))
        for number, name in seen.items()
    ]


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
        cluster: Cluster | None = None,
        bridge: Sequence[str] = RAY_BRIDGE,
    ) -> None:
        """Prepare to work; `memory` is what it may take, in bytes, and `lanes` how many trials it trains here at once.

        `held` is the descriptor of the lock where it was held for this worker by the one before. Lanes of a `cluster`
        train beside those here; `bridge` is the command that connects to it.
        """
        self._path, self._device, self._idle_seconds = path, device, idle_seconds
        self._memory, self._lanes, self._lock = memory, lanes, held
        self._hang_seconds = health.seconds_from("LOSSTERM_HANG_SECONDS", health.HANG_SECONDS)
        self._stop = threading.Event()
        self._cluster = self._on_cluster(cluster, bridge) if cluster else None
        self._dismissed = False
        self._board = Board()
        self._threads: list[TrainingThread] = []
        self._here: frozenset[int] = frozenset()  # numbers of lanes in this process
        self._said: tuple[WorkerState, str, str, dict[str, str]] | None = None
        self._environment: dict[str, str] | None = None
        self._death: lock.Death | None = None  # what is known of how the worker before ended
        self.successor: tuple[str, ...] | None = None
        """Options of the worker that must follow this one, None if none must: a lane hangs, or memory is used up."""
        self.without_lanes = False
        """Whether all lanes were given up."""
        self.abandoned = False
        """Whether a lane did not stop and is left behind."""

    def _on_cluster(self, cluster: Cluster, bridge: Sequence[str]) -> OnCluster:
        return OnCluster(cluster, self._device, self._stop, self._limits, bridge)

    @property
    def _limits(self) -> Limits:
        """What a lane that is not a thread of this process may do."""
        return Limits(
            silence=health.SILENCE_SECONDS,
            hang=self._hang_seconds,
            memory=self._memory,
            compiled=MOST_COMPILED_BYTES,
        )

    def stop(self) -> None:
        """Ask the worker to leave in good order: running trials go back into the queue, and no other follows it."""
        self._dismissed = True
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
        named = self._cluster.mark if self._cluster else None
        heart = health.SignsOfLife(descriptor, self._memory, named, refused=last is not None and last.refused)
        heart.start()
        try:
            return self._work(load, heart)
        except StoreError:
            heart.refused = True
            raise
        finally:
            heart.stop()
            if self.successor is not None and not self._dismissed:
                lock.give(descriptor, heart.sign(0))
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
            if self._cluster:
                self._begin_thread(self._cluster)  # nodes load while this process does
            if (loaded := self._loaded(store, load)) is None:
                return self._leave(store, None) or 1
            if not self._path.exists():
                return 0
            self._environment = loaded.environment
            if self._environment:
                store.worker.report_worker(self._device, os.getpid(), "ready", "ready", self._environment)
            places = self._places(loaded)
            self._here = frozenset(
                n for n, place in enumerate(places, start=len(self._threads)) if isinstance(place, InThread)
            )
            for place in places:
                self._begin_thread(place)
            refused: str | None = None
            try:
                self._watch(store)
            except StoreError as error:
                refused = str(error)
                print(refused, flush=True)
            finally:
                code = self._leave(store, refused)
            return code

    def _begin_thread(self, place: Place) -> None:
        thread = TrainingThread(len(self._threads), self._path, self._device, place, self._board, self._stop)
        self._threads.append(thread)
        thread.start()

    def _loaded(self, store: Store, load: Loader) -> Loaded | None:
        """Load the engine; where that fails, say why, end what waits for it, and return None."""
        try:
            loaded = Loaded(*load(self._device, self._memory))
            refuse_too_little(self._memory)
        except Exception as error:  # a broken installation fails in many ways; all end here, said and logged
            traceback.print_exc()
            if self._cluster and not self._memory:
                return Loaded(_no_thread, None, 0)  # what can't be trained here may be there
            self._fail(store, not_loaded(error))
            return None
        return loaded

    def _fail(self, store: Store, reason: str) -> None:
        self._say(store, "failed", reason)
        store.worker.fail_queued(self._device, reason)

    def _places(self, loaded: Loaded) -> list[Place]:
        """Return where the lanes run: those in this process first, then those in processes of their own."""
        most = max(loaded.threads, len(loaded.processes)) if self._lanes is None else self._lanes
        here = min(loaded.threads, most)
        if self._cluster:
            self._cluster.settled.wait(SETTLE_SECONDS)
            if self._lanes is None:  # cores that this machine lends to the cluster are not used twice
                here = min(here, max(here - self._cluster.cores_here, 1))
            self._cluster.elsewhere = bool(here or loaded.processes[:most])
        first = len(self._threads)
        return [
            *(InThread(loaded.make(), loaded.environment or {}, self._stop) for _ in range(here)),
            *(
                InProcess(command, number, self._device, self._board, self._stop, self._limits)
                for number, command in enumerate(loaded.processes[:most], start=first + here)
            ),
        ]

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
        if any(isinstance(thread.place, InThread) and thread.place.unkept for thread in self._threads):
            os.environ[program_cache.SWITCH] = "0"
            self.successor = ()
        program_cache.seal()
        refused = next((thread.refused for thread in self._threads if thread.refused), refused)
        self._put_back(store, refused, broken=broken)
        return int(broken or refused is not None or self.without_lanes)

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

    def _watch(self, store: Store) -> None:
        """Say what is going on until it is time to leave."""
        last_work = time.monotonic()
        while not self._stop.is_set():
            busy = [*self._board.busy(), *(self._cluster.busy if self._cluster else ())]
            self._environment = self._environment or self._board.environment
            if self._cluster and self._environment is None:
                self._environment = self._cluster.environment
            if busy or self._board.loading or (self._cluster and self._cluster.loading):
                last_work = time.monotonic()
            now = ", ".join(sorted({row.trial.loss for row in busy}))
            device = self._board.device_in_words({row.trial.program for row in busy}) if busy else ""
            device = self._with_nodes(device)
            state: WorkerState = "training" if busy else "ready"
            if self._environment and self._say(store, state, now or "ready", device) and not busy:
                program_cache.seal()
            self._end_without_lanes(store)
            if time.monotonic() - last_work > self._idle_seconds or not self._path.exists():
                self._stop.set()
            elif busy:
                self._end_hung(store)
                self._end_large(store)
            self._end_full()
            self._stop.wait(2 * POLL)

    def _with_nodes(self, device: str) -> str:
        """Say of a device how many lanes it has on how many nodes, if there are any."""
        lanes = self._cluster.lanes if self._cluster else {}
        if not lanes or self._environment is None:
            return device
        there = f"{counted(sum(lanes.values()), 'lane')} on {counted(len(lanes), 'node')}"
        return f"{device or self._environment['device']}{' +' if self._here else ':'} {there}"

    def _end_hung(self, store: Store) -> None:
        """Leave to a successor where a lane does not answer: a thread cannot be stopped, a process can."""
        if not (quiet := self._board.silent(health.OBEY_SECONDS, self._here)):
            return
        unwanted, hung = store.worker.unanswered(self._device), self._board.silent(self._hang_seconds, self._here)
        for row in hung:
            reason = f"It gave no epoch for {self._hang_seconds:g} s and was taken for hung."
            store.worker.finish(row.id, "failed", error=reason, device="CPU")
        if hung or any(row.id in unwanted for row in quiet):  # those end as cancelled when all are put back
            print(f"Hung: {', '.join(row.trial.loss for row in hung or quiet)}. Another worker goes on.", flush=True)
            self.successor = ()
            self._stop.set()

    def _end_large(self, store: Store) -> None:
        """Leave to a successor where memory is used up: one that trains nothing beside what took so much."""
        if self._memory is None or (taken := health.resident()) <= self._memory:
            return
        busy, ended = self._board.busy(self._here), self._board.ended(self._here)
        if not ended and len(busy) == 1:  # nothing else can have taken it
            store.worker.finish(busy[0].id, "failed", error=too_much(taken, self._memory), device="CPU")
        elif not ended:
            store.worker.try_alone([row.id for row in busy])
        print(f"At {memory_size(taken)}, above the limit of memory. Another worker goes on.", flush=True)
        self.successor = () if ended else ("--lanes", "1")  # what leaked before is gone with this process
        self._stop.set()

    def _end_full(self) -> None:
        """Leave to a successor where compiled programs take too much; it finds them on disk as it needs them."""
        if not self._stop.is_set() and (taken := self._board.compiled_bytes(self._here)) > MOST_COMPILED_BYTES:
            print(f"Compiled programs take {memory_size(taken)}. Another worker goes on.", flush=True)
            self.successor = ()
            self._stop.set()

    def _end_without_lanes(self, store: Store) -> None:
        """Leave where no lane is left: what waits fails if they said themselves that they cannot train here."""
        kept = [thread.place for thread in self._threads if isinstance(thread.place, InProcess)]
        if self._here or not kept or not all(place.trouble for place in kept):
            return
        if all(place.refused for place in kept):
            self._fail(store, f"{kept[0].trouble}.")
        else:
            self._say(store, "failed", f"{kept[0].trouble[0].upper()}{kept[0].trouble[1:]}.")
        self.without_lanes = True
        self._stop.set()

    def _say(self, store: Store, state: WorkerState, message: str, device: str = "") -> bool:
        """Say what the worker does, and on what device where it chose one; return whether that is new."""
        nodes = self._nodes()
        if new := (state, message, device, nodes) != self._said:
            environment = self._environment
            if environment:
                environment = {**environment, **({CHOSEN: device} if device else {}), **nodes}
            store.worker.report_worker(self._device, os.getpid(), state, message, environment)
            self._said = state, message, device, nodes
        return new

    def _nodes(self) -> dict[str, str]:
        """Return what is told of a cluster beside versions: lanes by node, and what is wrong with it."""
        if self._cluster is None:
            return {}
        lanes, trouble = self._cluster.lanes, self._cluster.trouble
        here = {HERE: len(self._here)} if self._here else {}
        return {
            LANES: msgspec.json.encode({**here, **lanes}).decode(),
            **({CLUSTER_TROUBLE: trouble} if trouble else {}),
        }


def _begin_successor(descriptor: int, options: tuple[str, ...]) -> None:
    """Start the worker that follows this one, and leave it the lock: between two holders any other might take it."""
    command = [*sys.orig_argv, *options, "--lock", str(descriptor)]
    environment = program_cache.without()
    subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, pass_fds=[descriptor], env=environment)


def main(load: Loader = load_tensorflow, bridge: Sequence[str] = RAY_BRIDGE) -> None:
    """Run a worker as the command line says; `bridge` is the command that connects to a cluster."""
    parser = argparse.ArgumentParser(prog="python -m lossterm.engine.worker.process", description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="the store to work for")
    parser.add_argument("--device", type=spelt, default="auto", help="train what was asked for on this device")
    parser.add_argument("--memory", type=int, metavar="BYTES", help="what the worker may take (default: no limit)")
    parser.add_argument(
        "--lanes", type=int, metavar="N", help="trials at once at most (default: one for each core or card)"
    )
    parser.add_argument("--cluster", type=cluster_from, metavar="ADDRESS", help="train on the nodes of this one too")
    parser.add_argument("--allow-open-cluster", action="store_true", help="even if it lets in whoever reaches it")
    parser.add_argument("--lock", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.lock is not None:
        os.set_inheritable(given.lock, False)
    idle_seconds = health.seconds_from("LOSSTERM_IDLE_SECONDS", IDLE_SECONDS)
    worker = Worker(
        given.store,
        given.device,
        idle_seconds,
        memory=given.memory,
        lanes=given.lanes,
        held=given.lock,
        cluster=Cluster(given.cluster, given.allow_open_cluster) if given.cluster else None,
        bridge=bridge,
    )
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
