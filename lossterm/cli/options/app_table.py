"""Options that say which user table the app opens on."""

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lossterm.cli.options.piped_table import INPUT
from lossterm.cli.options.shared import Command
from lossterm.cli.options.table_reading import READ_AS, READING
from lossterm.errors import DataError, UsageError
from lossterm.home.tilde import whole
from lossterm.text.harmless import printable

if TYPE_CHECKING:
    from lossterm.data import FileRequest


def table_options(command: Command) -> Command:
    """Add the options that say which user table the app opens on; the command takes it as `table`."""

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
        click.option("--target", metavar="A,B", help="Its column to predict, or several (default: choose in the app)."),
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
            raise UsageError(
                f"--{given[0].replace('_', '-')} is about a table of your own: say which with --data FILE."
            )
        return None
    if data == INPUT:
        raise UsageError("The app reads keys from standard input, so --data - is not for it: name a file.")
    path = whole(data)
    try:
        path.stat()
    except FileNotFoundError:
        raise DataError(f"{printable(str(path))}: there is no such file. Check the path.") from None
    except OSError as error:
        raise DataError(f"{printable(str(path))}: the file can't be read: {error.strerror}.") from error
    from lossterm.data import FileRequest  # no start waits for what reads tables unless there is one

    return FileRequest(path=str(path), target=target or "", **reading)
