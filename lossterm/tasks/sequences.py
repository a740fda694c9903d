"""Tasks on sequences."""

from typing import TYPE_CHECKING

from lossterm.tasks.channel_scaling import by_channel
from lossterm.tasks.task import Task

if TYPE_CHECKING:
    from lossterm.tasks.task import Draw

STEPS = 40
"""Steps of a drawn sequence."""


def _waves(seed: int) -> "Draw":
    """Draw a wave whose pitch rises, stays or falls, on a second channel a quarter of a turn later, with noise.

    The classes differ in nothing but the order of the steps: all have the same pitch on average.
    """
    import numpy as np

    stream = np.random.default_rng([seed, 7])
    rows = 600
    target = stream.permutation(np.arange(rows) % 3)
    time = np.linspace(0, 1, 40)
    bend = (target[:, None] - 1) * stream.uniform(0.5, 1.5, (rows, 1))
    turns = stream.uniform(0, 1, (rows, 1)) + stream.uniform(3, 4, (rows, 1)) * time + bend * time * (time - 1)
    angle = 2 * np.pi * turns
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    return waves + 0.4 * stream.standard_normal(waves.shape), target


SEQUENCES = (
    Task(
        key="waves",
        title="noisy waves of 40 steps whose pitch falls, stays or rises",
        kind="multiclass",
        rows=600,
        input_shape=(STEPS, 2),
        classes=3,
        labels=("falling", "steady", "rising"),
        network="rnn",
        hidden=(),
        epochs=40,
        pipeline=by_channel,
        draw=_waves,
    ),
)
