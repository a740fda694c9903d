"""The dialog that asks for network and training: what a run takes on the command line, under the same names."""

from collections.abc import Callable, Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.message import Message
from textual.reactive import var
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from lossterm.comparison.setting import NONE, Setting
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS, IN_DIALOG
from lossterm.errors import LosstermError
from lossterm.tasks import Task
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.state.network_choices import USUAL, Network

Check = Callable[[Network, str], None]
"""`(network, hidden layers as they are written)`: raises LosstermError for what cannot be trained."""

LAYERS = HYPERPARAMETERS["hidden"]
"""Asked for both here and by a field of the settings, and so passed on as it is written."""


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
        self._fields = {setting.name: _field(setting) for setting in IN_DIALOG}
        self._write(network, layers)

    def compose(self) -> ComposeResult:
        """Lay out a line for each setting: its name, its field, what it is."""
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = Text(f"Network and training on {self._record.key}")
            dialog.border_subtitle = Text(self._keys.told("{network.take} takes it · {network.cancel} cancels"))
            with Container(id="network-fields"):
                for setting in IN_DIALOG:
                    yield Label(setting.title)
                    yield self._fields[setting.name]
                    yield Label(setting.row, classes="what", markup=False)
            yield Static(self._keys.told(self.ABOUT), id="wrong", markup=False)

    def on_mount(self) -> None:
        """Begin with the layers."""
        self._fields["hidden"].focus()

    def _write(self, network: Network, layers: str) -> None:
        for setting in IN_DIALOG:
            field, value = self._fields[setting.name], network.get(setting.name, setting.default)
            text = layers if setting is LAYERS else setting.written(value)
            if isinstance(field, Input):
                field.value = text
            else:
                field.chosen = text

    def _text(self, name: str) -> str:
        field = self._fields[name]
        return field.value.strip() if isinstance(field, Input) else field.chosen

    def _read(self) -> tuple[Network, str]:
        """Return what is written. Raises OutOfRange for what has another form."""
        network = {name: value for name, value in self._network.items() if name not in self._fields}
        for setting in IN_DIALOG:
            text = self._text(setting.name)
            value = setting.read(text) if text and setting is not LAYERS else setting.default
            if setting.is_set(value):
                network[setting.name] = value
        return network, self._layers(network)

    def _layers(self, network: Network) -> str:
        """Return the hidden layers as they are written, but for those that nobody asked for beside a model."""
        layers, usual = self._text(LAYERS.name), LAYERS.written(self._record.hidden)
        if network.get("model") and not self._network.get("model") and layers == usual:
            return NONE
        if self._network.get("model") and not network.get("model") and layers == NONE:
            return usual
        return layers

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
        self._write(USUAL, LAYERS.written(self._record.hidden))


def _field(setting: Setting) -> Input | StepField:
    if setting.choices:
        return StepField(setting.name, setting.choices)
    field = Input(id=f"network-{setting.name}", compact=True)
    field.cursor_blink = False  # a blink is bytes over the link while nothing happens
    return field
