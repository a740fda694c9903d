"""The dialog that asks for a file: a path to write, over what is in its directory."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from lossterm.data import Preview
from lossterm.text.harmless import printable
from lossterm.tui.background import directory_listing
from lossterm.tui.background.directory_listing import DirectoryEntry
from lossterm.tui.background.table_reader import ENDINGS
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.widgets.keys_meanwhile import KeysMeanwhile

MOST_SHOWN = 300
"""Entries that are listed at once; typing a name narrows down more."""

SLOW_SECONDS = 0.3
"""Time after which the dialog says that a directory is being read."""


class PathField(Input):
    """A path; the keys that move in the list do so from here too."""

    PLACE = "in its path"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("down", "screen.step(1)", "Down", show=False, id="files.down"),
        Binding("up", "screen.step(-1)", "Up", show=False, id="files.up"),
        Binding("pagedown", "screen.step(10)", "Far down", show=False, id="files.far_down"),
        Binding("pageup", "screen.step(-10)", "Far up", show=False, id="files.far_up"),
    ]

    class Right(Message):
        """The cursor is to go on at the end of what is written."""

    class Emptied(Message):
        """Backspace was pressed where the path ends with a directory."""

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
        if event.key == "enter":  # at once: what is typed next is for what opens
            event.prevent_default()
            event.stop()
            await self.run_action("screen.submit")
            return
        at_end = self.cursor_position == len(self.value) and self.selection.is_empty
        if event.character in ("/", "~") and at_end and self.value.endswith("/"):
            self.value = (
                ""  # a path from the top, or from home, is begun: a name is neither empty nor with a tilde first
            )
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

    PLACE = "in its list of files"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("j", "cursor_down", "Down", show=False, id="files.j"),
        Binding("k", "cursor_up", "Up", show=False, id="files.k"),
        Binding("l,right", "select", "Open", show=False, id="files.in"),
        Binding("h,left,backspace", "screen.leave_directory", "Up", show=False, id="files.out"),
        Binding("slash", "screen.write", "Write", show=False, id="files.write"),
    ]

    class Typed(Message):
        """A character was typed that belongs in the path."""

        def __init__(self, sign: str) -> None:
            super().__init__()
            self.sign = sign

    async def _on_key(self, event: events.Key) -> None:
        if event.character and event.is_printable and event.character not in "hjkl/ ":
            event.stop()
            event.prevent_default()
            self.post_message(self.Typed(event.character))


class FileDialog(ModalScreen[Preview | None]):
    """Asks for a file and shows it; answers with what is taken of it, None where it was left."""

    PLACE = "in the file chooser"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape", "dismiss", "Cancel", id="files.cancel", tooltip="Bring no table"),
    ]

    ABOUT = "{app.next} completes, then goes into the list · backspace goes up"

    def __init__(self, start: Path, keys: KeyNames, preview: Callable[[str], Screen[Preview | None]]) -> None:
        """`start` is the directory that is shown first, and `preview` makes the screen that shows a file."""
        super().__init__()
        self._preview = preview
        self._start, self._keys = start, keys.of(type(self))
        self._read: Path | None = None
        self._entries: list[DirectoryEntry] = []
        self._shown: list[DirectoryEntry] = []
        self.path = PathField(directory_listing.written(start))
        self.list = FileList(id="files", compact=True)
        self.message, self.meanwhile = Static(id="wrong", markup=False), KeysMeanwhile("escape")

    def compose(self) -> ComposeResult:
        """Lay out the path, the list and the message."""
        with Vertical(classes="dialog wide tall") as dialog:
            dialog.border_title = Text("A table of your own: CSV, TSV, Parquet, NPZ")
            dialog.border_subtitle = Text(self._keys.fill_in("enter opens · {files.cancel} cancels"))
            yield self.path
            yield self.list
            yield self.message
            yield self.meanwhile

    def on_mount(self) -> None:
        """Look into the first directory."""
        self.path.cursor_position = len(self.path.value)
        self.meanwhile.hand_on(self.path)

    async def _on_key(self, event: events.Key) -> None:
        if self.focused is None:  # it was typed before the path could take it
            self.meanwhile.take(event)

    # Looking

    def on_input_changed(self, event: Input.Changed) -> None:
        """List the directory in the path, as far as it matches the partial name."""
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
        task = asyncio.ensure_future(directory_listing.in_daemon_thread(lambda: directory_listing.entries(place)))
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

    def _fill(self, message: str = "", *, wrong: bool = False) -> None:
        _, part = directory_listing.split(self.path.value)
        matches = directory_listing.matching(self._entries, part)
        self._shown = matches[:MOST_SHOWN]
        self.list.clear_options()
        self.list.add_options([self._option(one) for one in self._shown])
        if len(matches) > MOST_SHOWN:
            self.list.add_option(Option(f"… and {len(matches) - MOST_SHOWN:,} more: begin a name", disabled=True))
        can = [place for place, one in enumerate(self._shown) if one.can]
        self.list.highlighted = can[0] if can else None
        if not message and self._read is not None:
            message = self._counted(matches, part)
        self._say(message, wrong=wrong)

    def _option(self, entry: DirectoryEntry) -> Option:
        return Option(Text(printable(entry.shown), "bold" if entry.directory else ""), disabled=not entry.can)

    def _counted(self, matches: list[DirectoryEntry], part: str) -> str:
        if not matches:
            return f"Nothing here is called {printable(part)}: enter looks at a file of that very name."
        if not part and not any(one.table for one in matches):
            return f"No table is here: their names end with {', '.join(ENDINGS)}."
        return ""

    def _say(self, words: str, *, wrong: bool = False) -> None:
        self.message.update(words or self._keys.fill_in(self.ABOUT))
        self.message.set_class(wrong, "-visible")

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

    def action_submit(self) -> None:
        """Open what is under the cursor, else what is written."""
        place, part = directory_listing.split(self.path.value)
        entry = self._pointed
        if entry is not None and self._read == place:
            self._open(entry)
        else:
            self.meanwhile.keep()
            self._try(place / part)

    def _open(self, entry: DirectoryEntry) -> None:
        place, _ = directory_listing.split(self.path.value)
        if entry is directory_listing.ABOVE:
            self.action_leave_directory()
        elif entry.directory:
            self._write(directory_listing.written(place / entry.name))
        else:
            self._show(place / entry.name)

    def _show(self, path: Path) -> None:
        """Show a file on top, within the handling of the key that opens it: what is typed next is for its preview."""
        self.set_focus(None)  # or the field would take what is typed for the preview
        self.app.push_screen(self._preview(str(path)), self._taken)

    def _taken(self, shown: Preview | None) -> None:
        if shown:
            self.dismiss(shown)
        else:
            self.path.focus()

    @work(name="try", exclusive=True, group="try")
    async def _try(self, path: Path) -> None:
        """Take a file whose name is not that of a table: what is in it counts. Keys typed meanwhile are kept."""
        try:
            await self._tried(path)
        finally:
            self.meanwhile.hand_on(self.path)

    async def _tried(self, path: Path) -> None:
        try:
            kind = await directory_listing.in_daemon_thread(lambda: (path.is_dir(), path.exists()))
        except (OSError, ValueError) as error:
            self._say(f"{printable(str(path))} cannot be looked at: {error}.", wrong=True)
            return
        if kind == (True, True):
            self._write(directory_listing.written(path))
        elif kind[1]:
            self._show(path)
        else:
            self._say(f"There is no file {printable(str(path))}.", wrong=True)
