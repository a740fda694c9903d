"""The rows that hold the gradient, in the anatomy and in the predictions: one cursor, and what stands in the rows."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.data.shown_rows import ShownRow, ShownRows
from lossterm.store import Anatomy, HeldRow
from lossterm.tasks import Task
from lossterm.text.marks import MARKED_ROW
from lossterm.tui.app import LosstermApp
from lossterm.tui.panels.anatomy_panel import AnatomyPanel
from lossterm.tui.panels.predictions_panel import PredictionsPanel
from tests.builders.app import opened, painted, shown, until
from tests.builders.stores import fill, measured

SMALL, LARGE = (80, 24), (140, 40)
ASKED = Comparison.ask("circles", losses=["binary_crossentropy", "hinge"], seeds=2, learning_rates=[0.1], epochs=5)


def deciding(trial: Trial) -> Anatomy:
    """Return what the models do, with a few rows that hold much of the gradient."""
    first = 100 if trial.loss == "hinge" else 200
    rows = tuple(
        HeldRow(
            row=first + place,
            share=0.3 / (place + 1),
            deviation=-0.5 * place,
            target=1.0,
            predicted=0.0,
            inputs=(0.1, 0.2),
        )
        for place in range(4)
    )
    shared = HeldRow(row=7, share=0.25, deviation=-1.0, target=0.0, predicted=1.0, inputs=(0.5, -0.5))
    return msgspec.structs.replace(measured(trial), rows=(*rows, shared))


async def cells_of(task: Task, numbers: Sequence[int]) -> ShownRows | None:
    """Return rows that are made up."""
    return ShownRows(
        target="sold",
        labels=("no", "yes"),
        columns=("sold", "area", "district"),
        rows=tuple(ShownRow(row=number, cells=("yes", f"{number}.5", "harbour")) for number in numbers),
    )


async def looking(pilot: Pilot[None], app: LosstermApp) -> AnatomyPanel:
    await shown(4)(pilot)
    await pilot.press("3")
    await until(pilot, lambda: app.main.stage.view == "anatomy" and bool(app.main.query("#gradient-rows")))
    panel = app.main.query_one(AnatomyPanel)
    await until(pilot, lambda: bool(panel.table.text))
    return panel


def line_under_cursor(panel: AnatomyPanel) -> str:
    (line,) = [line.plain for line in panel.table.rows if any("reverse" in str(span.style) for span in line.spans)]
    return line


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])
async def test_rows_are_listed_with_shares_and_what_stands_in_them(path: Path, size: tuple[int, int]) -> None:
    fill(path, ASKED, anatomy=deciding)
    app = opened(path, find_rows=cells_of)
    async with app.run_test(size=size) as pilot:
        panel = await looking(pilot, app)
        await until(pilot, lambda: "harbour" in panel.table.text)
        assert "area" in panel.table.text
        first = line_under_cursor(panel)
        assert first.split()[:3] == ["100", "–", "30"]  # nothing of binary_crossentropy's, which comes first
        assert f"{MARKED_ROW} row 100: sold yes; predicted hinge no" in panel.table.text


async def test_one_cursor_marks_the_same_row_in_the_anatomy_and_in_the_predictions(path: Path) -> None:
    fill(path, ASKED, anatomy=deciding)
    app = opened(path, find_rows=cells_of)
    async with app.run_test(size=LARGE) as pilot:
        panel = await looking(pilot, app)
        assert MARKED_ROW in panel.chart.text
        await pilot.press("down", "down")
        await until(pilot, lambda: line_under_cursor(panel).split()[0] == "7")
        await pilot.press("4")
        predictions = app.main.query_one(PredictionsPanel)
        await until(pilot, lambda: MARKED_ROW in predictions.pictures.text)
        assert f"{MARKED_ROW} training row 7" in "\n".join(painted(app))
        await pilot.press("full_stop")
        await until(pilot, lambda: predictions.marked == 101)
        await pilot.press("comma", "comma")
        await until(pilot, lambda: predictions.marked == 200)
        await pilot.press("3")
        await until(pilot, lambda: line_under_cursor(panel).split()[0] == "200")


async def test_columns_that_have_no_room_are_reached_with_the_arrows(path: Path) -> None:
    fill(path, ASKED, anatomy=deciding)
    app = opened(path, find_rows=cells_of)
    async with app.run_test(size=LARGE) as pilot:
        panel = await looking(pilot, app)
        await until(pilot, lambda: "harbour" in panel.table.text)
        await pilot.press("right")
        await until(pilot, lambda: "area" not in panel.table.text)
        assert "sold" in panel.table.text  # what is predicted stays in sight
        await pilot.press("left")
        await until(pilot, lambda: "area" in panel.table.text)


async def test_rows_that_cannot_be_read_keep_their_numbers(path: Path) -> None:
    async def fails(task: Task, numbers: Sequence[int]) -> ShownRows | None:
        raise OSError

    fill(path, ASKED, anatomy=deciding)
    app = opened(path, find_rows=fails)
    async with app.run_test(size=LARGE) as pilot:
        panel = await looking(pilot, app)
        assert f"{MARKED_ROW} row 100: target 1; predicted hinge 0" in panel.table.text


async def test_models_of_an_older_store_have_no_rows_and_leave_the_room_to_the_chart(path: Path) -> None:
    fill(path, ASKED, anatomy=measured)
    app = opened(path, find_rows=cells_of)
    async with app.run_test(size=LARGE) as pilot:
        await shown(4)(pilot)
        await pilot.press("3")
        panel = app.main.query_one(AnatomyPanel)
        await until(pilot, lambda: "worst 1 %" in panel.chart.text)
        assert not panel.has_rows
        assert not panel.table.display
