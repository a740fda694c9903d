"""The end of a lane on a node: an engine in a thread, what it is told in a queue, and what it says until it is fetched.

It knows nothing of what carries its words: `ray_side` has actors do so, and tests plain threads.
"""

import os
import queue
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from lossterm.engine.cluster.messages import asked, packed
from lossterm.engine.contract import DeviceKind, Engine
from lossterm.engine.lanes.child import SEAL_SECONDS, LaneLoader, not_loaded, refuse_too_little
from lossterm.engine.lanes.lane import Lane, LaneLost
from lossterm.engine.lanes.messages import Beat, Bye, Cancel, FromLane, ToLane
from lossterm.engine.worker import health, program_cache

GATHER_SECONDS = 0.02
"""How long words are gathered, once there is one: what several trials of a stack say together travels together."""


def end_process() -> None:
    """End this process at once, and with it the heart of a lane that would beat on."""
    sys.stderr.flush()
    os._exit(1)


class NodeLane:
    """A lane, of which whoever carries its words asks for them again and again."""

    def __init__(self, load: LaneLoader, memory: int | None = None, crash: Callable[[], None] = end_process) -> None:
        """Begin to load at once; `memory` is what the process may take, in bytes.

        `crash` ends what the lane lives in where the lane fails: the process, if that is there for the lane alone.
        """
        self._load, self._memory, self._crash = load, memory, crash
        self._asked: queue.SimpleQueue[ToLane] = queue.SimpleQueue()
        self._said: deque[FromLane] = deque()
        self._speaks = threading.Condition()
        self._lane: Lane | None = None
        self._unheard = False
        self.over = False
        """Whether it has said the last word; it may not have been fetched."""
        for name, run in (("lane", self._run), ("heart", self._beat)):
            threading.Thread(target=run, name=name, daemon=True).start()

    def tell(self, words: bytes) -> None:
        """Take what the worker says: a cancel at once, all else when the engine is free."""
        for message in asked(words):
            if isinstance(message, Cancel) and self._lane:
                self._lane.take(message)
            else:
                self._asked.put(message)

    def words(self, seconds: float) -> bytes:
        """Return what was said since the last time, waiting so long for the first of it."""
        with self._speaks:
            self._speaks.wait_for(lambda: self._said or self.over, seconds)
            if self._said and not self.over:
                self._speaks.wait(GATHER_SECONDS)
            said = tuple(self._said)
            self._said.clear()
        return packed(said)

    def leave(self) -> None:
        """Have it end by itself, within about a second of its next word: nobody listens any more."""
        self._unheard = True

    @property
    def finished(self) -> bool:
        """Whether it is over and all that it said was fetched."""
        with self._speaks:
            return self.over and not self._said

    def _say(self, message: FromLane) -> None:
        if self._unheard:
            raise LaneLost
        with self._speaks:
            self._said.append(message)
            if len(self._said) == 1:
                self._speaks.notify_all()

    def _run(self) -> None:
        try:
            engine, environment = self._load(self._memory)
            refuse_too_little(self._memory)
        except Exception as error:  # a broken installation fails in many ways; all end here, said and logged
            traceback.print_exc()
            self._end(Bye(why="failed", reason=not_loaded(error)))
            return
        lane = self._lane = Lane(engine, self._say)
        try:
            lane.begin(environment)
            self._take_all(lane)
        except LaneLost:
            pass
        except BaseException:  # its heart would beat on, and the worker take what it trains for hung
            traceback.print_exc()
            self._crash()
        self._end()

    def _take_all(self, lane: Lane) -> None:
        while not (lane.left or self._unheard):
            try:
                message = self._asked.get(timeout=SEAL_SECONDS)
            except queue.Empty:
                program_cache.seal()
            else:
                lane.take(message)
        program_cache.seal()

    def _end(self, last: FromLane | None = None) -> None:
        with self._speaks:
            if last is not None:
                self._said.append(last)
            self.over = True
            self._speaks.notify_all()

    def _beat(self) -> None:
        beat = 0
        with suppress(LaneLost):
            while not self.over:
                beat += 1
                self._say(Beat(beat=beat, memory=health.resident()))
                threading.Event().wait(health.BEAT)


def load_engine(kind: DeviceKind, *, keep: bool) -> LaneLoader:
    """Return what loads TensorFlow for one core or the only card that is seen, as a worker's own lanes do."""

    def load(memory: int | None) -> tuple[Engine, dict[str, str]]:
        os.umask(0o077)
        if not keep:
            os.environ[program_cache.SWITCH] = "0"
        program_cache.use()
        from lossterm.engine import runtime
        from lossterm.engine.cluster.shipping import OfShippedCode
        from lossterm.engine.training import trainer

        runtime.configure(kind.lower(), memory if kind == "GPU" else None)
        sys.setswitchinterval(0.0005)  # as in a worker: a lane back from its program waits for the interpreter
        place = runtime.CPU if kind == "CPU" else runtime.places()[1]
        return OfShippedCode(trainer.Trainer(place=place)), runtime.environment()

    return load
