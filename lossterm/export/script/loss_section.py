"""The loss: Keras's own where it is the same function, else written out."""

from pathlib import Path

from lossterm.comparison.user_code_consent import refuse_unnamed
from lossterm.export.script.function_rewriting import COUNTS
from lossterm.export.script.plan import Plan
from lossterm.export.script.script_text import USER_CODE, Script, text_of
from lossterm.export.script.source_excerpt import Excerpts, location, names_bound
from lossterm.losses import Loss, source_from
from lossterm.text.numbers import exact


def keras_loss(loss: Loss, protocol: str) -> str | None:
    """Return the expression for the class in `keras.losses` that is this loss, None if there is none.

    Keras's focal losses, divergence and Poisson loss are not: they take probabilities or means, and clip them.
    """
    equivalents = (not loss.origin and loss.under(protocol).equivalents) or ()
    return next((one.call for one in equivalents if one.library == "keras" and one.is_same_call), None)


def add_loss(script: Script, plan: Plan) -> str:
    """Add what the loss needs, and return the expression to pass to `compile`."""
    if expression := keras_loss(plan.loss, plan.protocol.key):
        return expression
    if plan.user_loss and plan.user_loss.form != "record":
        return _add_user_loss(script, plan)
    if plan.user_loss:
        path, name = Path(plan.user_loss.file), plan.user_loss.name
    else:
        path, name = location(plan.loss.function, plan.loss.key)
    return _add_function(script, plan, path, name)


def _add_function(script: Script, plan: Plan, path: Path, name: str) -> str:
    """Add the function of a record, and one that passes it the targets and outputs that Keras gives."""
    loss = plan.loss
    excerpts = Excerpts()
    parameters = excerpts.take_loss(path, name, loss.values)
    script.imports |= excerpts.imports
    script.paths |= excerpts.paths
    script.add_user_code("Loss", excerpts.opened, names_bound(excerpts.opened))
    values = [f"{parameter}={_number(loss.values[parameter])}" for parameter in parameters if parameter != COUNTS]
    arguments = [_target(plan), _output(plan), *values]
    if COUNTS in parameters:
        text = (
            "def loss_for(counts):\n"
            f'    """Return the loss, for the number of training rows of each class."""\n\n'
            "    def loss(y_true, y_pred):\n"
            f"        return {USER_CODE}{name}({', '.join([*arguments, 'counts=counts'])})\n\n"
            "    return loss"
        )
        script.add("Loss", text)
        return "loss_for(np.bincount(y[train]).astype(np.float32))"
    text = (
        "def loss(y_true, y_pred):\n"
        f'    """Return the loss of each row{"" if loss.by_class else "; Keras hands over columns"}."""\n'
        f"    return {USER_CODE}{name}({', '.join(arguments)})"
    )
    script.add("Loss", text)
    return "loss"


def _number(value: float | None) -> str:
    return "None" if value is None else {"inf": "float('inf')", "-inf": "-float('inf')"}.get(str(value), exact(value))


def _target(plan: Plan) -> str:
    if plan.loss.encoding == "one_hot":
        return "y_true"
    column = plan.column("y_true")
    return f'ops.cast({column}, "int32")' if plan.loss.encoding == "index" else column


def _output(plan: Plan) -> str:
    return "y_pred" if plan.units > 1 else plan.column("y_pred")


def _add_user_loss(script: Script, plan: Plan) -> str:
    """Copy a custom function or class of Keras's form from its file, or import it."""
    user_loss = plan.user_loss
    assert user_loss is not None
    source = source_from(plan.source)
    refuse_unnamed(source, source.digest)  # running the script runs it
    excerpts = Excerpts()
    if source.file:
        excerpts.take(source.file, source.name)
        script.imports |= excerpts.imports
        script.paths |= excerpts.paths
        script.add_user_code("Loss", excerpts.text, excerpts.names)
    else:
        script.imports.add(f"from {source.place} import {source.name}")
        script.add_user_code("Loss", "", {source.name})
    called = f"{USER_CODE}{source.name}"
    settings = ", ".join(f"{name}={text_of(value)}" for name, value in user_loss.settings.items())
    output = {"probability": "keras.ops.sigmoid(y_pred)", "probabilities": "keras.ops.softmax(y_pred, axis=-1)"}
    given = output.get(user_loss.takes, "y_pred")
    target = 'keras.ops.cast(y_true[:, 0], "int32")' if plan.loss.encoding == "index" else "y_true"
    if user_loss.form == "function":
        call = f"{called}({', '.join(filter(None, [target, given, settings]))})"
    else:
        script.add(
            "Loss", f"USER_LOSS = {called}({settings})" if user_loss.form == "class" else f"USER_LOSS = {called}"
        )
        call = f"USER_LOSS.call({target}, {given})"
    docstring = "Return the loss of each row, from the network's linear output."
    script.add("Loss", f'def loss(y_true, y_pred):\n    """{docstring}"""\n    return {call}')
    return "loss"
