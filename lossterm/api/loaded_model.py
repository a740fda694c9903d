"""A saved network in the caller's process: the one place of the Python front end that imports Keras."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lossterm.errors import UsageError
from lossterm.export.model import about_model

_BARE = "best_model(bare=True) is the network alone, and export('best.keras') says beside it how to compute its inputs."

_ROUNDED = 2.0**-24
"""Share of a number by which float32 changes it at most."""

_BLUR = 0.01
"""Share of a column's standard deviation that may be lost so."""


def loaded_model(path: Path, *, bare: bool) -> Any:
    """Return the Keras model of an exported file: the network alone if `bare`, else from columns to predictions.

    Raises UsageError where no single array of float32 holds the rows: a column is more than a number, or needs more
    digits.
    """
    about = about_model(path)
    if not bare:
        _refuse_other_columns(about["inputs"])
        _refuse_lost_digits(about["inputs"])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets on stderr otherwise
    import keras

    network = keras.saving.load_model(path, compile=False)
    if bare:
        return network
    columns = keras.Input((len(about["inputs"]),), name="columns")
    means = [one["origin"] + one["mean"] for one in about["inputs"]]
    variances = [one["scale"] ** 2 for one in about["inputs"]]
    inputs = keras.layers.Normalization(mean=means, variance=variances)(columns)
    return keras.Model(columns, _read(keras.ops, network(inputs), about["output"]))


def _refuse_other_columns(inputs: Sequence[Mapping[str, Any]] | None) -> None:
    if inputs is None:
        raise UsageError(f"The task's inputs are prepared by a package of its own: {_BARE}")
    for one in inputs:
        if one["as"] != "number":
            what = "holds names" if one["as"] == "level" else "has missing cells"
            raise UsageError(f"Column {one['column']} {what}, which a network of numbers cannot take as it is: {_BARE}")


def _refuse_lost_digits(inputs: Sequence[Mapping[str, Any]]) -> None:
    """Refuse columns such as 1,000,000,000 to 1,000,000,100, of which a float32 holds no difference.

    In training, `origin` is taken off before they become float32.
    """
    for one in inputs:
        mean = one["origin"] + one["mean"]
        if abs(mean) * _ROUNDED > _BLUR * one["scale"]:
            raise UsageError(
                f"Column {one['column']} lies near {mean:,.0f}, with differences too small for the seven digits of "
                f"float32: {_BARE}"
            )


def _read(ops: Any, output: Any, about: Mapping[str, Any]) -> Any:
    """Return an output as predictions: (rows, 1) values in the target's units, or (rows, K) probabilities of classes.

    Margins and scores, which give no probabilities, stay as they are.
    """
    if about["reading"] == "value":
        value = output[:, :1]
        value = ops.exp(value) if about["link"] == "log" else value
        value = value * about["unit"] + about["origin"]
        value = ops.expm1(value) if about["log1p"] else value
        return value * about["target"]["scale"] + about["target"]["mean"] if about["target"] else value
    if about["reading"] == "logit":
        return ops.concatenate([ops.sigmoid(-output), ops.sigmoid(output)], axis=1)
    return ops.softmax(output, axis=-1) if about["reading"] == "logits" else output
