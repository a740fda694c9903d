"""A Ray cluster behind a bridge: `python -m lossterm.engine.cluster.ray_side`. The one file that imports Ray.

Lanes are actors that live long: Ray starts none of them again and repeats no call, since the worker knows better what
is lost. They must find lossterm on their nodes, installed: no code of it is sent there.
"""

import argparse
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing goes to anybody; read when Ray is imported, as the next
os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # a cluster that was lost is not joined by itself
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from lossterm.engine.cluster import bridge
from lossterm.engine.cluster.bridge import Agent, Bridge, ClusterError, LaneHandle, Seen
from lossterm.engine.cluster.messages import FromBridge, Lost, NodeFacts, OpenLane, Ship, ToBridge
from lossterm.engine.cluster.node_agent import NodeAgent
from lossterm.engine.cluster.node_lane import NodeLane, load_engine
from lossterm.engine.contract import DeviceKind
from lossterm.engine.lanes.carriers import Socket
from lossterm.engine.lanes.child import LaneLoader, end_with
from lossterm.engine.lanes.lane import LaneLost
from lossterm.worker_control.cluster import is_loopback

CLIENT = "ray://"
"""How the address of a client server begins: over one there are no streams, and lanes are asked again and again."""

CONNECT_SECONDS = 60.0
"""How long a cluster may take to answer at all."""

FACTS_SECONDS = 60.0
"""How long a node may take to start a first process."""

LISTEN_SECONDS = 1.0
"""How long a lane that has nothing to say is listened to before it is asked again."""

NOT_INSTALLED = "No module named 'lossterm'"
"""What Ray says of an actor on a node without lossterm, among much else."""

GROUPS = {"words": 1, "tell": 1, "ship": 1}
"""Threads of an actor: calls of one group keep their order, and none waits for those of another."""


class AgentActor(NodeAgent):
    """What speaks for a node, as an actor."""

    def __init__(self) -> None:
        super().__init__(authenticated=wants_token())

    @ray.method(concurrency_group="words")  # type: ignore[untyped-decorator]  # Ray's decorators are not typed
    def beats(self) -> Iterator[tuple[float, int]]:
        """Yield load and free bytes of disk, every second."""
        yield self.beat()
        while True:
            yield self.beat_later(bridge.BEAT)

    @ray.method(concurrency_group="ship")  # type: ignore[untyped-decorator]  # the same
    def ship(self, what: str, name: str, digest: str, files: dict[str, bytes]) -> str:
        """Keep a table or code."""
        return super().ship(what, name, digest, files)


class LaneActor:
    """A lane, as an actor."""

    def __init__(self, kind: DeviceKind, keep: bool, memory: int | None, load: LaneLoader | None = None) -> None:
        self._lane = NodeLane(load or load_engine(kind, keep=keep), memory)

    @ray.method(concurrency_group="words")  # type: ignore[untyped-decorator]  # the same
    def words(self) -> Iterator[bytes]:
        """Yield what it says until it is over."""
        while not self._lane.finished:
            yield self._lane.words(LISTEN_SECONDS)

    @ray.method(concurrency_group="words")  # type: ignore[untyped-decorator]  # the same
    def listen(self) -> tuple[bytes, bool]:
        """Return what it has said, and whether it is over."""
        said = self._lane.words(LISTEN_SECONDS)
        return said, self._lane.finished

    @ray.method(concurrency_group="tell")  # type: ignore[untyped-decorator]  # the same
    def tell(self, words: bytes) -> None:
        """Take what the worker says."""
        self._lane.tell(words)


def wants_token() -> bool:
    """Whether the cluster that this process is of wants a token of whoever connects."""
    from ray._raylet import AuthenticationMode, get_authentication_mode  # type: ignore[attr-defined]  # compiled

    return bool(get_authentication_mode() != AuthenticationMode.DISABLED)


@contextmanager
def failures_told() -> Iterator[None]:
    """Raise ClusterError for what fails in Ray."""
    try:
        yield
    except (RayError, RuntimeError, OSError, ValueError) as error:
        raise ClusterError(brief(error)) from error


def actor(of: type, node: str, **resources: float) -> Any:
    """Return a class whose objects are actors on a node, never started again by Ray."""
    made = ray.remote(concurrency_groups=GROUPS, max_restarts=0, max_task_retries=0, **resources)(of)
    return made.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False))


class RaySide:
    """A cluster to which this process is connected."""

    def __init__(self, address: str, load: Callable[[OpenLane], LaneLoader] | None = None) -> None:
        """Connect. `load` says what lanes load instead of TensorFlow, as tests want. Raises ClusterError."""
        self._streams, self._load = not address.startswith(CLIENT), load
        self._sent: dict[str, Any] = {}  # references to what nodes are to keep, by name
        failed: list[BaseException] = []

        def connect() -> None:
            try:
                ray.init(address, log_to_driver=False, logging_level="ERROR", namespace="lossterm")
            except BaseException as error:  # whatever it is, it is told below
                failed.append(error)

        connecting = threading.Thread(target=connect, daemon=True)
        connecting.start()
        connecting.join(CONNECT_SECONDS)
        if connecting.is_alive():
            raise ClusterError(f"it does not answer within {CONNECT_SECONDS:g} s")
        if failed:
            raise ClusterError(brief(failed[0]))
        self._head = address if address != "auto" else str(ray.get_runtime_context().gcs_address)

    @property
    def address(self) -> str:
        """Address of the cluster's head."""
        return self._head

    def nodes(self) -> dict[str, Seen]:
        """Return the nodes that are alive and lend something, or could."""
        with failures_told():
            listed, leaving = ray.nodes(), self._leaving()
        head = is_loopback(self._head.removeprefix(CLIENT).rpartition(":")[0])
        hosts = [one["NodeManagerHostname"] for one in listed if one["Alive"]]
        return {
            one["NodeID"]: Seen(
                name=named(one, alone=hosts.count(one["NodeManagerHostname"]) == 1),
                loopback=head and is_loopback(one["NodeManagerAddress"]),
                cores=int(one["Resources"].get("CPU", 0)),
                cards=int(one["Resources"].get("GPU", 0)),
                leaves=one["NodeID"] in leaving,
            )
            for one in listed
            if one["Alive"]
        }

    def _leaving(self) -> set[str]:
        """Return the nodes that are drained: the cluster's scaler, or a person by `ray drain-node`, takes them."""
        if not self._streams:
            return set()
        client = ray._private.worker.global_worker.gcs_client
        return {node.hex() if isinstance(node, bytes) else str(node) for node in client.get_draining_nodes()}

    def agent(self, node: str) -> Agent:
        """Start what speaks for a node."""
        with failures_told():
            return RayAgent(actor(AgentActor, node, num_cpus=0).remote(), self)

    def open(self, asked: OpenLane) -> LaneHandle:
        """Start a lane."""
        resources = {"num_cpus": 1} if asked.kind == "CPU" else {"num_cpus": 0, "num_gpus": 1}
        load = self._load(asked) if self._load else None
        with failures_told():
            made = actor(LaneActor, asked.node, **resources)
            return RayLane(made.remote(asked.kind, asked.keep, asked.memory, load), streams=self._streams)

    @property
    def streams(self) -> bool:
        """Whether this cluster has streams."""
        return self._streams

    def sent(self, name: str, files: dict[str, bytes]) -> Any:
        """Return a reference to files, put into the cluster once for all nodes."""
        if name not in self._sent:
            self._sent[name] = ray.put(files)
        return self._sent[name]


class RayAgent:
    """What speaks for a node."""

    def __init__(self, there: Any, side: RaySide) -> None:
        self._there, self._side = there, side

    def facts(self) -> NodeFacts:
        """Return what the node says of itself; where it lacks lossterm, that. Raises ClusterError."""
        with failures_told():
            try:
                said: NodeFacts = ray.get(self._there.facts.remote(), timeout=FACTS_SECONDS)
            except (RayError, RuntimeError) as error:
                if NOT_INSTALLED in str(error):
                    return NodeFacts(lossterm="")
                raise
        return said

    def beats(self) -> Iterator[tuple[float, int]]:
        """Yield load and free bytes of disk, as long as the node is there."""
        with failures_told():
            if self._side.streams:
                for one in self._there.beats.options(num_returns="streaming").remote():
                    yield ray.get(one)
            while True:
                yield ray.get(self._there.beat_later.remote(bridge.BEAT))

    def ship(self, asked: Ship, files: dict[str, bytes]) -> str:
        """Have the node keep files."""
        with failures_told():
            files_there = self._side.sent(asked.name, files)
            answer: str = ray.get(self._there.ship.remote(asked.what, asked.name, asked.digest, files_there))
        return answer


class RayLane:
    """A lane on a node."""

    def __init__(self, there: Any, *, streams: bool) -> None:
        self._there, self._streams = there, streams

    def words(self) -> Iterator[bytes]:
        """Yield what it says until it is over."""
        with failures_told():
            if self._streams:
                for one in self._there.words.options(num_returns="streaming").remote():
                    yield ray.get(one)
                return
            over = False
            while not over:
                said, over = ray.get(self._there.listen.remote())
                yield said

    def tell(self, words: bytes) -> None:
        """Have it take words."""
        with failures_told():
            self._there.tell.remote(words)

    def end(self) -> None:
        """End it, whatever it does."""
        with suppress(RayError, RuntimeError, ValueError):  # it is gone already
            ray.kill(self._there, no_restart=True)


def named(node: dict[str, Any], *, alone: bool) -> str:
    """Return what a person calls a node: its host, with the beginning of its number where it is not alone there."""
    host = str(node["NodeManagerHostname"])
    return host if alone else f"{host}#{node['NodeID'][:4]}"


MOST_WORDS = 300


def brief(error: BaseException) -> str:
    """Say what Ray says in pages, as words without a full stop."""
    text = str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if "Version mismatch" in text:
        return " ".join(lines)[:MOST_WORDS]
    said = next((line for line in lines if line.startswith("The actor")), lines[0] if lines else type(error).__name__)
    return f"{said[:MOST_WORDS].rstrip('.')}"


def main(load: Callable[[OpenLane], LaneLoader] | None = None) -> None:
    """Be the bridge, on the socket that the command line names. Leaves the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", type=int, required=True, help="the descriptor of a socket to the worker")
    parser.add_argument("--parent", type=int, required=True, help="the worker's process")
    parser.add_argument("--address", required=True, help="auto, HOST:PORT or ray://HOST:PORT")
    given = parser.parse_args()
    end_with(given.parent)
    worker: Socket[FromBridge, ToBridge] = Socket(socket.socket(fileno=given.socket), ToBridge)
    try:
        Bridge(worker, RaySide(given.address, load)).run()
    except ClusterError as error:
        with suppress(LaneLost):
            worker.send(Lost(reason=not_joined(given.address, str(error)), final=False))
    os._exit(0)  # threads that wait for nodes go with it, and Ray ends what is this process's


def not_joined(address: str, why: str) -> str:
    """Say why a cluster could not be joined, and what to do."""
    if "mismatch" in why.lower():
        return f"The cluster at {address} has another Ray or Python, to the patch: {why}. Install the same on both."
    if address == "auto":
        return f"No Ray cluster was joined on this machine: {why}. Start one with `ray start --head`. {TOKEN}"
    if address.startswith(CLIENT):
        return f"The cluster at {address} could not be joined: {why}. Is that its client server's port? {TOKEN}"
    return (
        f"The cluster at {address} could not be joined: {why}. This machine must be one of its nodes (`ray start "
        f"--address {address} --num-cpus 0`); from one that is not, give ray://HOST:10001. {TOKEN}"
    )


TOKEN = "One that wants a token needs RAY_AUTH_MODE=token and that token here too."
"""What else to say where a cluster could not be joined: it does not tell why it keeps silent."""


if __name__ == "__main__":
    main()
