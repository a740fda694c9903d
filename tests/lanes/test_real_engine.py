"""The real engine behind both carriers: the same trial gives the same bits, and memory that runs out narrows stacks."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.user_code_consent import share, trust
from lossterm.data import FileRequest
from lossterm.data.description import describe
from lossterm.engine.cluster.on_cluster import OnCluster
from lossterm.engine.worker.board import Board
from lossterm.engine.worker.training_process import InProcess, LaneCommand
from lossterm.engine.worker.training_thread import InThread, Place, TrainingThread
from lossterm.home import device_choices, stack_widths
from lossterm.home.paths import shelf
from lossterm.losses import source_from
from lossterm.store import AskedComparison, Store, TrialRow
from lossterm.worker_control import lock, starting
from lossterm.worker_control.cluster import Cluster
from tests.builders.ray_cluster import RayCluster
from tests.faults.watcher import curves, until
from tests.lanes.places import LIMITS
from tests.lanes.stand_in_lane import NARROWED

pytestmark = pytest.mark.tensorflow

SEEDS = 4
LANE = str(Path(__file__).with_name("stand_in_lane.py"))


@pytest.fixture
def engine(runtime: ModuleType) -> ModuleType:
    """Return the module of trainers."""
    from lossterm.engine.training import trainer

    return trainer


def ask(store: Store, name: str, device: str) -> AskedComparison:
    comparison = Comparison.ask("circles", ("hinge",), seeds=SEEDS, epochs=5, learning_rates=(0.01,), device=device)
    return store.requests.ask(name, comparison)


def train(store: Store, asked: AskedComparison, place: Callable[[Board, threading.Event], Place]) -> list[TrialRow]:
    """Have a lane train what was asked for, and return what came of it."""
    board, stop, device = Board(), threading.Event(), asked.comparison.device
    lane = TrainingThread(0, store.path, device, place(board, stop), board, stop)
    lane.start()
    try:
        until(lambda: all(row.ended for row in store.reader.trials([asked.id])), "the end", 250)
    finally:
        stop.set()
        lane.join()
    rows = store.reader.trials([asked.id])
    assert {(row.status, row.attempts, row.error) for row in rows} == {("done", 1, None)}
    return rows


@pytest.mark.slow
def test_a_process_trains_to_the_same_bits_as_a_thread(
    runtime: ModuleType, engine: ModuleType, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lossterm.engine.training import stack_width

    monkeypatch.setenv(NARROWED, str(stack_width.WIDTH))
    command = (sys.executable, LANE)
    here, there = ask(store, "here", "cpu"), ask(store, "there", "auto")
    rows = train(store, here, lambda _, stop: InThread(engine.Trainer(), runtime.environment(), stop))
    others = train(
        store,
        there,
        lambda board, stop: InProcess(LaneCommand(label="card 0", command=command), 0, "auto", board, stop, LIMITS),
    )
    by_seed = [
        {row.trial.seed: (curves(store, asked)[row.id], row.scores, row.anatomy) for row in trained}
        for asked, trained in ((here, rows), (there, others))
    ]
    assert by_seed[0] == by_seed[1]
    models = store.reader.models([row.id for row in (*rows, *others)])
    assert len({model.data for model in models.values()}) == 1
    assert len(models) == 2


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_a_node_with_a_home_of_its_own_trains_to_the_same_bits_also_on_a_table_and_with_custom_code(
    runtime: ModuleType, engine: ModuleType, store: Store, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file, table = home / "mine.py", home / "table.csv"
    file.write_text("def mine(y_true, y_pred):\n    return (y_true - y_pred) ** 2\n")
    table.write_text("a,b\n" + "".join(f"{n},{n * n}\n" for n in range(60)))
    data, _ = describe(FileRequest(path=str(table), target="b"), shelf())
    trust(source_from(f"{file}:mine"))

    def trained(device: str, where: Callable[[Board, threading.Event], Place]) -> list[AskedComparison]:
        more: dict[str, Any] = {"seeds": 3, "epochs": 5, "learning_rates": (0.01,), "device": device}
        comparisons = (
            Comparison.ask("circles", ("hinge",), **more),
            Comparison.ask(data, ("mse",), own=(f"{file}:mine",), **more),
        )
        asked = []
        for comparison in comparisons:
            asked.append(store.requests.ask(device, comparison))
            train(store, asked[-1], where)
        return asked

    here = trained("cpu", lambda _, stop: InThread(engine.Trainer(), runtime.environment(), stop))
    cluster, place = RayCluster(), tmp_path_factory.mktemp("node")
    try:
        cluster.add(env_vars={"LOSSTERM_HOME": str(place)})
        share(cluster.address, source_from(f"{file}:mine"))
        there = trained("auto", lambda _, stop: OnCluster(Cluster(cluster.address), "auto", stop, LIMITS))
    finally:
        cluster.end()
    for one, other in zip(here, there, strict=True):
        outcome = [
            {
                (row.trial.loss, row.trial.seed): (curves(store, side)[row.id], row.scores, row.anatomy)
                for row in store.reader.trials([side.id])
            }
            for side in (one, other)
        ]
        assert outcome[0] == outcome[1]
    kept = [path for path in place.rglob("*") if path.is_file()]
    assert {path.suffix for path in kept} >= {".py", ".npy"}, "what the node has, it was sent"


WORKER = """
import functools, sys
from lossterm.engine import runtime
from lossterm.engine.worker import process
runtime.card_models = lambda: ["half of a processor"]
process.cards.names = lambda device: {{0: "0"}}
process.card_lanes = functools.partial(process.card_lanes, command=(sys.executable, {lane!r}))
process.main()
"""
"""The real worker, on a machine with a card for which half of the processor stands."""


@pytest.mark.slow
def test_under_auto_a_card_and_the_cores_train_what_each_is_faster_at(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NARROWED, "10")
    asked = [
        store.requests.ask(
            "s", Comparison.ask(task, (loss,), seeds=4, epochs=10, learning_rates=(0.01,), hidden=hidden, device="auto")
        )
        for task, loss, hidden in (("circles", "hinge", (8,)), ("regression", "mse", (8,)), ("circles", "hinge", ()))
    ]
    assert starting.ensure(store.path, "auto", (sys.executable, "-c", WORKER.format(lane=LANE)))
    until(lambda: all(row.ended for one in asked for row in store.reader.trials([one.id])), "the end", 200)
    (worker,) = store.reader.workers()
    assert worker.environment is not None
    assert worker.environment["device"] == "CPU+GPU"
    kinds = [choice.kind for choice in device_choices.kept().values()]
    trained = []
    for one in asked:
        rows = store.reader.trials([one.id])
        assert {(row.status, row.attempts, row.error) for row in rows} == {("done", 1, None)}
        (kind,) = {row.environment["device"] for row in rows if row.environment}
        trained.append(kind)
    assert sorted(trained) == sorted(kinds)
    os.kill(worker.pid, signal.SIGTERM)
    until(lambda: not lock.alive(store.path, "auto"), "the worker to leave")


def test_where_memory_runs_out_stacks_are_half_as_wide_for_good(
    runtime: ModuleType, engine: ModuleType, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = engine.StackedEpochs.run
    tried: list[int] = []

    def runs_out(self: Any, *given: Any) -> Any:
        tried.append(self.width)
        if self.width > 1:
            raise runtime.tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return run(self, *given)

    first, second = ask(store, "first", "cpu"), ask(store, "second", "auto")
    with monkeypatch.context() as changed:
        changed.setattr(engine.StackedEpochs, "run", runs_out)
        rows = train(store, first, lambda _, stop: InThread(engine.Trainer(), runtime.environment(), stop))
    assert tried == [3]  # in a quick run; one alone is trained by a program that is no stack
    trial = rows[0].trial
    assert engine.width_of(trial, runtime.CPU) == 1
    neighbour = engine.Trainer()
    neighbour._programs[trial.program] = engine.Program.__new__(engine.Program)
    neighbour._programs[trial.program]._epochs = SimpleNamespace(width=3)  # as one has it that was built before
    neighbour._programs[trial.program].compiled_bytes = 0
    assert neighbour.width(trial) == 1
    again = train(store, second, lambda _, stop: InThread(engine.Trainer(), runtime.environment(), stop))
    assert [row.scores for row in again] == [row.scores for row in rows]
    kept = stack_widths.kept(f"{runtime.cpu()}, engine {engine.ENGINE}", trial.program)
    assert kept == 1
