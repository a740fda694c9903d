"""The protocol field, which steps through the protocols that fit the task."""

from textual.binding import Binding
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from lossterm.comparison.comparison import DEFAULT_TASK
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL, protocols_for
from lossterm.tasks import Task, task_named


class ProtocolField(Static, can_focus=True):
    """Shows the chosen protocol; space takes the next."""

    PLACE = "in the settings"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("space", "next", "Protocol", id="protocol.next", tooltip="Take the next protocol that fits the task"),
        Binding("enter,right,left", "next", "Protocol", show=False, id="protocol.enter"),
    ]

    chosen: var[str] = var(DEFAULT_PROTOCOL, init=False)
    """Key of the protocol."""
    record: var[Task] = var(task_named(DEFAULT_TASK), init=False)
    """The task that it must fit."""

    class Chosen(Message):
        """Another protocol is chosen."""

        def __init__(self, protocol: str) -> None:
            super().__init__()
            self.protocol = protocol

    def __init__(self) -> None:
        super().__init__(DEFAULT_PROTOCOL, id="protocol", markup=False)

    @property
    def _fitting(self) -> list[str]:
        return [protocol.key for protocol in protocols_for(self.record)]

    def watch_record(self) -> None:
        """Fall back to the default where the chosen one does not fit the task."""
        if self.chosen not in self._fitting:
            self.chosen = DEFAULT_PROTOCOL

    def watch_chosen(self, chosen: str) -> None:
        """Show it, and say so."""
        self.update(chosen)
        self.post_message(self.Chosen(chosen))

    def on_click(self) -> None:
        """Do what space does."""
        self.action_next()

    def action_next(self) -> None:
        """Take the next protocol that fits the task."""
        fitting = self._fitting
        self.chosen = fitting[(fitting.index(self.chosen) + 1) % len(fitting)]
