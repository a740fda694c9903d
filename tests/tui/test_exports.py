"""Exports from the app: what is offered, what is written by the command line's process, and what asks first."""

import asyncio
import json
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from lossterm.comparison.comparison import Comparison
from lossterm.export import FORMATS
from lossterm.tui.app import LosstermApp
from lossterm.tui.background.exporter import Wanted
from lossterm.tui.background.lossterm_process import ProcessResult
from lossterm.tui.dialogs import ConfirmDialog
from lossterm.tui.dialogs.export_dialog import ExportDialog
from lossterm.tui.screens import session_actions
from tests.builders.app import grey, opened, painted, shown, until
from tests.builders.stores import SESSION, TUTORIAL, fill

SIZE = (80, 24)


@pytest.fixture(autouse=True)
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to an empty directory."""
    place = home / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def notifications(app: LosstermApp) -> list[str]:
    return [note.message for note in app._notifications]


async def open_it(pilot: Pilot[None], app: LosstermApp, form: str = "csv") -> None:
    """Open the dialog and go to a format."""
    await pilot.press("w")
    await until(pilot, lambda: isinstance(app.screen, ExportDialog) and app.focused is app.screen.list)
    await pilot.press("home", *["down"] * list(FORMATS).index(form))
    await pilot.pause()


async def test_every_format_is_offered_with_its_title_and_where_it_goes(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=(140, 40)) as pilot:
        await shown(12)(pilot)
        await open_it(pilot, app)
        for form in FORMATS.values():
            seen = " ".join(" ".join(line.strip(" │") for line in painted(app)).split())
            assert f"{form.key}: {form.title}." in seen
            assert app.screen.query_one(Input).value == f"{SESSION}.{form.suffix}"
            await pilot.press("down")
            await pilot.pause()


async def test_what_is_small_is_proposed_and_what_is_large_says_how_large(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        for trials, epochs, sizes in ((12, 240, {}), (150, 200_000, {"csv": "~30 MB", "json": "~22 MB"})):
            app.push_screen(ExportDialog(SESSION, "circles", None, app.main.habits.keys, trials=trials, epochs=epochs))
            await until(pilot, lambda: isinstance(app.screen, ExportDialog) and app.screen.list.has_focus)
            assert isinstance(app.screen, ExportDialog)
            lines = {str(option.id): str(option.prompt).split() for option in app.screen.list.options}
            assert app.screen._form.size(trials, epochs) == 0
            assert lines[app.screen._form.key][1] == "small"
            assert {key: " ".join(lines[key][1:3]) for key in sizes} == sizes
            assert sizes or all(line[1] == "small" for line in lines.values())
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main)


async def test_nothing_can_be_exported_before_anything_was_asked_for(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        assert grey(app, "export")
        await pilot.press("w")
        assert app.screen is app.main
        fill(path, TUTORIAL)
        await shown(12)(pilot)
        await until(pilot, lambda: not grey(app, "export"))


async def test_a_session_is_written_and_said_to_be(path: Path, here: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(12)(pilot)
        await open_it(pilot, app, "json")
        await pilot.press("enter")
        await until(pilot, lambda: any(one.startswith("Wrote ") for one in notifications(app)), seconds=30)
    file = here / f"{SESSION}.json"
    assert f"Wrote {file}: 12 trials and 240 epochs of session '{SESSION}' as json." in notifications(app)
    assert json.loads(file.read_text())


async def test_the_path_can_be_changed_and_is_kept_while_one_looks_at_others(path: Path, here: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(12)(pilot)
        await open_it(pilot, app)
        await pilot.press("tab")
        app.screen.query_one(Input).value = "mine.csv"
        await pilot.press("shift+tab", "down", "up")
        await pilot.pause()
        assert app.screen.query_one(Input).value == "mine.csv"
        await pilot.press("tab", "enter")
        await until(pilot, (here / "mine.csv").exists, seconds=30)


@pytest.mark.parametrize("answer", ["y", "n", "escape"])
async def test_what_is_there_already_is_replaced_only_after_a_yes(path: Path, here: Path, answer: str) -> None:
    fill(path, TUTORIAL)
    (here / f"{SESSION}.csv").write_text("mine")
    app = opened(path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(12)(pilot)
        await open_it(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        assert "prepared.csv is there already." in "\n".join(painted(app))
        await pilot.press(answer)
        await until(pilot, lambda: app.screen is app.main)
        if answer == "y":
            await until(pilot, lambda: any(one.startswith("Wrote ") for one in notifications(app)), seconds=30)
        else:
            await pilot.pause(0.1)
            assert notifications(app) == []
    assert ((here / f"{SESSION}.csv").read_text() == "mine") == (answer != "y")


@pytest.mark.parametrize(
    ("written", "words"),
    [("no/such/place/x.csv", "There is no directory"), (".", "is a directory"), ("a\0b", "Nothing was written: ")],
)
async def test_what_cannot_be_written_gets_the_sentence(path: Path, written: str, words: str) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(12)(pilot)
        await open_it(pilot, app)
        app.screen.query_one(Input).value = written
        await pilot.press("enter")
        if written == ".":
            await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
            await pilot.press("y")
        await until(pilot, lambda: any(words in one for one in notifications(app)), seconds=30)
        assert not any("Traceback" in one for one in notifications(app))


@pytest.mark.parametrize("form", FORMATS)
async def test_a_format_of_one_comparison_takes_the_chosen_task_and_the_selected_loss(
    path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path, Comparison.ask("blobs", learning_rates=[0.01], epochs=20, seeds=2))
    fill(path, TUTORIAL)
    wishes: list[Wanted] = []

    async def export(store: Path, session: str, wanted: Wanted) -> str:
        assert (store, session) == (path, SESSION)
        wishes.append(wanted)
        return "Wrote it."

    monkeypatch.setattr(session_actions, "export", export)
    app = opened(path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(18)(pilot)
        one = FORMATS[form].one_comparison
        await open_it(pilot, app, form)
        await pilot.press("enter")
        await until(pilot, lambda: "Wrote it." in notifications(app))
        await pilot.press("1", "down", "down")
        await until(pilot, lambda: app.main.curves.picked)
        await open_it(pilot, app, form)
        await pilot.press("enter")
        await until(pilot, lambda: len(wishes) == 2)
    path_of = f"{SESSION}.{FORMATS[form].suffix}"
    selected = app.main.curves.selected
    assert selected in TUTORIAL.losses
    assert wishes == [
        Wanted(form=form, path=path_of, task="circles" if one else None),
        Wanted(form=form, path=path_of, task="circles" if one else None, loss=selected if one else None),
    ]


async def test_an_export_that_takes_long_holds_up_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, TUTORIAL)

    async def export(store: Path, session: str, wanted: Wanted) -> str:
        await asyncio.sleep(60)
        return "Wrote it."

    monkeypatch.setattr(session_actions, "export", export)
    app = opened(path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(12)(pilot)
        await open_it(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: any("Writing" in one for one in notifications(app)))
        await pilot.press("3", "1", "y", "q")
        await until(pilot, lambda: app.return_code == 0)


def test_what_a_process_said_last_is_told_without_what_it_begins_with() -> None:
    assert (
        ProcessResult(code=3, out=b"", err="Note: this.\nlossterm: There is no file.\n").sentence == "There is no file."
    )
    assert ProcessResult(code=1, out=b"", err="").sentence == "It ended with code 1."
    assert "\x1b" not in ProcessResult(code=1, out=b"", err="a\x1b[31mb").sentence
