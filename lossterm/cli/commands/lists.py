"""`lossterm tasks`, `losses`, `metrics` and `sessions`: what there is, for people and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import click
import msgspec

from lossterm import metrics as metric_catalogue
from lossterm.cli.commands.explain import record
from lossterm.cli.console import print_columns, print_lines, print_rows
from lossterm.cli.options.shared import StorePath, absent, format_option, list_formats, store_option
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL
from lossterm.losses import LEFT_OUT, Kind, Loss, every_loss, problems
from lossterm.metrics import METRICS, Metric
from lossterm.reports.json_document import as_json
from lossterm.reports.markdown import markdown
from lossterm.reports.table import TableColumn
from lossterm.store import SessionRow, Store
from lossterm.tasks import Task, every_task, task_named, task_problems
from lossterm.text.harmless import printable


def _fields(record: Metric | Task, *without: str) -> dict[str, Any]:
    """Return a record's fields as JSON can hold them: all but its functions and those that are named."""
    found = {field.name: getattr(record, field.name) for field in fields(record) if field.name not in without}
    return {name: None if value == float("-inf") else value for name, value in found.items() if not callable(value)}


def _task(task: Task) -> dict[str, Any]:
    """Return a task's fields as JSON can hold them; of what gives groups, whether there is such a thing."""
    more = {"grouped": task.groups is not None, "metric": metric_catalogue.PRIMARY[task.kind]}
    return {**_fields(task, "groups", "times", "asked"), **more}


HEADINGS: dict[Kind, str] = {
    "regression": "For numbers",
    "binary": "For two classes",
    "multiclass": "For three or more classes",
}


@click.command()
@list_formats
def tasks(form: str) -> None:
    """List what can be trained on."""
    for problem in task_problems():
        click.echo(f"lossterm: {printable(problem)}", err=True)
    rows = [_task(task) for task in every_task().values()]
    columns = {"key": "task", "kind": "kind", "rows": "rows", "features": "features", "hidden": "hidden"}
    shown = [{**row, "hidden": ",".join(map(str, row["hidden"]))} for row in rows] if form == "table" else rows
    print_rows(shown, {**columns, "epochs": "epochs", "title": "what it is"}, form, "")


@click.command()
@click.option("--task", "-t", help="Say of each loss of this task's kind whether it fits, and if not, why.")
@format_option("table", "markdown", "json")
def losses(task: str | None, form: str) -> None:
    """List the losses by kind of task, with what each estimates and its parameters; ● marks the usual ones."""
    for problem in problems():
        click.echo(f"lossterm: {printable(problem)}", err=True)
    kinds: tuple[Kind, ...] = (task_named(task).kind,) if task else tuple(HEADINGS)
    found = [loss for loss in every_loss().values() if set(kinds) & set(loss.kinds)]
    if form == "json":
        rows = [{**record(loss), **({"misfit": _misfit(loss, task)} if task else {})} for loss in found]
        click.echo(as_json(rows))
        return
    groups = {HEADINGS[kind]: _columns([loss for loss in found if kind in loss.kinds], task) for kind in kinds}
    if form == "markdown":
        click.echo("\n\n".join(f"**{heading}**\n\n{markdown(columns)}" for heading, columns in groups.items()))
        return
    for heading, columns in groups.items():
        print_lines(["", heading], "bold")
        print_columns(columns)
    print_lines(["", "lossterm explain LOSS says more, and draws it. Left out on purpose:"], "")
    print_lines([f"{name}: {why}." for name, why in LEFT_OUT.items()], "dim")


def _misfit(loss: Loss, task: str) -> str | None:
    return loss.misfit(task_named(task).targets, DEFAULT_PROTOCOL)


def _columns(found: Sequence[Loss], task: str | None) -> list[TableColumn]:
    def column(head: str, texts: Iterable[str]) -> TableColumn:
        return TableColumn(head, False, tuple(texts))

    parameters = (", ".join(f"{name}={_written(value)}" for name, value in loss.values.items()) for loss in found)
    columns = [
        column("", ("●" if loss.usual and not (task and _misfit(loss, task)) else " " for loss in found)),
        column("loss", (loss.key for loss in found)),
        column("estimates", (loss.estimates for loss in found)),
        column("targets", (loss.valid if loss.kinds == ("regression",) else "" for loss in found)),
        column("parameters", parameters),
        column("formula", (loss.formula for loss in found)),
        column("from", (loss.origin for loss in found)),
    ]
    if task:
        columns.insert(2, column(f"on {task}", (_misfit(loss, task) or "fits" for loss in found)))
    return [column for column in columns if any(column.values)]


def _written(value: float | None) -> str:
    return "data" if value is None else f"{value:g}"


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
