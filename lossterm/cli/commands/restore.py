"""`lossterm restore`: a backup in the place of the store, which is kept beside it."""

from pathlib import Path

import click

from lossterm.cli.commands.repair import exclusive_use
from lossterm.cli.options.shared import StorePath, store_option
from lossterm.home.paths import default_store_path
from lossterm.home.presence import is_there
from lossterm.home.tilde import expanded
from lossterm.store.network_mounts import located
from lossterm.store.restoring import restore_backup
from lossterm.text.harmless import printable


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@store_option
def restore(file: Path, store: StorePath) -> None:
    """Put FILE, which `lossterm backup` wrote, in the place of the store.

    What was there is kept beside it. While a worker trains, or another program has the store open, nothing is done.
    """
    path = located(expanded(store or default_store_path()))
    source = expanded(file).absolute()
    if is_there(path, "The store"):
        with exclusive_use(path, "restore"):
            kept = restore_backup(source, path)
    else:
        kept = restore_backup(source, path)
    click.echo(printable(f"The store {path} is now what {file} holds."))
    if kept:
        click.echo(printable(f"What was there is kept: {kept}"))
