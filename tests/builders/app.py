"""The app on a prepared store, without a worker: what it shows, and waiting until it shows it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from textual.pilot import Pilot

from lossterm.data import FileRequest
from lossterm.following.hardware import Hardware
from lossterm.home.configuration import Config
from lossterm.reports.report import Report
from lossterm.tui.app import LosstermApp
from lossterm.tui.background.advisor import Find
from lossterm.tui.background.data_viewer import FindLook, FindRows
from lossterm.tui.background.table_reader import Read, read_table
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from tests.builders.stores import SESSION


def opened(
    path: Path,
    *,
    session: str = SESSION,
    own: Sequence[str] = (),
    find_advice: Find | None = None,
    find_look: FindLook | None = None,
    find_rows: FindRows | None = None,
    read: Read = read_table,
    table: FileRequest | None = None,
    config: Config = Config(),  # noqa: B008  frozen: it cannot be changed by a caller
    read_machine: Callable[[], Hardware] | None = None,
) -> LosstermApp:
    """Return an app on a prepared store: no worker, a clock that stands still."""
    return LosstermApp(
        session,
        path,
        command=None,
        clock=lambda: 0.0,
        own=own,
        find_advice=find_advice,
        find_look=find_look,
        find_rows=find_rows,
        read=read,
        table=table,
        config=config,
        read_machine=read_machine,
    )


def offered(app: LosstermApp) -> list[str]:
    """Return the losses that can be ticked, in the order of the list."""
    return [key for key, disabled in _listed(app) if key and not disabled]


def misfits(app: LosstermApp) -> list[str]:
    """Return the lines of the list that cannot be ticked."""
    panel = app.main.query_one(LossPanel)
    lines = [str(panel.get_option_at_index(place).prompt) for place in range(panel.option_count)]
    return [line for line, (_, disabled) in zip(lines, _listed(app), strict=True) if disabled]


def _listed(app: LosstermApp) -> list[tuple[str | None, bool]]:
    panel = app.main.query_one(LossPanel)
    options = [panel.get_option_at_index(place) for place in range(panel.option_count)]
    return [(option.id, option.disabled) for option in options]


def reported(app: LosstermApp) -> Report:
    """Return the report that stands on top of the scores: the chosen task's."""
    return app.main.query_one(ScoresPanel).reports[-1]


def heads(app: LosstermApp) -> str:
    """Return the heads of the table on top."""
    return next(line for line in app.main.query_one(ScoresPanel).text.split("\n") if line.startswith("#"))


def grey(app: LosstermApp, action: str, *parameters: str) -> bool:
    """Whether an action of the screen is greyed out; those of a view are `panel` with the action as its parameter."""
    return app.main.check_action(action, parameters) is None


def painted(app: LosstermApp) -> list[str]:
    """Return the rows of the screen as they go to the terminal, with other signs where the app swaps them."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


async def until(pilot: Pilot[None], true: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something to become true. Fails after so many seconds."""
    for _ in range(int(seconds / 0.02)):
        if true():
            await pilot.pause()
            return
        await asyncio.sleep(0.02)  # a pause would paint the screen, and ask each of its widgets whether it is done
    raise AssertionError("it did not come to pass")


LASTING = {"tail", "file", "keeper", "remember", "leave", "table", "export"}
"""Names of the workers that go on for as long as a screen is there, or wait for a person."""


async def still(pilot: Pilot[None]) -> None:
    """Wait until nothing short is under way and the screen is painted as it was a moment ago."""
    app, before, same = pilot.app, None, 0
    assert isinstance(app, LosstermApp)
    for _ in range(500):
        await pilot.pause(0.02)
        now = painted(app)
        busy = any(worker.is_running and worker.name not in LASTING for worker in app.workers)
        same = same + 1 if now == before and not busy else 0
        before = now
        if same == 3:
            return
    raise AssertionError("the screen does not come to rest")


def shown(trials: int) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what waits until the screen has seen so many trials."""

    async def wait(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, LosstermApp)
        await until(pilot, lambda: len(app.main.view.rows) == trials)
        await still(pilot)

    return wait
