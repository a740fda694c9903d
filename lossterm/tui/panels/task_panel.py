"""The list of tasks to choose from: those of the catalogue, then user tables."""

from collections.abc import Iterable

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding
from textual.message import Message
from textual.reactive import var
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from lossterm.comparison.comparison import DEFAULT_TASK, Comparison
from lossterm.data import Data
from lossterm.errors import UnknownName
from lossterm.tasks import Task, every_task, task_named, task_on
from lossterm.tui.widgets.changing_lines import fitted

WIDEST_NAME = 23
"""Cells of a task's name that are shown."""


class TaskPanel(OptionList):
    """One line per task; the chosen one is marked."""

    PLACE = "in the list of tasks"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("space", "select", "Choose task", id="task.choose", tooltip="Train on the task under the cursor"),
        Binding("enter", "select", "Choose task", show=False, id="task.enter"),
        Binding("j", "cursor_down", "Down", show=False, id="task.down"),
        Binding("k", "cursor_up", "Up", show=False, id="task.up"),
    ]

    chosen: var[Task] = var(task_named(DEFAULT_TASK), init=False)
    """The chosen task."""

    class Chosen(Message):
        """Another task was chosen."""

        def __init__(self, task: Task) -> None:
            super().__init__()
            self.task = task

    def __init__(self) -> None:
        super().__init__(id="tasks", compact=True)
        self.border_title = "Task"
        self.tasks: dict[str, Task] = dict(every_task())
        """Every task that is listed, by key."""
        self._tables: dict[str, Data] = {}

    @property
    def tables(self) -> tuple[Data, ...]:
        """The tables that are listed, in the order in which they came."""
        return tuple(self._tables.values())

    @property
    def table(self) -> Data | None:
        """The table that the chosen task is on, None for a task of the catalogue."""
        return self._tables.get(self.chosen.key)

    @property
    def subject(self) -> str | Data:
        """The chosen task, as `Comparison.ask` takes it."""
        return self.table or self.chosen.key

    def know(self, tables: Iterable[Data]) -> None:
        """List user tables too."""
        new = {data.key: data for data in tables if data.key not in self._tables}
        if new:
            self._tables |= new
            self.tasks |= {key: task_on(data) for key, data in new.items()}
            self._fill()

    def task_of(self, comparison: Comparison) -> Task | None:
        """Return the task of a comparison, listed from now on; None for that of a package that is not installed."""
        if comparison.data is not None:
            self.know([comparison.data])
        try:
            return comparison.record
        except UnknownName:
            return None

    def _prompts(self) -> list[Text]:
        wide = min(max(cell_len(key) for key in self.tasks), WIDEST_NAME)
        return [
            Text.assemble("● " if task == self.chosen else "○ ", fitted(task.key, wide), " ", (task.kind, "dim"))
            for task in self.tasks.values()
        ]

    def _fill(self) -> None:
        if not self.is_attached:
            return
        under = self.highlighted
        self.clear_options()
        self.add_options([Option(prompt, key) for prompt, key in zip(self._prompts(), self.tasks, strict=True)])
        self.highlighted = under

    @property
    def _place(self) -> int | None:
        keys = list(self.tasks)
        return keys.index(self.chosen.key) if self.chosen.key in keys else None

    def on_mount(self) -> None:
        """Fill the list and start with the cursor on the chosen task."""
        self._fill()
        self.highlighted = self._place

    def on_resize(self) -> None:
        """Keep the cursor in sight: without the focus there is room for the chosen task alone."""
        self.scroll_home(animate=False, force=True, immediate=True)
        self.scroll_to_highlight()

    def on_blur(self) -> None:
        """Show the chosen task, wherever the cursor was."""
        self.highlighted = self._place

    def watch_chosen(self) -> None:
        """Paint the mark and go there."""
        self.highlighted = self._place
        for place, prompt in enumerate(self._prompts() if self.option_count else ()):
            self.replace_option_prompt_at_index(place, prompt)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose what was clicked."""
        event.stop()
        self._choose(event.option_id)

    def action_select(self) -> None:
        """Choose what is under the cursor, before the next key is handled."""
        if self.highlighted is not None:
            self._choose(self.get_option_at_index(self.highlighted).id)

    def _choose(self, key: str | None) -> None:
        if key and key != self.chosen.key:
            self.choose(self.tasks[key])

    def choose(self, task: Task) -> None:
        """Choose a task that is listed."""
        self.chosen = task
        self.post_message(self.Chosen(task))
