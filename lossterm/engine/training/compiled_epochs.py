"""Epochs and steps as loops inside one compiled program: a network, its optimizer, and everything that a step does."""

from typing import Any, NamedTuple

import numpy as np

from lossterm.comparison.comparison import Trial
from lossterm.comparison.hyperparameters import SCHEDULES
from lossterm.comparison.protocol import Protocol, SplitName
from lossterm.engine.runtime import keras, tf
from lossterm.engine.training.early_stopping import EarlyStopping
from lossterm.engine.training.initial_weights import initial_state
from lossterm.engine.training.keras_network import build_network
from lossterm.engine.training.optimizers import build_optimizer, build_schedule, optimizer_state
from lossterm.engine.user_code.loss_loading import WAYS, Way
from lossterm.engine.user_code.network_building import UserNetwork
from lossterm.losses import Loss
from lossterm.tasks import Task

AT_ONCE = 8192
"""Rows evaluated at a time: the layers' outputs for a whole table would take more memory than the table."""


class Tensors(NamedTuple):
    """The arguments of a program for one draw of the data."""

    splits: list[tuple[Any, Any]]
    """Features (rows, features) and encoded target of each split."""
    counts: Any
    """Training rows of each class, (K,); (1,) for regression, which does not use it."""
    scale: Any
    """Origin and unit of the target, (2,)."""


class CompiledEpochs:
    """A Keras model and optimizer in one compiled program, to be run for any rate, seed and number of epochs.

    Everything that may differ between trials of one program (initial weights, batch orders, learning rate, number of
    epochs) is an argument or a variable, so that it is compiled once. Do not share it between threads: the weights are
    the model's own variables. Settings that are off are not traced.
    """

    def __init__(self, trial: Trial, task: Task, protocol: Protocol, loss: Loss, way: Way) -> None:
        """Build network and optimizer, to run in `way` or a slower one; the first run compiles."""
        h = trial.hyperparameters
        self._task, self._protocol, self._loss, self._batch_size = task, protocol, loss, h.batch_size
        self._user_network = UserNetwork(h.model, task, loss) if h.model else None
        self.network = self._user_network.network if self._user_network else build_network(task, loss, h)
        self.note = self._user_network.note if self._user_network else None
        self._scheduled, self._weighs = h.schedule != SCHEDULES[0], h.class_weight is not None
        self._rate, self._steps = (keras.Variable(1.0, trainable=False) for _ in range(2))
        self._optimizer = build_optimizer(
            h.optimizer, build_schedule(h.schedule, self._rate, self._steps) if self._scheduled else 1.0
        )
        self._optimizer.build(self.network.trainable_variables)
        self._fresh = [(variable, tf.constant(variable.numpy())) for variable in optimizer_state(self._optimizer)]
        self.stopping = EarlyStopping(h.early_stopping, self.network.weights) if h.early_stopping else None
        self._drawn: tuple[int, list[Any]] | None = None
        self._begin = tf.function(self._assign, autograph=False)  # one call: each separate assignment costs 0.5 ms
        self._compiled = self._epochs
        if self._user_network:
            way = max(way, self._user_network.way, key=WAYS.index)
        if way != "eager":
            self._compiled = tf.function(self._epochs, jit_compile=way == "compiled", autograph=False)

    def reset(self, trial: Trial, rows: int) -> None:
        """Reset everything that is trained, counted or drawn to the beginning of a trial on `rows` training rows."""
        if self._drawn is None or self._drawn[0] != trial.seed:  # the rates of a sweep share one draw per seed
            state = (
                self._user_network.state(trial.seed) if self._user_network else initial_state(self.network, trial.seed)
            )
            self._drawn = trial.seed, [tf.constant(value) for value in state]
        steps = trial.hyperparameters.epochs * -(-rows // self._batch_size)
        self._begin(tf.constant(trial.learning_rate, tf.float32), tf.constant(steps, tf.float32), self._drawn[1])

    def _assign(self, learning_rate: Any, steps: Any, state: list[Any]) -> None:
        for variable, value in self._fresh:
            variable.assign(value)
        if self._scheduled:
            self._rate.assign(learning_rate)
            self._steps.assign(steps)
        else:
            self._optimizer.learning_rate.assign(learning_rate)
        for variable, value in zip(self.network.variables, state, strict=True):
            variable.assign(value)
        if self.stopping:
            self.stopping.begin()

    def variables(self) -> list[Any]:
        """Return every variable that a training needs in order to continue."""
        watched = self.stopping.variables if self.stopping else []
        trained = (*self.network.variables, *(variable for variable, _ in self._fresh), self._rate, self._steps)
        return [*{id(variable): variable for variable in trained}.values(), *watched]

    def run(
        self, orders: np.ndarray, count: int, tensors: Tensors
    ) -> tuple[np.ndarray, dict[SplitName, np.ndarray], np.ndarray]:
        """Train `count` epochs, in the first `count` of the orders (epochs, rows).

        Return their curve (epochs, columns), the last outputs on each split, and the size of each training row's
        gradient with respect to its output, (rows,). With early stopping, `stopping` knows how many epochs were
        trained, and a run of no epochs returns the outputs of the present weights.
        """
        curve, outputs, slopes = self._compiled(
            tf.constant(orders), tf.constant(count), tensors.splits, tensors.counts, tensors.scale
        )
        named = {name: output.numpy() for name, output in zip(self._protocol.splits, outputs, strict=True)}
        return curve.numpy()[:count], named, slopes.numpy()

    def _epochs(
        self, orders: Any, count: Any, data: list[tuple[Any, Any]], counts: Any, scale: Any
    ) -> tuple[Any, Any, Any]:
        """Train `count` epochs; return the curve (epochs, columns), the last outputs on each split, and `_slopes`."""
        target = data[0][1]
        rows, size = int(orders.shape[1]), self._batch_size
        full, rest = divmod(rows, size)

        def epoch(number: Any, curve: Any, _: Any) -> tuple[Any, Any, Any]:
            order = orders[number]
            # Shuffling a small table as a whole is faster; a large one must not be copied.
            shuffled = [tf.gather(part, order) for part in data[0]] if rows <= AT_ONCE else None

            def train(start: Any, number: int) -> None:
                if shuffled:
                    batch, truth = (_rows(part, start, number) for part in shuffled)
                else:
                    batch, truth = (tf.gather(part, _rows(order, start, number)) for part in data[0])
                self._step(batch, truth, counts)

            def step(place: Any) -> tuple[Any]:
                train(place * size, size)
                return (place + 1,)

            if full:
                tf.while_loop(lambda place: place < full, step, [tf.constant(0)])
            if rest:  # the smaller last batch is a step of its own, as in Model.fit
                train(full * size, rest)
            outputs = evaluated()
            columns = [
                value
                for f, (_, y) in zip(outputs, data, strict=True)
                for value in (self._mean(y, f, counts), self._metric(y, f, scale))
            ]
            curve = tf.tensor_scatter_nd_update(curve, [[number]], [tf.stack(columns)])
            if self.stopping:
                held_out = self._protocol.splits.index("validation")
                mean = self._mean(data[held_out][1], outputs[held_out], counts)
                self.stopping.see(self._penalised(mean))  # as Keras's val_loss is
            return number + 1, curve, outputs

        def evaluated() -> list[Any]:
            return [self._outputs(x) for x, _ in data]

        def goes_on(number: Any, *_: Any) -> Any:
            within = number < count
            return tf.logical_and(within, self.stopping.goes_on()) if self.stopping else within

        empty = tf.zeros((orders.shape[0], self._protocol.curves.columns))
        outputs = [tf.zeros_like(output) for output in evaluated()]
        if self.stopping:  # a run of no epochs evaluates the restored weights
            outputs = tf.cond(count > 0, lambda: outputs, evaluated)
        _, curve, outputs = tf.while_loop(goes_on, epoch, [tf.constant(0), empty, outputs])
        return curve, outputs, self._slopes(target, outputs[0], counts)

    def _step(self, features: Any, target: Any, counts: Any) -> None:
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            each = self._loss(keras.ops, target, self._output(features, training=True), counts)
            if self._weighs:
                each *= self._class_weights(target, counts)
            trained = self._penalised(tf.reduce_mean(each))
        self._optimizer.apply(tape.gradient(trained, variables), variables)

    def _penalised(self, loss: Any) -> Any:
        """Add the penalties of the network's regularisers; without any, nothing is traced."""
        for penalty in self.network.losses:
            loss += tf.reduce_sum(penalty)
        return loss

    def _class_weights(self, target: Any, counts: Any) -> Any:
        """Return n/(K·n_k) of each row's class k, (rows,)."""
        if self._loss.encoding == "one_hot":
            classes = tf.argmax(target, -1, tf.int32)
        else:
            classes = tf.cast(target > 0, tf.int32) if self._loss.encoding != "index" else target
        weights = tf.math.divide_no_nan(tf.reduce_sum(counts), counts.shape[0] * counts)
        return tf.gather(weights, classes)

    def _output(self, features: Any, *, training: bool = False) -> Any:
        output = self.network(features, training=training)
        return output if self._loss.by_class or self._loss.units > 1 else tf.squeeze(output, -1)

    def _outputs(self, features: Any) -> Any:
        """Return the network's outputs on a split, block by block if it is large."""
        rows = features.shape[0]
        if rows <= AT_ONCE:
            return self._output(features)
        whole = rows - rows % AT_ONCE
        outputs = tf.map_fn(
            lambda start: self._output(_rows(features, start, AT_ONCE)),
            tf.range(0, whole, AT_ONCE),
            fn_output_signature=tf.float32,
        )
        outputs = tf.reshape(outputs, (whole, *outputs.shape[2:]))
        return tf.concat([outputs, self._output(features[whole:])], 0) if whole < rows else outputs

    def _mean(self, target: Any, output: Any, counts: Any) -> Any:
        return tf.reduce_mean(self._loss(keras.ops, target, output, counts))

    def _slopes(self, target: Any, output: Any, counts: Any) -> Any:
        """Return the size of each row's gradient with respect to its output, (rows,)."""
        with tf.GradientTape() as tape:
            tape.watch(output)
            total = tf.reduce_sum(self._loss(keras.ops, target, output, counts))
        slope = tape.gradient(total, output)
        return tf.abs(slope) if len(slope.shape) == 1 else tf.norm(slope, axis=-1)

    def _metric(self, target: Any, output: Any, scale: Any) -> Any:
        """Return the curve's metric: mean absolute error in the target's units, or accuracy by sign or argmax."""
        if self._loss.reading == "value":
            first = output[:, 0] if self._loss.units > 1 else output
            value = tf.exp(first) if self._loss.link == "log" else first
            if self._loss.scale == "log1p" and self._protocol.scales:
                target, value = (tf.math.expm1(scale[0] + scale[1] * part) for part in (target, value))
                return tf.reduce_mean(tf.abs(target - value))
            return scale[1] * tf.reduce_mean(tf.abs(target - value))
        if self._loss.by_class:
            truth = tf.argmax(target, -1, tf.int32) if self._loss.encoding == "one_hot" else target
            right = tf.argmax(output, -1, tf.int32) == truth
        else:
            right = (output > 0) == (target > (0.5 if self._loss.encoding == "zero_one" else 0.0))
        return tf.reduce_mean(tf.cast(right, tf.float32))


def _rows(part: Any, start: Any, count: int) -> Any:
    """Cut `count` rows out of a tensor of rank 1 or 2."""
    whole = tf.slice(part, [start, *[0] * (len(part.shape) - 1)], [count, *part.shape[1:]])
    return tf.ensure_shape(whole, (count, *part.shape[1:]))
