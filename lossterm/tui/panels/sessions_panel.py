"""The view of all sessions in the store: open, rename, compare, delete, resume."""

import time
from collections.abc import Mapping
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.reactive import var
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from lossterm.errors import LosstermError
from lossterm.store import SessionRow
from lossterm.text.name_pattern import matches
from lossterm.text.numbers import ago, counted
from lossterm.tui.background.store_jobs import StoreJobs
from lossterm.tui.dialogs import ConfirmDialog, RenameDialog, TextDialog
from lossterm.tui.panels.view_panel import ViewPanel
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.widgets.changing_lines import fitted

WIDEST_NAME = 30
"""Cells of a session's name that are shown."""

TOO_FEW = "Mark at least two sessions with {sessions.mark}, or one and go to another."


class SessionsPanel(ViewPanel, can_focus=False):
    """One line per session, newest first; that which is open is marked."""

    PLACE = "in the sessions"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("enter", "open", "Open", id="sessions.open", tooltip="Open the session under the cursor"),
        Binding("space", "mark", "Mark", id="sessions.mark", tooltip="Mark the session, to compare it with others"),
        Binding("c", "compare", "Compare", id="sessions.compare", tooltip="Set the marked sessions side by side"),
        Binding("n", "rename", "Rename", id="sessions.rename", tooltip="Give the session another name"),
        Binding("u", "resume", "Resume", id="sessions.resume", tooltip="Train what was stopped or failed in it"),
        Binding("d", "delete", "Delete", id="sessions.delete", tooltip="Delete the session; asks first"),
    ]

    CAN: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("open", "mark", "rename", "resume", "delete"), "pointed"),
        "compare": "has_several",
    }

    rows: var[tuple[SessionRow, ...]] = var((), init=False)
    """All sessions."""
    pattern: var[str] = var("", init=False)
    """What the filter lets through, as `name_pattern.matches` reads it."""

    class Open(Message):
        """Another session is to be opened."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, desk: StoreJobs, session: str, keys: KeyNames) -> None:
        """`session` is the one that is open."""
        super().__init__(id="sessions")
        self._keys = keys
        self._desk, self._session = desk, session
        self._marked: set[str] = set()
        self.list = OptionList(id="session-list", compact=True)

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        yield self.list

    def on_mount(self) -> None:
        """Fill the list, and again whenever the theme changes."""
        self._fill()
        self.reread()

    def on_resize(self) -> None:
        """Fit the lines to the width."""
        self._fill()

    def take_keys(self) -> None:
        """Give the list the keys."""
        self.list.focus()

    def watch_rows(self) -> None:
        """Show other sessions."""
        self._fill()

    watch_pattern = watch_rows

    def reread(self) -> None:
        """Look at the store again."""
        if self.is_attached:
            self._reread()

    @work(exclusive=True, group="reread")
    async def _reread(self) -> None:
        try:
            self.rows = tuple(await self._desk.sessions())
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)

    @property
    def _shown(self) -> list[SessionRow]:
        return [row for row in self.rows if matches(self.pattern, row.name)]

    @property
    def pointed(self) -> bool:
        """Whether there is a session under the cursor."""
        return self.is_mounted and self._under_cursor is not None

    @property
    def has_several(self) -> bool:
        """Whether there are sessions to set side by side."""
        return self.pointed and len(self.rows) > 1

    @property
    def _under_cursor(self) -> str | None:
        if self.list.highlighted is None or not self.list.option_count:
            return None
        return self.list.get_option_at_index(self.list.highlighted).id

    def _fill(self) -> None:
        if not self.seen:
            return
        listed, cursor = self.list, self._under_cursor
        shown, now = self._shown, time.time()
        wide = max([cell_len(row.name) for row in shown], default=0)
        done = max([len(counts(row)) for row in shown], default=0)
        lines = {row.name: self._line(row, (min(wide, WIDEST_NAME), done), now) for row in shown}
        names = list(lines)
        if names == [listed.get_option_at_index(place).id for place in range(listed.option_count)]:
            for place, (name, line) in enumerate(lines.items()):  # without a jump, and only what is other
                if listed.get_option(name).prompt != line:
                    listed.replace_option_prompt_at_index(place, line)
        else:
            listed.clear_options()
            listed.add_options([Option(line, name) for name, line in lines.items()])
            if names:
                listed.highlighted = names.index(cursor if cursor in names else names[0])
        none = self._keys.told("none yet: {main.run} begins this one")
        found = f"{len(shown)} of {len(self.rows)}; ● open" if self.rows else none
        self.entitle("Sessions", found)
        self.refresh_bindings()  # what can be done depends on what is listed

    def _line(self, row: SessionRow, widths: tuple[int, int], now: float) -> Text:
        wide, done = widths
        marks = ("✓" if row.name in self._marked else " ") + ("●" if row.name == self._session else " ")
        line = Text(f"{marks} {fitted(row.name, wide)}  {counts(row):<{done}}")
        line.append(f"  asked {ago(now - row.last):<12}  {', '.join(row.tasks)}", "dim")
        line.truncate(max(self.size.width - 4, 20), overflow="ellipsis")
        return line

    # What a person does

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open what was clicked or chosen with enter."""
        event.stop()
        self._open(event.option_id)

    def action_open(self) -> None:
        """Open the session under the cursor."""
        self._open(self._under_cursor)

    def _open(self, name: str | None) -> None:
        if name is not None:
            self.post_message(self.Open(name))

    def action_mark(self) -> None:
        """Mark the session under the cursor, or no longer."""
        if name := self._under_cursor:
            self._marked ^= {name}
            self._fill()

    def action_compare(self) -> None:
        """Set the marked sessions side by side: with the one under the cursor, where only one is marked."""
        names = [row.name for row in self.rows if row.name in self._marked | {self._under_cursor or ""}]
        if len(names) < 2:
            self.notify(self._keys.told(TOO_FEW), markup=False)
            return
        self._compare(names)

    @work(exclusive=True, group="sessions")
    async def _compare(self, names: list[str]) -> None:
        try:
            lines = await self._desk.compare(names)
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.app.push_screen(TextDialog(counted(len(names), "session"), lines, self._keys))

    def action_rename(self) -> None:
        """Ask for another name of the session under the cursor."""
        if name := self._under_cursor:
            self.app.push_screen(RenameDialog(name, self._keys), lambda new: self._rename(name, new) if new else None)

    def _rename(self, name: str, new: str) -> None:
        if new != name:
            self._renamed(name, new)

    @work(group="sessions")
    async def _renamed(self, name: str, new: str) -> None:
        try:
            await self._desk.rename(name, new)
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._marked.discard(name)
        if name == self._session:
            self.post_message(self.Open(new.strip()))
        self.reread()

    def action_resume(self) -> None:
        """Train what was stopped or failed in the session under the cursor."""
        if name := self._under_cursor:
            self._resume(name)

    @work(group="sessions")
    async def _resume(self, name: str) -> None:
        try:
            again = await self._desk.resume(name)
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        if not again:
            self.notify("Nothing of it was stopped, and nothing failed.", markup=False)
        elif name != self._session:
            self.post_message(self.Open(name))
        self.reread()

    def action_delete(self) -> None:
        """Ask whether the session under the cursor is to be deleted."""
        name = self._under_cursor
        row = next((one for one in self.rows if one.name == name), None)
        if row:
            holds = f"{counted(row.comparisons, 'comparison')} and {counted(row.trials, 'trial')}"
            question = f"Delete the session {row.name} with {holds}?"
            going = "It is still being trained, which is stopped. " if row.ended < row.trials else ""
            question = f"{question} {going}Trials that other sessions hold stay."
            dialog = ConfirmDialog(question, "delete it", self._keys)
            self.app.push_screen(dialog, lambda sure: self._answered(row.name, sure=sure))

    def _answered(self, name: str, *, sure: bool | None) -> None:
        if sure:
            self._delete(name)

    @work(group="sessions")
    async def _delete(self, name: str) -> None:
        try:
            await self._desk.delete(name)
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._marked.discard(name)
        self.reread()
        if name == self._session:
            self.post_message(self.Open(name))  # afresh: it begins anew when something is asked for


def counts(row: SessionRow) -> str:
    """Say how far a session's trials are."""
    return f"{row.ended - row.stopped}/{row.trials} trials" + (f", {row.stopped} stopped" if row.stopped else "")
