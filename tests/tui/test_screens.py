"""Pictures of screens, in `snapshots/test_screens`. `pytest tests/tui --snapshot-update` draws them anew."""

import math
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from lossterm import daemon
from lossterm.comparison import Comparison, Trial
from lossterm.store import Store
from lossterm.tui.dialogs import QuitDialog
from tests.tui.prepared import DEVICE, LOSSES, TUTORIAL, fill, opened, shown, until

SnapCompare = Callable[..., bool]

SMALL, LARGE = (80, 24), (140, 40)
both_sizes = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])


TUNED = Comparison.ask("circles", epochs=40, seeds=5)
"""Three losses at five rates: 75 trials."""


def told_apart(trial: Trial, metric: str) -> float:
    """Score one loss a little and one clearly behind, each best at a rate of its own."""
    place = LOSSES.index(trial.loss)
    off = abs(math.log10(trial.learning_rate / (0.01, 0.03, 0.003)[place]))
    return 0.9 - (0, 0.004, 0.06)[place] - 0.03 * off + 0.008 * math.sin(7 * trial.seed + place)


def after(*keys: str, trials: int) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what waits until the screen has seen so many trials, presses keys, and waits for what they do."""

    async def press(pilot: Pilot[None]) -> None:
        await shown(trials)(pilot)
        await pilot.press(*keys)
        await shown(trials)(pilot)

    return press


def test_an_empty_session_says_what_to_do(snap_compare: SnapCompare, path: Path) -> None:
    assert snap_compare(opened(path), terminal_size=SMALL)


@both_sizes
def test_a_fair_comparison(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    fill(path, TUNED, scored=told_apart)
    assert snap_compare(opened(path), terminal_size=size, run_before=shown(75))


@both_sizes
def test_a_fair_comparison_in_a_light_terminal(
    snap_compare: SnapCompare, path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORFGBG", "0;15")
    fill(path, TUNED, scored=told_apart)
    assert snap_compare(opened(path), terminal_size=size, run_before=shown(75))


def test_a_tutorial_comparison(snap_compare: SnapCompare, path: Path) -> None:
    fill(path, TUTORIAL)
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=shown(12))


@both_sizes
def test_the_published_protocol_on_digits(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    fill(path, Comparison.ask("digits", protocol="published", learning_rates=[0.01, 0.1], seeds=4))
    assert snap_compare(opened(path), terminal_size=size, run_before=shown(32))


def test_one_seed(snap_compare: SnapCompare, path: Path) -> None:
    fill(path, Comparison.ask("circles", epochs=40, seeds=1))
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=shown(15))


@both_sizes
def test_a_comparison_half_way(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    fill(path, TUNED, trials=40, running=True)
    assert snap_compare(opened(path), terminal_size=size, run_before=shown(75))


def test_a_metric_where_there_is_room_for_one_chart(snap_compare: SnapCompare, path: Path) -> None:
    fill(path, TUNED)
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=after("m", trials=75))


@both_sizes
def test_the_sweep_of_learning_rates(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    fill(path, TUNED, scored=told_apart)
    keys = ["m", "m"] if size == SMALL else ["m"]
    assert snap_compare(opened(path), terminal_size=size, run_before=after(*keys, trials=75))


def test_every_seed(snap_compare: SnapCompare, path: Path) -> None:
    fill(path, TUNED)
    assert snap_compare(opened(path), terminal_size=LARGE, run_before=after("i", trials=75))


@both_sizes
def test_several_tasks_in_one_session(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    for task in ("regression", "blobs", "circles"):
        fill(path, Comparison.ask(task, learning_rates=[0.01], epochs=40, seeds=2))
    assert snap_compare(opened(path), terminal_size=size, run_before=shown(18))


def test_trials_that_diverged(snap_compare: SnapCompare, path: Path) -> None:
    fill(path, TUTORIAL, diverged=lambda trial: trial.loss == "hinge" and trial.seed > 1)
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=shown(12))


def test_nothing_but_trials_that_diverged(snap_compare: SnapCompare, path: Path) -> None:
    fill(path, Comparison.ask("circles", epochs=40, seeds=2, learning_rates=[1e6]))
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=shown(6))


def test_while_tensorflow_loads(snap_compare: SnapCompare, path: Path) -> None:
    fill(path, TUTORIAL, trials=0)
    with Store(path) as store:
        store.report_worker(DEVICE, 1, "loading", "loading TensorFlow")
    lock = daemon.hold(path, DEVICE)
    assert lock is not None
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=shown(12))


def test_help(snap_compare: SnapCompare, path: Path) -> None:
    assert snap_compare(opened(path), terminal_size=SMALL, press=["question_mark"])


def test_leaving_while_training_goes_on(snap_compare: SnapCompare, path: Path) -> None:
    fill(path, TUTORIAL, trials=4)

    async def leave(pilot: Pilot[None]) -> None:
        await shown(12)(pilot)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuitDialog))

    assert snap_compare(opened(path), terminal_size=SMALL, run_before=leave)


def test_a_terminal_that_is_too_small(snap_compare: SnapCompare, path: Path) -> None:
    assert snap_compare(opened(path), terminal_size=(60, 20))
