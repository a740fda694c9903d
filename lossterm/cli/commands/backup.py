"""`lossterm backup`: the store as one file, whoever uses it meanwhile."""

import shlex
from pathlib import Path

import click

from lossterm.cli.options.shared import StorePath, store_option
from lossterm.home.paths import default_store_path
from lossterm.home.tilde import expanded
from lossterm.store.network_mounts import located
from lossterm.store.restoring import write_backup
from lossterm.text.harmless import printable


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@store_option
def backup(file: Path, store: StorePath) -> None:
    """Copy the store to FILE, which must not be there yet.

    The copy is as the store is at one moment, whatever trains or looks at it meanwhile. `lossterm restore FILE` puts it
    back.
    """
    target = expanded(file).absolute()
    size = write_backup(located(expanded(store or default_store_path())), target)
    again = shlex.quote(str(target))
    click.echo(printable(f"Wrote {target}, {size / 1e6:.1f} MB. Put it back with: lossterm restore {again}"))
