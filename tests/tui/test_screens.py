"""Pictures of screens, in `snapshots/test_screens`. `pytest tests/tui --snapshot-update` draws them anew."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lossterm import daemon
from lossterm.comparison import Comparison
from lossterm.store import Store
from tests.tui.prepared import DEVICE, fill, opened, shown

SnapCompare = Callable[..., bool]

SMALL, LARGE = (80, 24), (140, 40)
both_sizes = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lossterm.db"


def test_an_empty_session_says_what_to_do(snap_compare: SnapCompare, path: Path) -> None:
    assert snap_compare(opened(path), terminal_size=SMALL)


@both_sizes
def test_a_finished_comparison(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    fill(path, Comparison.ask("circles", seeds=3))
    assert snap_compare(opened(path), terminal_size=size, run_before=shown(9))


@both_sizes
def test_a_finished_comparison_in_a_light_terminal(
    snap_compare: SnapCompare, path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORFGBG", "0;15")
    fill(path, Comparison.ask("circles", seeds=3))
    assert snap_compare(opened(path), terminal_size=size, run_before=shown(9))


@both_sizes
def test_a_comparison_half_way(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    fill(path, Comparison.ask("circles", seeds=3), trials=4, running=True)
    assert snap_compare(opened(path), terminal_size=size, run_before=shown(9))


def test_a_metric_where_there_is_room_for_one_chart(snap_compare: SnapCompare, path: Path) -> None:
    fill(path, Comparison.ask("circles", seeds=3))
    app = opened(path)

    async def other_chart(pilot: object) -> None:
        await shown(9)(pilot)  # type: ignore[arg-type]  # the plugin hands over a Pilot
        app.main.action_other_chart()
        await shown(9)(pilot)  # type: ignore[arg-type]  # as above

    assert snap_compare(app, terminal_size=SMALL, run_before=other_chart)


@both_sizes
def test_several_tasks_in_one_session(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    for task in ("regression", "blobs", "circles"):
        fill(path, Comparison.ask(task, seeds=2))
    assert snap_compare(opened(path), terminal_size=size, run_before=shown(18))


def test_trials_that_diverged(snap_compare: SnapCompare, path: Path) -> None:
    fill(path, Comparison.ask("circles", ["hinge"], seeds=2))
    fill(path, Comparison.ask("circles", seeds=2, learning_rate=1e6))
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=shown(8))


def test_while_tensorflow_loads(snap_compare: SnapCompare, path: Path) -> None:
    fill(path, Comparison.ask("circles", seeds=3), trials=0)
    with Store(path) as store:
        store.report_worker(DEVICE, 1, "loading", "loading TensorFlow")
    lock = daemon.hold(path, DEVICE)
    assert lock is not None
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=shown(9))


def test_help(snap_compare: SnapCompare, path: Path) -> None:
    assert snap_compare(opened(path), terminal_size=SMALL, press=["question_mark"])


def test_leaving_while_training_goes_on(snap_compare: SnapCompare, path: Path) -> None:
    fill(path, Comparison.ask("circles", seeds=3), trials=4)
    app = opened(path)

    async def leave(pilot: object) -> None:
        await shown(9)(pilot)  # type: ignore[arg-type]  # the plugin hands over a Pilot
        app.main.action_leave()
        await shown(9)(pilot)  # type: ignore[arg-type]  # as above

    assert snap_compare(app, terminal_size=SMALL, run_before=leave)


def test_a_terminal_that_is_too_small(snap_compare: SnapCompare, path: Path) -> None:
    assert snap_compare(opened(path), terminal_size=(60, 20))
