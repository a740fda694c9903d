"""Where trainings run: what TensorFlow is told before its first operation, and what runs where after it."""

import ctypes
import threading
from types import ModuleType
from typing import Any

import pytest

from lossterm.comparison.device import device_from
from lossterm.engine.lanes import card_lane
from lossterm.engine.worker import cards, program_cache
from lossterm.engine.worker.process import card_lanes, load_tensorflow
from lossterm.worker_control.cores import cores

from .conftest import Trained, train, trial_of

pytestmark = pytest.mark.tensorflow


class RecordedCalls:
    """Stands for TensorFlow on a machine with some cards, and notes what it is told."""

    def __init__(self, *cards: str) -> None:
        self.calls: dict[str, Any] = {}
        self._cards = cards

    def __getattr__(self, name: str) -> Any:
        if name == "list_physical_devices":
            return lambda _: list(self._cards)
        if name in ("config", "experimental", "random", "threading"):
            return self
        return lambda *given, **more: self.calls.__setitem__(name, given)


def told(runtime: ModuleType, monkeypatch: pytest.MonkeyPatch, device: str, *cards: str) -> dict[str, Any]:
    """Return the calls by which TensorFlow is configured for a device on a machine with these cards."""
    recorded = RecordedCalls(*cards)
    with monkeypatch.context() as patched:
        patched.setattr(runtime, "tf", recorded)
        runtime.configure(device)
    return recorded.calls


def test_float32_means_float32_on_every_device(runtime: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not runtime.tf.config.experimental.tensor_float_32_execution_enabled()
    for device in ("auto", "cpu", "gpu"):
        assert told(runtime, monkeypatch, device, "card")["enable_tensor_float_32_execution"] == (False,)


def test_operations_are_deterministic_on_a_card_and_may_draw(
    runtime: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for device in ("auto", "gpu"):
        calls = told(runtime, monkeypatch, device, "card")
        assert {"enable_op_determinism", "set_seed", "set_memory_growth"} <= calls.keys()


@pytest.mark.parametrize(("device", "cards"), [("cpu", ("card",)), ("cpu", ()), ("auto", ())])
def test_a_processor_is_deterministic_as_it_is(
    device: str, cards: tuple[str, ...], runtime: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        not {"enable_op_determinism", "set_seed", "set_memory_growth"}
        & told(runtime, monkeypatch, device, *cards).keys()
    )


def test_a_card_that_is_not_there_is_a_sentence(runtime: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match=r"sees no GPU here.*--device cpu"):
        told(runtime, monkeypatch, "gpu")


@pytest.mark.parametrize(("device", "sees"), [("gpu:0,2", 1), ("gpu:1,2,3", 2)])
def test_fewer_cards_than_are_named_are_a_sentence(
    device: str, sees: int, runtime: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RuntimeError, match=rf"--device {device} names \d cards, of which TensorFlow sees {sees} here"):
        told(runtime, monkeypatch, device, *["card"] * sees)


# Which cards a worker has lanes for


@pytest.mark.parametrize(
    ("device", "listed", "names"),
    [
        ("auto", None, {0: "0", 1: "1", 2: "2"}),
        ("gpu", "3,4", {0: "3", 1: "4"}),
        ("gpu", "", {}),
        ("gpu:0,2", None, {0: "0", 2: "2"}),
        ("gpu:1", "5,7", {1: "7"}),
        ("gpu:0,2", "MIG-a, MIG-b,GPU-c", {0: "MIG-a", 2: "GPU-c"}),
    ],
)
def test_each_card_that_a_device_names_has_a_process_that_sees_no_other(
    device: str, listed: str | None, names: dict[int, str]
) -> None:
    environment = {"PATH": "/bin", **({} if listed is None else {cards.LISTED: listed})}
    named = cards.names(device_from(device), environment, lambda: 3)
    assert named == names
    lanes = card_lanes(named)
    assert [lane.label for lane in lanes] == [f"card {number}" for number in names]
    assert [lane.environment for lane in lanes] == [
        {cards.LISTED: name, cards.ORDER: "PCI_BUS_ID"} for name in names.values()
    ]


@pytest.mark.parametrize(
    ("device", "listed", "who"),
    [
        ("gpu:2", "0,1", "CUDA_VISIBLE_DEVICES lists 2 cards"),
        ("gpu:0", "", "CUDA_VISIBLE_DEVICES lists 0 cards"),
        ("gpu:1", None, "CUDA sees 1 card"),
    ],
)
def test_a_card_beyond_those_that_are_visible_is_a_sentence(device: str, listed: str | None, who: str) -> None:
    environment = {} if listed is None else {cards.LISTED: listed}
    with pytest.raises(RuntimeError, match=rf"There is no card \d here: {who}, and the first has number 0"):
        cards.names(device_from(device), environment, lambda: 1)


def test_without_a_driver_there_is_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: (_ for _ in ()).throw(OSError(name)))
    assert cards.count() == 0
    monkeypatch.delenv(cards.LISTED, raising=False)
    with pytest.raises(RuntimeError, match=r"sees no GPU here.*--device cpu"):
        load_tensorflow("gpu", None)


# Where operations run


def test_lanes_at_two_places_train_side_by_side_with_the_same_bits(
    runtime: ModuleType, training: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lossterm.engine.training import stack_width

    monkeypatch.setattr(stack_width, "CARD_WIDTH", stack_width.WIDTH)
    places = [runtime.CPU, runtime.Place("GPU", "/CPU:1")]
    trial = trial_of("circles", "hinge", protocol="fair", epochs=4)
    programs = [training.Program(trial, place) for place in places]
    runs: dict[str, Trained] = {}

    def run(number: int) -> None:
        runs[places[number].name] = train(programs[number], trial)

    lanes = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    assert runs["/CPU:0"].bits == runs["/CPU:1"].bits
    for place, program in zip(places, programs, strict=True):
        held = [*program.network.weights, *program._epochs._all]
        assert {variable.value.device[-len("CPU:0") :] for variable in held} == {place.name.removeprefix("/")}
        assert all(part.device.endswith(place.name[1:]) for part in program._drawn(trial).features)


def test_a_worker_of_cards_leaves_tensorflow_to_their_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cards.LISTED, "MIG-a,MIG-b,MIG-c")
    loaded = load_tensorflow("gpu:0,2", None)
    assert (loaded.environment, loaded.threads) == (None, 0)
    assert [lane.environment[cards.LISTED] for lane in loaded.processes] == ["MIG-a", "MIG-c"]


def test_under_auto_cores_are_threads_and_cards_are_processes_that_know_of_each_other(
    runtime: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "configure", lambda *_: None)
    monkeypatch.setattr(runtime, "card_models", lambda: ["one", "other"])
    monkeypatch.setenv(program_cache.SWITCH, "0")
    monkeypatch.setenv(cards.LISTED, "0,1")
    monkeypatch.setenv(cards.ORDER, "PCI_BUS_ID")
    loaded = load_tensorflow("auto", None)
    assert loaded.environment is not None
    assert (loaded.environment["device"], loaded.threads) == ("CPU+GPU", cores())
    assert loaded.make().kind == "CPU"
    for lane, name in zip(loaded.processes, ("0", "1"), strict=True):
        assert lane.environment[cards.LISTED] == name
        assert tuple(lane.command[-2:]) == card_lane.Shared(cores(), ("one", "other")).option()
    monkeypatch.setattr(runtime, "card_models", list)  # TensorFlow cannot use what the driver sees
    loaded = load_tensorflow("auto", None)
    assert loaded.environment is not None
    assert (loaded.environment["device"], loaded.processes) == ("CPU", [])
