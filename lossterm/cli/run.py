"""`lossterm run`: ask for a comparison, watch it, print its table."""

import sys

import click

from lossterm import daemon
from lossterm.cli.console import Narrator, print_reports
from lossterm.cli.options import Choice, StorePath, session_option, store_option, table_formats
from lossterm.comparison import (
    DEFAULT_BATCH,
    DEFAULT_OPTIMIZER,
    DEFAULT_RATE,
    DEFAULT_SEEDS,
    DEFAULT_TASK,
    DEVICES,
    OPTIMIZERS,
    Comparison,
)
from lossterm.errors import OutOfRange, UsageError, WorkerError
from lossterm.store import Asked, Store
from lossterm.tail import Tail
from lossterm.view import View

SOME_FAILED = 4
STOPPED = 130
"""Someone else stopped trials that this run was waiting for: as if it had been interrupted here."""


class Layers(click.ParamType[tuple[int, ...]]):
    """Units of hidden layers: `50` or `50,20`."""

    name = "units"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return one number per layer. Raises OutOfRange."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(int(part) for part in value.split(","))
        except ValueError:
            raise OutOfRange("--hidden", repr(value), "whole numbers with commas between, such as 50,20") from None


@click.command()
@click.option("--task", "-t", default=DEFAULT_TASK, show_default=True, help="What to train on; see `lossterm tasks`.")
@click.option(
    "--loss", "-l", "losses", multiple=True, default=("all",), help="A loss, again for more; default: all that fit."
)
@click.option("--seeds", "-n", type=int, default=DEFAULT_SEEDS, show_default=True, help="Trainings of each loss.")
@click.option("--epochs", type=int, help="Passes over the data (default: the task's own).")
@click.option("--lr", "learning_rate", type=float, default=DEFAULT_RATE, show_default=True, help="Learning rate.")
@click.option("--hidden", type=Layers(), help="Units of the hidden layers, as 50,20 (default: the task's own).")
@click.option("--batch-size", type=int, default=DEFAULT_BATCH, show_default=True, help="Rows of one step.")
@click.option(
    "--optimizer",
    type=Choice("optimizer", *OPTIMIZERS),
    default=DEFAULT_OPTIMIZER,
    show_default=True,
    help="How weights are updated.",
)
@click.option("--protocol", default="tutorial", show_default=True, help="How the comparison is made.")
@click.option("--device", type=Choice("device", *DEVICES), default="auto", show_default=True, help="Where to train.")
@session_option
@click.option("--trials", "with_trials", is_flag=True, help="Add every trial with its curves to the JSON.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
@table_formats
@store_option
def run(
    task: str,
    losses: tuple[str, ...],
    seeds: int,
    epochs: int | None,
    learning_rate: float,
    hidden: tuple[int, ...] | None,
    batch_size: int,
    optimizer: str,
    protocol: str,
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
        protocol=protocol,
        seeds=seeds,
        learning_rate=learning_rate,
        hidden=hidden,
        optimizer=optimizer,
        batch_size=batch_size,
        epochs=epochs,
        device=device,
    )
    with Store(store) as opened:
        asked = opened.ask(session, comparison)
        view = View()
        with Narrator(quiet=quiet) as narrator:
            if opened.network:
                narrator.say(f"The store lies on a network file system ({opened.network}), which makes it slower.")
            try:
                _watch(opened, asked, view, narrator)
            except (KeyboardInterrupt, WorkerError):
                shared = opened.cancel([asked.id])
                narrator.say(f"Stopped; what was trained is kept: lossterm report {session}")
                if shared:
                    narrator.say(f"{shared} of the trials go on, since another comparison waits for them too.")
                raise
        chunks = opened.chunks([asked.id])[0] if with_trials else None
        found = view.reports()
    print_reports(found, form, chunks)
    if not all(one.sound for one in found):
        sys.exit(SOME_FAILED)
    if any(one.stopped for one in found):
        sys.exit(STOPPED)


def _watch(store: Store, asked: Asked, view: View, narrator: Narrator) -> None:
    """Follow a comparison to its end, seeing to it that a worker is there."""
    device = asked.comparison.device
    keeper = daemon.Keeper(store.path, device)
    tail = Tail(store.path, asked.session, asked.id, device=device)
    try:
        for update in tail.follow():
            if update:
                view.apply(update)
                narrator.show(view)
            if not view.training:
                return
            keeper.tend(needed=True, ready=view.ready)
    finally:
        tail.close()
