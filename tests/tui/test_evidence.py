"""What the screen says of who wins and how sure that is: verdicts, intervals, casualties; and which keys are there."""

from pathlib import Path

import pytest
from textual.widgets import Input

from lossterm.comparison.comparison import Comparison
from lossterm.reports.verdict import short_verdict
from lossterm.store import Store, TrialRow
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs import HelpDialog
from lossterm.tui.panels.curves_panel import CurvesPanel
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.widgets.key_bar import KeyBar
from lossterm.tui.widgets.protocol_field import ProtocolField
from tests.builders.app import grey, heads, opened, reported, shown, until
from tests.builders.stores import FAIR, LOSSES, SESSION, TUTORIAL, Scored, equal, fill, settled, undecided

SMALL, LARGE = (80, 24), (140, 40)
SPARSE = "sparse_categorical_crossentropy"
"""The longest name."""
FOUR = ("categorical_crossentropy", SPARSE, "kl_divergence", "brier")


def scores(app: LosstermApp) -> str:
    return app.main.query_one(ScoresPanel).text


def listed(app: LosstermApp) -> list[str]:
    """Return the losses as the table on top lists them."""
    words = [line.split() for line in scores(app).split("\n")]
    return [line[1] for line in words if len(line) > 1 and line[1] in LOSSES][: len(LOSSES)]


def stored(path: Path) -> list[TrialRow]:
    with Store(path) as store:
        return store.reader.trials([one.id for one in store.reader.comparisons(SESSION)])


# What the scores say


@pytest.mark.parametrize(
    ("scored", "words"),
    [
        (settled, "binary_crossentropy is best, at the rates tried"),
        (undecided, "Best: binary_crossentropy; hinge open; ~11 seeds settle it"),
        (equal, "No difference that matters: all 3 equal, at the rates tried"),
    ],
    ids=["clear", "one open", "all equal"],
)
async def test_the_scores_begin_with_the_verdict(path: Path, scored: Scored, words: str) -> None:
    fill(path, FAIR, scored=scored)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        assert scores(app).split("\n")[0] == words == short_verdict(reported(app))


@pytest.mark.parametrize(
    "comparison",
    [
        Comparison.ask("digits", FOUR, learning_rates=[0.01], epochs=20, seeds=4),
        Comparison.ask(
            "digits", ["sparse_categorical_crossentropy", "brier"], learning_rates=[0.01], epochs=20, seeds=6
        ),
        Comparison.ask("digits", [SPARSE], learning_rates=[0.01], epochs=20, seeds=2),
        Comparison.ask("digits", FOUR, learning_rates=[0.01], epochs=20, seeds=1),
    ],
    ids=["four losses", "two losses", "one loss", "one seed"],
)
async def test_the_verdict_takes_one_line_of_the_smallest_terminal(path: Path, comparison: Comparison) -> None:
    fill(path, comparison)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(len(list(comparison.trials())))(pilot)
        first, second = scores(app).split("\n")[:2]
        assert first == short_verdict(reported(app))
        assert second.startswith(("#", "Next: "))


@pytest.mark.parametrize(
    ("size", "columns"),
    [
        (SMALL, ("accuracy test", "Δ to best", "verdict", "lr")),
        (LARGE, ("accuracy test", "Δ to best", "beaten", "verdict", "lr", "lr sweep", "train", "trials")),
    ],
    ids=["80x24", "140x40"],
)
async def test_the_table_has_the_columns_that_fit(path: Path, size: tuple[int, int], columns: tuple[str, ...]) -> None:
    fill(path, FAIR, scored=undecided)
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await shown(36)(pilot)
        assert all(column in heads(app) for column in columns)
        assert ("lr sweep" in heads(app)) == (size == LARGE)
        assert "±" in scores(app)


@pytest.mark.parametrize("size", [SMALL, (100, 30), LARGE], ids=["80x24", "100x30", "140x40"])
async def test_no_line_of_the_scores_is_cut(path: Path, size: tuple[int, int]) -> None:
    fill(path, FAIR, scored=undecided)
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await shown(36)(pilot)
        width = app.main.query_one(ScoresPanel).size.width
        assert [line for line in scores(app).split("\n") if len(line.rstrip()) > width] == []


async def test_one_seed_says_so_and_has_no_interval(path: Path) -> None:
    fill(path, Comparison.ask("circles", epochs=20, seeds=1))
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(15)(pilot)
        assert "is ahead on one seed: no interval, no verdict" in scores(app)
        assert "±" not in scores(app)
        assert "verdict" not in heads(app)
        assert grey(app, "settle")


@pytest.mark.parametrize(
    ("size", "words"), [(SMALL, "2/4 div 2"), (LARGE, "2/4, diverged 2/4")], ids=["80x24", "140x40"]
)
async def test_a_loss_that_diverged_shows_how_often(path: Path, size: tuple[int, int], words: str) -> None:
    fill(path, TUTORIAL, diverged=lambda trial: trial.loss == "hinge" and trial.seed > 1)
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await shown(12)(pilot)
        (line,) = [line for line in scores(app).split("\n") if line.split()[1:2] == ["hinge"]]
        assert line.rstrip().endswith(words)
        assert "hinge: 2 of 4 trials diverged or failed; ranked by the others." in scores(app)


async def test_a_loss_that_diverged_every_time_stands_last_without_a_score(path: Path) -> None:
    fill(path, TUTORIAL, diverged=lambda trial: trial.loss == "binary_crossentropy")
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(12)(pilot)
        assert listed(app)[-1] == "binary_crossentropy"
        assert "0/4, diverged 4/4" in scores(app)


async def test_rates_that_diverged_and_were_not_chosen_are_named(path: Path) -> None:
    fill(path, FAIR, scored=settled, diverged=lambda trial: trial.loss == "hinge" and trial.learning_rate == 0.03)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        assert "hinge diverged or failed at rates that were not chosen: 4/4 at 0.03." in scores(app)


async def test_a_stopped_comparison_says_partial_and_cannot_be_settled(path: Path) -> None:
    fill(path, FAIR, trials=30, scored=undecided)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        assert "Partial: 6 of 36 trials have not ended." in scores(app)
        assert reported(app).seeds_to_settle is not None
        assert grey(app, "settle")
        await pilot.press("s")
        await until(pilot, lambda: "Partial: 6 of 36 trials were stopped." in scores(app))
        assert grey(app, "settle")


# Help and keys


async def test_help_lists_the_keys_of_the_evidence(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=(80, 120)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog))
        picture = app.export_screenshot().replace("&#160;", " ")
        for words in (
            "Show the next chart of the view",
            "Each seed's curve, or median and band",
            "Rank by the next metric; nothing is trained",
            "Add the seeds that would settle what is open",
            "Take the next protocol that fits the task",
        ):
            assert words.replace("'", "&#x27;") in picture


@pytest.mark.parametrize("focus", [TaskPanel, LossPanel, ProtocolField, ScoresPanel, Input])
async def test_every_key_fits_the_smallest_terminal(path: Path, focus: type[TaskPanel | Input]) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        app.main.query(focus).first().focus()
        await pilot.pause()
        bar = app.main.query_one(KeyBar)
        assert bar.text.rstrip().endswith("q Quit")
        assert len(bar.text.rstrip()) <= bar.size.width


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])
async def test_keys_that_need_a_report_are_grey_without_one(path: Path, size: tuple[int, int]) -> None:
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert grey(app, "panel", "each_seed")
        assert grey(app, "rank_by")
        assert grey(app, "settle")
        await pilot.press("i", "o", "t")
        await pilot.pause()
        assert not app.main.query_one(CurvesPanel).look.each_seed
        assert stored(path) == []
