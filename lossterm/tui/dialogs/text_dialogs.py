"""Dialogs with a field to write into."""

from collections.abc import Collection, Iterable

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from lossterm.errors import LosstermError, UsageError
from lossterm.losses import Loss, loss_named
from lossterm.store import session_name
from lossterm.tui.state.key_names import KeyNames


class AskDialog(ModalScreen[str | None]):
    """Asks for a text; answers with what `read` makes of it, None where it was left."""

    def __init__(self, title: str, written: str, about: Iterable[str], keys: str) -> None:
        """`written` stands in the field at first, `about` beneath it; `keys` says which key does what."""
        super().__init__()
        self._title, self._written, self._about, self._keys = title, written, list(about), keys

    def compose(self) -> ComposeResult:
        """Lay out the field and the explanation."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Text(self._title)
            yield Input(self._written, compact=True)
            for line in self._about:
                yield Static(line, markup=False, classes="about")
            yield Static(self._keys, id="wrong", markup=False)

    def read(self, text: str) -> str:
        """Return the answer that a text stands for. Raises LosstermError with a sentence."""
        return text

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer, or say what is wrong with what was typed."""
        event.stop()
        try:
            self.dismiss(self.read(event.value))
        except LosstermError as error:
            message = self.query_one("#wrong", Static)
            message.update(Text(str(error)))
            message.add_class("-visible")


class VaryDialog(AskDialog):
    """Asks for a loss's parameters; answers with the key of the loss that has them."""

    PLACE = "in the dialog of a loss's parameters"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape", "dismiss", "Cancel", id="vary.cancel", tooltip="Leave the loss as it is"),
    ]

    def __init__(self, loss: Loss, keys: KeyNames) -> None:
        given = [f"{name}={repr(value).removesuffix('.0')}" for name, value in loss.values.items() if value is not None]
        about = [f"{parameter.name}: {parameter.meaning}; {parameter.range}" for parameter in loss.parameters]
        written = ",".join(given) or f"{loss.parameters[0].name}="
        hint = keys.of(type(self)).fill_in("enter adds it to the list, {vary.cancel} leaves")
        super().__init__(f"Vary {loss.base}", written, about, hint)
        self._base = loss.base

    def read(self, text: str) -> str:
        """Return the key of the loss with these parameters. Raises LosstermError."""
        return loss_named(f"{self._base}:{text}").key


class NewSessionDialog(AskDialog):
    """Asks for the name of a session to begin."""

    PLACE = "in the dialog of a new session"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape", "dismiss", "Cancel", id="new.cancel", tooltip="Begin none"),
    ]

    def __init__(self, taken: Collection[str], keys: KeyNames) -> None:
        """`taken` are the names that other sessions have."""
        hint = keys.of(type(self)).fill_in("enter begins it, {new.cancel} leaves")
        about = ("What you train then goes into it; what was chosen last is not carried over.",)
        super().__init__("A new session", "", about, hint)
        self._taken = taken

    def read(self, text: str) -> str:
        """Return the name, if no other session has it. Raises UsageError."""
        name = session_name(text)
        if name in self._taken:
            raise UsageError(f"There is a session {name!r} already: choose another name.")
        return name


class RenameDialog(AskDialog):
    """Asks for a session's name."""

    PLACE = "in the dialog of a new name"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape", "dismiss", "Cancel", id="rename.cancel", tooltip="Leave the name as it is"),
    ]

    def __init__(self, name: str, keys: KeyNames) -> None:
        hint = keys.of(type(self)).fill_in("enter renames it, {rename.cancel} leaves")
        super().__init__(f"Rename {name}", name, (), hint)

    def read(self, text: str) -> str:
        """Return the name, if it is one. Raises UsageError."""
        return session_name(text)
