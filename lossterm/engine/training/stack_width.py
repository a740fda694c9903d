"""How many trainings are put into one program.

On a processor small networks gain by ten: what a step costs is starting its operations. On a card starting one costs
more, and arithmetic nearly nothing, so that stacks are wider and of larger networks: ten seeds at the five rates of a
tuned comparison. Where memory runs out, the width of a program is halved, for good.
"""

from itertools import pairwise
from typing import NamedTuple

from lossterm.comparison.comparison import ENGINE, Trial
from lossterm.engine.contract import DeviceKind
from lossterm.engine.runtime import Place, card_names, cpu
from lossterm.engine.training.compiled_epochs import AT_ONCE
from lossterm.engine.training.output_shape import outputs_of
from lossterm.engine.user_code.loss_loading import Way
from lossterm.home import stack_widths
from lossterm.losses import Loss
from lossterm.tasks import Task

WIDTH = 10
"""Trainings in a stack; ten seeds are the default, and more than this gains little."""

MOST_PRODUCTS = 64 * 1024
"""Weights times rows of a batch up to which a network is small: its steps cost operations rather than arithmetic."""

MOST_CELLS = 2**20
"""The most numbers that the features of a stack may have: they are copied for each trial."""

CARD_WIDTH, CARD_PRODUCTS, CARD_CELLS = 50, 64 * MOST_PRODUCTS, 64 * MOST_CELLS
"""The same on a card: of features, 256 MB. Set by what is known of cards, not measured on one."""


class _Bounds(NamedTuple):
    width: int
    products: int
    cells: int


def _bounds(kind: DeviceKind) -> _Bounds:
    if kind == "GPU":
        return _Bounds(CARD_WIDTH, CARD_PRODUCTS, CARD_CELLS)
    return _Bounds(WIDTH, MOST_PRODUCTS, MOST_CELLS)


def stack_width(trial: Trial, task: Task, loss: Loss, way: Way, rows: int, place: Place) -> int:
    """Return the trainings of a stack for a trial on a table of so many rows: 1 for those trained one at a time.

    It depends on nothing that differs between trials of a program, since the width decides the last bits.
    """
    width = _usual_width(trial, task, loss, way, rows, place.kind)
    return width if width == 1 else min(width, stack_widths.kept(device_name(place), trial.program) or width)


def device_name(place: Place) -> str:
    """Name the device of a place, as far as bits and memory depend on it."""
    model = next(iter(card_names()), "a card") if place.kind == "GPU" else cpu()
    return f"{model}, engine {ENGINE}"


def _usual_width(trial: Trial, task: Task, loss: Loss, way: Way, rows: int, kind: DeviceKind) -> int:
    h, most = trial.hyperparameters, _bounds(kind)
    if h.model or h.dropout or loss.counted or loss.per == "batch" or way != "compiled":
        return 1  # what a person wrote, what draws numbers of its own, and what needs the classes or rows of one trial
    if h.network != "mlp" or len(task.input_shape) > 1:
        return 1  # what is no chain of dense layers
    units = (task.features, *h.hidden, outputs_of(task, loss))
    weights = sum((inputs + 1) * outputs for inputs, outputs in pairwise(units))
    small = weights * min(h.batch_size, rows) <= most.products
    return most.width if small and rows <= AT_ONCE and most.width * rows * task.features <= most.cells else 1
