"""Make the README's pictures from the app itself, with real trainings: `python -m tests.picture`, from the root."""

import asyncio
import os
import tempfile
from functools import partial
from pathlib import Path

from lossterm.comparison.comparison import Comparison
from lossterm.store import Store
from lossterm.tui.app import LosstermApp
from tests.builders.app import until

PLACE = Path(__file__).parents[1] / "snapshots"
SESSION = "fair"
COMPARISONS = [Comparison.ask(task) for task in ("regression", "blobs", "circles")]

PICTURES: dict[str, tuple[tuple[int, int], tuple[str, ...]]] = {
    "lossterm": ((140, 40), ()),
    "curves": ((100, 28), ("1", "p", *["left"] * 40)),
    "predictions": ((120, 30), ("4", *["left"] * 6)),
}
"""Name → size of the terminal, and the keys that are pressed."""


async def main() -> None:
    """Compare the losses of three tasks as `lossterm` does unless told otherwise, then photograph the views."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["LOSSTERM_HOME"], os.environ["LOSSTERM_IDLE_SECONDS"] = place, "5"
        path = Path(place) / "lossterm.db"
        with Store(path) as store:
            for comparison in COMPARISONS:
                store.requests.ask(SESSION, comparison)
        trials = sum(len(list(comparison.trials())) for comparison in COMPARISONS)
        for name, (size, keys) in PICTURES.items():
            app = LosstermApp(SESSION, path)
            async with app.run_test(size=size) as pilot:
                await until(pilot, partial(_finished, app, trials), seconds=900)
                await pilot.pause(1)
                for key in keys:
                    await pilot.press(key)
                await pilot.pause(1)
                picture = app.export_screenshot(title="lossterm")
            # Viewers other than browsers drop leading spaces without this.
            text = picture.replace("<text ", '<text xml:space="preserve" ')
            (PLACE / f"{name}.svg").write_text(text, encoding="utf-8")


def _finished(app: LosstermApp, trials: int) -> bool:
    return len(app.main.view.rows) == trials and not app.main.view.training


if __name__ == "__main__":
    asyncio.run(main())
