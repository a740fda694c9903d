"""The screen that shows what a file holds before anything is trained on it, and changes how it is read."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from textwrap import wrap

from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.screen import ModalScreen
from textual.timer import Timer

from lossterm.data import FileRequest, Preview, ShownColumn, resolved
from lossterm.errors import DataError
from lossterm.text.harmless import printable
from lossterm.text.name_pattern import matches
from lossterm.text.numbers import counted
from lossterm.tui.background.table_reader import Read
from lossterm.tui.state import column_choices
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.state.sentences_with_keys import with_keys
from lossterm.tui.widgets import histogram
from lossterm.tui.widgets.changing_lines import ChangingLines, fitted
from lossterm.tui.widgets.column_list import ColumnList
from lossterm.tui.widgets.filter_box import FilterBox
from lossterm.tui.widgets.keys_meanwhile import KeysMeanwhile

DEBOUNCE_SECONDS = 0.4
"""Time after the last change from which the file is read anew."""

TICK_SECONDS = 0.5
"""Time after which the seconds of a reading are counted on."""

BESIDE = 120
"""Columns from which the words stand beside the columns of the table."""

LEVELS = 20
"""Categories that are listed for the column under the cursor."""

HIGH = 3
"""Lines of upright bars."""

TAKES, LEAVES = "{table.take} takes this table · ", "{table.leave} chooses another file"
ASKS = "Which column is to be predicted? Go to it and press {table.target}; {table.also} takes another beside it."
GUESSED = (
    "A guess: {} is to be predicted, since {}. {{table.take}} takes it so; {{table.target}} on another column predicts "
    "that, and {{table.also}} both."
)
"""The guessed target, and why it is one."""
CHOOSE = "Choose the column to predict: go to it and press {table.target}."


class Words(ChangingLines, can_focus=True):
    """The target, what was recognised, and possible problems."""

    PLACE = "in what the preview says"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("j", "scroll_down", "Down", show=False, id="words.down"),
        Binding("k", "scroll_up", "Up", show=False, id="words.up"),
    ]


class PreviewDialog(ModalScreen[Preview | None]):
    """Shows a file; answers with what is to be trained on, None to choose another."""

    PLACE = "in the preview of a table"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("t", "want('target')", "Target", id="table.target", tooltip="Predict the column under the cursor"),
        Binding("a", "want('also')", "Also", id="table.also", tooltip="Predict the column too, beside others"),
        Binding("d,space", "want('drop')", "Drop", id="table.drop", tooltip="Leave the column out, or take it back"),
        Binding("c", "want('names')", "Names", id="table.names", tooltip="Take the column's values as names"),
        Binding("g", "want('group')", "Group", id="table.group", tooltip="Keep its equal values in one split"),
        Binding("T", "want('time')", "Time", id="table.time", tooltip="Split by it, the earliest rows to train on"),
        Binding("w", "want('weight')", "Weight", id="table.weight", tooltip="Let rows weigh in training what it says"),
        Binding("K", "kind", "Kind", id="table.kind", tooltip="Take the next kind of task"),
        Binding("r", "reading", "Read", id="table.reading", tooltip="Say how it is read: thousands, missing values, …"),
        Binding("slash", "filter", "Filter", id="table.filter", tooltip="List only columns that match a pattern"),
        Binding("enter", "take", "Take", id="table.take", tooltip="Take it as the task"),
        Binding("escape", "leave", "Back", id="table.leave", tooltip="Choose another file"),
    ]

    KEYS = (
        "{table.target} target · {table.drop} drop · {table.names} names · {table.group} group · {table.time} time · "
        "{table.weight} weight · {table.kind} kind · {table.reading} read"
    )

    def __init__(self, asked: FileRequest, read: Read, keys: KeyNames, *, at_once: bool = False) -> None:
        """`read` reads the file; `at_once` takes it as soon as it is read, if it can be used."""
        super().__init__()
        self.asked, self.shown = asked, None
        self._read, self._taking = read, at_once
        self._every_key, self._keys = keys, keys.of(type(self))
        self._preview: Preview | None = None
        self._wrong = ""
        self._begun: float | None = None
        self._ticks: Timer | None = None
        self._pattern = ""
        self._guesses = not asked.target  # until a person has said anything of a target
        self._guess = ""
        self.columns, self.meanwhile = ColumnList(), KeysMeanwhile("escape")
        self.words, self.state = Words(id="words"), ChangingLines(id="state")
        self.filter = FilterBox()

    def compose(self) -> ComposeResult:
        """Lay out the columns, the words beneath or beside them, and what is being done."""
        with Vertical(classes="dialog whole") as dialog:
            dialog.border_title = Text(printable(Path(self.asked.path).name))
            dialog.border_subtitle = Text(self._keys.fill_in(f"{TAKES}{LEAVES}"))
            with Container(id="table"):
                yield self.columns
                yield self.words
            yield self.state
            yield self.meanwhile

    def on_mount(self) -> None:
        """Begin to read; keys that are pressed until there are columns are kept for them."""
        self.meanwhile.focus()
        self._ticks = self.set_interval(TICK_SECONDS, self._count)
        self._look(0.0)

    async def _on_key(self, event: events.Key) -> None:
        if self.focused is None:  # it was typed before anything here could take it
            self.meanwhile.take(event)

    # Reading

    @work(name="look", exclusive=True, group="look")
    async def _look(self, after: float) -> None:
        """Read the file with the present choices; a change meanwhile starts the reading again."""
        self._begun, self._wrong = time.monotonic(), ""
        self._say()
        await asyncio.sleep(after)
        try:
            asked = self.asked
            self._preview = await self._read(asked)
            if self.asked is asked:
                self.asked = resolved(asked, [column.name for column in self._preview.columns])
        except DataError as error:
            self._wrong = str(error)
            await self._look_plainly()
        if self._guesses and self._preview:
            await self._guess_target(self._preview)
        self._begun = None
        if self._taking and self.can_take:
            self.dismiss(self._preview)
            return
        self._taking = False
        self._show()
        self._hand_on_keys()
        can = f"{TAKES}{LEAVES}" if self.can_take else LEAVES
        self.query_one(Vertical).border_subtitle = Text(self._keys.fill_in(can))

    async def _guess_target(self, shown: Preview) -> None:
        """Read the file with the column that is most likely the target as the target, if it can be one."""
        self._guesses = False
        if self.asked.target or not shown.guess or shown.problem or shown.refused:
            return
        self._show()  # the columns, in the meantime
        self._hand_on_keys()
        guessed = column_choices.with_target(self.asked, shown.guess)
        with suppress(DataError):
            tried = await self._read(guessed)
            if tried.data is not None:
                self.asked, self._preview, self._guess = guessed, tried, GUESSED.format(shown.guess, shown.guess_why)
                self.columns.cursor = [column.name for column in tried.columns].index(shown.guess)

    def _hand_on_keys(self) -> None:
        if not self.meanwhile.over:
            self.meanwhile.hand_on(self.columns)

    async def _look_plainly(self) -> None:
        """Show the file without any choices if nothing was shown yet: the choices may be the problem."""
        plain = column_choices.plain(self.asked)
        if self._preview is None and plain != self.asked:
            with suppress(DataError):
                self._preview, self.asked = await self._read(plain), plain

    def _count(self) -> None:
        if self._begun is not None:
            self._say()

    @property
    def reading(self) -> bool:
        """Whether the file is being read."""
        return self._begun is not None

    @property
    def can_take(self) -> bool:
        """Whether there is something to train on."""
        return not self._wrong and self._preview is not None and self._preview.data is not None

    # What is shown

    @property
    def _listed(self) -> list[int]:
        every = self._preview.columns if self._preview else ()
        return [place for place, column in enumerate(every) if matches(self._pattern, column.name)]

    @property
    def _pointed(self) -> ShownColumn | None:
        """The column under the cursor."""
        listed = self._listed
        return self._preview.columns[listed[self.columns.cursor]] if self._preview and listed else None

    def on_column_list_moved(self) -> None:
        """Show of another column what has no room in its line."""
        self._tell()

    def _show(self) -> None:
        if self._preview:
            self._entitle(self._preview)
            columns = [self._preview.columns[place] for place in self._listed]
            self.columns.show(columns, [column_choices.role_of(self.asked, column) for column in columns])
        self._tell()
        self._say()

    def _entitle(self, shown: Preview) -> None:
        inputs = f", {counted(shown.features, 'input')} of the network" if shown.features else ""
        size = f"{shown.size}{inputs}"
        title = Text(f"{printable(Path(self.asked.path).name)}: {shown.form.upper()}, {size}")
        dialog = self.query_one(Vertical)
        if dialog.border_title != title.markup:  # Textual paints all of it anew for each
            dialog.border_title = title

    def on_resize(self) -> None:
        """Put the words beside the columns where there is room."""
        self.set_class(self.app.size.width >= BESIDE, "-beside")

    def on_changing_lines_resized(self) -> None:
        """Break the words anew."""
        self._tell()
        self._say()

    def _tell(self) -> None:
        width = max(self.words.size.width - 1, 20)
        lines: list[Text] = []
        if self._wrong:
            lines += [*_wrapped(self._in_keys(self._wrong), width, "bold"), Text()]
        if shown := self._preview:
            if column := self._pointed:
                lines += [*_wrapped(_described(column), width, "dim", "  "), Text()]
            if problem := shown.problem or shown.refused:
                lines += [*_wrapped(self._in_keys(problem), width, "bold"), Text()]
            if shown.target and self._guess:
                lines += _wrapped(self._keys.fill_in(self._guess), width, "bold")
            if shown.target:
                lines += _wrapped(self._in_keys(shown.target.why), width, "bold")
                lines += [*histogram.lines(shown.target, width, HIGH), Text()]
            elif not problem:
                lines += [*_wrapped(self._keys.fill_in(ASKS), width, "bold"), Text()]
            for warning in shown.warnings:
                lines += _wrapped(f"• {self._in_keys(warning)}", width, "", "  ")
            why = shown.target.why if shown.target else ""
            for sentence in (one for one in shown.said if one not in (why, shown.refused)):
                lines += _wrapped(self._in_keys(sentence), width, "dim", "  ")
        self.words.show(lines)

    def _in_keys(self, sentence: str) -> str:
        return with_keys(sentence, self._keys)

    def _say(self) -> None:
        if not self.is_mounted:
            return
        left = self._keys.fill_in(self.KEYS)
        if self._begun is not None:
            seconds = int(time.monotonic() - self._begun)
            left = f"Reading {printable(Path(self.asked.path).name)} …" + (f" {seconds} s" if seconds else "")
        elif self._preview is None:
            left = self._keys.fill_in(LEAVES)
        self.state.show([Text(fitted(left, max(self.state.size.width, 20)).rstrip(), "dim")])

    # What a person does

    def action_want(self, what: str) -> None:
        """Change what the column under the cursor is for."""
        column = self._pointed
        if column is None:
            return
        changes: dict[str, Callable[[FileRequest, str], FileRequest]] = {
            "target": column_choices.with_target,
            "also": column_choices.with_another_target,
            "drop": column_choices.with_drop,
            "names": column_choices.with_names,
            "group": column_choices.with_group,
            "time": column_choices.with_time,
            "weight": column_choices.with_weight,
        }
        self._want(changes[what](self.asked, column.name))

    def action_kind(self) -> None:
        """Take the next kind of task."""
        if self.asked.target:
            self._want(column_choices.with_next_kind(self.asked))

    def action_reading(self) -> None:
        """Ask how the file is read."""
        from lossterm.tui.dialogs.reading_dialog import ReadingDialog

        def read_so(asked: FileRequest | None) -> None:
            if asked is not None and asked != self.asked:
                self._want(asked)

        self.app.push_screen(ReadingDialog(self.asked, self._every_key), read_so)

    def _want(self, asked: FileRequest) -> None:
        self.asked, self._taking, self._guesses, self._guess = asked, False, False, ""
        self._show()
        self._look(DEBOUNCE_SECONDS)

    async def action_filter(self) -> None:
        """Ask for a pattern."""
        if not self.filter.is_attached:
            await self.query_one(Vertical).mount(self.filter, before=self.state)
        self.filter.ask()

    def on_filter_box_filtered(self, event: FilterBox.Filtered) -> None:
        """List only what matches."""
        event.stop()
        self._pattern = event.pattern
        self.columns.cursor = 0
        self._show()

    def on_filter_box_left(self, event: FilterBox.Left) -> None:
        """Give the keys back to the columns."""
        event.stop()
        self.columns.focus()

    def action_take(self) -> None:
        """Train on it; while it is being read, as soon as that is done. Else say what stands against it."""
        if self.reading:
            self._taking = True
        elif self.can_take:
            self.dismiss(self._preview)
        elif wrong := self._wrong or (self._preview and (self._preview.problem or self._preview.refused)):
            self.notify(self._in_keys(wrong), severity="warning", markup=False)
        elif self._preview:
            self.notify(self._keys.fill_in(CHOOSE), markup=False)

    def action_leave(self) -> None:
        """Leave the filter, then the file."""
        if self.filter.display:
            self.filter.drop()
        else:
            self.dismiss(None)


def _described(column: ShownColumn) -> str:
    """Say all that is known of a column."""
    words = [f"{printable(column.name)}: {column.why or column.values(LEVELS) or column.kind}"]
    words += [f"{column.share} missing"] if column.share else []
    words += [f"first {', '.join(map(printable, column.examples))}"] if column.examples else []
    return "; ".join(words)


def _wrapped(text: str, width: int, style: str, indent: str = "") -> list[Text]:
    return [Text(line, style) for line in wrap(text, width, subsequent_indent=indent)]
