"""Losses and networks as objects of the caller's program: the places from which the worker can load them.

The worker is another process, started from another directory: it gets no object, but a file or an installed module and
a name there. A function of a notebook, a script or a prompt is written into a file first.
"""

import ast
import functools
import inspect
import re
import sys
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Literal, NoReturn

from lossterm.api.shipped_source import ship
from lossterm.api.worker_imports import found_by_worker
from lossterm.errors import UsageError
from lossterm.losses import Loss
from lossterm.text.harmless import clipped

What = Literal["loss", "network", "axis"]
"""What an object stands for."""

_FORMS: dict[What, str] = {
    "loss": "def my_loss(y_true, y_pred): …",
    "network": "def build(features, outputs): … that returns an uncompiled Keras model",
    "axis": "def my_axis(features, target, level, generator): … that returns features and target",
}
_KEYWORDS: dict[What, str] = {"loss": "losses=[…]", "network": "model=", "axis": "axis="}


def place_of(given: Any, what: What) -> str:
    """Return the FILE.py:NAME or module:NAME of a function or a class, which is written into a file if it has none.

    Raises UsageError, with what to write instead, for what no other process could load: a lambda, a function that holds
    variables of another, a method, an instance, or what uses objects that exist in this process alone.
    """
    if isinstance(given, functools.partial):
        return f"{place_of(given.func, what)}:{_settings(given, what)}"
    if not isinstance(given, FunctionType) and not inspect.isclass(given):
        _refuse(given, what)
    if isinstance(given, FunctionType) and given.__name__ == "<lambda>":
        raise UsageError(
            f"A {what} cannot be a lambda, which has no name to load it by and whose source cannot be told apart from "
            f"the line around it: write {_FORMS[what]}."
        )
    module = sys.modules.get(given.__module__ or "")
    if (public := _in_keras(given)) is not None:
        return public
    if module is not None and module.__name__ != "__main__" and getattr(module, "__file__", None):
        name = _name_in(module, given)
        if name is not None:
            return f"{_place(module)}:{name}"
    return ship(given, what)


def _settings(given: "functools.partial[Any]", what: What) -> str:
    """Return the parameters that a partial function gives, as they stand behind a place: delta=0.5,target=raw."""
    name = getattr(given.func, "__name__", "the function")
    settings = ",".join(f"{parameter}={value}" for parameter, value in given.keywords.items())
    if what != "loss":
        raise UsageError(f"A {what} takes no parameters, so it cannot be a partial of {name}: write {_FORMS[what]}.")
    if given.args or not re.fullmatch(r"(?:\w+=[\w.+-]+,?)+", settings):
        raise UsageError(
            f"A partial of {name} can be a loss where it gives numbers and words by name, as "
            f"partial({name}, delta=0.5): other values cannot be written for the worker."
        )
    return settings


def _name_in(module: ModuleType, given: Any) -> str | None:
    """Return the name by which a module holds an object at its top level, None if it does not."""
    names = [given.__name__, *(name for name, value in vars(module).items() if value is given)]
    return next((name for name in names if vars(module).get(name) is given), None)


def _in_keras(given: Any) -> str | None:
    """Return the public name of a loss of Keras, by which it is known what it means for a task."""
    if (given.__module__ or "").partition(".")[0] != "keras":
        return None
    losses = sys.modules.get("keras.losses")
    name = _name_in(losses, given) if losses is not None else None
    return None if name is None else f"keras.losses:{name}"


def _place(module: ModuleType) -> str:
    """Return a module's name if the worker can import it, else its file."""
    if found_by_worker(module):
        return module.__name__
    path = Path(module.__file__ or "").resolve()
    tree = ast.parse(path.read_bytes()) if path.suffix == ".py" else ast.Module([], [])
    if any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree)):
        raise UsageError(
            f"{path} imports from its own package, which the worker does not find: install the package, as by "
            f"`pip install -e`, or put the function in a file that imports nothing beside it by a dot."
        )
    return str(path)


def _refuse(given: Any, what: What) -> NoReturn:
    """Raise UsageError for what is neither a function nor a class, by what it is."""
    kind, wanted = type(given).__name__, f"write {_FORMS[what]}."
    if isinstance(given, MethodType):
        raise UsageError(
            f"A {what} cannot be the method {given.__name__} of an object of this process, which the worker does not "
            f"have: {wanted}"
        )
    if isinstance(given, BuiltinFunctionType):
        raise UsageError(f"A {what} cannot be {given.__name__}, which is built in and not made for tensors: {wanted}")
    if isinstance(given, Loss):
        raise UsageError(
            f"{given.key} is a record in this process: put it in a file, and give {_KEYWORDS[what]} "
            "'FILE.py:NAME' with the name that it has there."
        )
    if _is_keras(given, "Loss"):
        raise UsageError(
            f"A loss cannot be an instance of {kind}, which exists in this process alone: give 'keras.losses:{kind}', "
            f"with its arguments as in 'keras.losses:{kind}:name=value'."
            if type(given).__module__.startswith("keras")
            else f"A loss cannot be an instance of {kind}, which exists in this process alone: give the class, {kind}."
        )
    if _is_keras(given, "Model"):
        compiled = " It is compiled too: leave compile() out." if getattr(given, "compiled", False) else ""
        raise UsageError(
            f"A network is built anew for each seed and loss, so it cannot be a model that is there already: "
            f"write {_FORMS['network']}.{compiled}"
        )
    if hasattr(given, "python_function"):  # what tf.function returns
        raise UsageError(f"A {what} cannot be a tf.function: leave the decorator out, since the worker compiles it.")
    if isinstance(given, str):
        raise UsageError(f"{clipped(given)!r} is no {what}: {wanted}")
    raise UsageError(f"A {what} cannot be of type {kind}: give its key, or {wanted}")


def _is_keras(given: Any, name: str) -> bool:
    """Whether something is an instance of one of Keras's classes, without importing Keras."""
    return any(one.__name__ == name and one.__module__.startswith("keras") for one in type(given).__mro__)
