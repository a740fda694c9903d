"""Which device trains a program under `--device auto`: the faster of both, measured once and then kept."""

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.home import device_choices, json_lines, paths
from lossterm.home.device_choices import DeviceChoice, Speed
from lossterm.store import CHOSEN, Chunk, Store

from .conftest import train, trial_of

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("home")]

CORES = 4
BOTH = ("CPU", "GPU")


def small(**settings: Any) -> Trial:
    return trial_of("circles", "hinge", epochs=3, **settings)


class Stopwatch:
    """Measures nothing: gives the seconds that it was made with, and notes for what."""

    def __init__(self, cpu: float, gpu: float) -> None:
        self.asked: list[tuple[str, str]] = []
        self._seconds = {"CPU": cpu, "GPU": gpu}

    def __call__(self, trial: Trial, place: Any) -> float:
        self.asked.append((trial.program, place.kind))
        return self._seconds[place.kind]


@pytest.fixture
def places(runtime: ModuleType) -> list[Any]:
    """Return a processor and a card, for which another half of the processor stands."""
    return [runtime.CPU, runtime.Place("GPU", "/CPU:1")]


Make = Callable[..., Any]


@pytest.fixture
def placing(places: list[Any]) -> Make:
    """Return what makes the chooser of a worker."""
    from lossterm.engine.training.placing import Placing

    return lambda measure, card="a card", here=places: Placing(here, {"CPU": CORES, "GPU": 1}, [card], measure)


def test_what_is_chosen_is_said_with_the_reason(placing: Make, places: list[Any]) -> None:
    seconds = {"CPU": 0.001, "GPU": 0.0025}
    chooser = placing(lambda trial, place: seconds[place.kind])
    one, other = small(), small(hidden=(64,))
    assert chooser.in_words(one.program) == ""
    chooser.kind(one, "CPU", BOTH)
    assert chooser.in_words(one.program) == "CPU (10 × as fast as the GPU)"
    seconds["CPU"] = 0.1
    chooser.kind(other, "CPU", BOTH)
    assert chooser.in_words(other.program) == "GPU (10 × as fast as the CPU)"
    assert [choice.reason.partition(": ")[2] for choice in device_choices.kept().values()] == [
        "CPU (10 × as fast as the GPU): 1 ms an epoch on each of 4 cores, 2.5 ms an epoch on each of 1 card",
        "GPU (10 × as fast as the CPU): 2.5 ms an epoch on each of 1 card, 100 ms an epoch on each of 4 cores",
    ]


def test_numbers_of_any_size_are_written_out() -> None:
    speeds = {"CPU": Speed(0.01, 4), "GPU": Speed(1.3, 4)}
    choice = DeviceChoice(machine="m", shape="s", speeds=speeds)
    assert choice.reason == (
        "s: CPU (130 × as fast as the GPU): 10 ms an epoch on each of 4 cores, 1 s an epoch on each of 4 cards"
    )
    speeds["GPU"] = Speed(0.0123, 4)
    assert choice.short == "CPU (1.2 × as fast as the GPU)"


def test_a_kind_that_runs_out_of_memory_is_not_chosen(placing: Make, places: list[Any]) -> None:
    asked: list[str] = []

    def measure(trial: Trial, place: Any) -> float:
        asked.append(place.kind)
        if place.kind == "GPU" or trial.hyperparameters.hidden == (64,):
            raise MemoryError
        return 9.0

    chooser, large = placing(measure), small(hidden=(64,))
    assert chooser.kind(small(), "GPU", BOTH) == "CPU"
    assert placing(measure).kind(small(), "GPU", BOTH) == "CPU"
    assert asked == ["CPU", "GPU"]
    (choice,) = device_choices.kept().values()
    assert choice.reason.partition(": ")[2] == (
        "CPU (the GPU runs out of memory): 9 s an epoch on each of 4 cores, out of memory on each of 1 card"
    )
    assert chooser.kind(large, "GPU", BOTH) == "CPU"
    assert len(device_choices.kept()) == 1  # what neither can train is not kept


def test_nobody_waits_for_a_measurement_of_another_network(placing: Make, places: list[Any]) -> None:
    measuring, go_on = threading.Event(), threading.Event()

    def measure(trial: Trial, place: Any) -> float:
        if trial.hyperparameters.hidden == (64,):
            measuring.set()
            assert go_on.wait(10)
        return 1.0

    chooser = placing(measure)
    chooser.kind(small(), "CPU", BOTH)
    lane = threading.Thread(target=chooser.kind, args=(small(hidden=(64,)), "CPU", BOTH))
    lane.start()
    try:
        assert measuring.wait(10)
        others = [small(), small(hidden=(32,))]  # chosen already, and not
        free = threading.Thread(target=lambda: [chooser.kind(trial, "CPU", BOTH) for trial in others])
        free.start()
        free.join(10)
        assert not free.is_alive()
    finally:
        go_on.set()
        lane.join()


def test_of_two_workers_that_measure_at_once_both_follow_the_first(placing: Make, places: list[Any]) -> None:
    def measure(trial: Trial, place: Any) -> float:
        if place.kind == "CPU":  # another worker is done meanwhile
            assert placing(Stopwatch(0.001, 0.01)).kind(trial, "CPU", BOTH) == "CPU"
        return {"CPU": 1.0, "GPU": 0.01}[place.kind]

    assert placing(measure).kind(small(), "CPU", BOTH) == "CPU"


@pytest.mark.parametrize(("seconds", "chunks"), [(0.0, 4), (0.9, 3), (60.0, 1)])
def test_a_slow_program_is_measured_by_fewer_epochs(
    seconds: float, chunks: int, training: ModuleType, places: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[bool] = []

    class Slow:
        epoch_seconds, width = seconds, 10

        def __init__(self, *_: Any) -> None:
            pass

        def train(self, trial: Trial, report: Callable[[Chunk], bool]) -> None:
            while not reported or not reported[-1]:
                reported.append(report(Chunk(trial=0, start=len(reported), epochs=1, data=b"")))

    monkeypatch.setattr(training, "Program", Slow)
    assert training.epoch_seconds(small(), places[0]) == seconds / 10  # of each of a stack
    assert len(reported) == chunks


def test_a_trial_is_trained_again_where_it_was_or_where_it_would_be(
    placing: Make, places: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from lossterm.engine.training import placing as module

    monkeypatch.setattr(module, "places", lambda: places)
    monkeypatch.setattr(module, "usual_place", lambda: places[1])
    monkeypatch.setattr(module, "cores", lambda: CORES)
    monkeypatch.setattr(module, "card_names", lambda: ["a card"])
    trial = msgspec.structs.replace(small(), device="auto")
    assert module.place_for(trial) == places[1]  # nothing is known
    placing(Stopwatch(0.001, 0.01)).kind(trial, "CPU", BOTH)
    assert module.place_for(trial) == module.place_for(trial, "CPU+GPU") == places[0]
    assert module.place_for(trial, "GPU") == places[1]


def test_rows_lie_at_the_place_of_their_programs_whoever_draws_them(places: list[Any]) -> None:
    from lossterm.comparison.protocol_catalogue import protocol_named
    from lossterm.engine.training.prepared_rows import rows_of

    trial = small()
    for name in ("/CPU:0", "/CPU:1"):
        features = rows_of(trial.record, protocol_named(trial.protocol), 0, name).features
        assert all(part.device.endswith(name[1:]) for part in features)


@pytest.mark.parametrize(
    ("cpu", "gpu", "kind"), [(0.001, 0.01, "CPU"), (0.1, 0.01, "GPU"), (0.03, 0.01, "CPU"), (0.05, 0.01, "GPU")]
)
def test_the_kind_that_is_faster_with_all_of_its_lanes_busy_is_chosen(
    cpu: float, gpu: float, kind: str, placing: Make, places: list[Any]
) -> None:
    chooser = placing(Stopwatch(cpu, gpu))
    assert {chooser.kind(small(), own.kind, BOTH) for own in places} == {kind}
    (choice,) = device_choices.kept().values()
    assert choice.reason.startswith(f"2-50-1, batches of 32, 1,000 rows: {kind} (")


def test_a_shape_is_measured_once_for_all_workers_of_a_machine(placing: Make, places: list[Any]) -> None:
    first, again = Stopwatch(0.001, 0.01), Stopwatch(1, 0.01)
    for watch in (first, again):
        chooser = placing(watch)
        assert chooser.kind(small(), "CPU", BOTH) == "CPU"
        assert chooser.kind(small(seed=1), "GPU", BOTH) == "CPU"
    assert [kind for _, kind in first.asked] == ["CPU", "GPU"]
    assert again.asked == []
    assert placing(again).kind(small(hidden=(64,)), "CPU", BOTH) == "GPU"  # another network
    assert placing(again, card="another card").kind(small(), "CPU", BOTH) == "GPU"


def test_a_spoilt_line_is_no_choice_and_the_first_of_two_holds(placing: Make, places: list[Any]) -> None:
    placing(Stopwatch(0.001, 0.01)).kind(small(), "CPU", BOTH)
    path = paths.device_choices()
    line = path.read_bytes()
    other = line.replace(b"0.001", b"9.001")
    no_lanes = line.replace(b'"lanes":4', b'"lanes":0')
    path.write_bytes(b"{half\n" + b"[]\n" + no_lanes + line + other)
    assert [choice.kind for choice in device_choices.kept().values()] == ["CPU"]
    path.write_bytes(line.strip()[:-9])  # the disk was full
    placing(Stopwatch(1, 0.01)).kind(small(), "CPU", BOTH)
    assert [choice.kind for choice in device_choices.kept().values()] == ["GPU"]


def test_a_full_file_of_choices_takes_no_more(
    placing: Make, places: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    placing(Stopwatch(0.001, 0.01)).kind(small(), "CPU", BOTH)
    path = paths.device_choices()
    before = path.read_bytes()
    monkeypatch.setattr(json_lines, "MOST_BYTES", len(before) + 10)
    assert placing(Stopwatch(1, 0.01)).kind(small(hidden=(64,)), "CPU", BOTH) == "GPU"
    assert f"What was measured is not kept: {path} is full" in capsys.readouterr().out
    assert path.read_bytes() == before


def test_what_cannot_be_kept_is_still_chosen(
    placing: Make, places: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    paths.device_choices().mkdir(parents=True)
    assert placing(Stopwatch(0.001, 0.01)).kind(small(), "CPU", BOTH) == "CPU"
    assert "What was measured is not kept" in capsys.readouterr().out


def test_programs_are_left_to_the_other_kind_only_if_somebody_is_there(placing: Make, places: list[Any]) -> None:
    watch, trial = Stopwatch(1, 0.01), small()
    chooser = placing(watch)
    assert chooser.kind(trial, "CPU", ("CPU",)) == "CPU"
    assert watch.asked == []
    assert chooser.kind(trial, "CPU", BOTH) == "GPU"
    assert chooser.kind(trial, "CPU", ("CPU",)) == "CPU"  # the card has failed


def test_a_process_that_sees_no_card_leaves_what_is_not_known_to_one_that_does(
    placing: Make, places: list[Any]
) -> None:
    watch = Stopwatch(0.001, 0.01)
    on_cores = placing(watch, here=places[:1])
    assert on_cores.kind(small(), "CPU", BOTH) == "GPU"
    assert (watch.asked, on_cores.in_words(small().program)) == ([], "")
    assert placing(watch).kind(small(), "GPU", BOTH) == "CPU"
    assert on_cores.kind(small(), "CPU", BOTH) == "CPU"
    assert on_cores.in_words(small().program) == "CPU (40 × as fast as the GPU)"


def test_trainers_say_whom_a_trial_is_for_and_train_it_alike(
    training: ModuleType, placing: Make, places: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from lossterm.engine.training import stack_width

    trial, chooser = small(), placing(training.epoch_seconds)
    trainers = [training.Trainer(place=place, placing=chooser) for place in places]
    kinds = {trainer.belongs(trial, BOTH) for trainer in trainers}
    (choice,) = device_choices.kept().values()
    assert all(one.epoch_seconds and 0 < one.epoch_seconds < 10 for one in choice.speeds.values())
    assert kinds == {choice.kind}
    assert {trainer.chosen(trial) for trainer in trainers} == {choice.short}
    monkeypatch.setattr("lossterm.engine.training.stack_width.CARD_WIDTH", stack_width.WIDTH)
    results = [trainer.train(trial, 0) for trainer in trainers]
    assert [result.device for result in results] == ["CPU", "GPU"]
    assert results[0].scores == results[1].scores == train(training.Program(trial), trial).result.scores


def test_the_store_says_on_which_device_a_trial_ran(store: Store) -> None:
    versions = {"tensorflow": "2", "device": "CPU+GPU", "cpu": "one"}
    store.requests.ask("s", Comparison.ask("circles", ("hinge",), seeds=2, learning_rates=(0.01,)))
    store.worker.report_worker("auto", 1, "training", "", {**versions, CHOSEN: "CPU (10 × as fast as the GPU)"})
    for device in ("GPU", None):
        row = store.worker.claim("auto")
        assert row
        store.worker.finish(row.id, "done", device=device)
    environments = [row.environment for row in store.reader.trials([1])]
    assert environments == [{**versions, "device": "GPU"}, versions]
