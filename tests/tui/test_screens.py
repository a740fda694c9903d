"""Pictures of screens, in `snapshots/test_screens`. `pytest tests/tui --snapshot-update` draws them anew."""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
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
from lossterm.comparison.first_look import FirstLook
from lossterm.data import FileRequest
from lossterm.engine.fakes import fake_engine
from lossterm.figures.first_look_building import first_look
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
from lossterm.tui.state.choices import Choices
from lossterm.tui.state.remembered_views import Remembered, remember
from lossterm.worker_control import lock
from tests.builders.app import offered, opened, painted, shown, still, until
from tests.builders.pictures import Before, Pictures
from tests.builders.stores import DEVICE, LOSSES, SESSION, TUTORIAL, fill, measured
from tests.builders.sweeps import levels, tipped, with_look
from tests.builders.tables import HOUSES, ROWS, Reader

SMALL, LARGE = (80, 24), (140, 40)
SIZES = {SMALL: "80x24", LARGE: "140x40"}
BOTH = [SMALL, LARGE]
"""For what looks the same however its terminal came to have its size."""


PLAIN = FileRequest(path="/data/houses.csv", target="")
"""A file without any choices yet."""
TUNED = Comparison.ask("circles", epochs=40, seeds=5)
"""Three losses at five rates: 75 trials."""


def spread_scores(trial: Trial, metric: str) -> float:
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


def test_an_empty_session_says_what_to_do(pictures: Pictures, path: Path) -> None:
    pictures(opened(path), SMALL)


def test_a_fair_comparison(pictures: Pictures, path: Path) -> None:
    fill(path, TUNED, scored=spread_scores)
    pictures(opened(path), BOTH, shown(75))


def test_a_fair_comparison_in_a_light_terminal(pictures: Pictures, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORFGBG", "0;15")
    fill(path, TUNED, scored=spread_scores)
    pictures(opened(path), BOTH, shown(75))


def test_a_tutorial_comparison(pictures: Pictures, path: Path) -> None:
    fill(path, TUTORIAL)
    pictures(opened(path), SMALL, shown(12))


def test_the_published_protocol_on_digits(pictures: Pictures, path: Path) -> None:
    fill(path, Comparison.ask("digits", protocol="published", learning_rates=[0.01, 0.1], seeds=4))
    pictures(opened(path), BOTH, shown(24))


def test_one_seed(pictures: Pictures, path: Path) -> None:
    fill(path, Comparison.ask("circles", epochs=40, seeds=1))
    pictures(opened(path), SMALL, shown(15))


def test_a_comparison_half_way(pictures: Pictures, path: Path) -> None:
    fill(path, TUNED, trials=40, running=True)
    pictures(opened(path), BOTH, shown(75))


def test_a_metric_where_there_is_room_for_one_chart(pictures: Pictures, path: Path) -> None:
    fill(path, TUNED)
    pictures(opened(path), SMALL, after("m", trials=75))


def test_the_sweep_of_learning_rates(pictures: Pictures, path: Path) -> None:
    fill(path, TUNED, scored=spread_scores)
    pictures(opened(path), LARGE, after("m", trials=75), name="140x40")
    pictures(opened(path), SMALL, after("m", "m", trials=75), name="80x24")


def test_every_seed(pictures: Pictures, path: Path) -> None:
    fill(path, TUNED)
    pictures(opened(path), LARGE, after("i", trials=75))


def test_several_tasks_in_one_session(pictures: Pictures, path: Path) -> None:
    for task in ("regression", "blobs", "circles"):
        fill(path, Comparison.ask(task, learning_rates=[0.01], epochs=40, seeds=2))
    pictures(opened(path), BOTH, shown(18))


def test_trials_that_diverged(pictures: Pictures, path: Path) -> None:
    fill(path, TUTORIAL, diverged=lambda trial: trial.loss == "hinge" and trial.seed > 1)
    pictures(opened(path), SMALL, shown(12))


def test_nothing_but_trials_that_diverged(pictures: Pictures, path: Path) -> None:
    fill(path, Comparison.ask("circles", epochs=40, seeds=2, learning_rates=[1e6]))
    pictures(opened(path), SMALL, shown(6))


def test_a_stress_sweep(pictures: Pictures, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_engine, "_level", tipped)
    for one in levels():
        fill(path, one)

    async def show(pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app, LosstermApp)
        panel = with_look(pilot.app)
        await pilot.press("6")
        await until(pilot, lambda: "your data" in panel.lines.text)

    pictures(opened(path), BOTH, show)
    monkeypatch.setenv("COLORFGBG", "0;15")
    pictures(opened(path), LARGE, show, name="light-140x40")


def test_while_tensorflow_loads(pictures: Pictures, path: Path) -> None:
    fill(path, TUTORIAL, trials=0)
    with Store(path) as store:
        store.worker.report_worker(DEVICE, 1, "loading", "loading TensorFlow")
    held = lock.hold(path, DEVICE)
    assert held is not None
    pictures(opened(path), SMALL, shown(12))


def test_help(pictures: Pictures, path: Path) -> None:
    async def ask(pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpDialog))

    pictures(opened(path), SMALL, ask)


def test_leaving_while_training_goes_on(pictures: Pictures, path: Path) -> None:
    fill(path, TUTORIAL, trials=4)

    async def leave(pilot: Pilot[None]) -> None:
        await shown(12)(pilot)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuitDialog))

    pictures(opened(path), SMALL, leave)


def test_a_terminal_that_is_too_small(pictures: Pictures, path: Path) -> None:
    pictures(opened(path), (60, 20))


# What losses are


async def at_task(pilot: Pilot[None], task: str) -> LosstermApp:
    """Choose a task by keys and go to its losses."""
    app = pilot.app
    assert isinstance(app, LosstermApp)
    await until(pilot, lambda: app.focused is not None)  # what the app does at its start would take the keys away
    tasks = app.main.query_one(TaskPanel)
    tasks.focus()
    await until(pilot, lambda: app.focused is not None and tasks in app.focused.ancestors_with_self)
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


def test_the_anatomy_before_training(pictures: Pictures, path: Path) -> None:
    async def show(pilot: Pilot[None], task: str) -> None:
        await at_task(pilot, task)
        await to_the_anatomy(pilot)

    for task in ("regression", "circles"):
        pictures(opened(path), BOTH, partial(show, task=task), name=f"{task}-{{}}")


def test_the_anatomy_of_trained_models(pictures: Pictures, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, Comparison.ask("regression", epochs=40, seeds=3, learning_rates=[0.01]), anatomy=measured)

    async def show(pilot: Pilot[None]) -> None:
        await shown(9)(pilot)
        await to_the_anatomy(pilot)

    pictures(opened(path), BOTH, show, name="dark-{}")
    monkeypatch.setenv("COLORFGBG", "0;15")
    pictures(opened(path), BOTH, show, name="light-{}")


def test_the_anatomy_of_many_losses_of_counts(pictures: Pictures, path: Path) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await at_task(pilot, "counts")
        await to_the_anatomy(pilot)

    pictures(opened(path), BOTH, show)


def test_the_losses_of_counts_with_those_that_do_not_fit(pictures: Pictures, path: Path) -> None:
    async def show(pilot: Pilot[None]) -> None:
        app = await at_task(pilot, "counts")
        await pilot.press("end")
        app.main.query_one(LossPanel).scroll_end(animate=False)
        await pilot.pause()

    for size, name in SIZES.items():
        pictures(opened(path), size, show, name=name)


def test_a_loss_explained(pictures: Pictures, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def explain(pilot: Pilot[None]) -> None:
        app = await at_task(pilot, "regression")
        await pilot.press(*["down"] * offered(app).index("huber"), "e")
        await until(pilot, lambda: isinstance(app.screen, ExplainDialog))

    for size, name in SIZES.items():
        pictures(opened(path), size, explain, name=name)
    monkeypatch.setenv("COLORFGBG", "0;15")
    pictures(opened(path), LARGE, explain, name="140x40-light")


def test_parameters_that_make_no_sense(pictures: Pictures, path: Path) -> None:
    async def vary(pilot: Pilot[None]) -> None:
        app = await at_task(pilot, "regression")
        await pilot.press(*["down"] * offered(app).index("barron"), "v")
        await until(pilot, lambda: isinstance(app.screen, VaryDialog))
        field = app.screen.query_one(Input)
        field.cursor_blink = False
        field.value = "alpha=wide,c=1"
        await pilot.press("enter")

    for size, name in SIZES.items():
        pictures(opened(path), size, vary, name=name)


def test_a_loss_with_other_parameters_in_the_list(pictures: Pictures, path: Path) -> None:
    async def vary(pilot: Pilot[None]) -> None:
        app = await at_task(pilot, "regression")
        app.main.query_one(LossPanel).vary("huber:delta=0.5")
        await pilot.pause()

    pictures(opened(path), LARGE, vary)


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


def test_advice_before_training(pictures: Pictures, path: Path) -> None:
    pictures(opened(path, find_advice=advise), BOTH, advised(0))


def test_advice_under_a_table(pictures: Pictures, path: Path) -> None:
    fill(path, TUTORIAL)
    pictures(opened(path, find_advice=advise), BOTH, advised(12))


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


def test_the_file_chooser(pictures: Pictures, path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_files(home, monkeypatch)
    pictures(opened(path), BOTH, opening("f", dialog=FileDialog))


def looking_at(*keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what waits until a file is looked at, presses keys, and waits until it is read anew."""

    async def look(pilot: Pilot[None]) -> None:
        def there() -> bool:
            return isinstance(pilot.app.screen, PreviewDialog) and not pilot.app.screen.reading

        await until(pilot, there)
        await pilot.press(*keys)
        await until(pilot, there)

    return look


def test_a_file_that_is_looked_at(pictures: Pictures, path: Path) -> None:
    for target in ("price", "garden"):
        app = opened(path, read=Reader(), table=PLAIN)
        keys = ["down", "d", "end", *(["up"] if target == "garden" else []), "t"]
        pictures(app, BOTH, looking_at(*keys), name=f"{target}-{{}}")


def test_a_file_that_is_looked_at_in_a_light_terminal(
    pictures: Pictures, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORFGBG", "0;15")
    app = opened(path, read=Reader(), table=PLAIN)
    pictures(app, SMALL, looking_at("end", "t"))


def test_a_file_that_cannot_be_read(pictures: Pictures, path: Path) -> None:
    sentence = "/data/houses.csv: the file is a workbook of Excel. Save its sheet as CSV."
    app = opened(path, read=Reader(refuses={"houses.csv": sentence}), table=PLAIN)
    pictures(app, SMALL, looking_at())


def test_the_network(pictures: Pictures, path: Path) -> None:
    fill(path, Comparison.ask("circles", epochs=20, seeds=2, learning_rates=[0.01], dropout=0.1, optimizer="adamw"))
    pictures(opened(path), BOTH, opening("N", dialog=NetworkDialog, trials=6))


def test_a_network_that_cannot_be(pictures: Pictures, path: Path) -> None:
    keys = ("N", *["down"] * 2, "2", "enter")
    pictures(opened(path), SMALL, opening(*keys, dialog=NetworkDialog))


def test_the_exports(pictures: Pictures, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "cwd", lambda: Path("/home/me/work"))
    fill(path, TUTORIAL)
    pictures(opened(path), BOTH, opening("w", dialog=ExportDialog, trials=12))


def test_a_comparison_on_a_user_table(pictures: Pictures, path: Path) -> None:
    network: dict[str, Any] = {"activation": "gelu", "dropout": 0.2, "optimizer": "adamw", "early_stopping": 20}
    fill(path, Comparison.ask(HOUSES, epochs=20, seeds=3, learning_rates=[0.01], **network))
    pictures(opened(path), BOTH, shown(15))


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


@pytest.fixture
def frozen_ages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every session have been asked for just now."""
    monkeypatch.setattr("lossterm.tui.panels.sessions_panel.time", SimpleNamespace(time=lambda: 0.0))


async def to_view(pilot: Pilot[None], view: str, words: str | None = None, keys: Sequence[str] = ()) -> None:
    """Go to a view and wait until it is painted."""
    app = pilot.app
    assert isinstance(app, LosstermApp)
    await pilot.press(VIEWS[view].key, *keys)
    wanted = VIEWS[view].full if words is None else words
    await until(pilot, lambda: wanted in "\n".join(painted(app)))
    await still(pilot)


def at_view(view: str, trials: int, *, words: str | None = None, keys: Sequence[str] = ()) -> Before:
    """Return what goes to a view once so many trials were seen, and waits until it is painted."""

    async def go(pilot: Pilot[None]) -> None:
        await shown(trials)(pilot)
        await to_view(pilot, view, words, keys)

    return go


def each_view(pictures: Pictures, trials: int, words: Mapping[str, str | None], name: str = "{}") -> Before:
    """Return what goes from view to view and takes a picture of each."""

    async def go(pilot: Pilot[None]) -> None:
        await shown(trials)(pilot)
        for view in words:
            await to_view(pilot, view, words[view])
            await pictures.take(pilot, name.format(view))

    return go


def fill_two(path: Path) -> None:
    """Compare losses on one task in two sessions, so that each view has something to show."""
    fill(path, Comparison.ask("blobs", learning_rates=[0.01], epochs=40, seeds=2), session="before that")
    fill(path, TUNED, scored=spread_scores, anatomy=measured)


def test_view(pictures: Pictures, path: Path, frozen_ages: None) -> None:
    fill_two(path)
    for size, name in SIZES.items():
        pictures.run(opened(path), size, each_view(pictures, 75, dict.fromkeys(VIEWS), f"{name}-{{}}"))


def test_view_in_another_terminal(
    pictures: Pictures, path: Path, frozen_ages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_two(path)
    for terminal in ("light", "no-color", "ascii"):
        config = Config(theme="light" if terminal == "light" else None, ascii=terminal == "ascii")
        with monkeypatch.context() as patch:
            if terminal == "no-color":
                patch.setenv("NO_COLOR", "1")
            go = each_view(pictures, 75, dict.fromkeys(VIEWS), f"{terminal}-{{}}")
            pictures.run(opened(path, config=config), SMALL, go)


STATES = {"curves": "No curves yet", "scores": "No scores yet", "predictions": "No predictions yet"}


def test_view_empty(pictures: Pictures, path: Path) -> None:
    pictures.run(opened(path), SMALL, each_view(pictures, 0, STATES))


def test_view_while_tensorflow_loads(pictures: Pictures, path: Path) -> None:
    fill(path, TUTORIAL, trials=0)
    with Store(path) as store:
        store.worker.report_worker(DEVICE, 1, "loading", "loading TensorFlow")
    held = lock.hold(path, DEVICE)
    assert held is not None
    pictures.run(opened(path), SMALL, each_view(pictures, 12, dict.fromkeys(STATES, "loading")))


TRAINED = {"curves": None, "scores": None, "predictions": "epoch 20 of 20"}


def test_view_half_way(pictures: Pictures, path: Path) -> None:
    fill(path, TUTORIAL, trials=6, running=True)
    pictures.run(opened(path), SMALL, each_view(pictures, 12, TRAINED))


def test_view_of_trials_that_diverged(pictures: Pictures, path: Path) -> None:
    fill(path, TUTORIAL, diverged=lambda trial: trial.loss == "hinge" and trial.seed != 1)
    pictures.run(opened(path), SMALL, each_view(pictures, 12, TRAINED))


def test_view_of_trials_that_failed(pictures: Pictures, path: Path) -> None:
    with Store(path) as store:
        store.requests.ask(SESSION, TUTORIAL)
        while row := store.worker.claim(DEVICE):
            store.worker.finish(row.id, "failed", seconds=0.02, scores=None, error="ran out of memory")
    words = {"curves": "", "scores": "failed", "predictions": "No model was kept"}
    pictures.run(opened(path), SMALL, each_view(pictures, 12, words))


def test_curves_as_a_person_looks_at_them(pictures: Pictures, path: Path) -> None:
    fill(path, TUNED)
    keys = ("left", *["shift+left"] * 2, "enter", "plus", "down", "p", "y")
    pictures(opened(path), BOTH, at_view("curves", 75, words="epoch", keys=keys))


def test_train_and_held_out_apart(pictures: Pictures, path: Path) -> None:
    fill(path, TUNED)
    keys = ("b", "b", "b")
    pictures(opened(path), BOTH, at_view("curves", 75, words="above", keys=keys))


def test_a_filter(pictures: Pictures, path: Path) -> None:
    fill(path, TUNED)
    keys = ("slash", *"hinge", "enter")
    pictures(opened(path), BOTH, at_view("curves", 75, keys=keys))


def test_the_scores_of_many_losses(pictures: Pictures, path: Path) -> None:
    every = ["mse", "mae", "huber", "log_cosh", "pinball", "expectile", "fair", "cauchy", "epsilon_insensitive"]
    fill(path, Comparison.ask("regression", every, learning_rates=[0.003, 0.01, 0.03], epochs=40, seeds=6))
    pictures(opened(path), [*BOTH, (200, 60)], at_view("scores", 162, words="mae test"))


def test_the_whole_screen_of_a_large_terminal(pictures: Pictures, path: Path) -> None:
    fill(path, TUNED, scored=spread_scores)
    pictures(opened(path), (200, 60), shown(75))


def test_predictions_as(pictures: Pictures, path: Path) -> None:
    fill(path, TUNED)
    for chart, keys in (("confusion", ["m"]), ("reliability", ["m", "m"])):
        go = at_view("predictions", 75, words=chart, keys=keys)
        pictures(opened(path), BOTH, go, name=f"{chart}-{{}}")


def test_predictions_of_a_regression(pictures: Pictures, path: Path) -> None:
    fill(path, Comparison.ask("regression", learning_rates=[0.01], epochs=40, seeds=2))
    pictures(opened(path), BOTH, at_view("predictions", 6))


def test_predictions_row_by_row(pictures: Pictures, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for task in ("digit_images", "shapes"):
        comparison, store = Comparison.ask(task, learning_rates=[0.01], epochs=20, seeds=1), path.with_stem(task)
        fill(store, comparison)
        go = at_view("predictions", len(comparison.losses), words="epoch 20 of 20")
        pictures(opened(store), BOTH, go, name=f"{task}-{{}}")
        with monkeypatch.context() as light:
            light.setenv("COLORFGBG", "0;15")
            pictures(opened(store), SMALL, go, name=f"{task}-light")


def test_predictions_of_each_label(pictures: Pictures, path: Path) -> None:
    comparison = Comparison.ask("topics", learning_rates=[0.01], epochs=20, seeds=1)
    fill(path, comparison)
    pictures(opened(path), SMALL, at_view("predictions", len(comparison.losses), words="epoch 20 of 20"))


def test_predictions_early_in_the_training(pictures: Pictures, path: Path) -> None:
    fill(path, TUNED)
    keys = ["left"] * 5
    pictures(opened(path), BOTH, at_view("predictions", 75, words="of 40", keys=keys))


def test_a_first_look_at_the_data(pictures: Pictures, path: Path) -> None:
    async def look(task: Task) -> FirstLook | None:
        return first_look(task)

    async def there(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, LosstermApp)
        await until(pilot, lambda: app.main.curves.data is not None and app.main.curves.data.task == "prices")

    with Store(path) as store:
        remember(store, "prepared", Remembered(choices=Choices(task="prices", protocol="fair")))
    pictures(opened(path, find_look=look), BOTH, there)
