"""The list of tasks, of which one is chosen."""

from rich.text import Text
from textual.binding import Binding
from textual.message import Message
from textual.reactive import var
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from lossterm.comparison import DEFAULT_TASK
from lossterm.tasks import TASKS


class TaskPanel(OptionList):
    """One line per task; the chosen one is marked."""

    PLACE = "in the list of tasks"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("space", "select", "Choose task", id="task.choose", tooltip="Train on the task under the cursor"),
        Binding("enter", "select", "Choose task", show=False, id="task.enter"),
        Binding("j", "cursor_down", "Down", show=False, id="task.down"),
        Binding("k", "cursor_up", "Up", show=False, id="task.up"),
    ]

    chosen: var[str] = var(DEFAULT_TASK, init=False)
    """Key of the chosen task."""

    class Chosen(Message):
        """Another task was chosen."""

        def __init__(self, task: str) -> None:
            super().__init__()
            self.task = task

    def __init__(self) -> None:
        super().__init__(id="tasks", compact=True)
        self.border_title = "Task"

    @staticmethod
    def _task_options(chosen: str) -> list[Option]:
        return [
            Option(Text(f"{'●' if task.key == chosen else '○'} {task.key:<12}").append(task.kind, "dim"), task.key)
            for task in TASKS.values()
        ]

    def on_mount(self) -> None:
        """Fill the list and start with the cursor on the chosen task."""
        self.add_options(self._task_options(self.chosen))
        self.highlighted = list(TASKS).index(self.chosen)

    def on_resize(self) -> None:
        """Keep the cursor in sight: without the focus there is room for the chosen task alone."""
        self.scroll_to_highlight()

    def on_blur(self) -> None:
        """Show the chosen task, wherever the cursor was."""
        self.highlighted = list(TASKS).index(self.chosen)

    def watch_chosen(self, chosen: str) -> None:
        """Paint the mark and go there."""
        self.highlighted = list(TASKS).index(chosen)
        for place, option in enumerate(self._task_options(chosen)):
            self.replace_option_prompt_at_index(place, option.prompt)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose what was clicked."""
        event.stop()
        self._choose(event.option_id)

    def action_select(self) -> None:
        """Choose what is under the cursor, before the next key is looked at."""
        if self.highlighted is not None:
            self._choose(self.get_option_at_index(self.highlighted).id)

    def _choose(self, task: str | None) -> None:
        if task and task != self.chosen:
            self.chosen = task
            self.post_message(self.Chosen(task))
