"""The dialog that asks how a table's file is read: what `lossterm data` takes on the command line."""

from textual.binding import Binding

from lossterm.data import FileRequest
from lossterm.tui.dialogs.fields_dialog import FieldLine, FieldsDialog, text_field
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.state.table_reading import READING_OPTIONS, with_reading, written


class ReadingDialog(FieldsDialog[FileRequest]):
    """Asks how a file is read; answers with the request for it, None where it is left."""

    PLACE = "in the dialog of how a table is read"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape", "dismiss", "Cancel", id="reading.cancel", tooltip="Read the table as before"),
        Binding("enter", "take", "Take", id="reading.take", tooltip="Read the table so"),
        Binding("ctrl+r", "found", "As found", id="reading.found", tooltip="Leave all to be recognised"),
        Binding("down", "app.focus_next", "Down", show=False, id="reading.down"),
        Binding("up", "app.focus_previous", "Up", show=False, id="reading.up"),
    ]

    ABOUT = "An empty field is left to be recognised · {reading.found}: all of them"
    LEAVES = "{reading.take} reads it so · {reading.cancel} cancels"

    def __init__(self, asked: FileRequest, keys: KeyNames) -> None:
        self._asked = asked
        self._fields = {option.name: text_field(f"reading-{option.name}") for option in READING_OPTIONS}
        lines = {option.name: FieldLine(option.title, option.about) for option in READING_OPTIONS}
        super().__init__("How the table is read", lines, self._fields, keys.of(type(self)))
        self._write(written(asked))

    def _write(self, texts: dict[str, str]) -> None:
        for name, text in texts.items():
            self._fields[name].value = text

    def answer(self) -> FileRequest:
        """Return the request with what is written. Raises UsageError."""
        return with_reading(self._asked, {name: field.value for name, field in self._fields.items()})

    def action_found(self) -> None:
        """Empty every field."""
        self._write(dict.fromkeys(self._fields, ""))
