"""A race in the app: one key begins it and takes it up again, and the status line says how far it is."""

from pathlib import Path

import pytest
from textual.widgets import Input

from lossterm.comparison.comparison import Comparison
from lossterm.reports.race_course import next_in_race
from lossterm.store import AskedComparison, Store
from lossterm.tui.panels.loss_panel import LossPanel
from tests.builders.app import grey, opened, painted, reported, shown, until
from tests.builders.stores import FAIR, LOSSES, SESSION, fill, settled

RACE = Comparison.ask("circles", LOSSES, until="settled", epochs=20)


def asked(path: Path) -> list[AskedComparison]:
    with Store(path) as store:
        return store.reader.comparisons(SESSION)


@pytest.mark.parametrize(("written", "cap"), [(None, 30), ("12", 12)], ids=["as it comes", "of twelve seeds"])
async def test_the_key_asks_for_the_beginning_of_a_race(path: Path, written: str | None, cap: int) -> None:
    app = opened(path)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        if written:
            app.main.settings.query_one("#seeds", Input).value = written
        await pilot.press("R")
        await until(pilot, lambda: bool(app.main.view.rows))
        (one,) = asked(path)
        assert (one.comparison.until, one.comparison.cap, one.comparison.seeds) == ("settled", cap, 3)
        assert one.comparison.losses == app.main.losses.ticked
        looks = 4 if cap == 30 else 2
        await until(pilot, lambda: f"race: look 1 of {looks}, at 5 seeds" in painted(app)[-2])


async def test_a_single_loss_has_nothing_to_race_with(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.main.query_one(LossPanel).focus()
        await pilot.press("u", "space")
        await until(pilot, lambda: len(app.main.losses.ticked) == 1)
        assert grey(app, "race")
        assert not grey(app, "run")


async def test_the_status_line_tells_how_far_a_race_is_and_no_race_is_told_of_none(path: Path) -> None:
    fill(path, RACE, scored=settled)
    app = opened(path)
    async with app.run_test(size=(140, 40)) as pilot:
        await shown(45)(pilot)
        assert "race: look 1 of 4, at 5 seeds, with 3 losses" in painted(app)[-2]
        assert app.main.settings.written["seeds"] == "10"
        raced = reported(app)
        more = next_in_race(raced)
        assert more is not None
        fill(path, more, scored=settled)
        await until(pilot, lambda: "race settled" in painted(app)[-2])


async def test_fixed_seeds_are_no_race(path: Path) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=(140, 40)) as pilot:
        await shown(36)(pilot)
        assert "race" not in painted(app)[-2]
