"""Tasks, what losses are trained on: drawn ones, tables that scikit-learn ships, and user tables."""

from lossterm.tasks.catalogue import TASKS, every_task, task_named, task_problems
from lossterm.tasks.task import Task
from lossterm.tasks.user_table import table_of, task_on

__all__ = ["TASKS", "Task", "every_task", "table_of", "task_named", "task_on", "task_problems"]
