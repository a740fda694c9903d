"""Epochs, learning rate, seeds, batch size, hidden layers and protocol."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import var
from textual.widgets import Input, Label
from textual.widgets.input import Selection

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
from lossterm.comparison.setting_catalogue import IN_PANEL
from lossterm.data import Data
from lossterm.losses import is_own
from lossterm.metrics import metrics_for
from lossterm.statistics.race_levels import USUAL_CAP
from lossterm.tasks import Task, task_named
from lossterm.text.numbers import exact
from lossterm.tui.state.field_remarks import RATE, RECORDS, remark, takes
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

RATE_HELP = "The learning rate; tune tries several for each loss and judges it at its best, on validation."
PROTOCOL_HELP = "protocol: how the comparison is made; {protocol.next} takes the next one that fits the task."


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

    def write(self, text: str) -> None:
        """Show another value; what is typed next replaces it."""
        self.value = text
        if self.has_focus:
            self.select_all()

    def select_all(self) -> None:
        """Select what is written, so that typing replaces it."""
        self.selection = Selection(0, len(self.value))

    async def _on_key(self, event: events.Key) -> None:
        if event.character is not None and event.is_printable and event.character not in self._characters:
            event.prevent_default()  # and bubble: it is someone else's key
            self.select_all()  # what is typed after it is another value
            return
        await super()._on_key(event)


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
        self._fields["seeds"].write(str(DEFAULT_SEEDS))
        self._show_rates(None)
        self.watch_record(self.record)
        self._say()

    def watch_record(self, task: Task) -> None:
        """Show another task's defaults; the network stays as far as it fits."""
        self._metric = None
        self.network = network_on(self.network, task)
        for setting in IN_PANEL:
            self._fields[setting.field].write(self._usual(setting))
        self._protocol.record = task

    def _usual(self, setting: Setting) -> str:
        """Write the task's usual settings; no layers beside a custom network."""
        idle = setting.part == "layers" and "model" in self.network
        return setting.written(getattr(self.record, setting.name) if setting.of_task and not idle else setting.default)

    @property
    def hidden_layers(self) -> str:
        """The hidden layers, as they are written."""
        return self._fields["hidden"].value

    def watch_network(self) -> None:
        """Show in the border the settings that differ from the usual ones."""
        self._say()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Check what is written as it is typed."""
        event.stop()
        if name := event.input.id:
            event.input.set_class(remark(name, event.value).kind == "wrong", "-wrong")
            self._say()

    def on_descendant_focus(self) -> None:
        """Say what the field takes."""
        self._say()

    def on_descendant_blur(self) -> None:
        """Say what is wrong with what was written, if anything is."""
        self._say()

    def _say(self) -> None:
        """Say in the border what is wrong, in the field with the keys first; else what that takes, or how the network
        differs.
        """
        remarks = {name: remark(name, field.value) for name, field in self._fields.items()}
        wrong = [name for name, one in remarks.items() if one.kind == "wrong"]
        here = [name for name in remarks if self._fields[name].has_focus]
        words = differing(self.network) or self._keys.fill_in("{main.network}: more of the network")
        if said := (here if here and (not wrong or here[0] in wrong) else wrong)[:1]:
            words = remarks[said[0]].words
        if str(self.border_subtitle) != words:  # Textual paints the whole panel anew for each
            self.border_subtitle = Text(words)

    @property
    def about_field(self) -> str:
        """What the field with the keys is, and what it takes; "" where none has them."""
        for name, field in self._fields.items():
            if field.has_focus:
                about = RATE_HELP if name == RATE else f"{RECORDS[name].help}."
                return f"{name}: {about} It takes {takes(name)}."
        return PROTOCOL_HELP if self._protocol.has_focus else ""

    def take(self, network: Network, layers: str) -> None:
        """Choose another network."""
        self.network = network
        self._fields["hidden"].write(layers)

    def follow_protocol(self) -> None:
        """Show the usual rates if exactly one of the old and the new protocol tunes them; else keep what is written."""
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
        self._fields[RATE].write(TUNE if shown == RATES_TO_TUNE else ",".join(map(exact, shown)))

    def ask_for_seeds(self, seeds: int) -> None:
        """Show another number of seeds."""
        self._fields["seeds"].write(str(seeds))

    def adopt(self, comparison: Comparison, task: Task) -> None:
        """Show the settings of a comparison on its task."""
        self.record, hyperparameters = task, comparison.hyperparameters
        self.network = network_of(comparison)
        self._metric = comparison.metric
        self._protocol.chosen = comparison.protocol
        self._show_rates(comparison.learning_rates)
        self.ask_for_seeds(DEFAULT_SEEDS if comparison.cap == USUAL_CAP else comparison.most_seeds)
        for setting in IN_PANEL:
            self._fields[setting.field].write(setting.written(getattr(hyperparameters, setting.name)))

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
            field.write(written.get(name, field.value))

    def comparison(
        self,
        subject: str | Data,
        losses: tuple[str, ...],
        own: tuple[str, ...] = (),
        network: Network | None = None,
        layers: str | None = None,
        until: str | None = None,
    ) -> Comparison:
        """Return the comparison; `network` and `layers` replace the chosen ones.

        Until `settled` it is a race of at most as many seeds as are written, of USUAL_CAP if that is the usual number.
        `subject` is the task as `Comparison.ask` takes it. Raises LosstermError with a sentence that names the setting.
        """
        named = [loss for loss in losses if not is_own(loss)]
        fitting = metrics_for(self.record.kind, self.protocol, self.record.lowest)
        written = self.written if layers is None else {**self.written, "hidden": layers}
        settings = {setting.name: setting.read(written[field]) for field, setting in RECORDS.items()}
        return Comparison.ask(
            subject,
            named,
            own=own,
            metric=self._metric if self._metric in [one.key for one in fitting] else None,
            protocol=self.protocol,
            learning_rates=rates_from(written[RATE], "The learning rate"),
            **(self.network if network is None else network),
            until=until,
            **{**settings, "seeds": None if until and settings["seeds"] == DEFAULT_SEEDS else settings["seeds"]},
        )
