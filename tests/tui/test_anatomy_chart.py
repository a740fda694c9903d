"""The view of the anatomy: of what is ticked, before and after training, in any room."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from lossterm.comparison.comparison import Comparison
from lossterm.figures import anatomy
from lossterm.losses import usual
from lossterm.tasks import task_named
from lossterm.tui.app import LosstermApp
from lossterm.tui.panels.anatomy_panel import AnatomyPanel
from lossterm.tui.panels.curves_panel import CurvesPanel
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.widgets.changing_lines import ChangingLines
from tests.builders.app import grey, opened, reported, shown, until
from tests.builders.stores import FAIR, TUTORIAL, fill, measured

SMALL, LARGE = (80, 24), (140, 40)
both_sizes = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])


def chart(app: LosstermApp) -> ChangingLines:
    return app.main.query_one("#chart-anatomy", ChangingLines)


def drawn(app: LosstermApp) -> bool:
    return any("⠀" < mark <= "⣿" for mark in chart(app).text)


def bars(app: LosstermApp) -> list[str]:
    """Return the lines of histograms."""
    return [line for line in chart(app).text.split("\n") if set(line) & set("▁▂▃▄▅▆▇█")]


async def show(pilot: Pilot[None], app: LosstermApp) -> None:
    """Press the key of the view, and have the choices beside it."""
    await pilot.press("3")
    await until(pilot, lambda: app.main.stage.view == "anatomy" and bool(app.main.query("#chart-anatomy")))
    if not app.main.stage.shows("choices"):
        await pilot.press("left_square_bracket")
    await until(pilot, lambda: bool(chart(app).text))


def fills_its_room(app: LosstermApp) -> bool:
    lines = chart(app).text.split("\n")
    return (len(lines), {len(line) for line in lines}) == (chart(app).size.height, {chart(app).size.width})


@both_sizes
async def test_the_anatomy_needs_no_training(path: Path, size: tuple[int, int]) -> None:
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await show(pilot, app)
        await until(pilot, lambda: drawn(app))
        assert app.main.query_one(AnatomyPanel).border_title == "Anatomy: loss and slope"
        assert bars(app) == []
        assert fills_its_room(app)
        await pilot.press("1")
        await until(pilot, lambda: "No curves yet." in app.main.query_one("#chart-loss", ChangingLines).text)


@both_sizes
async def test_it_is_of_what_is_ticked(path: Path, size: tuple[int, int]) -> None:
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await show(pilot, app)
        await until(pilot, lambda: drawn(app))
        before = chart(app).text
        app.main.query_one(LossPanel).focus()
        await pilot.press("home", "space")
        await until(pilot, lambda: chart(app).text != before)
        await pilot.press("space")
        await until(pilot, lambda: chart(app).text == before)


@both_sizes
async def test_with_nothing_ticked_it_says_so(path: Path, size: tuple[int, int]) -> None:
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await show(pilot, app)
        app.main.query_one(LossPanel).focus()
        await pilot.press("u")
        await until(pilot, lambda: "No loss whose shape is known is ticked." in " ".join(chart(app).text.split()))
        await pilot.press("a")
        await until(pilot, lambda: drawn(app))


async def test_it_follows_another_task(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await show(pilot, app)
        panel = app.main.query_one(AnatomyPanel)
        assert panel.border_subtitle == "over m = y±·f"
        app.main.query_one(TaskPanel).focus()
        await pilot.press("home", "space")
        await until(pilot, lambda: panel.border_subtitle == "over e = f − y in standard deviations of the target")
        await until(pilot, lambda: drawn(app))


async def test_every_task_has_an_anatomy_with_every_loss_ticked(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await show(pilot, app)
        tasks, losses = app.main.query_one(TaskPanel), app.main.query_one(LossPanel)
        tasks.focus()
        await pilot.press("home")
        for place in range(tasks.option_count):
            tasks.focus()
            await pilot.press("home", *["down"] * place, "space")
            losses.focus()
            await pilot.press("a")
            await until(pilot, lambda: drawn(app) and fills_its_room(app))


@both_sizes
async def test_the_rows_of_trained_models_lie_beneath(path: Path, size: tuple[int, int]) -> None:
    fill(path, FAIR, anatomy=measured)
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await shown(36)(pilot)
        await show(pilot, app)
        await until(pilot, lambda: len(bars(app)) == 3)
        assert fills_its_room(app)
        assert "worst 1 % hold" in chart(app).text
        share = sum(measured(row.trial).share or 0 for row in reported(app).judged() if row.trial.loss == "hinge") / 4
        assert f"{100 * share:.2g} %" in chart(app).text


async def test_only_models_of_ticked_losses_are_shown(path: Path) -> None:
    fill(path, FAIR, anatomy=measured)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(36)(pilot)
        await show(pilot, app)
        app.main.query_one(LossPanel).focus()
        await pilot.press("home", "space")
        await until(pilot, lambda: len(bars(app)) == 2)
        assert "binary_crossentropy" not in chart(app).text


async def test_rows_come_in_while_it_is_shown(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await show(pilot, app)
        fill(path, TUTORIAL, anatomy=measured)
        await until(pilot, lambda: len(bars(app)) == 3)
        assert app.main.stage.view == "anatomy"


async def test_trials_whose_anatomy_is_not_known_are_left_out(path: Path) -> None:
    fill(path, FAIR, anatomy=lambda trial: measured(trial) if trial.loss == "hinge" else None)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(36)(pilot)
        await show(pilot, app)
        await until(pilot, lambda: len(bars(app)) == 1)
        assert "hinge" in bars(app)[0]


async def test_trials_that_diverged_leave_the_anatomy_of_the_losses(path: Path) -> None:
    fill(path, TUTORIAL, diverged=lambda _: True, anatomy=measured)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(12)(pilot)
        await show(pilot, app)
        await until(pilot, lambda: drawn(app))
        assert bars(app) == []


async def test_every_seed_is_greyed_out_where_the_anatomy_is_shown(path: Path) -> None:
    fill(path, FAIR, anatomy=measured)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        await until(pilot, lambda: not grey(app, "panel", "each_seed"))
        await show(pilot, app)
        assert grey(app, "panel", "each_seed")
        await pilot.press("i", "1")
        await until(pilot, lambda: not grey(app, "panel", "each_seed"))
        assert not app.main.query_one(CurvesPanel).look.each_seed


async def test_it_fills_the_panel_whatever_the_size_becomes(path: Path) -> None:
    fill(path, FAIR, anatomy=measured)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(36)(pilot)
        await show(pilot, app)
        for size in ((80, 24), (100, 30), (127, 34), (60, 20), (200, 60), (80, 24), (140, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            if app.main.stage.display:
                await until(pilot, lambda: fills_its_room(app))
            assert app.main.stage.view == "anatomy"


async def test_the_focus_goes_round_while_it_is_shown(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await show(pilot, app)
        first, seen = app.focused, []
        for _ in range(12):
            await pilot.press("tab")
            await pilot.pause()
            seen.append(app.focused)
            await until(pilot, lambda: fills_its_room(app))
            if app.focused is first:
                break
        assert seen[-1] is first
        assert len(set(seen)) == len(seen) > 3


async def test_it_stays_when_another_task_has_no_rates_to_show(path: Path) -> None:
    fill(path, Comparison.ask("blobs", protocol="tutorial", epochs=20, seeds=2))
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(42)(pilot)
        await show(pilot, app)
        app.main.query_one(TaskPanel).focus()
        await pilot.press("down", "space")
        await until(pilot, lambda: reported(app).asked.comparison.task == "blobs")
        assert app.main.stage.view == "anatomy"
        await until(pilot, lambda: drawn(app))


async def test_its_colours_follow_the_theme(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await show(pilot, app)
        await until(pilot, lambda: drawn(app))

        def colours() -> set[str]:
            return {str(span.style) for line in chart(app)._lines for span in line.spans}

        before = colours()
        app.theme = "textual-light"
        await until(pilot, lambda: colours() != before)


@pytest.mark.parametrize("task", ["regression", "circles", "blobs"])
def test_without_colours_the_curves_have_their_names_beside_them(task: str) -> None:
    losses = anatomy.drawable([loss.under("fair") for loss in usual(task_named(task).targets, "fair")])
    assert len(losses) > 1
    for width, height in ((76, 18), (138, 30)):
        coloured, plain = (
            "\n".join(line.plain for line in anatomy.chart(losses, {}, width, height, dark=True, plain=plain).lines)
            for plain in (False, True)
        )
        assert all(loss.key[:8] in plain and loss.key[:8] not in coloured for loss in losses)
    alone = anatomy.chart(losses[:1], {}, 138, 30, dark=True, plain=True)
    assert losses[0].key not in "\n".join(line.plain for line in alone.lines)
