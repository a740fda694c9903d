"""Epochs and steps of a stack of trainings as loops inside one compiled program: the axis of trials comes first.

Small networks cost a processor far more in starting operations than in arithmetic, so several in one program cost
little more than one. The optimizer is Keras's own, on variables that have an axis of trials before those of a single
network. The network is written out for stacks of its layers, as far as `build_network` makes them: `vectorized_map` of
Keras's own would be compiled anew whenever the weights change, for the shape of a mapped sum's gradient.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lossterm.comparison.comparison import Trial
from lossterm.comparison.hyperparameters import SCHEDULES
from lossterm.comparison.protocol import Protocol, SplitName
from lossterm.engine.runtime import keras, tf
from lossterm.engine.training.batch_measures import BatchMeasures, class_weights, sizes
from lossterm.engine.training.compiled_epochs import Tensors
from lossterm.engine.training.early_stopping import EarlyStopping
from lossterm.engine.training.initial_weights import initial_state
from lossterm.engine.training.keras_network import build_network
from lossterm.engine.training.layer_stack import stack_of
from lossterm.engine.training.optimizers import build_optimizer, build_schedule, optimizer_state, rate_for_each
from lossterm.losses import Loss
from lossterm.tasks import Task


class StackedEpochs:
    """Keras models and their optimizer in one compiled program, as many as `width`; see `CompiledEpochs`.

    A program always trains `width` of them, and repeats the first where fewer are asked for: what a trial ends with may
    depend on the width in the last bits, and so must not depend on what it was trained beside.
    """

    note: str | None = None

    def __init__(self, trial: Trial, task: Task, protocol: Protocol, loss: Loss, width: int) -> None:
        """Build networks and optimizer; the first run compiles."""
        h = trial.hyperparameters
        self.width = width
        self._protocol, self._batch_size, self._measures = protocol, h.batch_size, BatchMeasures(loss, protocol, task)
        self.network = build_network(task, loss, h)
        """What each of the stack is like. Its own weights are those of the trial that was shown last."""
        layers = stack_of(self.network)
        assert layers is not None
        self._layers = layers
        self._scheduled, self._weighs = h.schedule != SCHEDULES[0], h.class_weight is not None
        self._trained, self._updated = (
            [self._stacked(variable) for variable in variables]
            for variables in (self.network.trainable_variables, self.network.non_trainable_variables)
        )
        self._of = {id(own): one for own, one in zip(self._own, [*self._trained, *self._updated], strict=True)}
        self._all = [self._of[id(variable)] for variable in self.network.variables]
        self._rates = keras.Variable(np.ones(width, np.float32), trainable=False)
        self._steps = keras.Variable(1.0, trainable=False)
        schedule = build_schedule(h.schedule, self._rates, self._steps) if self._scheduled else 1.0
        self._optimizer = rate_for_each(build_optimizer(h.optimizer, schedule), self._rates)
        self._optimizer.build(self._trained)
        state = [variable for variable in optimizer_state(self._optimizer) if variable is not self._rates]
        self._fresh = [(variable, tf.constant(variable.numpy())) for variable in state]
        weights = [self._of[id(weight)] for weight in self.network.weights]
        self.stopping = EarlyStopping(h.early_stopping, weights, (width,)) if h.early_stopping else None
        self._drawn: dict[int, list[np.ndarray]] = {}
        self._begin = tf.function(self._assign, autograph=False)
        self._compiled = tf.function(self._epochs, jit_compile=True, autograph=False)

    def _stacked(self, variable: Any) -> Any:
        value = np.broadcast_to(np.asarray(variable), (self.width, *variable.shape))
        return keras.Variable(value, trainable=variable.trainable, name=variable.name)

    @property
    def _own(self) -> list[Any]:
        return [*self.network.trainable_variables, *self.network.non_trainable_variables]

    def begin(self, trials: Sequence[Trial], rows: int) -> None:
        """Set everything that is trained or counted to the beginning of trials of equal length on `rows` rows."""
        trials = [*trials, *[trials[0]] * (self.width - len(trials))]
        seeds = {trial.seed for trial in trials}  # the rates of a sweep share one draw
        self._drawn = {seed: self._drawn.get(seed) or self._draw(seed) for seed in seeds}
        states = [self._drawn[trial.seed] for trial in trials]
        steps = trials[0].hyperparameters.epochs * -(-rows // self._batch_size)
        rates = [trial.learning_rate for trial in trials]
        self._begin(
            tf.constant(rates, tf.float32),
            tf.constant(steps, tf.float32),
            [tf.constant(np.stack(values)) for values in zip(*states, strict=True)],
        )

    def _draw(self, seed: int) -> list[np.ndarray]:
        return [np.asarray(value) for value in initial_state(self.network, seed)]

    def _assign(self, rates: Any, steps: Any, state: list[Any]) -> None:
        for variable, value in self._fresh:
            variable.assign(value)
        self._rates.assign(rates)
        self._steps.assign(steps)
        for variable, value in zip(self._all, state, strict=True):
            variable.assign(value)
        if self.stopping:
            self.stopping.begin()

    def _variables(self) -> list[Any]:
        watched = self.stopping.variables if self.stopping else []
        return [*self._all, *(variable for variable, _ in self._fresh), self._rates, self._steps, *watched]

    def state(self, slot: int) -> list[np.ndarray]:
        """Return all that a training needs in order to continue; of what the stack shares, such as its step, a copy."""
        values = [np.asarray(variable) for variable in self._variables()]
        return [value[slot] if value.shape else value for value in values]

    def restore(self, state: Sequence[np.ndarray]) -> None:
        """Set the whole stack to what `state` returned: such a training goes on alone."""
        for variable, value in zip(self._variables(), state, strict=True):
            variable.assign(np.broadcast_to(value, variable.shape))

    def values(self, variable: Any) -> np.ndarray:
        """Return the present value of a variable of `network` in each training, (trials, …)."""
        return np.asarray(self._of[id(variable)])

    def show(self, slot: int) -> None:
        """Give `network` the present weights of a training."""
        for own, stacked in zip(self._own, [*self._trained, *self._updated], strict=True):
            own.assign(stacked[slot])

    def run(
        self, orders: np.ndarray, count: int, tensors: Tensors
    ) -> tuple[np.ndarray, dict[SplitName, np.ndarray], np.ndarray]:
        """Train `count` epochs, in the first `count` of the orders (epochs, trials, rows).

        Everything in `tensors` has an axis of `width` trials first. Return what `CompiledEpochs.run` does.
        """
        curve, outputs, slopes = self._compiled(
            tf.constant(orders), tf.constant(count), tensors.splits, tensors.weights, tensors.counts, tensors.scale
        )
        named = {name: output.numpy() for name, output in zip(self._protocol.splits, outputs, strict=True)}
        return curve.numpy()[:count].swapaxes(0, 1), named, slopes.numpy()

    def _epochs(
        self, orders: Any, count: Any, data: list[tuple[Any, Any]], weights: tuple[Any, ...], counts: Any, scale: Any
    ) -> tuple[Any, Any, Any]:
        rows, size = int(orders.shape[2]), self._batch_size
        full, rest = divmod(rows, size)
        every = [tf.concat(parts, 1) for parts in zip(*data, strict=True)]
        of_splits = [int(target.shape[1]) for _, target in data]

        def epoch(number: Any, curve: Any, _: Any) -> tuple[Any, Any, Any]:
            shuffled = [tf.gather(part, orders[number], batch_dims=1) for part in (*data[0], *weights)]

            # By batches first: cutting one out of all trials' rows at each step costs more.
            batches = [_batches(part, full, size) for part in shuffled]

            def step(place: Any) -> tuple[Any]:
                features, target, *weight = (part[place] for part in batches)
                self._step(features, target, weight, counts)
                return (place + 1,)

            if full:
                tf.while_loop(lambda place: place < full, step, [tf.constant(0)])
            if rest:
                features, target, *weight = (part[:, full * size :] for part in shuffled)
                self._step(features, target, weight, counts)
            outputs, columns = self._evaluated(every, of_splits, counts, scale)
            curve = tf.tensor_scatter_nd_update(curve, [[number]], [tf.concat(columns, 1)])
            if self.stopping:
                held_out = self._protocol.splits.index("validation")
                self.stopping.see(columns[held_out][:, 0] + self._penalties())  # as Keras's val_loss is
            return number + 1, curve, outputs

        def goes_on(number: Any, *_: Any) -> Any:
            within = number < count
            return tf.logical_and(within, self.stopping.goes_on()) if self.stopping else within

        empty = tf.zeros((orders.shape[0], self.width, self._protocol.curves.columns))
        outputs = tf.zeros_like(self._by_trial(self._flat_output(self._outputs(every[0])[0])))
        if self.stopping:  # a run of no epochs evaluates the restored weights
            outputs = tf.cond(count > 0, lambda: outputs, lambda: self._evaluated(every, of_splits, counts, scale)[0])
        _, curve, outputs = tf.while_loop(goes_on, epoch, [tf.constant(0), empty, outputs])
        of_each = tf.split(outputs, of_splits, 1)
        return curve, of_each, self._slopes(data[0][1], of_each[0], counts)

    def _step(self, features: Any, target: Any, weights: Sequence[Any], counts: Any) -> None:
        trained = [variable.value for variable in self._trained]
        with tf.GradientTape() as tape:
            output, moments = self._outputs(features, training=True)
            each = self._each(target, output, counts)
            if self._weighs:
                classes = self._by_trial(self._measures.classes(_flat(target)))
                each *= tf.gather(class_weights(counts), classes, batch_dims=1)
            for weight in weights:
                each *= weight
            losses = tf.reduce_mean(each, 1) + self._penalties()
            total = tf.reduce_sum(losses)  # of a sum, each trial gets the gradient of its own loss
        self._optimizer.apply(tape.gradient(total, trained), self._trained)
        for norm, (mean, variance) in moments:
            for own, new in ((norm.moving_mean, mean), (norm.moving_variance, variance)):
                moving = self._of[id(own)]
                moving.assign(moving * norm.momentum + tf.squeeze(new, 1) * (1 - norm.momentum))

    def _outputs(self, features: Any, *, training: bool = False) -> tuple[Any, list[tuple[Any, Any]]]:
        """Return what each network gives on its rows, (trials, rows, units), as its layers do one by one.

        Also each batch normalisation with the moments of its batch, (trials, 1, units), if `training`.
        """
        moments = []
        for layer in self._layers.parts:
            features = _product(features, self._of[id(layer.dense.kernel)].value)
            if layer.dense.use_bias:
                features += self._of[id(layer.dense.bias)].value[:, None]
            if layer.norm is not None:
                names = ("moving_mean", "moving_variance", "beta", "gamma")
                mean, variance, offset, factor = (
                    self._of[id(getattr(layer.norm, name))].value[:, None] for name in names
                )
                if training:
                    mean, variance = keras.ops.moments(features, axes=1, keepdims=True)
                    moments.append((layer.norm, (mean, variance)))
                features = tf.nn.batch_normalization(features, mean, variance, offset, factor, layer.norm.epsilon)
            features = keras.activations.get(layer.activation)(features)
        return features, moments

    def _penalties(self) -> Any:
        """Return the sum of each network's penalties on its weights, (trials,)."""
        penalised = [layer.dense for layer in self._layers.parts if layer.dense.kernel_regularizer]
        return sum(
            (
                dense.kernel_regularizer.l2 * tf.reduce_sum(tf.square(self._of[id(dense.kernel)].value), (1, 2))
                for dense in penalised
            ),
            start=tf.zeros(self.width),
        )

    def _each(self, target: Any, output: Any, counts: Any) -> Any:
        """Return the loss of each row, (trials, rows): rows have nothing to do with each other."""
        return self._by_trial(self._measures.each(_flat(target), self._flat_output(output), counts[0]))

    def _flat_output(self, output: Any) -> Any:
        return self._measures.output(_flat(output))

    def _by_trial(self, flat: Any) -> Any:
        return tf.reshape(flat, (self.width, -1, *flat.shape[1:]))

    def _evaluated(self, every: list[Any], of_splits: list[int], counts: Any, scale: Any) -> tuple[Any, list[Any]]:
        """Return the outputs of each network on every row, and of each split mean loss and metric, (trials, 2).

        `every` is features and target of all splits, one after the other: at once they cost less than one by one.
        """
        features, target = every
        output, _ = self._outputs(features)
        of_rows = tf.repeat(scale, target.shape[1], 0)
        deviations = self._measures.deviations(_flat(target), self._flat_output(output), of_rows)
        of_each = (
            tf.split(part, of_splits, 1) for part in (self._each(target, output, counts), self._by_trial(deviations))
        )
        columns = [tf.stack([tf.reduce_mean(part, 1) for part in parts], 1) for parts in zip(*of_each, strict=True)]
        return self._by_trial(self._flat_output(output)), columns

    def _slopes(self, target: Any, output: Any, counts: Any) -> Any:
        """Return the size of each row's gradient with respect to its output, (trials, rows)."""
        with tf.GradientTape() as tape:
            tape.watch(output)
            total = tf.reduce_sum(self._measures.each(_flat(target), _flat(output), counts[0]))
        return sizes(tape.gradient(total, output), 2)


FEW = 4
"""Inputs up to which a product is written as a sum: a sixth of a training of two inputs, but slower with many."""


def _product(rows: Any, kernel: Any) -> Any:
    """Return rows (trials, rows, inputs) times kernels (trials, inputs, units)."""
    if kernel.shape[1] > FEW:
        return tf.matmul(rows, kernel)
    return tf.add_n([rows[..., place, None] * kernel[:, None, place] for place in range(kernel.shape[1])])


def _flat(part: Any) -> Any:
    """Return the rows of all trials one after the other."""
    return tf.reshape(part, (part.shape[0] * part.shape[1], *part.shape[2:]))


def _batches(part: Any, count: int, size: int) -> Any:
    """Cut the first rows of each trial, (trials, rows, …), into batches, (count, trials, size, …)."""
    trials, rest = part.shape[0], part.shape[2:]
    cut = tf.reshape(part[:, : count * size], (trials, count, size, *rest))
    return tf.transpose(cut, (1, 0, *range(2, len(cut.shape))))
