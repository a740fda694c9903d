"""Images, masks and sequences in a terminal: two pixels in each cell, one above the other, and lines of bars."""

from collections.abc import Sequence

import numpy as np
from rich.text import Text

from lossterm.charts.loss_colours import Colour, colour_text
from lossterm.charts.sparkline import sparkline
from lossterm.charts.text_lines import fitted

UPPER = "▀"

GAP = 2
"""Columns between two pictures."""

_SHADES = " ░▒▓█"
"""What stands for a pixel's brightness where there are no colours."""


def thinned(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return every pixel, or every second, third, …, of an image (height, width), so that it is at most as large."""
    by = max(-(-image.shape[0] // height), -(-image.shape[1] // width), 1)
    return image[::by, ::by]


def grey(image: np.ndarray, *, dark: bool) -> np.ndarray:
    """Return the colours of an image (height, width) of any numbers, (height, width, 3): its largest is the brightest.

    On a light ground its smallest is white, as ink on paper.
    """
    low, high = float(np.nanmin(image)), float(np.nanmax(image))
    share = (image - low) / (high - low) if high > low else np.zeros(image.shape)
    share = np.nan_to_num(share if dark else 1 - share)
    return np.repeat((255 * share).astype(np.int64)[..., None], 3, axis=-1)


def coloured(mask: np.ndarray, palette: Sequence[Colour]) -> np.ndarray:
    """Return the colours of a mask of class indices (height, width), (height, width, 3)."""
    return np.asarray(np.asarray(palette, np.int64)[mask])


def blocks(pixels: np.ndarray, *, plain: bool = False) -> list[Text]:
    """Return lines, half as many as rows of pixels (height, width, 3), each as wide as the picture.

    Without colours a cell has a shade for the mean brightness of both its pixels.
    """
    if len(pixels) % 2:
        pixels = np.concatenate([pixels, np.zeros((1, *pixels.shape[1:]), np.int64)])
    lines = []
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
        line = Text()
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            if plain:
                line.append(_SHADES[round((len(_SHADES) - 1) * sum((*above, *below)) / (6 * 255))])
            else:
                line.append(UPPER, f"{colour_text(tuple(above))} on {colour_text(tuple(below))}")
        lines.append(line)
    return lines


def channels(sequence: np.ndarray, width: int) -> list[Text]:
    """Return a line of bars for each channel of a sequence (steps, channels), each step or the mean of some."""
    lines = []
    for channel in np.asarray(sequence, np.float64).T:
        parts = np.array_split(channel, min(width, len(channel)))
        means = np.array([part.mean() for part in parts])
        low, high = float(means.min()), float(means.max())
        lines.append(Text(sparkline(((means - low) / (high - low or 1.0)).tolist())))
    return lines


def breadth(drawn: Sequence[Sequence[Text]]) -> int:
    """Return how many columns pictures take beside each other."""
    return sum(max((line.cell_len for line in one), default=0) for one in drawn) + GAP * (len(drawn) - 1)


def beside(drawn: Sequence[Sequence[Text]]) -> list[Text]:
    """Put pictures beside each other, in as many lines as the highest has."""
    if not drawn:
        return []
    widths = [breadth([one]) for one in drawn]
    return [
        Text(" " * GAP).join(
            fitted(one[place].copy() if place < len(one) else Text(), wide)
            for one, wide in zip(drawn, widths, strict=True)
        )
        for place in range(max(map(len, drawn)))
    ]
