"""What can be trained on: tasks that are drawn, tables that scikit-learn ships, tables of one's own."""

from lossterm.tasks.catalogue import TASKS, every_task, task_named, task_problems
from lossterm.tasks.task import Task
from lossterm.tasks.user_table import task_on

__all__ = ["TASKS", "Task", "every_task", "task_named", "task_on", "task_problems"]
