"""A bridge to nodes that are threads of one process, with the fake engine: no Ray, no TensorFlow, nothing leaves here.

`python -m lossterm.engine.fakes.fake_cluster` is the bridge of a fake worker. LOSSTERM_FAKE_NODES says how many nodes
there are and how many cores each has, as `2x1`.
"""

import argparse
import os
import socket
import threading
from collections.abc import Callable, Iterator

from lossterm.engine.cluster import bridge, hello
from lossterm.engine.cluster.bridge import Agent, Bridge, ClusterError, LaneHandle, Seen
from lossterm.engine.cluster.messages import FromBridge, NodeFacts, OpenLane, Ship, ToBridge
from lossterm.engine.cluster.node_lane import NodeLane
from lossterm.engine.contract import Engine
from lossterm.engine.fakes.fake_engine import FakeTrainer, fake_environment
from lossterm.engine.lanes.carriers import Socket
from lossterm.engine.lanes.child import end_with


class FakeNode:
    """A node: what it says of itself, and whether it is heard."""

    def __init__(self, name: str, cores: int, facts: NodeFacts | None = None) -> None:
        self.seen = Seen(name=name, loopback=True, cores=cores, cards=0)
        """As the cluster lists it."""
        self.said = facts or hello.facts()
        """What it says of itself."""
        self.silent = threading.Event()
        """Set while nothing that it says arrives."""
        self.gone = False
        """Whether it has died."""
        self.refuses = ""
        """Why it keeps nothing that is shipped to it."""
        self.kept: list[Ship] = []
        """What was shipped to it."""

    def facts(self) -> NodeFacts:
        """Return what it says of itself."""
        return self.said

    def beats(self) -> Iterator[tuple[float, int]]:
        """Yield signs of life, until it is gone."""
        while not self.gone:
            if not self.silent.is_set():
                yield 0.5, 2**40
            threading.Event().wait(bridge.BEAT / 2)
        raise ClusterError("its process died")

    def ship(self, asked: Ship, files: dict[str, bytes]) -> str:
        """Keep nothing, and say so."""
        self.kept.append(asked)
        return self.refuses


class FakeLane:
    """A lane of a node."""

    def __init__(self, node: FakeNode, make: Callable[[], Engine]) -> None:
        self._node, self._ended, self.killed = node, False, False
        self._lane = NodeLane(lambda _: (make(), fake_environment("CPU")), crash=self._crash)

    def words(self) -> Iterator[bytes]:
        """Yield what it says; what a silent node says comes later."""
        while not self._lane.finished and not self._ended:
            if self.killed or self._node.gone:
                raise ClusterError("its process died")
            if self._node.silent.is_set():
                threading.Event().wait(bridge.BEAT / 4)
            else:
                yield self._lane.words(bridge.BEAT / 2)

    def tell(self, words: bytes) -> None:
        """Have it take words."""
        self._lane.tell(words)

    def end(self) -> None:
        """Listen to it no more: a thread cannot be ended, and leaves when it sees that."""
        self._ended = True
        self._lane.leave()

    def _crash(self) -> None:
        """Fail as the process of a lane does: it is a thread beside others."""
        self.killed = True


class FakeSide:
    """A cluster of threads."""

    def __init__(self, nodes: dict[str, FakeNode], make: Callable[[], Engine] = FakeTrainer) -> None:
        self.members, self._make = nodes, make
        """The nodes by name, which tests change."""
        self.lanes: list[FakeLane] = []
        """All lanes that were ever opened."""
        self.lost = ""
        """Why it is lost, "" while it is not."""
        self.address = "127.0.0.1:6379"
        """Address of its head."""

    def nodes(self) -> dict[str, Seen]:
        """Return the nodes."""
        if self.lost:
            raise ClusterError(self.lost)
        return {name: node.seen for name, node in self.members.items()}

    def agent(self, node: str) -> Agent:
        """Return the node, which speaks for itself."""
        return self.members[node]

    def open(self, asked: OpenLane) -> LaneHandle:
        """Start a lane."""
        lane = FakeLane(self.members[asked.node], self._make)
        self.lanes.append(lane)
        return lane

    def end(self) -> None:
        """End all that runs in it."""
        for node in self.members.values():
            node.gone = True
        for lane in self.lanes:
            lane.end()


def main() -> None:
    """Be the bridge, on the socket that the command line names. Leaves the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", type=int, required=True, help="the descriptor of a socket to the worker")
    parser.add_argument("--parent", type=int, required=True, help="the worker's process")
    parser.add_argument("--address", required=True, help="is not looked at")
    given = parser.parse_args()
    end_with(given.parent)
    worker: Socket[FromBridge, ToBridge] = Socket(socket.socket(fileno=given.socket), ToBridge)
    count, _, cores = os.environ.get("LOSSTERM_FAKE_NODES", "2x1").partition("x")
    facts = hello.facts()
    nodes = {f"node-{number}": FakeNode(f"node-{number}", int(cores), facts) for number in range(1, int(count) + 1)}
    Bridge(worker, FakeSide(nodes)).run()
    os._exit(0)


if __name__ == "__main__":
    main()
