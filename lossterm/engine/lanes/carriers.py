"""What carries messages between the worker and a lane: a plain call in the worker's own thread, or a socket.

A socket's messages are msgpack behind their length. Nothing that arrives is run: it is decoded as one of the messages.
"""

import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from lossterm.engine.lanes.lane import Lane, LaneLost
from lossterm.engine.lanes.messages import FromLane, ToLane

LENGTH_BYTES = 4

MOST_BYTES = 2**30
"""The longest message: a checkpoint or the weights of a model are far below it."""

SEND_SECONDS = 30.0
"""How long the other end may take nothing at all before it is given up."""

Sent = TypeVar("Sent")
Received = TypeVar("Received")
Sent_contra = TypeVar("Sent_contra", contravariant=True)
Received_co = TypeVar("Received_co", covariant=True)


class Carrier(Protocol[Sent_contra, Received_co]):
    """One end of a connection. The worker's sends `ToLane` and takes `FromLane`, the lane's the other way round."""

    def send(self, message: Sent_contra) -> None:
        """Send a message, from any thread. Raises LaneLost where the other end is gone."""

    def receive(self, seconds: float) -> Received_co | None:
        """Wait for the next message and return it, None if none came. Raises LaneLost where the other end is gone."""

    def close(self) -> None:
        """Let go of it: the other end learns that this one is gone."""


class Direct:
    """The worker's end of a lane that runs in the very thread that sends: nothing is copied or waited for.

    What the lane says meanwhile is handed to `take` at once; so nothing is left to be received.
    """

    def __init__(self, make: Callable[[Callable[[FromLane], None]], Lane], take: Callable[[FromLane], None]) -> None:
        """`make` returns the lane, given what takes its words."""
        self._lane = make(take)

    def begin(self, environment: dict[str, str]) -> None:
        """Have the lane say who is there."""
        self._lane.begin(environment)

    def send(self, message: ToLane) -> None:
        """Have the lane do what is said; a batch takes as long as its training."""
        if self._lane.left:
            raise LaneLost
        self._lane.take(message)

    def receive(self, seconds: float) -> None:
        """Wait: whatever was said has been taken."""
        if self._lane.left:
            raise LaneLost
        time.sleep(seconds)

    def close(self) -> None:
        """There is nothing to let go of."""


class Socket(Generic[Sent, Received]):
    """An end of a socket, for whichever messages `takes` decodes."""

    def __init__(self, connected: socket.socket, takes: Any) -> None:
        """`takes` is the union of what may arrive."""
        self._socket, self._sending = connected, threading.Lock()
        self._socket.setblocking(False)
        self._encoder, self._decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(takes)
        self._arrived = bytearray()

    def send(self, message: Sent) -> None:
        """Send a message. Raises LaneLost where the other end is gone, or took nothing for SEND_SECONDS."""
        data = self._encoder.encode(message)
        with self._sending:
            self._send_all(len(data).to_bytes(LENGTH_BYTES, "little") + data)

    def _send_all(self, data: bytes) -> None:
        left, until = memoryview(data), time.monotonic() + SEND_SECONDS
        try:
            while left:
                try:
                    left = left[self._socket.send(left) :]
                    until = time.monotonic() + SEND_SECONDS
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise LaneLost from None
                    select.select([], [self._socket], [], 1)
        except (OSError, ValueError) as error:  # a file number of -1 is a ValueError
            raise LaneLost from error

    def receive(self, seconds: float) -> Received | None:
        """Return the next message, None if none is whole within so many seconds. Raises LaneLost."""
        until = time.monotonic() + seconds
        while (message := self._next()) is None:
            try:
                if not select.select([self._socket], [], [], max(until - time.monotonic(), 0))[0]:
                    return None
                part = self._socket.recv(2**20)
            except BlockingIOError:
                continue
            except (OSError, ValueError) as error:
                raise LaneLost from error
            if not part:
                raise LaneLost
            self._arrived += part
        return message

    def _next(self) -> Received | None:
        """Take the next whole message off what has arrived. Raises LaneLost for what is none."""
        if len(self._arrived) < LENGTH_BYTES:
            return None
        end = LENGTH_BYTES + int.from_bytes(self._arrived[:LENGTH_BYTES], "little")
        if end > MOST_BYTES:
            raise LaneLost
        if len(self._arrived) < end:
            return None
        data = bytes(self._arrived[LENGTH_BYTES:end])
        del self._arrived[:end]
        try:
            return cast(Received, self._decoder.decode(data))  # as `takes` says
        except msgspec.MsgspecError as error:
            raise LaneLost from error

    def close(self) -> None:
        """Close it."""
        self._socket.close()


def worker_end(connected: socket.socket) -> Socket[ToLane, FromLane]:
    """Return the worker's end of a socket."""
    return Socket(connected, FromLane)


def lane_end(connected: socket.socket) -> Socket[FromLane, ToLane]:
    """Return the lane's end of a socket."""
    return Socket(connected, ToLane)
