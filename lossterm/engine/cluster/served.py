"""What a dispatcher knows of nodes and of what waits, and what it raises when their cluster is lost."""

import time

from lossterm.engine.cluster.messages import (
    NodeBeat,
    NodeUp,
)
from lossterm.engine.cluster.remote_lane import Slot
from lossterm.engine.lanes.lane import LaneLost
from lossterm.store import Store


class ClusterLost(LaneLost):
    """The cluster can't be used, or no longer: why and what to do are in the text, in sentences."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final
        """Whether there is no use in trying again."""


class Node:
    """A node that is there."""

    def __init__(self, up: NodeUp) -> None:
        self.up = up
        """What it said of itself."""
        self.refused = ""
        """Why it is given nothing, in a sentence; "" where it is."""
        self.leaves = False
        """Whether it is about to leave the cluster."""
        self.beat: NodeBeat | None = None
        """Its last sign of life."""
        self.kept: set[str] = set()
        """Tables and code that it has."""
        self.asked: set[str] = set()
        """Those on their way."""
        self.lacks: dict[str, str] = {}
        """Those that it can't keep, each with the reason."""
        self.barred: set[str] = set()
        """Programs that need one of these, and are left to others."""
        self.slots: list[Slot] = []
        """Room for its lanes."""


class Queue:
    """What waits, by program: looked at again once that is a tenth of the time, since it is long where much waits."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        self._until, self.fresh = 0.0, False
        """Whether the last look was one at the store."""

    def look(self, store: Store, device: str) -> dict[str, int]:
        """Return how many epochs wait for a device."""
        began = time.monotonic()
        self.fresh = began >= self._until
        if self.fresh:
            self._seen = store.worker.queued_epochs(device)
            now = time.monotonic()
            self._until = now + 9 * (now - began)
        return self._seen

    def forget(self) -> None:
        """Look at the store the next time."""
        self._until = 0.0
