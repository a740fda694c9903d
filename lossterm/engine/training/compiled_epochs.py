"""Epochs and steps as loops inside one compiled program: a network, its optimizer, and everything that a step does."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lossterm.comparison.comparison import Trial
from lossterm.comparison.hyperparameters import SCHEDULES
from lossterm.comparison.protocol import Protocol, SplitName
from lossterm.engine.runtime import keras, tf
from lossterm.engine.training.batch_measures import BatchMeasures, class_weights, sizes
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

CELLS_AT_ONCE = 2**18
"""Numbers of images or sequences evaluated at a time, whose layers give about ten times as many: ten megabytes."""


def rows_at_once(task: Task) -> int:
    """Return how many rows of a task are evaluated at a time."""
    return AT_ONCE if len(task.input_shape) == 1 else max(min(CELLS_AT_ONCE // task.features, AT_ONCE), 1)


class Tensors(NamedTuple):
    """The arguments of a program for one draw of the data; for a stack, each with an axis of trials first."""

    splits: list[tuple[Any, Any]]
    """Features (rows, *input_shape) and encoded target of each split."""
    counts: Any
    """Training rows of each class, (K,); (1,) for regression, which does not use it."""
    scale: Any
    """Origin and unit of the target, (2,); of several outputs, (outputs, 2)."""
    weights: tuple[Any, ...] = ()
    """What each training row weighs in the loss that is trained, (rows,); () where all weigh alike, so that nothing is
    traced."""


class CompiledEpochs:
    """A Keras model and optimizer in one compiled program, to be run for any rate, seed and number of epochs.

    Everything that may differ between trials of one program (initial weights, batch orders, learning rate, number of
    epochs) is an argument or a variable, so that it is compiled once. Do not share it between threads: the weights are
    the model's own variables. Settings that are off are not traced.
    """

    width = 1
    """Trials that it trains at once."""

    def __init__(self, trial: Trial, task: Task, protocol: Protocol, loss: Loss, way: Way) -> None:
        """Build network and optimizer, to run in `way` or a slower one; the first run compiles."""
        h = trial.hyperparameters
        self._protocol, self._batch_size, self._measures = protocol, h.batch_size, BatchMeasures(loss, protocol, task)
        self._at_once = rows_at_once(task)
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

    def begin(self, trials: Sequence[Trial], rows: int) -> None:
        """Set everything that is trained, counted or drawn to the beginning of one trial on `rows` training rows."""
        (trial,) = trials
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

    def state(self, slot: int = 0) -> list[np.ndarray]:
        """Return all that a training needs in order to continue."""
        assert slot == 0
        return [np.asarray(variable) for variable in self._variables()]

    def restore(self, state: Sequence[np.ndarray]) -> None:
        """Set everything to what `state` returned."""
        for variable, value in zip(self._variables(), state, strict=True):
            variable.assign(value)

    def values(self, variable: Any) -> np.ndarray:
        """Return the present value of a variable of `network` in each training, that is in the only one, (1, …)."""
        return np.asarray(variable)[None]

    def show(self, slot: int) -> None:
        """Give `network` the present weights of a training: the only one's are its own."""
        assert slot == 0

    def _variables(self) -> list[Any]:
        watched = self.stopping.variables if self.stopping else []
        trained = (*self.network.variables, *(variable for variable, _ in self._fresh), self._rate, self._steps)
        return [*{id(variable): variable for variable in trained}.values(), *watched]

    def run(
        self, orders: np.ndarray, count: int, tensors: Tensors
    ) -> tuple[np.ndarray, dict[SplitName, np.ndarray], np.ndarray]:
        """Train `count` epochs, in the first `count` of the orders (epochs, trials, rows), of one trial.

        Return, with the axis of trials first: their curves (trials, epochs, columns), the last outputs on each split,
        and the size of each training row's gradient with respect to its output, (trials, rows). With early stopping,
        `stopping` knows how many epochs were trained, and a run of no epochs returns the outputs of the present
        weights. What is in `tensors` has no axis of trials here: a large table must not be copied.
        """
        curve, outputs, slopes = self._compiled(
            tf.constant(orders[:, 0]),
            tf.constant(count),
            tensors.splits,
            tensors.weights,
            tensors.counts,
            tensors.scale,
        )
        named = {name: output.numpy()[None] for name, output in zip(self._protocol.splits, outputs, strict=True)}
        return curve.numpy()[None, :count], named, slopes.numpy()[None]

    def _epochs(
        self, orders: Any, count: Any, data: list[tuple[Any, Any]], weights: tuple[Any, ...], counts: Any, scale: Any
    ) -> tuple[Any, Any, Any]:
        """Train `count` epochs; return the curve (epochs, columns), the last outputs on each split, and `_slopes`."""
        target, trained = data[0][1], (*data[0], *weights)
        rows, size = int(orders.shape[1]), self._batch_size
        full, rest = divmod(rows, size)

        def epoch(number: Any, curve: Any, _: Any) -> tuple[Any, Any, Any]:
            order = orders[number]
            # Shuffling a small table as a whole is faster; a large one must not be copied.
            shuffled = [tf.gather(part, order) for part in trained] if rows <= AT_ONCE else None

            def train(start: Any, number: int) -> None:
                if shuffled:
                    batch, truth, *weight = (_rows(part, start, number) for part in shuffled)
                else:
                    batch, truth, *weight = (tf.gather(part, _rows(order, start, number)) for part in trained)
                self._step(batch, truth, weight, counts)

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
                for value in (self._measures.mean(y, f, counts), tf.reduce_mean(self._measures.deviations(y, f, scale)))
            ]
            curve = tf.tensor_scatter_nd_update(curve, [[number]], [tf.stack(columns)])
            if self.stopping:
                held_out = self._protocol.splits.index("validation")
                mean = self._measures.mean(data[held_out][1], outputs[held_out], counts)
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

    def _step(self, features: Any, target: Any, weights: Sequence[Any], counts: Any) -> None:
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            each = self._measures.each(target, self._output(features, training=True), counts)
            if self._weighs:
                each *= tf.gather(class_weights(counts), self._measures.classes(target))
            for weight in weights:  # as in Keras, the mean is over rows, whatever they weigh
                each *= weight
            trained = self._penalised(tf.reduce_mean(each))
        self._optimizer.apply(tape.gradient(trained, variables), variables)

    def _penalised(self, loss: Any) -> Any:
        """Add the penalties of the network's regularisers; without any, nothing is traced."""
        for penalty in self.network.losses:
            loss += tf.reduce_sum(penalty)
        return loss

    def _output(self, features: Any, *, training: bool = False) -> Any:
        return self._measures.output(self.network(features, training=training))

    def _outputs(self, features: Any) -> Any:
        """Return the network's outputs on a split, block by block if it is large."""
        rows = features.shape[0]
        if rows <= self._at_once:
            return self._output(features)
        whole = rows - rows % self._at_once
        outputs = tf.map_fn(
            lambda start: self._output(_rows(features, start, self._at_once)),
            tf.range(0, whole, self._at_once),
            fn_output_signature=tf.float32,
        )
        outputs = tf.reshape(outputs, (whole, *outputs.shape[2:]))
        return tf.concat([outputs, self._output(features[whole:])], 0) if whole < rows else outputs

    def _slopes(self, target: Any, output: Any, counts: Any) -> Any:
        """Return the size of each row's gradient with respect to its output, (rows,)."""
        with tf.GradientTape() as tape:
            tape.watch(output)
            total = tf.reduce_sum(self._measures.each(target, output, counts))
        return sizes(tape.gradient(total, output), 1)


def _rows(part: Any, start: Any, count: int) -> Any:
    """Cut `count` rows out of a tensor."""
    whole = tf.slice(part, [start, *[0] * (len(part.shape) - 1)], [count, *part.shape[1:]])
    return tf.ensure_shape(whole, (count, *part.shape[1:]))
