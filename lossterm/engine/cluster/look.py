"""A look at a cluster, as JSON: `python -m lossterm.engine.cluster.look --cluster ADDRESS`, for `lossterm cluster`.

It joins as a worker would, through a bridge, starts no lane and leaves.
"""

import argparse
import sys
import time
from collections.abc import Sequence

import msgspec

from lossterm.engine.cluster import hello
from lossterm.engine.cluster.messages import FromBridge, Joined, Lost, NodeBeat, NodeDown, NodeFacts, NodeUp, ToBridge
from lossterm.engine.cluster.on_cluster import RAY_BRIDGE, BridgeProcess
from lossterm.engine.lanes.carriers import Carrier
from lossterm.engine.lanes.lane import LaneLost
from lossterm.worker_control.cluster import Cluster, cluster_from

LOOK_SECONDS = 90.0
"""How long a look may take."""

BEAT_SECONDS = 3.0
"""How long nodes are waited for, once all are known, to say how busy they are."""


class NodeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A node, and what is to be done about it."""

    name: str
    """What a person calls it."""
    cores: int
    """Cores that it lends, each a lane."""
    cards: int
    """GPUs that it lends."""
    facts: NodeFacts | None
    """What it says of itself; None where it did not answer."""
    load: float | None
    """Processes that run or wait to run on it, over the last minute."""
    free: int | None
    """Bytes that are free on the disk of what it keeps."""
    problem: str = ""
    """Why it is given nothing and what to do, in sentences; "" where it is."""


class ClusterSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What a look found."""

    address: str
    """Address of the head, or what was asked for."""
    nodes: list[NodeSeen]
    """All of them."""
    problem: str = ""
    """Why the cluster is not used at all, and what to do, in sentences; "" where it is."""


def look(cluster: Cluster, bridge: Carrier[ToBridge, FromBridge], mine: NodeFacts) -> ClusterSeen:
    """Listen to a bridge until all nodes have said who they are."""
    up: dict[str, NodeUp] = {}
    beats: dict[str, NodeBeat] = {}
    failed: dict[str, NodeSeen] = {}
    address, problem, until = cluster.address, "", time.monotonic() + LOOK_SECONDS
    joined = False
    while time.monotonic() < until:
        try:
            message = bridge.receive(0.1)
        except LaneLost:
            problem = problem or f"The bridge to the cluster at {cluster.address} ended: is Ray sound in this Python?"
            break
        if isinstance(message, NodeUp):
            up[message.node] = message
            failed.pop(message.node, None)
        elif isinstance(message, NodeBeat):
            beats[message.node] = message
        elif isinstance(message, NodeDown):
            words = f"Node {message.name} does not answer: {message.reason}. Its Ray logs may tell why."
            up.pop(message.node, None)
            failed[message.node] = NodeSeen(
                name=message.name, cores=0, cards=0, facts=None, load=None, free=None, problem=words
            )
        elif isinstance(message, Joined):
            address, joined = message.address, True
            until = min(until, time.monotonic() + BEAT_SECONDS)
        elif isinstance(message, Lost):
            problem = message.reason
            break
    if not problem and not joined:
        problem = (
            f"The cluster at {address} did not say within {LOOK_SECONDS:g} s which nodes it has: see with `ray status` "
            "whether its head is well, and look again."
        )
    if not problem and not cluster.allow_open and hello.is_open([(one.loopback, one.facts) for one in up.values()]):
        problem = hello.OPEN_CLUSTER.format(address=address)
    nodes = [seen(one, beats.get(name), mine) for name, one in up.items()]
    return ClusterSeen(address=address, nodes=[*nodes, *failed.values()], problem=problem)


def seen(up: NodeUp, beat: NodeBeat | None, mine: NodeFacts) -> NodeSeen:
    """Return what is known of a node."""
    return NodeSeen(
        name=up.name,
        cores=up.cores,
        cards=up.cards,
        facts=up.facts,
        load=beat.load if beat else None,
        free=beat.free if beat else None,
        problem=hello.refusal(mine, up.facts, up.name),
    )


def main(command: Sequence[str] = RAY_BRIDGE) -> None:
    """Print what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cluster", type=cluster_from, required=True, help="its address")
    parser.add_argument("--allow-open-cluster", action="store_true", help="even if it lets in whoever reaches it")
    given = parser.parse_args()
    child = BridgeProcess(command, given.cluster)
    try:
        cluster = look(Cluster(given.cluster, given.allow_open_cluster), child.carrier, hello.facts())
    finally:
        child.end()
    sys.stdout.buffer.write(msgspec.json.encode(cluster) + b"\n")


if __name__ == "__main__":
    main()
