"""What the calls of other libraries are given, as the words of a record say, and losses with parameters to try."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lossterm.losses import Loss
from lossterm.losses.equivalent import Equivalent
from tests.losses import COUNTS, TABLES

CASES = (
    *TABLES,
    *("pinball:tau=0.5", "expectile:tau=0.5", "beta_nll:beta=0", "epsilon_insensitive:epsilon=0"),
    *("huber:delta=0.5", "huber:delta=1.345", "huber:delta=7", "barron:alpha=2", "barron:alpha=2,c=3"),
    *("weighted_binary_crossentropy:weight=3", "weighted_binary_crossentropy:weight=0.2"),
    *("smoothed_binary_crossentropy:epsilon=0.3", "smoothed_crossentropy:epsilon=0.3"),
    *("binary_focal:gamma=0", "binary_focal:gamma=3.5", "focal:gamma=0", "focal:gamma=3.5"),
    *("binary_gce:q=0.2", "gce:q=0.2", "gce:q=0.9", "logit_adjusted:tau=0.3", "class_balanced:beta=0.9"),
    *("poly1:epsilon=0", "ldam:margin=2", "sce:alpha=0.3,beta=0", "bi_tempered:t1=1,t2=1"),
)
"""Every loss, and those whose words depend on their parameters with several values of these."""


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-z)))


def _softmax(z: np.ndarray) -> np.ndarray:
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def given(one: Equivalent, loss: Loss, y: np.ndarray, f: np.ndarray) -> tuple[np.ndarray, Any]:
    """Return target and prediction as the call takes them."""
    counts = COUNTS[f.shape[-1] if loss.by_class else 2]
    predictions: dict[str, Callable[[], Any]] = {
        "": lambda: f,
        "tanh(z)": lambda: f,
        "exp(z)": lambda: np.exp(f),
        "σ(z)": lambda: _sigmoid(f),
        "[1 − σ(z), σ(z)]": lambda: np.stack([1 - _sigmoid(f), _sigmoid(f)], axis=-1),
        "softmax(z)": lambda: _softmax(f),
        "log_softmax(z)": lambda: np.log(_softmax(f)),
        "z + τ·ln π": lambda: f + loss.values["tau"] * np.log(counts / counts.sum()),
        "z + ln n": lambda: f + np.log(counts),
        "z − y·Δ": lambda: f - y * (loss.values["margin"] or 0) * (counts.min() / counts) ** 0.25,
        "f and 0": lambda: (f, np.zeros_like(f)),
        "f and the variance v": lambda: (f[:, 0], np.log1p(np.exp(f[:, 1])) + 1e-6),
    }
    targets: dict[str, Callable[[], np.ndarray]] = {
        "": lambda: y,
        "y(1 − ε) + ε/2": lambda: y * (1 - (loss.values["epsilon"] or 0)) + (loss.values["epsilon"] or 0) / 2,
        "the index of the class": lambda: (y.argmax(axis=-1) if y.ndim == 2 else y).astype(int),
    }
    return targets[one.target](), predictions[one.on]()


def factor_of(one: Equivalent, loss: Loss, y: np.ndarray, f: np.ndarray) -> Any:
    """Return the factor as a number, or as one for each row."""
    if not isinstance(one.factor, str):
        return one.factor
    if one.factor == "K":
        return f.shape[-1]
    counts = COUNTS[f.shape[-1] if loss.by_class else 2]
    if one.factor == "w_y":
        weight = loss.values["weight"]
        weights = counts.sum() / (2 * counts) if weight is None else np.array([1, weight])
        return weights[y.astype(int)]
    assert one.factor == "w_t"
    assert loss.values["beta"] is not None
    effective = (1 - loss.values["beta"]) / (1 - loss.values["beta"] ** counts)
    return (effective * len(counts) / effective.sum())[y.argmax(axis=-1)]
