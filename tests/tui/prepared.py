"""Stores in a known state, filled by the fake engine: what a screen shows depends on them alone."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

from lossterm.comparison import Comparison
from lossterm.engine.fake import FakeTrainer
from lossterm.store import Chunk, Store
from lossterm.tui.app import LosstermApp

SESSION = "prepared"
DEVICE = "auto"


def fill(path: Path, comparison: Comparison, *, trials: int | None = None, running: bool = False) -> None:
    """Ask for a comparison and end its first `trials` trials (default: all); leave the next half way if `running`."""
    engine = FakeTrainer()
    with Store(path) as store:
        store.ask(SESSION, comparison)
        ended = 0
        while (trials is None or ended < trials) and (row := store.claim(DEVICE)):
            result = engine.train(row.trial, row.id, store.record)
            store.finish(row.id, result.status, seconds=0.02, scores=result.scores, chunk=result.chunk)
            ended += 1
        if running and (row := store.claim(DEVICE)):
            result = engine.train(row.trial, row.id, store.record)
            assert result.chunk is not None
            half = result.chunk.epochs // 2
            size = len(result.chunk.data) // result.chunk.epochs
            store.record(Chunk(trial=row.id, start=0, epochs=half, data=result.chunk.data[: half * size]))


def opened(path: Path) -> LosstermApp:
    """Return an app on a prepared store: no worker, a clock that stands still."""
    return LosstermApp(SESSION, path, command=None, clock=lambda: 0.0)


async def until(pilot: Pilot[None], true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something to become true. Fails after so many seconds."""
    for _ in range(int(seconds / 0.02)):
        if true():
            await pilot.pause()
            return
        await pilot.pause(0.02)
    raise AssertionError("it did not come to pass")


def shown(trials: int) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what waits until the screen has seen so many trials."""

    async def wait(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, LosstermApp)
        await until(pilot, lambda: len(app.main.view.rows) == trials)
        await pilot.pause(0.05)

    return wait
