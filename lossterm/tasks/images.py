"""Tasks on images: handwritten digits, and drawn shapes with their masks."""

from typing import TYPE_CHECKING

from lossterm.tasks.channel_scaling import by_channel
from lossterm.tasks.task import Task

if TYPE_CHECKING:
    from lossterm.tasks.task import Draw

SIDE = 16
"""Height and width of drawn images, in pixels."""


def _digit_images(_: int) -> "Draw":
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    return images.reshape(-1, 8, 8, 1), digits


def _shapes(seed: int) -> "Draw":
    """Draw a disc on each image, a cross on three in four, and a slope of light; the cross lies on top.

    Of the pixels about a tenth belong to a disc and 3 % to a cross.
    """
    import numpy as np

    stream = np.random.default_rng([seed, 5])
    rows = 300
    y, x = np.mgrid[:16, :16]
    masks = np.zeros((rows, 16, 16), np.int64)
    for mask in masks:
        centre_y, centre_x = stream.uniform(3, 12, 2)
        mask[(y - centre_y) ** 2 + (x - centre_x) ** 2 <= stream.uniform(2, 3.6) ** 2] = 1
        across, along = stream.integers(2, 14, 2)
        if stream.random() < 0.75:
            near = (np.abs(y - across) <= 2) & (np.abs(x - along) <= 2)
            mask[near & ((y == across) | (x == along))] = 2
    light = stream.normal(0, 0.5, (2, rows, 1, 1))
    slope = light[0] * (y / 16 - 0.5) + light[1] * (x / 16 - 0.5)
    brightness = np.array([0.0, 1.0, 1.4])[masks]
    images = brightness + slope + 0.5 * stream.standard_normal(masks.shape)
    return images[..., None], masks


def _spots(seed: int) -> "Draw":
    """Draw up to three faint spots on each image, none on one in five; about 3 % of the pixels belong to one."""
    import numpy as np

    stream = np.random.default_rng([seed, 6])
    rows = 300
    y, x = np.mgrid[:16, :16]
    masks = np.zeros((rows, 16, 16), np.int64)
    for mask in masks:
        for _ in range(0 if stream.random() < 0.2 else stream.integers(1, 4)):
            centre_y, centre_x = stream.uniform(1, 14, 2)
            mask[(y - centre_y) ** 2 + (x - centre_x) ** 2 <= stream.uniform(0.8, 1.7) ** 2] = 1
    images = 1.5 * masks + 0.5 * stream.standard_normal(masks.shape)
    return images[..., None], masks


IMAGES = (
    Task(
        key="digit_images",
        title="handwritten digits as images of 8×8 pixels",
        kind="multiclass",
        rows=1797,
        input_shape=(8, 8, 1),
        classes=10,
        network="cnn",
        hidden=(),
        epochs=30,
        finite=True,
        pipeline=by_channel,
        draw=_digit_images,
    ),
    Task(
        key="shapes",
        title="drawn discs and crosses: a class for each of 16×16 pixels",
        kind="segmentation",
        rows=300,
        input_shape=(SIDE, SIDE, 1),
        target_shape=(SIDE, SIDE),
        classes=3,
        labels=("background", "disc", "cross"),
        network="unet",
        hidden=(),
        epochs=25,
        batch_size=16,
        imbalance=32.0,
        pipeline=by_channel,
        draw=_shapes,
    ),
    Task(
        key="spots",
        title="small faint spots, about 3 % of 16×16 pixels",
        kind="segmentation",
        rows=300,
        input_shape=(SIDE, SIDE, 1),
        target_shape=(SIDE, SIDE),
        classes=2,
        labels=("background", "spot"),
        network="unet",
        hidden=(),
        epochs=25,
        batch_size=16,
        imbalance=32.0,
        pipeline=by_channel,
        draw=_spots,
    ),
)
