"""The worker's end of a cluster: claims trials, gives batches of them to lanes on nodes, writes what they say.

One thread with one connection to the store serves all lanes, and writes what came meanwhile in one transaction: a
thousand lanes would else wait for each other's. It alone writes of what it gave; see `lanes.ledger`.
"""

from collections.abc import Iterable, Sequence

import msgspec

from lossterm.engine.cluster.giving_out import GivingOut
from lossterm.engine.cluster.messages import (
    FromBridge,
    Joined,
    LaneDown,
    Lost,
    NodeBeat,
    NodeDown,
    NodeLeaves,
    NodeUp,
    Part,
    Said,
    Shipped,
    ToBridge,
    heard,
)
from lossterm.engine.cluster.remote_lane import RemoteLane
from lossterm.engine.cluster.served import ClusterLost
from lossterm.engine.lanes.carriers import Carrier
from lossterm.engine.lanes.lane import LaneLost
from lossterm.engine.lanes.lane_client import POLL
from lossterm.engine.lanes.messages import (
    Beat,
    Bye,
    Curve,
    Ended,
    FromLane,
    Hello,
    Idle,
    Prepared,
    Saved,
)

LOADING_SECONDS = 60.0
"""How long after the last word of a lane that loads its worker waits for it; one with no core to spare says none."""

MOST_MESSAGES = 4096
"""Messages that are taken at once, at most: what came is written before more is read."""

PARTING_SECONDS = 5.0
"""How long lanes have to stop in good order when the worker leaves."""


class Dispatcher(GivingOut):
    """Serves the lanes of one connection to a cluster."""

    def serve(self, bridge: Carrier[ToBridge, FromBridge]) -> None:
        """Give lanes trials until it is to stop, and have them stop then. Raises ClusterLost and LaneLost."""
        self.attach(bridge)
        while not self._stop.is_set():
            self.turn(POLL)
        self._part()

    def attach(self, bridge: Carrier[ToBridge, FromBridge]) -> None:
        """Speak with a cluster by this bridge."""
        self._bridge = bridge

    def turn(self, seconds: float) -> None:
        """Take what came, waiting so long for the first of it, and give out what there is room for."""
        came = self._receive(seconds)
        writes = any(isinstance(message, Said | LaneDown | NodeDown | Shipped) for message in came)
        with self._transaction(needed=writes):
            self._take_all(came)
            self._look_after()
        self._stop_unwanted()
        self._fill()
        since = self._clock.look() - LOADING_SECONDS
        self._loading = any(lane.hello is None and lane.heard > since for lane in self.lanes.values())
        self.busy = tuple(given.row for lane in self.lanes.values() for given in lane.ledger.given.values())

    def _receive(self, seconds: float) -> list[FromBridge]:
        assert self._bridge is not None
        came: list[FromBridge] = []
        while len(came) < MOST_MESSAGES and (message := self._bridge.receive(0 if came else seconds)) is not None:
            came.append(message)
        now = self._clock.look()
        if came:
            self._heard = now
        elif now - self._heard > self._limits.silence:
            raise ClusterLost("The bridge to the cluster gave no sign of life.", final=False)
        return came

    def _part(self) -> None:
        """Stop what is trained, so that long trainings go on from where they are, and say goodbye."""
        until = self._clock.look() + PARTING_SECONDS
        for lane in self.lanes.values():
            for attempt, given in lane.ledger.given.items():
                self._cancel(lane, attempt, given)
        while any(lane.ledger.given for lane in self.lanes.values()) and self._clock.look() < until:
            came = self._receive(POLL)
            with self._transaction():
                self._take_all(came)
        self._send(Part())

    def _take_all(self, came: Sequence[FromBridge]) -> None:
        """Take messages in order, those of one lane joined where that loses nothing."""
        words: dict[int, list[FromLane]] = {}
        for message in came:
            if isinstance(message, Said):
                if lane := self.lanes.get(message.lane):
                    lane.began = True
                    lane.heard = self._clock.look()
                    words.setdefault(message.lane, []).extend(self._heard_from(message))
            else:
                if isinstance(message, LaneDown | NodeDown):
                    self._take_words(words)
                self._take(message)
        self._take_words(words)

    def _heard_from(self, said: Said) -> Iterable[FromLane]:
        try:
            return heard(said.words)
        except msgspec.MsgspecError:
            self._close(self.lanes[said.lane], "it said what is no message", died=False)
            return ()

    def _take_words(self, words: dict[int, list[FromLane]]) -> None:
        for number, messages in words.items():
            for message in self._join(messages):
                if (lane := self.lanes.get(number)) is not None:
                    self._take_word(lane, message)
        words.clear()

    def _take(self, message: FromBridge) -> None:
        if isinstance(message, NodeUp):
            self._meet_node(message)
        elif isinstance(message, NodeBeat):
            if node := self.nodes.get(message.node):
                node.beat = message
        elif isinstance(message, NodeLeaves):
            self._drain(message.node)
        elif isinstance(message, NodeDown):
            self._lose_node(message)
        elif isinstance(message, LaneDown):
            if lane := self.lanes.get(message.lane):
                self._close(lane, message.reason, died=message.died, tell=False)
        elif isinstance(message, Shipped):
            self._go_on(message)
        elif isinstance(message, Joined):
            self.joined = True
            self._on_joined()
        elif isinstance(message, Lost):
            raise ClusterLost(message.reason, final=message.final)

    def _take_word(self, lane: RemoteLane, message: FromLane) -> None:
        """Do what follows from what a lane says."""
        try:
            if isinstance(message, Curve):
                if recorded := lane.ledger.record(message):
                    self._hear_of_training(lane)
                    given, unwanted = recorded
                    if unwanted:
                        self._cancel(lane, message.attempt, given)
            elif isinstance(message, Ended):
                self._finish(lane, message)
            elif isinstance(message, Saved):
                lane.ledger.save(message)
            elif isinstance(message, Prepared):
                self._train_prepared(lane, message)
            elif isinstance(message, Idle):
                if message.compiled_bytes > self._limits.compiled:
                    lane.leaving = True  # another life finds its programs on the node's disk
            elif isinstance(message, Bye):
                self._part_from(lane, message)
            elif isinstance(message, Hello):
                self._meet(lane, message)
            elif isinstance(message, Beat):
                self._weigh(lane, message)
        except LaneLost:
            self._close(lane, "a part of what it said is missing", died=False)

    @property
    def loading(self) -> bool:
        """Whether a lane was started of late and has not said yet who it is: as of the last turn."""
        return self._loading

    def put_back(self) -> None:
        """Put back what lanes have that were lost with the bridge."""
        numbers = [number for lane in self.lanes.values() for number in lane.numbers]
        self.lanes.clear()
        self.nodes.clear()
        self.busy = ()
        if numbers:
            self._store.worker.requeue(self._device, died=False, trials=numbers)
