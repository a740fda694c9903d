"""The dialog that asks for network and training: what a run takes on the command line, under the same names."""

from collections.abc import Callable, Sequence
from typing import Any

from textual.binding import Binding
from textual.message import Message
from textual.reactive import var
from textual.widgets import Input, Static

from lossterm.comparison.hyperparameters import networks_for, usual_value
from lossterm.comparison.protocol import Protocol
from lossterm.comparison.setting import NONE, Setting
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS, IN_DIALOG
from lossterm.tasks import Task
from lossterm.tui.dialogs.fields_dialog import FieldLine, FieldsDialog, text_field
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.state.network_choices import USUAL, Network

Check = Callable[[Network, str], None]
"""`(network, hidden layers as they are written)`: raises LosstermError for what cannot be trained."""

LAYERS = HYPERPARAMETERS["hidden"]
"""Asked for both here and by a field of the settings, and so passed on as it is written."""


class StepField(Static, can_focus=True):
    """One of some words; space takes the next."""

    PLACE = "in a field of the network"
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


class NetworkDialog(FieldsDialog[tuple[Network, str]]):
    """Asks for a network; answers with it and with its hidden layers as they are written."""

    PLACE = "in the dialog of the network"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape", "dismiss", "Cancel", id="network.cancel", tooltip="Leave the network as it is"),
        Binding("enter", "take", "Take", id="network.take", tooltip="Take this network"),
        Binding("ctrl+r", "usual", "As usual", id="network.usual", tooltip="Write what is usual into every field"),
        Binding("down", "app.focus_next", "Down", show=False, id="network.down"),
        Binding("up", "app.focus_previous", "Up", show=False, id="network.up"),
    ]

    ABOUT = "{network.next} takes the next word · {network.usual}: all as usual"
    LEAVES = "{network.take} takes it · {network.cancel} cancels"

    def __init__(
        self, network: Network, layers: str, task: Task, protocol: Protocol, check: Check, keys: KeyNames
    ) -> None:
        self._network, self._record, self._protocol, self._check = network, task, protocol, check
        self._settings = settings_on(task)
        self._fields = {setting.name: _field(setting) for setting in self._settings}
        lines = {setting.name: FieldLine(setting.title, setting.row) for setting in self._settings}
        title = f"Network, training and verdicts on {task.key}"
        super().__init__(title, lines, self._fields, keys.of(type(self), StepField))
        self._write(network, layers)

    def _write(self, network: Network, layers: str) -> None:
        for setting in self._settings:
            field, value = self._fields[setting.name], network.get(setting.name, self._usual(setting))
            text = layers if setting is LAYERS else setting.written(value)
            if isinstance(field, Input):
                field.value = text
            else:
                field.chosen = text

    def _usual(self, setting: Setting) -> Any:
        return usual_value(setting, self._protocol, None if setting is LAYERS else self._record)

    def _text(self, name: str) -> str:
        field = self._fields[name]
        return field.value.strip() if isinstance(field, Input) else field.chosen

    def _read(self) -> tuple[Network, str]:
        """Return what is written. Raises OutOfRange for what has another form."""
        network = {name: value for name, value in self._network.items() if name not in self._fields}
        for setting in self._settings:
            text, usual = self._text(setting.name), self._usual(setting)
            value = setting.read(text) if text and setting is not LAYERS else usual
            if value != usual:
                network[setting.name] = value
        return network, self._layers(network)

    def _layers(self, network: Network) -> str:
        """Return the hidden layers as typed; taking or leaving a custom network swaps the usual ones and none."""
        layers, usual = self._text(LAYERS.name), LAYERS.written(self._record.hidden)
        if network.get("model") and not self._network.get("model") and layers == usual:
            return NONE
        if self._network.get("model") and not network.get("model") and layers == NONE:
            return usual
        return layers

    def answer(self) -> tuple[Network, str]:
        """Return what is written, if it can be trained. Raises LosstermError."""
        network, layers = self._read()
        self._check(network, layers)
        return network, layers

    def on_mount(self) -> None:
        """Begin with the layers."""
        self._fields["hidden"].focus()

    def on_step_field_stepped(self) -> None:
        """Clear the message about a choice that was changed."""
        self.say("")

    def action_usual(self) -> None:
        """Write what is usual into every field."""
        self._write(USUAL, LAYERS.written(self._record.hidden))


def settings_on(task: Task) -> tuple[Setting, ...]:
    """Return the settings that there is something to choose of on a task."""
    possible = networks_for(task)
    return tuple(
        setting
        for setting in IN_DIALOG
        if {*possible} & {*(setting.networks or possible)} and (setting.name != "network" or len(possible) > 1)
    )


def _field(setting: Setting) -> Input | StepField:
    if setting.choices:
        return StepField(setting.name, setting.choices)
    return text_field(f"network-{setting.name}")
