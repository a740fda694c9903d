"""The project file on the command line: a command whose options may stand in it."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from lossterm import project
from lossterm.comparison.user_code_consent import refuse_open_code, trust, trusted
from lossterm.errors import DataError, UsageError
from lossterm.losses import source_from
from lossterm.project import CODE, FILE_NAME, Project
from lossterm.text.harmless import printable


def given(context: click.Context, name: str) -> bool:
    """Whether a parameter was given by a person, after the command's name or, if it may stand there, before it."""
    contexts = (context, context.parent) if context.parent and name == "session" else (context,)
    return any(one.get_parameter_source(name) == ParameterSource.COMMANDLINE for one in contexts)


class ProjectCommand(click.Command):
    """Takes what is not given on the command line from a project file: one that is named, or one that lies here."""

    def __init__(self, name: str | None, *, params: list[click.Parameter], **more: Any) -> None:
        """Add `--project` and `--no-project` to the options of the command."""
        own = [
            click.Option(
                ["--project"],
                metavar="FILE",
                expose_value=False,
                help=f"Take what is not given here from this file (default: {FILE_NAME}, where it lies here).",
            ),
            click.Option(["--no-project"], is_flag=True, expose_value=False, help="Read no such file."),
        ]
        super().__init__(name, params=[*params, *own], **more)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words after the command's name, and the project file before what has a default is filled in."""
        typed, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        asks = self.get_help_option(ctx)
        if not (ctx.resilient_parsing or (asks and asks.name in typed)):
            self._take(ctx, typed)
        return super().parse_args(ctx, args)

    def _take(self, ctx: click.Context, typed: Mapping[str, Any]) -> None:
        named, none = typed.get("project"), typed.get("no_project", False)
        if named is not None and none:
            raise UsageError("--project and --no-project contradict each other: give one of them.")
        if none or (named is None and not Path(FILE_NAME).exists()):
            return
        found = project.read_project(Path(FILE_NAME if named is None else named))
        ctx.default_map = self._defaults(ctx, found)
        code = [text for option in self._of(found) if option.name not in typed for text in _code(option, found)]
        if code and named is None and found.foreign:
            places = ", ".join(map(printable, code))
            raise UsageError(
                f"{FILE_NAME} here is somebody else's and names code to run: {places}. Look at it, then say "
                f"--project {FILE_NAME} or --no-project."
            )
        if not typed.get("quiet"):
            click.echo(f"Using {printable(str(found.path))}; --no-project does without.", err=True)
        if code:  # even a quiet run does not run code that nobody was told of
            said = f"{found.path} names code, which the worker is going to run: {', '.join(map(printable, code))}."
            click.echo(printable(said), err=True)
            _consent(found, code, named=named is not None)

    def _of(self, found: Project) -> list[click.Parameter]:
        """Return the options that the file has a value for."""
        return [option for option in self.params if _key(option) in found.values]

    def _defaults(self, ctx: click.Context, found: Project) -> dict[str, Any]:
        """Return the values by name of a parameter. Raises DataError for one that its option does not take."""
        values = {}
        for option in self._of(found):
            value = found.values[_key(option)]
            try:
                option.process_value(ctx, value)
            except (UsageError, click.BadParameter) as error:
                said = error.format_message() if isinstance(error, click.BadParameter) else str(error)
                raise DataError(f"{found.place(_key(option))}: {said}") from error
            assert option.name is not None
            if not (ctx.parent and given(ctx.parent, option.name)):
                values[option.name] = value
        return values


def _key(option: click.Parameter) -> str:
    """Return the key of the file that an option is called by."""
    return option.opts[0].removeprefix("--")


def _code(option: click.Parameter, found: Project) -> list[str]:
    """Return the places of code that the file gives an option."""
    key = _key(option)
    if key not in CODE:
        return []
    value = found.values[key]
    return [value] if isinstance(value, str) else list(value)


def _asks() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _consent(found: Project, code: Sequence[str], *, named: bool) -> None:
    """See that a person agrees to code of a project file that never ran, or that has changed since.

    On a terminal it is asked about; elsewhere whoever named the file on the command line has agreed. Raises DataError
    for code that others may write, and UsageError where nobody agrees. What is not there or no place of code passes:
    the option says what is wrong with it.
    """
    sources = []
    for text in code:
        with suppress(UsageError):
            sources.append(source_from(text))
    new = []
    for source in sources:
        refuse_open_code(source)
        with suppress(OSError, DataError):
            if not trusted(source):
                new.append(source)
    if not new:
        return
    places = ", ".join(printable(source.text) for source in new)
    if _asks():
        if not click.confirm(f"It never ran as it is now: {places}. Run it with all your rights?", err=True):
            raise UsageError(f"What {printable(str(found.path))} names was not run: {places}.")
    elif not named:
        file = printable(str(found.path))
        raise UsageError(
            f"{file} names code that never ran as it is now: {places}. Look at it, then run this once in a terminal, "
            f"which asks, or say --project {file}."
        )
    trust(*new)
