"""Dialogs that show information."""

from collections.abc import Iterable
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import ScrollableContainer, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from lossterm.losses import Loss, explanation
from lossterm.tui.screens.keymap import EVERY, KeyHelp
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.state.panel_help import Here

EVERYWHERE = (
    ("↑ ↓", "Move in a list, scroll the scores; {moves} do the same"),
    ("{app.next}", "Go to the next panel; {app.previous} to the one before"),
    ("ctrl+p", "Find a command by name"),
    ("{app.suspend}", "Go to the shell; fg comes back"),
)
"""Keys that the app and Textual's own widgets bind."""

LISTS = ("task", "loss", "scores")
"""What is moved in by letters too."""


class ExplainDialog(ModalScreen[None]):
    """Says what a loss is, when to use it and when not, and draws it with its slope."""

    PLACE = "in the explanation of a loss"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape,e,q", "dismiss", "Close", id="explain.close", tooltip="Close the explanation"),
    ]

    HEIGHT = 12
    WIDEST = 100

    def __init__(self, loss: Loss, keys: KeyNames) -> None:
        super().__init__()
        self._loss, self._keys = loss, keys.of(type(self))

    def compose(self) -> ComposeResult:
        """Lay out the words and the drawing."""
        from lossterm.figures import anatomy  # slow, so not before it is asked for

        width = min(self.app.size.width, self.WIDEST) - 10
        known = anatomy.drawable([self._loss])
        words = Text("\n".join(explanation.lines(self._loss, width)))
        with VerticalScroll(classes="dialog wide") as dialog:
            dialog.border_title = Text(f"{self._loss.key}: {self._loss.title}")
            dialog.border_subtitle = Text(self._keys.fill_in("↓ drawing · {explain.close} closes"))
            yield Static(words, classes="about")
            if known:
                drawing = anatomy.chart(known, {}, width, self.HEIGHT, dark=self.app.current_theme.dark)
                yield Static(Text("\n").join([*drawing.lines, Text(explanation.axis(known), "dim")]))


class TextDialog(ModalScreen[None]):
    """Shows lines of text."""

    PLACE = "in a comparison of sessions"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape,q,enter", "dismiss", "Close", id="text.close", tooltip="Close it"),
    ]

    def __init__(self, title: str, lines: Iterable[str], keys: KeyNames) -> None:
        super().__init__()
        self._title, self._lines, self._keys = title, list(lines), keys.of(type(self))

    def compose(self) -> ComposeResult:
        """Lay out the lines, which scroll both ways where there is no room for them."""
        with ScrollableContainer(classes="dialog wide") as dialog:
            dialog.border_title = Text(self._title)
            dialog.border_subtitle = Text(self._keys.fill_in("{text.close} closes"))
            yield Static(Text("\n".join(self._lines), no_wrap=True), classes="as-wide")


class HelpDialog(ModalScreen[None]):
    """Lists every key with what it does."""

    PLACE = "in the help"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape,question_mark,q", "dismiss", "Close", id="help.close", tooltip="Close the help"),
    ]

    ABOUT = (
        "lossterm trains the same network once for each ticked loss and seed, and ranks the losses on metrics that are "
        "fair to all. Choose a task, tick losses, press {main.run}. Training goes on when you leave; come back with "
        "lossterm. ★ marks losses that are advised for the task's data: the scores say why."
    )

    def __init__(self, keys: Iterable[KeyHelp], config: str, names: KeyNames, here: Here | None = None) -> None:
        """`config` is the file in which keys can be changed; what is `here` is told first."""
        super().__init__()
        self._keys, self._names, self._here = list(keys), names, here
        self._config = config

    def compose(self) -> ComposeResult:
        """Lay out the text and the keys."""
        grid = Table.grid(padding=(0, 2))
        for where, those in groupby(sorted(self._keys, key=lambda one: one.where != EVERY), lambda one: one.where):
            grid.add_row("", Text(where.capitalize(), "bold"))
            for key in those:
                grid.add_row(key.key, key.does)
            for sign, does in EVERYWHERE if where == EVERY else ():
                grid.add_row(
                    self._names.fill_in(sign), self._names.fill_in(does.replace("{moves}", _moves(self._names)))
                )
        with VerticalScroll(classes="dialog wide"):
            if self._here:
                yield Static(self._told(self._here), classes="about", id="here")
            yield Static(self._names.fill_in(self.ABOUT), markup=False, classes="about")
            yield Static(grid, classes="about")
            yield Static(
                f"Keys can be changed in {self._config}; their names are listed in docs/configuration.md.", markup=False
            )

    def _told(self, here: Here) -> RenderableType:
        """Say what has the keys, what is under its cursor, and what its terms and signs mean."""
        terms = Table.grid(padding=(0, 2))
        for term in here.terms:
            terms.add_row(Text(term.short, "bold"), Text(term.says))
        words = Text("\n".join(self._names.fill_in(one) for one in here.says))
        return Group(Text(f"Here: {here.title}", "bold underline"), words, Text(), terms)


def _moves(names: KeyNames) -> str:
    """Name the letters that move in lists: `j and k`, or several such pairs where lists have different ones."""
    return " or ".join(dict.fromkeys(names.fill_in(f"{{{one}.down}} and {{{one}.up}}") for one in LISTS))
