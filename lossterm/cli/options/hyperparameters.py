"""Options that say which network is trained, and how."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lossterm.cli.options.shared import Choice
from lossterm.comparison.hyperparameters import (
    ACTIVATIONS,
    CLASS_WEIGHTS,
    DEFAULT_OPTIMIZER,
    OPTIMIZERS,
    SCHEDULES,
    layers_from,
)

Command = TypeVar("Command", bound=Callable[..., Any])


class Layers(click.ParamType[tuple[int, ...]]):
    """Units of hidden layers: `50`, `50,20`, or `none`."""

    name = "units"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return one number per layer. Raises OutOfRange."""
        return value if isinstance(value, tuple) else layers_from(value, "--hidden")


def settings_options(command: Command) -> Command:
    """Add what `Comparison.ask` takes of network and training under the same names, but for epochs and rates."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option(
        "--hidden", type=Layers(), help="Units of the hidden layers, as 50,20, or none (default: the task's own)."
    ),
    click.option(
        "--activation",
        type=Choice("activation", *ACTIVATIONS),
        default=ACTIVATIONS[0],
        show_default=True,
        help="Of the hidden layers.",
    ),
    click.option(
        "--dropout",
        type=float,
        default=0.0,
        show_default=True,
        help="Share of the hidden units left out at each step, after their activation; from 0 to below 1.",
    ),
    click.option(
        "--batch-norm", is_flag=True, help="Normalise over the batch before the activation of each hidden layer."
    ),
    click.option(
        "--l2",
        type=float,
        default=0.0,
        show_default=True,
        help="Factor of the summed squares of all kernels, as 1e-4: trained on, but not shown in curves.",
    ),
    click.option(
        "--model",
        metavar="FILE.py:NAME",
        default="",
        help="A network of your own instead: a function (features, outputs) in a Python file or an installed package "
        "that returns an uncompiled Keras model with a linear output.",
    ),
    click.option("--batch-size", type=int, help="Rows of one step (default: the task's own)."),
    click.option(
        "--optimizer",
        type=Choice("optimizer", *OPTIMIZERS),
        default=DEFAULT_OPTIMIZER,
        show_default=True,
        help="How weights are updated.",
    ),
    click.option(
        "--schedule",
        type=Choice("schedule", *SCHEDULES),
        default=SCHEDULES[0],
        show_default=True,
        help="How the learning rate falls from step to step over the whole training: to 0 along half a cosine or a "
        "line, or to 1 % by equal factors.",
    ),
    click.option(
        "--early-stopping",
        type=int,
        metavar="N",
        help="Stop after N epochs without a better validation loss, and go back to the best weights.",
    ),
    click.option(
        "--class-weight",
        type=Choice("class weight", *CLASS_WEIGHTS),
        help="Train as if all classes were equally frequent; curves and scores do not weigh.",
    ),
)
