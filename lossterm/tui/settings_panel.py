"""Epochs, learning rate, seeds, batch size and hidden layers."""

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import reactive
from textual.widgets import Input, Label

from lossterm.comparison import DEFAULT_BATCH, DEFAULT_RATE, DEFAULT_SEEDS, DEFAULT_TASK, Comparison
from lossterm.errors import OutOfRange
from lossterm.tasks import task_named


class Field(Input):
    """An input for numbers: other keys do what they do everywhere else, so `r` runs from within a field too."""

    def __init__(self, name: str, characters: str) -> None:
        super().__init__(id=name, compact=True, select_on_focus=True)
        self.cursor_blink = False  # a blink is bytes over the link while nothing happens
        self._characters = characters

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether the field takes this key; tells the footer which bindings still work."""
        return character is not None and character in self._characters

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
        ("epochs", "epochs", "0123456789"),
        ("rate", "rate", "0123456789.e-+"),
        ("seeds", "seeds", "0123456789"),
        ("batch", "batch", "0123456789"),
        ("hidden", "hidden", "0123456789,"),
    )

    task_key: reactive[str] = reactive(DEFAULT_TASK, init=False)
    """Key of the task whose defaults are shown."""

    def __init__(self) -> None:
        super().__init__(id="settings")
        self.border_title = "Settings"

    def compose(self) -> ComposeResult:
        """Lay out a label and a field for each setting."""
        for name, label, characters in self.FIELDS:
            yield Label(label)
            yield Field(name, characters)

    def on_mount(self) -> None:
        """Show what a run would use."""
        for name, value in {"rate": DEFAULT_RATE, "seeds": DEFAULT_SEEDS, "batch": DEFAULT_BATCH}.items():
            self._field(name).value = str(value)
        self.watch_task_key(self.task_key)

    def watch_task_key(self, task: str) -> None:
        """Show another task's defaults for what depends on it."""
        record = task_named(task)
        self._field("epochs").value = str(record.epochs)
        self._field("hidden").value = ",".join(map(str, record.hidden))

    def adopt(self, comparison: Comparison) -> None:
        """Show the settings of a comparison."""
        self.task_key, hyperparameters = comparison.task, comparison.hyperparameters
        for name, value in {
            "epochs": hyperparameters.epochs,
            "rate": comparison.learning_rates[0],
            "seeds": comparison.seeds,
            "batch": hyperparameters.batch_size,
            "hidden": ",".join(map(str, hyperparameters.hidden)),
        }.items():
            self._field(name).value = str(value)

    def _field(self, name: str) -> Field:
        return self.query_one(f"#{name}", Field)

    def comparison(self, losses: tuple[str, ...]) -> Comparison:
        """Return what is asked for. Raises UsageError with a sentence that names the setting."""
        return Comparison.ask(
            self.task_key,
            losses,
            epochs=self._whole("epochs", "The number of epochs"),
            seeds=self._whole("seeds", "The number of seeds"),
            batch_size=self._whole("batch", "The batch size"),
            learning_rate=self._rate(),
            hidden=self._layers(),
        )

    def _whole(self, name: str, setting: str) -> int:
        value = self._field(name).value
        if not value.isdecimal():
            raise OutOfRange(setting, repr(value), "a whole number")
        return int(value)

    def _rate(self) -> float:
        value = self._field("rate").value
        try:
            return float(value)
        except ValueError:
            raise OutOfRange("The learning rate", repr(value), "a positive number such as 0.01 or 1e-3") from None

    def _layers(self) -> tuple[int, ...]:
        parts = self._field("hidden").value.split(",")
        if not all(part.isdecimal() for part in parts):
            raise OutOfRange("Hidden layers", repr(",".join(parts)), "whole numbers with commas between, such as 50,20")
        return tuple(map(int, parts))
