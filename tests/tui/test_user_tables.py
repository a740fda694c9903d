"""User tables in the app: opened, chosen, asked for, remembered; and tasks that are no longer there."""

from pathlib import Path

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.data import FileRequest, Preview
from lossterm.errors import DataError
from lossterm.store import Store
from lossterm.tasks import task_on
from lossterm.tui.app import LosstermApp
from lossterm.tui.background import view_memory
from lossterm.tui.dialogs.file_dialog import FileDialog
from lossterm.tui.dialogs.preview_dialog import PreviewDialog
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.state.remembered_views import recall
from tests.builders.app import opened, reported, shown, until
from tests.builders.stores import SESSION, fill
from tests.builders.tables import GARDENS, HOUSES, MANY_ROWS, ROWS, Reader, preview_of, with_problem

SMALL, LARGE, HUGE = (80, 24), (140, 40), (200, 60)

ON_HOUSES = Comparison.ask(HOUSES, learning_rates=[0.01], epochs=20, seeds=2)


def asked(path: Path) -> list[Comparison]:
    with Store(path) as store:
        return [one.comparison for one in store.reader.comparisons(SESSION)]


def listed(app: LosstermApp) -> list[str]:
    panel = app.main.query_one(TaskPanel)
    return [str(panel.get_option_at_index(place).prompt) for place in range(panel.option_count)]


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])
async def test_a_session_on_a_table_is_taken_up_so_that_run_asks_for_the_same_again(
    path: Path, size: tuple[int, int]
) -> None:
    fill(path, ON_HOUSES)
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await shown(10)(pilot)
        await until(pilot, lambda: app.main.tasks.chosen.key == HOUSES.key)
        assert app.main.tasks.subject == HOUSES
        assert reported(app).asked.comparison == ON_HOUSES
        assert app.main.query_one(LossPanel).ticked == ON_HOUSES.losses
        await pilot.press("r")
        await until(pilot, lambda: asked(path) == [ON_HOUSES, ON_HOUSES])


async def test_tables_stand_after_the_tasks_and_can_be_chosen(path: Path) -> None:
    fill(path, ON_HOUSES)
    fill(path, Comparison.ask(GARDENS, learning_rates=[0.01], epochs=20, seeds=2))
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.main.tasks.chosen.key == GARDENS.key)
        assert [HOUSES.key[:15] in line for line in listed(app)[-2:]] == [True, False]
        app.main.tasks.focus()
        await pilot.press("up", "space")
        await until(pilot, lambda: app.main.query_one(LossPanel).record == task_on(HOUSES))
        assert "mse" in app.main.query_one(LossPanel).ticked
        await until(pilot, lambda: reported(app).asked.comparison.data == HOUSES)


async def test_every_table_takes_one_line_that_ends_in_its_kind_whatever_its_name(path: Path) -> None:
    stems = (
        "住宅価格の長い名前" * 5,
        "e\u0301te\u0301" * 9,
        "a_very_long_name_of_a_file" * 9,
        "क्षि" * 20,
        "x",
        "\U0001f3e0" * 30,
    )
    tables = [
        msgspec.structs.replace(HOUSES, asked=FileRequest(path=f"/data/{stem}.csv", target=target), kind=kind)
        for stem in stems
        for target, kind in (("the price in all its length", "regression"), ("y", "binary"), ("z", "multiclass"))
    ]
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        tasks = app.main.tasks
        tasks.know(tables)
        for size in (SMALL, LARGE, HUGE):
            await pilot.resize_terminal(*size)
            for focused in (app.main.losses, tasks):
                focused.focus()
                await pilot.pause()
                assert tasks.virtual_size.height == len(tasks.tasks), (size, focused)
                seen = [tasks.render_line(row).text.rstrip() for row in range(tasks.size.height)]
                kinds = [task.kind for task in tasks.tasks.values()][tasks.scroll_offset.y :]
                assert [line.split()[-1] for line in seen] == kinds[: len(seen)], (size, focused)
            await pilot.press("end")
            await pilot.pause()
            assert tasks.render_line(tasks.size.height - 1).text.split()[-1] == "multiclass"
            await pilot.press("home")


async def test_a_file_is_chosen_looked_at_and_trained_on(
    path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "houses.csv").write_text(ROWS)
    monkeypatch.chdir(home)
    reader = Reader()
    app = opened(path, read=reader)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, FileDialog) and bool(app.screen._shown))
        await pilot.press(*"houses", "enter")
        await until(pilot, lambda: isinstance(app.screen, PreviewDialog) and app.screen._preview is not None)
        await pilot.press("end", "t", "enter")
        await until(pilot, lambda: app.screen is app.main)
        chosen = FileRequest(path=str(home / "houses.csv"), target="price")
        assert reader.asked == [msgspec.structs.replace(chosen, target=""), chosen]
        await until(pilot, lambda: app.main.losses.record.title == "price in houses.csv")
        assert app.main.settings.written["epochs"] == str(app.main.tasks.chosen.epochs)
        await pilot.press("r")
        await until(pilot, lambda: len(asked(path)) == 1)
    (comparison,) = asked(path)
    assert comparison.data is not None
    assert comparison.data.asked == chosen


async def test_what_was_chosen_comes_back_without_being_trained(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_memory, "REMEMBER_SECONDS", 0.05)
    app = opened(path, read=Reader(), table=HOUSES.asked)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.main.tasks.chosen.key == HOUSES.key)
        with Store(path) as store:
            await until(pilot, lambda: getattr(recall(store, SESSION).choices, "data", None) == HOUSES)
    again = opened(path)
    async with again.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: again.main.losses.record == task_on(HOUSES))
        assert again.main.tasks.subject == HOUSES


async def test_a_table_that_was_brought_is_there_in_the_next_session_too(path: Path) -> None:
    app = opened(path, read=Reader(), table=HOUSES.asked)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.main.tasks.chosen.key == HOUSES.key)
        app.main.post_message(type(app.main).Opened("other"))
        await until(pilot, lambda: app.main.session == "other" and app.main.is_mounted and bool(listed(app)))
        assert HOUSES.key in app.main.tasks.tasks


async def test_a_table_of_the_command_line_is_taken_and_what_was_recognised_is_said(path: Path) -> None:
    app = opened(path, read=Reader(), table=HOUSES.asked)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: app.main.tasks.chosen.key == HOUSES.key)
        await until(pilot, lambda: bool(app._notifications))
        (note,) = app._notifications
        assert "Read as text in UTF-8" in note.message
        assert "31 cells of rooms are missing" in note.message


async def test_a_table_of_the_command_line_that_cannot_be_used_stays_to_be_changed(path: Path) -> None:
    app = opened(path, read=Reader(with_problem), table=HOUSES.asked)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PreviewDialog) and not app.screen.reading)
        assert isinstance(app.screen, PreviewDialog)
        assert "all values are the same" in " ".join(app.screen.words.text.split())
        assert app.main.tasks.table is None


async def test_a_column_of_the_command_line_that_is_not_there_can_be_mended(path: Path) -> None:
    def answer(asked: FileRequest) -> Preview:
        if asked.target == "prise":
            raise DataError("There is no column in houses.csv called 'prise'. Did you mean price?")
        return preview_of(asked)

    app = opened(path, read=Reader(answer), table=msgspec.structs.replace(HOUSES.asked, target="prise"))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PreviewDialog) and not app.screen.reading)
        assert isinstance(app.screen, PreviewDialog)
        assert "Did you mean price?" in app.screen.words.text
        await pilot.press("end", "t", "enter")
        await until(pilot, lambda: app.main.tasks.table == HOUSES)


async def test_a_table_of_the_command_line_without_a_target_asks_for_one(path: Path) -> None:
    app = opened(path, read=Reader(), table=msgspec.structs.replace(HOUSES.asked, target=""))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PreviewDialog) and not app.screen.reading)
        assert isinstance(app.screen, PreviewDialog)
        assert "Which column is to be predicted?" in app.screen.words.text


async def test_a_file_that_was_brought_before_is_shown_as_it_was_wanted_then(
    path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "houses.csv").write_text(ROWS)
    monkeypatch.chdir(home)
    wanted = FileRequest(path=str(home / "houses.csv"), target="price", drop=("area",))
    reader = Reader()
    app = opened(path, read=reader, table=wanted)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.main.tasks.table is not None)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, FileDialog) and bool(app.screen._shown))
        await pilot.press(*"houses", "enter")
        await until(pilot, lambda: isinstance(app.screen, PreviewDialog) and not app.screen.reading)
    assert reader.asked == [wanted, wanted]


async def test_a_real_file_is_read_by_a_process(path: Path, home: Path) -> None:
    file = home / "houses.csv"
    file.write_text(MANY_ROWS)
    app = opened(path, table=FileRequest(path=str(file), target="price"))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.main.tasks.table is not None, seconds=30)
        data = app.main.tasks.table
        assert data is not None
        assert (data.rows, data.kind, data.asked.target) == (46, "regression", "price")


# A task that is not there


async def test_a_session_on_a_task_that_is_not_installed_opens_and_says_so(path: Path) -> None:
    fill(path, ON_HOUSES)
    lost = msgspec.structs.replace(Comparison.ask("circles", learning_rates=[0.01], seeds=1), task="of_a_package")
    with Store(path) as store:
        store.requests.ask(SESSION, lost)
    app = opened(path)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: len(app.main.view.rows) == 13)
        await until(pilot, lambda: bool(app._notifications))
        (note,) = app._notifications
        assert "The task of_a_package is of a package that is not installed here" in note.message
        await until(pilot, lambda: bool(app.main.standings.reports))
        assert [report.asked.comparison for report in app.main.standings.reports] == [ON_HOUSES]
        for key in "12345o":
            await pilot.press(key)
        await pilot.pause()
        assert app.is_running
