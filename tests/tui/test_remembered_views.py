"""How a session was looked at comes back the next time, and never stands in the way."""

from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from lossterm.comparison.comparison import Comparison
from lossterm.figures.curve_view_state import CurveViewState
from lossterm.store import Store
from lossterm.tui.app import LosstermApp
from lossterm.tui.background import view_memory
from lossterm.tui.background.session_follower import SessionFollower
from lossterm.tui.panels.sessions_panel import SessionsPanel
from lossterm.tui.state.choices import Choices
from lossterm.tui.state.remembered_views import Remembered, recall, remember
from tests.builders.app import opened, reported, shown, until
from tests.builders.stores import FAIR, SESSION, TUTORIAL, fill

SIZE = (80, 24)


async def leave(pilot: Pilot[None], app: LosstermApp) -> None:
    await pilot.press("q")
    await until(pilot, lambda: app.return_code == 0)


async def test_the_view_comes_back_after_leaving(path: Path) -> None:
    fill(path, FAIR)
    first = opened(path)
    async with first.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        await pilot.press("o", "1", "m", "y", "plus", "plus", "b", "i", "p", "left", "left", "enter")
        await pilot.press("down", "x")
        look, how = first.main.curves.look, first.main.remembered
        await leave(pilot, first)
    assert look == CurveViewState(
        smoothing=2,
        log=True,
        splits="held out",
        each_seed=True,
        frames=look.frames,
        cursor=19,
        pinned=("binary_crossentropy",),
        hidden=("hinge",),
    )
    assert len(look.frames) == 1
    second = opened(path)
    async with second.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: second.main.remembered == how)
        assert second.main.curves.look == look
        assert (second.main.stage.view, second.main.stage.full, second.main.curves.shown) == ("curves", True, "metric")
        assert reported(second).asked.comparison.metric == "balanced_accuracy"


@pytest.mark.parametrize("seconds", [0.001, 0.5], ids=["at once", "after what was chosen is back"])
async def test_what_was_asked_for_meanwhile_counts_for_more_than_what_was_chosen(
    path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    first = opened(path)
    async with first.run_test(size=SIZE) as pilot:
        await pilot.press("4")
        await leave(pilot, first)
    with Store(path) as store:
        assert recall(store, SESSION).choices is not None
    fill(path, Comparison.ask("blobs", learning_rates=[0.01], epochs=20, seeds=2))
    follow = SessionFollower.follow
    monkeypatch.setattr(
        SessionFollower, "follow", lambda self, widget: widget.set_timer(seconds, lambda: follow(self, widget))
    )
    second = opened(path)
    async with second.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: second.main.tasks.chosen.key == "blobs")
        assert second.main.stage.view == "predictions"


@pytest.mark.parametrize("key", list("12345"))
async def test_every_view_comes_back_with_something_in_it(path: Path, key: str) -> None:
    fill(path, TUTORIAL)
    first = opened(path)
    async with first.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        await pilot.press(key)
        await leave(pilot, first)
    second = opened(path)
    async with second.run_test(size=SIZE) as pilot:
        view = first.main.stage.view
        await until(pilot, lambda: second.main.stage.view == view and bool(second.main.query(f"#{view}")))
        await until(pilot, lambda: second.main.query_one(f"#{view}").region.size == (80, 22))
        words = {"curves": "loss", "scores": "accuracy test", "anatomy": "slope", "predictions": "wrong"}
        await until(pilot, lambda: words.get(view, "●") in second.export_screenshot().replace("&#160;", " "))


async def test_it_is_kept_while_the_app_runs_for_one_that_is_killed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_memory, "REMEMBER_SECONDS", 0.05)
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        await pilot.press("y")
        with Store(path) as store:
            await until(pilot, lambda: recall(store, SESSION).look.log)


async def test_opening_a_session_and_leaving_it_as_it_is_writes_nothing(path: Path) -> None:
    fill(path, TUTORIAL)
    with Store(path) as store:
        app = opened(path)
        async with app.run_test(size=SIZE) as pilot:
            await shown(12)(pilot)
            await pilot.pause(0.1)
            assert store.preferences.kept(f"view/{SESSION}") is None


async def test_each_session_has_its_own(path: Path) -> None:
    fill(path, TUTORIAL)
    fill(path, FAIR, session="other")
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        await pilot.press("y", "3")
        await leave(pilot, app)
    app = opened(path, session="other")
    async with app.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        assert (app.main.stage.view, app.main.curves.look) == ("curves", CurveViewState())
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        assert (app.main.stage.view, app.main.curves.look.log) == ("anatomy", True)


async def test_going_to_another_session_and_back_at_once_keeps_how_this_one_was_looked_at(path: Path) -> None:
    fill(path, TUTORIAL)
    fill(path, FAIR, session="other")
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        await pilot.press("y")
        app.main.post_message(SessionsPanel.Open("other"))
        await until(pilot, lambda: app.main.session == "other" and len(app.main.view.rows) == 36)
        assert not app.main.curves.look.log
        app.main.post_message(SessionsPanel.Open(SESSION))
        await until(pilot, lambda: app.main.session == SESSION and len(app.main.view.rows) == 12)
        assert app.main.curves.look.log


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "{",
        "null",
        "[]",
        "\x00",
        '{"view": "galaxy"}',
        '{"look": {"smoothing": "much"}}',
        '{"look": {"frames": [[1]]}}',
        '{"metrics": {"circles": 7}}',
    ],
)
async def test_what_cannot_be_read_falls_back_to_the_first_look(path: Path, kept: str) -> None:
    fill(path, TUTORIAL)
    with Store(path) as store:
        store.preferences.keep(f"view/{SESSION}", kept)
        assert recall(store, SESSION) == Remembered()
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        assert msgspec.structs.replace(app.main.remembered, asked=0, choices=None) == Remembered()
        assert app.main.remembered.look == CurveViewState()


async def test_what_a_newer_version_added_is_passed_over(path: Path) -> None:
    fill(path, TUTORIAL)
    with Store(path) as store:
        store.preferences.keep(
            f"view/{SESSION}", '{"view": "scores", "hologram": {"on": true}, "look": {"log": true, "depth": 3}}'
        )
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        assert (app.main.stage.view, app.main.curves.look.log) == ("scores", True)


@pytest.mark.parametrize(
    "look",
    [
        CurveViewState(smoothing=99),
        CurveViewState(smoothing=-3),
        CurveViewState(cursor=10_000_000),
        CurveViewState(cursor=-5),
        CurveViewState(frames=((500, 900),)),
        CurveViewState(frames=((-7, -2), (9, 3))),
        CurveViewState(frames=((0, 0),)),
        CurveViewState(pinned=("no_such_loss",), hidden=("nor_this", "hinge")),
        CurveViewState(hidden=("binary_crossentropy", "hinge", "squared_hinge")),
    ],
)
async def test_what_no_longer_fits_the_curves_is_clamped(path: Path, look: CurveViewState) -> None:
    fill(path, TUTORIAL)
    with Store(path) as store:
        remember(store, SESSION, Remembered(look=look, metrics={"circles": "no_such_metric", "nowhere": "mae"}))
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        await pilot.press("1", "left", "right", "plus", "minus", "less_than_sign", "greater_than_sign", "enter")
        await pilot.press("p", "x", "escape", "escape", "escape", "escape")
        await pilot.pause()
        assert app.is_running
        assert app.main.curves.look.frames == ()


def test_what_is_remembered_is_read_as_it_was_written(home: Path) -> None:
    how = Remembered(
        asked=3,
        choices=Choices(task="circles", protocol="fair", settings={"epochs": "7"}, turned={"circles": {"hinge": True}}),
        view="predictions",
        full=True,
        chart="rates",
        look=CurveViewState(smoothing=3, log=True, splits="apart", frames=((1, 9), (2, 5)), cursor=4, hidden=("mse",)),
        metrics={"circles": "accuracy"},
    )
    with Store() as store:
        remember(store, "one", how)
        assert recall(store, "one") == how
        assert recall(store, "two") == Remembered()


def test_the_first_look_takes_no_room() -> None:
    assert msgspec.json.encode(Remembered()) == b"{}"
