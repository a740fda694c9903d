"""`lossterm init`: write a project file, so that `lossterm run` alone asks for a comparison."""

import os
import shlex
from pathlib import Path
from typing import Any

import click
import msgspec

from lossterm import project as project_file
from lossterm.cli.options.comparison import comparison_options
from lossterm.cli.options.task_or_table import Subject
from lossterm.cli.project_file import given
from lossterm.comparison.comparison import RATES_TO_TUNE, TUNE, Comparison
from lossterm.comparison.user_code_consent import trust_all_of
from lossterm.data import FileRequest, Preview, preview
from lossterm.errors import DataError, UsageError
from lossterm.home.paths import shelf
from lossterm.project import FILE_NAME, SECTIONS, Value
from lossterm.text.harmless import printable

OF_DATA = {key.name for key in SECTIONS["data"]}


@click.command()
@comparison_options
@click.option(
    "--project",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=FILE_NAME,
    show_default=True,
    help="File to write.",
)
@click.option("--force", is_flag=True, help="Overwrite it.")
@click.pass_context
def init(
    context: click.Context, /, subject: Subject, session: str, project: Path, force: bool, **settings: Any
) -> None:
    """Write a project file: what is given is set in it, all else stands there with what it is.

    `lossterm run` then takes its options from there. What is given is looked at as `lossterm run` does; of a table,
    what was recognised is set too, so that a file that grows is read as it is now.
    """
    name = printable(str(project))
    if os.path.lexists(project) and not force:
        raise UsageError(f"{name} is there already; --force overwrites it.")
    if subject.asked is not None:
        subject = Subject(asked=_recognised(subject.asked))
    comparison = Comparison.ask(subject.task_or_data(), **settings)
    trust_all_of(comparison)  # a person named it here, and need not be asked again by the run
    values = {**_settings(context), **_data(subject, context)}
    try:
        text = project_file.written(values, comparison, project.absolute().parent, session).encode()
        with project.open("wb" if force else "xb") as file:
            file.write(text)
    except UnicodeEncodeError:
        raise UsageError("A path that is given holds bytes that are not UTF-8. Rename what is there.") from None
    except FileExistsError:
        raise UsageError(f"{name} is there already; --force overwrites it.") from None
    except OSError as error:
        raise DataError(f"{name} cannot be written: {error.strerror}.") from error
    more = "" if project == Path(FILE_NAME) else f" --project {shlex.quote(str(project))}"
    click.echo(
        f"Wrote {printable(str(project.absolute()))}. Look it through, then train what it says: lossterm run{more}"
    )


def _recognised(asked: FileRequest) -> FileRequest:
    """Look at a table, say what is recognised, and return a request that spells it out. Raises DataError."""
    wishes = msgspec.structs.asdict(asked)
    shown: Preview = preview(wishes.pop("path"), **wishes, shelf=shelf())
    for sentence in (*shown.said, *shown.warnings):
        click.echo(printable(sentence), err=True)
    if shown.target is None:
        raise DataError(shown.problem)
    return msgspec.structs.replace(
        asked,
        kind=shown.target.kind,
        delimiter=asked.delimiter or shown.delimiter,
        encoding=asked.encoding or shown.encoding,
        header=shown.header if asked.header is None else asked.header,
    )


def _data(subject: Subject, context: click.Context) -> dict[str, Value]:
    """Return what to set in the section of the data, by key."""
    if subject.asked is None:
        return {"task": subject.task} if given(context, "task") else {}
    wishes = msgspec.structs.asdict(subject.asked)
    wishes["data"], wishes["target"] = wishes.pop("path"), subject.asked.predicted
    del wishes["more_targets"]
    return {name.replace("_", "-"): _plain(value) for name, value in wishes.items() if value not in (None, ())}


def _settings(context: click.Context) -> dict[str, Value]:
    """Return what to set elsewhere, by key: what a person gave."""
    settings: dict[str, Value] = {}
    for option in context.command.params:
        name, key = option.name or "", option.opts[0].removeprefix("--")
        if key in project_file.SECTION_OF and key not in OF_DATA and given(context, name):
            settings[key] = TUNE if name == "learning_rates" and _tuned(context) else _plain(context.params[name])
    return settings


def _tuned(context: click.Context) -> bool:
    return bool(context.params["learning_rates"] == RATES_TO_TUNE)


def _plain(value: Any) -> Value:
    plain: Value = list(value) if isinstance(value, tuple) else value
    return plain
