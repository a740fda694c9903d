"""What the machine is doing stands in the status line while something trains, where there is room."""

import threading

import pytest
from textual.app import App, ComposeResult

from lossterm.following.progress import Progress
from lossterm.tui.widgets import status_line
from lossterm.tui.widgets.status_line import StatusLine
from tests.builders.app import until

MACHINE = "2 cores, load 1.9"


def progress(ended: int, trials: int = 10) -> Progress:
    return Progress(
        trials=trials, ended=ended, stopped=0, epochs=20 * ended, all_epochs=20 * trials, rate=100.0, waits=False
    )


class Alone(App[None]):
    """Nothing but the line."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[str] = []
        self.line = StatusLine("s", self.read)

    def read(self) -> str:
        self.threads.append(threading.current_thread().name)
        return MACHINE

    def compose(self) -> ComposeResult:
        yield self.line


async def test_the_machine_is_told_of_while_something_trains_and_only_then_read() -> None:
    app = Alone()
    async with app.run_test(size=(120, 3)) as pilot:
        assert app.threads == []
        app.line.progress = progress(ended=3)
        await until(pilot, lambda: MACHINE in app.line.text)
        assert f" · {MACHINE}" in app.line.text
        app.line.progress = progress(ended=10)
        assert MACHINE not in app.line.text
        assert len(app.threads) == 1
        assert app.threads[0] != threading.main_thread().name


@pytest.mark.parametrize(("seconds", "times"), [(0.0, 2), (60.0, 1)])
async def test_it_is_read_no_more_often_than_is_said(
    seconds: float, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_line, "MACHINE_SECONDS", seconds)
    app = Alone()
    async with app.run_test(size=(120, 3)) as pilot:
        for ended in (3, 4):
            app.line.progress = progress(ended)
            await until(pilot, lambda: MACHINE in app.line.text)
            await app.workers.wait_for_complete()
        assert len(app.threads) == times


async def test_where_there_is_no_room_it_is_left_out() -> None:
    app = Alone()
    async with app.run_test(size=(60, 3)) as pilot:
        app.line.progress = progress(ended=3)
        await until(pilot, lambda: bool(app.threads))
        await app.workers.wait_for_complete()
        assert MACHINE not in app.line.text
        assert "3/10 trials" in app.line.text
        assert app.line.text.endswith("session s")
