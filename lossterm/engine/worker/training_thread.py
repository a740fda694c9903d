"""One thread of the worker for each lane, with a store connection of its own; the lane runs in it or beside it."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from lossterm.engine.contract import Engine
from lossterm.engine.lanes.carriers import Direct
from lossterm.engine.lanes.lane import Lane, LaneLost
from lossterm.engine.lanes.lane_client import LaneClient, Limits
from lossterm.engine.worker.board import Board
from lossterm.errors import StoreError
from lossterm.store import Store

MakeClient = Callable[[Limits | None], LaneClient]
"""Gives the worker's end of a new life of a lane."""


class Place(Protocol):
    """Where a lane runs: `InThread`, or `training_process.InProcess`."""

    def serve(self, store: Store, make: MakeClient) -> None:
        """Have a lane train what is queued until the worker stops, or the lane must be given up."""


class InThread:
    """A lane in the very thread that serves it."""

    def __init__(self, engine: Engine, environment: dict[str, str], stop: threading.Event) -> None:
        self._engine, self._environment, self._stop = engine, environment, stop
        self.unkept = False
        """Whether it ended since programs could not be kept on disk."""

    def serve(self, store: Store, make: MakeClient) -> None:
        """Train until told to stop. Where the lane leaves of its own accord, so does the worker."""
        client = make(None)
        try:
            carrier = Direct(lambda say: Lane(self._engine, say), client.take)
            carrier.begin(self._environment)
            client.serve(carrier)
        except LaneLost:
            if client.bye:
                print(client.bye.reason, flush=True)
                self.unkept = client.bye.why == "unkept"
            self._stop.set()


class TrainingThread(threading.Thread):
    """Serves one lane, wherever that runs."""

    def __init__(
        self, number: int, store: Path, device: str, place: Place, board: Board, stop: threading.Event
    ) -> None:
        super().__init__(name=f"lane-{number}")
        self.number, self.place = number, place
        self._path, self._device, self._board, self._stopping = store, device, board, stop
        self.broken = False
        """Whether an error ended it."""
        self.refused: str | None = None
        """Why the store took nothing more, if that ended it: no fault of what it was training."""

    def run(self) -> None:
        """Serve until told to stop. A store that fails ends the lane: the worker goes, what it trained goes back."""
        try:
            with Store(self._path, make=False) as store:
                self.place.serve(
                    store,
                    lambda limits: LaneClient(self.number, store, self._device, self._board, self._stopping, limits),
                )
        except StoreError as error:
            self._stopping.set()
            if self._path.exists():  # a store that was deleted is left alone
                self.refused = str(error)
                print(error, flush=True)
        except BaseException:
            self.broken = self._path.exists()
            self._stopping.set()
            raise
