"""The bridge between a worker and a cluster: passes words on, watches the nodes, and decides nothing.

It is a process of its own, since what connects to a cluster ends its process when the cluster does, prints where it
likes, and unpickles what nodes send; the worker is spared all that.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, ParamSpec, Protocol

from lossterm.engine.cluster.messages import (
    CloseLane,
    FromBridge,
    Joined,
    LaneDown,
    Lost,
    NodeBeat,
    NodeDown,
    NodeFacts,
    NodeLeaves,
    NodeUp,
    OpenLane,
    Part,
    Pulse,
    Said,
    Ship,
    Shipped,
    Tell,
    ToBridge,
)
from lossterm.engine.lanes.carriers import Carrier
from lossterm.engine.lanes.lane import LaneLost
from lossterm.worker_control.awake_clock import AwakeClock

P = ParamSpec("P")

BEAT = 1.0
"""Seconds between two signs of life of a node and of the bridge, and between two looks at which nodes there are."""

SILENCE_SECONDS = 4.5
"""Time without a sign of life after which a node is gone: Ray itself takes a quarter of a minute to notice."""

LOST_SECONDS = 8.0
"""How long the head may not say which nodes there are before the cluster is lost: an answer may never come."""

JOIN_SECONDS = 20.0
"""How long the first nodes may take to say who they are before the others are used without them."""


class Seen(NamedTuple):
    """A node as the cluster lists it."""

    name: str
    """What a person calls it."""
    loopback: bool
    """Whether only this machine reaches it."""
    cores: int
    """Cores that it lends."""
    cards: int
    """GPUs that it lends."""
    leaves: bool = False
    """Whether it is about to leave."""


class Agent(Protocol):
    """What stands on a node and speaks for it, beside its lanes."""

    def facts(self) -> NodeFacts:
        """Return what the node says of itself."""

    def beats(self) -> Iterator[tuple[float, int]]:
        """Yield load and free bytes of disk, every second, as long as the node is there."""

    def ship(self, asked: Ship, files: dict[str, bytes]) -> str:
        """Have the node keep files; return why it could not, "" if it did."""


class LaneHandle(Protocol):
    """A lane on a node."""

    def words(self) -> Iterator[bytes]:
        """Yield what it says, packed, until it is over."""

    def tell(self, words: bytes) -> None:
        """Have it take words. Does not wait."""

    def end(self) -> None:
        """End it, whatever it does. Does not wait."""


class Side(Protocol):
    """What a cluster is made of: `ray_side.RaySide`, or threads in tests. What fails raises `ClusterError`."""

    @property
    def address(self) -> str:
        """Address of the cluster's head."""

    def nodes(self) -> dict[str, Seen]:
        """Return the nodes that are alive, by names that none has twice."""

    def agent(self, node: str) -> Agent:
        """Return what speaks for a node."""

    def open(self, asked: OpenLane) -> LaneHandle:
        """Start a lane. Does not wait for it."""


class ClusterError(Exception):
    """What failed in a cluster, in words without a full stop."""


class Watched:
    """A node that is watched."""

    def __init__(self, seen: Seen, now: float) -> None:
        self.seen = seen
        """As the cluster lists it."""
        self.heard, self.heard_at = now, 0.0
        """When it gave a sign of life, by a clock that stands while this process sleeps, and by one that does not."""
        self.up = False
        """Whether the worker was told that it is there."""
        self.facts: NodeFacts | None = None
        """What it said of itself; None before."""
        self.over = False
        """Whether nothing more is heard of it: its agent is gone."""
        self.agent: Agent | None = None
        """What speaks for it."""


class Bridge:
    """Passes on what the worker and the nodes say to each other, until one of them is gone."""

    def __init__(self, worker: Carrier[FromBridge, ToBridge], side: Side) -> None:
        self._worker, self._side = worker, side
        self._lock = threading.Lock()
        self._news = threading.Lock()  # held from a node's coming or going until the worker was told of it
        self._clock = AwakeClock()
        self._nodes: dict[str, Watched] = {}
        self._lanes: dict[int, tuple[str, LaneHandle | None]] = {}  # without a handle as long as they are opened
        self._over = threading.Event()
        self._listed: dict[str, Seen] | None = None  # the nodes as the cluster listed them last
        self._listed_at, self._failed = self._clock.look(), ""

    def run(self) -> None:
        """Serve until the worker parts or is gone, or the cluster is lost."""
        watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)
        watcher.start()
        try:
            while not self._over.is_set():
                if (message := self._worker.receive(BEAT)) is not None:
                    self._do(message)
        except LaneLost:
            pass
        finally:
            self._over.set()
            for lane in list(self._lanes):
                self._close(lane)
            watcher.join(2 * BEAT)

    def _do(self, message: ToBridge) -> None:
        if isinstance(message, Tell):
            _, handle = self._lanes.get(message.lane, ("", None))
            if handle:
                with suppress(ClusterError):  # whoever listens to it learns of that
                    handle.tell(message.words)
        elif isinstance(message, OpenLane):
            self._lanes[message.lane] = message.node, None
            self._begin(self._serve_lane, message)
        elif isinstance(message, CloseLane):
            self._close(message.lane)
        elif isinstance(message, Ship):
            self._begin(self._ship, message)
        elif isinstance(message, Part):
            self._over.set()

    def _begin(self, what: Callable[P, None], *given: P.args, **more: P.kwargs) -> None:
        threading.Thread(target=what, args=given, kwargs=more, daemon=True).start()

    def _say(self, message: FromBridge) -> None:
        with suppress(LaneLost):  # the reader learns of that
            self._worker.send(message)

    # Lanes

    def _serve_lane(self, asked: OpenLane) -> None:
        """Open a lane and pass on what it says until it ends."""
        died, reason = False, "the bridge could not serve it"
        try:
            if handle := self._opened(asked):
                for words in handle.words():
                    self._say(Said(lane=asked.lane, words=words))
            reason = "it is over"
        except ClusterError as error:
            died, reason = self._outlived(asked.node), str(error)
        finally:
            self._lanes.pop(asked.lane, None)
            self._say(LaneDown(lane=asked.lane, died=died, reason=reason))

    def _opened(self, asked: OpenLane) -> LaneHandle | None:
        """Open a lane; end it at once, and return None, where it was closed meanwhile."""
        handle = self._side.open(asked)
        with self._lock:
            if wanted := asked.lane in self._lanes:
                self._lanes[asked.lane] = asked.node, handle
        if wanted:
            return handle
        handle.end()
        return None

    def _outlived(self, node: str) -> bool:
        """Whether a node goes on living after a lane of it has died: else the lane died with it."""
        since = time.monotonic()
        while time.monotonic() - since < SILENCE_SECONDS and not self._over.is_set():
            watched = self._nodes.get(node)
            if watched is None or watched.over:
                return False
            if watched.heard_at > since + BEAT / 2:
                return True
            self._over.wait(BEAT / 5)
        return False

    def _close(self, lane: int) -> None:
        with self._lock:
            _, handle = self._lanes.pop(lane, ("", None))
        if handle:
            with suppress(ClusterError):
                handle.end()

    # Nodes

    def _watch(self) -> None:
        """Look which nodes there are and which of them live, until there is nobody to tell."""
        self._begin(self._list)
        began, joined = time.monotonic(), False
        while not self._over.is_set():
            with self._lock:
                there, failed, quiet = self._listed, self._failed, self._clock.look() - self._listed_at
            if failed or quiet > LOST_SECONDS:
                reason = failed or f"its head did not answer for {LOST_SECONDS:g} s"
                self._say(Lost(reason=f"The cluster at {self._side.address} is lost: {reason}.", final=False))
                self._over.set()
                return
            if there is not None:
                self._look_at(there)
                waits = any(not one.up and not one.over for one in self._nodes.values())
                if not joined and (not waits or time.monotonic() - began > JOIN_SECONDS):
                    joined = True
                    self._say(Joined(address=self._side.address))
            self._say(Pulse())
            self._over.wait(BEAT / 2)

    def _list(self) -> None:
        """Ask which nodes there are, again and again."""
        while not self._over.is_set():
            try:
                there = self._side.nodes()
            except ClusterError as error:
                self._failed = str(error)
                return
            with self._lock:
                self._listed, self._listed_at = there, self._clock.look()
            self._over.wait(BEAT / 2)

    def _look_at(self, there: dict[str, Seen]) -> None:
        with self._lock:
            now = self._clock.look()
        for node, seen in there.items():
            if node not in self._nodes:
                self._nodes[node] = Watched(seen, now)
                self._begin(self._serve_node, node, self._nodes[node])
            elif seen.leaves and not self._nodes[node].seen.leaves:
                self._nodes[node].seen = seen
                self._say(NodeLeaves(node=node))
        for node, watched in list(self._nodes.items()):
            if node not in there:
                del self._nodes[node]
                self._lose(node, watched, "it has left the cluster")
            elif watched.up and now - watched.heard > SILENCE_SECONDS:
                self._lose(node, watched, f"there was no sign of life for {SILENCE_SECONDS:g} s")

    def _lose(self, node: str, watched: Watched, reason: str) -> None:
        """Say that a node is gone, and close its lanes. One that is heard again is up again, but not before."""
        with self._news:
            if watched.up:
                watched.up = False
                self._say(NodeDown(node=node, name=watched.seen.name, reason=reason))
            for lane, (on, _) in list(self._lanes.items()):
                if on == node:
                    self._close(lane)

    def _serve_node(self, node: str, watched: Watched) -> None:
        """Ask a node who it is, and listen to its signs of life as long as there are any."""
        reason = "the bridge could not listen to it"
        try:
            agent = watched.agent = self._side.agent(node)
            watched.facts = agent.facts()
            for load, free in agent.beats():
                self._hear(node, watched)
                self._say(NodeBeat(node=node, load=load, free=free))
            reason = "it says nothing more"
        except ClusterError as error:
            reason = str(error)
        finally:
            watched.over = True
            if watched.facts is None:
                self._say(NodeDown(node=node, name=watched.seen.name, reason=reason))
            else:
                self._lose(node, watched, reason)

    def _hear(self, node: str, watched: Watched) -> None:
        with self._lock:
            watched.heard, watched.heard_at = self._clock.look(), time.monotonic()
        with self._news:
            if watched.up or watched.facts is None or self._nodes.get(node) is not watched:
                return
            watched.up, seen = True, watched.seen
            self._say(
                NodeUp(
                    node=node,
                    name=seen.name,
                    loopback=seen.loopback,
                    cores=seen.cores,
                    cards=seen.cards,
                    facts=watched.facts,
                )
            )

    def _ship(self, asked: Ship) -> None:
        """Bring a table or code to a node, and say whether it was kept."""
        watched, place = self._nodes.get(asked.node), Path(asked.place)
        if watched is None or watched.agent is None:
            return
        try:
            files = [place] if asked.what == "code" else sorted(place.iterdir())
            error = watched.agent.ship(asked, {file.name: file.read_bytes() for file in files})
        except (OSError, ClusterError) as failed:
            error = f"{place.name} could not be sent: {failed}."
        self._say(Shipped(node=asked.node, name=asked.name, error=error))
