"""The settings: protocol, learning rates and what follows them, and what is asked for."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from lossterm.comparison.comparison import DEFAULT_RATE, RATES_TO_TUNE, Comparison
from lossterm.store import Store
from lossterm.tasks import TASKS
from lossterm.tui.app import LosstermApp
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.settings_panel import Field
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.state.field_remarks import remark
from lossterm.tui.widgets.changing_lines import ChangingLines
from lossterm.tui.widgets.key_bar import KeyBar
from lossterm.tui.widgets.protocol_field import ProtocolField
from tests.builders.app import offered, opened, until
from tests.builders.stores import SESSION, fill

SIZE = (80, 24)


def asked(path: Path) -> list[Comparison]:
    with Store(path) as store:
        return [one.comparison for one in store.reader.comparisons(SESSION)]


def protocol(app: LosstermApp) -> str:
    return app.main.query_one(ProtocolField).chosen


def rate(app: LosstermApp) -> str:
    return app.main.query_one("#rate", Input).value


def ticked(app: LosstermApp) -> tuple[str, ...]:
    return app.main.query_one(LossPanel).ticked


async def choose(pilot: Pilot[None], app: LosstermApp, task: str) -> None:
    """Choose a task by keys, from wherever the cursor is."""
    panel = app.main.query_one(TaskPanel)
    panel.focus()
    await pilot.press("home", *["down"] * list(TASKS).index(task), "space")
    await until(pilot, lambda: panel.chosen.key == app.main.query_one(LossPanel).record.key == task)


async def ask(pilot: Pilot[None], path: Path, wanted: Comparison) -> None:
    """Press run, and wait until the store holds what is wanted as what was asked for last."""
    await pilot.press("r")
    await until(pilot, lambda: asked(path)[-1:] == [wanted])


async def step(pilot: Pilot[None], app: LosstermApp, key: str = "space") -> None:
    """Take the next protocol, and wait until the losses know of it."""
    app.main.query_one(ProtocolField).focus()
    await pilot.press(key)
    await until(pilot, lambda: app.main.query_one(LossPanel).protocol == protocol(app))


@pytest.mark.parametrize(
    ("task", "other"), [("regression", "tutorial"), ("circles", "tutorial"), ("digits", "published")]
)
async def test_the_protocol_steps_through_those_that_fit_the_task(path: Path, task: str, other: str) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await choose(pilot, app, task)
        seen = [protocol(app)]
        for key in ("space", "enter", "right", "left"):
            await step(pilot, app, key)
            seen.append(str(app.main.query_one(ProtocolField).render()))
        assert seen == ["fair", other, "fair", other, "fair"]


async def test_a_click_takes_the_next_protocol(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.click(ProtocolField)
        await until(pilot, lambda: protocol(app) == "tutorial")
        assert app.focused is app.main.query_one(ProtocolField)


async def test_the_protocol_is_the_last_of_the_settings(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        app.main.query_one("#hidden", Input).focus()
        await pilot.press("tab")
        await until(pilot, lambda: "space Protocol" in app.main.query_one(KeyBar).text)
        assert app.focused is app.main.query_one(ProtocolField)


async def test_the_rates_follow_the_protocol(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        assert rate(app) == "tune"
        await step(pilot, app)
        await until(pilot, lambda: rate(app) == f"{DEFAULT_RATE:g}")
        await step(pilot, app)
        await until(pilot, lambda: rate(app) == "tune")


@pytest.mark.parametrize(
    ("panel", "keys", "wanted"),
    [
        (TaskPanel, ("home", "space", "r"), Comparison.ask("regression")),
        (LossPanel, ("space", "r"), Comparison.ask("circles", ["hinge", "squared_hinge"])),
        (ProtocolField, ("space", "r"), Comparison.ask("circles", protocol="tutorial")),
    ],
    ids=["task", "losses", "protocol"],
)
async def test_a_choice_and_run_in_one_burst_are_taken_in_order(
    path: Path, panel: type[TaskPanel | LossPanel | ProtocolField], keys: tuple[str, ...], wanted: Comparison
) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        app.main.query_one(panel).focus()
        await pilot.pause()
        for key in keys:
            app.simulate_key(key)
        await until(pilot, lambda: bool(asked(path) or app._notifications))
    assert asked(path) == [wanted]


async def test_rates_that_a_person_wrote_stay_where_the_other_protocol_tunes_too(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await choose(pilot, app, "digits")
        app.main.query_one("#rate", Input).focus()
        await pilot.press(*"0.02,0.2")
        await step(pilot, app)
        assert (protocol(app), rate(app)) == ("published", "0.02,0.2")


async def test_msle_is_offered_on_regression_under_the_tutorial_only(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await choose(pilot, app, "regression")
        assert ticked(app) == ("mse", "mae", "huber")
        assert "msle" not in offered(app)
        await step(pilot, app)
        assert ticked(app) == ("mse", "mae", "huber", "msle")
        assert "msle" in offered(app)
        await step(pilot, app)
        assert ticked(app) == ("mse", "mae", "huber")
        assert "msle" not in offered(app)


async def test_run_is_greyed_out_when_the_protocol_takes_the_only_ticked_loss_away(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await choose(pilot, app, "regression")
        await step(pilot, app)
        app.main.query_one(LossPanel).focus()
        await pilot.press("u", "home", *["down"] * offered(app).index("msle"), "space")
        await until(pilot, lambda: ticked(app) == ("msle",))
        assert app.main.check_action("run", ()) is True
        await step(pilot, app)
        assert ticked(app) == ()
        assert app.main.check_action("run", ()) is None


@pytest.mark.parametrize(("first", "second"), [("circles", "digits"), ("digits", "blobs")])
async def test_a_task_that_the_protocol_is_not_for_falls_back_to_fair(path: Path, first: str, second: str) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await choose(pilot, app, first)
        await step(pilot, app)
        assert protocol(app) != "fair"
        await choose(pilot, app, second)
        await until(pilot, lambda: protocol(app) == app.main.query_one(LossPanel).protocol == "fair")
        await until(pilot, lambda: rate(app) == "tune")


async def test_digits_brings_its_own_losses_and_defaults(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await choose(pilot, app, "digits")
        assert ticked(app) == ("categorical_crossentropy", "brier", "gce")
        assert [field.value for field in app.main.query(Field)] == ["30", "10", "tune", "32", "32"]


async def test_what_the_settings_show_is_what_is_asked_for(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        for task in ("circles", "regression", "digits"):
            await choose(pilot, app, task)
            await ask(pilot, path, Comparison.ask(task))
            await step(pilot, app)
            await ask(pilot, path, Comparison.ask(task, protocol=protocol(app)))
            await step(pilot, app)
    assert [one.protocol for one in asked(path)] == ["fair", "tutorial"] * 2 + ["fair", "published"]


@pytest.mark.parametrize(
    ("typed", "rates"),
    [("0.02", (0.02,)), ("0.1,0.003", (0.003, 0.1)), ("1e-3,1", (0.001, 1.0)), ("tune", RATES_TO_TUNE)],
)
async def test_learning_rates_are_typed_with_commas(path: Path, typed: str, rates: tuple[float, ...]) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        app.main.query_one("#rate", Input).focus()
        await pilot.press(*typed)
        assert rate(app) == typed
        await ask(pilot, path, Comparison.ask("circles", learning_rates=rates))


async def test_rates_that_make_no_sense_get_a_sentence(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        field = app.main.query_one("#rate", Input)
        field.focus()
        for typed, sentence in (
            ("tun", "is 'tun', but must be `tune`, a positive number such as 0.01, or several with commas between"),
            ("0.1,,0.2", "is '0.1,,0.2', but must be"),
            ("0.1,", "is '0.1,', but must be"),
            ("0.1,tune", "is '0.1,tune', but must be"),
            ("0.1,-1", "is -1.0, but must be a positive number"),
            ("1e999", "is inf, but must be a positive number"),
        ):
            field.value = ""
            app.clear_notifications()
            await pilot.press(*typed, "r")
            await until(pilot, lambda: bool(app._notifications))
            (notification,) = app._notifications
            assert f"The learning rate {sentence}" in notification.message
        assert app.main.check_action("run", ()) is True
    assert asked(path) == []


async def test_several_rates_under_the_tutorial_get_a_sentence(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await step(pilot, app)
        await until(pilot, lambda: rate(app) != "tune")
        app.main.query_one("#rate", Input).focus()
        await pilot.press(*"0.1,0.2", "r")
        await until(pilot, lambda: any("no validation split" in note.message for note in app._notifications))
    assert asked(path) == []


async def test_letters_that_a_field_takes_are_not_keys_of_the_screen(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=(240, 40)) as pilot:  # with room for keys that are greyed out
        bar = app.main.query_one(KeyBar)
        assert "t Settle" in bar.text
        app.main.query_one("#rate", Input).focus()
        await until(pilot, lambda: "t Settle" not in bar.text)
        assert "o Rank" in bar.text
        app.main.query_one("#hidden", Input).focus()
        await until(pilot, lambda: "t Settle" in bar.text)
        assert "o Rank" not in bar.text


@pytest.mark.parametrize(
    ("comparison", "rates"),
    [
        (Comparison.ask("regression", protocol="tutorial", epochs=20, seeds=2), "0.01"),
        (Comparison.ask("regression", ["msle"], protocol="tutorial", learning_rates=[0.3], epochs=20, seeds=2), "0.3"),
        (Comparison.ask("digits", ["brier"], protocol="published", epochs=20, seeds=2), "tune"),
        (Comparison.ask("circles", learning_rates=[0.3, 0.02], epochs=20, seeds=2), "0.02,0.3"),
        (Comparison.ask("blobs", learning_rates=[0.05], epochs=20, seeds=2), "0.05"),
    ],
    ids=["tutorial", "tutorial at its own rate", "published", "several rates", "one rate under fair"],
)
async def test_a_session_is_taken_up_so_that_run_asks_for_the_same_again(
    path: Path, comparison: Comparison, rates: str
) -> None:
    fill(path, comparison)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: bool(app.main.view.rows))
        await until(
            pilot, lambda: any("⠀" < mark <= "⣿" for mark in app.main.query_one("#chart-loss", ChangingLines).text)
        )
        assert (protocol(app), rate(app)) == (comparison.protocol, rates)
        assert ticked(app) == comparison.losses
        await pilot.press("r")
        await until(pilot, lambda: asked(path) == [comparison, comparison])


@pytest.mark.parametrize("size", [SIZE, (140, 40)], ids=["80x24", "140x40"])
async def test_the_task_of_a_session_that_is_taken_up_is_in_sight(path: Path, size: tuple[int, int]) -> None:
    fill(path, Comparison.ask("digits", ["brier"], learning_rates=[0.01], epochs=20, seeds=2))
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        panel = app.main.query_one(TaskPanel)
        await until(pilot, lambda: panel.chosen.key == "digits")
        rows = range(panel.size.height)
        await until(pilot, lambda: any("● digits" in panel.render_line(row).text for row in rows))
        assert panel.highlighted == list(TASKS).index("digits")


# What is said as it is typed


@pytest.mark.parametrize(
    ("field", "text", "kind", "words"),
    [
        ("epochs", "100", "hint", "epochs: from 1 to 1000000"),
        ("epochs", "0", "wrong", "epochs must be from 1 to 1000000"),
        ("epochs", "", "wrong", "epochs must be from 1 to 1000000"),
        ("seeds", "2", "doubt", "seeds: under 3 give no verdict"),
        ("seeds", "3", "hint", "seeds: from 1 to 10000"),
        ("rate", "tune", "hint", "rate: tune or like 0.01,0.1"),
        ("rate", "5", "doubt", "rate: above 1 most losses diverge"),
        ("rate", "0.01,-1", "wrong", "rate must be tune or like 0.01,0.1"),
        ("rate", "0.01,", "wrong", "rate must be tune or like 0.01,0.1"),
        ("hidden", "none", "hint", "hidden: like 50,20, or none"),
        ("hidden", "50,", "wrong", "hidden must be like 50,20, or none"),
        ("batch", "0", "wrong", "batch must be from 1 to 1000000"),
    ],
)
def test_a_field_says_what_it_takes_what_is_doubtful_and_what_is_wrong(
    field: str, text: str, kind: str, words: str
) -> None:
    assert remark(field, text) == (kind, words)
    assert len(words) <= 34  # what has room in the border of the settings


async def test_a_field_is_checked_as_it_is_typed(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        panel, epochs = app.main.settings, app.main.query_one("#epochs", Field)
        usual = str(panel.border_subtitle)
        epochs.focus()
        await until(pilot, lambda: str(panel.border_subtitle).startswith("epochs: from 1"))
        await pilot.press("0")
        await until(pilot, lambda: str(panel.border_subtitle).startswith("epochs must be"))
        assert epochs.has_class("-wrong")
        app.main.query_one("#batch", Field).focus()
        await pilot.pause()
        assert str(panel.border_subtitle).startswith("epochs must be")  # until it is put right
        await pilot.press("0")
        await until(pilot, lambda: str(panel.border_subtitle).startswith("batch must be"))  # where the keys are
        await pilot.press("backspace", "8")
        await until(pilot, lambda: str(panel.border_subtitle).startswith("epochs must be"))
        epochs.focus()
        await pilot.press("backspace", "5")
        await until(pilot, lambda: str(panel.border_subtitle).startswith("epochs: from 1"))
        assert not epochs.has_class("-wrong")
        app.main.query_one(LossPanel).focus()
        await until(pilot, lambda: str(panel.border_subtitle) == usual)
