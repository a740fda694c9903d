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
from lossterm.tail import Tail
from lossterm.tui.advisor import Find, ask_for_advice
from lossterm.tui.main_screen import MainScreen
from lossterm.view import View


class LosstermApp(App[None]):
    """Opens the main screen on a session of a store."""

    TITLE = "lossterm"
    CSS_PATH: ClassVar[CSSPathType | None] = "app.tcss"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True, id="app.quit", tooltip="Leave the app"),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, id="app.suspend", tooltip="Go to the shell"),
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
        own: Sequence[str] = (),
        find_advice: Find | None = None,
    ) -> None:
        """Open a session.

        `command` starts a worker, None for watching only; `clock` measures the rate of training; `own` says where
        losses of one's own are; `find_advice` looks at a task's data, None for no advice.
        """
        super().__init__()
        self.main = MainScreen(session, store, command, clock, own, find_advice)
        self.animation_level = "none"  # a movement is bytes over the link that tell nothing
        self.theme = "textual-light" if light_terminal() else "textual-dark"

    def on_mount(self) -> None:
        """Show the screen; give the terminal back when told to end."""
        self.push_screen(self.main)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit, None, 128 + signal.SIGTERM)

    def action_help_quit(self) -> None:
        """Leave on ctrl+c too, which Textual would only answer with advice."""
        if self.screen is self.main:
            self.main.action_leave()

    async def action_quit(self) -> None:
        """Leave as the screen does, however it was asked for: ctrl+q, the command palette."""
        if self.screen is self.main:
            self.main.action_leave()


def light_terminal() -> bool:
    """Whether the terminal says, by COLORFGBG, that its background is light."""
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")


def open_app(session: str, store: Path, own: Sequence[str] = ()) -> tuple[int, View, dict[str, str]]:
    """Run the app until it is left; return its exit code, how the session stands, and what each task was ranked by."""
    app = LosstermApp(session, store, own=own, find_advice=ask_for_advice)
    app.run()
    view, tail = View(), Tail(store, session)
    try:
        if update := tail.poll():  # afresh: the screen may have been a moment behind when it was left
            view.apply(update)
    finally:
        tail.close()
    return app.return_code or 0, view, app.main.metrics
