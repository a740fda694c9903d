"""The losses that fit the task, each ticked or not."""

from rich.text import Text
from textual.binding import Binding
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from lossterm.comparison import DEFAULT_TASK, Comparison
from lossterm.losses import fitting
from lossterm.protocols import DEFAULT_PROTOCOL
from lossterm.tasks import task_named
from lossterm.tui.palette import colour_of, written


class LossPanel(OptionList):
    """One line per loss, its box in the loss's colour; space ticks."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("space", "select", "Tick", id="loss.tick", tooltip="Tick or untick the loss under the cursor"),
        Binding("enter", "select", "Tick", show=False, id="loss.enter"),
        Binding("a", "tick_all", "All", id="loss.all", tooltip="Tick every loss, or none if all are ticked"),
        Binding("j", "cursor_down", "Down", show=False, id="loss.down"),
        Binding("k", "cursor_up", "Up", show=False, id="loss.up"),
    ]

    task_key: reactive[str] = reactive(DEFAULT_TASK, init=False)
    """Key of the task whose losses are shown."""
    protocol: reactive[str] = reactive(DEFAULT_PROTOCOL, init=False)
    """Key of the protocol, under which some losses do not fit."""

    class Ticked(Message):
        """Other losses are ticked now."""

    def __init__(self) -> None:
        super().__init__(id="losses", compact=True)
        self.border_title = "Losses"
        self._unticked: dict[str, set[str]] = {}

    @property
    def ticked(self) -> tuple[str, ...]:
        """Keys of the ticked losses, in catalogue order."""
        return tuple(loss for loss in self._keys if loss not in self._unticked.get(self.task_key, set()))

    @property
    def _keys(self) -> list[str]:
        task = task_named(self.task_key)
        return [loss.key for loss in fitting(task.kind, task.lowest, self.protocol)]

    def on_mount(self) -> None:
        """Fill the list, and again whenever the theme changes, since colours follow it."""
        self._fill()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._fill())

    def watch_task_key(self) -> None:
        """Show the losses of another task."""
        self._fill()

    def watch_protocol(self) -> None:
        """Show the losses that fit under another protocol."""
        self._fill()
        self.post_message(self.Ticked())

    def _fill(self) -> None:
        cursor = self.highlighted or 0
        self.clear_options()
        self.add_options([Option(self._prompt(key), key) for key in self._keys])
        self.highlighted = min(cursor, self.option_count - 1)
        self.border_subtitle = f"{len(self.ticked)} of {len(self._keys)} ticked"

    def _prompt(self, key: str) -> Text:
        colour = written(colour_of(key, dark=self.app.current_theme.dark))
        return Text.assemble(("■ " if key in self.ticked else "□ ", colour), key)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Tick or untick what was clicked."""
        event.stop()
        self._turn(event.option_id)

    def action_select(self) -> None:
        """Tick or untick what is under the cursor, before the next key is looked at."""
        if self.highlighted is not None:
            self._turn(self.get_option_at_index(self.highlighted).id)

    def _turn(self, loss: str | None) -> None:
        if loss:
            self._unticked.setdefault(self.task_key, set()).symmetric_difference_update({loss})
            self._changed()

    def adopt(self, comparison: Comparison) -> None:
        """Tick the losses of a comparison."""
        self.task_key, self.protocol = comparison.task, comparison.protocol
        self._unticked[self.task_key] = set(self._keys) - set(comparison.losses)
        self._changed()

    def action_tick_all(self) -> None:
        """Tick all, or none if all are ticked."""
        every = set(self._keys)
        self._unticked[self.task_key] = every if set(self.ticked) == every else set()
        self._changed()

    def _changed(self) -> None:
        for place, key in enumerate(self._keys):
            self.replace_option_prompt_at_index(place, self._prompt(key))
        self.border_subtitle = f"{len(self.ticked)} of {len(self._keys)} ticked"
        self.post_message(self.Ticked())
