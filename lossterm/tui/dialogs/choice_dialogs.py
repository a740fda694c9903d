"""Dialogs with a few answers to choose from."""

from collections.abc import Mapping
from typing import Literal, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lossterm.tui.state.key_names import KeyNames

Answer = TypeVar("Answer")

Leaving = Literal["leave", "stop", "stay"]


class ChoiceDialog(ModalScreen[Answer]):
    """Asks a question; answered by key, cursor or mouse."""

    def __init__(self, question: str, answers: Mapping[str, tuple[str, Answer]], keys: KeyNames) -> None:
        """`answers` are what a binding stands for, in words and as what is answered; the first is under the cursor."""
        super().__init__()
        self._question, self._answers, self._keys = question, answers, keys.of(type(self))

    def compose(self) -> ComposeResult:
        """Lay out question and answers."""
        with Vertical(classes="dialog"):
            yield Static(self._question, markup=False)
            options = [Option(f"{self._keys[one]}  {words}", one) for one, (words, _) in self._answers.items()]
            yield OptionList(*options, compact=True)

    def action_choose(self, binding: str) -> None:
        """Answer by key."""
        self.dismiss(self._answers[binding][1])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer by cursor or mouse."""
        event.stop()
        self.action_choose(str(event.option_id))


class QuitDialog(ChoiceDialog[Leaving]):
    """Asks what happens to the training when the app is left."""

    PLACE = "when it is asked what becomes of the training"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding(
            "l", "choose('quit.leave')", "Leave running", id="quit.leave", tooltip="Leave the app; training goes on"
        ),
        Binding("s", "choose('quit.stop')", "Stop", id="quit.stop", tooltip="Stop the training, then leave"),
        Binding("c,escape", "choose('quit.stay')", "Cancel", id="quit.stay", tooltip="Stay in the app"),
    ]

    ANSWERS: Mapping[str, tuple[str, Leaving]] = {
        "quit.leave": ("leave it running, and come back later", "leave"),
        "quit.stop": ("stop it and keep what is there", "stop"),
        "quit.stay": ("cancel: stay here", "stay"),
    }

    def __init__(self, keys: KeyNames) -> None:
        super().__init__("Training is still going on.", self.ANSWERS, keys)


class ConfirmDialog(ChoiceDialog[bool]):
    """Asks before something that cannot be undone."""

    PLACE = "when it is asked whether something is to be done"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("y", "choose('confirm.yes')", "Yes", id="confirm.yes", tooltip="Do it"),
        Binding("n,escape", "choose('confirm.no')", "No", id="confirm.no", tooltip="Leave everything as it is"),
    ]

    def __init__(self, question: str, does: str, keys: KeyNames) -> None:
        """`does` is what a yes does, in words."""
        answers = {"confirm.no": ("no, leave it", False), "confirm.yes": (f"yes, {does}", True)}
        super().__init__(question, answers, keys)
