"""Functions to be shipped, in a module that stands for a script: a test runs it as `__main__`."""

import math
from functools import partial
from math import sqrt as root
from typing import Any

import numpy as np

DELTA = np.float64(0.5)
WEIGHTS = np.array([1.0, 2.0])
NAMES: dict[str, list[float]] = {"a": [1, 2.5], "b": []}
ENDLESS = math.inf
LARGE = np.zeros(2000)
LOCK = object()


def double(value: Any) -> Any:
    return 2 * value


twice = double


def mine(y_true: Any, y_pred: Any, gain: float = DELTA, **_: Any) -> Any:
    error = np.abs(y_true - y_pred)
    LARGE = 1.0  # noqa: N806  a name of its own that a constant has too
    values = [twice(one) * gain for one in error]
    return np.array(values) * WEIGHTS[1] * math.sqrt(4) * root(1) * NAMES["a"][1] * min(ENDLESS, LARGE)


def again(depth: int) -> int:
    return 0 if depth == 0 else again(depth - 1)


def holds(y_true: Any, y_pred: Any) -> Any:
    return y_true - y_pred + LARGE.sum()


def lacks(y_true: Any, y_pred: Any) -> Any:
    return NOT_YET * (y_true - y_pred)  # type: ignore[name-defined]  # noqa: F821  it is what is refused


def locks(y_true: Any, y_pred: Any) -> Any:
    return LOCK and y_true - y_pred


def made(factor: float) -> Any:
    def inner(y_true: Any, y_pred: Any) -> Any:
        return factor * (y_true - y_pred)

    return inner


half = made(0.5)


def halved(y_true: Any, y_pred: Any) -> Any:
    return half(y_true, y_pred)


short = lambda y_true, y_pred: y_true - y_pred  # noqa: E731  it is what is refused
given = partial(mine, gain=0.25)


class Base:
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return double(y_true - y_pred)


class Mine(Base):
    pass


class Huber:
    """Stands for an instance of Keras's: only its module and the name of its base tell."""


class Loss:
    pass


Loss.__module__ = "keras.src.losses.loss"
Instance = type("Huber", (Loss,), {"__module__": "keras.src.losses.losses"})
Own = type("Own", (Loss,), {"__module__": "__main__"})
Model = type("Model", (), {"__module__": "keras.src.models.model", "compiled": True})
