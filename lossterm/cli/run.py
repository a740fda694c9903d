"""`lossterm run`: ask for a comparison, watch it, print its table."""

import sys

import click

from lossterm.cli.console import print_reports
from lossterm.cli.options import (
    Choice,
    Rates,
    StorePath,
    loss_file_option,
    session_option,
    store_option,
    table_formats,
)
from lossterm.cli.watch import Watch
from lossterm.comparison import (
    DEFAULT_BATCH,
    DEFAULT_OPTIMIZER,
    DEFAULT_RATE,
    DEFAULT_SEEDS,
    DEFAULT_TASK,
    DEVICES,
    OPTIMIZERS,
    RATES_TO_TUNE,
    Comparison,
    layers_from,
)
from lossterm.errors import UsageError
from lossterm.lint import doubts
from lossterm.losses import USUAL
from lossterm.protocols import DEFAULT_PROTOCOL, PROTOCOLS
from lossterm.store import Store

SOME_FAILED = 4
STOPPED = 130
"""Someone else stopped trials that this run was waiting for: as if it had been interrupted here."""


class Layers(click.ParamType[tuple[int, ...]]):
    """Units of hidden layers: `50`, `50,20`, or `none`."""

    name = "units"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return one number per layer. Raises OutOfRange."""
        return value if isinstance(value, tuple) else layers_from(value, "--hidden")


@click.command()
@click.option("--task", "-t", default=DEFAULT_TASK, show_default=True, help="What to train on; see `lossterm tasks`.")
@click.option(
    "--loss",
    "-l",
    "losses",
    multiple=True,
    default=(USUAL,),
    help="A loss, again for more, as huber or huber:delta=0.5; `all` that fit, or the `usual` ones (the default).",
)
@loss_file_option
@click.option("--seeds", "-n", type=int, default=DEFAULT_SEEDS, show_default=True, help="Trainings of each loss.")
@click.option("--epochs", type=int, help="Passes over the data (default: the task's own).")
@click.option(
    "--lr",
    "rates",
    type=Rates(),
    help=f"Learning rate; of several, and with tune ({', '.join(f'{rate:g}' for rate in RATES_TO_TUNE)}), the best on "
    f"validation is taken for each loss (default: tune; under the tutorial protocol {DEFAULT_RATE:g}).",
)
@click.option(
    "--hidden", type=Layers(), help="Units of the hidden layers, as 50,20, or none (default: the task's own)."
)
@click.option("--batch-size", type=int, default=DEFAULT_BATCH, show_default=True, help="Rows of one step.")
@click.option(
    "--optimizer",
    type=Choice("optimizer", *OPTIMIZERS),
    default=DEFAULT_OPTIMIZER,
    show_default=True,
    help="How weights are updated.",
)
@click.option(
    "--protocol",
    default=DEFAULT_PROTOCOL,
    show_default=True,
    help=f"How the comparison is made: {', '.join(PROTOCOLS)}.",
)
@click.option("--metric", help="What ranks and tunes; see `lossterm metrics` (default: accuracy, or mae).")
@click.option("--device", type=Choice("device", *DEVICES), default="auto", show_default=True, help="Where to train.")
@session_option
@click.option("--trials", "with_trials", is_flag=True, help="Add every trial with its curves to the JSON.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
@table_formats
@store_option
def run(
    task: str,
    losses: tuple[str, ...],
    own: tuple[str, ...],
    seeds: int,
    epochs: int | None,
    rates: tuple[float, ...] | None,
    hidden: tuple[int, ...] | None,
    batch_size: int,
    optimizer: str,
    protocol: str,
    metric: str | None,
    device: str,
    session: str,
    with_trials: bool,
    quiet: bool,
    form: str,
    store: StorePath,
) -> None:
    """Train each loss with each seed and print the table of losses.

    Trials that are in the store already are not trained again. Ctrl-C stops the trials and keeps what there is.
    """
    if with_trials and form != "json":
        raise UsageError("--trials adds to the JSON: say --format json too.")
    comparison = Comparison.ask(
        task,
        losses,
        own=own,
        protocol=protocol,
        metric=metric,
        seeds=seeds,
        learning_rates=rates,
        hidden=hidden,
        optimizer=optimizer,
        batch_size=batch_size,
        epochs=epochs,
        device=device,
    )
    if not quiet:
        for doubt in doubts(comparison):
            click.echo(f"Note: {doubt}", err=True)
    with Store(store) as opened:
        watch = Watch(opened, session, [comparison], quiet=quiet)
        try:
            watch.to_the_end()
        except KeyboardInterrupt:
            found = watch.reports()
            if any(standing.rank for one in found for standing in one.standings):  # marked partial, if any trial ended
                print_reports(found, form, watch.chunks() if form == "linear" else None)
            raise
        found = watch.reports()
        chunks = watch.chunks() if with_trials or form == "linear" else None
    print_reports(found, form, chunks)
    if not all(one.sound for one in found):
        sys.exit(SOME_FAILED)
    if any(one.stopped for one in found):
        sys.exit(STOPPED)
