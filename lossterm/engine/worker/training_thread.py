"""One thread of the worker: claims trials, has them trained, writes what happened."""

import threading
import time
import traceback
from pathlib import Path

from lossterm.engine.contract import Engine, Result
from lossterm.engine.worker import program_cache
from lossterm.errors import LosstermError, StoreError
from lossterm.store import Chunk, Store, TrialRow
from lossterm.worker_control.awake_clock import AwakeClock

POLL = 0.05
"""Seconds between two looks at an empty queue."""

_COMPILE_SECONDS = 1.5
"""What compiling a program costs, about: a waiting lane takes over another's program only if that is repaid."""


class Board:
    """What the lanes of one worker know of each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clock = AwakeClock()
        self._programs: dict[int, frozenset[str]] = {}
        self._pace: dict[str, float] = {}  # seconds an epoch
        self._busy: dict[int, tuple[TrialRow, float]] = {}
        self._heard: dict[int, float] = {}
        self.ended = 0
        """Trials that were trained so far."""
        self._compiled: dict[int, int] = {}

    def begin(self, lane: int, row: TrialRow) -> None:
        """Note that a lane took a trial up, and with it its program."""
        with self._lock:
            self._busy[lane] = row, time.monotonic()
            self._heard[lane] = self._clock.look()
            self._programs[lane] = self._programs.get(lane, frozenset()) | {row.trial.program}

    @property
    def compiled_bytes(self) -> int:
        """Memory that compiling took, on all lanes together."""
        with self._lock:
            return sum(self._compiled.values())

    def end(self, lane: int, programs: frozenset[str], seconds: float | None, compiled_bytes: int = 0) -> None:
        """Note that a lane is free again, what it has compiled in what memory, and how long the training took."""
        with self._lock:
            self._compiled[lane] = compiled_bytes
            row, _ = self._busy.pop(lane)
            self._programs[lane] = programs
            self.ended += 1
            if seconds is not None:
                self._pace[row.trial.program] = seconds / max(row.trial.hyperparameters.epochs, 1)

    def busy(self) -> list[TrialRow]:
        """Return what is being trained now."""
        with self._lock:
            return [row for row, _ in self._busy.values()]

    def hear(self, lane: int) -> None:
        """Note that a lane is not hung."""
        with self._lock:
            self._heard[lane] = self._clock.look()

    def silent(self, seconds: float) -> list[TrialRow]:
        """Return what is trained on lanes of which nothing was heard for so long, while this process was awake."""
        with self._lock:
            now = self._clock.look()
            return [row for lane, (row, _) in self._busy.items() if now - self._heard[lane] > seconds]

    def _soon(self, lane: int, now: float) -> frozenset[str]:
        """Return the programs whose trials a lane will soon take: of one that is busy for long, the one it is at."""
        if lane not in self._busy:
            return self._programs[lane]
        row, since = self._busy[lane]
        return self._programs[lane] if now - since < _COMPILE_SECONDS else frozenset({row.trial.program})

    def avoid(self, lane: int, queued: dict[str, int]) -> frozenset[str]:
        """Return the programs that a lane should leave to the others, since compiling its own would not be repaid.

        `queued` holds the epochs that wait, by program.
        """
        with self._lock:
            mine, now = self._programs.get(lane, frozenset()), time.monotonic()
            foreign = frozenset().union(*(self._soon(other, now) for other in self._programs if other != lane)) - mine
            pace = dict(self._pace)
            for row, since in self._busy.values():  # a first training that goes on is at least as long as it has been
                least = (now - since - _COMPILE_SECONDS) / row.trial.hyperparameters.epochs
                pace[row.trial.program] = max(pace.get(row.trial.program, 0), least)
            return frozenset(p for p in foreign if queued.get(p, 0) * pace.get(p, 0) < _COMPILE_SECONDS)


class TrainingThread(threading.Thread):
    """One trial after another, through a store connection and an engine of its own."""

    def __init__(
        self, number: int, store: Path, device: str, engine: Engine, board: Board, stop: threading.Event
    ) -> None:
        super().__init__(name=f"lane-{number}")
        self._number, self._path, self._device = number, store, device
        self._engine, self._board, self._stopping = engine, board, stop
        self.broken = False
        """Whether an error ended it."""
        self.refused: str | None = None
        """Why the store took nothing more, if that ended it: no fault of what it was training."""
        self._empty: int | None = None  # the store's version in which nothing was queued
        self.uncached = False
        """Whether it ended since programs could not be kept on disk."""

    def run(self) -> None:
        """Work until told to stop. A store that fails ends the lane: the worker goes, what it trained goes back."""
        try:
            with Store(self._path, make=False) as store:
                while not self._stopping.is_set():
                    if row := self._claim(store):
                        self._train(store, row)
                    else:
                        self._stopping.wait(POLL)
        except StoreError as error:
            self._stopping.set()
            if self._path.exists():  # a store that was deleted is left alone
                self.refused = str(error)
                print(error, flush=True)
        except BaseException:
            self.broken = self._path.exists()
            self._stopping.set()
            raise

    def _claim(self, store: Store) -> TrialRow | None:
        version = store.reader.data_version()
        if version == self._empty:
            return None
        queued = store.worker.queued_epochs(self._device)
        if not queued:
            self._empty = version
            return None
        return store.worker.claim(self._device, self._board.avoid(self._number, queued))

    def _record(self, store: Store, chunk: Chunk) -> bool:
        self._board.hear(self._number)
        return store.worker.record(chunk) or self._stopping.is_set()

    def _train(self, store: Store, row: TrialRow) -> None:
        self._board.begin(self._number, row)
        result: Result | None = None
        try:
            result = self._engine.train(
                row.trial,
                row.id,
                lambda chunk: self._record(store, chunk),
                lambda checkpoint: store.worker.save(row.id, checkpoint),
                store.worker.checkpoint(row.id) if row.epochs else None,
            )
        except StoreError:
            raise  # the store's failure, not the trial's
        except LosstermError as error:  # a loss of one's own that cannot be used: a sentence, no traceback
            store.worker.finish(row.id, "failed", error=str(error))
        except Exception as error:  # whatever a training throws is that trial's failure, not the worker's
            if program_cache.failed(error):
                print(f"Compiled programs are no longer kept: {error}", flush=True)
                self.uncached = True
                self._stopping.set()
                return  # it goes back into the queue
            traceback.print_exc()
            store.worker.finish(row.id, "failed", error=_sentence(error))
        finally:
            seconds = result.seconds if result else None
            self._board.end(self._number, self._engine.programs, seconds, self._engine.compiled_bytes)
        if result and not (result.status == "cancelled" and self._stopping.is_set()):
            store.worker.finish(
                row.id,
                result.status,
                seconds=result.seconds,
                scores=result.scores,
                chunk=result.chunk,
                anatomy=result.anatomy,
                note=result.note,
                model=result.model,
                sample=result.sample,
            )


def _sentence(error: Exception) -> str:
    """Say what a training threw, kept short; of memory that ran out, also what helps."""
    said = " ".join(str(error).split())[:500]
    name = type(error).__name__
    if isinstance(error, MemoryError) or name == "ResourceExhaustedError" or "RESOURCE_EXHAUSTED" in said:
        return f"Out of memory ({name}: {said[:200]}). A smaller --batch-size or --hidden needs less."
    return f"{name}: {said}"
