"""The app: themes and the one screen. What it does is done by the screen."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import Binding
from textual.types import CSSPathType

from lossterm import daemon
from lossterm.tui.main_screen import MainScreen
from lossterm.view import View


class LosstermApp(App[None]):
    """Opens the main screen on a session of a store."""

    TITLE = "lossterm"
    CSS_PATH: ClassVar[CSSPathType | None] = "app.tcss"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True, id="app.quit", tooltip="Leave the app"),
        # With priority, since what is typed after a tab may arrive in one burst over a slow link: without it the
        # focus moves only after those keys went to the panel that was left.
        Binding("tab", "app.focus_next", "Next", show=False, priority=True, id="app.next", tooltip="Next panel"),
        Binding(
            "shift+tab",
            "app.focus_previous",
            "Previous",
            show=False,
            priority=True,
            id="app.previous",
            tooltip="Last panel",
        ),
    ]

    def __init__(
        self,
        session: str,
        store: Path,
        *,
        command: Sequence[str] | None = daemon.WORKER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open a session. `command` starts a worker, None for watching only; `clock` measures the rate of training."""
        super().__init__()
        self.main = MainScreen(session, store, command, clock)
        self.animation_level = "none"  # a movement is bytes over the link that tell nothing
        self.theme = "textual-light" if light_terminal() else "textual-dark"

    def on_mount(self) -> None:
        """Show the screen; give the terminal back when told to end."""
        self.push_screen(self.main)
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.exit, None, 128 + number)

    async def action_quit(self) -> None:
        """Leave as the screen does, however it was asked for: ctrl+q, the command palette."""
        if self.screen is self.main:
            self.main.action_leave()


def light_terminal() -> bool:
    """Whether the terminal says, by COLORFGBG, that its background is light."""
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")


def open_app(session: str, store: Path) -> tuple[int, View]:
    """Run the app until it is left; return its exit code and what it last knew of the session."""
    app = LosstermApp(session, store)
    app.run()
    return app.return_code or 0, app.main.view
