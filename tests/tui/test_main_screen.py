"""What a person does on the main screen, with the fake engine's worker where something is trained."""

import os
import sys
from pathlib import Path

import pytest
from rich.text import Text
from textual.geometry import Region
from textual.widgets import Input

from lossterm.comparison.comparison import Comparison
from lossterm.losses import fitting
from lossterm.store import Store
from lossterm.tasks import task_named
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs import ConfirmDialog, HelpDialog, QuitDialog
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.settings_panel import Field
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.screens import session_actions
from lossterm.tui.widgets.changing_lines import ChangingLines
from lossterm.tui.widgets.key_bar import KeyBar
from lossterm.tui.widgets.status_line import StatusLine
from lossterm.worker_control import lock, supervisor
from tests.builders.app import opened, painted, until
from tests.builders.stores import FAKE, SESSION, fill


@pytest.fixture
def slow(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a fake epoch take so long that a training is seen going on."""
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.05")


async def test_run_trains_the_ticked_losses_and_draws_their_curves(path: Path) -> None:
    app = LosstermApp(SESSION, path, command=FAKE)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "space", "tab", "5", "tab", "2", "r")
        await until(pilot, lambda: app.main.view.progress().trials == 20 and not app.main.view.training)
        await until(pilot, lambda: "binary_crossentropy" in app.main.query_one(ScoresPanel).text)
        assert {row.trial.loss for row in app.main.view.rows.values()} == {"binary_crossentropy", "squared_hinge"}
        assert {row.trial.hyperparameters.epochs for row in app.main.view.rows.values()} == {5}
        assert "hinge" not in app.main.query_one(ScoresPanel).text.replace("squared_hinge", "")
        await until(
            pilot, lambda: any("⠀" < mark <= "⣿" for mark in app.main.query_one("#chart-loss", ChangingLines).text)
        )
        assert "20/20 trials" in app.main.query_one(StatusLine).text


async def test_a_comparison_too_large_to_be_meant_is_asked_about(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_actions, "MANY", 11)
    app = LosstermApp(SESSION, path, command=FAKE)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "5", "tab", "2", "r")  # two seeds, five rates, two losses
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        shown = " ".join("".join(painted(app)).split())
        assert "These are" in shown
        assert "train them all" in shown
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        assert not app.main.view.rows
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press("y")
        await until(pilot, lambda: len(app.main.view.rows) > 11)


async def test_another_task_brings_its_losses_and_defaults(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        app.main.query_one(TaskPanel).focus()
        await pilot.press("home", "space")
        await pilot.pause()
        assert app.main.query_one(LossPanel).ticked == ("mse", "mae", "huber")
        assert app.main.query_one("#epochs", Input).value == "100"
        assert app.main.query_one("#hidden", Input).value == "25"


async def test_ticks_are_kept_while_another_task_is_looked_at(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space")
        for key in ("shift+tab", "up", "space", "down", "space"):
            await pilot.press(key)
        await pilot.pause()
        assert app.main.query_one(LossPanel).ticked == ("hinge", "squared_hinge")


async def test_nothing_ticked_greys_run_out(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("u")
        await pilot.pause()
        assert app.main.query_one(LossPanel).ticked == ()
        assert app.main.check_action("run", ()) is None
        await pilot.press("r")
        await pilot.pause()
        with Store(path) as store:
            assert store.sessions.every() == []
        await pilot.press("a")
        assert app.main.check_action("run", ()) is True


async def test_a_setting_that_makes_no_sense_gets_a_sentence(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        for field, value, sentence in (
            ("epochs", "0", "number of epochs is 0"),
            ("seeds", "0", "number of seeds is 0"),
            ("rate", "-1", "learning rate is -1"),
            ("rate", "e", "learning rate is 'e'"),
            ("hidden", ",", "Hidden layers is ','"),
            ("batch", "", "batch size is ''"),
        ):
            setting = app.main.query_one(f"#{field}", Input)
            before, setting.value = setting.value, value
            app.main.action_run()
            await pilot.pause(0)
            assert any(sentence in notification.message for notification in app._notifications)
            setting.value = before
        await pilot.pause()
        with Store(path) as store:
            assert store.sessions.every() == []


async def test_keys_of_the_screen_work_within_a_field(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        app.main.query_one("#epochs", Input).focus()
        await pilot.press("right_square_bracket")
        await pilot.pause()
        assert not app.main.stage.shows("scores")
        assert app.main.query_one("#epochs", Input).value == "200"
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpDialog)


async def test_stop_ends_a_training_and_keeps_what_there_is(path: Path, slow: None) -> None:
    app = LosstermApp(SESSION, path, command=FAKE)
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.main.check_action("stop", ()) is None
        await pilot.press("r")
        await until(pilot, lambda: any(row.epochs for row in app.main.view.rows.values()))
        assert app.main.check_action("stop", ()) is True
        await pilot.press("s")
        await until(pilot, lambda: not app.main.view.training)
        states = {row.status for row in app.main.view.rows.values()}
        assert "cancelled" in states
        assert app.main.view.curves


async def test_quitting_asks_only_while_something_trains(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
        await pilot.pause()
    assert app.return_code == 0


async def test_leaving_a_training_running_finds_it_where_it_is(path: Path, slow: None) -> None:
    first = LosstermApp(SESSION, path, command=FAKE)
    async with first.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: any(row.epochs for row in first.main.view.rows.values()))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(first.screen, QuitDialog))
        await pilot.press("l")
        await pilot.pause()
    seen = {number: row.epochs for number, row in first.main.view.rows.items()}
    second = LosstermApp(SESSION, path, command=FAKE)
    async with second.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(second.main.view.rows) == len(seen))
        assert second.main.view.training
        assert all(second.main.view.rows[number].epochs >= epochs for number, epochs in seen.items())
        await until(
            pilot, lambda: sum(row.epochs for row in second.main.view.rows.values()) > sum(seen.values()), seconds=20
        )


async def test_quitting_while_training_does_what_was_chosen(path: Path, slow: None) -> None:
    app = LosstermApp(SESSION, path, command=FAKE)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: any(row.epochs for row in app.main.view.rows.values()))
        for stay in ("c", "escape"):
            await pilot.press("q")
            await until(pilot, lambda: isinstance(app.screen, QuitDialog))
            await pilot.press(stay)
            await until(pilot, lambda: app.screen is app.main)
        assert app.main.view.training
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, QuitDialog))
        await pilot.press("s")
        await until(pilot, lambda: app.return_code == 0)
    with Store(path) as store:
        (asked,) = store.reader.comparisons(SESSION)
        assert asked.cancelled is not None
        assert "queued" not in {row.status for row in store.reader.trials([asked.id])}


async def test_a_worker_that_dies_is_started_again(path: Path, slow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor.Supervisor, "GRACE", 0.5)
    app = LosstermApp(SESSION, path, command=FAKE)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "1", "0", "tab", "1", "r")
        await until(pilot, lambda: any(row.epochs for row in app.main.view.rows.values()))
        assert app.main.view.worker is not None
        os.kill(app.main.view.worker.pid, 9)
        await until(pilot, lambda: not lock.alive(path, "auto"))
        await until(pilot, lambda: bool(app.main.view.rows) and not app.main.view.training, seconds=30)
        assert {row.status for row in app.main.view.rows.values()} == {"done"}


async def test_a_worker_that_never_starts_is_reported(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor.Supervisor, "GRACE", 0.0)
    fill(path, Comparison.ask("circles", seeds=1), trials=0)
    app = LosstermApp(SESSION, path, command=(sys.executable, "-c", "print('no such engine')"))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: any("went away 3 times" in n.message for n in app._notifications))


async def test_resizing_below_the_least_size_and_back(path: Path) -> None:
    fill(path, Comparison.ask("circles", seeds=1))
    app = opened(path)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: len(app.main.view.rows) == 15)
        for size in ((79, 24), (20, 5), (1, 1), (80, 23)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert not app.main.stage.display
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert app.main.stage.display


async def test_only_rows_that_changed_are_painted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        status = app.main.query_one(StatusLine)
        await pilot.pause()
        painted: list[tuple[Region, ...]] = []
        monkeypatch.setattr(status, "refresh", lambda *regions, **_: painted.append(regions))
        status.show(list(status._lines))
        assert painted == []
        status.show([Text("something else")])
        assert [[region.y for region in regions] for regions in painted] == [[0]]


async def test_a_click_on_a_key_does_what_the_key_does(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        bar = app.main.query_one(KeyBar)
        await pilot.click(bar, offset=(bar.text.index("All"), 0))
        await pilot.pause()
        fit = {loss.key for loss in fitting(task_named("circles").targets)}
        assert set(app.main.query_one(LossPanel).ticked) == fit
        await pilot.click(bar, offset=(bar.text.index("Help"), 0))
        await pilot.pause()
        assert isinstance(app.screen, HelpDialog)


async def test_keys_that_arrive_in_one_burst_are_taken_in_order(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        app.main.query_one("#epochs", Input).focus()
        await pilot.pause()
        for key in ("1", "2", "backspace", "3", "backspace", "4", "tab", "7"):
            app.simulate_key(key)
        await until(pilot, lambda: app.main.query_one("#seeds", Input).value == "7")
        assert app.main.query_one("#epochs", Input).value == "14"


async def test_opening_a_session_takes_up_what_was_asked_for_last(path: Path) -> None:
    fill(path, Comparison.ask("blobs", ["kl_divergence"], seeds=3, epochs=40, learning_rates=[0.1], hidden=[20, 10]))
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.main.query_one(TaskPanel).chosen.key == "blobs")
        assert app.main.query_one(LossPanel).ticked == ("kl_divergence",)
        assert [field.value for field in app.main.query(Field)] == ["40", "3", "0.1", "32", "20,10"]
        await until(
            pilot, lambda: any("⠀" < mark <= "⣿" for mark in app.main.query_one("#chart-loss", ChangingLines).text)
        )


async def test_running_what_is_there_already_says_so(path: Path) -> None:
    fill(path, Comparison.ask("circles", seeds=2))
    app = opened(path)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.main.query_one("#seeds", Input).value == "2")
        await pilot.press("r")
        await until(pilot, lambda: any("trained before" in n.message for n in app._notifications))
