"""Loads custom code from a file or package, and turns a custom loss into a record in the form that a task wants."""

import importlib
import inspect
import itertools
import re
import sys
import threading
import traceback
from ast import literal_eval
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args

import msgspec

from lossterm.comparison.user_code_consent import refuse_unnamed
from lossterm.engine.runtime import keras
from lossterm.errors import DataError, UsageError
from lossterm.losses import Loss, Source
from lossterm.losses.keras_on_numbers import TARGET, wants_ratio
from lossterm.losses.user_defined import PER
from lossterm.tasks import Task
from lossterm.text.fingerprint import sha256

Way = Literal["compiled", "graph", "eager"]
"""How a training runs: as one XLA program, as a TensorFlow graph, or step by step in Python."""

WAYS: tuple[Way, ...] = get_args(Way)
"""Every way, the fastest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A loss that can be called."""

    loss: Loss
    """Its record, with a function that works on tensors."""
    way: Way = "compiled"
    """The fastest way to train with it."""
    note: str | None = None
    """What a reader must know about that."""


def load_user_loss(source: Source, task: Task) -> Loss:
    """Load a custom loss and give it the form of a record for a task.

    Raises DataError, with the line, for a file that fails, for a name that is not a loss, and for a loss that does not
    fit the task.
    """
    with blamed(source, "loaded"):
        given = getattr(module_of(source), source.name, None)
    if given is None:
        raise DataError(f"{source.place} has no {source.name}.")
    spot = f"{source.name} in {source.place}{line_of(given)}"
    settings = {name: _value(value) for name, value in source.settings}
    head, labels, scale, per = (settings.pop(name, None) for name in ("head", "labels", TARGET, PER))
    if isinstance(given, Loss):
        if scale is not None:
            raise DataError(
                f"{spot} is a record, which says its scale itself (scale={given.scale!r}): leave out {TARGET}."
            )
        if per is not None:
            raise DataError(
                f"{spot} is a record, which says itself what it is per (per={given.per!r}): leave out {PER}."
            )
        return _record(given, source, task, settings, spot)
    if inspect.isclass(given):
        with blamed(source, "constructed"):
            given = given(**settings)
        settings = {}
    function = given.call if isinstance(given, keras.losses.Loss) else given
    if not callable(function):
        raise DataError(
            f"{spot} is of type {type(given).__name__}: a loss is a function (y_true, y_pred), "
            "a keras.losses.Loss, or a lossterm.losses.Loss."
        )
    if head is None and "hinge" in source.name.lower():  # like Keras's hinges, it takes margins, with labels −1 and 1
        head = {"binary": "margin", "multiclass": "logit"}.get(task.element)
    _refuse_useless(spot, task, head, labels)
    _refuse_standardised(given, source, task, scale)
    _refuse_arguments(function, source, settings, spot)
    index = labels == "index" or (labels is None and type(given).__name__.startswith("Sparse"))
    logits = head == "logit" or (head is None and _wants_logits(given))

    def called(y_true: Any, y_pred: Any) -> Any:
        with blamed(source, "called"):
            return _rows(_no_factory(function(y_true, y_pred, **settings), source, settings, spot))

    record = _as_record(source, task, called, head, logits=logits, index=index)
    return msgspec.structs.replace(record, title=spot, scale=scale or record.scale, per=per or "row")


def _refuse_useless(spot: str, task: Task, head: str | None, labels: str | None) -> None:
    """Refuse a head or labels that would change nothing on such a task."""
    if head is not None and (task.element == "regression" or (head == "margin" and task.element == "multiclass")):
        raise DataError(
            f"{spot}: head={head} has no meaning for {task.key}, whose targets are {_TARGETS[task.element]}."
        )
    if labels is not None and task.element != "multiclass":
        raise DataError(
            f"{spot}: labels={labels} has no meaning for {task.key}, whose targets are {_TARGETS[task.element]}."
        )


def _refuse_standardised(given: object, source: Source, task: Task, scale: str | None) -> None:
    """Refuse a loss of Keras that looks at ratios, under another name, where nobody said on which scale."""
    kind = given if inspect.isfunction(given) else type(given)
    if task.element == "regression" and scale is None and wants_ratio(kind.__module__, kind.__name__):
        text = source.text
        raise DataError(
            f"{text} is Keras's {kind.__name__}, which means something else on a standardised target: write "
            f"{_with(source, TARGET, 'mean')} for a target divided by its mean, or {TARGET}=raw for its own units."
        )


def _with(source: Source, name: str, value: str) -> str:
    return msgspec.structs.replace(source, settings=(*source.settings, (name, value))).text


def _refuse_arguments(function: Callable[..., Any], source: Source, settings: dict[str, Any], spot: str) -> None:
    """Refuse what cannot be called with y_true, y_pred and these parameters, with what to write instead."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # not known before it is called
    try:
        signature.bind(None, None, **settings)
    except TypeError as error:
        cause = str(error)
    else:
        return
    places = [
        one for one in signature.parameters.values() if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    needed = [one.name for one in signature.parameters.values() if one.default is one.empty and one.kind not in _MANY]
    names = [one.name for one in places]
    if unknown := [name for name in settings if name not in signature.parameters]:
        known = ", ".join(names[2:]) or "none"
        raise DataError(f"{spot} got an unexpected keyword argument {unknown[0]!r}; its parameters are: {known}.")
    if len(needed) > 2:
        third = next(name for name in needed[2:] if name not in settings)
        raise DataError(
            f"{spot} takes a third argument, {third}, and a loss gets y_true and y_pred alone: "
            f"no features, no weights. Give {third} a default, or a number after the name: {_with(source, third, '1')}."
        )
    if len(places) < 2:
        raise DataError(f"{spot} takes ({', '.join(names)}) and not (y_true, y_pred). {_made_by(source, names)}")
    raise DataError(f"{spot} cannot be called as (y_true, y_pred): {cause}.")


_MANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _no_factory(values: Any, source: Source, settings: dict[str, Any], spot: str) -> Any:
    """Refuse a function as the value of a loss: it came from what makes a loss, and is not one."""
    if not callable(values) or hasattr(values, "shape"):
        return values
    raise DataError(f"{spot} returns a function, not losses of rows. {_made_by(source, list(settings))}")


def _made_by(source: Source, names: list[str]) -> str:
    """Say how a loss is taken from a function that makes one."""
    place = source.place if source.file else "FILE.py"
    values = ", ".join(f"{name}=…" for name in names)
    return (
        f"If it makes a loss, keep what it makes under a name of the file, `my_loss = {source.name}({values})`, "
        f"and give {place}:my_loss."
    )


_TARGETS = {"regression": "numbers", "binary": "two classes", "multiclass": "three or more classes"}


def line_of(given: object) -> str:
    """Name the line at which a function or class begins, where Python knows it."""
    try:
        return f", line {inspect.getsourcelines(inspect.unwrap(given))[1]}"  # type: ignore[arg-type]  # any other raises
    except (TypeError, OSError, ValueError):
        return ""


def _record(record: Loss, source: Source, task: Task, settings: dict[str, Any], spot: str) -> Loss:
    if words := [f"{name}={value}" for name, value in settings.items() if not isinstance(value, int | float)]:
        raise DataError(f"{spot}: {words[0]} is not a number, as the parameters of a record must be.")
    with blamed(source, "given its parameters"):
        record = record.bound(settings) if settings else record
    if reason := record.misfit(task.targets, ""):
        raise DataError(f"{spot} {reason}.")
    function = record.function

    def called(*arguments: Any, **parameters: Any) -> Any:
        with blamed(source, "called"):
            return _rows(function(*arguments, **parameters))

    return msgspec.structs.replace(record, key=source.key, title=spot, origin=source.text, function=called)


def _wants_logits(given: object) -> bool:
    """Whether a Keras loss was constructed with `from_logits`."""
    inner = getattr(given, "_fn_kwargs", {})
    return bool(getattr(given, "from_logits", inner.get("from_logits", False)))


def _as_record(
    source: Source, task: Task, call: Callable[[Any, Any], Any], head: str | None, *, logits: bool, index: bool
) -> Loss:
    """Wrap a function of Keras's form in a record: it gets y_true and y_pred as Keras passes them for such a task."""
    ops = keras.ops

    def column(part: Any) -> Any:
        return part if task.outputs else part[..., None]

    def of_rows(values: Any) -> Any:
        """Take the mean over pixels, as Keras does."""
        places = tuple(range(1, len(getattr(values, "shape", ()))))
        return ops.mean(values, axis=places) if task.target_shape and places else values

    def of_columns(_: Any, y: Any, f: Any) -> Any:
        return of_rows(call(column(y), column(f)))

    def of_two(_: Any, y: Any, z: Any) -> Any:
        return of_rows(call(column(y), column(z if logits else ops.sigmoid(z))))

    def of_many(_: Any, y: Any, z: Any) -> Any:
        return of_rows(call(y, z if logits else ops.softmax(z, axis=-1)))

    form: dict[str, Any] = {"function": of_columns, "reading": "value", "encoding": "value"}
    if task.element == "binary" and head == "margin":
        form = {"function": of_columns, "reading": "margin", "encoding": "plus_minus_one"}
    elif task.element == "binary":
        form = {"function": of_two, "reading": "logit", "encoding": "zero_one"}
    elif task.element == "multiclass":
        form = {"function": of_many, "reading": "logits", "encoding": "index" if index else "one_hot"}
    return Loss(
        key=source.key,
        title=source.name,
        kinds=(task.kind,),
        formula=ITS_OWN,
        estimates="not known",
        valid="any y",
        large_errors="not known",
        use_when="you wrote it",
        avoid_when="it fails a check",
        references=(source.text,),
        proper=False,
        origin=source.text,
        **form,
    )


def _rows(values: Any) -> Any:
    """Accept a column as a vector, as Keras does, and convert floats to float32; the probe reports anything else."""
    shape: Any = getattr(values, "shape", ())
    if getattr(shape, "rank", 0) is None:  # in a graph, from a function that runs in Python
        values = keras.ops.reshape(values, (-1,))
    elif len(shape) == 2 and shape[-1] == 1:
        values = values[:, 0]
    floats = getattr(getattr(values, "dtype", None), "is_floating", False)
    return keras.ops.cast(values, "float32") if floats else values


def _value(text: str) -> Any:
    """Parse a parameter as Python would: a number, True, None; anything else is a word."""
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError):
        return text


ITS_OWN = "its own"
"""The formula of a loss that is not a record, so that the scale of its target can be chosen."""

_MODULE_PREFIX = "lossterm_own_"
_names = (f"{_MODULE_PREFIX}{number}" for number in itertools.count())


def module_of(source: Source, option: str = "--loss-file") -> ModuleType:
    """Run a file afresh, with its directory on the path meanwhile, or import an installed module.

    `option` is the option that a person names it with. Raises DataError for code that a store names but no person did,
    and whatever the code raises.
    """
    if source.file is None:
        refuse_unnamed(source, source.digest, option)
        return importlib.import_module(source.place)
    content = source.file.read_bytes()  # read once, so that what runs is what was checked
    refuse_unnamed(source, sha256(content), option)
    module = ModuleType(next(_names))
    module.__file__ = source.place
    with _IMPORTING, _importing_from(source.file.parent):
        sys.modules[module.__name__] = module  # dataclasses and Keras's registry look a class's module up
        # Compiled from the present content: an import might use bytecode from a second ago.
        exec(compile(content, source.place, "exec"), module.__dict__)
    return module


_IMPORTING = threading.Lock()
"""Training threads share the path on which modules are searched."""


@contextmanager
def _importing_from(directory: Path) -> Iterator[None]:
    """Let a file import its neighbours, with installed modules first; forget them afterwards, as they may be edited."""
    before, writes = set(sys.modules), sys.dont_write_bytecode
    sys.path.append(str(directory))
    sys.dont_write_bytecode = True  # it is dated to the second only, and does not belong in a person's directory
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        sys.path.remove(str(directory))
        neighbours = [name for name in set(sys.modules) - before if not name.startswith(_MODULE_PREFIX)]
        for name in neighbours:
            if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == directory:
                del sys.modules[name]


@contextmanager
def blamed(source: Source, doing: str) -> Iterator[None]:
    """Turn whatever custom code raises into a DataError that names file and line."""
    try:
        yield
    except DataError:
        raise
    except UsageError as error:
        raise DataError(str(error)) from error
    except (Exception, SystemExit) as error:
        raise DataError(
            f"{where(source, error)} {doing}, it raised {type(error).__name__}: {first_line(error)}{_in_keras_3(error)}"
        ) from error


def _in_keras_3(error: BaseException) -> str:
    """Say what to write for a function of Keras 2 that is gone; "" for another error."""
    name = getattr(error, "name", None)
    gone = isinstance(error, AttributeError) and inspect.ismodule(error.obj) and error.obj.__name__.startswith("keras")
    if not (gone and name):
        return ""
    of_module = f"Keras 3 has no {name} there any more"
    return f" {of_module}: write keras.ops.{name}." if hasattr(keras.ops, name) else f" {of_module}: see keras.ops."


def where(source: Source, error: BaseException) -> str:
    """Name the last line of the custom code that an error passed through."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}:"
    frames = traceback.extract_tb(error.__traceback__)
    in_file = [frame for frame in frames if frame.filename == source.place]
    outside = [frame for frame in frames if "lossterm/engine" not in frame.filename]
    if in_file:
        return f"{in_file[-1].filename}, line {in_file[-1].lineno}:"
    inside = f" (in {outside[-1].filename}, line {outside[-1].lineno})" if outside and source.file is None else ""
    return f"{source.name} in {source.place}{inside}:"


_NAMES_OF_GRAPHS = re.compile(r"__\w+\[[^\]]*\]|\[[^\]]*XlaMustCompile[^\]]*\]")
"""Names in TensorFlow's errors that differ from run to run."""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, kept short."""
    text = _NAMES_OF_GRAPHS.sub("it", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[0][:200] if lines else "it gave no message").rstrip(".") + "."
