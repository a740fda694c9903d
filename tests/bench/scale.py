"""What one store and one dispatcher take: `python -m tests.bench.scale [--lanes 1000] [--trials 20000] …`.

A thousand lanes are simulated by one process beside this one, which speaks as a bridge does: it trains with the fake
engine and says what comes of it, in real messages over a real socket. Here are the worker's own dispatcher and store.
Prints a Markdown table: short trainings (a result each) in stacks of ten, with the writes of a turn in one transaction
and each in its own; then long trainings, whose curves come in chunks, with chunks that came together joined and not.
"""

import argparse
import cProfile
import io
import os
import pstats
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, redirect_stdout, suppress
from pathlib import Path

import msgspec

from lossterm.comparison.comparison import ENGINE, Comparison
from lossterm.engine.cluster import hello
from lossterm.engine.cluster.dispatcher import Dispatcher
from lossterm.engine.cluster.messages import (
    CloseLane,
    FromBridge,
    Joined,
    NodeUp,
    OpenLane,
    Part,
    Said,
    Tell,
    ToBridge,
    asked,
    packed,
)
from lossterm.engine.cluster.remote_lane import coalesced
from lossterm.engine.contract import Result
from lossterm.engine.fakes.fake_engine import FakeTrainer, fake_environment
from lossterm.engine.lanes.carriers import Socket
from lossterm.engine.lanes.lane import Lane, LaneLost
from lossterm.engine.lanes.lane_client import Limits
from lossterm.engine.lanes.messages import Curve, Ended, FromLane
from lossterm.store import Chunk, Store
from lossterm.worker_control.cluster import Cluster

LIMITS = Limits(silence=600, hang=600, memory=None, compiled=2**40)
CLUSTER = Cluster("127.0.0.1:6379")
CORES = 50
"""Lanes of a simulated node."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    what: str
    """Of what."""
    count: int
    """Trainings or chunks."""
    seconds: float
    """Time that they took."""
    processor: float
    """Time of the processor that the worker's process took for them."""

    @property
    def rate(self) -> float:
        """How many a second."""
        return self.count / self.seconds

    @property
    def limit(self) -> float:
        """How many a second of the processor: what there would be on a machine that does nothing else."""
        return self.count / self.processor


# The process that simulates


class Simulated:
    """A thousand lanes in one thread: each has the real lane with the fake engine, and speaks when it is its turn."""

    def __init__(self, worker: Socket[FromBridge, ToBridge], lanes: int, chunks: int) -> None:
        """With `chunks`, a training's curve is sent in so many before its result."""
        self._worker, self._count, self._chunks = worker, lanes, chunks
        self._sent: queue.SimpleQueue[FromBridge] = queue.SimpleQueue()  # what reads must not wait for what is sent
        threading.Thread(target=self._send, daemon=True).start()
        self._lanes: dict[int, Lane] = {}
        self._said: list[FromLane] = []

    def run(self) -> None:
        """Serve until the worker parts."""
        facts = hello.facts()
        for first in range(0, self._count, CORES):
            cores = min(CORES, self._count - first)
            name = f"node-{first // CORES}"
            self._sent.put(NodeUp(node=name, name=name, loopback=True, cores=cores, cards=0, facts=facts))
        self._sent.put(Joined(address="simulated"))
        with suppress(LaneLost):
            while True:
                message = self._worker.receive(1)
                if isinstance(message, OpenLane):
                    self._open(message.lane)
                elif isinstance(message, Tell):
                    self._tell(message)
                elif isinstance(message, CloseLane):
                    self._lanes.pop(message.lane, None)
                elif isinstance(message, Part):
                    return

    def _send(self) -> None:
        with suppress(LaneLost):
            while True:
                self._worker.send(self._sent.get())

    def _open(self, number: int) -> None:
        lane = self._lanes[number] = Lane(FakeTrainer(), self._said.append)
        lane.begin(fake_environment("CPU"))
        self._speak(number)

    def _tell(self, message: Tell) -> None:
        for one in asked(message.words):
            self._lanes[message.lane].take(one)
        self._speak(message.lane)

    def _speak(self, number: int) -> None:
        said, self._said[:] = tuple(self._said), []
        if not self._chunks:
            self._sent.put(Said(lane=number, words=packed(said)))
            return
        for part in in_chunks(said, self._chunks):
            self._sent.put(Said(lane=number, words=packed(part)))


def in_chunks(said: Sequence[FromLane], chunks: int) -> Iterator[tuple[FromLane, ...]]:
    """Yield what a lane said with every curve in so many parts, a part of every trial of the stack at a time."""
    parts: list[list[FromLane]] = [[] for _ in range(chunks)]
    last: list[FromLane] = []
    for message in said:
        if not (isinstance(message, Ended) and message.result and message.result.chunk):
            last.append(message)
            continue
        pieces = split(message.result.chunk, chunks)
        for place, piece in enumerate(pieces[:-1]):
            parts[place].append(Curve(attempt=message.attempt, chunk=piece))
        result: Result = msgspec.structs.replace(message.result, chunk=pieces[-1])
        last.append(msgspec.structs.replace(message, result=result))
    yield from (tuple(part) for part in parts if part)
    yield tuple(last)


def split(chunk: Chunk, count: int) -> list[Chunk]:
    """Cut a part of a curve into so many."""
    row, size = len(chunk.data) // chunk.epochs, max(chunk.epochs // count, 1)
    starts = range(0, chunk.epochs, size)
    return [
        msgspec.structs.replace(
            chunk,
            start=chunk.start + start,
            epochs=min(size, chunk.epochs - start),
            data=chunk.data[start * row : (start + size) * row],
        )
        for start in starts
    ]


# The process that measures


def measured(
    what: str, lanes: int, trials: int, *, epochs: int, chunks: int = 0, together: bool = True, joined: bool = True
) -> Measured:
    """Have simulated lanes train so many trials, and return what that took; without writing `together` or `joined`."""
    with tempfile.TemporaryDirectory() as place, Store(Path(place) / "scale.db") as store, _quiet():
        one = Comparison.ask("circles", ("hinge",), seeds=trials, epochs=epochs, learning_rates=(0.01,))
        store.requests.ask("s", one)
        stop, counted = threading.Event(), 0
        join = coalesced if joined else list
        serving = Dispatcher(store, "auto", CLUSTER, stop, LIMITS, join=join, together=together)
        ours, its = socket.socketpair()
        with its:
            simulated = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.scale", "--simulate", str(its.fileno()), str(lanes), str(chunks)],
                pass_fds=[its.fileno()],
                env={**os.environ, "LOSSTERM_FAKE_WIDTH": "10"},
            )
        bridge: Socket[ToBridge, FromBridge] = Socket(ours, FromBridge)
        serving.attach(bridge)
        while sum(lane.hello is not None for lane in serving.lanes.values()) < lanes:
            serving.turn(0.05)
        began, processor, done = time.perf_counter(), time.process_time(), serving.ended
        while serving.ended < trials:
            serving.turn(0.05)
        counted = serving.ended - done
        took, processor = time.perf_counter() - began, time.process_time() - processor
        bridge.send(Part())
        bridge.close()
        simulated.wait(30)
        assert {row.status for row in store.reader.trials([1])} == {"done"}
    return Measured(what=what, count=counted * max(chunks, 1), seconds=took, processor=processor)


def _quiet() -> AbstractContextManager[object]:
    """Keep a dispatcher's words, which belong in a worker's log, out of the table."""
    return redirect_stdout(io.StringIO())


def table(rows: Sequence[Measured]) -> str:
    """Return a Markdown table."""
    lines = ["| what | count | a second | a second of processor |", "|---|---|---|---|"]
    lines += [f"| {one.what} | {one.count:,} | {one.rate:,.0f} | {one.limit:,.0f} |" for one in rows]
    return "\n".join(lines)


def profile(lanes: int, trials: int) -> str:
    """Return where the worker's time goes, the longest first."""
    profiler = cProfile.Profile()
    profiler.enable()
    measured("short trainings", lanes, trials, epochs=20)
    profiler.disable()
    told = io.StringIO()
    pstats.Stats(profiler, stream=told).sort_stats("tottime").print_stats(18)
    return told.getvalue()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lanes", type=int, default=1000, help="simulated lanes")
    parser.add_argument("--trials", type=int, default=10_000, help="short trainings, at most 10,000")
    parser.add_argument("--long", type=int, default=1000, help="long trainings")
    parser.add_argument("--chunks", type=int, default=50, help="chunks of each")
    parser.add_argument("--profile", action="store_true", help="print where the time goes instead")
    parser.add_argument("--simulate", type=int, nargs=3, metavar=("FD", "LANES", "CHUNKS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.simulate:
        descriptor, lanes, chunks = given.simulate
        Simulated(Socket(socket.socket(fileno=descriptor), ToBridge), lanes, chunks).run()
        return
    if given.profile:
        print(profile(given.lanes, given.trials))
        return
    print(f"{given.lanes:,} simulated lanes, engine {ENGINE}\n")
    print(
        table(
            [
                measured("short trainings", given.lanes, given.trials, epochs=20),
                measured("… each written by itself", given.lanes, min(given.trials, 2000), epochs=20, together=False),
                measured("chunks", given.lanes, given.long, epochs=500, chunks=given.chunks),
                measured("… not joined", given.lanes, given.long, epochs=500, chunks=given.chunks, joined=False),
                measured(
                    "… nor written together",
                    given.lanes,
                    min(given.long, 100),
                    epochs=500,
                    chunks=given.chunks,
                    together=False,
                    joined=False,
                ),
            ]
        )
    )


if __name__ == "__main__":
    main()
