"""The views: which key shows what in which room, what stands beside it, and the way back."""

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
from tests.builders.app import grey, opened, shown, until
from tests.builders.stores import FAIR, TUTORIAL, fill

SMALL, MIDDLE, LARGE, HUGE = (80, 24), (120, 35), (140, 40), (200, 60)
SIZES = {"80x24": SMALL, "120x35": MIDDLE, "140x40": LARGE, "200x60": HUGE}
every_size = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)


def there(app: LosstermApp) -> set[str]:
    """Return the names of what is seen: of the three parts, the view in the middle by its own name."""
    seen = {part for part in ("choices", "scores") if app.main.query_one(f"#{part}").region.area}
    return seen | {str(panel.id) for panel in app.main.query(ViewPanel) if panel.region.area}


def beside(app: LosstermApp) -> bool:
    """Whether curves and scores stand side by side."""
    curves, scores = app.main.curves.region, app.main.scores.region
    return bool(curves.area and scores.area) and curves.y == scores.y and curves.right <= scores.x


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    for _ in range(3):
        await pilot.pause()


# What a key shows


@every_size
async def test_home_has_choices_curves_and_scores(path: Path, size: tuple[int, int]) -> None:
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert there(app) == {"choices", "curves", "scores"}
        assert beside(app) == (size == HUGE)
        choices, curves = app.main.query_one("#choices").region, app.main.curves.region
        assert choices.right <= curves.x
        assert app.focused is app.main.query_one(LossPanel)


@pytest.mark.parametrize(
    ("key", "view"), [(str(place), view) for place, view in enumerate(VIEWS, 1)], ids=[str(view) for view in VIEWS]
)
async def test_a_number_gives_a_view_all_of_a_small_terminal(path: Path, key: str, view: str) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(12)(pilot)
        await press(pilot, key)
        assert there(app) == {view}
        room = app.main.query_one(f"#{view}").region
        assert room.size == (80, 22)
        focused = app.focused
        assert focused is not None
        assert focused is app.main.query_one(f"#{view}") or focused in app.main.query_one(f"#{view}").query("*")


@pytest.mark.parametrize("size", [MIDDLE, LARGE], ids=["120x35", "140x40"])
@pytest.mark.parametrize("key", ["1", "2"])
async def test_curves_and_scores_stand_side_by_side_where_there_is_room(
    path: Path, size: tuple[int, int], key: str
) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await shown(12)(pilot)
        await press(pilot, key)
        assert there(app) == {"curves", "scores"}
        assert beside(app)
        assert app.focused is (app.main.curves if key == "1" else app.main.scores)


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


@pytest.mark.parametrize("key", list("12345"))
async def test_from_every_view_esc_comes_home_in_two_steps_at_most(path: Path, key: str) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, key, "escape", "escape")
        assert there(app) == {"choices", "curves", "scores"}
        assert app.focused is app.main.query_one(LossPanel)


async def test_esc_leaves_a_view_beside_the_choices_first(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "3", "escape")
        assert there(app) == {"choices", "anatomy", "scores"}
        await press(pilot, "escape")
        assert there(app) == {"choices", "curves", "scores"}


# What stands beside


@every_size
async def test_brackets_show_and_hide_choices_and_scores(path: Path, size: tuple[int, int]) -> None:
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await press(pilot, "left_square_bracket")
        assert there(app) == {"curves", "scores"}
        await press(pilot, "right_square_bracket")
        assert there(app) == {"curves"}
        await press(pilot, "left_square_bracket")
        assert there(app) == {"choices", "curves"}
        await press(pilot, "right_square_bracket")
        assert there(app) == {"choices", "curves", "scores"}


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
        assert there(app) == {"curves", "scores"}
        await pilot.resize_terminal(*SMALL)
        await press(pilot)
        assert there(app) == {"scores"}


# What is in the views


@pytest.mark.parametrize(
    ("key", "words"),
    [("1", "No curves yet."), ("2", "No scores yet"), ("4", "No predictions yet"), ("5", "none yet: r begins")],
    ids=["curves", "scores", "predictions", "sessions"],
)
async def test_an_empty_view_says_what_would_fill_it(path: Path, key: str, words: str) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, key)
        await until(pilot, lambda: words in app.export_screenshot().replace("&#160;", " "))


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


@every_size
async def test_the_key_bar_fits_on_every_view_and_ends_with_quit(path: Path, size: tuple[int, int]) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await shown(36)(pilot)
        bar = app.main.query_one(KeyBar)
        for key in "12345":
            await press(pilot, key)
            assert bar.text.rstrip().endswith("q Quit")
            assert len(bar.text.rstrip()) <= bar.size.width
