"""Make the README's picture from the app itself, with real trainings: `python -m tests.picture`, from the root."""

import asyncio
import os
import tempfile
from pathlib import Path

from lossterm.comparison import Comparison
from lossterm.store import Store
from lossterm.tui.app import LosstermApp
from tests.tui.prepared import until

PICTURE = Path(__file__).parents[1] / "snapshots" / "lossterm.svg"
SESSION = "fair"
COMPARISONS = [Comparison.ask(task) for task in ("regression", "blobs", "circles")]


async def main() -> None:
    """Compare the losses of three tasks as `lossterm` does unless told otherwise, then photograph the screen."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["LOSSTERM_HOME"], os.environ["LOSSTERM_IDLE_SECONDS"] = place, "5"
        path = Path(place) / "lossterm.db"
        with Store(path) as store:
            for comparison in COMPARISONS:
                store.ask(SESSION, comparison)
        trials = sum(len(list(comparison.trials())) for comparison in COMPARISONS)
        app = LosstermApp(SESSION, path)
        async with app.run_test(size=(140, 40)) as pilot:
            await until(pilot, lambda: len(app.main.view.rows) == trials and not app.main.view.training, seconds=900)
            await pilot.pause(1)
            picture = app.export_screenshot(title="lossterm")
    # Viewers other than browsers drop leading spaces without this.
    PICTURE.write_text(picture.replace("<text ", '<text xml:space="preserve" '), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
