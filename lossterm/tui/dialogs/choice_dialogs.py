"""Dialogs with a few answers to choose from."""

from collections.abc import Mapping
from typing import Literal, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

Answer = TypeVar("Answer")

Leaving = Literal["leave", "stop", "stay"]


class ChoiceDialog(ModalScreen[Answer]):
    """Puts a question; answered by key, cursor or mouse."""

    def __init__(self, question: str, answers: Mapping[str, tuple[str, Answer]]) -> None:
        """`answers` are what a key stands for, in words and as what is answered; the first is under the cursor."""
        super().__init__()
        self._question, self._answers = question, answers

    def compose(self) -> ComposeResult:
        """Lay out question and answers."""
        with Vertical(classes="dialog"):
            yield Static(self._question, markup=False)
            options = [Option(f"{key}  {words}", key) for key, (words, _) in self._answers.items()]
            yield OptionList(*options, compact=True)

    def action_choose(self, key: str) -> None:
        """Answer by key."""
        self.dismiss(self._answers[key][1])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer by cursor or mouse."""
        event.stop()
        self.action_choose(str(event.option_id))


class QuitDialog(ChoiceDialog[Leaving]):
    """Asks what becomes of the training when the app is left."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("l", "choose('l')", "Leave running", id="quit.leave", tooltip="Leave the app; training goes on"),
        Binding("s", "choose('s')", "Stop", id="quit.stop", tooltip="Stop the training, then leave"),
        Binding("escape,c", "choose('c')", "Cancel", id="quit.stay", tooltip="Stay in the app"),
    ]

    ANSWERS: Mapping[str, tuple[str, Leaving]] = {
        "l": ("leave it running, and come back later", "leave"),
        "s": ("stop it and keep what is there", "stop"),
        "c": ("cancel: stay here", "stay"),
    }

    def __init__(self) -> None:
        super().__init__("Training is still going on.", self.ANSWERS)


class ConfirmDialog(ChoiceDialog[bool]):
    """Asks before something that cannot be undone."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("y", "choose('y')", "Yes", id="confirm.yes", tooltip="Do it"),
        Binding("escape,n", "choose('n')", "No", id="confirm.no", tooltip="Leave everything as it is"),
    ]

    def __init__(self, question: str, does: str) -> None:
        """`does` is what a yes does, in words."""
        super().__init__(question, {"n": ("no, leave it", False), "y": (f"yes, {does}", True)})
