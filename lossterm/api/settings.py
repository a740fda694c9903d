"""The keywords of `compare`, as editors and type checkers know them.

What each of them means, its range and its default stand in the records of the settings
(`lossterm.comparison.setting_catalogue`); a test holds these types to them.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict

from lossterm.losses import Kind

Network = str | Callable[[int, int], Any]
"""`"FILE.py:NAME"`, or a function (features, outputs) that returns an uncompiled Keras model."""

Rates = Literal["tune"] | float | Sequence[float]
"""One learning rate, several to choose the best of for each loss, or the usual ones."""


RowWeights = str | Any
"""The column of what each row weighs, or an array of it, (rows,)."""


class Settings(TypedDict, total=False):
    """How losses are compared; None for the default of a setting. `lossterm run --help` tells all of them."""

    learning_rates: Rates | None
    hidden: int | Sequence[int] | None
    activation: Literal["relu", "tanh", "gelu", "elu", "selu", "silu", "leaky_relu", "sigmoid"] | None
    dropout: float | None
    batch_norm: bool | None
    l2: float | None
    batch_size: int | None
    epochs: int | None
    optimizer: Literal["sgd", "momentum", "adam", "rmsprop", "adamw", "nadam", "adagrad"] | None
    schedule: Literal["constant", "cosine", "linear", "exponential"] | None
    early_stopping: int | None
    class_weight: Literal["balanced"] | None
    scaling: Literal["standard", "robust"] | None
    network: Literal["mlp", "cnn", "rnn", "unet"] | None
    filters: int | Sequence[int] | None
    kernel: int | None
    pooling: Literal["max", "average"] | None
    units: int | Sequence[int] | None
    cell: Literal["gru", "lstm", "simple"] | None
    bidirectional: bool | None
    model: Network | None
    protocol: Literal["fair", "tutorial", "published"] | None
    seeds: int | None
    until: Literal["settled"] | None
    metric: str | None
    rope: float | None
    final: bool | None
    device: str | None


class Keywords(Settings, total=False):
    """These, and how a table is read, where that is not left to be recognised; `lossterm data --help` tells of it."""

    kind: Kind | None
    drop: str | Sequence[str] | None
    categorical: str | Sequence[str] | None
    group: str | None
    time: str | None
    sample_weight: RowWeights | None
    delimiter: str | None
    encoding: str | None
    header: bool | None
    thousands: str | None
    missing: float | str | Sequence[float | str] | None
    min_class: str | None
