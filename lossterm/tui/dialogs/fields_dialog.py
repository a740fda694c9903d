"""The base of dialogs that ask for several values: a line for each, with its name, its field and what it takes."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from lossterm.errors import LosstermError
from lossterm.tui.state.key_names import KeyNames

Answer = TypeVar("Answer")


class FieldLine(NamedTuple):
    """What stands in a line beside its field."""

    title: str
    """Its name."""
    about: str
    """What it takes, in a few words."""


class FieldsDialog(ModalScreen[Answer | None]):
    """Answers with what `answer` makes of the fields, None where it is left; says what is wrong with them."""

    ABOUT: ClassVar[str]
    """What is said beneath the fields while nothing is wrong."""
    LEAVES: ClassVar[str]
    """What the keys do that take the values and leave them."""

    def __init__(
        self, title: str, lines: Mapping[str, FieldLine], fields: Mapping[str, Widget], keys: KeyNames
    ) -> None:
        """`lines` and `fields` have the same names, in the order in which they stand; `keys` know the dialog's own."""
        super().__init__()
        self._title, self._lines, self._widgets, self._keys = title, lines, fields, keys

    def compose(self) -> ComposeResult:
        """Lay out a line for each value."""
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = Text(self._title)
            dialog.border_subtitle = Text(self._keys.fill_in(self.LEAVES))
            with Container(classes="fields"):
                for name, line in self._lines.items():
                    yield Label(line.title)
                    yield self._widgets[name]
                    yield Label(line.about, classes="what", markup=False)
            yield Static(self._keys.fill_in(self.ABOUT), id="wrong", markup=False)

    def on_mount(self) -> None:
        """Begin with the first field."""
        next(iter(self._widgets.values())).focus()

    def answer(self) -> Answer:
        """Return what is written. Raises LosstermError with a sentence for what cannot be meant."""
        raise NotImplementedError

    def action_take(self) -> None:
        """Answer with what is written, or say what is wrong with it."""
        try:
            answer = self.answer()
        except LosstermError as error:
            self.say(str(error))
            return
        self.dismiss(answer)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do what enter does everywhere here."""
        event.stop()
        self.action_take()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Clear the message about a text that was changed."""
        event.stop()
        self.say("")

    def say(self, words: str) -> None:
        """Say what is wrong, or again what the keys do."""
        if self.is_mounted:
            message = self.query_one("#wrong", Static)
            message.update(Text(words or self._keys.fill_in(self.ABOUT)))
            message.set_class(bool(words), "-visible")


def text_field(name: str) -> Input:
    """Return a field to write into; without a blinking cursor, which is bytes over the link while nothing happens."""
    field = Input(id=name, compact=True)
    field.cursor_blink = False
    return field
