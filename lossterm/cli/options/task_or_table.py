"""Options that say what is trained on: a task by its key, or a user table."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from click.core import ParameterSource

from lossterm.cli.options.piped_table import file_of
from lossterm.cli.options.table_reading import READ_AS, READING
from lossterm.comparison.comparison import DEFAULT_TASK
from lossterm.data import Data, FileRequest, describe
from lossterm.data.request import delimiter_of
from lossterm.errors import UsageError
from lossterm.home.paths import shelf
from lossterm.home.tilde import whole
from lossterm.tasks import Task, task_named, task_on

Command = TypeVar("Command", bound=Callable[..., Any])


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be trained on, as it was given."""

    task: str = DEFAULT_TASK
    """Key of a task."""
    asked: FileRequest | None = None
    """A user table, which takes precedence over the task."""

    def task_or_data(self, say: Callable[[str], None] = lambda _: None) -> str | Data:
        """Return what `Comparison.ask` takes; of a table, `say` is told what was recognised.

        Raises DataError for a file that can't be used, UnknownName for a column that is not there.
        """
        if self.asked is None:
            return self.task
        data, remarks = describe(self.asked, shelf())
        for sentence in remarks:
            say(sentence)
        return data

    def record(self, say: Callable[[str], None] = lambda _: None) -> Task:
        """Return the task. Raises as `task_or_data`, and UnknownName for a task that is not there."""
        subject = self.task_or_data(say)
        return task_named(subject) if isinstance(subject, str) else task_on(subject)


def subject_options(command: Command) -> Command:
    """Add `--task`, `--data`, `--target` and how to read the table; the command takes a Subject as `subject`."""

    @wraps(command)
    def with_subject(*given: Any, task: str | None, data: Path | None, target: str | None, **more: Any) -> Any:
        reading = {name: more.pop(name) for name in READ_AS}
        return command(*given, subject=_subject(task, data, target, reading), **more)

    options = (
        click.option("--task", "-t", help=f"What to train on; see `lossterm tasks` (default: {DEFAULT_TASK})."),
        click.option(
            "--data",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="A table of your own instead: CSV, TSV, Parquet or NPZ; see `lossterm data FILE`.",
        ),
        click.option("--target", metavar="A,B", help="Its column to predict; several are predicted together."),
        *READING,
    )
    whole: Any = with_subject
    for option in reversed(options):
        whole = option(whole)
    return whole  # type: ignore[no-any-return]  # what click's decorators return is the command


def _typed(name: str) -> bool:
    """Whether an option stands on the command line, rather than in a project file or nowhere."""
    return click.get_current_context().get_parameter_source(name) == ParameterSource.COMMANDLINE


def _subject(task: str | None, data: Path | None, target: str | None, reading: dict[str, Any]) -> Subject:
    if data is not None and task is not None and _typed("task") == _typed("data"):
        raise UsageError("--task and --data are two things to train on: give one of them.")
    if data is None or (task is not None and _typed("task")):  # with a task that is typed, the table is the project's
        about = {"target": target, **reading}
        given = [name for name in about if about[name] not in (None, ()) and (data is None or _typed(name))]
        if given:
            raise UsageError(
                f"--{given[0].replace('_', '-')} is about a table of your own: say which with --data FILE."
            )
        return Subject() if task is None else Subject(task=task)
    if not target:
        raise UsageError(f"--data needs --target COL, the column to predict; `lossterm data {data}` lists the columns.")
    # What a project file says of reading its own table is not of another, nor its kind and classes of another target.
    others = READ_AS if _typed("data") else ("kind", "min_class") if _typed("target") else ()
    reading |= {name: () if name in ("drop", "categorical", "missing") else None for name in others if not _typed(name)}
    reading["delimiter"] = delimiter_of(reading["delimiter"])
    return Subject(asked=FileRequest(path=str(whole(file_of(data))), target=target, **reading))
