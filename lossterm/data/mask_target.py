"""Masks as a target: which class each pixel of an image is of."""

from pathlib import Path

import numpy as np

from lossterm.data.files.position import refusal
from lossterm.data.request import FileRequest
from lossterm.data.target import Target
from lossterm.text.harmless import clipped
from lossterm.text.numbers import counted, listed

MOST_CLASSES = 256
"""Classes that masks may have."""


def mask_target(path: Path, asked: FileRequest, name: str, y: np.ndarray) -> Target:
    """Return the class of each pixel of masks (rows, height, width), or one-hot with an axis behind.

    Raises DataError for values that are no classes.
    """
    if asked.kind not in (None, "segmentation"):
        raise refusal(path, f"{name} has a number for each pixel, so it is a mask: leave out --kind {asked.kind}.")
    said = ""
    if y.ndim == 4:
        if not (np.isin(y, (0, 1)).all() and (y.sum(axis=-1) == 1).all()):
            raise refusal(
                path, f"{name} has {y.shape[-1]} numbers a pixel that are not one-hot. Class indices are wanted."
            )
        y, said = y.argmax(axis=-1), ", one-hot"
    values = np.unique(y)
    if len(values) < 2:
        raise refusal(path, f"all pixels are of one class, {values[0]:g}: there is nothing to tell apart.", column=name)
    if len(values) == 2:
        said += "" if values.tolist() == [0, 1] else f", {values[0]:g} and {values[1]:g} in the file"
        index = (y == values[1]).astype(np.int64)
    elif values[0] < 0 or len(values) > MOST_CLASSES or (values != np.arange(len(values))).any():
        raise refusal(path, _no_classes(name, y, values), column=name)
    else:
        index = y.astype(np.int64)
    number = len(values)
    counts = np.bincount(index.ravel(), minlength=number)
    shares = listed([f"{place}: {100 * count / index.size:.3g} %" for place, count in enumerate(counts.tolist()[:8])])
    why = f"{name} is a mask of {number} classes{said} (segmentation); of the pixels {clipped(shares, 120)}."
    classes = tuple(map(str, range(number)))
    imbalance = float(counts.max() / counts.min())
    rows = np.arange(len(y))
    return Target(kind="segmentation", values=index, why=why, classes=classes, imbalance=imbalance, rows=rows)


def _no_classes(name: str, y: np.ndarray, values: np.ndarray) -> str:
    """Say why the pixels of a mask (rows, height, width), of which these are the values, are no classes."""
    between = next((value for value in values.tolist() if value % 1), None)
    if between is not None and values[0] >= 0 and values[-1] <= 1:
        return (
            f"the mask has values between 0 and 1, as {between:.3g}, and soft masks are not taken: threshold them, as "
            f"with ({name} > 0.5).astype(int)."
        )
    odd = next((value for place, value in enumerate(values.tolist()) if value != place), values[-1])
    pixels = (y == odd).sum(axis=(1, 2))
    first = int(np.flatnonzero(pixels)[0]) + 1
    where = f"It stands in {counted(int(pixels.sum()), 'pixel')}, the first of them in row {first:,}."
    way = "Number the classes anew; unlabelled pixels want a class of their own."
    if values[0] > 0 and (values == np.arange(len(values)) + values[0]).all():
        way = f"No pixel has a class below: {name} - {values[0]:g} begins at 0."
    return (
        f"the mask has the value {odd:g}, and its classes are whole numbers from 0 without gaps, at most "
        f"{MOST_CLASSES}. {where} {way}"
    )
