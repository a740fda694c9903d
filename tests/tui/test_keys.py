"""Keys: each is documented, what cannot be done is greyed and does nothing, and all can be changed; the mouse."""

from collections.abc import Iterable
from pathlib import Path
from string import ascii_lowercase

import pytest
from textual import events
from textual.binding import Binding

from lossterm.errors import UnknownName, UsageError
from lossterm.home.configuration import Config
from lossterm.store import Store
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs import HelpDialog
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.screens import key_bindings, keymap
from lossterm.tui.screens.main_screen import MainScreen
from lossterm.tui.widgets.key_bar import KeyBar
from tests.builders.app import grey, opened, shown, until
from tests.builders.stores import FAIR, SESSION, TUTORIAL, fill, settled, undecided

SMALL, LARGE, WIDE = (80, 24), (140, 40), (300, 40)

HOLDERS = (MainScreen, *MainScreen.PANELS)
BINDINGS = [
    binding for holder in (LosstermApp, *HOLDERS) for binding in holder.BINDINGS if isinstance(binding, Binding)
]
TOLD = keymap.key_help(HOLDERS, {})


def picture(app: LosstermApp) -> str:
    return app.export_screenshot().replace("&#160;", " ").replace("&#x27;", "'")


def look_of(bar: KeyBar, label: str) -> str:
    """Return the style that a key's label has in the bar."""
    (line,) = bar._lines
    place = line.plain.index(label)
    return " ".join(str(span.style) for span in line.spans if span.start <= place < span.end)


def taken(path: Path) -> int:
    """Return how many comparisons were asked for."""
    with Store(path) as store:
        return len(store.reader.comparisons(SESSION))


# Every key is documented


def test_every_binding_has_an_id_of_its_own_and_a_label() -> None:
    ids = [binding.id for binding in BINDINGS]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    assert all(binding.description for binding in BINDINGS)


def test_every_key_that_is_shown_is_told_in_words() -> None:
    assert {binding.id for binding in BINDINGS if binding.show} <= {key.id for key in TOLD}
    assert all(len(key.does) > 3 and key.does[0].isupper() for key in TOLD)


def test_no_key_of_the_screen_is_bound_twice() -> None:
    bound = [key for binding in MainScreen.BINDINGS if isinstance(binding, Binding) for key in binding.key.split(",")]
    assert len(set(bound)) == len(bound)


async def test_the_help_lists_every_key_with_what_it_does(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=(120, 120)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog))
        await pilot.pause()
        seen = " ".join(picture(app).split())
        assert isinstance(app.screen, HelpDialog)
        assert sorted(key.id for key in app.screen._keys) == sorted(key.id for key in TOLD)
        for key in TOLD:
            first = key.does.split(";")[0].split(",")[0]
            assert all(word in seen for word in first.replace("&", "&amp;").split()), key
        assert all(key in seen for key in ("tab", "ctrl+p", "ctrl+z", "Everywhere", "In the curves"))
        assert "config.toml" in seen


async def test_the_palette_lists_every_key_and_says_what_cannot_be_done_now(path: Path) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(36)(pilot)
        commands = {one.title: one.help for one in app.get_system_commands(app.screen)}
        for binding in key_bindings.SCREEN:
            assert isinstance(binding, Binding)
            (title,) = [title for title in commands if f"({binding.id}, " in title]
            assert str(binding.tooltip) in commands[title]
        assert commands[next(one for one in commands if "main.stop" in one)].startswith("Cannot be done now.")
        assert not commands[next(one for one in commands if "main.run" in one)].startswith("Cannot")
        assert not any("loss.tick" in title for title in commands) or app.focused is app.main.query_one(LossPanel)


async def test_a_command_of_the_palette_does_what_the_key_does(path: Path) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(36)(pilot)
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"curves.log")
        await until(pilot, lambda: "curves.log" in picture(app))
        await pilot.pause(0.3)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: app.main.curves.look.log)


# What cannot be done now


@pytest.mark.parametrize(
    ("key", "action"),
    [("s", ("stop",)), ("t", ("settle",)), ("o", ("rank_by",))]
    + [(key, ("panel", action)) for key, action in (("i", "each_seed"), ("y", "log"), ("b", "splits"), ("p", "pin"))]
    + [(key, ("panel", action)) for key, action in (("x", "hide"), ("plus", "smoother"), ("minus", "rougher"))]
    + [("0", ("panel", "unsmooth")), ("left", ("panel", "back")), ("less_than_sign", ("panel", "pan_back"))],
)
async def test_a_grey_key_does_nothing_and_is_shown_grey(path: Path, key: str, action: tuple[str, ...]) -> None:
    app = opened(path)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("1")
        await pilot.pause()
        before = app.main.remembered
        assert grey(app, *action)
        active = {one.binding.key: one for one in app.main.active_bindings.values()}
        assert not active[key].enabled
        if active[key].binding.show:
            shows = f"{app.get_key_display(active[key].binding)} {active[key].binding.description}"
            assert look_of(app.main.query_one(KeyBar), shows) == "dim"
        await pilot.press(key)
        await pilot.pause()
        assert app.main.remembered == before
        assert not app._notifications
    assert taken(path) == 0


async def test_a_key_gets_its_colour_back_when_it_can_be_used(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        bar = app.main.query_one(KeyBar)
        assert look_of(bar, "o Rank") == look_of(bar, "y Log") == "dim"
        fill(path, TUTORIAL)
        await shown(12)(pilot)
        await until(pilot, lambda: "bold" in look_of(bar, "o Rank") and "bold" in look_of(bar, "y Log"))
        await pilot.press("3")
        await until(pilot, lambda: look_of(bar, "y Log") == "dim")


async def test_a_click_on_a_grey_key_does_nothing(path: Path) -> None:
    fill(path, FAIR, scored=settled)
    app = opened(path)
    async with app.run_test(size=WIDE) as pilot:
        await shown(36)(pilot)
        bar = app.main.query_one(KeyBar)
        assert look_of(bar, "t Settle") == "dim"
        await pilot.click(bar, offset=(bar.text.index("t Settle"), 0))
        await pilot.pause()
    assert taken(path) == 1


# Changed keys


async def test_a_key_can_be_changed(path: Path) -> None:
    app = opened(path, config=Config(keys={"loss.all": "f6"}))
    async with app.run_test(size=LARGE) as pilot:
        ticked = app.main.query_one(LossPanel).ticked
        await pilot.press("a")
        await pilot.pause()
        assert app.main.query_one(LossPanel).ticked == ticked
        await pilot.press("f6")
        await pilot.pause()
        assert len(app.main.query_one(LossPanel).ticked) > len(ticked)
        assert "f6 All" in app.main.query_one(KeyBar).text


async def test_several_keys_can_stand_for_one(path: Path) -> None:
    app = opened(path, config=Config(keys={"view.anatomy": "z,f3"}))
    async with app.run_test(size=SMALL) as pilot:
        for key in ("z", "f3"):
            await pilot.press("1", key)
            await until(pilot, lambda: app.main.stage.view == "anatomy")
        await pilot.press("1", "3")
        await pilot.pause()
        assert app.main.stage.view == "curves"


async def test_every_key_of_the_screen_can_be_changed(path: Path) -> None:
    bindings = [one for one in key_bindings.SCREEN if isinstance(one, Binding)]
    others = [f"{held}+{letter}" for held in ("alt", "ctrl+alt") for letter in ascii_lowercase]
    changed = {str(binding.id): other for binding, other in zip(bindings, others, strict=False)}
    assert len(changed) == len(bindings)
    app = opened(path, config=Config(keys=changed))
    async with app.run_test(size=SMALL):
        active = app.main.active_bindings
        for binding in bindings:
            assert active[changed[str(binding.id)]].binding.id == binding.id
            own = [key for key in binding.key.split(",") if key != "ctrl+q"]  # which leaves whatever is changed
            assert all(key not in active or active[key].binding.id != binding.id for key in own)


async def test_help_bar_and_palette_tell_the_changed_key(path: Path) -> None:
    app = opened(path, config=Config(keys={"main.run": "f5", "view.curves": "f1", "main.help": "f2"}))
    async with app.run_test(size=(120, 120)) as pilot:
        await pilot.pause()
        assert "f5 Run" in app.main.query_one(KeyBar).text
        assert "1–6" not in app.main.query_one(KeyBar).text
        assert any("(main.run, f5)" in one.title for one in app.get_system_commands(app.screen))
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog))
        assert isinstance(app.screen, HelpDialog)
        keys = {key.does: key.key for key in app.screen._keys}
        assert keys["Train the ticked losses"] == "f5"


async def test_a_changed_key_of_a_view_works_there(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path, config=Config(keys={"curves.nearer": "z", "sessions.mark": "f7"}))
    async with app.run_test(size=SMALL) as pilot:
        await shown(12)(pilot)
        await pilot.press("1", "z")
        await until(pilot, lambda: len(app.main.curves.look.frames) == 1)
        await pilot.press("5", "f7")
        await until(pilot, lambda: app.main.sessions._marked == {1})


@pytest.mark.parametrize(("name", "near"), [("main.rum", "main.run"), ("curve.log", "curves.log"), ("run", "")])
def test_a_binding_that_is_not_there_is_refused_with_what_is_near(path: Path, name: str, near: str) -> None:
    with pytest.raises(UnknownName, match=f"no key binding '{name}'") as caught:
        opened(path, config=Config(keys={name: "f5"}))
    assert near in str(caught.value)


@pytest.mark.parametrize("name", ["dank", "textual-drak", ""])
def test_a_theme_that_is_not_there_is_refused(path: Path, name: str) -> None:
    with pytest.raises(UnknownName, match=f"no theme '{name}'"):
        opened(path, config=Config(theme=name))


@pytest.mark.parametrize(
    ("theme", "dark"), [("dark", True), ("light", False), ("nord", True), ("textual-light", False)]
)
async def test_a_theme_can_be_chosen(path: Path, theme: str, dark: bool) -> None:
    app = opened(path, config=Config(theme=theme))
    async with app.run_test(size=SMALL):
        assert app.current_theme.dark == dark


# The mouse


async def test_a_click_on_a_loss_ticks_it_and_a_click_on_a_task_chooses_it(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        losses = app.main.query_one(LossPanel)
        assert losses.ticked[0] == losses.listed[0]
        await pilot.click(losses, offset=(4, 1))
        await until(pilot, lambda: losses.listed[0] not in losses.ticked)
        await pilot.click(losses, offset=(4, 1))
        await until(pilot, lambda: losses.listed[0] in losses.ticked)
        tasks = app.main.query_one(TaskPanel)
        await pilot.click(tasks, offset=(4, 1))
        await until(pilot, lambda: tasks.chosen.key == "regression")


async def test_a_click_on_a_session_opens_it(path: Path) -> None:
    fill(path, FAIR, session="other")
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("5")
        await until(pilot, lambda: len(app.main.sessions.rows) == 2)
        await pilot.pause()
        await pilot.click("#session-list", offset=(6, 4))
        await until(pilot, lambda: app.main.session == "other" and len(app.main.view.rows) == 36)


async def test_a_click_gives_a_panel_the_keys(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(12)(pilot)
        for panel in (app.main.curves, app.main.scores, app.main.query_one(LossPanel)):
            await pilot.click(panel, offset=(panel.region.width // 2, panel.region.height - 1))
            await until(pilot, lambda: app.focused is panel)  # noqa: B023  waited for at once


def wheel(panel: ScoresPanel, steps: Iterable[type[events.MouseScrollDown] | type[events.MouseScrollUp]]) -> None:
    for step in steps:
        x, y = panel.region.x + 3, panel.region.y + 3
        panel.post_message(step(panel, 3, 3, 0, 0, 0, False, False, False, screen_x=x, screen_y=y, style=None))


async def test_the_wheel_scrolls_the_scores(path: Path) -> None:
    fill(path, FAIR, scored=undecided)
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(48)(pilot)
        panel = app.main.query_one(ScoresPanel)
        await until(pilot, lambda: panel.max_scroll_y > 2)
        wheel(panel, [events.MouseScrollDown] * 3)
        await until(pilot, lambda: panel.scroll_offset.y > 0)
        wheel(panel, [events.MouseScrollUp] * 9)
        await until(pilot, lambda: panel.scroll_offset.y == 0)


async def test_every_label_of_the_key_bar_can_be_clicked_in_all_of_its_columns(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        bar = app.main.query_one(KeyBar)
        await pilot.pause()
        start = bar.text.index("? Help")
        for place in (start, start + len("? Help") - 1):
            await pilot.click(bar, offset=(place, 0))
            await until(pilot, lambda: isinstance(app.screen, HelpDialog))
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main)
        await pilot.click(bar, offset=(bar.text.index("1–6"), 0))
        await until(pilot, lambda: app.main.stage.full and app.main.stage.view == "curves")


def test_the_names_of_keys_are_those_on_a_keyboard() -> None:
    assert all(len(key.key) == 1 or not key.key.endswith(("_mark", "_bracket", "_sign", "slash")) for key in TOLD)
    assert {"?", "[", "]", "/", "+", "-", "<", ">", "esc", "←", "shift+→"} <= {key.key for key in TOLD}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"main.rum": "r"}, r"There is no key binding 'main\.rum'. Did you mean main\.run"),
        ({"main.run": "s"}, r"gives 's' to main\.stop and to main\.run|gives 's' to main\.run and to main\.stop"),
        ({"main.run": "q"}, r"gives 'q' to"),
        ({"main.run": ""}, r"There is no key, to be given to main\.run, ''"),
        ({"main.run": "ctrl+foo"}, r"There is no key, to be given to main\.run, 'ctrl\+foo'"),
        ({"main.run": "F5"}, r"'F5'. Did you mean f5"),
    ],
)
def test_keys_that_cannot_be_are_refused(path: Path, wanted: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        opened(path, config=Config(keys=wanted))


@pytest.mark.parametrize("wanted", [{"main.run": "f5"}, {"main.run": "z,/"}, {"main.run": "s", "main.stop": "r"}])
async def test_keys_that_can_be_are_taken(path: Path, wanted: dict[str, str]) -> None:
    if "/" in wanted["main.run"]:
        with pytest.raises(UsageError, match="gives '/' to"):
            opened(path, config=Config(keys=wanted))
        return
    async with opened(path, config=Config(keys=wanted)).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
