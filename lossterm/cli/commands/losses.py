"""`lossterm losses`: the losses by kind of task."""

from collections.abc import Iterable, Mapping, Sequence

import click

from lossterm.cli.catalogue_fields import loss_fields
from lossterm.cli.console import print_columns, print_lines
from lossterm.cli.options.shared import format_option
from lossterm.losses import LEFT_OUT, Kind, Loss, every_loss, problems
from lossterm.text.columns import TableColumn, markdown
from lossterm.text.harmless import printable
from lossterm.text.json_text import as_json

HEADINGS: dict[Kind, str] = {
    "regression": "For numbers",
    "binary": "For two classes",
    "multiclass": "For three or more classes",
    "multioutput": "For several numbers at once",
    "multilabel": "For several labels at once",
    "ordinal": "For ranks",
    "segmentation": "For masks",
}
"""Above each group. A loss of single numbers also trains several of them, and masks, as the mean of their losses; it is
listed once."""


@click.command()
@click.option("--task", "-t", help="Say of each loss of this task's kind whether it fits, and if not, why.")
@format_option("table", "markdown", "json")
def losses(task: str | None, form: str) -> None:
    """List the losses by kind of task, with what each estimates and its parameters; ● marks the usual ones."""
    for problem in problems():
        click.echo(f"lossterm: {printable(problem)}", err=True)
    kinds, misfits = _for_task(task) if task else (tuple(HEADINGS), {})
    listed = [
        loss for loss in every_loss().values() if set(kinds) & set(loss.kinds) or misfits.get(loss.key, "") is None
    ]
    if form == "json":
        rows = [{**loss_fields(loss), **({"misfit": misfits[loss.key]} if task else {})} for loss in listed]
        click.echo(as_json(rows))
        return
    groups = {
        HEADINGS[kind]: _columns(of_kind, task, misfits)
        for kind in kinds
        if (of_kind := listed if task else [loss for loss in listed if kind in loss.kinds])
    }
    if form == "markdown":
        click.echo("\n\n".join(f"**{heading}**\n\n{markdown(columns)}" for heading, columns in groups.items()))
        return
    for heading, columns in groups.items():
        print_lines(["", heading], "bold")
        print_columns(columns)
    print_lines(["", "lossterm explain LOSS says more, and draws it. Left out on purpose:"], "")
    print_lines([f"{name}: {why}." for name, why in LEFT_OUT.items()], "dim")


def _for_task(task: str) -> tuple[tuple[Kind, ...], dict[str, str | None]]:
    """Return a task's kind, and why each loss does not fit it; None where it does. Raises UnknownName."""
    from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL
    from lossterm.tasks import task_named  # as slow to load as all losses, and most lists are of no task

    record = task_named(task)
    return (record.kind,), {key: loss.misfit(record.targets, DEFAULT_PROTOCOL) for key, loss in every_loss().items()}


def _columns(listed: Sequence[Loss], task: str | None, misfits: Mapping[str, str | None]) -> list[TableColumn]:
    def column(head: str, texts: Iterable[str]) -> TableColumn:
        return TableColumn(head, False, tuple(texts))

    parameters = (", ".join(f"{name}={_written(value)}" for name, value in loss.values.items()) for loss in listed)
    columns = [
        column("", ("●" if loss.usual and not misfits.get(loss.key) else " " for loss in listed)),
        column("loss", (loss.key for loss in listed)),
        column("estimates", (loss.estimates for loss in listed)),
        column("targets", (loss.valid if loss.kinds == ("regression",) else "" for loss in listed)),
        column("parameters", parameters),
        column("formula", (loss.formula for loss in listed)),
        column("from", (loss.origin for loss in listed)),
    ]
    if task:
        columns.insert(2, column(f"on {task}", (misfits[loss.key] or "fits" for loss in listed)))
    return [column for column in columns if any(column.values)]


def _written(value: float | None) -> str:
    return "data" if value is None else f"{value:g}"
