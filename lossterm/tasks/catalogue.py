"""Every task by name: those of lossterm, then those that installed packages add."""

import re
from functools import cache
from typing import get_args

from lossterm import plugins
from lossterm.errors import UnknownName
from lossterm.losses import Kind
from lossterm.tasks.drawn import DRAWN
from lossterm.tasks.images import IMAGES
from lossterm.tasks.sequences import SEQUENCES
from lossterm.tasks.several import SEVERAL
from lossterm.tasks.shipped import SHIPPED
from lossterm.tasks.task import Task

TASKS: dict[str, Task] = {task.key: task for task in (*DRAWN, *SHIPPED, *IMAGES, *SEQUENCES, *SEVERAL)}
"""The tasks that come with lossterm, by key, in the order in which lists show them."""

GROUP = "lossterm.tasks"
"""Entry point group in which a package declares tasks: `key = "module:RECORD"`, one record or a tuple of them."""

_KEY = re.compile(r"[a-z][a-z0-9_.-]{0,39}")


def every_task() -> dict[str, Task]:
    """Return all tasks by key."""
    return _every()[0]


def task_problems() -> list[str]:
    """Say what is wrong with tasks that installed packages try to add."""
    return list(_every()[1])


@cache
def _every() -> tuple[dict[str, Task], tuple[str, ...]]:
    """Return all tasks, and what is wrong with those left out. A name that is taken stays with its first owner."""
    tasks, wrong = dict(TASKS), []
    for offer in plugins.offers(GROUP, "tasks"):
        if offer.problem:
            wrong.append(offer.problem)
        for one in offer.given:
            if not isinstance(one, Task):
                kind = type(one).__name__
                wrong.append(f"{offer.package} gives a {kind} as a task ({offer.place}), where a record is wanted.")
            elif not _KEY.fullmatch(one.key):
                wrong.append(f"{offer.package} gives a task {one.key!r} ({offer.place}), which is not a valid name.")
            elif one.kind not in get_args(Kind):
                wrong.append(f"{offer.package} gives a task {one.key!r} ({offer.place}) of an unknown kind.")
            elif one.key in tasks:
                wrong.append(f"{offer.package} gives a task {one.key!r} ({offer.place}), but that is taken: left out.")
            else:
                tasks[one.key] = one
    return tasks, tuple(wrong)


def task_named(key: str) -> Task:
    """Return the record of a key. Raises UnknownName with near misses."""
    known = TASKS if key in TASKS else every_task()
    try:
        return known[key]
    except KeyError:
        raise UnknownName("task", key, known) from None
