"""What passes between the worker and a lane, whatever carries it.

```text
 worker                                       lane
                     ◄──────────────────────  Hello      once, with its versions; a Beat every second from then on
 Prepare one trial   ──────────────────────►
                     ◄──────────────────────  Prepared   how many are trained together, and on what kind of device
 Batch of trials     ──────────────────────►
                     ◄──────────────────────  Curve, Saved …    ten times a second
 Cancel              ──────────────────────►
                     ◄──────────────────────  Ended      one for each trial, with its result or the error
                     ◄──────────────────────  Idle       once all have ended
 Leave               ──────────────────────►
                     ◄──────────────────────  Bye        also of its own accord, with the reason
```

The worker alone claims trials and writes the store. Whatever is said of a trial bears its number in the store, the
attempt, which is another each time a lane is given a trial, and the epoch at which it begins: so it can be said twice
and is written once, and what a lane says that was given up is known for what it is.
"""

from typing import Literal

import msgspec

from lossterm.comparison.comparison import Trial
from lossterm.engine.contract import DeviceKind, Result
from lossterm.store import Checkpoint, Chunk

VERSION = 2
"""Raised whenever a message changes."""


class Message(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """Anything that is sent."""


# From the worker to a lane


class Prepare(Message, frozen=True, kw_only=True):
    """Have the program of a trial at hand, and say how many of its trials are trained together."""

    number: int
    """Number of the trial in the store."""
    attempt: int
    """Number of this giving out, of which no other has the same."""
    trial: Trial
    """What is to be trained."""
    served: tuple[DeviceKind, ...]
    """Kinds of devices that have lanes: a program is left to another kind only if somebody is there."""


class Assignment(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A trial of a batch."""

    number: int
    """Number of the trial in the store."""
    attempt: int
    """As in `Prepare`."""
    trial: Trial
    """What is to be trained."""
    checkpoint: Checkpoint | None = None
    """Where it goes on; None for its beginning."""


class Batch(Message, frozen=True, kw_only=True):
    """Train these: trials of the program that was prepared, and of one length."""

    assignments: tuple[Assignment, ...]
    """As many as the program trains together, at most."""


class Cancel(Message, frozen=True, kw_only=True):
    """Stop a trial within a chunk, and end it as cancelled."""

    attempt: int
    """Which."""


class Leave(Message, frozen=True, kw_only=True):
    """Leave in good order, once all trials of the batch have ended."""


# From a lane to the worker


class Hello(Message, frozen=True, kw_only=True):
    """Who is there, before anything else."""

    version: int = VERSION
    """Of these messages."""
    lossterm: str
    """Version of the package."""
    engine: int
    """Number of the engine: another one trains to other numbers."""
    environment: dict[str, str]
    """Versions of TensorFlow, Keras and NumPy, the processor, and the kind of device, as the store keeps them."""
    pid: int
    """Its process, on its machine."""


class Beat(Message, frozen=True, kw_only=True):
    """A sign of life."""

    beat: int
    """Grows by one each time."""
    memory: int
    """Bytes that its process holds; 0 where that is not known."""


class Prepared(Message, frozen=True, kw_only=True):
    """The program of a trial is at hand, or is for another kind of device."""

    attempt: int
    """Which."""
    width: int
    """Trials of the program that are trained together."""
    kind: DeviceKind
    """The kind of device that trains it: if that is not the lane's own, the trial goes back into the queue."""
    chosen: str = ""
    """What was chosen to train it and why; "" where there is no choice."""


class Curve(Message, frozen=True, kw_only=True):
    """The next part of a curve."""

    attempt: int
    """Which."""
    begun: int = 0
    """How often the lane has begun the trial anew, as it does with fewer beside it where memory ran out."""
    chunk: Chunk
    """Epochs, from the first on that was not sent before."""


class Saved(Message, frozen=True, kw_only=True):
    """Where a long training stands."""

    attempt: int
    """Which."""
    checkpoint: Checkpoint
    """All that another lane needs in order to go on."""


class Ended(Message, frozen=True, kw_only=True):
    """A trial has ended."""

    attempt: int
    """Which."""
    begun: int = 0
    """As in `Curve`, for the last part of the curve."""
    result: Result | None = None
    """How; None where it failed."""
    error: str | None = None
    """Why it failed."""
    device: DeviceKind
    """Kind of device that it ran on."""


class Idle(Message, frozen=True, kw_only=True):
    """Whatever was asked for has ended."""

    programs: frozenset[str]
    """Programs that are compiled."""
    compiled_bytes: int
    """Memory that compiling took, on the lane."""


class Bye(Message, frozen=True, kw_only=True):
    """The last word of a lane."""

    why: Literal["asked", "unkept", "failed"]
    """It was asked to leave; compiled programs can't be kept on disk, and a lane that keeps none must follow; it can't
    train here."""
    reason: str = ""
    """In a sentence, unless it was asked."""


ToLane = Prepare | Batch | Cancel | Leave
FromLane = Hello | Beat | Prepared | Curve | Saved | Ended | Idle | Bye
