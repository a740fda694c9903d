"""What the tests of losses share: rows in the form that a record asks for, and its slopes without a framework."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lossterm.losses import LOSSES, Kind, Loss, loss_named
from lossterm.losses.arrays import numpy

XP = numpy()
KINDS: tuple[Kind, ...] = ("regression", "binary", "multiclass")
COUNTS = {2: np.array([45, 15]), 3: np.array([30, 20, 10]), 4: np.array([30, 15, 10, 5])}
"""Training rows of each class, by the number of classes."""

TABLES = {key: loss for key, loss in LOSSES.items() if set(loss.kinds) & set(KINDS)}
"""The losses of one number or class a row; those of ranks, labels and masks are tried in `test_shaped.py`."""

over_the_registry = pytest.mark.parametrize("loss", TABLES.values(), ids=list(TABLES))

Numbers = float | int | list[float]


def classes_of(loss: Loss) -> int:
    return 4 if "multiclass" in loss.kinds else 2


def encoded(loss: Loss, classes: np.ndarray, count: int) -> np.ndarray:
    """Return indices of classes in the form that the loss wants."""
    forms = {
        "zero_one": classes.astype(float),
        "plus_minus_one": 2.0 * classes - 1,
        "one_hot": np.eye(count)[classes],
        "index": classes,
    }
    return np.asarray(forms[loss.encoding])


def activated(loss: Loss, outputs: np.ndarray) -> np.ndarray:
    return np.tanh(outputs) if loss.activation == "tanh" else outputs


def random_targets(loss: Loss, rows: int) -> np.ndarray:
    """Return targets in the loss's range, a fifth of them 0 where the range begins there."""
    rng = np.random.default_rng(7)
    if loss.reading != "value":
        return encoded(loss, rng.integers(0, classes_of(loss), rows), classes_of(loss))
    if loss.lowest < 0:
        return rng.normal(0.5, 2, rows)
    if loss.highest == 1:
        return np.clip(rng.uniform(-0.2, 1.2, rows), 0, 1)
    return rng.gamma(2, 1, rows) * (rng.random(rows) > 0.2 if loss.zeros else 1)


def random_rows(loss: Loss, rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return targets in the loss's range and form, and outputs after its activation."""
    if not set(loss.kinds) & set(KINDS):
        return rows_of(loss)
    columns = classes_of(loss) if loss.by_class else loss.units
    outputs = np.random.default_rng(11).normal(0, 2, (rows, columns) if columns > 1 else rows)
    return random_targets(loss, rows), activated(loss, outputs)


def rows_of(loss: Loss, rows: int = 8, classes: int = 4, spread: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Draw targets and outputs as a loss of ranks, labels or masks wants them, for so many classes."""
    stream = np.random.default_rng(list(loss.key.encode()))
    (kind,) = loss.kinds
    if kind == "ordinal":
        return np.eye(classes)[stream.integers(classes, size=rows)], spread * stream.normal(
            size=(rows, loss.outputs(classes))
        )
    if kind == "multilabel":
        return stream.integers(2, size=(rows, 5)).astype(float), spread * stream.normal(size=(rows, 5))
    pixels = (rows, 6, 5)
    masks = stream.choice(classes, pixels, p=[0.6, *[0.4 / (classes - 1)] * (classes - 1)])
    return masks, spread * stream.normal(size=pixels if classes == 2 else (*pixels, classes))


def loss_of(loss: Loss, y: np.ndarray, f: np.ndarray, namespace: Any = XP) -> np.ndarray:
    return np.asarray(loss(namespace, y, f, COUNTS[f.shape[-1] if loss.by_class else 2]))


def value_of(name: str, y: Numbers | np.ndarray, f: Numbers | np.ndarray) -> np.ndarray:
    return loss_of(loss_named(name), np.asarray(y), np.asarray(f, dtype=float))


def central_differences(loss: Loss, y: np.ndarray, f: np.ndarray, h: float = 1e-6) -> np.ndarray:
    """Return dL/df by central differences, whatever the loss calls `stop_gradient` on being held as it is at f."""
    held: list[np.ndarray] = []

    def remember(x: np.ndarray) -> np.ndarray:
        held.append(x)
        return x

    def moved(by: np.ndarray) -> np.ndarray:
        remembered = iter(held)
        return loss_of(loss, y, f + by, _with(lambda _: next(remembered)))

    loss_of(loss, y, f, _with(remember))
    gradient = np.empty_like(f)
    for column in range(f.shape[1]) if f.ndim == 2 else (...,):
        step = np.zeros_like(f)
        step[:, column] = h
        gradient[:, column] = (moved(step) - moved(-step)) / (2 * h)
    return gradient


def _with(stop_gradient: object) -> Any:
    return SimpleNamespace(**{**vars(XP), "stop_gradient": stop_gradient})
