"""Epochs, learning rate, seeds, batch size, hidden layers and protocol."""

from collections.abc import Mapping
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import var
from textual.widgets import Input, Label

from lossterm.comparison import (
    DEFAULT_BATCH,
    DEFAULT_RATE,
    DEFAULT_SEEDS,
    DEFAULT_TASK,
    NO_LAYERS,
    RATES_TO_TUNE,
    TUNE,
    Comparison,
    layers_from,
    rates_from,
)
from lossterm.errors import OutOfRange
from lossterm.figures import exact
from lossterm.losses import is_own
from lossterm.metrics import metrics_for
from lossterm.protocols import PROTOCOLS, protocol_named
from lossterm.tasks import task_named
from lossterm.tui.protocol_field import ProtocolField


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


class SettingsPanel(Container):
    """One field per setting; the task's defaults until a person writes something else."""

    FIELDS = (
        ("epochs", "0123456789"),
        ("seeds", "0123456789"),
        ("rate", "0123456789.,e-+tun"),
        ("batch", "0123456789"),
        ("hidden", "0123456789,none"),
    )

    task_key: var[str] = var(DEFAULT_TASK, init=False)
    """Key of the task whose defaults are shown."""

    def __init__(self) -> None:
        super().__init__(id="settings")
        self.border_title = "Settings"
        self._without_field: dict[str, Any] = {}
        self._metric: str | None = None

    def compose(self) -> ComposeResult:
        """Lay out a label and a field for each setting."""
        for name, characters in self.FIELDS:
            yield Label(name)
            yield Field(name, characters)
        yield Label("protocol")
        yield ProtocolField()

    def on_mount(self) -> None:
        """Show what a run would use."""
        for name, value in {"seeds": DEFAULT_SEEDS, "batch": DEFAULT_BATCH}.items():
            self._field(name).value = str(value)
        self._show_rates(None)
        self.watch_task_key(self.task_key)

    def watch_task_key(self, task: str) -> None:
        """Show another task's defaults for what depends on it."""
        self._without_field, self._metric = {}, None
        record = task_named(task)
        self._field("epochs").value = str(record.epochs)
        self._field("hidden").value = ",".join(map(str, record.hidden))
        self.query_one(ProtocolField).task_key = task

    def follow_protocol(self) -> None:
        """Show the rates that are usual under the other protocol, unless this is not what changed them."""
        if self._tunable != protocol_named(self.protocol).tunes:
            self._show_rates(None)

    @property
    def protocol(self) -> str:
        """Key of the protocol."""
        return self.query_one(ProtocolField).chosen

    def _show_rates(self, rates: tuple[float, ...] | None) -> None:
        """Show learning rates, None for what is usual under the protocol."""
        self._tunable = protocol_named(self.protocol).tunes
        usual = RATES_TO_TUNE if self._tunable else (DEFAULT_RATE,)
        shown = usual if rates is None else rates
        self._field("rate").value = TUNE if shown == RATES_TO_TUNE else ",".join(map(exact, shown))

    def ask_for_seeds(self, seeds: int) -> None:
        """Show another number of seeds."""
        self._field("seeds").value = str(seeds)

    def adopt(self, comparison: Comparison) -> None:
        """Show the settings of a comparison, and keep those that have no field here."""
        self.task_key, hyperparameters = comparison.task, comparison.hyperparameters
        self._without_field = {
            name: getattr(hyperparameters, name) for name in ("optimizer", "activation", "initial_sd")
        }
        self._metric = comparison.metric
        self.query_one(ProtocolField).chosen = comparison.protocol
        self._show_rates(comparison.learning_rates)
        for name, value in {
            "epochs": hyperparameters.epochs,
            "seeds": comparison.seeds,
            "batch": hyperparameters.batch_size,
            "hidden": ",".join(map(str, hyperparameters.hidden)) or NO_LAYERS,
        }.items():
            self._field(name).value = str(value)

    @property
    def written(self) -> dict[str, str]:
        """What is written in each field."""
        return {name: self._field(name).value for name, _ in self.FIELDS}

    def write(self, written: Mapping[str, str], protocol: str) -> None:
        """Choose a protocol and write into the fields."""
        if protocol in PROTOCOLS:
            self.query_one(ProtocolField).chosen = protocol
            self._tunable = protocol_named(protocol).tunes
        for name, _ in self.FIELDS:
            self._field(name).value = written.get(name, self._field(name).value)

    def _field(self, name: str) -> Field:
        return self.query_one(f"#{name}", Field)

    def comparison(self, losses: tuple[str, ...], own: tuple[str, ...] = ()) -> Comparison:
        """Return what is asked for. Raises UsageError with a sentence that names the setting."""
        named = [loss for loss in losses if not is_own(loss)]
        task = task_named(self.task_key)
        fitting = metrics_for(task.kind, self.protocol, task.lowest)
        return Comparison.ask(
            self.task_key,
            named,
            own=own,
            **self._without_field,
            metric=self._metric if self._metric in [one.key for one in fitting] else None,
            protocol=self.protocol,
            epochs=self._whole("epochs", "The number of epochs"),
            seeds=self._whole("seeds", "The number of seeds"),
            batch_size=self._whole("batch", "The batch size"),
            learning_rates=rates_from(self._field("rate").value, "The learning rate"),
            hidden=layers_from(self._field("hidden").value, "Hidden layers"),
        )

    def _whole(self, name: str, setting: str) -> int:
        value = self._field(name).value
        if not value.isdecimal():
            raise OutOfRange(setting, repr(value), "a whole number")
        return int(value)
