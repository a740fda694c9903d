"""Where lanes of the tests run: in a thread, in a process, and beyond a carrier that loses things."""

import random
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from lossterm.engine.cluster.bridge import Bridge
from lossterm.engine.cluster.dispatcher import Dispatcher
from lossterm.engine.cluster.messages import FromBridge, ToBridge
from lossterm.engine.cluster.on_cluster import OnCluster
from lossterm.engine.contract import Engine
from lossterm.engine.fakes.fake_cluster import FakeNode, FakeSide
from lossterm.engine.fakes.fake_engine import FakeTrainer, fake_environment
from lossterm.engine.lanes.carriers import Socket
from lossterm.engine.lanes.lane import Lane, LaneLost
from lossterm.engine.lanes.lane_client import Limits
from lossterm.engine.lanes.messages import Cancel
from lossterm.engine.worker.board import Board
from lossterm.engine.worker.training_process import InProcess, LaneCommand
from lossterm.engine.worker.training_thread import InThread, MakeClient, Place, TrainingThread
from lossterm.store import Store
from lossterm.worker_control.cluster import Cluster
from tests.builders.ray_cluster import FAKE_BRIDGE, shared_cluster
from tests.lanes.delivery import Delivered, Numbered

LANE = (sys.executable, str(Path(__file__).with_name("troubled_lane.py")))
"""The command of a lane's process with the fake engine; what it is in trouble with, its environment says."""

LIMITS = Limits(silence=20, hang=60, memory=None, compiled=2**40)
DEVICE = "auto"
CLUSTER = Cluster("127.0.0.1:6379")


class Lossy:
    """A carrier that drops a message in ten, sends one in ten twice, and holds one in ten back until after the next."""

    def __init__(self, carrier: Socket[Any, Any], seed: int) -> None:
        self._carrier, self._luck = carrier, random.Random(seed)
        self._lock = threading.Lock()
        self._held: list[Any] = []

    def send(self, message: Any) -> None:
        """Send it, or not quite."""
        with self._lock:
            luck = self._luck.random()
            if luck < 0.1:
                return
            if luck < 0.2:
                self._held.append(message)
                return
            for one in (message, *([message] if luck < 0.3 else []), *self._held):
                self._carrier.send(one)
            self._held.clear()

    def receive(self, seconds: float) -> Any:
        """Return what arrives."""
        return self._carrier.receive(seconds)

    def close(self) -> None:
        """Close it."""
        self._carrier.close()


class Beyond:
    """A lane in a thread of its own, beyond a lossy carrier: as if it were on another machine."""

    def __init__(self, make: Callable[[], Engine] = FakeTrainer, seed: int = 0) -> None:
        self._make, self._seed = make, seed

    def serve(self, store: Store, make: MakeClient) -> None:
        """Train until told to stop."""
        ours, its = socket.socketpair()
        lane = threading.Thread(target=self._train, args=(Delivered(Lossy(Socket(its, Numbered), self._seed), 0.02),))
        lane.start()
        client = make(None)
        try:
            client.serve(Delivered(Lossy(Socket(ours, Numbered), self._seed + 1), 0.02))
        finally:
            ours.close()
            lane.join()
        assert client.numbers == ()

    def _train(self, carrier: Any) -> None:
        asked: list[Any] = []
        over = threading.Event()
        lane = Lane(self._make(), carrier.send)

        def read() -> None:
            try:
                while True:
                    message = carrier.receive(0.01)
                    if isinstance(message, Cancel):
                        lane.take(message)
                    elif message is not None:
                        asked.append(message)
            except LaneLost:
                over.set()

        reader = threading.Thread(target=read)
        reader.start()
        with suppress(LaneLost):
            lane.begin(fake_environment("CPU"))
            while not over.is_set():
                while asked:
                    lane.take(asked.pop(0))
                over.wait(0.005)
        reader.join()
        carrier.close()


class Nodes:
    """Lanes on a node of a cluster whose nodes are threads, behind the bridge and the dispatcher of a worker."""

    def __init__(
        self, stop: threading.Event, limits: Limits, side: FakeSide | None = None, cluster: Cluster | None = None
    ) -> None:
        self.side, self._cluster = side or FakeSide({"node": FakeNode("node", 1)}), cluster or CLUSTER
        self.failed: list[BaseException] = []
        self._stop, self._limits = stop, limits
        self.dispatcher: Dispatcher | None = None

    def serve(self, store: Store, make: MakeClient) -> None:
        """Train until told to stop."""
        ours, its = socket.socketpair()
        bridge = threading.Thread(target=Bridge(Socket(its, ToBridge), self.side).run)
        bridge.start()
        self.dispatcher = Dispatcher(store, DEVICE, self._cluster, self._stop, self._limits)
        try:
            self.dispatcher.serve(Socket(ours, FromBridge))
        finally:
            self.dispatcher.put_back()
            ours.close()
            bridge.join()
            its.close()
            self.side.end()


class Serving:
    """A worker's thread that serves a lane, and what it shares with others."""

    def __init__(self, store: Store, kind: str, device: str = DEVICE, limits: Limits = LIMITS) -> None:
        self.board, self.stop = Board(), threading.Event()
        self.place = self._place(kind, device, limits)
        self.thread = TrainingThread(0, store.path, device, self.place, self.board, self.stop)

    def _place(self, kind: str, device: str, limits: Limits) -> Place:
        if kind == "thread":
            return InThread(FakeTrainer(), fake_environment("CPU"), self.stop)
        if kind == "process":
            return InProcess(LaneCommand(label="card 0", command=LANE), 0, device, self.board, self.stop, limits)
        if kind == "cluster":
            return Nodes(self.stop, limits)
        if kind == "ray":
            return OnCluster(CLUSTER._replace(address=shared_cluster().address), device, self.stop, limits, FAKE_BRIDGE)
        return Beyond()

    @property
    def busy(self) -> bool:
        """Whether it trains something."""
        place = self.place
        if isinstance(place, Nodes):
            return place.dispatcher is not None and place.dispatcher.busy != ()
        return place.busy != () if isinstance(place, OnCluster) else self.board.busy() != []


@contextmanager
def serving(store: Store, kind: str, **more: Any) -> Iterator[Serving]:
    """Have a lane train what is queued in a store until the block is left."""
    one = Serving(store, kind, **more)
    one.thread.start()
    try:
        yield one
    finally:
        one.stop.set()
        one.thread.join(20)
        assert not one.thread.is_alive()
        assert (one.thread.broken, one.thread.refused) == (False, None)


KINDS = ("thread", "process", "lossy", "cluster", pytest.param("ray", marks=pytest.mark.slow))
"""The carriers that one set of tests is run over."""
