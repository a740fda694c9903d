"""The command line: stdout is data, stderr is narration, exit codes are an API. No other part writes or exits."""

import errno
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from lossterm import __version__
from lossterm.cli.command_table import HELP, SHORT_HELP, CommandTable
from lossterm.cli.exit_codes import INTERRUPTED, NOBODY_READS
from lossterm.cli.options.app_table import table_options
from lossterm.cli.options.cluster import cluster_options
from lossterm.cli.options.limits import memory_option
from lossterm.cli.options.shared import StorePath, app_options, loss_file_option, session_option, store_option
from lossterm.errors import BenchmarkError, DataError, LosstermError, UnknownName, UsageError, WorkerError
from lossterm.home.paths import home
from lossterm.home.private import make_private
from lossterm.text.harmless import printable

if TYPE_CHECKING:
    from lossterm.data import FileRequest
    from lossterm.worker_control.cluster import Cluster
    from lossterm.worker_control.starting import Workers


@contextmanager
def _as_long_as_someone_reads() -> Iterator[None]:
    """End the program without a word when the reader of its output has left, as `head` does.

    Raises DataError where the disk that the output goes to is full.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # here, where an error is still told
    except BrokenPipeError:
        _write_no_more()
        sys.exit(NOBODY_READS)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        _write_no_more()
        raise DataError(f"The output could not be written whole: {error.strerror}. Free some space first.") from error


def _write_no_more() -> None:
    """Send further output to /dev/null: Python would otherwise flush it once more as it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Commands(click.Group):
    """A group that suggests near misses for a command that isn't there, and ends quietly when nobody reads.

    Its help lists the commands without loading any.
    """

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """Read the words before a command; `--help` and `--version` print here already."""
        with _as_long_as_someone_reads():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _as_long_as_someone_reads():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command by name. Raises UnknownName with near misses."""
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise UnknownName("command", args[0], self.commands)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its line."""
        width = formatter.width - 6 - max(map(len, SHORT_HELP))
        with formatter.section("Commands"):
            formatter.write_dl([(name, _short(SHORT_HELP[name], width)) for name in self.list_commands(ctx)])


def _short(text: str, width: int) -> str:
    """Cut a line where click cuts the help of a command that is loaded."""
    return click.Command(None, help=text).get_short_help_str(width)


@click.group(
    cls=Commands, commands=CommandTable(), invoke_without_command=True, context_settings={"help_option_names": HELP}
)
@session_option
@loss_file_option
@store_option
@table_options
@click.option("--linear", is_flag=True, help="Tell the session in sentences, without the app or a terminal.")
@memory_option
@cluster_options
@app_options
@click.version_option(__version__, prog_name="lossterm", message="%(prog)s %(version)s")
@click.pass_context
def cli(
    context: click.Context,
    /,
    session: str,
    own: tuple[str, ...],
    store: StorePath,
    table: "FileRequest | None",
    linear: bool,
    memory: int | None,
    cluster: "Cluster | None",
    **look: str | bool | None,
) -> None:
    """Which loss function should train this network on this data, and how sure are we?

    Without a command: open the terminal app. With one: do the same for scripts.

    \b
    Exit codes: 0 done · 1 unexpected error · 2 wrong usage · 3 data, file or store that can't be used
                4 a trial failed, or diverged at the rate its loss is judged at, or --max-time ended it
                  before the last (the table is still printed)
                5 `check` found a difference
                130 interrupted · 141 the reader of the output left, as head does
    """
    _narrow_home()
    if context.invoked_subcommand is not None:
        here = context.get_parameter_source("memory") is ParameterSource.COMMANDLINE  # not LOSSTERM_MEMORY
        there = context.get_parameter_source("cluster") is ParameterSource.COMMANDLINE
        before = {"--loss-file": own, "--data": table, "--memory": here, "--cluster": there}
        _refuse_before(context.invoked_subcommand, before, {"linear": linear or None, **look})
        context.obj = {**(context.obj or {}), "store": store, "session": session}
        return
    if linear:
        _refuse_with_linear(own, table, look)
        from lossterm.cli.commands.linear import follow

        follow(session, store, memory, cluster)
        return
    from lossterm.cli.commands.app import open_on  # no command waits for what the app needs

    open_on(session, store, own, table, look, memory, cluster)


def _narrow_home() -> None:
    """Make LOSSTERM_HOME private to its user, and say so; what is wrong with it is reported by whatever needs it."""
    if home().is_dir():
        with suppress(LosstermError, OSError):
            if sentence := make_private(home()):
                click.echo(f"lossterm: {printable(sentence)}", err=True)


def _refuse_before(command: str, before: Mapping[str, object], look: Mapping[str, str | bool | None]) -> None:
    """Raise UsageError for options that must not stand before a command's name."""
    for option, given in before.items():
        if given:
            raise UsageError(f"{option} stands after the command's name: lossterm {command} …")
    for name, value in look.items():
        if value is not None:
            raise UsageError(f"--{name.replace('_', '-')} is for the app: leave it out before a command's name.")


def _refuse_with_linear(
    own: tuple[str, ...], table: "FileRequest | None", look: Mapping[str, str | bool | None]
) -> None:
    """Raise UsageError for options that only the app takes."""
    if own:
        raise UsageError("--loss-file adds a loss to choose in the app; --linear only tells what there is.")
    if table:
        raise UsageError("--data brings a table to train on in the app; --linear only tells what there is.")
    for name, value in look.items():
        if value is not None:
            raise UsageError(f"--{name.replace('_', '-')} is for the app; --linear tells in sentences instead.")


def _open_what_is_closed() -> None:
    """Open /dev/null for each standard stream that was closed, as by `>&-`: else a store might get its descriptor."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            nothing = Path(os.devnull).open("r" if name == "stdin" else "w", encoding="utf-8")  # noqa: SIM115  it stays
            setattr(sys, name, nothing)


def main(arguments: list[str] | None = None, workers: "Workers | None" = None) -> Any:
    """Run the command line and exit with its code: known errors become a sentence, unknown ones crash loudly.

    `workers` says how workers are started, None for the usual way.
    """
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show × or ± gets ? instead of a traceback
    try:
        sys.exit(cli.main(arguments, prog_name="lossterm", standalone_mode=False, obj={"workers": workers}))
    except click.ClickException as error:
        error.message = printable(error.message)  # type: ignore[misc]  # click repeats words as they were given
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)
    except LosstermError as error:
        lines = str(error).split("\n") if isinstance(error, WorkerError | BenchmarkError) else [str(error)]
        with suppress(OSError):  # what it goes to may be full, or gone, too
            click.echo("lossterm: " + "\n".join(map(printable, lines)), err=True)
        sys.exit(error.exit_code)
