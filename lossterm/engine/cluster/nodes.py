"""The nodes of a dispatcher: takes them on or refuses them, and gives up what they had when they go."""

from lossterm.engine.cluster import hello
from lossterm.engine.cluster.lanes import Lanes
from lossterm.engine.cluster.messages import (
    NodeDown,
    NodeUp,
)
from lossterm.engine.cluster.remote_lane import Slot
from lossterm.engine.cluster.served import ClusterLost, Node
from lossterm.engine.contract import DeviceKind


class Nodes(Lanes):
    """The nodes of one connection to a cluster, and their lanes."""

    def _meet_node(self, up: NodeUp) -> None:
        """Take a node on, unless it would train to other numbers. Raises ClusterLost for an open cluster."""
        if not self._cluster.allow_open and hello.is_open([(up.loopback, up.facts)]):
            raise ClusterLost(hello.OPEN_CLUSTER.format(address=self._cluster.address), final=True)
        if up.node in self.nodes:
            self._lose_node(NodeDown(node=up.node, name=up.name, reason="it joined anew"))
        node = self.nodes[up.node] = Node(up)
        node.refused = hello.refusal(self._mine, up.facts, up.name)
        if node.refused:
            print(node.refused, flush=True)
            return
        kind: DeviceKind = "GPU" if self._device.startswith("gpu") else "CPU"
        node.slots = [Slot(up.node, kind) for _ in range(up.cards if kind == "GPU" else up.cores)]
        print(f"Node {up.name} joined with {len(node.slots)} lanes.", flush=True)

    def _drain(self, name: str) -> None:
        """Give a node nothing more: what it has is trained to its end, if there is time."""
        node = self.nodes.get(name)
        if node and not node.leaves:
            node.leaves = True
            print(f"Node {node.up.name} leaves: it is given nothing more.", flush=True)
            for slot in node.slots:
                if slot.lane:
                    slot.lane.leaving = True

    def _lose_node(self, down: NodeDown) -> None:
        node = self.nodes.pop(down.node, None)
        print(f"Node {down.name} is gone: {down.reason}.", flush=True)
        for slot in node.slots if node else ():
            if slot.lane:
                self._close(slot.lane, down.reason, died=False)

    def lanes_by_node(self) -> dict[str, int]:
        """Return how many lanes each node has, by the name that a person knows."""
        counts: dict[str, int] = {}
        for node in list(self.nodes.values()):
            if there := sum(1 for slot in node.slots if slot.lane and slot.lane.hello):
                counts[node.up.name] = counts.get(node.up.name, 0) + there
        return counts

    def cores_here(self) -> int:
        """Return how many cores of this machine are lent to the cluster."""
        there = list(self.nodes.values())  # other threads ask, while nodes come and go
        return sum(len(node.slots) for node in there if node.up.facts.machine == self._mine.machine)

    @property
    def troubles(self) -> list[str]:
        """What is wrong with nodes and their lanes, in sentences."""
        there = list(self.nodes.values())  # other threads ask, while nodes come and go
        of_nodes = [node.refused for node in there if node.refused]
        return [*of_nodes, *(slot.trouble for node in there for slot in node.slots if slot.trouble)]
