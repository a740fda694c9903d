"""`lossterm export`: a stored session in the formats of other tools."""

import tempfile
from pathlib import Path
from typing import Any

import click

from lossterm.cli.options.shared import StorePath, absent, session_argument, store_option
from lossterm.errors import UnknownName, UsageError
from lossterm.store import Store
from lossterm.text.harmless import printable
from lossterm.text.numbers import counted

STDOUT = "-"
AT_ONCE = 1 << 20
"""Bytes that go to stdout at a time."""


class _Form(click.ParamType[str]):
    """A format; the formats are loaded when one is asked for, so that no other command waits for them."""

    name = "format"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the format's key. Raises UnknownName."""
        from lossterm.export import format_named

        return format_named(str(value)).key

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Name the formats to whoever gave none."""
        from lossterm.export import FORMATS

        return f"Give one of {', '.join(FORMATS)}."


class _Export(click.Command):
    """Lists the formats in its help."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each format with what it holds."""
        from lossterm.export import FORMATS

        with formatter.section("Formats"):
            formatter.write_dl([(one.key, one.title) for one in FORMATS.values()])


@click.command(cls=_Export)
@session_argument
@click.option("--to", "form", metavar="FORMAT", type=_Form(), required=True, help="One of the formats below.")
@click.option("--task", "-t", help="Only the comparisons on this task (default: all).")
@click.option("--loss", "-l", "losses", multiple=True, help="Only this loss, again for more (default: all).")
@click.option(
    "--output",
    "-o",
    metavar="PATH",
    help="Where to (default: SESSION with the format's suffix, here); - is stdout, for text. "
    "MLflow also takes sqlite:///FILE.db and file:DIRECTORY.",
)
@click.option("--force", is_flag=True, help="Replace what an earlier export left there.")
@store_option
def export(
    session: str,
    form: str,
    task: str | None,
    losses: tuple[str, ...],
    output: str | None,
    force: bool,
    store: StorePath,
) -> None:
    """Write a stored session for another tool: every trial once, or a report.

    Nothing is sent anywhere. Nothing is trained either, except that --to model trains one trial again. The last line on
    stderr says what was written.
    """
    from lossterm.export import default_destination, format_named, gather, path_from, write

    chosen = format_named(form)
    if output == STDOUT and not chosen.text:
        raise UsageError(f"{chosen.key} is not text for stdout: give a path with --output.")
    if absent(store):
        raise UnknownName("session", session, ())
    with Store(store) as opened:
        contents = gather(opened, session, task=task, losses=losses)
        tasks = dict.fromkeys(one.comparison.task for one in contents.asked)
        if chosen.one_comparison and len(tasks) > 1:
            raise UsageError(f"{chosen.key} holds one comparison: choose with --task out of {', '.join(tasks)}.")
        if output == STDOUT:
            with tempfile.TemporaryDirectory() as place:
                whole = Path(place, f"export.{chosen.suffix}")
                chosen.write(contents, whole)
                with whole.open("rb") as file:
                    while part := file.read(AT_ONCE):
                        click.echo(part, nl=False)
            where = "stdout"
        else:
            path = path_from(output, chosen) if output else default_destination(session, chosen)
            if remark := write(contents, chosen, path, force=force):
                click.echo(printable(remark), err=True)
            where = str(path.absolute())
    counts = f"{counted(len(contents.rows), 'trial')} and {counted(contents.epochs, 'epoch')}"
    what = (
        f"{chosen.title}, from session {session!r}"
        if chosen.one_comparison
        else f"{counts} of session {session!r} as {form}"
    )
    click.echo(printable(f"Wrote {where}: {what}."), err=True)
