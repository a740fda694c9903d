"""The first look at the data of the chosen task: where it stands, until when, and that nothing waits for it."""

import asyncio
import re
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.first_look import FirstLook
from lossterm.data import FileRequest, Preview
from lossterm.errors import DataError
from lossterm.tasks import TASKS, Task
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs.preview_dialog import PreviewDialog
from lossterm.tui.panels.curves_panel import CurvesPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.screens.main_screen import MainScreen
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.state.sentences_with_keys import with_keys
from tests.builders.app import opened, painted, shown, until
from tests.builders.stores import fill
from tests.builders.tables import Reader, preview_of

SMALL, LARGE = (80, 24), (140, 40)


def look_at(task: Task) -> FirstLook:
    """Return a first look that is made up."""
    classes = tuple((str(place), 10 + place) for place in range(task.classes or 0))
    points = tuple((float(place), float(place % 7), place % max(task.classes or 1, 1)) for place in range(40))
    return FirstLook(
        task=task.key,
        kind=task.kind,
        target="target",
        rows=sum(rows for _, rows in classes) or 40,
        values=() if classes else tuple(float(place) for place in range(40)),
        classes=classes,
        across="x1",
        up="x2" if classes else "target",
        points=points,
        said=(f"So says {task.key}.",),
        doubts=("z: 9 cells. --drop z leaves it out.",),
    )


async def at_once(task: Task) -> FirstLook | None:
    return look_at(task)


def screen(app: LosstermApp) -> str:
    return "\n".join(painted(app))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])
async def test_it_stands_where_curves_and_scores_will_be(path: Path, size: tuple[int, int]) -> None:
    app = opened(path, find_look=at_once)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "First look at circles" in screen(app))
        assert "r trains what is ticked" in screen(app)
        assert "█" in app.main.query_one(CurvesPanel).charts["loss"].text or screen(app) > "⠀"
        scores = app.main.query_one(ScoresPanel).text
        assert "No scores yet" in scores
        assert "• So says circles." in scores
        assert "• z: 9 cells. f, then d on z leaves it out." in scores  # the key that does it in the app


async def test_another_task_brings_another_look_and_no_other_stays(path: Path) -> None:
    free = asyncio.Event()

    async def slow(task: Task) -> FirstLook | None:
        if task.key == "regression":
            await free.wait()
        return look_at(task)

    app = opened(path, find_look=slow)
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: "First look at circles" in screen(app))
        app.main.query_one(TaskPanel).focus()
        await pilot.press("home", "space")
        await until(pilot, lambda: "Looking at the data …" in screen(app))
        assert "circles" not in app.main.query_one(ScoresPanel).text
        assert "No curves yet." in screen(app)
        free.set()
        await until(pilot, lambda: "First look at regression" in screen(app))


async def test_it_stays_while_tensorflow_loads_and_goes_when_curves_come(path: Path) -> None:
    fill(path, Comparison.ask("circles", seeds=1, learning_rates=[0.1], epochs=5), trials=0)
    app = opened(path, find_look=at_once)
    async with app.run_test(size=LARGE) as pilot:
        await shown(3)(pilot)
        await until(pilot, lambda: "First look at circles" in screen(app))
        assert "Waiting for TensorFlow to load" in screen(app)
    fill(path, Comparison.ask("circles", seeds=1, learning_rates=[0.1], epochs=6))
    app = opened(path, find_look=at_once)
    async with app.run_test(size=LARGE) as pilot:
        await shown(6)(pilot)
        await until(pilot, lambda: app.main.query_one(CurvesPanel).drawn)
        assert "First look" not in screen(app)
        assert "So says" not in screen(app)


async def test_without_an_answer_the_panel_says_what_to_do(path: Path) -> None:
    async def fails(task: Task) -> FirstLook | None:
        raise OSError

    app = opened(path, find_look=fails)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "Looking" not in app.main.query_one(ScoresPanel).text)
        assert "No curves yet." in screen(app)
        assert "r trains what is ticked" in app.main.query_one(ScoresPanel).text


async def test_keys_are_answered_while_the_data_are_looked_at(path: Path) -> None:
    async def never(task: Task) -> FirstLook | None:
        await asyncio.Event().wait()
        return None

    app = opened(path, find_look=never)
    async with app.run_test(size=SMALL) as pilot:
        for number in range(len(TASKS)):
            app.main.query_one(TaskPanel).focus()
            await pilot.press("home", *["down"] * number, "space")
            key = list(TASKS)[number]
            await until(pilot, lambda key=key: app.main.tasks.chosen.key == key)  # type: ignore[misc]  # bound at once


# The guessed target


def guessing(asked: FileRequest) -> Preview:
    return msgspec.structs.replace(preview_of(asked), guess="" if asked.target else "price", guess_why="it is last")


async def opened_on_file(pilot: Pilot[None], app: LosstermApp) -> PreviewDialog:
    await until(pilot, lambda: isinstance(app.screen, PreviewDialog) and not app.screen.reading)
    assert isinstance(app.screen, PreviewDialog)
    return app.screen


async def test_a_target_is_guessed_shown_as_a_guess_and_taken_with_one_key(path: Path) -> None:
    app = opened(path, read=Reader(guessing), table=FileRequest(path="/data/houses.csv", target=""))
    async with app.run_test(size=SMALL) as pilot:
        dialog = await opened_on_file(pilot, app)
        await until(pilot, lambda: "A guess: price is to be predicted, since it is last." in dialog.words.text)
        assert dialog.asked.target == "price"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert app.main.tasks.chosen.key.startswith("houses.price@")


async def test_a_guess_is_changed_by_the_key_that_names_a_target_and_does_not_come_back(path: Path) -> None:
    app = opened(path, read=Reader(guessing), table=FileRequest(path="/data/houses.csv", target=""))
    async with app.run_test(size=SMALL) as pilot:
        dialog = await opened_on_file(pilot, app)
        await pilot.press("home", "t")
        await until(pilot, lambda: dialog.asked.target == "area" and not dialog.reading)
        assert "A guess" not in dialog.words.text
        await pilot.press("t")  # and now none
        await until(pilot, lambda: dialog.asked.target == "" and not dialog.reading)
        assert "A guess" not in dialog.words.text


async def test_a_guess_that_cannot_be_a_target_leaves_the_question(path: Path) -> None:
    def refuses(asked: FileRequest) -> Preview:
        if asked.target:
            raise DataError("houses.csv: no.")
        return guessing(asked)

    app = opened(path, read=Reader(refuses), table=FileRequest(path="/data/houses.csv", target=""))
    async with app.run_test(size=SMALL) as pilot:
        dialog = await opened_on_file(pilot, app)
        assert dialog.asked.target == ""
        assert "Which column is to be predicted?" in dialog.words.text


# Options in the words of the app


SOURCES = ("data", "comparison/advice.py")
"""Where sentences about tables are made."""

_OPTION = re.compile(r"--[a-z][a-z-]+")


def test_no_option_of_the_command_line_is_left_in_a_sentence_about_a_table() -> None:
    keys = KeyNames((PreviewDialog, MainScreen), {})
    root = Path(__file__).parents[2] / "lossterm"
    files = [
        file
        for place in SOURCES
        for file in ([root / place] if place.endswith(".py") else root.joinpath(place).rglob("*.py"))
    ]
    named = {option for file in files for option in _OPTION.findall(file.read_text(encoding="utf-8"))}
    reading = named - {"--data", "--loss", "--metric", "--git"}  # of commands to copy, and of a patch of Git
    assert {"--drop", "--kind", "--missing", "--thousands"} <= reading
    for option in sorted(reading):
        for sentence in (f"{option} x says so.", f"Give {option}.", f"Name another {option}."):
            said = with_keys(sentence, keys)
            assert "--" not in said, said
            assert "{" not in said, said


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("two classes (binary); --kind says otherwise.", "two classes (binary); K takes another kind."),
        ("--drop a,b leaves 2 columns out.", "d on a,b leaves 2 columns out."),
        ("--missing -999 reads it so.", "missing (r) -999 reads it so."),
        ("Give --kind multiclass.", "Press K until it is multiclass."),
        ("Name another --time.", "Name another time column (T)."),
        ("--categorical 'my column' takes a column as names.", "c on 'my column' takes a column as names."),
    ],
)
def test_sentences_name_the_keys_that_do_it(sentence: str, said: str) -> None:
    assert with_keys(sentence, KeyNames((PreviewDialog,), {})) == said
