"""Work that goes on beside a widget, and ends with it."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from textual.widget import Widget
from textual.worker import WorkType


def run_beside(
    widget: Widget, work: Callable[..., Coroutine[Any, Any, None]], *given: object, name: str, exclusive: bool = False
) -> None:
    """Run `work(*given)` for as long as a widget is there; an exclusive one ends what has its name and still runs.

    It is called only as it begins: a coroutine whose widget goes before that would never be awaited, and Python warns
    of those.
    """
    beginning: WorkType[None] = partial(work, *given)
    widget.run_worker(beginning, name=name, group=name, exclusive=exclusive)
