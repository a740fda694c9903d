"""The view of every comparison and sweep of every session: open one, or set several side by side; begin, rename,
resume and delete sessions.
"""

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
from lossterm.history.entries import DAMAGED, Entry, Outcome
from lossterm.text.harmless import printable
from lossterm.text.name_pattern import matches
from lossterm.text.numbers import ago, counted, moment
from lossterm.tui.background.store_jobs import StoreJobs
from lossterm.tui.dialogs import ConfirmDialog, NewSessionDialog, RenameDialog, TextDialog
from lossterm.tui.panels.view_panel import ViewPanel
from lossterm.tui.state.empty_views import NO_COMPARISON, NONE_MATCHES
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.widgets.changing_lines import fitted

WIDEST_NAME, NARROWEST_NAME = 30, 10
"""Cells of a session's name, or of a task's, that are shown; where there is little room they are shortened."""

SETTINGS_BESIDE = 130
"""Cells from which on the settings stand beside a comparison's verdict; else they have a line of their own."""

VERDICT = 74
"""Cells that a verdict has where settings stand beside it."""

BETWEEN = "  "
INDENT = "   "
WAITS = "…"
"""Stands where a verdict is still worked out."""

EMPTY = "session "
"""What the id of a session's own line begins with."""

BEGINS_HERE = "no comparison yet: {main.run} trains what is ticked"
NOTHING_IN_IT = "no comparison; {sessions.open} opens it"

TOO_FEW = "Mark at least two comparisons with {sessions.mark}, or one and go to another."


class SessionsPanel(ViewPanel, can_focus=False):
    """Two or three lines per comparison, the last asked for first; those of the open session are marked.

    Verdicts are worked out for what is on the screen, off the event loop, and kept while the trials are the same.
    """

    PLACE = "in the sessions"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("enter", "open", "Open", id="sessions.open", tooltip="Show the comparison under the cursor again"),
        Binding("space", "mark", "Mark", id="sessions.mark", tooltip="Mark the comparison, to set it beside others"),
        Binding("c", "compare", "Compare", id="sessions.compare", tooltip="Say what differs between those marked"),
        Binding("a", "begin", "New", id="sessions.new", tooltip="Begin another session"),
        Binding("n", "rename", "Rename", id="sessions.rename", tooltip="Give its session another name"),
        Binding(
            "u", "resume", "Resume", id="sessions.resume", tooltip="Train what was stopped or failed in its session"
        ),
        Binding("d", "delete", "Delete", id="sessions.delete", tooltip="Delete its session; asks first"),
    ]

    CAN: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("mark", "rename", "resume", "delete"), "pointed"),
        "open": "opens",
        "compare": "has_several",
    }

    rows: var[tuple[Entry, ...]] = var((), init=False)
    """Every comparison, the last asked for first."""
    empty: var[tuple[str, ...]] = var((), init=False)
    """Names of the sessions without a comparison, the open one included."""
    pattern: var[str] = var("", init=False)
    """What the filter lets through, as `name_pattern.matches` reads it."""

    class Open(Message):
        """Another session is to be opened, or one of its comparisons is to be shown."""

        def __init__(self, name: str, comparison: int | None = None) -> None:
            """`comparison` is the number of the one that is to be shown, None for what was last looked at."""
            super().__init__()
            self.name, self.comparison = name, comparison

    def __init__(self, desk: StoreJobs, session: str, keys: KeyNames) -> None:
        """`session` is the one that is open."""
        super().__init__(id="sessions")
        self._keys = keys
        self._desk, self._session = desk, session
        self._marked: set[int] = set()
        self._settings: dict[int, str] = {}
        self._widths: tuple[int, ...] = ()
        self._dated = True
        self._working = False
        self.list = OptionList(id="session-list", compact=True)

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        yield self.list

    def on_mount(self) -> None:
        """Fill the list, and work out verdicts as they come into sight."""
        self._fill()
        self.reread()
        self.watch(self.list, "scroll_y", self._judge_what_is_seen, init=False)

    def on_resize(self) -> None:
        """Fit the lines to the width."""
        self._fill()

    def take_keys(self) -> None:
        """Give the list the keys."""
        self.list.focus()

    def watch_rows(self) -> None:
        """Show other comparisons."""
        self._fill()

    watch_pattern = watch_empty = watch_rows

    def reread(self) -> None:
        """Look at the store again."""
        if self.is_attached:
            self._reread()

    @work(exclusive=True, group="reread")
    async def _reread(self) -> None:
        try:
            rows = tuple(await self._desk.comparisons())
            every = {self._session, *(row.name for row in await self._desk.sessions())}
            self.empty = tuple(sorted(every - {row.session for row in rows}))
            self.rows = rows
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)

    @property
    def _shown(self) -> list[Entry]:
        return [row for row in self.rows if matches(self.pattern, f"{row.session} {row.title}")]

    @property
    def pointed(self) -> bool:
        """Whether there is a comparison under the cursor."""
        return self.is_mounted and self._under_cursor is not None

    @property
    def opens(self) -> bool:
        """Whether there is something to open under the cursor."""
        return self.pointed or (self.is_mounted and bool(self._empty_under_cursor))

    @property
    def has_several(self) -> bool:
        """Whether there are several comparisons to set side by side."""
        return self.pointed and len(self.rows) > 1

    @property
    def _under_cursor(self) -> Entry | None:
        if self.list.highlighted is None or not self.list.option_count:
            return None
        number = self.list.get_option_at_index(self.list.highlighted).id
        return next((row for row in self.rows if str(row.number) == number), None)

    @property
    def _empty_under_cursor(self) -> str:
        """The session without a comparison under the cursor, "" where there is none."""
        if self.list.highlighted is None or not self.list.option_count:
            return ""
        number = str(self.list.get_option_at_index(self.list.highlighted).id)
        return number.removeprefix(EMPTY) if number.startswith(EMPTY) else ""

    # What is listed

    def _fill(self) -> None:
        if not self.seen:
            return
        listed, cursor, shown = self.list, self._under_cursor, self._shown
        self._fit(shown)
        lines = {str(row.number): self._lines(row) for row in shown}
        empty = self.empty if self.rows or self.empty != (self._session,) else ()
        lines |= {f"{EMPTY}{name}": self._empty_line(name) for name in empty if matches(self.pattern, name)}
        names = list(lines)
        if names and names == [option.id for option in listed.options]:
            for place, (option, line) in enumerate(zip(listed.options, lines.values(), strict=True)):
                if option.prompt != line:  # without a jump, and only what is other
                    listed.replace_option_prompt_at_index(place, line)
        else:
            listed.clear_options()
            listed.add_options([Option(line, name) for name, line in lines.items()])
            if not names:
                why = NONE_MATCHES.format("comparison") if self.rows else NO_COMPARISON
                listed.add_option(Option(Text(self._keys.fill_in(why)), disabled=True))
            else:
                before = str(cursor.number) if cursor else ""
                listed.highlighted = names.index(before) if before in names else 0
        sessions = counted(len({row.session for row in self.rows}), "session")
        several = counted(len(self.rows), "comparison")
        of = several if len(shown) == len(self.rows) else f"{len(shown)} of {several}"
        self.entitle("Sessions", f"{of} in {sessions}; ● open" if self.rows else "none yet")
        self.refresh_bindings()  # what can be done depends on what is listed
        self._judge_what_is_seen()

    @property
    def _room(self) -> int:
        return max(self.size.width - 1, 20)  # beside the scrollbar

    @property
    def _lines_each(self) -> int:
        return 2 if self._room >= SETTINGS_BESIDE else 3

    def _fit(self, shown: list[Entry]) -> None:
        """Make each column as wide as its longest cell; where all are too wide no dates are told, and names are cut."""
        now = time.time()
        for dated in (True, False):
            cells = [self._cells(row, now, dated=dated) for row in shown]
            widths = [min(max(map(cell_len, column)), WIDEST_NAME) for column in zip(*cells, strict=True)]
            beyond = sum(width + len(BETWEEN) for width in widths if width) + 1 - self._room
            self._dated = dated
            if beyond <= 0:
                break
        for place in sorted((0, 1), key=lambda name: -widths[name]) if shown else ():
            cut = min(max(beyond, 0), max(widths[place] - NARROWEST_NAME, 0))
            widths[place], beyond = widths[place] - cut, beyond - cut
        self._widths = tuple(widths)

    def _cells(self, row: Entry, now: float, *, dated: bool) -> tuple[str, ...]:
        """Return the cells of a comparison's first line."""
        outcome = self._desk.known(row)
        if row.asked is None:
            return ("damaged", printable(row.session), "", "", "", "")
        when = moment(row.asked.created, now) if dated else ago(now - row.asked.created)
        bars, progress = (outcome.bars, _progress(outcome)) if outcome else ("", "")
        comparison = row.asked.comparison
        seeds = counted(comparison.seeds, "seed") if comparison.cap is None else f"race to {comparison.cap} seeds"
        return (printable(row.title), printable(row.session), seeds, when, bars, progress)

    def _empty_line(self, name: str) -> Text:
        """Return the line of a session in which nothing was compared."""
        mark = " ●" if name == self._session else "  "
        words = self._keys.fill_in(BEGINS_HERE if name == self._session else NOTHING_IN_IT)
        line = Text.assemble(f"{mark} ", (printable(name), "bold"), BETWEEN, (words, "dim"))
        line.truncate(self._room, overflow="ellipsis")
        return line

    def _lines(self, row: Entry) -> Text:
        """Return the lines of a comparison."""
        marks = ("✓" if row.number in self._marked else " ") + ("●" if row.session == self._session else " ")
        cells = zip(self._cells(row, time.time(), dated=self._dated), self._widths, strict=True)
        title, session, *others = (fitted(text, width) for text, width in cells if width)
        first = Text.assemble(f"{marks} ", (title, "bold"), BETWEEN, session, BETWEEN, BETWEEN.join(others))
        outcome, settings = self._desk.known(row), self._settings_of(row)
        verdict = Text(f"{INDENT}{printable(outcome.verdict) if outcome else WAITS}", "" if row.asked else "red")
        lines = [first, verdict]
        if self._lines_each == 2:
            verdict.pad_right(VERDICT - verdict.cell_len)
            verdict.append(f"{BETWEEN}{settings}", "dim")
        else:
            lines.append(Text(f"{INDENT}{settings}", "dim"))
        for line in lines:
            line.truncate(self._room, overflow="ellipsis")
        return Text("\n").join(lines)

    def _settings_of(self, row: Entry) -> str:
        if row.number not in self._settings:
            self._settings[row.number] = printable(", ".join(row.settings))
        return self._settings[row.number]

    def _judge_what_is_seen(self) -> None:
        """Work out the verdicts on the screen that are not known as the trials are now."""
        if self._unjudged is not None and not self._working:
            self._working = True
            self._judge()

    @property
    def _unjudged(self) -> Entry | None:
        if not self.seen:
            return None
        shown, first = self._shown, int(self.list.scroll_y) // self._lines_each
        last = first + self.size.height // self._lines_each + 1
        return next((row for row in shown[first : last + 1] if self._desk.unjudged(row)), None)

    @work(group="judge")
    async def _judge(self) -> None:
        try:
            while (row := self._unjudged) is not None:
                await self._desk.judge(row)
                self._fill_one(row)
        finally:
            self._working = False

    def _fill_one(self, row: Entry) -> None:
        """Show what came of one comparison; all are written anew only where a column gets wider."""
        before = self._widths
        self._fit(self._shown)
        if before != self._widths:
            self._fill()
        elif str(row.number) in [option.id for option in self.list.options]:
            self.list.replace_option_prompt(str(row.number), self._lines(row))

    # What a person does

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open what was clicked or chosen with enter."""
        event.stop()
        self.action_open()

    def action_open(self) -> None:
        """Show the comparison under the cursor again: its curves, scores and settings, in its session."""
        if name := self._empty_under_cursor:
            self.post_message(self.Open(name))
        elif row := self._under_cursor:
            if any(one.asked is None for one in self.rows if one.session == row.session):
                self.notify(f"The session {row.session} cannot be opened. {DAMAGED}", severity="error", markup=False)
            else:
                self.post_message(self.Open(row.session, row.number))

    def action_mark(self) -> None:
        """Mark the comparison under the cursor, or unmark it."""
        if row := self._under_cursor:
            self._marked ^= {row.number}
            self._fill()

    def action_compare(self) -> None:
        """Say what differs between the marked comparisons; if only one is marked, between it and the one under the
        cursor."""
        pointed = {self._under_cursor.number} if self._under_cursor else set()
        numbers = self._marked if len(self._marked & {row.number for row in self.rows}) > 1 else self._marked | pointed
        chosen = [row for row in reversed(self.rows) if row.number in numbers]
        if len(chosen) < 2:
            self.notify(self._keys.fill_in(TOO_FEW), markup=False)
        elif any(row.asked is None for row in chosen):
            self.notify(f"One of them cannot be read. {DAMAGED}", severity="error", markup=False)
        else:
            self._compare(chosen)

    @work(exclusive=True, group="sessions")
    async def _compare(self, chosen: list[Entry]) -> None:
        try:
            lines = await self._desk.compare(chosen, time.time())
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.app.push_screen(TextDialog(counted(len(chosen), "comparison"), lines, self._keys))

    def action_begin(self) -> None:
        """Ask for the name of a session to begin."""
        taken = {row.session for row in self.rows}
        dialog = NewSessionDialog(taken | {self._session}, self._keys)
        self.app.push_screen(dialog, lambda name: self._begin(name) if name else None)

    def _begin(self, name: str) -> None:
        self.post_message(self.Open(name))

    def action_rename(self) -> None:
        """Ask for another name of the session under the cursor."""
        if row := self._under_cursor:
            name = row.session
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
        if name == self._session:
            self.post_message(self.Open(new.strip()))
        self.reread()

    def action_resume(self) -> None:
        """Train what was stopped or failed in the session under the cursor."""
        if row := self._under_cursor:
            self._resume(row.session)

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
        if row := self._under_cursor:
            self._ask_to_delete(row.session)

    @work(exclusive=True, group="sessions")
    async def _ask_to_delete(self, name: str) -> None:
        try:
            row = next((one for one in await self._desk.sessions() if one.name == name), None)
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        if row:
            comparisons = sum(one.session == name for one in self.rows)
            holds = f"{counted(comparisons, 'comparison')} and {counted(row.trials, 'trial')}"
            question = f"Delete the session {row.name} with {holds}?"
            going = "It is still being trained, which is stopped. " if row.ended < row.trials else ""
            question = f"{question} {going}Trials that other sessions hold stay."
            dialog = ConfirmDialog(question, "delete it", self._keys)
            self.app.push_screen(dialog, lambda sure: self._answered(name, sure=sure))

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
        self.reread()
        if name == self._session:
            self.post_message(self.Open(name))  # afresh: it begins anew when something is asked for


def _progress(outcome: Outcome) -> str:
    """Say how far a comparison's trials are, "" where all have ended by themselves."""
    if outcome.ended == outcome.trials:
        return ""
    stopped = f", {outcome.stopped} stopped" if outcome.stopped else ""
    return f"{outcome.ended}/{outcome.trials} trials{stopped}"
