"""The view of stress sweeps on a prepared store."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from lossterm.comparison.axis_preview import preview
from lossterm.comparison.comparison import Comparison
from lossterm.comparison.user_axis import axis_from, own_axis
from lossterm.engine.fakes import fake_engine
from lossterm.store import Store
from lossterm.stress_axes import AXES
from lossterm.stress_sweeps.sweep import at_levels
from lossterm.tasks import Task
from lossterm.tui.background.axis_looker import AxisLook
from lossterm.tui.panels.stress_panel import StressPanel
from tests.builders.app import opened, until
from tests.builders.stores import SESSION, fill
from tests.builders.sweeps import LOSSES, levels, tipped, with_look


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(fake_engine, "_level", tipped)
    return tmp_path / "lossterm.db"


async def until_it_says(pilot: Pilot[None], panel: StressPanel, words: str) -> None:
    for _ in range(200):
        await pilot.pause()
        if words in panel.lines.text:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{words!r} is not shown:\n{panel.lines.text}")


async def test_a_sweep_is_drawn_with_its_verdict_ribbon_and_own_data(path: Path) -> None:
    for one in levels():
        fill(path, one)
    app = opened(path)
    async with app.run_test(size=(140, 40)) as pilot:
        panel = with_look(app)
        await pilot.press("6")
        await until_it_says(pilot, panel, "your data")
        text = panel.lines.text
        assert "mse until 3." in text
        assert "the data have about 1.2 %: mse." in text
        assert "█" in text
        assert str(panel.list.get_option_at_index(0).prompt) == "✓ outliers"
        await pilot.press("m")
        await until_it_says(pilot, panel, "overtakes mse at")
        await pilot.press("m")
        await until_it_says(pilot, panel, "row 7: y 1.5 → 12.25")
        await pilot.press("escape")
        assert panel.shown == "curve"


async def test_before_a_sweep_the_axis_is_explained_and_looked_at(path: Path) -> None:
    fill(path, levels()[0])
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        panel = with_look(app)
        await pilot.press("6")
        await until_it_says(pilot, panel, "Nothing was swept along this axis yet.")
        assert "enter trains the ticked losses at each level" in " ".join(panel.lines.text.split())
        await pilot.press("down", "space")
        await until_it_says(pilot, panel, "The data cannot be looked at: no.")


async def test_what_an_axis_does_to_masks_is_counted_in_pixels(path: Path) -> None:
    fill(path, Comparison.ask("shapes", learning_rates=[0.01], epochs=3, seeds=1))

    async def look(task: Task, axis: str) -> AxisLook | str:
        shown = preview(task, AXES[axis], AXES[axis].levels)
        return msgspec.json.decode(msgspec.json.encode(shown), type=AxisLook)

    app = opened(path)
    async with app.run_test(size=(140, 40)) as pilot:
        panel = with_look(app)
        panel._look = look
        await pilot.press("6", "space")
        await until_it_says(pilot, panel, "Counted are the pixels of each class.")
        said = " ".join(panel.lines.text.split())
        assert "No higher level is possible: " in said
        assert "Some rows at 90 %:" in said
        assert "of the 256 pixels of its mask changed" in said


async def test_of_a_custom_axis_it_is_said_at_once_where_its_data_are_looked_at(path: Path) -> None:
    (path.parent / "dust.py").write_text(
        "def dust(features, target, level, generator): return features, target + level"
    )
    source = axis_from(f"{path.parent}/dust.py:dust")
    for one in at_levels(levels()[0], own_axis(source.key), source.place, (0.1,)):
        fill(path, one)
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        panel = with_look(app)
        await pilot.press("6", "space", "end")
        await until_it_says(pilot, panel, "What a custom axis does")


async def test_enter_asks_for_the_ticked_losses_at_each_level(path: Path) -> None:
    fill(path, levels()[0])
    app = opened(path)
    async with app.run_test(size=(140, 40)) as pilot:
        panel = with_look(app)
        await pilot.press("6", "enter")
        await until_it_says(pilot, panel, "0 of")
        with Store(path) as store:
            asked = store.reader.comparisons(SESSION)
        severities = [one.comparison.severity and one.comparison.severity.level for one in asked]
        assert severities == [None, None, *AXES["outliers"].levels[1:]]
        assert {one.comparison.losses for one in asked} == {LOSSES}
        assert asked[-1].comparison.hyperparameters.epochs == 3
        assert str(panel.list.get_option_at_index(0).prompt) == "… outliers"


async def test_a_sweep_half_way_is_marked_partial(path: Path) -> None:
    first, second, *others = levels()
    fill(path, first)
    fill(path, second)
    for one in others:
        with Store(path) as store:
            store.requests.ask(SESSION, one)
    app = opened(path)
    async with app.run_test(size=(140, 40)) as pilot:
        panel = with_look(app)
        await pilot.press("6")
        await until_it_says(pilot, panel, "So far (not all is trained): ")
        assert "20 of 40 trainings done" in panel.lines.text


async def test_the_axes_are_those_of_the_chosen_task(path: Path) -> None:
    fill(path, levels()[0])
    app = opened(path)
    async with app.run_test(size=(140, 40)) as pilot:
        panel = with_look(app)
        await pilot.press("6")
        await until_it_says(pilot, panel, "swept")
        assert "outliers" in {axis.key for axis in panel.axes}
        panel.record = msgspec.structs.replace(panel.record, kind="binary", classes=2)
        await pilot.pause()
        assert "label_noise" in {axis.key for axis in panel.axes}
        assert "outliers" not in {axis.key for axis in panel.axes}


async def test_the_standings_and_curves_stay_those_of_plain_data(path: Path) -> None:
    for one in levels():
        fill(path, one)
    app = opened(path)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        for _ in range(100):
            if app.main.standings.reports:
                break
            await asyncio.sleep(0.02)
            await pilot.pause()
        assert [len(one.rows) for one in app.main.standings.reports] == [10]


async def test_the_history_brings_a_sweep_back_with_its_axis_and_losses(path: Path) -> None:
    plain = levels(seeds=2)[0]
    for one in at_levels(plain, AXES["skew"], "", (0.5, 1.0)):
        fill(path, one, session="older")
    fill(path, Comparison.ask("blobs", learning_rates=[0.01], epochs=3, seeds=2))
    app = opened(path)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("5")
        await until(
            pilot, lambda: [row.title for row in app.main.sessions.rows][1:] == ["regression · skew", "regression"]
        )
        await until(pilot, lambda: app.main.sessions.list.option_count == 3)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.main.session == "older" and app.main.stress.seen)
        panel = with_look(app)
        await until(pilot, lambda: panel.axis is not None and panel.axis.key == "skew")
        assert panel.record.key == "regression"
        assert app.main.losses.ticked == LOSSES
        await until_it_says(pilot, panel, "skew")
