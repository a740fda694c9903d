"""Messages that arrive once and in order over a carrier that may drop, delay and repeat them, as a network's may.

Each is numbered; the other end says up to which it has all; what it has not is sent again.
"""

import threading
import time
from collections import deque
from typing import Generic, cast

import msgspec

from lossterm.engine.lanes.carriers import Carrier, Received, Sent
from lossterm.engine.lanes.messages import FromLane, ToLane

AGAIN_SECONDS = 0.2
"""Time after which a message is sent again that nobody has confirmed."""


class Numbered(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is sent in place of a message."""

    number: int
    """Its place among those of its sender, from 1; 0 where there is no message."""
    has: int
    """The last message of the other end up to which all have arrived."""
    message: ToLane | FromLane | None = None
    """The message itself."""


class Delivered(Generic[Sent, Received]):
    """One end of a carrier that loses things; both ends must be such. `receive` must be called again and again."""

    def __init__(self, carrier: "Carrier[Numbered, Numbered]", again: float = AGAIN_SECONDS) -> None:
        """Send again after `again` seconds."""
        self._carrier, self._again = carrier, again
        self._lock = threading.Lock()
        self._last, self._has = 0, 0
        self._unconfirmed: deque[Numbered] = deque()
        self._sent = time.monotonic()

    def send(self, message: Sent) -> None:
        """Send a message, from any thread."""
        with self._lock:
            self._last += 1
            if not self._unconfirmed:
                self._sent = time.monotonic()
            numbered = Numbered(number=self._last, has=self._has, message=cast(ToLane | FromLane, message))
            self._unconfirmed.append(numbered)
            self._carrier.send(numbered)

    def receive(self, seconds: float) -> Received | None:
        """Return the next message that was not received before, None if none came."""
        until = time.monotonic() + seconds
        while True:
            self._send_again()
            left = max(until - time.monotonic(), 0)
            came = self._carrier.receive(min(left, self._again))
            if came is not None and (message := self._taken(came)) is not None:
                return message
            if came is None and left <= self._again:
                return None

    def _send_again(self) -> None:
        with self._lock:
            if self._unconfirmed and time.monotonic() - self._sent > self._again:
                self._sent = time.monotonic()
                for numbered in list(self._unconfirmed):
                    self._carrier.send(numbered)

    def _taken(self, came: Numbered) -> Received | None:
        """Note what has arrived at the other end; return the message if it is the next one, and confirm it."""
        with self._lock:
            while self._unconfirmed and self._unconfirmed[0].number <= came.has:
                self._unconfirmed.popleft()
            if not came.number:
                return None
            new = came.number == self._has + 1
            self._has += new
            self._carrier.send(Numbered(number=0, has=self._has))
            return cast(Received, came.message) if new else None

    def close(self) -> None:
        """Close the carrier below."""
        self._carrier.close()
