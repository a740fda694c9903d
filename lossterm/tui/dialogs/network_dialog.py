"""The dialog that asks for network and training: what a run takes on the command line, under the same names."""

from collections.abc import Callable, Sequence

import msgspec
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.message import Message
from textual.reactive import var
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from lossterm.comparison.hyperparameters import ACTIVATIONS, CLASS_WEIGHTS, NO_LAYERS, OPTIMIZERS, SCHEDULES
from lossterm.errors import LosstermError, OutOfRange
from lossterm.tasks import Task
from lossterm.tui.panels.settings_panel import written_layers
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.state.network_choices import Network

Check = Callable[[Network, str], None]
"""`(network, hidden layers as they are written)`: raises LosstermError for what cannot be trained."""

NO = "none"
"""What stands for no class weight."""

OFF, ON = "off", "on"

FIELDS: tuple[tuple[str, Sequence[str], str], ...] = (
    ("hidden", (), f"units of each layer, as 50,20, or {NO_LAYERS}"),
    ("activation", ACTIVATIONS, "of the hidden layers"),
    ("dropout", (), "share of hidden units left out, 0 to below 1"),
    ("batch_norm", (OFF, ON), "normalise over the batch"),
    ("l2", (), "factor of the squared weights, as 1e-4"),
    ("optimizer", OPTIMIZERS, "how weights are updated"),
    ("schedule", SCHEDULES, "how the learning rate falls"),
    ("early_stopping", (), "epochs without a better validation loss"),
    ("class_weight", (NO, *CLASS_WEIGHTS), "train as if classes were equally frequent"),
    ("model", (), "FILE.py:NAME of a function (features, outputs)"),
)
"""Of each setting its name, the words it may be (none: it is written), and what it is."""


class StepField(Static, can_focus=True):
    """One of some words; space takes the next."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("space,right,l", "step(1)", "Next", show=False, id="network.next", tooltip="Take the next word"),
        Binding("left,h", "step(-1)", "Last", show=False, id="network.last", tooltip="Take the word before"),
    ]

    chosen: var[str] = var("", init=False)
    """The word."""

    class Stepped(Message):
        """Another word is chosen."""

    def __init__(self, name: str, words: Sequence[str]) -> None:
        super().__init__(words[0], id=f"network-{name}", markup=False)
        self._words = tuple(words)
        self.set_reactive(StepField.chosen, words[0])

    def watch_chosen(self, chosen: str) -> None:
        """Show it, and say so."""
        self.update(chosen)
        self.post_message(self.Stepped())

    def action_step(self, by: int) -> None:
        """Take another word."""
        place = self._words.index(self.chosen) if self.chosen in self._words else 0
        self.chosen = self._words[(place + by) % len(self._words)]

    def on_click(self) -> None:
        """Do what space does."""
        self.action_step(1)


class NetworkDialog(ModalScreen[tuple[Network, str] | None]):
    """Asks for a network; answers with it and with its hidden layers as they are written."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape", "dismiss", "Cancel", id="network.cancel", tooltip="Leave the network as it is"),
        Binding("enter", "take", "Take", id="network.take", tooltip="Take this network"),
        Binding("ctrl+r", "usual", "As usual", id="network.usual", tooltip="Write what is usual into every field"),
        Binding("down", "app.focus_next", "Down", show=False, id="network.down"),
        Binding("up", "app.focus_previous", "Up", show=False, id="network.up"),
    ]

    ABOUT = "{network.next} takes the next word · {network.usual}: all as usual"

    def __init__(self, network: Network, layers: str, task: Task, check: Check, keys: KeyNames) -> None:
        super().__init__()
        self._network, self._record, self._check = network, task, check
        self._keys = keys.of(type(self), StepField)
        self._fields = {name: _field(name, words) for name, words, _ in FIELDS}
        self._write(network, layers)

    def compose(self) -> ComposeResult:
        """Lay out a line for each setting: its name, its field, what it is."""
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = Text(f"Network and training on {self._record.key}")
            dialog.border_subtitle = Text(self._keys.told("{network.take} takes it · {network.cancel} cancels"))
            with Container(id="network-fields"):
                for name, _, about in FIELDS:
                    yield Label(name.replace("_", " "))
                    yield self._fields[name]
                    yield Label(about, classes="what", markup=False)
            yield Static(self._keys.told(self.ABOUT), id="wrong", markup=False)

    def on_mount(self) -> None:
        """Begin with the layers."""
        self._fields["hidden"].focus()

    def _write(self, network: Network, layers: str) -> None:
        written: dict[str, str] = {
            "hidden": layers,
            "activation": network.activation,
            "dropout": f"{network.dropout:g}",
            "batch_norm": ON if network.batch_norm else OFF,
            "l2": f"{network.l2:g}",
            "optimizer": network.optimizer,
            "schedule": network.schedule,
            "early_stopping": "" if network.early_stopping is None else str(network.early_stopping),
            "class_weight": network.class_weight or NO,
            "model": network.model,
        }
        for name, value in written.items():
            field = self._fields[name]
            if isinstance(field, Input):
                field.value = value
            else:
                field.chosen = value

    def _text(self, name: str) -> str:
        field = self._fields[name]
        return field.value.strip() if isinstance(field, Input) else field.chosen

    def _read(self) -> tuple[Network, str]:
        """Return what is written. Raises OutOfRange for what is no number."""
        patience, model, layers = self._text("early_stopping"), self._text("model"), self._text("hidden")
        if patience and not patience.isdecimal():
            raise OutOfRange("The patience of early stopping", repr(patience), "a whole number, or empty for none")
        if model and not self._network.model and layers == written_layers(self._record.hidden):
            layers = NO_LAYERS  # nobody asked for the layers that are usual without a model
        elif self._network.model and not model and layers == NO_LAYERS:
            layers = written_layers(self._record.hidden)
        network = msgspec.structs.replace(
            self._network,
            activation=self._text("activation"),
            dropout=_number("The dropout rate", self._text("dropout")),
            batch_norm=self._text("batch_norm") == ON,
            l2=_number("The factor of the L2 penalty", self._text("l2")),
            optimizer=self._text("optimizer"),
            schedule=self._text("schedule"),
            early_stopping=int(patience) if patience else None,
            class_weight=None if (weight := self._text("class_weight")) == NO else weight,
            model=model,
        )
        return network, layers

    def action_take(self) -> None:
        """Take what is written, or say what is wrong with it."""
        try:
            network, layers = self._read()
            self._check(network, layers)
        except LosstermError as error:
            self._say(str(error))
            return
        self.dismiss((network, layers))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do what enter does everywhere here."""
        event.stop()
        self.action_take()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Take back what was said of what is no longer written."""
        event.stop()
        self._say("")

    def on_step_field_stepped(self) -> None:
        """Take back what was said of what is no longer chosen."""
        self._say("")

    def _say(self, words: str) -> None:
        if self.is_mounted:
            said = self.query_one("#wrong", Static)
            said.update(Text(words or self._keys.told(self.ABOUT)))
            said.set_class(bool(words), "-said")

    def action_usual(self) -> None:
        """Write what is usual into every field."""
        self._write(Network(), written_layers(self._record.hidden))


def _field(name: str, words: Sequence[str]) -> Input | StepField:
    if words:
        return StepField(name, words)
    field = Input(id=f"network-{name}", compact=True)
    field.cursor_blink = False  # a blink is bytes over the link while nothing happens
    return field


def _number(setting: str, text: str) -> float:
    """Read a number; empty is 0. Raises OutOfRange."""
    try:
        return float(text or 0)
    except ValueError:
        raise OutOfRange(setting, repr(text), "a number") from None
