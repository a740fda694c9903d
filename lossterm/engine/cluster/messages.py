"""What passes between the worker and its bridge to a cluster, a process beside it; whatever the cluster is made of.

```text
 worker                                       bridge                            node
                     ◄──────────────────────  NodeUp       agent   ◄──────────  who is there, with versions
 OpenLane            ──────────────────────►               actor   ──────────►  a lane, as `lanes.lane` has it
 Tell(lane, …)       ──────────────────────►               actor   ──────────►  Prepare, Batch, Cancel, Leave
                     ◄──────────────────────  Said(lane, …)        ◄──────────  Hello, Curve, Ended, Idle, …
 Ship(node, …)       ──────────────────────►               agent   ──────────►  a table, or code, checked there
                     ◄──────────────────────  Shipped      agent   ◄──────────  kept, or why not
 CloseLane           ──────────────────────►  actor ended
                     ◄──────────────────────  LaneDown, NodeDown   within seconds
```

The bridge decides nothing: who is refused, what goes where and what is started again is the worker's to say. What a
lane is told and says is passed on as it is, in bytes that only the worker and the lane read.
"""

from typing import Literal

import msgspec

from lossterm.engine.contract import DeviceKind
from lossterm.engine.lanes.messages import FromLane, Message, ToLane


class NodeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of itself, before it is given anything."""

    lossterm: str
    """Version of the package, "" where it is not installed."""
    engine: int = 0
    """Number of the engine: another one trains to other numbers."""
    protocol: int = 0
    """Version of the lanes' messages."""
    tensorflow: str = ""
    """Version of TensorFlow."""
    keras: str = ""
    """Version of Keras."""
    python: str = ""
    """Version of Python."""
    processor: str = ""
    """The model of its processor."""
    family: str = ""
    """What compiled programs depend on: architecture, maker and instructions of the processor."""
    machine: str = ""
    """Names the machine: two nodes of one have the same."""
    authenticated: bool = False
    """Whether the cluster wants a token of whoever connects."""


class NodeUp(Message, frozen=True, kw_only=True):
    """A node is there."""

    node: str
    """Its name in the cluster, which no other has or had."""
    name: str
    """What a person calls it."""
    loopback: bool
    """Whether only this machine reaches it."""
    cores: int
    """Cores that the cluster lends."""
    cards: int
    """GPUs that it lends."""
    facts: NodeFacts
    """What it says of itself."""


class NodeBeat(Message, frozen=True, kw_only=True):
    """A sign of life of a node that is there."""

    node: str
    """Which."""
    load: float
    """Processes that run or wait to run on it, over the last minute."""
    free: int
    """Bytes that are free on the disk that tables and compiled programs go to."""


class NodeDown(Message, frozen=True, kw_only=True):
    """A node is gone, or could not be taken up."""

    node: str
    """Which."""
    name: str
    """What a person calls it."""
    reason: str
    """Why, in words without a full stop."""


class NodeLeaves(Message, frozen=True, kw_only=True):
    """A node is about to leave the cluster: it should be given nothing more."""

    node: str
    """Which."""


class Said(Message, frozen=True, kw_only=True):
    """What a lane said since it was listened to last."""

    lane: int
    """Which."""
    words: bytes
    """Packed messages; see `heard`."""


class LaneDown(Message, frozen=True, kw_only=True):
    """A lane has ended, or could not be opened."""

    lane: int
    """Which."""
    died: bool
    """Whether its process died by itself, with its node alive: what it trained may be why."""
    reason: str
    """Why, in words without a full stop."""


class Shipped(Message, frozen=True, kw_only=True):
    """Something was kept by a node, or was not."""

    node: str
    """Which."""
    name: str
    """As in `Ship`."""
    error: str = ""
    """Why it was not kept, in a sentence."""


class Joined(Message, frozen=True, kw_only=True):
    """The bridge is connected, and has named the nodes that were there by then."""

    address: str
    """Address of the cluster's head."""


class Lost(Message, frozen=True, kw_only=True):
    """The cluster can't be used, or no longer: the last word of a bridge."""

    reason: str
    """Why, and what to do, in sentences."""
    final: bool
    """Whether there is no use in trying again."""


class Pulse(Message, frozen=True, kw_only=True):
    """A sign of life of the bridge itself."""


FromBridge = NodeUp | NodeBeat | NodeDown | NodeLeaves | Said | LaneDown | Shipped | Joined | Lost | Pulse


class OpenLane(Message, frozen=True, kw_only=True):
    """Start a lane on a node."""

    lane: int
    """A number that no lane had before."""
    node: str
    """Where."""
    kind: DeviceKind
    """On what."""
    keep: bool
    """Whether it may keep compiled programs on its disk."""
    memory: int | None
    """Bytes that it may take."""


class Tell(Message, frozen=True, kw_only=True):
    """Pass words on to a lane."""

    lane: int
    """Which."""
    words: bytes
    """Packed messages; see `asked`."""


class CloseLane(Message, frozen=True, kw_only=True):
    """End a lane, whatever it does."""

    lane: int
    """Which."""


class Ship(Message, frozen=True, kw_only=True):
    """Bring a file of code or the files of a table to a node."""

    node: str
    """Where to."""
    what: Literal["table", "code"]
    """Which."""
    name: str
    """What the node is to call it: of a table its entry's name, of code `DIGEST/FILE.py`."""
    digest: str
    """SHA-256 of its content, which the node takes anew: of a table that of the record which lists the others."""
    place: str
    """The directory or the file on this machine."""


class Part(Message, frozen=True, kw_only=True):
    """End all lanes in good order and leave."""


ToBridge = OpenLane | Tell | CloseLane | Ship | Part

_HEARD = msgspec.msgpack.Decoder(tuple[FromLane, ...])
_ASKED = msgspec.msgpack.Decoder(tuple[ToLane, ...])
_ENCODER = msgspec.msgpack.Encoder()


def packed(messages: tuple[FromLane, ...] | tuple[ToLane, ...]) -> bytes:
    """Return messages as they travel."""
    return _ENCODER.encode(messages)


def heard(words: bytes) -> tuple[FromLane, ...]:
    """Return what a lane said. Raises msgspec.MsgspecError for anything else."""
    return _HEARD.decode(words)


def asked(words: bytes) -> tuple[ToLane, ...]:
    """Return what a lane is told. Raises as `heard`."""
    return _ASKED.decode(words)
