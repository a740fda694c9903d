"""What is typed into fields, the keys that the foot shows meanwhile, and sessions without a comparison."""

from pathlib import Path

import pytest

from lossterm.tui.panels.sessions_panel import SessionsPanel
from lossterm.tui.panels.settings_panel import SettingsPanel
from lossterm.tui.widgets.key_bar import KeyBar
from tests.builders.app import opened, painted, until
from tests.builders.stores import TUTORIAL, fill

SMALL = (80, 24)


async def test_a_value_typed_after_another_key_replaces_what_is_written(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        settings = app.main.query_one(SettingsPanel)
        await pilot.press("tab", "5", "0")
        assert settings.written["epochs"] == "50"
        await pilot.press("o", "7")  # a key of the screen's between two values
        assert settings.written["epochs"] == "7"
        await pilot.press("r")
        await pilot.press("3", "0")
        await until(pilot, lambda: settings.written["epochs"] == "30")
        await pilot.press("left", "1")  # and none where a person goes into the value
        assert settings.written["epochs"] == "310"


async def test_a_value_that_the_app_writes_into_the_field_with_the_keys_is_replaced_too(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        settings = app.main.query_one(SettingsPanel)
        await pilot.press("tab", "tab")
        settings.ask_for_seeds(15)
        await pilot.press("4")
        assert settings.written["seeds"] == "4"


@pytest.mark.parametrize("size", [SMALL, (140, 40)], ids=["80x24", "140x40"])
async def test_the_foot_shows_no_views_where_their_keys_type_digits(path: Path, size: tuple[int, int]) -> None:
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        bar = app.main.query_one(KeyBar)
        await until(pilot, lambda: "Views" in bar.text)
        for _ in range(5):
            await pilot.press("tab")
            await until(pilot, lambda: "Views" not in bar.text)
        await pilot.press("tab")  # the protocol, which takes no digits
        await until(pilot, lambda: "Views" in bar.text)


async def test_sessions_without_a_comparison_are_listed_and_open(path: Path) -> None:
    fill(path, TUTORIAL, session="before")
    app = opened(path, session="new")
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("5")
        await until(pilot, lambda: "no comparison yet: r trains what is ticked" in "\n".join(painted(app)))
        panel = app.main.query_one(SessionsPanel)
        assert panel.list.option_count == 2
        await pilot.press("end")
        assert panel.opens
        assert not panel.pointed
        await pilot.press("enter")
        await until(pilot, lambda: app.main.session == "new" and app.screen is app.main)
