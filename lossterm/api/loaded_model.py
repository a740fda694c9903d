"""A saved network in the caller's process: the one place of the Python front end that imports Keras."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lossterm.errors import UsageError
from lossterm.export.model import about_model
from lossterm.losses.loss import RANKED
from lossterm.losses.ordinal import chances

_BARE = "best_model(bare=True) is the network alone, and export('best.keras') says beside it how to compute its inputs."

_ROUNDED = 2.0**-24
"""Share of a number by which float32 changes it at most."""

_BLUR = 0.01
"""Share of a column's standard deviation that may be lost so."""


def loaded_model(path: Path, *, bare: bool) -> Any:
    """Return the Keras model of an exported file: the network alone if `bare`, else from raw inputs to predictions.

    Raw inputs are columns, or images and sequences with the channels last. Raises UsageError where no single array of
    float32 holds the rows: a column is more than a number, or needs more digits.
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
    shape = tuple(about["input_shape"])
    raw = keras.Input(shape, name="columns" if len(shape) == 1 else "inputs")
    means = [one["origin"] + one["mean"] for one in about["inputs"]]
    variances = [one["scale"] ** 2 for one in about["inputs"]]
    inputs = keras.layers.Normalization(mean=means, variance=variances)(raw)  # of the last axis: columns or channels
    return keras.Model(raw, _read(keras.ops, network(inputs), about["output"]))


def _refuse_other_columns(inputs: Sequence[Mapping[str, Any]] | None) -> None:
    if inputs is None:
        raise UsageError(f"The task's inputs are prepared by a package of its own: {_BARE}")
    for one in inputs:
        if one["as"] != "number":
            what = "holds names" if one["as"] == "level" else "has missing cells"
            raise UsageError(f"Column {one['column']} {what}, which a network of numbers cannot take as it is: {_BARE}")


def _what(one: Mapping[str, Any]) -> str:
    return f"Channel {one['channel']}" if "channel" in one else f"Column {one['column']}"


def _refuse_lost_digits(inputs: Sequence[Mapping[str, Any]]) -> None:
    """Refuse columns such as 1,000,000,000 to 1,000,000,100, of which a float32 holds no difference.

    In training, `origin` is taken off before they become float32.
    """
    for one in inputs:
        mean = one["origin"] + one["mean"]
        if abs(mean) * _ROUNDED > _BLUR * one["scale"]:
            raise UsageError(
                f"{_what(one)} lies near {mean:,.0f}, with differences too small for the seven digits of "
                f"float32: {_BARE}"
            )


def _read(ops: Any, output: Any, about: Mapping[str, Any]) -> Any:
    """Return an output as predictions: values in the target's units, or probabilities of classes.

    Values are (rows, 1), or (rows, outputs) of several outputs; probabilities are (rows, K), (rows, labels) of several
    labels, and (rows, height, width, K) of masks. Margins and scores, which give no probabilities, stay as they are.
    """
    if about["reading"] == "value":
        return _values(ops, output, about)
    if about["reading"] == "logit":
        positive = ops.sigmoid(output)
        each = about["kind"] == "multilabel"  # a label has no other class whose probability is wanted, too
        return positive if each else ops.concatenate([ops.sigmoid(-output), positive], axis=-1)
    if about["reading"] in RANKED:
        reached = chances(ops, output, about["reading"])
        edge = ops.ones_like(reached[:, :1])
        return ops.concatenate([edge, reached], axis=1) - ops.concatenate([reached, 0 * edge], axis=1)
    return ops.softmax(output, axis=-1) if about["reading"] == "logits" else output


def _values(ops: Any, output: Any, about: Mapping[str, Any]) -> Any:
    """Return an output as values in the target's units, (rows, 1) or (rows, outputs)."""
    unit, origin = (ops.convert_to_tensor(about[name], output.dtype) for name in ("unit", "origin"))
    value = output if about["kind"] == "multioutput" else output[:, :1]  # what stands beside one value is no value
    value = ops.exp(value) if about["link"] == "log" else value
    value = ops.sigmoid(value) if about["link"] == "logit" else value
    value = value * unit + origin
    value = ops.expm1(value) if about["log1p"] else value
    return value * about["target"]["scale"] + about["target"]["mean"] if about["target"] else value
