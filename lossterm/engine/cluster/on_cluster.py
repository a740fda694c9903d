"""Keeps the bridge to a cluster for a worker: starts it, and again after a pause when the cluster was lost."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lossterm.engine.cluster.dispatcher import Dispatcher
from lossterm.engine.cluster.messages import FromBridge, ToBridge
from lossterm.engine.cluster.served import ClusterLost
from lossterm.engine.lanes.carriers import Socket
from lossterm.engine.lanes.lane import LaneLost
from lossterm.engine.lanes.lane_client import Limits
from lossterm.engine.worker.training_thread import MakeClient
from lossterm.store import Store, TrialRow
from lossterm.worker_control.cluster import Cluster, is_loopback
from lossterm.worker_control.lock import ended_by

RAY_BRIDGE = (sys.executable, "-P", "-m", "lossterm.engine.cluster.ray_side")
"""The command of the bridge; options of its connection are added."""

SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a lost cluster is tried again: twice as many each time, from the shortest to the longest."""

LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""What has Ray take a head on loopback for that, rather than look for it at the machine's own address."""

END_SECONDS = 3.0
"""How long a bridge that was told to leave may take."""


class OnCluster:
    """All lanes of a cluster, served by one thread of the worker."""

    def __init__(
        self,
        cluster: Cluster,
        device: str,
        stop: threading.Event,
        limits: Limits,
        command: Sequence[str] = RAY_BRIDGE,
    ) -> None:
        self._cluster, self._device, self._stop, self._limits = cluster, device, stop, limits
        self._command = command
        self._dispatcher: Dispatcher | None = None
        self.elsewhere = True
        """Whether there are lanes beside those of the cluster."""
        self.settled = threading.Event()
        """Set once it is known which nodes there are, or that there is no cluster."""
        self._lost = ""

    @property
    def mark(self) -> str:
        """What a worker's sign of life says of the cluster."""
        return self._cluster.mark

    @property
    def environment(self) -> dict[str, str] | None:
        """What the first lane there has said of its versions and its device; None before."""
        return there.environment if (there := self._dispatcher) else None

    @property
    def busy(self) -> Sequence[TrialRow]:
        """What is trained there now."""
        return there.busy if (there := self._dispatcher) else ()

    @property
    def loading(self) -> bool:
        """Whether it is not known yet which nodes there are, or a lane of theirs was started of late."""
        dispatcher = self._dispatcher
        return not self.settled.is_set() or (dispatcher is not None and dispatcher.loading)

    @property
    def lanes(self) -> dict[str, int]:
        """How many lanes each node has."""
        return there.lanes_by_node() if (there := self._dispatcher) else {}

    @property
    def cores_here(self) -> int:
        """Cores of this machine that are lent to the cluster, as far as it is known."""
        return there.cores_here() if (there := self._dispatcher) else 0

    @property
    def trouble(self) -> str:
        """What is wrong with the cluster, in sentences; "" for nothing."""
        troubles = there.troubles if (there := self._dispatcher) else []
        return self._lost or " ".join(dict.fromkeys(troubles))

    def serve(self, store: Store, make: MakeClient) -> None:
        """Have nodes train until the worker stops, or the cluster can't be used at all."""
        pause = SHORTEST_PAUSE
        while not self._stop.is_set():
            joined, final = self._live(store)
            self.settled.set()
            if final:
                return
            if joined:
                pause = SHORTEST_PAUSE
            self._stop.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _live(self, store: Store) -> tuple[bool, bool]:
        """Serve one connection; return whether it came about, and whether there is no use in another."""
        child = BridgeProcess(self._command, self._cluster.address)
        dispatcher = self._dispatcher = Dispatcher(
            store,
            self._device,
            self._cluster,
            self._stop,
            self._limits,
            elsewhere=lambda: self.elsewhere,
            on_joined=self._joined,
        )
        final = False
        try:
            dispatcher.serve(child.carrier)
        except ClusterLost as lost:
            self._lost, final = str(lost), lost.final
        except LaneLost:
            self._lost = f"The bridge to the cluster at {self._cluster.address} ended{child.ended_by()}."
        finally:
            child.end()
            self._dispatcher = None
            dispatcher.put_back()
        if self._lost and not self._stop.is_set():
            print(self._lost, flush=True)
        return dispatcher.joined, final

    def _joined(self) -> None:
        self._lost = ""
        self.settled.set()


class BridgeProcess:
    """A running bridge, and the connection to it."""

    def __init__(self, command: Sequence[str], address: str) -> None:
        """Start it: it ends when this thread ends, or whoever holds the other end of its socket."""
        ours, its = socket.socketpair()
        with its:
            options = ["--socket", str(its.fileno()), "--parent", str(os.getpid()), "--address", address]
            self._process = subprocess.Popen(
                [*command, *options],
                stdin=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                cwd=Path("/"),
                env={**os.environ, **(LOOPBACK if is_loopback(address.rpartition(":")[0]) else {})},
            )
        self.carrier: Socket[ToBridge, FromBridge] = Socket(ours, FromBridge)

    def ended_by(self) -> str:
        """Say what ended it, where that is known."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        return f" by {words}" if (words := ended_by(self._process.poll())) else ""

    def end(self) -> None:
        """Wait a little for its end, then end it."""
        self.carrier.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
