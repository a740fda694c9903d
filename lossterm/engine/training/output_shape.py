"""Numbers that a network gives for a row, as a task and a loss want them."""

import math

from lossterm.losses import Loss
from lossterm.tasks import Task


def outputs_of(task: Task, loss: Loss) -> int:
    """Return the number of outputs that a loss wants on a task; of a mask, for each pixel."""
    if task.outputs:
        return math.prod(task.target_shape)
    return loss.outputs(task.classes)


def output_shape_of(task: Task, loss: Loss) -> tuple[int, ...]:
    """Return the shape of what a network gives for a row: (outputs,), or (height, width, outputs) for a mask."""
    pixels = task.target_shape if task.kind == "segmentation" else ()
    return (*pixels, outputs_of(task, loss))


def shape_seen(task: Task, loss: Loss) -> tuple[int, ...]:
    """Return the shape of an output for a row as the loss sees it: without the axis of a single unit."""
    *outer, units = output_shape_of(task, loss)
    return (*outer, units) if units > 1 else tuple(outer)
