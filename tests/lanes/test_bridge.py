"""What the bridge to a cluster does when lanes and nodes come and go at awkward moments."""

import threading
from collections.abc import Callable, Iterator

import pytest

from lossterm.engine.cluster import hello, lanes, on_cluster
from lossterm.engine.cluster.bridge import Agent, Bridge, LaneHandle, Seen, Watched
from lossterm.engine.cluster.dispatcher import Dispatcher
from lossterm.engine.cluster.messages import (
    CloseLane,
    FromBridge,
    LaneDown,
    NodeDown,
    NodeUp,
    OpenLane,
    Said,
    ToBridge,
    packed,
)
from lossterm.engine.cluster.node_lane import NodeLane
from lossterm.engine.cluster.on_cluster import OnCluster
from lossterm.engine.fakes.fake_engine import FakeTrainer, fake_environment
from lossterm.engine.lanes.lane import Lane
from lossterm.engine.lanes.messages import Leave, ToLane
from lossterm.store import Store
from tests.faults.watcher import until
from tests.lanes.places import CLUSTER, LIMITS

SEEN = Seen(name="one", loopback=True, cores=2, cards=0)
OPEN = OpenLane(lane=1, node="one", kind="CPU", keep=True, memory=None)
UP = NodeUp(node="one", name="one", loopback=True, cores=2, cards=0, facts=hello.facts())


class Heard:
    """The worker's side of a bridge: keeps what it is told and says nothing."""

    def __init__(self) -> None:
        self.said: list[FromBridge] = []

    def send(self, message: FromBridge) -> None:
        self.said.append(message)

    def receive(self, seconds: float) -> ToBridge | None:
        return None

    def close(self) -> None:
        pass


class Handle:
    """A lane that says nothing, and does as a test likes when it is ended."""

    def __init__(self, on_end: Callable[[], None] = lambda: None) -> None:
        self.ended, self._on_end = threading.Event(), on_end

    def words(self) -> Iterator[bytes]:
        self.ended.wait()
        yield from ()

    def tell(self, words: bytes) -> None:
        raise AssertionError("it is told nothing")

    def end(self) -> None:
        self._on_end()
        self.ended.set()


class Side:
    """A cluster whose lanes open when a test wants it."""

    address = "127.0.0.1:6379"

    def __init__(self, handle: Handle) -> None:
        self.handle, self.opens = handle, threading.Event()
        self.fails: Exception | None = None

    def nodes(self) -> dict[str, Seen]:
        return {"one": SEEN}

    def agent(self, node: str) -> Agent:
        raise self.fails or AssertionError("no test wants one")

    def open(self, asked: OpenLane) -> LaneHandle:
        self.opens.wait()
        if self.fails:
            raise self.fails
        return self.handle


def watched(bridge: Bridge) -> Watched:
    """Have a bridge know the node, which has said who it is."""
    there = bridge._nodes["one"] = Watched(SEEN, bridge._clock.look())
    there.facts = UP.facts
    return there


@pytest.mark.parametrize("by", ["the worker", "the node's loss"])
def test_a_lane_that_is_closed_while_it_opens_is_ended(by: str) -> None:
    worker, side = Heard(), Side(Handle())
    bridge = Bridge(worker, side)
    bridge._do(OPEN)
    if by == "the worker":
        bridge._do(CloseLane(lane=1))
    else:
        bridge._lose("one", watched(bridge), "it has left the cluster")
    side.opens.set()
    until(lambda: worker.said, "its end to be told")
    assert side.handle.ended.is_set()
    assert [type(message) for message in worker.said] == [LaneDown]


def test_a_node_that_is_heard_while_it_is_lost_comes_back_after_it_went() -> None:
    threads: list[threading.Thread] = []

    def beat() -> None:
        threads.append(threading.Thread(target=bridge._hear, args=("one", there)))
        threads[0].start()
        threads[0].join(0.05)  # as long as it may take to come in between, if it could

    worker, side = Heard(), Side(Handle(beat))
    side.opens.set()
    bridge = Bridge(worker, side)
    there = watched(bridge)
    bridge._hear("one", there)
    bridge._do(OPEN)
    until(lambda: bridge._lanes[1][1], "the lane")
    bridge._lose("one", there, "it was silent")
    threads[0].join()
    of_the_node = [type(message) for message in worker.said if not isinstance(message, LaneDown | Said)]
    assert of_the_node == [NodeUp, NodeDown, NodeUp]


def test_what_fails_as_nobody_thought_of_is_told_all_the_same() -> None:
    worker, side = Heard(), Side(Handle())
    side.fails = TypeError("nobody thought of that")
    side.opens.set()
    bridge = Bridge(worker, side)
    there = bridge._nodes["one"] = Watched(SEEN, bridge._clock.look())
    with pytest.raises(TypeError):
        bridge._serve_lane(OPEN)
    with pytest.raises(TypeError):
        bridge._serve_node("one", there)
    assert [type(message) for message in worker.said] == [LaneDown, NodeDown]
    assert there.over


# What the worker makes of it


class Told:
    """A bridge that keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[ToBridge] = []

    def send(self, message: ToBridge) -> None:
        self.asked.append(message)

    def receive(self, seconds: float) -> FromBridge | None:
        return None

    def close(self) -> None:
        pass


@pytest.fixture
def serving(store: Store) -> Dispatcher:
    """Return a dispatcher that knows one node, with a lane in each of its two slots."""
    there = Dispatcher(store, "cpu", CLUSTER, threading.Event(), LIMITS)
    there.attach(Told())
    there._take(UP)
    there._look_after()
    return there


def test_a_node_that_joins_anew_has_no_lanes_of_before(serving: Dispatcher) -> None:
    assert [*serving.lanes] == [1, 2]
    serving._take(UP)
    assert serving.lanes == {}
    serving._look_after()
    assert [*serving.lanes] == [3, 4]


def test_a_lane_that_could_not_train_is_started_again_after_longer_and_longer(
    serving: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving._clock, "look", lambda: 100.0)
    slot, pauses = serving.nodes["one"].slots[0], []
    for _ in range(3):
        assert slot.lane is not None
        serving._close(slot.lane, "its process died", died=True)
        pauses.append(slot.again - 100.0)
        serving._open(slot)
    assert pauses == [lanes.PAUSE, 2 * lanes.PAUSE, 4 * lanes.PAUSE]


def test_a_lost_cluster_is_tried_again_after_longer_and_longer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, pauses = threading.Event(), list[float]()
    lives = iter([False, False, True, False, False, False])
    place = OnCluster(CLUSTER, "cpu", stop, LIMITS)
    monkeypatch.setattr(place, "_live", lambda _: (next(lives), len(pauses) == 5))
    monkeypatch.setattr(stop, "wait", pauses.append)
    place.serve(store, lambda _: pytest.fail("there is no lane of this machine"))
    assert pauses == [on_cluster.SHORTEST_PAUSE * times for times in (1, 2, 1, 2, 4)]


# The other end


def test_a_lane_whose_thread_fails_ends_its_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []

    def fail(lane: Lane, message: ToLane) -> None:
        raise KeyError("a mistake of ours")

    monkeypatch.setattr("os._exit", codes.append)
    monkeypatch.setattr(Lane, "take", fail)
    lane = NodeLane(lambda _: (FakeTrainer(), fake_environment("CPU")))
    lane.tell(packed((Leave(),)))
    until(lambda: lane.over, "its end")
    assert codes == [1]
    assert "a mistake of ours" in capsys.readouterr().err


def test_a_lane_that_nobody_hears_any_more_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr("os._exit", ended.append)
    before = set(threading.enumerate())
    lane = NodeLane(lambda _: (FakeTrainer(), fake_environment("CPU")))
    threads = set(threading.enumerate()) - before
    assert {thread.name for thread in threads} == {"lane", "heart"}
    assert lane.words(5)
    lane.leave()
    until(lambda: lane.over and not any(thread.is_alive() for thread in threads), "the end of its threads")
    assert not ended
