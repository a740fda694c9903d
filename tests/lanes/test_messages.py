"""Messages alone: each survives being carried, and what is said twice, late or by a stranger does no harm."""

import random
import socket
import threading
import typing
from array import array
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossterm.comparison.comparison import Comparison
from lossterm.engine.contract import Result
from lossterm.engine.fakes.fake_engine import FakeTrainer, fake_environment
from lossterm.engine.lanes import carriers, messages
from lossterm.engine.lanes.carriers import lane_end, worker_end
from lossterm.engine.lanes.lane import Lane, LaneLost
from lossterm.engine.lanes.lane_client import LaneClient
from lossterm.engine.lanes.messages import (
    Assignment,
    Batch,
    Beat,
    Bye,
    Cancel,
    Curve,
    Ended,
    FromLane,
    Hello,
    Idle,
    Leave,
    Prepare,
    Prepared,
    Saved,
    ToLane,
)
from lossterm.engine.worker.board import Board
from lossterm.store import Anatomy, Checkpoint, Chunk, Store
from tests.faults.watcher import curves
from tests.lanes.delivery import Delivered, Numbered

COMPARISON = Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=1, epochs=9)
TRIAL = next(COMPARISON.trials())
CHECKPOINT = Checkpoint(epochs=3, seconds=0.5, state=b"\0state")


def part(start: int, epochs: int, value: float = 0.5) -> Chunk:
    return Chunk(trial=1, start=start, epochs=epochs, data=array("f", [value] * 4 * epochs).tobytes())


def result(**more: Any) -> Result:
    trained = FakeTrainer().train(TRIAL, 1)
    anatomy = Anatomy(of="margin", quantiles=(-1.0, 0.5), share=None)
    return msgspec.structs.replace(trained, anatomy=anatomy, device="GPU", note="a note", **more)


EVERY: tuple[Any, ...] = (
    Prepare(number=1, attempt=2, trial=TRIAL, served=("CPU", "GPU")),
    Batch(assignments=(Assignment(number=1, attempt=2, trial=TRIAL, checkpoint=CHECKPOINT),)),
    Cancel(attempt=2**62),
    Leave(),
    Hello(lossterm="1", engine=6, environment=fake_environment("CPU"), pid=1),
    Beat(beat=1, memory=2**40),
    Prepared(attempt=2, width=10, kind="GPU", chosen="GPU (3 × as fast as the CPU)"),
    Curve(attempt=2, chunk=part(0, 3, float("nan"))),
    Saved(attempt=2, checkpoint=CHECKPOINT),
    Ended(attempt=2, result=result(), device="GPU"),
    Ended(attempt=2, error="no such thing", device="CPU"),
    Idle(programs=frozenset({"a"}), compiled_bytes=3),
    Bye(why="unkept", reason="no room"),
)


def test_every_message_is_carried_as_it_is() -> None:
    kinds = {*typing.get_args(ToLane), *typing.get_args(FromLane)}
    assert {type(message) for message in EVERY} == kinds
    assert kinds == {
        one for one in vars(messages).values() if isinstance(one, type) and issubclass(one, messages.Message)
    } - {messages.Message}
    ours, its = socket.socketpair()
    with ours, its:
        to_lane, to_worker = worker_end(ours), lane_end(its)
        for message in EVERY:
            sender, taker = (to_lane, to_worker) if isinstance(message, ToLane) else (to_worker, to_lane)
            sender.send(message)
            came = taker.receive(1)
            assert repr(came) == repr(message)  # nan is not equal to itself
        assert to_lane.receive(0) is None


# What the worker makes of them


class Scripted:
    """A carrier whose lane says what a script gives, message by message, and notes what it is told."""

    def __init__(self, *script: Any) -> None:
        self._script, self.told = list(script), list[Any]()

    def send(self, message: Any) -> None:
        self.told.append(message)

    def receive(self, seconds: float) -> Any:
        if not self._script:
            raise LaneLost
        said = self._script.pop(0)
        attempt = next((one.attempt for one in reversed(self.told) if isinstance(one, Prepare)), 0)
        return msgspec.structs.replace(said, attempt=attempt) if getattr(said, "attempt", 0) == MINE else said

    def close(self) -> None:
        pass


MINE = -1
"""Stands for the attempt that the worker gave out."""

HELLO = next(message for message in EVERY if isinstance(message, Hello))
PREPARED = Prepared(attempt=MINE, width=1, kind="CPU")
IDLE = Idle(programs=frozenset(), compiled_bytes=0)


def hello() -> Hello:
    said: list[Any] = []
    Lane(FakeTrainer(), said.append).begin(fake_environment("CPU"))
    return said[0]  # type: ignore[no-any-return]


def served(store: Store, *script: Any) -> tuple[Scripted, LaneClient]:
    """Ask for one trial, and have a lane say what the script has."""
    asked = store.requests.ask("s", COMPARISON)
    assert asked.id == 1
    carrier = Scripted(hello(), *script)
    client = LaneClient(0, store, "auto", Board(), threading.Event())
    with suppress(LaneLost):
        client.serve(carrier)
    return carrier, client


def said(*parts: tuple[int, int], end: int | None = 9, begun: int = 0) -> Iterator[Any]:
    """Yield the parts of a curve, and the end of the training at its last epoch."""
    for start, epochs in parts:
        yield Curve(attempt=MINE, begun=begun, chunk=part(start, epochs))
    if end is not None:
        last = msgspec.structs.replace(result(), chunk=part(end - 3, 3))
        yield Ended(attempt=MINE, begun=begun, result=last, device="CPU")
        yield IDLE


def statuses(store: Store) -> list[tuple[str, int]]:
    return [(row.status, row.epochs) for row in store.reader.trials([1])]


def test_what_is_said_twice_is_written_once(store: Store) -> None:
    script = [one for message in (PREPARED, *said((0, 3), (3, 3))) for one in (message, message)]
    late = [Curve(attempt=MINE, chunk=part(0, 3, 9.0)), *said((0, 3))]
    served(store, *script, *late)
    assert statuses(store) == [("done", 9)]
    (asked,) = store.reader.comparisons("s")
    assert curves(store, asked) == {1: part(0, 9).data}


def test_an_old_part_that_comes_late_takes_nothing_back(store: Store) -> None:
    served(store, PREPARED, *said((0, 3), (3, 3), (0, 3)))
    assert statuses(store) == [("done", 9)]


def test_what_a_lane_says_that_was_given_up_is_ignored(store: Store) -> None:
    stranger = [Curve(attempt=77, chunk=part(0, 9)), Ended(attempt=77, result=result(), device="CPU")]
    stranger += [Saved(attempt=77, checkpoint=CHECKPOINT), Prepared(attempt=77, width=9, kind="CPU")]
    served(store, *stranger, PREPARED, *said((0, 3), end=None))
    assert statuses(store) == [("running", 3)]
    assert store.worker.checkpoint(1) is None


def test_a_curve_with_a_gap_ends_the_lane_rather_than_the_curve(store: Store) -> None:
    _, client = served(store, PREPARED, *said((0, 3), (6, 3)))
    assert statuses(store) == [("running", 3)]
    assert client.numbers == (1,)


def test_a_trial_that_the_lane_begins_anew_is_written_from_its_beginning(store: Store) -> None:
    served(store, PREPARED, *said((0, 3), (3, 3), end=None), *said((0, 6), begun=1))
    assert statuses(store) == [("done", 9)]


def test_a_program_that_is_for_another_device_goes_back_and_is_not_counted(store: Store) -> None:
    other = Prepared(attempt=MINE, width=0, kind="GPU", chosen="GPU (9 × as fast as the CPU)")
    carrier, client = served(store, other)
    prepared = [one for one in carrier.told if isinstance(one, Prepare)]
    assert not any(isinstance(one, Batch) for one in carrier.told)
    assert len(prepared) == 2  # nobody else was there to take it
    assert client._board.elsewhere("CPU", [TRIAL.program]) == frozenset()
    client._board.serve(1, "GPU", {})
    assert client._board.elsewhere("CPU", [TRIAL.program]) == {TRIAL.program}


def test_a_lane_of_another_version_is_refused(store: Store) -> None:
    asked = store.requests.ask("s", COMPARISON)
    stranger = msgspec.structs.replace(hello(), lossterm="0.0.1")
    client = LaneClient(0, store, "auto", Board(), threading.Event())
    with pytest.raises(LaneLost):
        client.serve(Scripted(stranger))
    assert client.bye is not None
    assert client.bye.reason.startswith("A lane is of lossterm 0.0.1, the worker of ")
    assert [row.status for row in store.reader.trials([asked.id])] == ["queued"]


# Carriers


def test_what_is_no_message_ends_the_connection() -> None:
    for data in (b"\xff\xff\xff\xff", b"\x03\0\0\0abc", b"\x02\0\0\0\x91\xc0"):
        ours, its = socket.socketpair()
        with ours, its:
            its.sendall(data)
            with pytest.raises(LaneLost):
                worker_end(ours).receive(1)


def test_a_connection_that_ends_in_the_middle_is_lost() -> None:
    ours, its = socket.socketpair()
    with ours:
        with its:
            its.sendall(b"\x03\0\0\0a")
        with pytest.raises(LaneLost):
            worker_end(ours).receive(1)
        with pytest.raises(LaneLost):
            worker_end(ours).send(Leave())


def test_an_end_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carriers, "SEND_SECONDS", 0.1)
    ours, its = socket.socketpair()
    with ours, its, pytest.raises(LaneLost):
        worker_end(ours).send(Batch(assignments=(Assignment(number=1, attempt=1, trial=TRIAL, checkpoint=LARGE),)))


LARGE = Checkpoint(epochs=1, seconds=0.0, state=b"0" * 8_000_000)


class Link:
    """One end of a pair of queues between which luck drops, repeats and reorders."""

    def __init__(self, luck: random.Random) -> None:
        self.arrives: list[Numbered] = []
        self.other: Link | None = None
        self._luck = luck

    def send(self, message: Numbered) -> None:
        assert self.other is not None
        if len(self.other.arrives) > 20:
            return  # the way is narrow
        for _ in range(self._luck.choice((0, 1, 1, 2))):
            self.other.arrives.insert(self._luck.randint(0, len(self.other.arrives)), message)

    def receive(self, _: float) -> Numbered | None:
        return self.arrives.pop(0) if self.arrives else None

    def close(self) -> None:
        pass


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_over_a_carrier_that_loses_and_repeats_all_arrives_once_and_in_order(seed: int, count: int) -> None:
    luck = random.Random(seed)
    one, other = Link(luck), Link(luck)
    one.other, other.other = other, one
    ends: tuple[Delivered[Any, Any], Delivered[Any, Any]] = (Delivered(one, 0), Delivered(other, 0))
    came: tuple[list[Any], list[Any]] = ([], [])
    for number in range(count):
        for end in ends:
            end.send(Cancel(attempt=number))
    for _ in range(2000):
        for end, taken in zip(ends, came, strict=True):
            if (message := end.receive(0)) is not None:
                taken.append(message.attempt)
    assert came == (list(range(count)), list(range(count)))
