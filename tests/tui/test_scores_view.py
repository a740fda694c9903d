"""The scores: the whole sentence, what can be done next with its key and cost, the forest plot, whose table it is."""

from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from lossterm.comparison.advice import Advice
from lossterm.comparison.comparison import Comparison
from lossterm.following.progress import Progress
from lossterm.home.configuration import Config
from lossterm.reports.report import Report
from lossterm.reports.verdict import verdict
from lossterm.store import Store
from lossterm.tasks import TASKS, Task
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs import QuitDialog
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.widgets.status_line import bar
from tests.builders.app import grey, opened, painted, reported, shown, until
from tests.builders.stores import FAIR, LOSSES, SESSION, TUTORIAL, fill, settled, undecided

SMALL, LARGE = (80, 24), (140, 40)


def text(app: LosstermApp) -> str:
    return app.main.query_one(ScoresPanel).text


def next_line(app: LosstermApp) -> str:
    return next((line for line in text(app).split("\n") if line.startswith("Next: ")), "")


def told(app: LosstermApp) -> str:
    return " ".join(one.message for one in app._notifications)


def asked(path: Path) -> list[Comparison]:
    with Store(path) as store:
        return [one.comparison for one in store.reader.comparisons(SESSION)]


async def advise(task: Task) -> Advice | None:
    """Advise one loss that is usual and one that is not."""
    losses = ("binary_crossentropy", "binary_gce")
    return Advice(
        task=task.key,
        kind=task.kind,
        words=task.words,
        losses=losses,
        reference=losses[0],
        metric="accuracy",
        reason="labels are wrong",
        number=0.2,
    )


@pytest.mark.parametrize("size", [SMALL, LARGE, (200, 60)], ids=["80x24", "140x40", "200x60"])
async def test_the_scores_view_has_sentence_steps_plot_and_table_in_this_order(
    path: Path, size: tuple[int, int]
) -> None:
    fill(path, FAIR, scored=undecided)
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await shown(36)(pilot)
        await pilot.press("2")
        await until(pilot, lambda: "├" in text(app))
        lines, width = text(app).split("\n"), app.main.query_one(ScoresPanel).size.width
        plot = next(place for place, line in enumerate(lines) if "●" in line)
        head = next(place for place, line in enumerate(lines) if line.startswith("#"))
        steps = lines.index(next_line(app))
        assert " ".join(line.strip() for line in lines[:steps]) == verdict(reported(app))
        assert steps < plot < head
        assert all(len(line.rstrip()) <= width for line in lines)
        rows = [line for line in lines[plot:head] if line.startswith(LOSSES)]
        for standing, line in zip(reported(app).standings, rows, strict=True):
            assert line.split()[0] == standing.loss
            assert line.split()[-1] == standing.verdict


async def test_m_hides_the_plot_and_brings_it_back(path: Path) -> None:
    fill(path, FAIR, scored=undecided)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        await pilot.press("2")
        await until(pilot, lambda: "├" in text(app))
        await pilot.press("m")
        await until(pilot, lambda: "├" not in text(app))
        assert "#" in text(app)
        await pilot.press("m")
        await until(pilot, lambda: "├" in text(app))


async def test_a_low_panel_keeps_its_lines_for_the_table(path: Path) -> None:
    fill(path, FAIR, scored=undecided)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        assert "●" not in text(app)
        assert "1  binary_crossentropy" in "\n".join(painted(app))


@pytest.mark.parametrize("environment", ["NO_COLOR", "ascii"])
async def test_the_plot_says_its_verdicts_without_colours_and_in_ascii(
    path: Path, environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if environment == "NO_COLOR":
        monkeypatch.setenv("NO_COLOR", "1")
    fill(path, FAIR, scored=undecided)
    app = opened(path, config=Config(ascii=environment == "ascii"))
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        await pilot.press("2")
        await until(pilot, lambda: "├" in text(app))
        screen = painted(app)
        assert any("hinge" in line and "open" in line and ("├" in line or "|-" in line) for line in screen)
        assert environment != "ascii" or "".join(screen).isascii()
        spans = [span for line in app.main.query_one(ScoresPanel).rows for span in line.spans]
        assert environment == "ascii" or not any("#" in str(span.style) for span in spans)


# Next


async def test_the_next_line_names_the_keys_that_are_set(path: Path) -> None:
    fill(path, FAIR, scored=undecided)
    app = opened(path, config=Config(keys={"main.settle": "f6"}))
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        assert next_line(app).startswith("Next: f6 7 more seeds in a moment · R race until settled")
        await pilot.press("f6")
        await until(pilot, lambda: len(asked(path)) == 2)
        await until(pilot, lambda: next_line(app) == "")  # while it trains nothing is suggested


async def test_wider_rates_and_advised_losses_are_a_key_each(path: Path) -> None:
    fill(path, FAIR, scored=settled)
    app = opened(path, find_advice=advise)
    async with app.run_test(size=LARGE) as pilot:
        await shown(36)(pilot)
        await until(pilot, lambda: "advised" in next_line(app))
        assert "W wider rates for 3 losses in a moment" in next_line(app)
        assert "D advised: binary_gce" in next_line(app)
        assert grey(app, "take", "epochs")
        await pilot.press("W")
        await until(pilot, lambda: len(asked(path)) == 2)
        assert sorted(asked(path)[1].rates_of("hinge")) == [0.0003, 0.0009, 0.003, 0.01, 0.03]
        assert "Wider rates for 3 losses: at most 24 trainings more." in told(app)
        await until(pilot, lambda: grey(app, "take", "losses"))  # until that is trained


async def test_the_advised_losses_join_the_table(path: Path) -> None:
    fill(path, FAIR, scored=settled)
    app = opened(path, find_advice=advise)
    async with app.run_test(size=LARGE) as pilot:
        await shown(36)(pilot)
        await until(pilot, lambda: not grey(app, "take", "losses"))
        await pilot.press("D")
        await until(pilot, lambda: len(asked(path)) == 2)
        await until(pilot, lambda: len(app.main.view.rows) == 48)
        assert asked(path)[1].losses == (*LOSSES, "binary_gce")
        assert len(reported(app).standings) == 4


async def test_more_epochs_are_a_key_where_losses_were_still_learning(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def falling(report: Report, *_: object, **__: object) -> Report:
        return msgspec.structs.replace(report, still_falling=("hinge",))

    monkeypatch.setattr("lossterm.following.session_state.with_curves", falling)
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(12)(pilot)
        assert "E 40 epochs in a moment" in next_line(app)
        await pilot.press("E")
        await until(pilot, lambda: len(asked(path)) == 2)
        assert asked(path)[1].hyperparameters.epochs == 40
        assert "40 epochs: at most 12 trainings more." in told(app)


# What is missing is said


@pytest.mark.parametrize(
    ("keys", "words"),
    [(("u", "r"), "No loss is ticked"), (("u", "R"), "No loss is ticked"), (("u", "space", "R"), "A race needs two")],
    ids=["run", "race", "race of one"],
)
async def test_a_key_that_has_nothing_to_train_says_what_to_do(path: Path, keys: tuple[str, ...], words: str) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(0)(pilot)
        app.main.query_one(LossPanel).focus()
        await pilot.press(*keys)
        await until(pilot, lambda: words in told(app))
        assert "space ticks" in told(app)


@pytest.mark.parametrize("part", ["#losses", "#epochs"])
async def test_ctrl_c_asks_what_becomes_of_the_training_from_a_field_too(path: Path, part: str) -> None:
    fill(path, TUTORIAL, trials=4)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(12)(pilot)
        app.main.query_one(part).focus()
        await pilot.press("ctrl+c")
        await until(pilot, lambda: isinstance(app.screen, QuitDialog))


async def to_task(pilot: Pilot[None], app: LosstermApp, *keys: str) -> None:
    app.main.query_one(TaskPanel).focus()
    await pilot.press(*keys, "space")


async def test_a_table_of_another_task_than_the_chosen_one_says_so(path: Path) -> None:
    fill(path, Comparison.ask("blobs", learning_rates=[0.01], epochs=20, seeds=2))
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(42)(pilot)
        assert "No scores on" not in text(app)
        assert "\nblobs\n" in text(app)  # the second table's task
        await to_task(pilot, app, "home")
        await until(pilot, lambda: text(app).startswith("No scores on regression yet: r trains what is ticked."))
        assert "Below are those on circles." in " ".join(text(app).split())


async def test_the_star_is_explained_where_it_stands(path: Path) -> None:
    app = opened(path, find_advice=advise)
    async with app.run_test(size=SMALL) as pilot:
        await to_task(pilot, app, "home", *["down"] * list(TASKS).index("circles"))
        await until(pilot, lambda: "★ advised" in str(app.main.query_one(LossPanel).border_subtitle))


def test_the_bar_is_as_long_as_what_is_trained_of_what_is_being_trained() -> None:
    progress = Progress(trials=10, ended=3, stopped=0, epochs=35, all_epochs=100, rate=None)
    assert bar(progress) == "███░░░░░░░ "
    assert bar(msgspec.structs.replace(progress, ended=10, epochs=100)) == ""
    assert bar(Progress(trials=0, ended=0, stopped=0, epochs=0, all_epochs=0, rate=None)) == ""
