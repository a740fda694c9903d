"""One lane on a node as the worker knows it: what it was given, in which batches, and when it was heard."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from lossterm.engine.contract import DeviceKind
from lossterm.engine.lanes.ledger import Ledger
from lossterm.engine.lanes.messages import Curve, Ended, FromLane, Hello
from lossterm.store import Chunk, Store, TrialRow

IN_FLIGHT = 2
"""Batches that a lane has at once: it begins the second while the end of the first is on its way."""


class Slot:
    """Room for a lane on a node: one life of a lane follows another in it."""

    def __init__(self, node: str, kind: DeviceKind) -> None:
        self.node, self.kind = node, kind
        self.lane: RemoteLane | None = None
        """The lane that is there now."""
        self.vain = 0
        """Lives in a row that ended no trial; one that ended before it could train counts twice."""
        self.keep = True
        """Whether lanes may keep compiled programs on the node's disk."""
        self.again = 0.0
        """When the next may be started, as the dispatcher's clock counts."""
        self.trouble = ""
        """Why it is used no more, "" while it is."""


class Sent(NamedTuple):
    """A batch that a lane has."""

    program: str
    """Its program."""
    attempts: set[int]
    """Those that have not ended."""
    epochs: int
    """Epochs of each of its trials."""
    size: int
    """Its trials when it was sent."""
    since: float
    """When that was, as the dispatcher's clock counts."""


class RemoteLane:
    """One life of a lane."""

    def __init__(self, number: int, slot: Slot, store: Store, now: float) -> None:
        self.number, self.slot = number, slot
        self.ledger = Ledger(store)
        self.hello: Hello | None = None
        """What it said first."""
        self.batches: deque[Sent] = deque()
        """The batches that it has not ended."""
        self.preparing: int | None = None
        """The attempt whose program it makes ready."""
        self.waiting: list[TrialRow] = []
        """Trials that wait for what their node must have first."""
        self.programs: set[str] = set()
        """Programs that it has compiled, or is about to."""
        self.heard = self.heard_of_training = now
        """When it gave a sign of life, and when one of training."""
        self.began = False
        """Whether it has said anything: its node may have no core to spare yet."""
        self.ended = 0
        """Trials that it has trained."""
        self.leaving = False
        """Whether it is given nothing more, and ended when it has nothing left."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers in the store of all that it has, or that waits for it."""
        return (*self.ledger.numbers, *(row.id for row in self.waiting))

    @property
    def idle(self) -> bool:
        """Whether it has nothing."""
        return not self.ledger.given and not self.waiting

    @property
    def has_room(self) -> bool:
        """Whether it may be given another batch."""
        if self.hello is None or self.leaving or self.waiting or self.preparing is not None:
            return False
        return len(self.batches) < IN_FLIGHT

    def begin(self, sent: Sent) -> None:
        """Note that it was sent a batch."""
        self.batches.append(sent)

    def end(self, attempt: int) -> str:
        """Note that an attempt has ended; return its program, "" where none was trained."""
        self.ended += 1
        if self.preparing == attempt:
            self.preparing = None
        sent = next((one for one in self.batches if attempt in one.attempts), None)
        if sent is None:
            return ""
        sent.attempts.discard(attempt)
        while self.batches and not self.batches[0].attempts:
            self.batches.popleft()
        return sent.program


def coalesced(said: Sequence[FromLane]) -> list[FromLane]:
    """Join the parts of a curve that came together, as one row of the store holds them as well as several.

    Nothing is left out: parts are joined only where one begins at the end of the other.
    """
    result: list[FromLane | None] = []
    places: dict[int, int] = {}
    for message in said:
        if isinstance(message, Curve):
            place = places.get(message.attempt)
            before = result[place] if place is not None else None
            if place is not None and isinstance(before, Curve) and (joined := _joined(before, message)):
                result[place] = joined
                continue
            places[message.attempt] = len(result)
        elif isinstance(message, Ended):
            place = places.pop(message.attempt, None)
            before = result[place] if place is not None else None
            if place is not None and isinstance(before, Curve) and (whole := _ended(before, message)):
                result[place] = None
                result.append(whole)
                continue
        result.append(message)
    return [message for message in result if message is not None]


def _joined(first: Curve, second: Curve) -> Curve | None:
    if first.begun != second.begun or not (chunk := _one(first.chunk, second.chunk)):
        return None
    return msgspec.structs.replace(first, chunk=chunk)


def _ended(first: Curve, last: Ended) -> Ended | None:
    """Join the last part but one into the result. One that was stopped may be saved before its end: it is left."""
    result = last.result
    if result is None or result.chunk is None or first.begun != last.begun or result.status == "cancelled":
        return None
    chunk = _one(first.chunk, result.chunk)
    return msgspec.structs.replace(last, result=msgspec.structs.replace(result, chunk=chunk)) if chunk else None


def _one(first: Chunk, second: Chunk) -> Chunk | None:
    if first.start + first.epochs != second.start:
        return None
    return msgspec.structs.replace(first, epochs=first.epochs + second.epochs, data=first.data + second.data)
