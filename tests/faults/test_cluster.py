"""A worker with the nodes of a real Ray cluster, whose processes are killed, stopped and cut off: nothing is lost.

Nodes have the fake engine; `tests.bench.nodes` has the real one there.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.engine.cluster import bridge
from lossterm.engine.cluster.on_cluster import OnCluster
from lossterm.engine.fakes.fake_engine import FakeTrainer
from lossterm.engine.lanes.lane_client import Limits
from lossterm.engine.worker.board import Board
from lossterm.engine.worker.training_thread import TrainingThread
from lossterm.store import AskedComparison, Store, TrialRow
from lossterm.worker_control import lock, starting
from lossterm.worker_control.cluster import Cluster
from tests.builders.ray_cluster import FAKE_BRIDGE, FAKE_WORKER, RayCluster, shared_cluster
from tests.faults.watcher import curves, until
from tests.lanes.places import DEVICE, LIMITS

pytestmark = pytest.mark.slow

EPOCH = "0.02"
"""Seconds of an epoch of the fake engine: a training that is begun lasts some seconds."""


class Serving:
    """A worker's thread that serves a cluster."""

    def __init__(self, store: Store, address: str, limits: Limits = LIMITS) -> None:
        self.stop = threading.Event()
        self.place = OnCluster(Cluster(address), DEVICE, self.stop, limits, FAKE_BRIDGE)
        self.thread = TrainingThread(0, store.path, DEVICE, self.place, Board(), self.stop)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(20)
        assert not self.thread.is_alive()
        assert (self.thread.broken, self.thread.refused) == (False, None)


@pytest.fixture
def serve(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Serving]]:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", EPOCH)
    begun: list[Serving] = []

    def begin(address: str | None = None, **more: Any) -> Serving:
        begun.append(Serving(store, address or shared_cluster().address, **more))
        return begun[-1]

    yield begin
    for one in begun:
        one.end()


@pytest.fixture(scope="module")
def node() -> Iterator[Any]:
    """Return a further node of the shared cluster; the last of the tests that use it kills it."""
    one = shared_cluster().add()
    yield one
    if one.any_processes_alive():
        shared_cluster().kill(one)


def ask(store: Store, *losses: str, epochs: int = 150, seeds: int = 2) -> AskedComparison:
    losses = losses or ("squared_hinge", "binary_crossentropy")
    comparison = Comparison.ask("circles", losses, protocol="tutorial", seeds=seeds, epochs=epochs)
    return store.requests.ask("s", comparison)


def rows_of(store: Store, asked: AskedComparison) -> list[TrialRow]:
    return store.reader.trials([asked.id])


def running(store: Store, asked: AskedComparison, count: int) -> Callable[[], bool]:
    return lambda: sum(row.status == "running" and row.epochs > 0 for row in rows_of(store, asked)) >= count


def ended(store: Store, asked: AskedComparison) -> Callable[[], bool]:
    return lambda: all(row.ended for row in rows_of(store, asked))


def assert_as_on_one_machine(store: Store, asked: AskedComparison, attempts: int = 1) -> None:
    """Whatever happened, the table and all curves are those of trainings that nobody disturbed."""
    stored = curves(store, asked)
    for row in rows_of(store, asked):
        assert (row.status, row.error) == ("done", None)
        assert row.attempts <= attempts
        with pytest.MonkeyPatch.context() as patched:
            patched.delenv("LOSSTERM_FAKE_EPOCH_SECONDS")  # so that the whole curve comes at once
            result = FakeTrainer().train(row.trial, row.id)
        assert result.chunk
        assert (stored[row.id], row.scores) == (result.chunk.data, result.scores)


def processes(node: Any) -> dict[int, str]:
    """Return the processes of a node with their titles, the first of them its raylet."""
    (raylet,) = node.all_processes["raylet"]
    found, parents = {raylet.process.pid: "raylet"}, dict[int, int]()
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    for _ in range(3):  # children of children of the raylet are the deepest
        for pid, parent in parents.items():
            if parent in found and pid not in found:
                with suppress(OSError):
                    found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def lane_of(node: Any) -> int:
    """Return the process of a node's lane."""
    (pid,) = [pid for pid, title in processes(node).items() if "LaneActor" in title]
    return pid


def signal_all(node: Any, number: signal.Signals) -> None:
    """Send a signal to all processes of a node."""
    for pid in processes(node):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def test_a_lane_whose_process_is_killed_is_replaced(serve: Callable[..., Serving], store: Store, node: Any) -> None:
    asked = ask(store)
    serve()
    until(running(store, asked, 2), "trainings on both nodes")
    os.kill(lane_of(node), signal.SIGKILL)
    until(ended(store, asked), "the end")
    assert_as_on_one_machine(store, asked, attempts=2)


def test_a_lane_that_hangs_is_ended_and_what_it_trains_tried_elsewhere(
    serve: Callable[..., Serving], store: Store, node: Any
) -> None:
    asked = ask(store)
    serve(limits=Limits(silence=3, hang=60, memory=None, compiled=2**40))
    until(running(store, asked, 2), "trainings on both nodes")
    lane = lane_of(node)
    os.kill(lane, signal.SIGSTOP)
    until(lambda: lane not in processes(node), "it to be ended")
    until(ended(store, asked), "the end")
    assert_as_on_one_machine(store, asked)


def test_a_link_that_stalls_for_long_costs_a_repetition_and_nothing_else(
    serve: Callable[..., Serving], store: Store, node: Any
) -> None:
    """A stopped node says nothing, as one beyond a link that stalls; what it says later is of lanes given up."""
    asked, serving = ask(store, epochs=400), serve()
    until(running(store, asked, 2), "trainings on both nodes")
    before = sum(serving.place.lanes.values())
    signal_all(node, signal.SIGSTOP)
    until(lambda: sum(serving.place.lanes.values()) < before, "the silence to be noticed")
    signal_all(node, signal.SIGCONT)
    until(ended(store, asked), "the end")
    assert_as_on_one_machine(store, asked)


def test_a_cancel_while_all_nodes_stream_stops_all_of_them(
    serve: Callable[..., Serving], store: Store, node: Any
) -> None:
    asked = ask(store, epochs=100_000)
    serve()
    until(running(store, asked, 2), "trainings on both nodes")
    store.requests.cancel([asked.id])
    until(ended(store, asked), "the end")
    assert {row.status for row in rows_of(store, asked)} == {"cancelled"}


def test_a_worker_that_is_killed_finds_its_nodes_again_and_blames_nobody(
    store: Store, node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", EPOCH)
    asked, cluster = ask(store), Cluster(shared_cluster().address)
    command = (sys.executable, "-c", FAKE_WORKER, "--lanes", "0")
    first = starting.ensure(store.path, DEVICE, command, cluster=cluster)
    assert first is not None
    until(running(store, asked, 2), "trainings on both nodes")
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: not lock.alive(store.path, DEVICE), "the lock to be free")
    starting.ensure(store.path, DEVICE, command, cluster=cluster)
    until(ended(store, asked), "the end")
    assert_as_on_one_machine(store, asked)


def test_a_node_that_is_killed_is_noticed_within_six_seconds_and_nothing_is_lost(
    serve: Callable[..., Serving], store: Store, node: Any
) -> None:
    asked, serving = ask(store, epochs=400), serve()
    until(running(store, asked, 2), "trainings on both nodes")
    before = sum(serving.place.lanes.values())
    shared_cluster().kill(node)
    until(lambda: sum(serving.place.lanes.values()) < before, "the death to be noticed")
    assert bridge.SILENCE_SECONDS + bridge.BEAT < 6
    until(ended(store, asked), "the end on the other")
    assert_as_on_one_machine(store, asked)


def test_where_the_head_is_gone_what_was_trained_there_waits_for_another(
    serve: Callable[..., Serving], store: Store
) -> None:
    cluster = RayCluster()
    try:
        cluster.add()
        asked, serving = ask(store, epochs=100_000), serve(cluster.address)
        until(running(store, asked, 1), "a training")
        cluster.kill_head()
        until(lambda: serving.place.trouble, "the loss to be told")
    finally:
        cluster.end()
    until(lambda: all(row.status == "queued" for row in rows_of(store, asked)), "all to wait again")
    assert {row.attempts for row in rows_of(store, asked)} == {0}
    assert cluster.address in serving.place.trouble


def test_only_a_node_without_lossterm_is_said_to_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray.exceptions import RaySystemError

    from lossterm.engine.cluster import ray_side

    def says(words: str) -> Any:
        def get(*_: object, **__: object) -> None:
            raise RaySystemError(words)

        monkeypatch.setattr("ray.get", get)
        return ray_side.RayAgent(MagicMock(), MagicMock()).facts()

    assert says("The actor failed to import: ModuleNotFoundError(\"No module named 'lossterm'\")").lossterm == ""
    with pytest.raises(bridge.ClusterError, match="important"):
        says("It ended for an important reason.")
    with pytest.raises(bridge.ClusterError, match="numpy"):
        says("No module named 'numpy'")
