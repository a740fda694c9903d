"""Make the README's moving picture, with a real training: `python -m tests.pictures.moving`, from the root."""

import asyncio
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lossterm.tui.app import LosstermApp
from lossterm.worker_control import starting
from tests.builders.app import still, until
from tests.pictures.film import Film
from tests.pictures.still import PLACE

SIZE = (110, 32)
STEP = 0.5
"""Seconds between two frames of a training."""

SHOWN = 0.2
"""Seconds for which each of them is shown: a training of half a minute takes ten seconds."""

ENDED = 6
"""Steps without a training after which none follows: what ended may be followed by rates beyond the grid."""

LONG = 3.0
"""Seconds for which what is to be read is shown."""


async def film(path: Path, command: Sequence[str] | None, step: float = STEP) -> Film:
    """Compare the usual losses on the first task as a person does, and look at what came out."""
    taken, app = Film(), LosstermApp("fair", path, command=command)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: bool(app.main.losses.ticked))
        await pilot.pause(0.5)
        taken.take(app, LONG / 2)
        await pilot.press("r")
        await until(pilot, lambda: bool(app.main.view.rows))
        ended = 0
        while ended < ENDED:
            await pilot.pause(step)
            taken.take(app, SHOWN)
            ended = 0 if app.main.view.training else ended + 1
        await still(pilot)
        taken.take(app, LONG)
        await pilot.press("4")
        await still(pilot)
        for _ in range(12):
            await pilot.press("left")
            await still(pilot)
        for _ in range(12):
            taken.take(app, SHOWN)
            await pilot.press("right")
            await still(pilot)
        taken.take(app, LONG / 2)
        for key in ("5", "1", "escape"):
            await pilot.press(key)
            await still(pilot)
            taken.take(app, LONG)
    return taken


async def main() -> None:
    """Take the picture with a worker and a store of its own."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["LOSSTERM_HOME"], os.environ["LOSSTERM_IDLE_SECONDS"] = place, "5"
        taken = await film(Path(place) / "lossterm.db", starting.WORKER)
    (PLACE / "moving.svg").write_text(taken.svg(SIZE, "lossterm"), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
