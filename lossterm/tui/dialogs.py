"""What is asked and told on top of everything else."""

import importlib
from collections.abc import Iterable
from typing import Literal

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from lossterm import explain
from lossterm.errors import LosstermError
from lossterm.losses import Loss, loss_named

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


class ExplainDialog(ModalScreen[None]):
    """Says what a loss is, when to use it and when not, and draws it with its slope."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape,e,q", "dismiss", "Close", id="explain.close", tooltip="Close the explanation"),
    ]

    HEIGHT = 12
    WIDEST = 100

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        self._loss = loss

    def compose(self) -> ComposeResult:
        """Lay out the words and the drawing."""
        anatomy = importlib.import_module("lossterm.anatomy")  # slow, so not before it is asked for
        width = min(self.app.size.width, self.WIDEST) - 10
        known = anatomy.drawable([self._loss])
        words = Text("\n".join(explain.lines(self._loss, width)))
        with VerticalScroll(classes="dialog wide") as dialog:
            dialog.border_title = Text(f"{self._loss.key}: {self._loss.title}")
            dialog.border_subtitle = "↓ drawing · esc closes"
            yield Static(words, classes="about")
            if known:
                drawn = anatomy.lines(known, {}, width, self.HEIGHT, dark=self.app.current_theme.dark)
                yield Static(Text("\n").join([*drawn, Text(explain.axis(known), "dim")]))


class VaryDialog(ModalScreen[str | None]):
    """Asks for a loss's parameters; answers with the key of the loss that has them."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape", "dismiss", "Cancel", id="vary.cancel", tooltip="Leave the loss as it is"),
    ]

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        self._loss = loss

    def compose(self) -> ComposeResult:
        """Lay out the field, and what each parameter does."""
        given = ",".join(
            f"{name}={repr(value).removesuffix('.0')}" for name, value in self._loss.values.items() if value is not None
        )
        first = self._loss.parameters[0].name
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Text(f"Vary {self._loss.base}")
            yield Input(given or f"{first}=", compact=True)
            for parameter in self._loss.parameters:
                yield Static(f"{parameter.name}: {parameter.meaning}; {parameter.range}", markup=False, classes="about")
            yield Static("enter adds it to the list, esc leaves", id="wrong", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer, or say what is wrong with what was typed."""
        event.stop()
        try:
            self.dismiss(loss_named(f"{self._loss.base}:{event.value}").key)
        except LosstermError as error:
            said = self.query_one("#wrong", Static)
            said.update(Text(str(error)))
            said.add_class("-said")


class HelpDialog(ModalScreen[None]):
    """Lists every key with what it does."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape,question_mark,q", "dismiss", "Close", id="help.close", tooltip="Close the help"),
    ]

    ABOUT = (
        "lossterm trains the same network once for each ticked loss and seed, and ranks the losses on metrics that are "
        "fair to all. Choose a task, tick losses, press r. Training goes on when you leave; come back with lossterm."
    )

    def __init__(self, holders: Iterable[type[DOMNode]]) -> None:
        """`holders` are the classes whose keys are told, in that order."""
        super().__init__()
        bindings = [binding for holder in holders for binding in holder.BINDINGS if isinstance(binding, Binding)]
        keys = [(one.key.split(",")[0].replace("question_mark", "?"), one.tooltip) for one in bindings if one.tooltip]
        self._keys = [*keys, *EVERYWHERE]

    def compose(self) -> ComposeResult:
        """Lay out the text and the keys."""
        grid = Table.grid(padding=(0, 2))
        for key, text in self._keys:
            grid.add_row(key, text)
        with VerticalScroll(classes="dialog"):
            yield Static(self.ABOUT, classes="about")
            yield Static(grid)
