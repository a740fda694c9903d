"""Checks a custom loss before it trains: what it returns, its gradient, its batch, whether it compiles.

`python -m lossterm.engine.user_code.probe PLACE:NAME --task TASK` prints JSON; `lossterm probe` shows it.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from lossterm.comparison.comparison import Trial
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL, protocol_named
from lossterm.data import Data
from lossterm.engine.runtime import configure, environment, keras, tf
from lossterm.engine.scoring import encode
from lossterm.engine.training.output_shape import output_shape_of, outputs_of
from lossterm.engine.user_code.loss_loading import ITS_OWN, Loaded, Way, blamed, first_line, load_user_loss
from lossterm.errors import DataError, LosstermError, UsageError
from lossterm.losses import Kind, Loss, Source, is_own, loss_named, source_from
from lossterm.losses.keras_on_numbers import TARGET, suited
from lossterm.losses.target_scaling import IN_WORDS, Scaling
from lossterm.losses.user_defined import PER
from lossterm.tasks import Task, task_named, task_on

ROWS = 12
"""Rows that the loss is tried on: those of the task, with outputs drawn at random."""

HALF = 4
"""Rows of the smaller batch that must give the same losses."""

SPREAD = 0.3
"""Spread of the outputs of a network that has just been made, or around targets in their own units."""

FLAT = 1e-5
"""Largest gradient, relative to the spread of the rows' losses, that counts as rounding."""

TOLERANCE = 1e-4
"""Largest relative difference between a row's losses in two batches that counts as rounding."""


def load(trial: Trial) -> Loaded:
    """Return the loss of a trial. Raises DataError for a custom loss that cannot be used."""
    if not is_own(trial.loss):
        loss = loss_named(trial.loss)
        if loss.origin != trial.source:
            raise DataError(
                f"{trial.loss} was asked for from {trial.source} and now comes from {loss.origin}. Run again."
            )
        return Loaded(loss=loss)
    task = trial.record
    try:
        source = source_from(trial.source)
    except UsageError as error:  # the file was edited since
        raise DataError(str(error)) from error
    if source.key != trial.loss:
        raise DataError(
            f"{source.place} was changed since {trial.loss} was asked for. Run again to train what it is now."
        )
    loaded = probe(load_user_loss(source, task), source, task)
    if not protocol_named(trial.protocol).scales or not (scale := on_scale(loaded.loss, source, task.kind)):
        return loaded
    note = " ".join(filter(None, (f"{trial.loss} {scale}.", loaded.note)))
    return replace(loaded, note=note)


def on_scale(loss: Loss, source: Source, kind: Kind) -> str:
    """Say on which scale a custom loss gets a target of numbers, and how to choose another; "" for classes."""
    if kind != "regression":
        return ""
    said = f"gets the target {IN_WORDS[loss.scale]}"
    if loss.formula != ITS_OWN or loss.scale != "standard":
        return said
    return f"{said}; {source.name}:{TARGET}=raw gets it in its own units, {source.name}:{TARGET}=mean over its mean"


def probe(loss: Loss, source: Source, task: Task) -> Loaded:
    """Try a loss on rows of a task and return it with the fastest way to train with it.

    Raises DataError with the offending value for the first check that fails.
    """
    *_, (_, loaded) = checks(loss, source, task)
    return loaded


def checks(loss: Loss, source: Source, task: Task) -> Iterator[tuple[str, Loaded]]:
    """Yield a sentence for each check that passed, with what is known of the loss so far."""
    if scale := on_scale(loss, source, task.kind):
        yield scale, Loaded(loss=loss)
    rows = _rows_of(loss, task)
    target, output, counts = rows.target, rows.output, rows.counts
    seen = _seen(target, output)
    values = loss(keras.ops, target, output, counts)
    loaded = Loaded(loss=loss)
    _look_at_shape(loss, values)
    each = "one for each of" if loss.per == "row" else "one for a batch of"
    yield f"returns {values.dtype.name}, {each} {ROWS} rows", loaded
    _look_at_values(loss, values.numpy(), seen, source, rows)
    yield f"is finite: {values.numpy().min():.4g} to {values.numpy().max():.4g} on rows of {task.key}", loaded
    gradient = _gradient(source, loss, target, output, counts)
    _look_at_gradient(loss, gradient, values.numpy(), seen)
    yield f"has a gradient: {np.abs(gradient).max():.4g} at the most", loaded
    note = ""
    if loss.per == "batch":
        note = _of_batches(loss, target, output, counts, float(values))
        yield note, loaded
    else:
        _look_at_batch(loss, target, output, counts, values.numpy())
        yield "gives a row the same loss in any batch", loaded
    way, reason = _fastest(loss, target, output, counts)
    if way == "compiled":
        yield "compiles", replace(loaded, note=note or None)
    else:
        slow = slower(loss.title, way, reason)
        yield slow, Loaded(loss=loss, way=way, note=f"{note} {slow}".strip())


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rows:
    """Rows that a loss is tried on, as it sees them."""

    target: Any
    output: Any
    counts: Any
    raw: Any
    """The target in its own units, for numbers."""


def _rows_of(loss: Loss, task: Task) -> _Rows:
    """Take some training rows of a task as the loss sees them, and draw outputs."""
    data = protocol_named(DEFAULT_PROTOCOL).prepare(task, 0)
    whole = data.splits["train"].target
    scaling = data.scaling(loss.scale) if task.element == "regression" else Scaling()
    # Spread over the rows, so that each class is among them.
    order = whole.reshape(len(whole), -1).sum(axis=1) if task.target_shape else whole
    chosen = np.argsort(order, kind="stable")[np.linspace(0, len(whole) - 1, ROWS).astype(int)]
    raw = whole[np.random.default_rng(0).permutation(chosen)]
    target = encode(loss, scaling, raw, task.classes)
    output = np.random.default_rng(1).normal(size=(ROWS, *output_shape_of(task, loss))).astype(np.float32)
    if loss.formula == ITS_OWN and task.kind == "regression" and loss.scale in ("raw", "mean"):
        output = _around(output, np.asarray(target)[:, None]).astype(np.float32)
    counts = np.bincount(whole.ravel(), minlength=task.classes) if task.classes else np.zeros(1)
    squeezed = output[..., 0] if outputs_of(task, loss) == 1 else output
    return _Rows(
        target=tf.constant(target),
        output=tf.constant(squeezed),
        counts=tf.constant(counts, tf.float32),
        raw=tf.constant(raw.astype(np.float32)),
    )


def _around(drawn: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Turn normal numbers into outputs that a network gives: near 0 as a fresh one, and near the targets."""
    near = np.where(np.arange(ROWS)[:, None] % 2 == 0, 0.0, target)
    return near + SPREAD * drawn * np.maximum(np.abs(near), 1.0)


def _seen(target: Any, output: Any) -> list[str]:
    """Describe each row as the custom loss sees it, for messages."""

    def short(values: Any) -> str:
        return np.array2string(np.asarray(values), precision=3, separator=", ", max_line_width=200)

    return [f"y_true {short(y)}, output {short(f)}" for y, f in zip(target.numpy(), output.numpy(), strict=True)]


def _look_at_shape(loss: Loss, values: Any) -> None:
    if not hasattr(values, "shape") or not hasattr(values, "dtype"):
        raise DataError(
            f"{loss.title} returns something of type {type(values).__name__}, "
            "where a tensor with a loss for each row is wanted."
        )
    shape = tuple(values.shape)
    if loss.per == "batch":
        if shape != ():
            raise DataError(
                f"{loss.title} returns a shape of {shape}, where one number for all {ROWS} rows of a batch is wanted, "
                f"as {PER}=batch says: return it, or leave out {PER}."
            )
    elif shape == ():
        raise DataError(
            f"{loss.title} returns one number ({float(values):.4g}) for {ROWS} rows: return the loss of each row, "
            f"with means over axis=-1 and not over all axes. If it is meant for a batch as a whole, write {PER}=batch "
            "after its name."
        )
    elif shape != (ROWS,):
        raise DataError(
            f"{loss.title} returns a shape of {shape} for {ROWS} rows, where ({ROWS},) is wanted: one loss a row."
        )
    kind = getattr(values.dtype, "name", str(values.dtype))
    if "float" not in kind:
        raise DataError(f"{loss.title} returns {kind}, which has no gradient: return floats, as y_pred is.")
    if not tf.is_tensor(values):
        raise DataError(
            f"{loss.title} returns something of type {type(values).__name__}: "
            "compute with keras.ops or tf, or there is no gradient."
        )


def _look_at_values(loss: Loss, values: np.ndarray, seen: list[str], source: Source, rows: _Rows) -> None:
    if loss.per == "batch" and not np.isfinite(values):
        raise DataError(f"{loss.title} is {values} for {ROWS} rows of the task: it must be finite there.")
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        why = _outside(loss, source, rows) if loss.kinds == ("regression",) else ""
        raise DataError(f"{loss.title} is {values[row]} at {seen[row]}: it must be finite there.{why}")


def _outside(loss: Loss, source: Source, rows: _Rows) -> str:
    """Say which of target and output leaves the range of a loss for numbers, by trying others, and what to write."""
    said = f" It {on_scale(loss, source, 'regression')}"
    if loss.units > 1:
        return f"{said}."

    def finite(target: Any, output: Any) -> bool:
        with suppress(DataError):  # it cannot be tried
            return bool(np.isfinite(np.asarray(loss(keras.ops, target, output, rows.counts))).all())
        return False

    positive = tf.abs(rows.output)
    if not finite(rows.raw, positive):
        return f"{said}."
    output = (
        ""
        if finite(rows.raw, rows.output)
        else (
            " y_pred is the network's output, of any sign: a loss that takes its logarithm or root wants "
            "keras.ops.maximum(y_pred, 0) in its place, or a small number instead of 0."
        )
    )
    return f"{said}.{output}"


def _gradient(source: Source, loss: Loss, target: Any, output: Any, counts: Any) -> np.ndarray:
    with blamed(source, "differentiated"), tf.GradientTape() as tape:
        tape.watch(output)
        total = tf.reduce_sum(loss(keras.ops, target, output, counts))
    gradient = tape.gradient(total, output)
    if gradient is None:
        raise DataError(
            f"{loss.title} has no gradient: y_pred must pass through keras.ops or tf alone, "
            "without NumPy, rounding or comparisons between it and the result."
        )
    return np.asarray(gradient)


def _look_at_gradient(loss: Loss, gradient: np.ndarray, values: np.ndarray, seen: list[str]) -> None:
    finite = np.isfinite(gradient.reshape(ROWS, -1)).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise DataError(f"The gradient of {loss.title} is {gradient[row]} at {seen[row]}.")
    if not np.abs(gradient).max() > FLAT * (np.ptp(values) or np.abs(values).max()):
        raise DataError(f"The gradient of {loss.title} is 0 on all of {ROWS} rows: nothing can be trained by it.")


def _look_at_batch(loss: Loss, target: Any, output: Any, counts: Any, whole: np.ndarray) -> None:
    """Compare the losses of the first rows with those that the same rows get in smaller batches."""
    for count in (HALF, 1):
        part = np.asarray(loss(keras.ops, target[:count], output[:count], counts))
        difference = np.abs(part.reshape(-1) - whole[:count]) if part.size == count else np.array([np.inf])
        if not (difference <= TOLERANCE * np.maximum(np.abs(whole[:count]), 1e-3)).all():
            row = int(np.argmax(difference))
            raise DataError(
                f"{loss.title} gives row {row} a loss of {whole[row]:.4g} in a batch of {ROWS} and "
                f"{part.reshape(-1)[row]:.4g} in one of {count}: it depends on the batch, "
                "so it is not a loss of single rows."
            )


def _of_batches(loss: Loss, target: Any, output: Any, counts: Any, whole: float) -> str:
    """Say how much a loss of batches depends on their size."""
    parts = [
        float(loss(keras.ops, target[start : start + HALF], output[start : start + HALF], counts))
        for start in range(0, ROWS, HALF)
    ]
    return (
        f"{loss.title} is one number for a batch: {whole:.4g} for {ROWS} rows, and {sum(parts) / len(parts):.4g} as "
        f"the mean of {len(parts)} batches of {HALF}. With another --batch-size it is another loss."
    )


def _fastest(loss: Loss, target: Any, output: Any, counts: Any) -> tuple[Way, str]:
    """Return the fastest way to compute loss and gradient, and why not a faster one."""

    def both(y: Any, f: Any, n: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(f)
            total = tf.reduce_sum(loss(keras.ops, y, f, n))
        return total, tape.gradient(total, f)

    return fastest(both, target, output, counts)


def fastest(both: Callable[..., tuple[Any, Any]], *arguments: Any) -> tuple[Way, str]:
    """Return the fastest way to compute a value and its gradient, and why not a faster one; "" where there is none."""
    reason = ""
    ways: tuple[tuple[Way, bool], ...] = (("compiled", True), ("graph", False))
    for way, compiled in ways:
        try:
            _, gradient = tf.function(both, jit_compile=compiled, autograph=False)(*arguments)
        except Exception as error:  # whatever the reason, a slower way is tried
            cause = error.__cause__ if isinstance(error, DataError) and error.__cause__ else error
            reason = reason or f"{type(cause).__name__}: {first_line(cause)}"
        else:
            if gradient is not None:
                return way, reason
    return "eager", reason


def slower(title: str, way: Way, reason: str) -> str:
    """Say that something trains in a slower way than compiled, and why."""
    how = "as a TensorFlow graph" if way == "graph" else "step by step in Python"
    return f"{title} does not compile ({reason.rstrip('.')}): it trains {how}, which is slower."


def main() -> None:
    """Probe the loss that the command line names and print the outcome."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument("--task")
    subject.add_argument("--table", help="the record of a user table as JSON")
    given = parser.parse_args()
    configure("cpu")
    task = task_on(msgspec.json.decode(given.table, type=Data)) if given.table else task_named(given.task)
    source = suited(source_from(given.source), task.kind, task.key)
    passed: list[str] = []
    document: dict[str, Any] = {"loss": source.key, "task": task.key, "passed": passed, "way": None, "error": None}
    try:
        with redirect_stdout(sys.stderr):  # stdout is for the outcome, whatever the file prints
            for sentence, loaded in checks(load_user_loss(source, task), source, task):
                passed.append(sentence)
                document["way"] = loaded.way
    except LosstermError as error:
        document["error"] = str(error)
    document["environment"] = environment()
    sys.stdout.buffer.write(msgspec.json.encode(document) + b"\n")


if __name__ == "__main__":
    main()
