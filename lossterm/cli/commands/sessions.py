"""`lossterm sessions`: what the store holds."""

from datetime import datetime

import click
import msgspec

from lossterm.cli.console import print_rows
from lossterm.cli.options.shared import StorePath, absent, list_formats, store_option
from lossterm.store import SessionRow, Store


@click.command()
@list_formats
@store_option
def sessions(form: str, store: StorePath) -> None:
    """List the sessions in the store, newest first."""
    found: list[SessionRow] = []
    if not absent(store):
        with Store(store) as opened:
            found = opened.sessions.every()
    rows = [msgspec.structs.asdict(row) for row in found]
    if form == "table":
        rows = [
            {
                **row,
                "created": datetime.fromtimestamp(row["created"]).strftime("%Y-%m-%d %H:%M"),
                "tasks": ", ".join(row["tasks"]),
                "ended": f"{row['ended'] - row['stopped']}/{row['trials']}"
                + (f", {row['stopped']} stopped" if row["stopped"] else ""),
            }
            for row in rows
        ]
    columns = {"name": "session", "created": "begun", "tasks": "tasks", "comparisons": "comparisons"}
    print_rows(rows, {**columns, "ended": "trials ended"}, form, "No sessions yet. Begin one with `lossterm run`.")
