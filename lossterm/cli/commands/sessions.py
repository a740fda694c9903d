"""`lossterm sessions`: what the store holds."""

from datetime import datetime
from typing import Any

import click
import msgspec

from lossterm.cli.console import print_rows
from lossterm.cli.options.shared import StorePath, absent, list_formats, store_option
from lossterm.store import SessionRow, Store

NONE = "No sessions yet. Begin one with `lossterm run`."


@click.command()
@click.option("--comparisons", is_flag=True, help="List every comparison and sweep of every session, with its verdict.")
@list_formats
@store_option
def sessions(comparisons: bool, form: str, store: StorePath) -> None:
    """List the sessions in the store, newest first."""
    if comparisons:
        _list_comparisons(form, store)
        return
    stored: list[SessionRow] = []
    if not absent(store):
        with Store(store) as opened:
            stored = opened.sessions.every()
    rows = [msgspec.structs.asdict(row) for row in stored]
    if form == "table":
        rows = [
            {
                **row,
                "created": _written(row["created"]),
                "tasks": ", ".join(row["tasks"]),
                "ended": f"{row['ended'] - row['stopped']}/{row['trials']}"
                + (f", {row['stopped']} stopped" if row["stopped"] else ""),
            }
            for row in rows
        ]
    columns = {"name": "session", "created": "begun", "tasks": "tasks", "comparisons": "comparisons"}
    print_rows(rows, {**columns, "ended": "trials ended"}, form, NONE)


def _list_comparisons(form: str, store: StorePath) -> None:
    from lossterm.history.entries import Entry, History, record  # with all that judges: slow to load

    entries: list[Entry] = []
    rows: list[dict[str, Any]] = []
    if not absent(store):
        with Store(store) as opened:
            history = History(opened)
            entries = history.entries()
            rows = [record(entry, history.outcome(entry)) for entry in entries]
    if form == "table":
        rows = [
            {
                **{name: "?" if value is None else value for name, value in row.items()},
                "task": entry.title,
                "asked": "?" if row["asked"] is None else _written(row["asked"]),
                "settings": ", ".join(row["settings"] or ()),
            }
            for row, entry in zip(rows, entries, strict=True)
        ]
    columns = {name: name for name in ("session", "asked", "task", "seeds", "verdict", "settings")}
    print_rows(rows, columns, form, NONE)


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M")
