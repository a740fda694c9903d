"""`lossterm run`: ask for a comparison, watch it, print its table."""

import sys

import click

from lossterm import daemon
from lossterm.cli.console import Narrator, print_reports
from lossterm.cli.options import DEFAULT_SESSION, Choice, StorePath, store_option, table_formats
from lossterm.comparison import DEVICES, OPTIMIZERS, Comparison
from lossterm.errors import OutOfRange, UsageError
from lossterm.store import Store
from lossterm.tail import Tail
from lossterm.view import View

SOME_FAILED = 4


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
@click.option("--task", "-t", default="circles", show_default=True, help="What to train on; see `lossterm tasks`.")
@click.option(
    "--loss", "-l", "losses", multiple=True, default=("all",), help="A loss, again for more; default: all that fit."
)
@click.option("--seeds", "-n", type=int, default=10, show_default=True, help="Trainings of each loss.")
@click.option("--epochs", type=int, help="Passes over the data (default: the task's own).")
@click.option("--lr", "learning_rate", type=float, default=0.01, show_default=True, help="Learning rate.")
@click.option("--hidden", type=Layers(), help="Units of the hidden layers, as 50,20 (default: the task's own).")
@click.option("--batch-size", type=int, default=32, show_default=True, help="Rows of one step.")
@click.option(
    "--optimizer",
    type=Choice("optimizer", *OPTIMIZERS),
    default="momentum",
    show_default=True,
    help="How weights are updated.",
)
@click.option("--protocol", default="tutorial", show_default=True, help="How the comparison is made.")
@click.option("--device", type=Choice("device", *DEVICES), default="auto", show_default=True, help="Where to train.")
@click.option("--session", default=DEFAULT_SESSION, show_default=True, help="Session to add the comparison to.")
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
            try:
                _watch(opened, asked.id, session, device, view, narrator)
            except KeyboardInterrupt:
                opened.cancel([asked.id])
                narrator.say(f"Stopped; what was trained is kept: lossterm report {session}")
                raise
        chunks = opened.chunks([asked.id])[0] if with_trials else None
        found = view.reports()
    print_reports(found, form, chunks)
    if not all(one.sound for one in found):
        sys.exit(SOME_FAILED)


def _watch(store: Store, comparison: int, session: str, device: str, view: View, narrator: Narrator) -> None:
    """Follow a comparison to its end, seeing to it that a worker is there."""
    keeper = daemon.Keeper(store.path, device)
    tail = Tail(store.path, session.strip(), comparison, device=device)
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
