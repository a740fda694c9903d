"""The dialog that asks for a file: a path to write, over what is in its directory."""

import asyncio
from pathlib import Path
from typing import Any

from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from lossterm.text.harmless import printable
from lossterm.tui.background import directory_listing
from lossterm.tui.background.directory_listing import DirectoryEntry
from lossterm.tui.background.table_reader import ENDINGS
from lossterm.tui.state.key_names import KeyNames

MOST_SHOWN = 300
"""Entries that are listed at once: of more, a begun name finds what is wanted."""

SLOW_SECONDS = 0.3
"""Time after which it is said that a directory is being read."""


class PathField(Input):
    """A path; the keys that move in the list do so from here too."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("down", "screen.step(1)", "Down", show=False, id="files.down"),
        Binding("up", "screen.step(-1)", "Up", show=False, id="files.up"),
        Binding("pagedown", "screen.step(10)", "Far down", show=False, id="files.far_down"),
        Binding("pageup", "screen.step(-10)", "Far up", show=False, id="files.far_up"),
    ]

    class Right(Message):
        """The cursor is to go on at the end of what is written."""

    class Emptied(Message):
        """What is left of the path ends a directory, and one more sign was to be taken away."""

    def __init__(self, written: str) -> None:
        super().__init__(written, compact=True, select_on_focus=False)
        self.cursor_blink = False  # a blink is bytes over the link while nothing happens

    def _on_paste(self, event: events.Paste) -> None:
        # Of what is pasted, the first line that a path can be.
        event.text = next((line for line in event.text.splitlines() if line.strip()), "").strip().strip("'\"")
        event.text = "".join(sign for sign in event.text if sign.isprintable())
        if event.text.startswith(("/", "~")):
            self.value = ""

    async def _on_key(self, event: events.Key) -> None:
        at_end = self.cursor_position == len(self.value) and self.selection.is_empty
        if event.key == "right" and at_end:
            event.prevent_default()
            event.stop()
            self.post_message(self.Right())
        elif event.key == "backspace" and at_end and self.value.endswith("/") and len(self.value) > 1:
            event.prevent_default()
            event.stop()
            self.post_message(self.Emptied())
        else:
            await super()._on_key(event)


class FileList(OptionList):
    """What is in the directory; letters that move nothing go on in the path."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("j", "cursor_down", "Down", show=False, id="files.j"),
        Binding("k", "cursor_up", "Up", show=False, id="files.k"),
        Binding("l,right", "select", "Open", show=False, id="files.in"),
        Binding("h,left,backspace", "screen.leave_directory", "Up", show=False, id="files.out"),
        Binding("slash", "screen.write", "Write", show=False, id="files.write"),
    ]

    class Typed(Message):
        """A sign was typed that belongs into the path."""

        def __init__(self, sign: str) -> None:
            super().__init__()
            self.sign = sign

    async def _on_key(self, event: events.Key) -> None:
        if event.character and event.is_printable and event.character not in "hjkl/ ":
            event.stop()
            event.prevent_default()
            self.post_message(self.Typed(event.character))


class FileDialog(ModalScreen[str | None]):
    """Asks for a file; answers with its absolute path, None where it was left."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape", "dismiss", "Cancel", id="files.cancel", tooltip="Bring no table"),
    ]

    ABOUT = "{app.next} completes, then goes into the list · backspace goes up"

    def __init__(self, start: Path, keys: KeyNames) -> None:
        """`start` is the directory that is shown first."""
        super().__init__()
        self._start, self._keys = start, keys.of(type(self))
        self._read: Path | None = None
        self._entries: list[DirectoryEntry] = []
        self._shown: list[DirectoryEntry] = []
        self.path = PathField(directory_listing.written(start))
        self.list = FileList(id="files", compact=True)
        self.said = Static(id="wrong", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the path, the list and what there is to say."""
        with Vertical(classes="dialog wide tall") as dialog:
            dialog.border_title = Text("A table of your own: CSV, TSV, Parquet, NPZ")
            dialog.border_subtitle = Text(self._keys.told("enter opens · {files.cancel} cancels"))
            yield self.path
            yield self.list
            yield self.said

    def on_mount(self) -> None:
        """Look into the first directory."""
        self.path.focus()
        self.path.cursor_position = len(self.path.value)

    # Looking

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look into the directory that is written now, and list what matches the begun name."""
        event.stop()
        self._look()

    def _look(self) -> None:
        place, _ = directory_listing.split(self.path.value)
        if place == self._read:
            self._fill()
        else:
            self._look_into(place)

    @work(name="directory", exclusive=True, group="directory")
    async def _look_into(self, place: Path) -> None:
        self._read, self._entries = None, []
        name = printable(place.name or str(place))  # the way there stands in the field
        task = asyncio.ensure_future(directory_listing.apart(lambda: directory_listing.entries(place)))
        try:
            done, _ = await asyncio.wait({task}, timeout=SLOW_SECONDS)
            if not done:
                self._fill(f"Reading {name} …")
            self._entries = await task
        except FileNotFoundError:
            self._fill(f"There is no directory {name}.", wrong=True)
            return
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            self._fill(f"{name} cannot be looked into: {why}.", wrong=True)
            return
        finally:
            task.cancel()
        self._read = place
        self._fill()

    def _fill(self, said: str = "", *, wrong: bool = False) -> None:
        _, part = directory_listing.split(self.path.value)
        found = directory_listing.matching(self._entries, part)
        self._shown = found[:MOST_SHOWN]
        self.list.clear_options()
        self.list.add_options([self._option(one) for one in self._shown])
        if len(found) > MOST_SHOWN:
            self.list.add_option(Option(f"… and {len(found) - MOST_SHOWN:,} more: begin a name", disabled=True))
        can = [place for place, one in enumerate(self._shown) if one.can]
        self.list.highlighted = can[0] if can else None
        if not said and self._read is not None:
            said = self._counted(found, part)
        self._say(said, wrong=wrong)

    def _option(self, entry: DirectoryEntry) -> Option:
        return Option(Text(printable(entry.shown), "bold" if entry.directory else ""), disabled=not entry.can)

    def _counted(self, found: list[DirectoryEntry], part: str) -> str:
        if not found:
            return f"Nothing here is called {printable(part)}: enter looks at a file of that very name."
        if not part and not any(one.table for one in found):
            return f"No table is here: their names end with {', '.join(ENDINGS)}."
        return ""

    def _say(self, words: str, *, wrong: bool = False) -> None:
        self.said.update(words or self._keys.told(self.ABOUT))
        self.said.set_class(wrong, "-said")

    # What a person does

    def action_step(self, by: int) -> None:
        """Move in the list from within the path."""
        for _ in range(abs(by)):
            if by > 0:
                self.list.action_cursor_down()
            else:
                self.list.action_cursor_up()

    def action_write(self) -> None:
        """Go on in the path."""
        self.path.focus()
        self.path.cursor_position = len(self.path.value)

    def on_file_list_typed(self, event: FileList.Typed) -> None:
        """Go on in the path with what was typed."""
        self.action_write()
        self.path.insert_text_at_cursor(event.sign)

    def focus_next(self, selector: Any = "*") -> Widget | None:
        """Complete what is written, and only then go on to the list."""
        if self.focused is self.path and self._complete():
            return self.path
        return super().focus_next(selector)

    def on_path_field_right(self) -> None:
        """Complete what is written, else open the directory under the cursor."""
        entry = self._pointed
        if not self._complete() and entry is not None and entry.directory:
            self._open(entry)

    def on_path_field_emptied(self) -> None:
        """Go up."""
        self.action_leave_directory()

    def _complete(self) -> bool:
        _, part = directory_listing.split(self.path.value)
        whole = directory_listing.completed(self._entries, part) if part else ""
        if not whole or whole == part:
            return False
        self._write(f"{self.path.value.removesuffix(part)}{whole}")
        return True

    def _write(self, text: str) -> None:
        self.path.value = text
        self.path.cursor_position = len(text)

    def action_leave_directory(self) -> None:
        """Go to the directory above."""
        place, _ = directory_listing.split(self.path.value)
        self._write(directory_listing.written(place.parent))

    @property
    def _pointed(self) -> DirectoryEntry | None:
        place = self.list.highlighted
        return self._shown[place] if place is not None and place < len(self._shown) else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open what is under the cursor or was clicked."""
        event.stop()
        self._open(self._shown[event.option_index])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Open what is under the cursor, else what is written."""
        event.stop()
        place, part = directory_listing.split(event.value)
        entry = self._pointed
        if entry is not None and self._read == place:
            self._open(entry)
        else:
            self._try(place / part)

    def _open(self, entry: DirectoryEntry) -> None:
        place, _ = directory_listing.split(self.path.value)
        if entry is directory_listing.ABOVE:
            self.action_leave_directory()
        elif entry.directory:
            self._write(directory_listing.written(place / entry.name))
        else:
            self.dismiss(str(place / entry.name))

    @work(name="try", exclusive=True, group="try")
    async def _try(self, path: Path) -> None:
        """Take a file whose name is not that of a table: what is in it counts."""
        try:
            kind = await directory_listing.apart(lambda: (path.is_dir(), path.exists()))
        except (OSError, ValueError) as error:
            self._say(f"{printable(str(path))} cannot be looked at: {error}.", wrong=True)
            return
        if kind == (True, True):
            self._write(directory_listing.written(path))
        elif kind[1]:
            self.dismiss(str(path))
        else:
            self._say(f"There is no file {printable(str(path))}.", wrong=True)
