"""NumPy under the names of `keras.ops`, so that one loss function serves training and its checks."""

from types import SimpleNamespace
from typing import Any

from lossterm.losses.loss import Namespace


def numpy() -> Namespace:
    """Return NumPy's functions plus the missing ones, written so that large arguments stay finite."""
    import numpy as np  # not at the top: the terminal's process lists losses without computing any

    def softplus(x: Any) -> Any:
        return np.logaddexp(x, 0)

    def log_softmax(x: Any, axis: int = -1) -> Any:
        shifted = x - x.max(axis=axis, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))

    def one_hot(indices: Any, classes: int) -> Any:
        return np.eye(classes)[indices]

    def stop_gradient(x: Any) -> Any:
        return x

    def cast(x: Any, dtype: Any) -> Any:
        return np.asarray(x).astype(dtype)

    shared = {name: getattr(np, name) for name in _SHARED}
    return SimpleNamespace(
        **shared, softplus=softplus, log_softmax=log_softmax, one_hot=one_hot, stop_gradient=stop_gradient, cast=cast
    )


_SHARED = (
    "abs",
    "argsort",
    "concatenate",
    "cumsum",
    "exp",
    "expm1",
    "flip",
    "log",
    "log1p",
    "max",
    "maximum",
    "mean",
    "minimum",
    "ones_like",
    "power",
    "reshape",
    "sqrt",
    "square",
    "stack",
    "sum",
    "take_along_axis",
    "where",
    "zeros_like",
)
"""Functions that losses use and that NumPy and `keras.ops` share by name."""
