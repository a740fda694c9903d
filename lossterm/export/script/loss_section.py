"""The loss: Keras's own where it is the same function, else written out."""

from pathlib import Path

from lossterm.comparison.user_code_consent import refuse_unnamed
from lossterm.export.script.function_rewriting import COUNTS
from lossterm.export.script.plan import Plan
from lossterm.export.script.script_text import THEIRS, Script, text_of
from lossterm.export.script.source_excerpt import Excerpts, location, names_bound
from lossterm.losses import Loss, source_from
from lossterm.text.numbers import exact

SAME = {
    "mse": "MeanSquaredError()",
    "log1p_mse": "MeanSquaredError()",
    "mae": "MeanAbsoluteError()",
    "mape": "MeanAbsolutePercentageError()",
    "huber": "Huber(delta={delta})",
    "log_cosh": "LogCosh()",
    "hinge": "Hinge()",
    "squared_hinge": "SquaredHinge()",
    "binary_crossentropy": "BinaryCrossentropy(from_logits=True)",
    "smoothed_binary_crossentropy": "BinaryCrossentropy(from_logits=True, label_smoothing={epsilon})",
    "categorical_crossentropy": "CategoricalCrossentropy(from_logits=True)",
    "smoothed_crossentropy": "CategoricalCrossentropy(from_logits=True, label_smoothing={epsilon})",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy(from_logits=True)",
}
"""Losses that Keras ships as the same function of the same output. Its focal losses, divergence and Poisson loss are
not: they take probabilities or means, and clip them."""

UNDER = {("msle", "tutorial"): "MeanSquaredLogarithmicError()"}
"""The same of a loss as a protocol sets it up."""


def keras_loss(loss: Loss, protocol: str) -> str | None:
    """Return the expression of the class in `keras.losses` that is this loss, None where none is."""
    if loss.origin:
        return None
    found = UNDER.get((loss.base, protocol)) or SAME.get(loss.base)
    numbers = {name: exact(value) for name, value in loss.values.items() if value is not None}
    return found and f"keras.losses.{found.format(**numbers)}"


def add_loss(script: Script, plan: Plan) -> str:
    """Add what the loss needs, and return the expression that `compile` is given."""
    if found := keras_loss(plan.loss, plan.protocol.key):
        return found
    if plan.own and plan.own.form != "record":
        return _add_own(script, plan)
    if plan.own:
        path, name = Path(plan.own.file), plan.own.name
    else:
        path, name = location(plan.loss.function, plan.loss.key)
    return _add_function(script, plan.loss, path, name)


def _add_function(script: Script, loss: Loss, path: Path, name: str) -> str:
    """Add the function of a record and one that hands it targets and outputs as Keras has them."""
    excerpts = Excerpts()
    parameters = excerpts.take_loss(path, name, loss.values)
    script.imports |= excerpts.imports
    script.paths |= excerpts.paths
    script.theirs("Loss", excerpts.opened, names_bound(excerpts.opened))
    values = [f"{one}={_number(loss.values[one])}" for one in parameters if one != COUNTS]
    arguments = [_target(loss), _output(loss), *values]
    if COUNTS in parameters:
        text = (
            "def loss_for(counts):\n"
            f'    """Return the loss, for the number of training rows of each class."""\n\n'
            "    def loss(y_true, y_pred):\n"
            f"        return {THEIRS}{name}({', '.join([*arguments, 'counts=counts'])})\n\n"
            "    return loss"
        )
        script.add("Loss", text)
        return "loss_for(np.bincount(y[train]).astype(np.float32))"
    text = (
        "def loss(y_true, y_pred):\n"
        f'    """Return the loss of each row{"" if loss.by_class else "; Keras hands over columns"}."""\n'
        f"    return {THEIRS}{name}({', '.join(arguments)})"
    )
    script.add("Loss", text)
    return "loss"


def _number(value: float | None) -> str:
    return "None" if value is None else {"inf": "float('inf')", "-inf": "-float('inf')"}.get(str(value), exact(value))


def _target(loss: Loss) -> str:
    if loss.encoding == "one_hot":
        return "y_true"
    return 'ops.cast(y_true[:, 0], "int32")' if loss.encoding == "index" else "y_true[:, 0]"


def _output(loss: Loss) -> str:
    return "y_pred" if loss.by_class or loss.units > 1 else "y_pred[:, 0]"


def _add_own(script: Script, plan: Plan) -> str:
    """Take a person's own function or class of Keras's form out of its file, or import it."""
    own = plan.own
    assert own is not None
    source = source_from(plan.source)
    refuse_unnamed(source, source.digest)  # whoever runs the script runs it
    excerpts = Excerpts()
    if source.file:
        excerpts.take(source.file, source.name)
        script.imports |= excerpts.imports
        script.paths |= excerpts.paths
        script.theirs("Loss", excerpts.text, excerpts.names)
    else:
        script.imports.add(f"from {source.place} import {source.name}")
        script.theirs("Loss", "", {source.name})
    called = f"{THEIRS}{source.name}"
    settings = ", ".join(f"{name}={text_of(value)}" for name, value in own.settings.items())
    output = {"probability": "keras.ops.sigmoid(y_pred)", "probabilities": "keras.ops.softmax(y_pred, axis=-1)"}
    given = output.get(own.takes, "y_pred")
    target = 'keras.ops.cast(y_true[:, 0], "int32")' if plan.loss.encoding == "index" else "y_true"
    if own.form == "function":
        call = f"{called}({', '.join(filter(None, [target, given, settings]))})"
    else:
        script.add("Loss", f"OWN_LOSS = {called}({settings})" if own.form == "class" else f"OWN_LOSS = {called}")
        call = f"OWN_LOSS.call({target}, {given})"
    said = "Return the loss of each row, from the network's linear output."
    script.add("Loss", f'def loss(y_true, y_pred):\n    """{said}"""\n    return {call}')
    return "loss"
