"""Long trainings that go on from a checkpoint, with the bits of one that was never interrupted."""

import io
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.engine.training import checkpoint_timer
from lossterm.engine.training.checkpoint_timer import SECONDS, CheckpointTimer
from lossterm.engine.training.checkpoints import Unpacked, packed
from lossterm.store import Checkpoint, Chunk
from tests.long_run import cases

pytestmark = pytest.mark.tensorflow

EPOCHS = 30

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "everything that is random or counted": {
        **{"optimizer": "nadam", "schedule": "cosine", "dropout": 0.3, "batch_norm": True, "l2": 1e-3},
    },
    "stopped early": {"early_stopping": 4, "optimizer": "adam", "learning_rates": (0.03,)},
}


def trial_of(seed: int = 0, **settings: Any) -> Trial:
    asked = {"learning_rates": (0.01,), "epochs": EPOCHS, "seeds": seed + 1, "hidden": (6,), **settings}
    return list(Comparison.ask("circles", ("hinge",), **asked).trials())[seed]


class Interrupted:
    """Takes what a training reports, and stops it after some epochs."""

    def __init__(self, stop_at: int | None = None, curve: dict[int, bytes] | None = None) -> None:
        self.curve = dict(curve or {})
        self.checkpoints: list[Checkpoint] = []
        self._stop_at = stop_at

    def report(self, chunk: Chunk) -> bool:
        self.add(chunk)
        return self._stop_at is not None and chunk.start + chunk.epochs >= self._stop_at

    def add(self, chunk: Chunk | None) -> None:
        assert chunk is not None
        size = len(chunk.data) // chunk.epochs
        for epoch in range(chunk.epochs):
            self.curve[chunk.start + epoch] = chunk.data[epoch * size : (epoch + 1) * size]


@pytest.fixture
def often(training: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Report after every epoch and save a checkpoint each time."""
    monkeypatch.setattr(checkpoint_timer, "SECONDS", -1.0)
    monkeypatch.setattr(training, "REPORT_SECONDS", 0.0)


@pytest.fixture
def program(training: ModuleType) -> Callable[[Trial], Any]:
    return training.Program  # type: ignore[no-any-return]  # a module's names are not known


@pytest.mark.parametrize("settings", cases(SETTINGS, {"everything that is random or counted"}))
def test_a_training_that_goes_on_ends_with_the_same_bits(
    often: None, program: Callable[[Trial], Any], settings: dict[str, Any]
) -> None:
    trial, whole, first = trial_of(**settings), Interrupted(), Interrupted(stop_at=9)
    one = program(trial)
    expected = one.train(trial, 7, whole.report, whole.checkpoints.append)
    whole.add(expected.chunk)
    weights = [np.asarray(value) for value in one.network.get_weights()]
    assert one.train(trial, 7, first.report, first.checkpoints.append).status == "cancelled"
    assert [one.epochs for one in first.checkpoints] == list(range(1, 9))
    other = program(trial)  # as in another process
    other.train(trial_of(seed=1, **settings), 8, Interrupted().report)  # what was trained before leaves no trace
    second = Interrupted(curve=first.curve)
    result = other.train(trial, 7, second.report, second.checkpoints.append, first.checkpoints[-3])
    second.add(result.chunk)
    assert second.checkpoints[0].epochs == 7  # the one that it went on from had six
    assert second.curve == whole.curve
    assert result.scores == expected.scores
    assert result.model == expected.model
    assert result.anatomy == expected.anatomy
    assert result.seconds > first.checkpoints[-3].seconds
    for mine, theirs in zip(other.network.get_weights(), weights, strict=True):
        assert np.asarray(mine).tobytes() == theirs.tobytes()


def test_a_checkpoint_that_cannot_be_used_is_left_aside_and_the_training_begins_anew(
    often: None, program: Callable[[Trial], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    trial, made, whole = trial_of(), Interrupted(stop_at=5), Interrupted()
    mine = program(trial)
    mine.train(trial, 7, made.report, made.checkpoints.append)
    expected = mine.train(trial, 7, whole.report)
    whole.add(expected.chunk)
    sound = made.checkpoints[-1]
    flipped = bytearray(sound.state)
    for place in range(len(flipped) // 2, len(flipped) // 2 + 99):  # more than what lies between two arrays
        flipped[place] ^= 0x10
    foreign = program(trial_of(hidden=(5,)))
    foreign.train(trial_of(hidden=(5,)), 7, made.report, made.checkpoints.append)
    for state in (bytes(flipped), sound.state[:-40], b"", b"PK\x03\x04", made.checkpoints[-1].state):
        again = Interrupted()
        result = mine.train(trial, 7, again.report, lambda _: None, Checkpoint(epochs=5, seconds=9.0, state=state))
        again.add(result.chunk)
        assert (again.curve, result.scores) == (whole.curve, expected.scores)
        assert "A checkpoint was ignored" in capsys.readouterr().out


# As bytes


def state_of(values: list[np.ndarray], made: str = "here") -> bytes:
    return packed(values, np.random.Generator(np.random.SFC64(3)), {0: b"abcd", 4: b"efgh"}, made)


def test_what_is_packed_comes_back_and_the_stream_goes_on() -> None:
    values: list[np.ndarray] = [np.ones((2, 3), np.float32), np.array(7, np.int64), np.array([1, 2], np.uint32)]
    stream = np.random.Generator(np.random.SFC64([5, 1]))
    stream.integers(10, size=3, dtype=np.int32)  # leaves half a word in the stream
    unpacked = Unpacked(packed(values, stream, {0: b"abcd", 4: b"efgh"}, "here"), values, "here")
    assert [(one.tolist(), one.dtype) for one in unpacked.variables] == [(one.tolist(), one.dtype) for one in values]
    assert unpacked.kept == {0: b"abcd", 4: b"efgh"}
    other = np.random.Generator(np.random.SFC64([9, 1]))
    unpacked.set_stream(other)
    assert other.permutation(50).tolist() == stream.permutation(50).tolist()
    assert other.integers(10, dtype=np.int32) == stream.integers(10, dtype=np.int32)


def test_a_checkpoint_of_another_version_or_network_is_refused() -> None:
    values = [np.zeros(3, np.float32)]
    with pytest.raises(ValueError, match="another version"):
        Unpacked(state_of(values, "there"), values, "here")
    with pytest.raises(ValueError, match="another network"):
        Unpacked(state_of(values), [np.zeros(4, np.float32)], "here")
    with pytest.raises(ValueError, match="damaged"):
        Unpacked(state_of(values), [*values, *values], "here")


def test_nothing_in_a_checkpoint_is_run() -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (pytest.fail, ("it was run",))

    file = io.BytesIO()
    np.savez(file, made=np.array([Trap()], object))
    with pytest.raises(ValueError, match="allow_pickle"):
        Unpacked(file.getvalue(), [], "here")


def test_a_checkpoint_is_due_now_and_then_and_when_a_long_training_is_stopped() -> None:
    checkpoint_timer = CheckpointTimer(100.0)
    assert not checkpoint_timer.due(100 + SECONDS, leaving=False)
    assert checkpoint_timer.due(100.1 + SECONDS, leaving=False)
    assert not checkpoint_timer.due(101 + SECONDS, leaving=True)
    assert checkpoint_timer.due(103 + SECONDS, leaving=True)
