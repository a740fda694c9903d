"""A lane in a process of its own, which the worker starts; whatever engine it has, `main` is what it does.

It ends with the worker, however that ends: the kernel kills it, and elsewhere than on Linux the socket ends.
"""

import argparse
import ctypes
import os
import queue
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress

from lossterm.engine.contract import Engine
from lossterm.engine.lanes.carriers import Socket, lane_end
from lossterm.engine.lanes.lane import Lane, LaneLost
from lossterm.engine.lanes.messages import Beat, Bye, Cancel, FromLane, ToLane
from lossterm.engine.worker import health, program_cache
from lossterm.text.numbers import memory_size

LaneLoader = Callable[[int | None], tuple[Engine, dict[str, str]]]
"""`memory -> (engine, environment)`: what takes the seconds before a lane can train."""

SEAL_SECONDS = 1.0
"""How long a lane waits for more before it takes the checksums of the programs that it compiled."""

PR_SET_PDEATHSIG = 1


def main(load: LaneLoader, arguments: list[str] | None = None) -> None:
    """Be a lane, on the socket that the command line names. Leaves the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", type=int, required=True, help="the descriptor of a socket to the worker")
    parser.add_argument("--parent", type=int, required=True, help="the worker's process")
    parser.add_argument("--memory", type=int, metavar="BYTES", help="what it may take (default: no limit)")
    given = parser.parse_args(arguments)
    end_with(given.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what ends the worker ends it too
    os.umask(0o077)
    code = _serve(lane_end(socket.socket(fileno=given.socket)), load, given.memory)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the threads that read and beat go with it


def end_with(parent: int) -> None:
    """Have the kernel end this process with its parent, as far as it is Linux's."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before
        os._exit(1)


def _serve(carrier: Socket[FromLane, ToLane], load: LaneLoader, memory: int | None) -> int:
    asked: queue.SimpleQueue[ToLane] = queue.SimpleQueue()
    threading.Thread(target=_beat, args=(carrier,), name="heart", daemon=True).start()
    try:
        engine, environment = load(memory)
        refuse_too_little(memory)
    except Exception as error:  # a broken installation fails in many ways; all end here, said and logged
        traceback.print_exc()
        with suppress(LaneLost):
            carrier.send(Bye(why="failed", reason=not_loaded(error)))
        return 1
    lane = Lane(engine, carrier.send)
    threading.Thread(target=_read, args=(carrier, lane, asked), name="reader", daemon=True).start()
    try:
        lane.begin(environment)
        while not lane.left:
            try:
                lane.take(asked.get(timeout=SEAL_SECONDS))
            except queue.Empty:
                program_cache.seal()
    except LaneLost:
        return 0
    program_cache.seal()
    return 0


def _read(carrier: Socket[FromLane, ToLane], lane: Lane, asked: "queue.SimpleQueue[ToLane]") -> None:
    """Take what the worker says; end this process where the worker is gone, whatever is trained."""
    try:
        while True:
            message = carrier.receive(health.BEAT)
            if isinstance(message, Cancel):
                lane.take(message)
            elif message is not None:
                asked.put(message)
    except LaneLost:
        os._exit(0)


def _beat(carrier: Socket[FromLane, ToLane]) -> None:
    with suppress(LaneLost):  # the reader ends the process
        beat = 0
        while True:
            beat += 1
            carrier.send(Beat(beat=beat, memory=health.resident()))
            threading.Event().wait(health.BEAT)


def refuse_too_little(memory: int | None) -> None:
    """Raise RuntimeError if more memory is taken than may be, before anything is trained."""
    if memory is not None and (taken := health.resident()) > memory:
        raise RuntimeError(
            f"TensorFlow alone takes {memory_size(taken)}, and the limit of memory is {memory_size(memory)}: "
            "allow more."
        )


def not_loaded(error: Exception) -> str:
    """Say why an engine does not load: what is raised for a person as it is, other errors as those of TensorFlow."""
    return str(error) if isinstance(error, RuntimeError) else f"TensorFlow does not load: {error}"
