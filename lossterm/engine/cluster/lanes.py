"""The lanes of a dispatcher: opens and closes them, does what follows from what they say, and stops what they train."""

import itertools
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from lossterm import __version__
from lossterm.comparison.comparison import ENGINE
from lossterm.engine.cluster import hello
from lossterm.engine.cluster.messages import (
    CloseLane,
    FromBridge,
    NodeFacts,
    OpenLane,
    Tell,
    ToBridge,
    packed,
)
from lossterm.engine.cluster.remote_lane import RemoteLane, Slot, coalesced
from lossterm.engine.cluster.served import Node, Queue
from lossterm.engine.contract import DeviceKind
from lossterm.engine.lanes.carriers import Carrier
from lossterm.engine.lanes.lane_client import Limits, too_much
from lossterm.engine.lanes.ledger import Given
from lossterm.engine.lanes.messages import (
    VERSION,
    Beat,
    Bye,
    Cancel,
    Ended,
    FromLane,
    Hello,
    ToLane,
)
from lossterm.engine.worker import health
from lossterm.store import Store, TrialRow
from lossterm.text.numbers import memory_size
from lossterm.worker_control.awake_clock import AwakeClock
from lossterm.worker_control.cluster import Cluster

if TYPE_CHECKING:
    from lossterm.engine.cluster.shipping import Need

MOST_VAIN = 6
"""Lives of lanes in one place, in a row, that ended no trial, after which the place is used no more."""

PAUSE = 0.5
"""Seconds before the next life of a lane after one that could not train; twice as many after each further one."""


class Lanes:
    """The lanes of one connection to a cluster."""

    def __init__(
        self,
        store: Store,
        device: str,
        cluster: Cluster,
        stop: threading.Event,
        limits: Limits,
        *,
        elsewhere: Callable[[], bool] = lambda: False,
        on_joined: Callable[[], None] = lambda: None,
        mine: NodeFacts | None = None,
        join: Callable[[Sequence[FromLane]], Sequence[FromLane]] = coalesced,
        together: bool = True,
    ) -> None:
        """`elsewhere` says whether there are lanes beside those of the cluster; `mine` is what this machine is.

        `on_joined` is called once the nodes are known that were there from the beginning. What a lane said goes through
        `join` before it is written, all that came in a turn `together` in one transaction: benchmarks do without.
        """
        self._store, self._device, self._cluster, self._stop, self._limits = store, device, cluster, stop, limits
        self._on_joined, self._join, self._together = on_joined, join, together
        self._others, self._mine = elsewhere, mine or hello.facts()
        self._clock = AwakeClock()
        self._bridge: Carrier[ToBridge, FromBridge] | None = None
        self._heard = self._clock.look()
        self._numbers = itertools.count(1)
        self.nodes: dict[str, Node] = {}
        """The nodes that are there, by their names in the cluster."""
        self.lanes: dict[int, RemoteLane] = {}
        """The lanes that are there, by number."""
        self._loading = True
        self.joined = False
        """Whether the nodes are known that were there from the beginning."""
        self.busy: tuple[TrialRow, ...] = ()
        """What is trained now: as of the last turn, for other threads."""
        self.ended = 0
        """Trials that were trained."""
        self.environment: dict[str, str] | None = None
        """What the first lane has said of its versions and its device."""
        self._widths: dict[tuple[DeviceKind, str], int] = {}
        self._pace: dict[str, float] = {}  # seconds an epoch of one training
        self._lengths: dict[str, int] = {}  # epochs of a program's last training
        self._queue = Queue()
        self._needs: dict[str, tuple[Need, ...]] = {}  # by trial's program and table
        self._barred: dict[str, float] = {}  # programs that no node may train, and until when that holds
        self._version = -1  # the store's, when it was looked at last
        self._nothing: int | None = None  # the same, with nothing queued that a lane could take

    def _transaction(self, *, needed: bool = True) -> AbstractContextManager[None]:
        """Have all that is written within be one transaction, if any is needed."""
        return self._store.worker.together() if needed and self._together else nullcontext()

    def _open(self, slot: Slot) -> None:
        lane = slot.lane = RemoteLane(next(self._numbers), slot, self._store, self._clock.look())
        self.lanes[lane.number] = lane
        memory = self._limits.memory
        self._send(OpenLane(lane=lane.number, node=slot.node, kind=slot.kind, keep=slot.keep, memory=memory))

    def _close(self, lane: RemoteLane, reason: str, *, died: bool, tell: bool = True) -> None:
        """End a lane, put back what it had, and see when its place is used again."""
        slot, node = lane.slot, self.nodes.get(lane.slot.node)
        del self.lanes[lane.number]
        slot.lane = None
        if tell:
            self._send(CloseLane(lane=lane.number))
        if lane.numbers:
            blamed = died and (lane.ended > 0 or slot.vain + 1 < MOST_VAIN)
            self._store.worker.requeue(
                self._device, died=blamed, ended_by=reason, trials=lane.numbers, ran_on=slot.kind
            )
        self._nothing = None
        pause = 0.0 if lane.ended or lane.hello else PAUSE * 2 ** (slot.vain // 2)
        slot.again = self._clock.look() + pause
        slot.vain = 0 if lane.ended else slot.vain + (1 if lane.hello else 2)
        name = node.up.name if node else "that is gone"
        print(f"A lane on node {name} ended: {reason}.", flush=True)
        if slot.vain >= MOST_VAIN and not slot.trouble:
            slot.trouble = f"Lanes on node {name} ended again and again: {reason}."

    def _meet(self, lane: RemoteLane, said: Hello) -> None:
        if (said.version, said.lossterm, said.engine) != (VERSION, __version__, ENGINE):
            self._give_up(lane, f"it is of lossterm {said.lossterm}, the worker of {__version__}")
            return
        lane.hello = said
        self.environment = self.environment or said.environment
        self._hear_of_training(lane)

    def _hear_of_training(self, lane: RemoteLane) -> None:
        lane.heard_of_training = self._clock.look()

    def _finish(self, lane: RemoteLane, said: Ended) -> None:
        given = lane.ledger.finish(said, stopping=self._stop.is_set())
        if given is None:
            return
        self._hear_of_training(lane)
        program = lane.end(said.attempt)
        self.ended += 1
        if program and said.result and said.result.status == "done":
            epochs = max(given.row.trial.hyperparameters.epochs, 1)
            self._lengths[program], self._pace[program] = epochs, said.result.seconds / epochs

    def _part_from(self, lane: RemoteLane, bye: Bye) -> None:
        if bye.why == "unkept":
            lane.slot.keep = False
        if bye.why == "failed":
            self._give_up(lane, bye.reason.removesuffix("."))
        else:
            self._close(lane, bye.reason.removesuffix(".") or "it left as it was asked to", died=False)

    def _give_up(self, lane: RemoteLane, reason: str) -> None:
        """End a lane whose place can't train."""
        node = self.nodes.get(lane.slot.node)
        lane.slot.trouble = f"A lane on node {node.up.name if node else 'that is gone'} can't train: {reason}."
        self._close(lane, reason, died=False)

    def _weigh(self, lane: RemoteLane, beat: Beat) -> None:
        """End a lane that takes more memory than it may."""
        limit = self._limits.memory
        if limit is None or beat.memory <= limit:
            return
        if not lane.ended and len(lane.ledger.given) == 1:  # nothing else can have taken it
            lane.ledger.fail(too_much(beat.memory, limit), lane.slot.kind)
        elif not lane.ended:
            self._store.worker.try_alone(lane.ledger.numbers)
        self._close(lane, f"at {memory_size(beat.memory)}, above the limit of memory", died=False)

    def _look_after(self) -> None:
        """End lanes that are silent, hang or do not obey; start those for which there is room, and leave the full."""
        now = self._clock.look()
        for lane in list(self.lanes.values()):
            quiet = now - lane.heard_of_training if lane.ledger.given else 0.0
            late = quiet > health.OBEY_SECONDS and any(
                now - (one.stopped or now) > health.OBEY_SECONDS for one in lane.ledger.given.values()
            )
            if lane.began and now - lane.heard > self._limits.silence:
                self._close(lane, f"there was no sign of life for {self._limits.silence:g} s", died=False)
            elif quiet > self._limits.hang:
                reason = f"It gave no epoch for {self._limits.hang:g} s and was taken for hung."
                lane.ledger.fail(reason, lane.slot.kind)
                self._close(lane, "it was hung", died=False)
            elif late:
                self._close(lane, "it did not stop what it was told to", died=False)
            elif lane.leaving and lane.idle:
                self._close(lane, "it was given nothing more", died=False)
        for node in self.nodes.values():
            for slot in node.slots:
                if slot.lane is None and not slot.trouble and not node.leaves and now >= slot.again:
                    self._open(slot)

    # What is to stop

    def _cancel(self, lane: RemoteLane, attempt: int, given: Given) -> None:
        if given.stopped is None:
            given.stopped = self._clock.look()
            self._tell(lane, Cancel(attempt=attempt))

    def _stop_unwanted(self) -> None:
        """Tell lanes what someone wants stopped: before their next word, which may take a while."""
        version = self._store.reader.data_version()
        if version == self._version or not any(lane.ledger.given for lane in self.lanes.values()):
            return
        self._version = version
        if not (unwanted := self._store.worker.unanswered(self._device)):
            return
        for lane in self.lanes.values():
            for attempt, given in lane.ledger.given.items():
                if given.row.id in unwanted:
                    self._cancel(lane, attempt, given)

    # What is sent

    def _tell(self, lane: RemoteLane, message: ToLane) -> None:
        self._send(Tell(lane=lane.number, words=packed((message,))))

    def _send(self, message: ToBridge) -> None:
        assert self._bridge is not None
        self._bridge.send(message)
