"""Epochs, learning rate, seeds, batch size, hidden layers and protocol."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import var
from textual.widgets import Input, Label

from lossterm.comparison.comparison import (
    DEFAULT_RATE,
    DEFAULT_SEEDS,
    DEFAULT_TASK,
    RATES_TO_TUNE,
    TUNE,
    Comparison,
    rates_from,
)
from lossterm.comparison.protocol_catalogue import PROTOCOLS, protocol_named
from lossterm.comparison.setting import NONE, Setting
from lossterm.comparison.setting_catalogue import IN_PANEL, OF_COMPARISON
from lossterm.data import Data
from lossterm.losses import is_own
from lossterm.metrics import metrics_for
from lossterm.tasks import Task, task_named
from lossterm.text.numbers import exact
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.state.network_choices import (
    USUAL,
    Network,
    differing,
    network_of,
    network_on,
    network_remembered,
)
from lossterm.tui.widgets.protocol_field import ProtocolField


class Field(Input):
    """An input for numbers: other keys do what they do everywhere else, so `r` runs from within a field too."""

    def __init__(self, name: str, characters: str) -> None:
        super().__init__(id=name, compact=True, select_on_focus=True)
        self.cursor_blink = False  # a blink is bytes over the link while nothing happens
        self._characters = characters

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether the field takes this key; tells the footer which bindings still work."""
        return character is not None and character in self._characters

    def _on_paste(self, event: events.Paste) -> None:
        # Before the input itself takes it.
        event.text = "".join(character for character in event.text if character in self._characters)

    async def _on_key(self, event: events.Key) -> None:
        if event.character is not None and event.is_printable and event.character not in self._characters:
            event.prevent_default()  # and bubble: it is someone else's key
            return
        if event.key == "backspace":
            # As a binding it would be handled after the characters that came with it in one burst over a slow link.
            event.stop()
            event.prevent_default()
            self.action_delete_left()
            return
        await super()._on_key(event)


RATE = "rate"
"""Name of the field for learning rates."""

RECORDS = {setting.field: setting for setting in (*IN_PANEL, OF_COMPARISON["seeds"])}
"""Name of each other field → its setting."""

_CHARACTERS: dict[Any, str] = {int: "0123456789", float: "0123456789.e-+", tuple[int, ...]: f"0123456789,{NONE}"}
"""Type of a setting's values → what may be written into its field."""

_FIRST = ("epochs", "seeds", RATE, "batch", "hidden")
"""The fields in their order; others follow."""


class SettingsPanel(Container):
    """One field per setting; the task's defaults until a person writes something else."""

    FIELDS = tuple(
        (name, f"0123456789.,e-+{TUNE[:3]}" if name == RATE else _CHARACTERS[RECORDS[name].form])
        for name in dict.fromkeys((*_FIRST, *RECORDS))
    )

    record: var[Task] = var(task_named(DEFAULT_TASK), init=False)
    """The task whose defaults are shown."""
    network: var[Network] = var(USUAL, init=False)
    """What is chosen of the network and has no field here."""

    def __init__(self, keys: KeyNames) -> None:
        super().__init__(id="settings")
        self._keys = keys
        self.border_title = "Settings"
        self._metric: str | None = None
        self._fields = {name: Field(name, characters) for name, characters in self.FIELDS}
        self._protocol = ProtocolField()

    def compose(self) -> ComposeResult:
        """Lay out a label and a field for each setting."""
        for name, field in self._fields.items():
            yield Label(name)
            yield field
        yield Label("protocol")
        yield self._protocol

    def on_mount(self) -> None:
        """Show what a run would use."""
        self._fields["seeds"].value = str(DEFAULT_SEEDS)
        self._show_rates(None)
        self.watch_record(self.record)
        self.watch_network(self.network)

    def watch_record(self, task: Task) -> None:
        """Show another task's defaults for what depends on it; the network stays, as far as it can."""
        self._metric = None
        self.network = network_on(self.network, task.kind)
        for setting in IN_PANEL:
            self._fields[setting.field].value = self._usual(setting)
        self._protocol.record = task

    def _usual(self, setting: Setting) -> str:
        """Write what is usual: the task's own, and no layers where a custom network is built."""
        idle = setting.part == "layers" and "model" in self.network
        return setting.written(getattr(self.record, setting.name) if setting.of_task and not idle else setting.default)

    @property
    def hidden_layers(self) -> str:
        """The hidden layers, as they are written."""
        return self._fields["hidden"].value

    def watch_network(self, network: Network) -> None:
        """Say in the border what differs from what is usual."""
        self.border_subtitle = Text(differing(network) or self._keys.told("{main.network}: more of the network"))

    def take(self, network: Network, layers: str) -> None:
        """Choose another network."""
        self.network = network
        self._fields["hidden"].value = layers

    def follow_protocol(self) -> None:
        """Show the rates that are usual under the other protocol, unless this is not what changed them."""
        if self._tunable != protocol_named(self.protocol).tunes:
            self._show_rates(None)

    @property
    def protocol(self) -> str:
        """Key of the protocol."""
        return self._protocol.chosen

    def _show_rates(self, rates: tuple[float, ...] | None) -> None:
        """Show learning rates, None for what is usual under the protocol."""
        self._tunable = protocol_named(self.protocol).tunes
        usual = RATES_TO_TUNE if self._tunable else (DEFAULT_RATE,)
        shown = usual if rates is None else rates
        self._fields[RATE].value = TUNE if shown == RATES_TO_TUNE else ",".join(map(exact, shown))

    def ask_for_seeds(self, seeds: int) -> None:
        """Show another number of seeds."""
        self._fields["seeds"].value = str(seeds)

    def adopt(self, comparison: Comparison, task: Task) -> None:
        """Show the settings of a comparison on its task."""
        self.record, hyperparameters = task, comparison.hyperparameters
        self.network = network_of(hyperparameters)
        self._metric = comparison.metric
        self._protocol.chosen = comparison.protocol
        self._show_rates(comparison.learning_rates)
        self.ask_for_seeds(comparison.seeds)
        for setting in IN_PANEL:
            self._fields[setting.field].value = setting.written(getattr(hyperparameters, setting.name))

    @property
    def written(self) -> dict[str, str]:
        """What is written in each field."""
        return {name: field.value for name, field in self._fields.items()}

    def write(self, written: Mapping[str, str], protocol: str, network: Network) -> None:
        """Choose a protocol and a network, and write into the fields."""
        self.network = network_remembered(network)
        if protocol in PROTOCOLS:
            self._protocol.chosen = protocol
            self._tunable = protocol_named(protocol).tunes
        for name, field in self._fields.items():
            field.value = written.get(name, field.value)

    def comparison(
        self,
        subject: str | Data,
        losses: tuple[str, ...],
        own: tuple[str, ...] = (),
        network: Network | None = None,
        layers: str | None = None,
    ) -> Comparison:
        """Return what is asked for; `network` and `layers` stand in for those that are chosen.

        `subject` is the task as `Comparison.ask` takes it. Raises LosstermError with a sentence that names the setting.
        """
        named = [loss for loss in losses if not is_own(loss)]
        fitting = metrics_for(self.record.kind, self.protocol, self.record.lowest)
        written = self.written if layers is None else {**self.written, "hidden": layers}
        return Comparison.ask(
            subject,
            named,
            own=own,
            metric=self._metric if self._metric in [one.key for one in fitting] else None,
            protocol=self.protocol,
            learning_rates=rates_from(written[RATE], "The learning rate"),
            **(self.network if network is None else network),
            **{setting.name: setting.read(written[field]) for field, setting in RECORDS.items()},
        )
