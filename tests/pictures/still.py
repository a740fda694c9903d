"""Make the still pictures of README and docs, with real trainings: `python -m tests.pictures.still`, from the root."""

import asyncio
import os
import tempfile
from functools import partial
from pathlib import Path

from lossterm.comparison.comparison import Comparison
from lossterm.store import Store
from lossterm.tui.app import LosstermApp
from tests.builders.app import until
from tests.pictures.svg import frame, still

PLACE = Path(__file__).parents[2] / "snapshots"
SESSION = "fair"
COMPARISON = Comparison.ask("circles")

PICTURES: dict[str, tuple[tuple[int, int], tuple[str, ...]]] = {
    "lossterm": ((140, 40), ()),
    "curves": ((100, 28), ("1", "p", *["left"] * 40)),
    "predictions": ((120, 30), ("4", *["left"] * 6)),
}
"""Name → size of the terminal, and the keys that are pressed."""


async def main() -> None:
    """Compare the losses of a task as `lossterm` does unless told otherwise, then photograph the views."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["LOSSTERM_HOME"], os.environ["LOSSTERM_IDLE_SECONDS"] = place, "20"
        path = Path(place) / "lossterm.db"
        with Store(path) as store:
            store.requests.ask(SESSION, COMPARISON)
        for name, (size, keys) in PICTURES.items():
            app = LosstermApp(SESSION, path)
            async with app.run_test(size=size) as pilot:
                for _ in range(4):  # what ended may be followed by rates beyond the grid
                    await until(pilot, partial(_finished, app, COMPARISON.size), seconds=900)
                    await pilot.pause(1)
                for key in keys:
                    await pilot.press(key)
                await pilot.pause(1)
                picture = frame(app.screen._compositor.render_strips())
            (PLACE / f"{name}.svg").write_text(still(picture, size, "lossterm"), encoding="utf-8")


def _finished(app: LosstermApp, trials: int) -> bool:
    view = app.main.view
    loads = view.worker is not None and view.worker.state == "loading"
    return len(view.rows) >= trials and not view.training and not loads


if __name__ == "__main__":
    asyncio.run(main())
