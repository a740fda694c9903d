"""A line to type a pattern into; it appears when it is asked for, and stays while it holds one."""

from textual.binding import Binding
from textual.message import Message
from textual.widgets import Input

from lossterm.text.name_pattern import SIGNS, whole


class FilterBox(Input):
    """A pattern over names; while it is invalid, the last valid one stays in force."""

    PLACE = "while a filter is typed"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("enter", "keep", "Keep", id="filter.keep", tooltip="Keep the filter, and go back to the view"),
        Binding("escape", "drop", "Drop", id="filter.drop", tooltip="Drop the filter"),
    ]

    class Filtered(Message):
        """Another pattern holds."""

        def __init__(self, pattern: str) -> None:
            super().__init__()
            self.pattern = pattern

    class Left(Message):
        """The keys go back to where they came from."""

    def __init__(self) -> None:
        super().__init__(placeholder=f"filter: {SIGNS}", id="filter", compact=True)
        self.cursor_blink = False  # a blink is bytes over the link while nothing happens
        self.display = False
        self.pattern = ""

    def ask(self) -> None:
        """Appear, and take the keys."""
        self.display = True
        self.focus()

    def drop(self) -> None:
        """Clear the pattern, and hide."""
        self.value = ""
        self.display = False
        self.post_message(self.Left())

    def watch_value(self, value: str) -> None:
        """Take the pattern over as soon as it is whole."""
        self.set_class(not whole(value), "-half")
        if whole(value) and value != self.pattern:
            self.pattern = value
            self.post_message(self.Filtered(value))

    def action_keep(self) -> None:
        """Give the keys back, and hide if there is no pattern."""
        if self.value:
            self.post_message(self.Left())
        else:
            self.drop()

    def action_drop(self) -> None:
        """Clear the pattern, and hide."""
        self.drop()
