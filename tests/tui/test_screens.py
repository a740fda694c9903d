"""Pictures of screens, in `snapshots/test_screens`. `pytest tests/tui --snapshot-update` draws them anew."""

import math
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input

from lossterm.comparison.advice import Advice
from lossterm.comparison.comparison import Comparison, Trial
from lossterm.data import FileRequest
from lossterm.home.configuration import Config
from lossterm.store import Store
from lossterm.tasks import TASKS, Task
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs import ExplainDialog, HelpDialog, QuitDialog, VaryDialog
from lossterm.tui.dialogs.export_dialog import ExportDialog
from lossterm.tui.dialogs.file_dialog import FileDialog
from lossterm.tui.dialogs.network_dialog import NetworkDialog
from lossterm.tui.dialogs.preview_dialog import PreviewDialog
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.worker_control import lock
from tests.builders.app import offered, opened, painted, shown, until
from tests.builders.stores import DEVICE, LOSSES, SESSION, TUTORIAL, fill, measured
from tests.builders.tables import HOUSES, ROWS, Reader

SnapCompare = Callable[..., bool]
Before = Callable[[Pilot[None]], Awaitable[None]]

SMALL, LARGE = (80, 24), (140, 40)
both_sizes = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])


PLAIN = FileRequest(path="/data/houses.csv", target="")
"""A file that nothing was said of."""
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
    assert snap_compare(opened(path), terminal_size=size, run_before=shown(24))


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
    held = lock.hold(path, DEVICE)
    assert held is not None
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=shown(12))


def test_help(snap_compare: SnapCompare, path: Path) -> None:
    async def ask(pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpDialog))

    assert snap_compare(opened(path), terminal_size=SMALL, run_before=ask)


def test_leaving_while_training_goes_on(snap_compare: SnapCompare, path: Path) -> None:
    fill(path, TUTORIAL, trials=4)

    async def leave(pilot: Pilot[None]) -> None:
        await shown(12)(pilot)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuitDialog))

    assert snap_compare(opened(path), terminal_size=SMALL, run_before=leave)


def test_a_terminal_that_is_too_small(snap_compare: SnapCompare, path: Path) -> None:
    assert snap_compare(opened(path), terminal_size=(60, 20))


# What losses are


async def at_task(pilot: Pilot[None], task: str) -> LosstermApp:
    """Choose a task by keys and go to its losses."""
    app = pilot.app
    assert isinstance(app, LosstermApp)
    app.main.query_one(TaskPanel).focus()
    await pilot.press("home", *["down"] * list(TASKS).index(task), "space")
    await until(pilot, lambda: app.main.query_one(LossPanel).record.key == task)
    app.main.query_one(LossPanel).focus()
    await pilot.press("home")
    return app


async def to_the_anatomy(pilot: Pilot[None]) -> None:
    """Press the key of the view and wait until it is drawn."""
    app = pilot.app
    assert isinstance(app, LosstermApp)
    await pilot.press("3")
    await until(pilot, lambda: any("⠀" < mark <= "⣿" for row in painted(app) for mark in row))


@both_sizes
@pytest.mark.parametrize("task", ["regression", "circles"])
def test_the_anatomy_before_training(snap_compare: SnapCompare, path: Path, task: str, size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await at_task(pilot, task)
        await to_the_anatomy(pilot)

    assert snap_compare(opened(path), terminal_size=size, run_before=show)


@both_sizes
@pytest.mark.parametrize("light", [False, True], ids=["dark", "light"])
def test_the_anatomy_of_trained_models(
    snap_compare: SnapCompare, path: Path, size: tuple[int, int], light: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if light:
        monkeypatch.setenv("COLORFGBG", "0;15")
    fill(path, Comparison.ask("regression", epochs=40, seeds=3, learning_rates=[0.01]), anatomy=measured)

    async def show(pilot: Pilot[None]) -> None:
        await shown(9)(pilot)
        await to_the_anatomy(pilot)

    assert snap_compare(opened(path), terminal_size=size, run_before=show)


@both_sizes
def test_the_anatomy_of_many_losses_of_counts(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await at_task(pilot, "counts")
        await to_the_anatomy(pilot)

    assert snap_compare(opened(path), terminal_size=size, run_before=show)


@both_sizes
def test_the_losses_of_counts_with_those_that_do_not_fit(
    snap_compare: SnapCompare, path: Path, size: tuple[int, int]
) -> None:
    async def show(pilot: Pilot[None]) -> None:
        app = await at_task(pilot, "counts")
        await pilot.press("end")
        app.main.query_one(LossPanel).scroll_end(animate=False)
        await pilot.pause()

    assert snap_compare(opened(path), terminal_size=size, run_before=show)


@pytest.mark.parametrize(
    ("size", "light"), [(SMALL, False), (LARGE, False), (LARGE, True)], ids=["80x24", "140x40", "140x40-light"]
)
def test_a_loss_explained(
    snap_compare: SnapCompare, path: Path, size: tuple[int, int], light: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if light:
        monkeypatch.setenv("COLORFGBG", "0;15")

    async def explain(pilot: Pilot[None]) -> None:
        app = await at_task(pilot, "regression")
        await pilot.press(*["down"] * offered(app).index("huber"), "e")
        await until(pilot, lambda: isinstance(app.screen, ExplainDialog))

    assert snap_compare(opened(path), terminal_size=size, run_before=explain)


@both_sizes
def test_parameters_that_make_no_sense(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    async def vary(pilot: Pilot[None]) -> None:
        app = await at_task(pilot, "regression")
        await pilot.press(*["down"] * offered(app).index("barron"), "v")
        await until(pilot, lambda: isinstance(app.screen, VaryDialog))
        field = app.screen.query_one(Input)
        field.cursor_blink = False
        field.value = "alpha=wide,c=1"
        await pilot.press("enter")

    assert snap_compare(opened(path), terminal_size=size, run_before=vary)


def test_a_loss_with_other_parameters_in_the_list(snap_compare: SnapCompare, path: Path) -> None:
    async def vary(pilot: Pilot[None]) -> None:
        app = await at_task(pilot, "regression")
        app.main.query_one(LossPanel).vary("huber:delta=0.5")
        await pilot.pause()

    assert snap_compare(opened(path), terminal_size=LARGE, run_before=vary)


async def advise(task: Task) -> Advice | None:
    """Advise what `lossterm advise` does on circles."""
    reason = "a cross-validated forest disagrees with 19 % of the labels: wrong ones, or classes overlap"
    losses = ("binary_crossentropy", "binary_gce")
    return Advice(
        task=task.key,
        kind=task.kind,
        words=task.words,
        losses=losses,
        reference=losses[0],
        metric="accuracy",
        reason=reason,
        number=0.19,
    )


def advised(trials: int) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what waits until the screen has seen so many trials and has the advice."""

    async def wait(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, LosstermApp)
        await shown(trials)(pilot)
        await until(pilot, lambda: "heuristic)" in app.main.query_one(ScoresPanel).text)

    return wait


@both_sizes
def test_advice_before_training(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    assert snap_compare(opened(path, find_advice=advise), terminal_size=size, run_before=advised(0))


@both_sizes
def test_advice_under_a_table(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    fill(path, TUTORIAL)
    assert snap_compare(opened(path, find_advice=advise), terminal_size=size, run_before=advised(12))


# Dialogs


def on_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to a directory of files, whose path is the same on every machine."""
    for name in ("results", "2025"):
        (home / "work" / name).mkdir(parents=True)
    for name in ("houses.csv", "wine.parquet", "sensors.tsv", "arrays.npz", "readme.md", "plot.png"):
        (home / "work" / name).write_text(ROWS)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home / "work")


def opening(*keys: str, dialog: type[ModalScreen[Any]], trials: int = 0) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what presses keys and waits for a dialog that is still."""

    async def press(pilot: Pilot[None]) -> None:
        await shown(trials)(pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: isinstance(pilot.app.screen, dialog))

    return press


@both_sizes
def test_the_file_chooser(
    snap_compare: SnapCompare, path: Path, home: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_files(home, monkeypatch)
    assert snap_compare(opened(path), terminal_size=size, run_before=opening("f", dialog=FileDialog))


def looking_at(*keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what waits until a file is looked at, presses keys, and waits until it is read anew."""

    async def look(pilot: Pilot[None]) -> None:
        def there() -> bool:
            return isinstance(pilot.app.screen, PreviewDialog) and not pilot.app.screen.reading

        await until(pilot, there)
        await pilot.press(*keys)
        await until(pilot, there)

    return look


@both_sizes
@pytest.mark.parametrize("target", ["price", "garden"])
def test_a_file_that_is_looked_at(snap_compare: SnapCompare, path: Path, size: tuple[int, int], target: str) -> None:
    app = opened(path, read=Reader(), table=PLAIN)
    keys = ["down", "d", "end", *(["up"] if target == "garden" else []), "t"]
    assert snap_compare(app, terminal_size=size, run_before=looking_at(*keys))


def test_a_file_that_is_looked_at_in_a_light_terminal(
    snap_compare: SnapCompare, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORFGBG", "0;15")
    app = opened(path, read=Reader(), table=PLAIN)
    assert snap_compare(app, terminal_size=SMALL, run_before=looking_at("end", "t"))


def test_a_file_that_cannot_be_read(snap_compare: SnapCompare, path: Path) -> None:
    sentence = "/data/houses.csv: the file is a workbook of Excel. Save its sheet as CSV."
    app = opened(path, read=Reader(refuses={"houses.csv": sentence}), table=PLAIN)
    assert snap_compare(app, terminal_size=SMALL, run_before=looking_at())


@both_sizes
def test_the_network(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    fill(path, Comparison.ask("circles", epochs=20, seeds=2, learning_rates=[0.01], dropout=0.1, optimizer="adamw"))
    assert snap_compare(opened(path), terminal_size=size, run_before=opening("N", dialog=NetworkDialog, trials=6))


def test_a_network_that_cannot_be(snap_compare: SnapCompare, path: Path) -> None:
    keys = ("N", *["down"] * 2, "2", "enter")
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=opening(*keys, dialog=NetworkDialog))


@both_sizes
def test_the_exports(
    snap_compare: SnapCompare, path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "cwd", lambda: Path("/home/me/work"))
    fill(path, TUTORIAL)
    assert snap_compare(opened(path), terminal_size=size, run_before=opening("w", dialog=ExportDialog, trials=12))


@both_sizes
def test_a_comparison_on_a_table_of_ones_own(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    network: dict[str, Any] = {"activation": "gelu", "dropout": 0.2, "optimizer": "adamw", "early_stopping": 20}
    fill(path, Comparison.ask(HOUSES, epochs=20, seeds=3, learning_rates=[0.01], **network))
    assert snap_compare(opened(path), terminal_size=size, run_before=shown(15))


# Each view, in every terminal and every state


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A view by its key, and what is on the screen once it is painted."""

    key: str
    """The key."""
    full: str
    """Words of a trained comparison."""


VIEWS = {
    "curves": View(key="1", full="median"),
    "scores": View(key="2", full="accuracy test"),
    "anatomy": View(key="3", full="slope"),
    "predictions": View(key="4", full="epoch 40 of 40"),
    "sessions": View(key="5", full="circles"),
}
every_view = pytest.mark.parametrize("view", VIEWS)


@pytest.fixture
def frozen_ages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every session have been asked for just now."""
    monkeypatch.setattr("lossterm.tui.panels.sessions_panel.time", SimpleNamespace(time=lambda: 0.0))


async def still(pilot: Pilot[None]) -> None:
    """Wait until the picture no longer changes: a view is mounted, reads what it shows, then paints it."""
    before, same = "", 0
    for _ in range(100):
        await pilot.pause(0.05)
        now = pilot.app.export_screenshot()
        same = same + 1 if now == before else 0
        if same == 5:
            return
        before = now
    raise AssertionError("the picture keeps changing")


def at_view(view: str, trials: int, *, words: str | None = None, keys: Sequence[str] = ()) -> Before:
    """Return what goes to a view once so many trials were seen, and waits until it is painted."""

    async def go(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, LosstermApp)
        await shown(trials)(pilot)
        await pilot.press(VIEWS[view].key, *keys)
        wanted = VIEWS[view].full if words is None else words
        await until(pilot, lambda: wanted in "\n".join(painted(app)))
        await pilot.pause(0.1)
        await still(pilot)

    return go


def fill_two(path: Path) -> None:
    """Compare losses on one task in two sessions, so that each view has something to show."""
    fill(path, Comparison.ask("blobs", learning_rates=[0.01], epochs=40, seeds=2), session="before that")
    fill(path, TUNED, scored=told_apart, anatomy=measured)


@every_view
@both_sizes
def test_view(snap_compare: SnapCompare, path: Path, frozen_ages: None, view: str, size: tuple[int, int]) -> None:
    fill_two(path)
    assert snap_compare(opened(path), terminal_size=size, run_before=at_view(view, 75))


@every_view
@pytest.mark.parametrize("terminal", ["light", "no-color", "ascii"])
def test_view_in_another_terminal(
    snap_compare: SnapCompare,
    path: Path,
    frozen_ages: None,
    view: str,
    terminal: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if terminal == "no-color":
        monkeypatch.setenv("NO_COLOR", "1")
    fill_two(path)
    config = Config(theme="light" if terminal == "light" else None, ascii=terminal == "ascii")
    assert snap_compare(opened(path, config=config), terminal_size=SMALL, run_before=at_view(view, 75))


STATES = {"curves": "No curves yet", "scores": "No scores yet", "predictions": "No predictions yet"}
every_state_view = pytest.mark.parametrize("view", STATES)


@every_state_view
def test_view_empty(snap_compare: SnapCompare, path: Path, view: str) -> None:
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=at_view(view, 0, words=STATES[view]))


@every_state_view
def test_view_while_tensorflow_loads(snap_compare: SnapCompare, path: Path, view: str) -> None:
    fill(path, TUTORIAL, trials=0)
    with Store(path) as store:
        store.report_worker(DEVICE, 1, "loading", "loading TensorFlow")
    held = lock.hold(path, DEVICE)
    assert held is not None
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=at_view(view, 12, words="loading"))


@every_state_view
def test_view_half_way(snap_compare: SnapCompare, path: Path, view: str) -> None:
    fill(path, TUTORIAL, trials=6, running=True)
    words = "epoch 20 of 20" if view == "predictions" else None
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=at_view(view, 12, words=words))


@every_state_view
def test_view_of_trials_that_diverged(snap_compare: SnapCompare, path: Path, view: str) -> None:
    fill(path, TUTORIAL, diverged=lambda trial: trial.loss == "hinge" and trial.seed != 1)
    words = "epoch 20 of 20" if view == "predictions" else None
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=at_view(view, 12, words=words))


@every_state_view
def test_view_of_trials_that_failed(snap_compare: SnapCompare, path: Path, view: str) -> None:
    with Store(path) as store:
        store.ask(SESSION, TUTORIAL)
        while row := store.claim(DEVICE):
            store.finish(row.id, "failed", seconds=0.02, scores=None, error="ran out of memory")
    words = {"curves": "", "scores": "failed", "predictions": "No model was kept"}[view]
    assert snap_compare(opened(path), terminal_size=SMALL, run_before=at_view(view, 12, words=words))


@both_sizes
def test_curves_as_a_person_looks_at_them(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    fill(path, TUNED)
    keys = ("left", *["shift+left"] * 2, "enter", "plus", "down", "p", "y")
    assert snap_compare(opened(path), terminal_size=size, run_before=at_view("curves", 75, words="epoch", keys=keys))


@both_sizes
def test_train_and_held_out_apart(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    fill(path, TUNED)
    keys = ("b", "b", "b")
    assert snap_compare(opened(path), terminal_size=size, run_before=at_view("curves", 75, words="above", keys=keys))


@both_sizes
def test_a_filter(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    fill(path, TUNED)
    keys = ("slash", *"hinge", "enter")
    assert snap_compare(opened(path), terminal_size=size, run_before=at_view("curves", 75, keys=keys))


@both_sizes
@pytest.mark.parametrize("chart", ["confusion", "reliability"])
def test_predictions_as(snap_compare: SnapCompare, path: Path, chart: str, size: tuple[int, int]) -> None:
    fill(path, TUNED)
    keys = ["m"] * (1 + (chart == "reliability"))
    assert snap_compare(opened(path), terminal_size=size, run_before=at_view("predictions", 75, words=chart, keys=keys))


@both_sizes
def test_predictions_of_a_regression(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    fill(path, Comparison.ask("regression", learning_rates=[0.01], epochs=40, seeds=2))
    assert snap_compare(opened(path), terminal_size=size, run_before=at_view("predictions", 6))


@both_sizes
def test_predictions_early_in_the_training(snap_compare: SnapCompare, path: Path, size: tuple[int, int]) -> None:
    fill(path, TUNED)
    keys = ["left"] * 5
    assert snap_compare(
        opened(path), terminal_size=size, run_before=at_view("predictions", 75, words="of 40", keys=keys)
    )
