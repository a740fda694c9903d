"""The app: themes, terminals and the one screen, which does the work."""

import asyncio
import gc
import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.dom import DOMNode
from textual.driver import Driver
from textual.filter import Monochrome
from textual.screen import ModalScreen, Screen
from textual.types import CSSPathType

from lossterm.data import FileRequest
from lossterm.errors import StoreError, UnknownName
from lossterm.following.hardware import Hardware, HardwareReader
from lossterm.following.hardware_history import HardwareHistory
from lossterm.following.session_state import SessionState
from lossterm.following.store_changes import StoreChanges
from lossterm.home.configuration import Config
from lossterm.tui.background.advisor import Advisor, Find, ask_for_advice
from lossterm.tui.background.data_viewer import DataViewer, FindLook, FindRows, look_at_data, read_rows
from lossterm.tui.background.table_reader import Read, read_table
from lossterm.tui.dialogs import QuitDialog
from lossterm.tui.screens import keymap
from lossterm.tui.screens.main_screen import MainScreen
from lossterm.tui.state.app_settings import AppSettings
from lossterm.tui.state.key_names import KeyNames, bindings, written
from lossterm.tui.terminal.glyph_filter import GlyphFilter
from lossterm.tui.terminal.harmless_filter import HarmlessFilter
from lossterm.tui.terminal.keys_in_order import KeyDone, KeysInOrder
from lossterm.tui.terminal.no_colours import NoColours
from lossterm.tui.terminal.redraw_budget import LIVE, SPARING, Budget, Meter, metered
from lossterm.worker_control import starting
from lossterm.worker_control.cluster import Cluster
from lossterm.worker_control.starting import Workers

THEMES = {"dark": "textual-dark", "light": "textual-light"}
"""What a person calls Textual's two."""

ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""Signals that end the app as leaving it does, without a question."""

LAST_SECONDS = 5
"""Time that it has then; the kernel ends it after that."""


class LosstermApp(App[None]):
    """Opens the main screen on a session of a store."""

    TITLE = "lossterm"
    CSS_PATH: ClassVar[CSSPathType | None] = "app.tcss"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        # With priority, since a field would take ctrl+c for copying, and a person who wants to leave would see nothing.
        Binding("ctrl+q,ctrl+c", "quit", "Quit", show=False, priority=True, id="app.quit", tooltip="Leave the app"),
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
            tooltip="Previous panel",
        ),
    ]

    def __init__(
        self,
        session: str,
        store: Path,
        *,
        command: Sequence[str] | None = starting.WORKER,
        memory: int | None = None,
        cluster: Cluster | None = None,
        clock: Callable[[], float] = time.monotonic,
        own: Sequence[str] = (),
        find_advice: Find | None = None,
        find_look: FindLook | None = None,
        find_rows: FindRows | None = None,
        read: Read = read_table,
        read_machine: Callable[[], Hardware] | None = None,
        table: FileRequest | None = None,
        config: Config = Config(),  # noqa: B008  frozen: it cannot be changed by a caller
    ) -> None:
        """Open a session.

        `command` starts a worker, None for watching only, and `memory` is what it may take, in bytes; it uses a
        `cluster` beside this machine; `clock` measures the rate of training; `own` says where custom losses are;
        `find_advice`, `find_look` and `find_rows` give advice on a task's data, take a first look at them and read rows
        of them, None for none; `read` reads user tables, and `table` is one to train on; `read_machine` says what the
        machine is doing, None to leave that out. Raises UnknownName for a theme, a key binding or a key in `config`
        that isn't there, and UsageError for one that is given twice.
        """
        self._meter = Meter()
        super().__init__()
        self._store, self._keys_in_order = store, KeysInOrder(self)
        self._habits = AppSettings(
            workers=Workers(command, memory, cluster) if command else None,
            clock=clock,
            own=own,
            advisor=Advisor(find_advice),
            viewer=DataViewer(find_look),
            find_rows=find_rows,
            read=read,
            tables={},
            budget=SPARING if config.low_bandwidth else Budget(seconds=config.frame_seconds, bytes=LIVE.bytes),
            written=lambda: self._meter.bytes,
            machine=HardwareHistory(read_machine) if read_machine else None,
            machine_in_line=not config.low_bandwidth,
            bands=not config.low_bandwidth,
            keys=KeyNames((type(self), MainScreen, *MainScreen.PANELS), config.keys),
        )
        self.main = MainScreen(session, store, self._habits, table)
        self.animation_level = "none"  # a movement is bytes over the link that tell nothing
        self._any_theme = config.theme is None
        self.theme = self._theme_named(config.theme)
        self._filters.insert(0, HarmlessFilter())
        if config.ascii or config.markers != "braille":
            self._filters.append(GlyphFilter(config.markers, plain=config.ascii))
        self.set_keymap(keymap.checked(self._key_holders(config.keys), config.keys))
        if self.no_color:
            self._filters = [one for one in self._filters if not isinstance(one, Monochrome)] + [NoColours()]

    def _key_holders(self, changed: Mapping[str, str]) -> tuple[type[DOMNode], ...]:
        """Return the classes whose keys are changed, and those in the same places."""
        holders = (type(self), MainScreen, *MainScreen.PANELS)
        if changed.keys() <= {one.id for one in bindings(holders)}:
            return holders
        from lossterm.tui.dialogs.every import DIALOGS  # slow to load: few people change keys of dialogs

        return (*holders, *DIALOGS)

    def get_driver_class(self) -> type[Driver]:
        """Return Textual's driver for this terminal, with its bytes counted."""
        return metered(super().get_driver_class(), self._meter)

    def get_key_display(self, binding: Binding) -> str:
        """Write a key as every text of the app does."""
        return binding.key_display or written(binding.key)

    async def on_event(self, event: events.Event) -> None:
        """Give out keys one after another, each when the one before it is done with."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif not self._keys_in_order.keeps(event):
            await super().on_event(event)
            if event.is_forwarded:  # and no binding's that comes before all widgets
                self._keys_in_order.given(self.focused or self.screen)

    def on_key_done(self, event: KeyDone) -> None:
        """Give out the next key, if one has come meanwhile."""
        self._keys_in_order.done(event)

    def _theme_named(self, name: str | None) -> str:
        if name is None:
            return THEMES["light" if light_terminal() else "dark"]
        theme = THEMES.get(name, name)
        if theme not in self.available_themes:
            raise UnknownName("theme", name, (*THEMES, *self.available_themes))
        return theme

    async def run_async(self, **how: Any) -> Any:
        """Run until the app is left or a signal ends it; restore the terminal either way."""
        for number in ENDING:  # now rather than on mounting: by then the terminal has been taken
            asyncio.get_running_loop().add_signal_handler(number, self._end_on_signal, number)
        return await super().run_async(**how)

    def _end_on_signal(self, number: signal.Signals) -> None:
        signal.alarm(LAST_SECONDS)  # what writes to a terminal that has gone may wait for ever
        # While panels are still being mounted on one another, none may be taken down.
        self.run_worker(self._leave_when_up(128 + number), exclusive=True, group="end on signal")

    async def _leave_when_up(self, code: int) -> None:
        await self.main.up()
        self.exit(return_code=code)

    def on_ready(self) -> None:
        """Enable garbage collection, which the caller may have put off until the first screen is painted."""
        if not gc.isenabled():
            gc.freeze()  # modules and widgets stay: looking through them would be a standstill now and then
            gc.enable()

    async def on_mount(self) -> None:
        """Show the screen in the theme that was chosen last."""
        if self._any_theme and (name := await self.main.jobs.theme()) in self.available_themes:
            self.theme = str(name)
        self.theme_changed_signal.subscribe(self, lambda theme: self._keep_theme(theme.name))
        self.push_screen(self.main)

    @work(name="theme", exclusive=True, group="theme")
    async def _keep_theme(self, name: str) -> None:
        with suppress(StoreError):  # whoever follows the session says so
            await self.main.jobs.keep_theme(name)

    def on_main_screen_opened(self, event: MainScreen.Opened) -> None:
        """Show another session."""
        try:
            following = MainScreen(event.session, self._store, self._habits, comparison=event.comparison)
        except StoreError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        while self.screen is not self.main and len(self.screen_stack) > 1:
            self.pop_screen()  # a dialog of the session that is left
        self.main = following
        self.switch_screen(following)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer in the command palette every key's action; one that cannot be done now says so."""
        yield from super().get_system_commands(screen)
        if screen is not self.main:
            return
        first = {active.binding.id: active for active in reversed(screen.active_bindings.values())}  # of several keys
        for active in sorted(first.values(), key=lambda one: one.binding.description):
            binding = active.binding
            if binding.id and binding.tooltip:
                key = self.get_key_display(binding)
                now = "" if active.enabled else "Cannot be done now. "
                title = f"{binding.description} ({binding.id}, {key})"
                yield SystemCommand(title, f"{now}{binding.tooltip}", lambda key=binding.key: self.simulate_key(key))

    def action_help_quit(self) -> None:
        """Leave on ctrl+c too, which Textual would only answer with advice."""
        self._leave()

    async def action_quit(self) -> None:
        """Leave as the screen does, however it was asked for and whatever stands on top."""
        self._leave()

    def _leave(self) -> None:
        """Leave; asked for once more while it is asked what becomes of the training, leave that running."""
        if isinstance(self.screen, QuitDialog):
            self.screen.dismiss("leave")
            return
        while isinstance(self.screen, ModalScreen):
            self.pop_screen()
        if self.screen is self.main:
            self.main.action_leave()


def light_terminal() -> bool:
    """Whether the terminal says, by COLORFGBG, that its background is light."""
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")


def open_app(
    session: str,
    store: Path,
    own: Sequence[str] = (),
    table: FileRequest | None = None,
    config: Config = Config(),  # noqa: B008  frozen: it cannot be changed by a caller
    workers: Workers = Workers(),  # noqa: B008  it cannot be changed
) -> tuple[int, str, SessionState, dict[str, str]]:
    """Run the app until it is left.

    `own` says where custom losses are, `table` is a user table to train on, and `workers` says how workers
    are started. Returns its exit code, the session that was open at the end, how that stands, and what each task was
    ranked by.
    """
    command, memory, cluster = workers
    app = LosstermApp(
        session,
        store,
        command=command,
        memory=memory,
        cluster=cluster,
        own=own,
        find_advice=ask_for_advice,
        find_look=look_at_data,
        find_rows=read_rows,
        read_machine=HardwareReader().read,
        table=table,
        config=config,
    )
    app.run()
    view = app.main.view
    if store.exists():
        view, tail = SessionState(), StoreChanges(store, app.main.session)
        try:
            if update := tail.poll():  # afresh: the screen may have been a moment behind when it was left
                view.apply(update)
        finally:
            tail.close()
    return app.return_code or 0, app.main.session, view, app.main.standings.metrics
