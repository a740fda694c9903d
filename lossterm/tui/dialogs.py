"""What is asked and told on top of everything else."""

from typing import Literal

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

Leaving = Literal["leave", "stop", "stay"]

EVERYWHERE = (
    ("↑ ↓", "Move in a list, scroll the scores; j and k do the same"),
    ("tab", "Go to the next panel; shift+tab to the one before"),
    ("ctrl+p", "Find a command by name"),
)
"""Keys that Textual's own widgets bind."""


class QuitDialog(ModalScreen[Leaving]):
    """Asks what becomes of the training when the app is left."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("l", "choose('leave')", "Leave running", id="quit.leave", tooltip="Leave the app; training goes on"),
        Binding("s", "choose('stop')", "Stop", id="quit.stop", tooltip="Stop the training, then leave"),
        Binding("escape,c", "choose('stay')", "Cancel", id="quit.stay", tooltip="Stay in the app"),
    ]

    def compose(self) -> ComposeResult:
        """Lay out the three choices."""
        with Vertical(classes="dialog"):
            yield Static("Training is still going on.")
            yield OptionList(
                Option("l  leave it running, and come back later", "leave"),
                Option("s  stop it and keep what is there", "stop"),
                Option("c  cancel: stay here", "stay"),
                compact=True,
            )

    def action_choose(self, leaving: Leaving) -> None:
        """Answer by key."""
        self.dismiss(leaving)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer by cursor or mouse."""
        event.stop()
        answers: dict[str | None, Leaving] = {"leave": "leave", "stop": "stop"}
        self.dismiss(answers.get(event.option_id, "stay"))


class HelpDialog(ModalScreen[None]):
    """Lists every key with what it does."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape,question_mark,q", "dismiss", "Close", id="help.close", tooltip="Close the help"),
    ]

    ABOUT = (
        "lossterm trains the same network once for each ticked loss and seed, and ranks the losses on metrics that are "
        "fair to all. Choose a task, tick losses, press r. Training goes on when you leave; come back with lossterm."
    )

    def __init__(self, keys: list[tuple[str, str]]) -> None:
        super().__init__()
        self._keys = [*keys, *EVERYWHERE]

    def compose(self) -> ComposeResult:
        """Lay out the text and the keys."""
        grid = Table.grid(padding=(0, 2))
        for key, text in self._keys:
            grid.add_row(key, text)
        with VerticalScroll(classes="dialog"):
            yield Static(self.ABOUT, classes="about")
            yield Static(grid)
