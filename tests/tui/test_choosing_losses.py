"""The list of losses: what is offered and what is not, losses with parameters, custom losses, explanations."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from lossterm.comparison.comparison import Comparison
from lossterm.losses import LOSSES, fitting, is_own, usual
from lossterm.store import Store
from lossterm.tasks import TASKS
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs import ExplainDialog, VaryDialog
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.widgets.key_bar import KeyBar
from lossterm.tui.widgets.protocol_field import ProtocolField
from tests.builders.app import grey, misfits, offered, opened, shown, until
from tests.builders.stores import FAIR, SESSION, fill, measured, undecided
from tests.long_run import cases

SMALL, LARGE = (80, 24), (140, 40)
RANGE = LOSSES["huber"].parameters[0].range


def panel(app: LosstermApp) -> LossPanel:
    return app.main.query_one(LossPanel)


def asked(path: Path) -> list[Comparison]:
    with Store(path) as store:
        return [one.comparison for one in store.reader.comparisons(SESSION)]


def lines(app: LosstermApp) -> list[str]:
    """Return the lines of the list as they are painted, whether in sight or not."""
    losses = panel(app)
    return [str(losses.get_option_at_index(place).prompt) for place in range(losses.option_count)]


async def choose(pilot: Pilot[None], app: LosstermApp, task: str) -> None:
    """Choose a task, and go to its losses."""
    app.main.query_one(TaskPanel).choose(TASKS[task])
    await until(pilot, lambda: panel(app).record.key == task)
    app.main.set_focus(panel(app))
    panel(app).highlighted = 0


async def go_to(pilot: Pilot[None], app: LosstermApp, key: str) -> None:
    """Move the cursor of the list to a loss."""
    panel(app).highlighted = offered(app).index(key)
    await until(pilot, lambda: panel(app).under_cursor == key)


async def vary(pilot: Pilot[None], app: LosstermApp, key: str, written: str) -> None:
    """Open the dialog of a loss and give it other parameters."""
    await go_to(pilot, app, key)
    await pilot.press("v")
    await until(pilot, lambda: isinstance(app.screen, VaryDialog))
    app.screen.query_one(Input).value = written
    await pilot.press("enter")
    await pilot.pause()


def wrong(app: LosstermApp) -> str:
    return str(app.screen.query_one("#wrong", Static).render())


# What is offered


async def test_the_usual_losses_come_first_and_ticked_the_others_after_them_and_not(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        for task in TASKS:
            await choose(pilot, app, task)
            targets = TASKS[task].targets
            first = [loss.key for loss in usual(targets)]
            assert offered(app)[: len(first)] == first, task
            assert list(panel(app).ticked) == first, task
            assert set(offered(app)) == {loss.key for loss in fitting(targets)}, task
            marks = [line[0] for line in lines(app)[: len(offered(app))]]
            assert marks == ["■"] * len(first) + ["□"] * (len(offered(app)) - len(first)), task
            assert panel(app).border_subtitle == f"{len(first)} of {len(offered(app))} ticked"


async def test_losses_that_the_targets_make_wrong_stand_last_with_the_reason(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        for task, reasons in (
            ("counts", {"· mape needs y ≠ 0", "· gamma needs y > 0", "· share_crossentropy needs 0≤y≤1"}),
            ("prices", {"· share_crossentropy needs 0≤y≤1"}),
            ("circles", set()),
        ):
            await choose(pilot, app, task)
            assert set(misfits(app)) == reasons, task
            assert lines(app)[len(offered(app)) :] == misfits(app), task


async def test_every_misfit_fits_in_its_line(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        for task in ("regression", "counts", "claims"):
            await choose(pilot, app, task)
            assert [line for line in misfits(app) if len(line) > panel(app).scrollable_content_region.width] == []


async def test_the_cursor_never_comes_to_what_cannot_be_ticked(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, "counts")
        seen = set()
        for key in ("end", "down", "down", "up", "k", "j", "j", "pagedown", "pagedown", "pagedown"):
            await pilot.press(key)
            seen.add(panel(app).under_cursor)
        assert seen <= set(offered(app))


async def test_misfits_are_ticked_neither_by_all_nor_by_a_click(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=(80, 60)) as pilot:
        await choose(pilot, app, "counts")
        before = panel(app).ticked
        row = len(offered(app))
        for place in range(len(misfits(app))):
            await pilot.click(panel(app), offset=(6, 1 + row + place))
            await pilot.pause()
        assert panel(app).ticked == before
        await pilot.press("a")
        assert set(panel(app).ticked) == set(offered(app))
        await pilot.press("r")
        await until(pilot, lambda: bool(asked(path)))
    assert not {"gamma", "mape"} & set(asked(path)[0].losses)


async def test_the_tutorial_brings_msle_ticked_though_the_task_goes_below_zero(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, "regression")
        assert "· msle needs y ≥ 0" in misfits(app)
        app.main.query_one(ProtocolField).focus()
        await pilot.press("space")
        await until(pilot, lambda: "msle" in panel(app).ticked)
        assert not any("msle" in line for line in misfits(app))
        await pilot.press("r")
        await until(pilot, lambda: asked(path) == [Comparison.ask("regression", protocol="tutorial")])


# a and u: all, none, and as it was


async def test_turning_all_losses_and_again_brings_back_what_was_ticked(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, "regression")
        await pilot.press("space", "down", "down", "down", "down", "space")
        mine, every = panel(app).ticked, tuple(offered(app))
        assert 0 < len(mine) < len(every)
        for keys, ticked in (
            ("a", every),
            ("a", mine),
            ("u", ()),
            ("u", mine),
            ("a", every),
            ("u", ()),  # from all to none and back is not from mine
            ("u", mine),
        ):
            await pilot.press(*keys)
            assert panel(app).ticked == ticked, keys
        await pilot.press("slash", *"hu", "enter")  # what the filter leaves out stays as it is
        await until(pilot, lambda: panel(app).listed == ("huber", "pseudo_huber"))
        panel(app).focus()
        await pilot.press("a")
        assert set(panel(app).ticked) == {*mine, "huber", "pseudo_huber"}
        await pilot.press("a")
        assert panel(app).ticked == mine


# v: other parameters


async def test_v_adds_a_loss_with_other_parameters_under_its_base_ticked_and_under_the_cursor(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, "regression")
        await go_to(pilot, app, "huber")
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, VaryDialog))
        field = app.screen.query_one(Input)
        assert field.value == "delta=1"
        await pilot.press("home", *["delete"] * len(field.value), *"delta=0.5", "enter")
        await until(pilot, lambda: app.screen is app.main)
        assert offered(app)[offered(app).index("huber") + 1] == "huber:delta=0.5"
        assert "huber:delta=0.5" in panel(app).ticked
        assert panel(app).under_cursor == "huber:delta=0.5"
        await pilot.press("space")
        assert "huber:delta=0.5" not in panel(app).ticked


async def test_a_varied_loss_is_asked_for_as_such(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, "regression")
        await vary(pilot, app, "huber", "delta=0.5")
        await until(pilot, lambda: app.screen is app.main)
        await pilot.press("r")
        await until(pilot, lambda: bool(asked(path)))
    assert asked(path) == [Comparison.ask("regression", ["mse", "mae", "huber", "huber:delta=0.5"])]


async def test_a_varied_loss_can_be_varied_again(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, "regression")
        await vary(pilot, app, "huber", "delta=0.5")
        await until(pilot, lambda: app.screen is app.main)
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, VaryDialog))
        assert app.screen.query_one(Input).value == "delta=0.5"
        app.screen.query_one(Input).value = "delta=2"
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.main)
        place = offered(app).index("huber")
        assert offered(app)[place : place + 3] == ["huber", "huber:delta=0.5", "huber:delta=2"]


@pytest.mark.parametrize(
    ("key", "shown_first"),
    [("barron", "alpha=1,c=1"), ("pinball", "tau=0.1"), ("weighted_binary_crossentropy", "weight=")],
)
async def test_the_dialog_begins_with_the_parameters_as_they_are(path: Path, key: str, shown_first: str) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, "circles" if key.startswith("weighted") else "regression")
        await go_to(pilot, app, key)
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, VaryDialog))
        field = app.screen.query_one(Input)
        assert [part.partition("=")[0] for part in field.value.split(",")] == [
            part.partition("=")[0] for part in shown_first.split(",")
        ]
        assert app.focused is field


async def test_parameters_as_they_are_by_default_tick_the_loss_itself(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, "regression")
        await vary(pilot, app, "cauchy", "c=1")
        await until(pilot, lambda: app.screen is app.main)
        assert [key for key in offered(app) if key.startswith("cauchy")] == ["cauchy"]
        assert "cauchy" in panel(app).ticked


async def test_parameters_that_make_no_sense_say_so_and_keep_the_dialog(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, "regression")
        before = offered(app)
        for written, words in (
            ("delta=0", f"delta of huber is 0, but must be {RANGE}."),
            ("delta=-1", f"delta of huber is -1, but must be {RANGE}."),
            ("delta=wide", "'delta=wide' after huber cannot be read: give a parameter and a number"),
            ("", "'' after huber cannot be read"),
            ("gamma=2", "There is no parameter of huber 'gamma'."),
            ("delta=1,delta=2", "delta of huber is given twice"),
            ("delta=nan", "'delta=nan' after huber cannot be read"),
        ):
            await vary(pilot, app, "huber", written)
            assert isinstance(app.screen, VaryDialog), written
            assert words in wrong(app), written
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main)
            assert offered(app) == before, written


async def test_a_mistake_can_be_mended_in_the_dialog(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, "regression")
        await vary(pilot, app, "huber", "delta=[red]")
        assert isinstance(app.screen, VaryDialog)
        assert "[red]" in wrong(app)
        app.screen.query_one(Input).value = "delta=3"
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.main)
        assert "huber:delta=3" in panel(app).ticked


async def test_a_loss_without_parameters_says_so_instead_of_a_dialog(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await choose(pilot, app, "regression")
        await go_to(pilot, app, "mse")
        await pilot.press("v")
        await until(pilot, lambda: any(note.message == "mse has no parameters." for note in app._notifications))
        assert app.screen is app.main


async def test_a_varied_loss_is_seen_on_its_own_kind_of_task_only(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, "regression")
        await vary(pilot, app, "huber", "delta=0.5")
        await until(pilot, lambda: app.screen is app.main)
        await choose(pilot, app, "circles")
        assert "huber:delta=0.5" not in offered(app)
        await choose(pilot, app, "counts")
        assert "huber:delta=0.5" in offered(app)
        assert "huber:delta=0.5" not in panel(app).ticked
        await choose(pilot, app, "regression")
        assert "huber:delta=0.5" in panel(app).ticked


async def test_varied_losses_survive_leaving_and_coming_back(path: Path) -> None:
    wanted = Comparison.ask(
        "regression", ["mse", "huber:delta=0.5", "pinball:tau=0.25"], learning_rates=[0.01], epochs=20, seeds=2
    )
    fill(path, wanted, anatomy=measured)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: panel(app).record.key == "regression")
        assert set(panel(app).ticked) == set(wanted.losses)
        assert offered(app)[offered(app).index("huber") + 1] == "huber:delta=0.5"
        assert offered(app)[offered(app).index("pinball") + 1] == "pinball:tau=0.25"
        await until(pilot, lambda: "huber:delta=0.5" in app.main.query_one(ScoresPanel).text)
        await pilot.press("r")
        await until(pilot, lambda: len(asked(path)) == 2)
    first, second = asked(path)
    assert set(second.losses) == set(first.losses)


# e: an explanation


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])
async def test_e_explains_the_loss_under_the_cursor_and_the_same_key_closes_it(
    path: Path, size: tuple[int, int]
) -> None:
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await choose(pilot, app, "regression")
        await go_to(pilot, app, "huber")
        for close in ("e", "escape", "q"):
            await pilot.press("e")
            await until(pilot, lambda: isinstance(app.screen, ExplainDialog))
            text = "\n".join(str(static.render()) for static in app.screen.query(Static))
            assert "when" in text
            assert "0.5·e²" in text or "½e²" in text
            await pilot.press(close)
            await until(pilot, lambda: app.screen is app.main)
        assert app.is_running


async def test_a_varied_loss_is_explained_with_its_own_parameter(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await choose(pilot, app, "regression")
        await vary(pilot, app, "huber", "delta=0.5")
        await until(pilot, lambda: app.screen is app.main)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, ExplainDialog))
        text = " ".join(" ".join(str(static.render()) for static in app.screen.query(Static)).split())
        assert f"Here 0.5, by default 1; {RANGE}" in text


@pytest.mark.parametrize("task", cases({one: one for one in ("prices", "blobs", "circles")}, {"circles"}))
async def test_every_loss_that_is_offered_can_be_explained(path: Path, task: str) -> None:
    """Whatever fits any task fits one of the three."""
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, task)
        for key in offered(app):
            assert panel(app).under_cursor == key
            await pilot.press("e")
            await until(pilot, lambda: isinstance(app.screen, ExplainDialog))
            widest = app.screen.query_one(".about").size.width
            shown = [line for static in app.screen.query(Static) for line in str(static.render()).split("\n")]
            assert [line for line in shown if len(line) > widest and not line.startswith("over ")] == []
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main)
            await pilot.press("down")


async def test_with_the_focus_elsewhere_e_and_v_do_nothing(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        app.main.query_one(TaskPanel).focus()
        await pilot.press("e", "v")
        await pilot.pause()
        assert app.screen is app.main


# Custom losses


@pytest.fixture
def custom_loss(path: Path) -> str:
    """Return where a custom loss is, as `file:function`."""
    file = path.parent / "mine.py"
    file.write_text("def mine(y_true, y_pred):\n    return abs(y_true - y_pred)\n", encoding="utf-8")
    return f"{file}:mine"


async def test_a_custom_loss_is_listed_last_ticked_and_asked_for_with_its_source(path: Path, custom_loss: str) -> None:
    app = opened(path, own=[custom_loss])
    async with app.run_test(size=SMALL) as pilot:
        key = offered(app)[-1]
        assert is_own(key)
        assert key.startswith("mine@")
        assert panel(app).ticked[-1] == key
        await pilot.press("r")
        await until(pilot, lambda: bool(asked(path)))
    (comparison,) = asked(path)
    assert comparison == Comparison.ask("circles", own=[custom_loss])
    assert comparison.sources == ((key, custom_loss),)


async def test_a_custom_loss_with_a_long_name_takes_one_line(path: Path) -> None:
    name = "a_loss_with_a_name_that_is_longer_than_its_list_is_wide"
    file = path.parent / "long.py"
    file.write_text(f"def {name}(y_true, y_pred):\n    return abs(y_true - y_pred)\n", encoding="utf-8")
    app = opened(path, own=[f"{file}:{name}"])
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("end")
        await pilot.pause()
        losses = panel(app)
        seen = [losses.render_line(row).text for row in range(losses.size.height)]
        assert [line.startswith("■ a_loss_with_a_name") for line in seen].count(True) == 1
        assert all(line[:2].strip() for line in seen if line.strip())


async def test_a_custom_loss_that_is_not_ticked_is_not_asked_for(path: Path, custom_loss: str) -> None:
    app = opened(path, own=[custom_loss])
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("end", "space", "r")
        await until(pilot, lambda: bool(asked(path)))
    assert asked(path) == [Comparison.ask("circles")]


async def test_a_custom_loss_can_be_all_that_is_asked_for(path: Path, custom_loss: str) -> None:
    app = opened(path, own=[custom_loss])
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("u", "end", "space", "r")
        await until(pilot, lambda: bool(asked(path)))
    assert asked(path) == [Comparison.ask("circles", (), own=[custom_loss])]


async def test_a_custom_loss_is_explained_by_what_is_known_and_not_drawn(path: Path, custom_loss: str) -> None:
    app = opened(path, own=[custom_loss])
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("end", "e")
        await until(pilot, lambda: isinstance(app.screen, ExplainDialog))
        assert len(app.screen.query(Static)) == 1
        await pilot.press("escape", "v")
        await until(pilot, lambda: any("has no parameters" in note.message for note in app._notifications))


async def test_a_session_with_a_custom_loss_is_taken_up(path: Path, custom_loss: str) -> None:
    wanted = Comparison.ask("circles", ["hinge"], own=[custom_loss], learning_rates=[0.01], epochs=20, seeds=2)
    fill(path, wanted)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(4)(pilot)
        assert panel(app).ticked == wanted.losses
        await pilot.press("r")
        await until(pilot, lambda: asked(path) == [wanted, wanted])


async def test_a_file_that_was_changed_is_offered_as_it_is_now(path: Path, custom_loss: str) -> None:
    fill(path, Comparison.ask("circles", ["hinge"], own=[custom_loss], learning_rates=[0.01], epochs=20, seeds=2))
    Path(custom_loss.partition(":")[0]).write_text(
        "def mine(y_true, y_pred):\n    return 0 * y_pred\n", encoding="utf-8"
    )
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(4)(pilot)
        (now,) = [key for key in offered(app) if is_own(key)]
        assert now == Comparison.ask("circles", (), own=[custom_loss]).losses[0]
        assert now in panel(app).ticked
        assert now != asked(path)[0].losses[-1]
        assert asked(path)[0].losses[-1] in app.main.query_one(ScoresPanel).text


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])
async def test_a_file_that_has_gone_does_not_keep_the_session_from_opening(
    path: Path, custom_loss: str, size: tuple[int, int]
) -> None:
    wanted = Comparison.ask("circles", ["hinge"], own=[custom_loss], learning_rates=[0.01], epochs=20, seeds=2)
    fill(path, wanted, anatomy=measured)
    Path(custom_loss.partition(":")[0]).unlink()
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await shown(4)(pilot)
        assert panel(app).ticked == ("hinge",)
        assert not any(is_own(key) for key in offered(app))
        assert wanted.losses[-1] in app.main.query_one(ScoresPanel).text
        for _ in range(4):
            await pilot.press("m", "o")
            await pilot.pause()
        assert app.is_running


async def test_a_custom_loss_draws_no_anatomy_and_keeps_the_others(path: Path, custom_loss: str) -> None:
    app = opened(path, own=[custom_loss])
    async with app.run_test(size=LARGE) as pilot:
        await pilot.press("3", "left_square_bracket")
        await until(pilot, lambda: bool(app.main.query("#chart-anatomy")))
        chart = app.main.query_one("#chart-anatomy")
        app.main.query_one(LossPanel).focus()
        await until(pilot, lambda: any("⠀" < mark <= "⣿" for mark in str(getattr(chart, "text", ""))))
        await pilot.press("u", "end", "space")
        await until(pilot, lambda: "No loss whose shape is known is ticked." in str(getattr(chart, "text", "")))


# The key bar


async def test_q_is_in_the_key_bar_whatever_is_shown_and_wherever_the_focus_is(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        bar, panels = app.main.query_one(KeyBar), (TaskPanel, LossPanel, ProtocolField, ScoresPanel, Input)

        async def seen_everywhere() -> None:
            for focus in panels:
                app.main.query(focus).first().focus()
                await pilot.pause()
                assert bar.text.rstrip().endswith("q Quit")
                assert len(bar.text.rstrip()) <= bar.size.width

        await seen_everywhere()
        panel(app).focus()
        await pilot.press("u")
        await seen_everywhere()
        fill(path, FAIR, trials=10, anatomy=measured)
        await shown(36)(pilot)
        for _ in range(4):
            await seen_everywhere()
            await pilot.press("m")
            await pilot.pause()


async def test_q_is_in_the_key_bar_while_one_task_trains_and_a_tie_on_another_could_be_settled(path: Path) -> None:
    fill(path, FAIR, scored=undecided)
    with Store(path) as store:
        store.requests.ask(SESSION, Comparison.ask("digits", learning_rates=[0.01], epochs=20, seeds=2))
        store.requests.ask(SESSION, FAIR)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.main.query_one(TaskPanel).chosen.key == "circles" and app.main.view.training)
        await until(pilot, lambda: not grey(app, "stop") and not grey(app, "settle"))
        bar = app.main.query_one(KeyBar)
        panel(app).focus()
        await pilot.pause()
        assert "s Stop" in bar.text
        assert "t Settle" in bar.text
        assert bar.text.rstrip().endswith("q Quit")
        assert len(bar.text.rstrip()) <= bar.size.width
