"""`lossterm` without a command: the terminal app, and in the shell what it leaves there."""

import gc
import sys
from collections.abc import Mapping

import click
import msgspec

from lossterm.cli.options.shared import StorePath, opening
from lossterm.cli.options.workers import workers_with
from lossterm.comparison.user_code_consent import share, trust
from lossterm.data import FileRequest
from lossterm.errors import UsageError
from lossterm.home import configuration
from lossterm.home.paths import default_store_path
from lossterm.losses import source_from
from lossterm.text.harmless import printable
from lossterm.worker_control.cluster import Cluster


def open_on(
    session: str,
    store: StorePath,
    own: tuple[str, ...],
    table: FileRequest | None,
    look: Mapping[str, str | bool | None],
    memory: int | None,
    cluster: Cluster | None,
) -> None:
    """Open the app on a session and exit with its code; `look` goes before the configuration. Raises UsageError."""
    named = [source_from(text) for text in own]
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "The terminal app needs a terminal for input and output, and this is not one. "
            "Use `lossterm run` for scripts and pipes; `lossterm --help` lists all commands."
        )
    trust(*named)
    if cluster:
        share(cluster.address, *named)
    sources = [source.text for source in named]
    configured, clamped = configuration.load()
    for word in clamped:
        click.echo(f"lossterm: {printable(word)}", err=True)
    given = {name: value for name, value in look.items() if value is not None}
    configured = msgspec.structs.replace(configured, **given)
    gc.disable()  # a tenth of the time to the first screen, which makes much and drops little; the app enables it
    from lossterm.tui.app import open_app  # Textual is loaded for the app alone

    code, left, view, metrics = open_app(
        session, store or default_store_path(), sources, table, config=configured, workers=workers_with(memory, cluster)
    )
    if reports := view.reports(metrics):  # what was on the screen stays in the shell
        from lossterm.cli.printed_reports import print_reports

        print_reports(reports, "table", plain=configured.ascii)
    if view.training:
        files = [word for source in sources for word in ("--loss-file", source)]
        click.echo(printable(f"Training goes on. Come back with: {opening(left, store, *files)}"), err=True)
    sys.exit(code)
