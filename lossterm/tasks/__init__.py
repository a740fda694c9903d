"""What can be trained on: tasks that are drawn, tables that scikit-learn ships, tables of one's own."""

from lossterm.tasks.catalogue import TASKS, every_task, task_named, task_problems
from lossterm.tasks.own import task_on
from lossterm.tasks.record import Task

__all__ = ["TASKS", "Task", "every_task", "task_named", "task_on", "task_problems"]
