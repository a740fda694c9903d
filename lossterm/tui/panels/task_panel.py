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

MARKS = ("● ", "○ ")
"""What stands before the chosen task, and before each other."""

SCROLLBAR = 1
"""Columns that are kept free for one, whether it is there or not, so that no name is cut anew with the focus."""


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
    def under_cursor(self) -> Task | None:
        """The task under the cursor, None where there is none."""
        if self.highlighted is None or not self.option_count:
            return None
        return self.tasks.get(str(self.get_option_at_index(self.highlighted).id))

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
        """Return a line for each task: its kind is always in sight, a name that leaves it no room is cut."""
        kinds = max(len(task.kind) for task in self.tasks.values())
        room = self.size.width - SCROLLBAR - len(MARKS[0]) - 1 - kinds
        wide = max(min(max(map(cell_len, self.tasks)), room), 1)

        def own(task: Task) -> int:
            """Return the room for a name: beyond the column of names, a long one gets what its kind leaves free."""
            return max(wide, min(cell_len(task.key), room + kinds - len(task.kind)))

        return [
            Text.assemble(MARKS[task != self.chosen], fitted(task.key, own(task)), " ", (task.kind, "dim"))
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
        """Fit the names, and keep the cursor in sight: without the focus there is room for the chosen task alone."""
        self._paint()
        self.scroll_home(animate=False, force=True, immediate=True)
        self.scroll_to_highlight()

    def on_blur(self) -> None:
        """Show the chosen task, wherever the cursor was."""
        self.highlighted = self._place

    def watch_chosen(self) -> None:
        """Paint the mark and go there."""
        self.highlighted = self._place
        self._paint()

    def _paint(self) -> None:
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
