"""Options that say which table of one's own the app opens on."""

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lossterm.cli.options.shared import Command
from lossterm.cli.options.table_reading import READ_AS, READING
from lossterm.errors import DataError, UsageError
from lossterm.home.tilde import expanded
from lossterm.text.harmless import printable

if TYPE_CHECKING:
    from lossterm.data import FileRequest


def table_options(command: Command) -> Command:
    """Add what says which table of one's own the app opens on; the command takes it as `table`."""

    @wraps(command)
    def with_table(*given: Any, data: Path | None, target: str | None, **more: Any) -> Any:
        reading = {name: more.pop(name) for name in READ_AS}
        return command(*given, table=_table(data, target, reading), **more)

    options = (
        click.option(
            "--data",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="A table of your own to train on in the app: CSV, TSV, Parquet or NPZ.",
        ),
        click.option("--target", metavar="COL", help="Its column to predict (default: choose it in the app)."),
        *READING,
    )
    whole: Any = with_table
    for option in reversed(options):
        whole = option(whole)
    return whole  # type: ignore[no-any-return]  # what click's decorators return is the command


def _table(data: Path | None, target: str | None, reading: dict[str, Any]) -> "FileRequest | None":
    if data is None:
        given = [name for name, value in {"target": target, **reading}.items() if value not in (None, ())]
        if given:
            raise UsageError(f"--{given[0]} is about a table of your own: say which with --data FILE.")
        return None
    path = expanded(data).absolute()
    try:
        path.stat()
    except FileNotFoundError:
        raise DataError(f"{printable(str(path))}: there is no such file. Check the path.") from None
    except OSError as error:
        raise DataError(f"{printable(str(path))}: the file can't be read: {error.strerror}.") from error
    from lossterm.data import FileRequest  # no start waits for what reads tables unless there is one

    return FileRequest(path=str(path), target=target or "", **reading)
