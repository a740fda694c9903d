"""What the lanes of one worker know of each other: who trains what, where, and which programs are compiled."""

import threading
import time
from collections.abc import Collection, Sequence

from lossterm.engine.contract import DeviceKind
from lossterm.store import TrialRow
from lossterm.worker_control.awake_clock import AwakeClock

_COMPILE_SECONDS = 1.5
"""What compiling a program costs, about: a waiting lane takes over another's program only if that is repaid."""


class _Stack:
    """What a lane took up at once."""

    def __init__(self, first: TrialRow) -> None:
        self.first, self.since = first, time.monotonic()
        self.trains = {first.id: first}
        """Its trials that have not ended."""
        self.size = 1
        """All of them."""


class Board:
    """What the lanes of one worker know of each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clock = AwakeClock()
        self._programs: dict[int, frozenset[str]] = {}
        self._pace: dict[str, float] = {}  # seconds an epoch
        self._busy: dict[int, _Stack] = {}
        self._heard: dict[int, float] = {}
        self._ended: dict[int, int] = {}
        self._compiled: dict[int, int] = {}
        self._served: dict[int, DeviceKind] = {}
        self._loading: set[int] = set()
        self._kinds: dict[str, DeviceKind] = {}  # of programs for which there was a choice
        self._chosen: dict[str, str] = {}
        self.environment: dict[str, str] | None = None
        """What the first lane has said of its versions and its device."""
        self.trouble = ""
        """Why lanes were given up, in a sentence; "" if none was."""

    def expect(self, lane: int, kind: DeviceKind) -> None:
        """Note that a lane for a kind of device loads: programs that are faster there are left to it already."""
        with self._lock:
            self._served[lane] = kind
            self._loading.add(lane)

    def serve(self, lane: int, kind: DeviceKind, environment: dict[str, str]) -> None:
        """Note that a lane has loaded, and what it says of itself."""
        with self._lock:
            self._served[lane] = kind
            self._loading.discard(lane)
            self.environment = self.environment or environment

    def give_up(self, lane: int, trouble: str) -> None:
        """Note that a lane trains no more, and why: if it was the last of its kind, others train its programs."""
        with self._lock:
            self._served.pop(lane, None)
            self._loading.discard(lane)
            self.trouble = trouble

    @property
    def loading(self) -> bool:
        """Whether a lane has not said yet who it is."""
        with self._lock:
            return bool(self._loading)

    @property
    def served(self) -> tuple[DeviceKind, ...]:
        """The kinds of devices that have lanes, loaded or not."""
        with self._lock:
            return tuple(sorted(set(self._served.values())))

    def choose(self, program: str, kind: DeviceKind, words: str) -> None:
        """Note on what kind of device a program is trained, and why in words, where there is a choice.

        A kind that is there no more is remembered: who trains its programs does so for want of it.
        """
        with self._lock:
            if self._kinds.get(program, kind) in {kind, *self._served.values()}:
                self._kinds[program] = kind
                self._chosen[program] = words

    def elsewhere(self, kind: DeviceKind, programs: Collection[str]) -> frozenset[str]:
        """Return those of some programs that lanes of another kind of device train."""
        served = set(self.served)
        with self._lock:
            return frozenset(
                name for name in programs if (other := self._kinds.get(name, kind)) != kind and other in served
            )

    def fallen_back(self, kind: DeviceKind, program: str) -> bool:
        """Whether a program is trained by a kind of device since that which was chosen for it is not there any more."""
        with self._lock:
            return self._kinds.get(program, kind) != kind

    def device_in_words(self, programs: Collection[str]) -> str:
        """Say what was chosen to train some programs, and why; "" where there is no choice, or none yet."""
        with self._lock:
            known = [name for name in programs if self._chosen.get(name)]
            kinds, words = {self._kinds[name] for name in known}, {self._chosen[name] for name in known}
        if self.trouble and len(self.served) == 1:
            return f"{self.served[0]} ({self.trouble})"
        if len(kinds) > 1:
            return "CPU and GPU, each where it is faster"
        return min(words, default="")

    def begin(self, lane: int, row: TrialRow) -> None:
        """Note that a lane took a trial up, and with it its program."""
        with self._lock:
            self._busy[lane] = _Stack(row)
            self._heard[lane] = self._clock.look()
            self._programs[lane] = self._programs.get(lane, frozenset()) | {row.trial.program}

    def join(self, lane: int, rows: Sequence[TrialRow]) -> None:
        """Note that a lane trains more trials together with the one that it took up."""
        with self._lock:
            stack = self._busy[lane]
            stack.trains |= {row.id: row for row in rows}
            stack.size += len(rows)

    def leave(self, lane: int, number: int) -> None:
        """Note that a trial of a lane has ended, whatever becomes of those beside it."""
        with self._lock:
            del self._busy[lane].trains[number]
            self._ended[lane] = self._ended.get(lane, 0) + 1

    def ended(self, lanes: Collection[int]) -> int:
        """Return how many trials some lanes have trained so far."""
        with self._lock:
            return sum(count for lane, count in self._ended.items() if lane in lanes)

    def compiled_bytes(self, lanes: Collection[int]) -> int:
        """Return the memory that compiling took on some lanes together."""
        with self._lock:
            return sum(taken for lane, taken in self._compiled.items() if lane in lanes)

    def end(self, lane: int, programs: frozenset[str], seconds: float | None, compiled_bytes: int = 0) -> None:
        """Note that a lane is free again, what it has compiled in what memory, and how long a training took."""
        with self._lock:
            self._compiled[lane] = compiled_bytes
            trial = self._busy.pop(lane).first.trial
            self._programs[lane] = programs
            if seconds is not None:
                self._pace[trial.program] = seconds / max(trial.hyperparameters.epochs, 1)

    def busy(self, lanes: Collection[int] | None = None) -> list[TrialRow]:
        """Return what is being trained now, on some lanes or on all."""
        with self._lock:
            at_work = [stack for lane, stack in self._busy.items() if lanes is None or lane in lanes]
            return [row for stack in at_work for row in stack.trains.values()]

    def hear(self, lane: int) -> None:
        """Note that a lane is not hung."""
        with self._lock:
            self._heard[lane] = self._clock.look()

    def silent(self, seconds: float, lanes: Collection[int] | None = None) -> list[TrialRow]:
        """Return what is trained on lanes of which nothing was heard for so long, while this process was awake.

        Of some lanes, or of all.
        """
        with self._lock:
            now, looked_at = self._clock.look(), self._busy if lanes is None else lanes
            silent = [
                stack for lane, stack in self._busy.items() if lane in looked_at and now - self._heard[lane] > seconds
            ]
            return [row for stack in silent for row in stack.trains.values()]

    def _soon(self, lane: int, now: float) -> frozenset[str]:
        """Return the programs whose trials a lane will soon take: of one that is busy for long, the one it is at."""
        if lane not in self._busy:
            return self._programs[lane]
        stack = self._busy[lane]
        at_it = now - stack.since >= _COMPILE_SECONDS
        return frozenset({stack.first.trial.program}) if at_it else self._programs[lane]

    def avoid(self, lane: int, queued: dict[str, int]) -> frozenset[str]:
        """Return the programs that a lane should leave to the others, since compiling its own would not be repaid.

        `queued` holds the epochs that wait, by program.
        """
        with self._lock:
            own, now = self._programs.get(lane, frozenset()), time.monotonic()
            foreign = frozenset().union(*(self._soon(other, now) for other in self._programs if other != lane)) - own
            pace = dict(self._pace)
            for stack in self._busy.values():  # a first training that goes on is at least as long as it has been
                trial = stack.first.trial
                least = (now - stack.since - _COMPILE_SECONDS) / trial.hyperparameters.epochs / stack.size
                pace[trial.program] = max(pace.get(trial.program, 0), least)
            return frozenset(p for p in foreign if queued.get(p, 0) * pace.get(p, 0) < _COMPILE_SECONDS)
