"""`lossterm tasks`, `losses`, `metrics` and `sessions`: what there is, for people and as JSON."""

from dataclasses import fields
from datetime import datetime
from typing import Any

import click
import msgspec

from lossterm import metrics as metric_catalogue
from lossterm.cli.console import print_rows
from lossterm.cli.options import StorePath, absent, list_formats, store_option
from lossterm.losses import LOSSES, Loss
from lossterm.metrics import METRICS, Metric
from lossterm.store import SessionRow, Store
from lossterm.tasks import TASKS, Task


def _fields(record: Loss | Metric | Task) -> dict[str, Any]:
    """Return a record's fields as JSON can hold them: all but its function."""
    found = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: None if value == float("-inf") else value for name, value in found.items() if not callable(value)}


@click.command()
@list_formats
def tasks(form: str) -> None:
    """List what can be trained on."""
    rows = [{**_fields(task), "metric": metric_catalogue.PRIMARY[task.kind]} for task in TASKS.values()]
    columns = {"key": "task", "kind": "kind", "rows": "rows", "features": "features", "hidden": "hidden"}
    shown = [{**row, "hidden": ",".join(map(str, row["hidden"]))} for row in rows] if form == "table" else rows
    print_rows(shown, {**columns, "epochs": "epochs", "title": "what it is"}, form, "")


@click.command()
@list_formats
def losses(form: str) -> None:
    """List the losses, with what each estimates and where it fits."""
    rows = [_fields(loss) for loss in LOSSES.values()]
    if form == "table":
        rows = [{**row, "kinds": ", ".join(row["kinds"])} for row in rows]
    columns = {"key": "loss", "kinds": "task", "formula": "formula", "estimates": "estimates", "valid": "targets"}
    print_rows(rows, columns, form, "")


@click.command()
@list_formats
def metrics(form: str) -> None:
    """List the metrics that every model is scored on."""
    rows = [_fields(metric) for metric in METRICS.values()]
    if form == "table":
        better = {"min": "less", "max": "more"}
        rows = [{**row, "kinds": ", ".join(row["kinds"]), "direction": better[row["direction"]]} for row in rows]
    columns = {"key": "metric", "kinds": "task", "direction": "better", "title": "what it is", "formula": "formula"}
    print_rows(rows, columns, form, "")


@click.command()
@list_formats
@store_option
def sessions(form: str, store: StorePath) -> None:
    """List the sessions in the store, newest first."""
    found: list[SessionRow] = []
    if not absent(store):
        with Store(store) as opened:
            found = opened.sessions()
    rows = [msgspec.structs.asdict(row) for row in found]
    if form == "table":
        rows = [
            {
                **row,
                "created": datetime.fromtimestamp(row["created"]).strftime("%Y-%m-%d %H:%M"),
                "tasks": ", ".join(row["tasks"]),
                "ended": f"{row['ended']}/{row['trials']}",
            }
            for row in rows
        ]
    columns = {"name": "session", "created": "begun", "tasks": "tasks", "comparisons": "comparisons"}
    print_rows(rows, {**columns, "ended": "trials ended"}, form, "No sessions yet. Begin one with `lossterm run`.")
