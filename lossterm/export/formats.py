"""The formats that a session can be written in: adding one is adding one record."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from lossterm.errors import UnknownName
from lossterm.export.csv_file import write_csv
from lossterm.export.html.page import write_html
from lossterm.export.json_file import write_json
from lossterm.export.mlflow import clear_mlflow, write_mlflow
from lossterm.export.model import sidecar, write_model
from lossterm.export.parquet_file import write_parquet
from lossterm.export.pull_request import write_markdown
from lossterm.export.script import write_keras
from lossterm.export.session_contents import Contents
from lossterm.export.tensorboard import write_tensorboard

Destination = Literal["file", "directory", "store"]
"""What is written: a new file, a new directory, or runs in a store that may hold others."""

Write = Callable[[Contents, Path], str | None]
"""Writes to an unused path, or into a store that may exist. May return a sentence to show to the person."""


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One form in which a session can be exported."""

    key: str
    """As typed after --to."""
    title: str
    """One line for lists."""
    suffix: str
    """End of a file's or directory's name, without the point."""
    write: Write
    """Writes it. Raises LosstermError with a sentence, or OSError."""
    place: Destination = "file"
    """What it writes to."""
    text: bool = False
    """Whether it is text that may go to stdout."""
    one_comparison: bool = False
    """Whether it holds only one comparison."""
    second_file: Callable[[Path], Path] | None = None
    """Path of its first file → path of its second file; None if it writes one file."""
    clear: Write | None = None
    """Removes from a store what an earlier export of the session wrote."""
    bytes_each: tuple[int, int] = (0, 0)
    """Approximate size for each trial, and for each of its epochs; zeros for what is small however much was trained."""

    def size(self, trials: int, epochs: int) -> int:
        """Return about how many bytes this many trials take, with this many epochs in all."""
        return self.bytes_each[0] * trials + self.bytes_each[1] * epochs


FORMATS: dict[str, Format] = {
    record.key: record
    for record in (
        Format(
            key="csv",
            title="a line for each epoch of each trial",
            suffix="csv",
            write=write_csv,
            text=True,
            bytes_each=(0, 150),
        ),
        Format(
            key="json",
            title="settings, standings, scores and curves of every trial",
            suffix="json",
            write=write_json,
            text=True,
            bytes_each=(1800, 110),
        ),
        Format(
            key="parquet",
            title="the lines of csv in typed columns (needs lossterm[parquet])",
            suffix="parquet",
            write=write_parquet,
            bytes_each=(0, 35),
        ),
        Format(
            key="html",
            title="a report in one file: charts, standings, settings",
            suffix="html",
            write=write_html,
            text=True,
        ),
        Format(key="markdown", title="a summary for a pull request", suffix="md", write=write_markdown, text=True),
        Format(
            key="keras",
            title="a standalone script that trains the best loss with Keras alone",
            suffix="py",
            write=write_keras,
            text=True,
            one_comparison=True,
        ),
        Format(
            key="model",
            title="the trained network of the best loss, and beside it in JSON what goes in and comes out",
            suffix="keras",
            write=write_model,
            one_comparison=True,
            second_file=sidecar,
        ),
        Format(
            key="tensorboard",
            title="a directory with a run for each trial",
            suffix="tensorboard",
            write=write_tensorboard,
            place="directory",
            bytes_each=(1700, 165),
        ),
        Format(
            key="mlflow",
            title="a run for each trial, into an MLflow store (needs lossterm[mlflow])",
            suffix="mlflow.db",
            write=write_mlflow,
            place="store",
            clear=clear_mlflow,
            bytes_each=(39_000, 1600),
        ),
    )
}
"""Every format by key, in the order in which lists show them."""

PROPOSED = "html"
"""The format that is under the cursor where none was asked for: small, and what most people want to look at."""


def format_named(key: str) -> Format:
    """Return the record of a key. Raises UnknownName with near misses."""
    try:
        return FORMATS[key]
    except KeyError:
        raise UnknownName("format", key, FORMATS) from None
