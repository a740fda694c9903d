"""`lossterm tasks`: what can be trained on."""

from typing import Any

import click

from lossterm import metrics as metric_catalogue
from lossterm.cli.catalogue_fields import fields_of
from lossterm.cli.console import print_rows
from lossterm.cli.options.shared import list_formats
from lossterm.tasks import Task, every_task, task_problems
from lossterm.text.harmless import printable


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


def _task(task: Task) -> dict[str, Any]:
    """Return a task's fields as JSON can hold them; of what gives groups and weights, whether there is such a thing."""
    more = {
        "grouped": task.groups is not None,
        "weighted": task.weights is not None,
        "metric": metric_catalogue.PRIMARY[task.kind],
    }
    return {
        **fields_of(task, "groups", "times", "weights", "numeric", "row_numbers", "column_names", "asked", "advised"),
        **more,
    }
