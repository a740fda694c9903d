"""What goes wrong around a running app: no crash, no hang, nothing lost."""

import asyncio
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from lossterm.comparison.comparison import Comparison
from lossterm.store import Store
from lossterm.tui.app import LosstermApp
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.settings_panel import Field, SettingsPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.widgets.protocol_field import ProtocolField
from tests.builders.app import opened, painted, shown, until
from tests.builders.stores import FAIR, FAKE, SESSION, TUTORIAL, fill

SIZE = (80, 24)
PASTES = ["hinge", "12", "q", "r\nr\nr", "\x1b[31mred\x07", "日本語 🙂", "x" * 20_000, "[b]{0}%s$(ls)"]


# The store


@pytest.mark.parametrize("key", list("12345"))
async def test_a_store_that_is_deleted_under_the_app_ends_it_with_a_sentence(
    path: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(path, TUTORIAL, trials=4)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        await pilot.press(key)
        for file in path.parent.glob("lossterm.db*"):
            file.unlink()
        await until(pilot, lambda: app.return_code is not None)
    assert app.return_code == 3
    said = "".join(capsys.readouterr().err.split())  # it is wrapped
    assert said.startswith(f"lossterm:Thestore{path}isgone")
    assert not path.exists()


async def test_keys_that_write_after_the_store_was_deleted_do_not_crash(path: Path) -> None:
    fill(path, TUTORIAL, trials=4)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        for file in path.parent.glob("lossterm.db*"):
            file.unlink()
        for key in ("y", "s", "r", "5", "u", "n", "q"):
            if app.return_code is None:
                app.simulate_key(key)
        await until(pilot, lambda: app.return_code is not None)
    assert app.return_code in (0, 3)
    assert app._exception is None


# Two viewers


async def test_two_viewers_that_both_press_stop_stop_once_and_lose_nothing(path: Path) -> None:
    fill(path, FAIR, trials=10)
    with Store(path) as store:
        before = {row.id: row for row in store.reader.trials([1]) if row.ended}
    first, second = opened(path), opened(path)
    async with first.run_test(size=SIZE) as one, second.run_test(size=SIZE) as two:
        await shown(36)(one)
        await shown(36)(two)
        await asyncio.gather(one.press("s"), two.press("s"))
        await until(one, lambda: not first.main.view.training)
        await until(two, lambda: not second.main.view.training)
        await asyncio.gather(one.press("s"), two.press("s"))
        await one.pause()
        assert first.is_running
        assert second.is_running
    with Store(path) as store:
        after = {row.id: row for row in store.reader.trials([1])}
        assert {number: after[number] for number in before} == before
        assert {row.status for row in after.values()} == {"done", "cancelled"}


async def test_two_viewers_see_what_either_asks_for(path: Path) -> None:
    first, second = opened(path), opened(path)
    async with first.run_test(size=SIZE) as one, second.run_test(size=SIZE) as two:
        await one.press("r")
        await until(two, lambda: len(second.main.view.rows) == 150)
        await two.press("s")
        await until(one, lambda: bool(first.main.view.rows) and not first.main.view.training)


async def test_a_session_that_another_viewer_deletes_or_renames_leaves_this_one_empty(path: Path) -> None:
    fill(path, FAIR, session="other")
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        with Store(path) as store:
            store.sessions.delete(SESSION)
        for key in "12345":
            await pilot.press(key)
            await pilot.pause(0.1)
        await pilot.press("escape", "escape", "r")
        await pilot.pause(0.1)
        assert app.is_running
    with Store(path) as store:
        assert len(store.reader.trials([one.id for one in store.reader.comparisons("other")])) == 36


# Sizes


async def test_resizing_while_rows_arrive_shows_all_of_them_in_the_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.002")
    with Store(path) as store:
        store.requests.ask(SESSION, Comparison.ask("circles", learning_rates=[0.01], epochs=100, seeds=4))
    app = LosstermApp(SESSION, path, command=FAKE)
    async with app.run_test(size=SIZE) as pilot:
        sizes = [(80, 24), (140, 40), (20, 5), (300, 80), (1, 1), (120, 35), (79, 24), (80, 24)]
        for place in range(10_000):
            await pilot.resize_terminal(*sizes[place % len(sizes)])
            if place % 5 == 0:
                await pilot.press(str(place // 5 % 5 + 1))
            if app.main.view.rows and not app.main.view.training:
                break
        await pilot.resize_terminal(80, 24)
        await pilot.press("2")
        await until(pilot, lambda: "4/4" in app.main.scores.text or "best" in app.main.scores.text.lower())
        assert {row.status for row in app.main.view.rows.values()} == {"done"}
        assert all(len(app.main.view.curves[number]) for number in app.main.view.rows)


async def test_a_terminal_that_is_too_small_says_so_and_keys_still_work(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=(20, 5)) as pilot:
        await until(pilot, lambda: len(app.main.view.rows) == 12)
        for size in ((20, 5), (1, 1), (79, 24), (80, 23), (5, 100)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            words = "".join("".join(row.split()) for row in painted(app))
            start = f"{size[0]}×{size[1]}istoosmall"[: max(size[0] * size[1] - 2, 1)]
            assert words.startswith(start) or size == (1, 1)
            for key in ("1", "2", "3", "4", "5", "m", "y", "escape", "slash", "a", "escape", "question_mark", "escape"):
                await pilot.press(key)
            assert app.is_running, size
        await pilot.press("q")
        await until(pilot, lambda: app.return_code == 0)


async def test_a_view_that_was_asked_for_in_too_little_room_is_there_when_there_is_room(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    words = {"curves": "loss", "scores": "accuracy test", "anatomy": "slope", "predictions": "wrong"}

    def painted_whole() -> bool:
        return words.get(app.main.stage.view, "●") in "\n".join(painted(app))

    async with app.run_test(size=(20, 5)) as pilot:
        await until(pilot, lambda: len(app.main.view.rows) == 12)
        for key in "12345":
            await pilot.resize_terminal(20, 5)
            await pilot.press(key)
            await pilot.resize_terminal(*SIZE)
            await until(pilot, painted_whole)


# What is pasted


async def paste(pilot: Pilot[None], app: LosstermApp, text: str) -> None:
    app.post_message(events.Paste(text))
    await pilot.pause()


async def test_text_pasted_into_any_panel_does_nothing_but_what_a_field_takes(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        for panel in (TaskPanel, LossPanel, ProtocolField, ScoresPanel, Field):
            app.main.query(panel).first().focus()
            await pilot.pause()
            before = app.main.curves.look, app.main.stage.view, app.main.tasks.chosen, app.main.losses.ticked
            for text in PASTES:
                await paste(pilot, app, text)
                assert app.is_running, panel
                assert app.screen is app.main, panel
            now = app.main.curves.look, app.main.stage.view, app.main.tasks.chosen, app.main.losses.ticked
            assert now == before, panel
            for name, characters in SettingsPanel.FIELDS:
                assert set(app.main.settings.written[name]) <= set(characters), panel
    with Store(path) as store:
        assert len(store.reader.comparisons(SESSION)) == 1


async def test_text_pasted_into_any_view_does_nothing(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        for key in "12345":
            await pilot.press(key)
            await pilot.pause()
            before = app.main.remembered
            for text in PASTES:
                await paste(pilot, app, text)
            assert app.main.remembered == before, key
            assert app.screen is app.main, key


async def test_text_pasted_into_the_filter_is_a_pattern_or_is_waited_for(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        for text in (*PASTES, "[", "(?P<", "(a+)+$"):
            await pilot.press("slash")
            await paste(pilot, app, text)
            assert app.is_running
            app.main.filter.value = ""
        await pilot.press("escape")
        await until(pilot, lambda: not app.main.filter.display)


async def test_what_is_pasted_into_a_field_and_makes_no_sense_gets_a_sentence(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        field = app.main.query_one("#epochs", Input)
        field.focus()
        await pilot.pause()
        await paste(pilot, app, "0 of them, or many")
        await pilot.press("r")
        await until(pilot, lambda: any("number of epochs is 0" in note.message for note in app._notifications))
    with Store(path) as store:
        assert store.sessions.every() == []


# Text that could be markup


async def test_names_that_look_like_markup_are_names(path: Path) -> None:
    session = "[red]not[/red] [x"
    fill(path, TUTORIAL, session=session)
    app = opened(path, session=session)
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: len(app.main.view.rows) == 12)
        await pilot.press("5")
        await until(pilot, lambda: any(session in row for row in painted(app)))
        for key in ("d", "n", "c", "u"):
            await pilot.press(key)
            await pilot.pause(0.05)
            await pilot.press("escape")
            await pilot.pause()
        assert app.is_running
