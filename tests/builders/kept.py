"""Rows of every shape, and outputs for them that are right but for chosen rows."""

from collections.abc import Collection

import numpy as np

from lossterm.figures.shaped_predictions import ShapedKind
from lossterm.losses.target_scaling import Scaling
from lossterm.store import KeptOutputs, Sample

ROWS = 12
NAMES = ("sea", "land", "air")
_FORMS: dict[ShapedKind, tuple[tuple[int, ...], tuple[int, ...], int | None]] = {
    "images": ((8, 8, 1), (), 3),
    "sequences": ((20, 2), (), 3),
    "masks": ((6, 6, 1), (6, 6), 3),
    "labels": ((4,), (3,), 2),
    "outputs": ((4,), (3,), None),
}
"""Shape of a row's inputs and of its target, and the number of classes."""


def shaped_sample(kind: ShapedKind, names: tuple[str, ...] = NAMES) -> Sample:
    """Return rows of a shape, the same each time."""
    inputs, target, classes = _FORMS[kind]
    stream = np.random.default_rng(1)
    features = stream.normal(size=(ROWS, *inputs))
    values = stream.integers(classes, size=(ROWS, *target)) if classes else stream.normal(size=(ROWS, *target))
    return Sample(
        key="a/fair/0",
        split="test",
        count=int(np.prod(inputs)),
        classes=classes,
        input_shape=inputs,
        target_shape=target,
        names=names,
        features=features.astype("<f4").tobytes(),
        target=values.astype("<f8").tobytes(),
    )


def kept_of(sample: Sample, wrong: Collection[int] = (), rows: int = ROWS) -> KeptOutputs:
    """Return outputs for the first rows: all the same at epoch 0, and at epoch 4 right but for the `wrong` rows.

    Of those a row is the surer the further up it is.
    """
    _, target = sample.arrays()
    right = target[:rows]
    if sample.classes is None or sample.target_shape == (3,):
        last = 1.0 * right if sample.classes is None else 6.0 * right - 3
        for row in wrong:
            last[row] = -last[row]
    else:
        last = 3.0 * np.eye(sample.classes)[right]
        for row in wrong:
            last[row] = 4 / (1 + 0.3 * row) * np.eye(sample.classes)[(right[row] + 1) % sample.classes]
    return KeptOutputs(
        trial=1,
        epochs=(0, 4),
        rows=rows,
        shape=last.shape[1:],
        reading="value" if sample.classes is None else "logit" if sample.target_shape == (3,) else "logits",
        link="identity",
        scaling=Scaling(),
        data=np.stack([0 * last, last]).astype("<f4").tobytes(),
    )
