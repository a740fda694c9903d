"""A lane in a process of its own, as each card has one: started, watched, ended and started again by the worker."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

from lossterm.engine.contract import DeviceKind
from lossterm.engine.lanes.carriers import worker_end
from lossterm.engine.lanes.lane import LaneLost
from lossterm.engine.lanes.lane_client import GivenUp, LaneClient, Limits
from lossterm.engine.worker import health, program_cache
from lossterm.engine.worker.board import Board
from lossterm.engine.worker.training_thread import MakeClient
from lossterm.store import Store
from lossterm.worker_control.lock import ended_by

MOST_VAIN = 6
"""Ends in a row, of processes that ended no trial, after which no more is started: the card has failed, rather than
one trial or two that kill whoever trains them. One that ended before it could train counts twice."""

PAUSE = 0.5
"""Seconds before the next is started after one that could not train; twice as many after each further one."""

MOST_SILENCES = 16
"""How far the silence is stretched after which one is ended: twofold for each that was ended for it, up to this."""


class LaneCommand(msgspec.Struct, frozen=True, kw_only=True):
    """How a lane's process is started."""

    label: str
    """What it trains on, as `card 0`."""
    kind: DeviceKind = "GPU"
    """What kind of device that is."""
    command: Sequence[str]
    """Starts it; options of its connection are added."""
    environment: Mapping[str, str] = {}
    """What is set for it beside the worker's own environment."""


class Child:
    """A running process of a lane, and the connection to it."""

    def __init__(self, command: LaneCommand, memory: int | None, environment: Mapping[str, str]) -> None:
        """Start it: it ends when this thread ends, or whoever holds the other end of its socket."""
        ours, its = socket.socketpair()
        limit = [] if memory is None else ["--memory", str(memory)]
        with its:
            options = ["--socket", str(its.fileno()), "--parent", str(os.getpid()), *limit]
            self._process = subprocess.Popen(
                [*command.command, *options],
                stdin=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                env={**os.environ, **command.environment, **environment},
            )
        self.carrier = worker_end(ours)

    def end(self, patience: float) -> int:
        """Wait so many seconds for its end, then end it; return its exit code, less than 0 for a signal."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self.carrier.close()
        return self._process.wait()


class InProcess:
    """Keeps a lane's process: starts it again when it dies, and says why when it is given up."""

    def __init__(
        self, command: LaneCommand, number: int, device: str, board: Board, stop: threading.Event, limits: Limits
    ) -> None:
        self._command, self._number, self._device = command, number, device
        self._board, self._stop, self._limits = board, stop, limits
        self._expect()  # or others would train what is this lane's while it loads
        self._changed: dict[str, str] = {}
        self._silences = 0
        self.trouble = ""
        """Why it was given up; "" if it was not."""
        self.refused = False
        """Whether it said so itself: there is no use in trying again."""

    def serve(self, store: Store, make: MakeClient) -> None:
        """Have processes train, one after the other where they die, until the worker stops or none can train here."""
        vain = 0
        while not self._stop.is_set() and not self.trouble:
            stretched = self._limits.silence * min(2**self._silences, MOST_SILENCES)
            self._expect()
            client = make(msgspec.structs.replace(self._limits, silence=stretched))
            code = self._live(store, client, last=vain + 1 >= MOST_VAIN)
            vain = 0 if client.ended else vain + (1 if client.hello else 2)
            if client.bye and client.bye.why == "failed":
                self._give_up(client.bye.reason.removesuffix("."))
                self.refused = True
            elif vain >= MOST_VAIN:
                by = f", the last time by {words}" if (words := ended_by(code)) else ""
                self._give_up(f"the process of {self._command.label} ended again and again{by}")
            elif vain and client.hello is None:
                self._stop.wait(PAUSE * 2 ** (vain // 2))

    def _expect(self) -> None:
        self._board.expect(self._number, self._command.kind)

    def _give_up(self, trouble: str) -> None:
        print(f"No more is trained on {self._command.label}: {trouble}.", flush=True)
        self._board.give_up(self._number, trouble)
        self.trouble = trouble

    def _live(self, store: Store, client: LaneClient, *, last: bool) -> int:
        """Have one process train until it ends or is ended; return its exit code. What it had goes back.

        If it is the `last` that is tried in vain, the card is to blame rather than what it trained.
        """
        child = Child(self._command, self._limits.memory, self._changed)
        died, patience = False, 0.0
        try:
            client.serve(child.carrier)
            if client.hello:
                client.leave()
                patience = health.OBEY_SECONDS
        except GivenUp as given_up:
            self._note_end(client, given_up)
            patience = health.OBEY_SECONDS if client.bye else 0.0
        except LaneLost:
            died, patience = not self._stop.is_set(), 1.0
        finally:
            code = child.end(patience)
        if died:
            print(f"The process of {self._command.label} ended: {ended_by(code) or f'exit code {code}'}.", flush=True)
        blamed = died and (client.ended > 0 or not last)
        store.worker.requeue(
            self._device, died=blamed, ended_by=ended_by(code), trials=client.numbers, ran_on=client.kind
        )
        return code

    def _note_end(self, client: LaneClient, given_up: GivenUp) -> None:
        if client.bye:
            print(f"{self._command.label}: {client.bye.reason}", flush=True)
            if client.bye.why == "unkept":
                self._changed[program_cache.SWITCH] = "0"
            return
        print(f"{self._command.label}: {given_up}. Another process goes on.", flush=True)
        if client.silent:
            self._silences += 1
