"""One compiled program per network, loss, optimizer and shape of data; epochs and steps are loops inside it."""

import time
from collections import OrderedDict
from typing import Any, NamedTuple

import msgspec
import numpy as np

from lossterm.comparison import Status, Trial
from lossterm.engine.anatomy import anatomy_of
from lossterm.engine.keeping import Keeping, kept_epochs, sample_of
from lossterm.engine.lane import Report, Result
from lossterm.engine.network import batch_orders, build_network, build_optimizer, initial_weights, shuffler
from lossterm.engine.probe import load
from lossterm.engine.runtime import keras, tf
from lossterm.engine.scoring import encode, outcome_of, score
from lossterm.errors import LosstermError
from lossterm.metrics import metrics_for
from lossterm.protocols import Prepared, SplitName, protocol_named
from lossterm.scaling import Scaling
from lossterm.store import Chunk
from lossterm.tasks import task_named

REPORT_SECONDS = 0.1
"""Length of a chunk: how often a curve grows, and how long a cancel may go unseen."""

_ORDERS_BYTES = 2**21
_MOST_CHUNK = 256


class Tensors(NamedTuple):
    """What a program is called with for one draw of the data."""

    splits: list[tuple[Any, Any]]
    """Features (rows, features) and encoded target of each split."""
    counts: Any
    """Training rows of each class, (K,); (1,) for regression, where nothing reads it."""
    scale: Any
    """Origin and unit of the target, (2,)."""


class Trainer:
    """Trains one trial after another, keeping the programs that it compiled. One per thread."""

    def __init__(self, most: int = 64) -> None:
        self._programs: OrderedDict[str, Program] = OrderedDict()
        self._most = most
        self._unfit: dict[str, LosstermError] = {}

    @property
    def programs(self) -> frozenset[str]:
        """Names of the programs at hand, as `Trial.program` gives them."""
        return frozenset(self._programs)

    def train(self, trial: Trial, number: int, report: Report) -> Result:
        """Train from the trial's seed; see `Program.train`."""
        if wrong := self._unfit.get(trial.program):
            raise wrong
        try:
            program = self._programs.pop(trial.program, None) or Program(trial)
        except LosstermError as error:  # looked at once, and not again for each of its trials
            self._unfit[trial.program] = error
            raise
        self._programs[trial.program] = program  # the last used goes last
        if len(self._programs) > self._most:
            self._programs.popitem(last=False)
        return program.train(trial, number, report)


class Program:
    """A Keras model and optimizer in one compiled program, to be run for any rate, seed and number of epochs.

    Everything that may differ between trials of one program (initial weights, batch orders, learning rate, number of
    epochs) is an argument or a variable, so that it is compiled once. Not to be shared between threads: the weights are
    the model's own variables.
    """

    def __init__(self, trial: Trial) -> None:
        """Build network and optimizer, draw and encode the data; the program is compiled at its first run."""
        self.task, self.protocol = task_named(trial.task), protocol_named(trial.protocol)
        loaded = load(trial)
        self.loss, self._note = loaded.loss.under(self.protocol.key), loaded.note
        self._metrics = metrics_for(self.task.kind, self.protocol.key, self.task.lowest)
        self.batch_size = trial.hyperparameters.batch_size
        self.network = build_network(self.task, self.loss, trial.hyperparameters)
        self.optimizer = build_optimizer(trial.hyperparameters.optimizer)
        self.optimizer.build(self.network.trainable_variables)
        self._fresh = [(variable, tf.constant(variable.numpy())) for variable in self.optimizer.variables]
        self._drawn: tuple[int, list[Any]] | None = None
        self._begin = tf.function(self._assign, autograph=False)  # one call, where each assignment alone costs 0.5 ms
        self._data: tuple[int, Prepared, Tensors] | None = None
        self._compiled = self._epochs
        if loaded.way != "eager":
            self._compiled = tf.function(self._epochs, jit_compile=loaded.way == "compiled", autograph=False)
        self._ready = False
        self._epoch_seconds: float | None = None

    def train(self, trial: Trial, number: int = 0, report: Report = lambda _: False) -> Result:
        """Train from the trial's seed, reporting about every REPORT_SECONDS; the first seed's weights are kept.

        The epochs of the last chunk come with the result rather than with a report, so that a short trial is one
        transaction. Stops within a chunk of `report` asking for it.
        """
        data, tensors = self._prepare(trial.seed)
        rows = len(data.splits["train"].target)
        self._reset(trial)
        if not self._ready:
            self._run(np.zeros((_most(rows), rows), np.int32), 0, tensors)  # compiles; trains nothing
            self._ready = True
        stream, keeping = shuffler(trial.seed), self._keeping(trial)
        began, done, epochs = time.perf_counter(), 0, trial.hyperparameters.epochs
        while True:
            count = min(self._chunk_epochs(), _most(rows), epochs - done)
            values, outputs, slopes = self._advance(done, count, stream, tensors, keeping)
            chunk = Chunk(trial=number, start=done, epochs=len(values), data=values.astype("<f4").tobytes())
            done += len(values)
            if not np.isfinite(values[-1]).all():
                result = self._result("diverged", began, chunk=chunk)
                return self._with_model(result, keeping, trial, number, data)
            if done == epochs:
                seconds = time.perf_counter() - began
                outcomes = {name: outcome_of(self.loss, data, name, f) for name, f in outputs.items()}
                scores = score(self._metrics, self.loss, outcomes)
                anatomy = anatomy_of(self.loss, data, outputs["train"], slopes)
                result = Result(
                    status="done", seconds=seconds, scores=scores, chunk=chunk, anatomy=anatomy, note=self._note
                )
                return self._with_model(result, keeping, trial, number, data)
            if report(chunk):
                return self._result("cancelled", began)

    def _advance(
        self, done: int, count: int, stream: np.random.Generator, tensors: "Tensors", keeping: Keeping
    ) -> tuple[np.ndarray, dict[SplitName, np.ndarray], np.ndarray]:
        """Train the next epochs, up to the first that is not finite; return their curve, and the rest as `_run`."""
        rows, seconds, parts = int(tensors.splits[0][0].shape[0]), 0.0, []
        for piece in keeping.pieces(done, count):
            orders = np.zeros((_most(rows), rows), np.int32)
            orders[:piece] = batch_orders(stream, rows, piece)
            start = time.perf_counter()
            values, outputs, slopes = self._run(orders, piece, tensors)
            seconds += time.perf_counter() - start
            done += piece
            finite = np.isfinite(values).all(axis=1)
            if not finite.all():
                parts.append(values[: int(finite.argmin()) + 1])  # the epoch in which it happened is the last one shown
                break
            parts.append(values)
            if keeping.wants(done):
                keeping.keep(done, self.network.get_weights())
        self._epoch_seconds = seconds / count
        return np.concatenate(parts), outputs, slopes

    def _keeping(self, trial: Trial) -> Keeping:
        """Return where the weights of a trial are kept; only those of the first seed are."""
        if trial.seed != 0:
            return Keeping()
        keeping = Keeping(kept_epochs(trial.hyperparameters.epochs, self.network.count_params()))
        if keeping.wants(0):
            keeping.keep(0, self.network.get_weights())
        return keeping

    def _with_model(self, result: Result, keeping: Keeping, trial: Trial, number: int, data: Prepared) -> Result:
        layers = (self.task.features, *(layer.units for layer in self.network.layers))
        model = keeping.model(trial, number, layers, self.loss, self._scaling(data))
        if model is None:
            return result
        sample = sample_of(trial, data.splits["test"], self.task.classes)
        return msgspec.structs.replace(result, model=model, sample=sample)

    def _result(self, status: Status, began: float, chunk: Chunk | None = None) -> Result:
        return Result(status=status, seconds=time.perf_counter() - began, scores=None, chunk=chunk, note=self._note)

    def _chunk_epochs(self) -> int:
        if self._epoch_seconds is None:
            return 1
        return max(1, int(REPORT_SECONDS / max(self._epoch_seconds, 1e-6)))

    def _prepare(self, seed: int) -> "tuple[Prepared, Tensors]":
        """Draw, split, scale and encode the data of a seed, or reuse the last if it is the same draw."""
        if self._data is None or (self._data[0] != seed and self.protocol.draws):
            data = self.protocol.prepare(self.task, seed)
            self._data = seed, data, self._tensors(data)
        return self._data[1], self._data[2]

    def _scaling(self, data: Prepared) -> Scaling:
        return data.scaling(self.loss.scale) if self.task.kind == "regression" else Scaling()

    def _tensors(self, data: Prepared) -> "Tensors":
        scaling, classes = self._scaling(data), self.task.classes
        counts = np.bincount(data.splits["train"].target, minlength=classes) if classes else np.zeros(1)
        return Tensors(
            splits=[
                (tf.constant(part.features), tf.constant(encode(self.loss, scaling, part.target, classes)))
                for part in data.splits.values()
            ],
            counts=tf.constant(counts, tf.float32),
            scale=tf.constant([scaling.origin, scaling.unit], tf.float32),
        )

    def _reset(self, trial: Trial) -> None:
        if self._drawn is None or self._drawn[0] != trial.seed:  # the rates of a sweep share a seed's
            self._drawn = trial.seed, [tf.constant(value) for value in initial_weights(self.network, trial.seed)]
        self._begin(tf.constant(trial.learning_rate, tf.float32), self._drawn[1])

    def _assign(self, learning_rate: Any, weights: list[Any]) -> None:
        for variable, value in self._fresh:
            variable.assign(value)
        self.optimizer.learning_rate.assign(learning_rate)
        for variable, value in zip(self.network.weights, weights, strict=True):
            variable.assign(value)

    def _run(
        self, orders: np.ndarray, count: int, tensors: "Tensors"
    ) -> tuple[np.ndarray, dict[SplitName, np.ndarray], np.ndarray]:
        curve, outputs, slopes = self._compiled(
            tf.constant(orders), tf.constant(count), tensors.splits, tensors.counts, tensors.scale
        )
        named = {name: output.numpy() for name, output in zip(self.protocol.splits, outputs, strict=True)}
        return curve.numpy()[:count], named, slopes.numpy()

    # What is compiled

    def _epochs(
        self, orders: Any, count: Any, data: list[tuple[Any, Any]], counts: Any, scale: Any
    ) -> tuple[Any, Any, Any]:
        """Train `count` epochs; return the curve (epochs, columns), the last outputs on each split, and `_slopes`."""
        features, target = data[0]
        rows, size = int(orders.shape[1]), self.batch_size
        full, rest = divmod(rows, size)

        def epoch(number: Any, curve: Any, _: Any) -> tuple[Any, Any, Any]:
            order = orders[number]
            shuffled = tf.gather(features, order), tf.gather(target, order)

            def train(start: Any, number: int) -> None:
                batch, truth = (_rows(part, start, number) for part in shuffled)
                self._step(batch, truth, counts)

            def step(place: Any) -> tuple[Any]:
                train(place * size, size)
                return (place + 1,)

            if full:
                tf.while_loop(lambda place: place < full, step, [tf.constant(0)])
            if rest:  # the smaller last batch is a step of its own, as in Model.fit
                train(full * size, rest)
            outputs = [self._output(x) for x, _ in data]
            columns = [
                value
                for f, (_, y) in zip(outputs, data, strict=True)
                for value in (self._mean(y, f, counts), self._metric(y, f, scale))
            ]
            curve = tf.tensor_scatter_nd_update(curve, [[number]], [tf.stack(columns)])
            return number + 1, curve, outputs

        empty = tf.zeros((orders.shape[0], 2 * len(data)))
        outputs = [tf.zeros_like(self._output(x)) for x, _ in data]
        _, curve, outputs = tf.while_loop(lambda number, *_: number < count, epoch, [tf.constant(0), empty, outputs])
        return curve, outputs, self._slopes(target, outputs[0], counts)

    def _step(self, features: Any, target: Any, counts: Any) -> None:
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            mean = self._mean(target, self._output(features, training=True), counts)
        self.optimizer.apply(tape.gradient(mean, variables), variables)

    def _output(self, features: Any, *, training: bool = False) -> Any:
        output = self.network(features, training=training)
        return output if self.loss.by_class or self.loss.units > 1 else tf.squeeze(output, -1)

    def _mean(self, target: Any, output: Any, counts: Any) -> Any:
        return tf.reduce_mean(self.loss(keras.ops, target, output, counts))

    def _slopes(self, target: Any, output: Any, counts: Any) -> Any:
        """Return the size of each row's gradient with respect to its output, (rows,)."""
        with tf.GradientTape() as tape:
            tape.watch(output)
            total = tf.reduce_sum(self.loss(keras.ops, target, output, counts))
        slope = tape.gradient(total, output)
        return tf.abs(slope) if len(slope.shape) == 1 else tf.norm(slope, axis=-1)

    def _metric(self, target: Any, output: Any, scale: Any) -> Any:
        """Return the curve's metric: mean absolute error in the target's units, or accuracy by sign or argmax."""
        if self.loss.reading == "value":
            first = output[:, 0] if self.loss.units > 1 else output
            value = tf.exp(first) if self.loss.link == "log" else first
            if self.loss.scale == "log1p" and self.protocol.scales:
                target, value = (tf.math.expm1(scale[0] + scale[1] * one) for one in (target, value))
                return tf.reduce_mean(tf.abs(target - value))
            return scale[1] * tf.reduce_mean(tf.abs(target - value))
        if self.loss.by_class:
            truth = tf.argmax(target, -1, tf.int32) if self.loss.encoding == "one_hot" else target
            right = tf.argmax(output, -1, tf.int32) == truth
        else:
            right = (output > 0) == (target > (0.5 if self.loss.encoding == "zero_one" else 0.0))
        return tf.reduce_mean(tf.cast(right, tf.float32))


def _most(rows: int) -> int:
    """Return how many epochs one call of a program may train, from the number of training rows."""
    return max(1, min(_MOST_CHUNK, _ORDERS_BYTES // (4 * rows)))


def _rows(part: Any, start: Any, count: int) -> Any:
    """Cut `count` rows out of a tensor of rank 1 or 2."""
    whole = tf.slice(part, [start, *[0] * (len(part.shape) - 1)], [count, *part.shape[1:]])
    return tf.ensure_shape(whole, (count, *part.shape[1:]))
