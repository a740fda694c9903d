"""Options that say what is compared: all that `Comparison.ask` takes, under its names."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lossterm.cli.options.hyperparameters import setting_option, settings_options
from lossterm.cli.options.shared import loss_file_option, session_option
from lossterm.cli.options.task_or_table import subject_options
from lossterm.comparison.comparison import DEFAULT_RATE, RATES_TO_TUNE, rates_from
from lossterm.comparison.setting_catalogue import OF_COMPARISON
from lossterm.losses import USUAL

Command = TypeVar("Command", bound=Callable[..., Any])


class Rates(click.ParamType[tuple[float, ...] | None]):
    """Learning rates: `0.01`, `0.01,0.1` to choose the best of, or `tune` for the usual ones."""

    name = "rates"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the rates. Raises OutOfRange."""
        return value if isinstance(value, tuple) else rates_from(value, "--lr")

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Show the forms in the help."""
        return "[tune|X|X,Y,…]"


_OPTIONS = (
    subject_options,
    click.option(
        "--loss",
        "-l",
        "losses",
        multiple=True,
        default=(USUAL,),
        help="A loss, again for more, as huber or huber:delta=0.5; `all` that fit, or the `usual` ones (the default).",
    ),
    loss_file_option,
    setting_option(OF_COMPARISON["seeds"], "-n"),
    click.option(
        "--lr",
        "learning_rates",
        type=Rates(),
        help=f"Learning rate; of several, and with tune ({', '.join(f'{rate:g}' for rate in RATES_TO_TUNE)}), the best "
        f"on validation is taken for each loss (default: tune; under the tutorial protocol {DEFAULT_RATE:g}).",
    ),
    settings_options,
    *(setting_option(OF_COMPARISON[name]) for name in OF_COMPARISON if name != "seeds"),
    session_option,
)


def comparison_options(command: Command) -> Command:
    """Add them; the command takes a Subject as `subject`, `session`, and the rest for `Comparison.ask`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
