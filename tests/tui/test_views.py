"""The views: which key shows what in which room, what stands beside it, and the way back."""

from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from lossterm.comparison.comparison import Comparison
from lossterm.tui.app import LosstermApp
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.view_panel import ViewPanel
from lossterm.tui.screens.main_layout import VIEWS
from lossterm.tui.widgets.key_bar import KeyBar
from tests.builders.app import grey, opened, painted, shown, until
from tests.builders.stores import FAIR, TUTORIAL, fill

SMALL, MIDDLE, LARGE, HUGE = (80, 24), (120, 35), (140, 40), (200, 60)
SIZES = (SMALL, MIDDLE, LARGE, HUGE)


def there(app: LosstermApp) -> set[str]:
    """Return the names of what is seen: of the three parts, the view in the middle by its own name."""
    seen = {part for part in ("choices", "scores") if app.main.query_one(f"#{part}").region.area}
    return seen | {str(panel.id) for panel in app.main.query(ViewPanel) if panel.region.area}


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    for _ in range(3):
        await pilot.pause()


async def resize(pilot: Pilot[None], size: tuple[int, int]) -> None:
    """Give the terminal a size and wait for what the app makes of it."""
    if pilot.app.size != size:
        await pilot.resize_terminal(*size)
        await press(pilot)


def seen(app: LosstermApp, words: str) -> bool:
    return words in "\n".join(painted(app))


# What a key shows


async def test_home_has_choices_curves_and_scores(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        for size in SIZES:
            await resize(pilot, size)
            assert there(app) == {"choices", "curves", "scores"}, size
            choices, curves = app.main.query_one("#choices").region, app.main.curves.region
            assert choices.right <= curves.x, size
            assert app.focused is app.main.query_one(LossPanel), size


async def test_a_number_gives_a_view_all_of_a_small_terminal(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(12)(pilot)
        for place, view in enumerate(VIEWS, 1):
            await press(pilot, str(place))
            assert there(app) == {view}
            room = app.main.query_one(f"#{view}").region
            assert room.size == (80, 22), view
            focused = app.focused
            assert focused is not None
            assert focused is app.main.query_one(f"#{view}") or focused in app.main.query_one(f"#{view}").query("*")
            await press(pilot, "escape")


async def test_the_scores_stand_beneath_the_curves_where_there_is_room(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=MIDDLE) as pilot:
        for size in (MIDDLE, LARGE):
            await resize(pilot, size)
            for key, panels in (("1", {"curves", "scores"}), ("2", {"scores"})):
                await press(pilot, key)
                assert there(app) == panels, (size, key)
                assert app.focused is (app.main.curves if key == "1" else app.main.scores)
            await press(pilot, "escape", "escape")


async def test_with_more_room_the_scores_never_have_less(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        before = {"escape": 0, "1": 0, "2": 0}
        for size in ((80, 24), (120, 34), (170, 49), HUGE):
            await resize(pilot, size)
            for key, lines in before.items():
                await press(pilot, key)
                room = app.main.scores.region.size
                if room.area:  # else the curves have all of it, and the scores their own key
                    assert room.width == size[0], (key, size)
                    assert room.height >= lines, (key, size)
                    before[key] = room.height
            await press(pilot, "escape")


async def test_the_choices_stay_beside_a_view_on_a_very_wide_terminal(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=HUGE) as pilot:
        for key, panels in (("1", {"curves", "scores"}), ("4", {"predictions"}), ("5", {"sessions"})):
            await press(pilot, key)
            assert there(app) == {"choices", *panels}


async def test_views_follow_each_other_without_going_back(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(12)(pilot)
        for key in "543215432":
            await press(pilot, key)
            assert there(app) == {VIEWS[int(key) - 1]}


async def test_a_number_typed_into_a_field_is_a_number(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        app.main.query_one("#epochs").focus()
        await press(pilot, "3", "5")
        assert app.main.query_one("#epochs").value == "35"  # type: ignore[attr-defined]  # it is a Field
        assert there(app) == {"choices", "curves", "scores"}


# The way back


async def test_esc_goes_one_layer_out_at_a_time(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(12)(pilot)
        await press(pilot, "1", "left", "enter", "enter")
        assert len(app.main.curves.look.frames) == 2
        await press(pilot, "escape")
        assert len(app.main.curves.look.frames) == 1
        await press(pilot, "escape")
        assert app.main.curves.look.frames == ()
        assert app.main.curves.look.cursor is not None
        await press(pilot, "escape")
        assert app.main.curves.look.cursor is None
        assert there(app) == {"curves"}
        await press(pilot, "escape")
        assert there(app) == {"choices", "curves", "scores"}
        assert app.focused is app.main.query_one(LossPanel)
        await press(pilot, "escape")
        assert there(app) == {"choices", "curves", "scores"}


async def test_from_every_view_esc_comes_home_in_two_steps_at_most(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        for key in "12345":
            await press(pilot, key, "escape", "escape")
            assert there(app) == {"choices", "curves", "scores"}, key
            assert app.focused is app.main.query_one(LossPanel), key


async def test_esc_leaves_a_view_beside_the_choices_first(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "3", "escape")
        assert there(app) == {"choices", "anatomy", "scores"}
        await press(pilot, "escape")
        assert there(app) == {"choices", "curves", "scores"}


# What stands beside


async def test_brackets_show_and_hide_choices_and_scores(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        for size in SIZES:
            await resize(pilot, size)
            for bracket, parts in (
                ("left_square_bracket", {"curves", "scores"}),
                ("right_square_bracket", {"curves"}),
                ("left_square_bracket", {"choices", "curves"}),
                ("right_square_bracket", {"choices", "curves", "scores"}),
            ):
                await press(pilot, bracket)
                assert there(app) == parts, size


async def test_a_focus_that_is_hidden_goes_where_keys_still_work(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        assert app.focused is app.main.query_one(LossPanel)
        await press(pilot, "left_square_bracket", "3")
        assert "anatomy" in there(app)
        await press(pilot, "question_mark")
        assert app.screen is not app.main


@pytest.mark.parametrize("key", list("123"))
async def test_nothing_overlaps_and_nothing_is_left_empty(path: Path, key: str) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        for size in (SMALL, (119, 33), (120, 34), (169, 34), (170, 34)):
            await pilot.resize_terminal(*size)
            await press(pilot, key)
            for turn in ("left_square_bracket", "right_square_bracket", "left_square_bracket"):
                parts = [
                    part.region
                    for part in (*app.main.query("#choices, #scores"), *app.main.query(ViewPanel))
                    if part.region.area
                ]
                assert sum(region.area for region in parts) == size[0] * (size[1] - 2), (size, turn)
                assert not any(a.overlaps(b) for i, a in enumerate(parts) for b in parts[i + 1 :])
                await press(pilot, turn)


async def test_another_size_keeps_the_view(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(12)(pilot)
        await press(pilot, "2")
        assert there(app) == {"scores"}
        await pilot.resize_terminal(*LARGE)
        await press(pilot)
        assert there(app) == {"scores"}
        await pilot.resize_terminal(*SMALL)
        await press(pilot)
        assert there(app) == {"scores"}


# What is in the views


async def test_an_empty_view_says_what_would_fill_it(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        for key, words in (
            ("1", "No curves yet."),
            ("2", "No scores yet"),
            ("4", "No predictions yet"),
            ("5", "No comparison yet. r trains"),
        ):
            await press(pilot, key)
            await until(pilot, partial(seen, app, words))


async def test_all_of_the_scores_are_seen_in_their_own_view(path: Path) -> None:
    for task in ("regression", "blobs", "circles"):
        fill(path, Comparison.ask(task, learning_rates=[0.01], epochs=20, seeds=2))
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(18)(pilot)
        await press(pilot, "2")
        panel = app.main.query_one(ScoresPanel)
        assert panel.size.height >= 20
        assert panel.max_scroll_y < len(panel.text.split("\n")) - 7


async def test_what_comes_in_while_another_view_is_shown_is_there_afterwards(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "5")
        fill(path, FAIR)
        await shown(36)(pilot)
        await press(pilot, "1")
        await until(pilot, lambda: any("⠀" < mark <= "⣿" for mark in app.main.query_one("#chart-loss").text))  # type: ignore[attr-defined]  # they are Lines
        await press(pilot, "4")
        await until(pilot, lambda: "wrong" in app.main.query_one("#pictures").text)  # type: ignore[attr-defined]  # the same
        await press(pilot, "2")
        assert "accuracy test" in app.main.query_one(ScoresPanel).text


async def test_keys_of_curves_are_grey_on_other_views(path: Path) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        of_curves = ("each_seed", "log", "splits", "smoother", "pin", "hide")
        await until(pilot, lambda: not any(grey(app, "panel", action) for action in of_curves))
        for key in "2345":
            await press(pilot, key)
            assert all(grey(app, "panel", action) for action in of_curves)
        await press(pilot, "1")
        assert not any(grey(app, "panel", action) for action in of_curves)


async def test_the_key_bar_fits_on_every_view_and_ends_with_quit(path: Path) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        bar = app.main.query_one(KeyBar)
        for size in SIZES:
            await resize(pilot, size)
            for key in "12345":
                await press(pilot, key)
                assert bar.text.rstrip().endswith("q Quit"), (size, key)
                assert len(bar.text.rstrip()) <= bar.size.width == size[0], (size, key)
