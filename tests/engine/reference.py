"""The other side of parity: what Keras's documentation and the textbooks say, without a line of the engine's.

Only what a training starts from is the engine's: the values of all variables, and the orders of batches.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from lossterm.comparison.comparison import Trial
from lossterm.comparison.protocol import SplitName
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.training.batch_orders import batch_orders, shuffler
from lossterm.losses import Loss, Scale, loss_named


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A training by `Model.fit`."""

    weights: list[np.ndarray]
    """As they are in the end."""
    losses: np.ndarray
    """(epochs, splits): what `Model.evaluate` says of each split after each epoch; no columns unless asked for."""


def fit(
    runtime: ModuleType,
    network: SimpleNamespace,
    program: Any,
    trial: Trial,
    *,
    curves: bool = False,
    build: Callable[..., Any] | None = None,
) -> Fitted:
    """Train a trial as Keras does it, with the network that `build` gives for features and outputs, if any."""
    keras, tf = runtime.keras, runtime.tf
    task, h = trial.record, trial.hyperparameters
    loss = loss_named(trial.loss).under(trial.protocol)
    data, truth = _data(trial)
    weights = protocol_named(trial.protocol).prepare(task, trial.seed).weights
    units = (task.classes if loss.reading in ("logits", "scores") else None) or loss.units
    if build:
        keras.utils.set_random_seed(trial.seed)
        model = keras.Sequential([build(task.features, units), keras.layers.Activation(_head(loss))])
        model(data["train"][0][:1])  # which draws the weights of one that is not built yet
    else:
        model = build_reference(keras, task.features, units, _head(loss), h)
        for variable, value in zip(model.variables, network.initial_state(program.network, trial.seed), strict=True):
            variable.assign(value)
    features, target = data["train"]
    if h.class_weight and loss.encoding == "plus_minus_one":
        target = (target + 1) / 2  # fit looks weights up by label; Keras's hinges take labels 0 and 1 too
    steps = h.epochs * -(-len(features) // h.batch_size)
    model.compile(
        loss=_reference(keras, loss, truth),
        optimizer=network.build_optimizer(h.optimizer, scheduled_rate(keras, h.schedule, trial.learning_rate, steps)),
        # XLA is the engine's way; it need not be the other's, and compiling takes seconds. But XLA draws other random
        # bits from a seed than TensorFlow's kernels do, so that what drops out is the same under XLA alone.
        jit_compile=h.dropout > 0 or _drops(keras, model),
    )
    model.optimizer.build(model.trainable_variables)  # or `fit` traces a step twice: once to make these, once without
    judge = model
    if model.jit_compile:  # the same layers, whose losses are looked at without compiling one more program a split
        judge = keras.Sequential(model.layers)
        judge.compile(loss=_reference(keras, loss, truth), jit_compile=False)
    losses: list[list[float]] = []

    def note(*_: Any) -> None:
        losses.append([_evaluated(judge, x, y) for x, y in data.values()] if curves else [])

    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=note)]
    if h.early_stopping:
        watch = keras.callbacks.EarlyStopping(monitor="val_loss", patience=h.early_stopping, restore_best_weights=True)
        callbacks.append(watch)
    orders = batch_orders(shuffler(trial.seed), len(features), h.epochs)
    model.fit(
        _batches(tf, (features, target, *([] if weights is None else [weights])), orders, h.batch_size),
        epochs=h.epochs,
        steps_per_epoch=steps // h.epochs,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
        validation_data=data["validation"] if h.early_stopping else None,
        validation_batch_size=100_000,
        class_weight=_class_weights(truth) if h.class_weight else None,
    )
    return Fitted(weights=model.get_weights(), losses=np.array(losses))


def keras_mean_loss(runtime: ModuleType, trial: Trial, raw: np.ndarray) -> tuple[float, np.ndarray]:
    """Return Keras's mean loss of raw outputs, (rows, units), for the first training rows, and its gradient by them."""
    keras, tf = runtime.keras, runtime.tf
    loss = loss_named(trial.loss).under(trial.protocol)
    data, truth = _data(trial)
    output = tf.Variable(raw)
    with tf.GradientTape() as tape:
        head = keras.layers.Activation(_head(loss))(output)
        mean = tf.reduce_mean(_reference(keras, loss, truth)(data["train"][1][: len(raw)], head))
    return float(mean), tape.gradient(mean, output).numpy()


def _data(trial: Trial) -> tuple[dict[SplitName, tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Return features and encoded target of each split, and the training rows' target as it was drawn."""
    task, protocol = trial.record, protocol_named(trial.protocol)
    loss = loss_named(trial.loss).under(trial.protocol)
    splits = protocol.prepare(task, trial.seed).splits
    truth = splits["train"].target
    scaled = protocol.scales and task.kind == "regression"
    data: dict[SplitName, tuple[np.ndarray, np.ndarray]] = {
        name: (
            part.features,
            _encoded(loss, _scaled(loss.scale, part.target, truth) if scaled else part.target, task.classes),
        )
        for name, part in splits.items()
    }
    return data, truth


def build_reference(keras: Any, features: int, units: int, head: str, h: Any) -> Any:
    """Return the network that hyperparameters ask for, put together layer by layer."""

    def penalty() -> Any:
        return keras.regularizers.l2(h.l2) if h.l2 else None

    layers = [keras.layers.Input((features,))]
    for width in h.hidden:
        layers.append(keras.layers.Dense(width, use_bias=not h.batch_norm, kernel_regularizer=penalty()))
        layers += [keras.layers.BatchNormalization()] if h.batch_norm else []
        layers.append(keras.layers.Activation(h.activation))
        layers += [keras.layers.Dropout(h.dropout)] if h.dropout else []
    return keras.Sequential([*layers, keras.layers.Dense(units, activation=head, kernel_regularizer=penalty())])


def scheduled_rate(keras: Any, schedule: str, rate: float, steps: int) -> Any:
    """Return a rate, or Keras's schedule of it over all steps of a training."""
    schedules = keras.optimizers.schedules
    if schedule == "cosine":
        return schedules.CosineDecay(rate, steps)
    if schedule == "linear":
        return schedules.PolynomialDecay(rate, steps, end_learning_rate=0)
    return rate if schedule == "constant" else schedules.ExponentialDecay(rate, steps, 0.01)


def _class_weights(truth: np.ndarray) -> dict[int, float]:
    names, counts = np.unique(truth, return_counts=True)
    return {int(name): len(truth) / (len(names) * int(count)) for name, count in zip(names, counts, strict=True)}


def _batches(tf: Any, parts: tuple[np.ndarray, ...], orders: np.ndarray, size: int) -> Any:
    """Give `fit` the batches of one epoch after the other; an iterator of arrays it would not weigh by class.

    `parts` are features and target, and the weights of rows if they weigh differently.
    """

    def every() -> Iterator[tuple[np.ndarray, ...]]:
        for order in orders:
            for start in range(0, len(order), size):
                rows = order[start : start + size]
                yield tuple(part[rows] for part in parts)

    form = tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in parts)
    return tf.data.Dataset.from_generator(every, output_signature=form)


def _drops(keras: Any, model: Any) -> bool:
    """Whether a person's network, the first layer of a model, has a layer that drops out."""
    return any(isinstance(layer, keras.layers.Dropout) for layer in getattr(model.layers[0], "layers", ()))


def _evaluated(model: Any, features: np.ndarray, target: np.ndarray) -> float:
    """Return what `evaluate` with one batch says, without the tenth of a second that it takes to begin."""
    model.reset_metrics()
    return float(model.test_on_batch(features, target))


def _head(loss: Loss) -> str:
    """Return the activation that Keras's losses and the textbooks' formulas want, where ours take the raw output."""
    if loss.link != "identity":
        return {"log": "exponential", "logit": "sigmoid"}[loss.link]
    return {"logit": "sigmoid", "logits": "softmax"}.get(loss.reading, loss.activation)


def _scaled(scale: Scale, target: np.ndarray, train: np.ndarray) -> np.ndarray:
    if scale == "raw":
        return target
    if scale == "mean":
        return np.asarray(target / train.mean())
    if scale == "log1p":
        target, train = np.log(1 + target), np.log(1 + train)
    return np.asarray((target - train.mean()) / train.std())


def _encoded(loss: Loss, target: np.ndarray, classes: int | None) -> np.ndarray:
    """Encode as Keras's documentation says: a column, or one-hot rows."""
    if loss.encoding == "one_hot":
        assert classes is not None
        return np.asarray(np.eye(classes, dtype=np.float32)[target])
    if loss.encoding == "plus_minus_one":
        return np.where(target == 1, 1.0, -1.0).astype(np.float32)[:, None]
    return target[:, None] if loss.encoding == "index" else target.astype(np.float32)[:, None]


def _reference(keras: Any, loss: Loss, train: np.ndarray) -> Any:
    """Return Keras's own loss, or the textbook's formula over values, margins or probabilities."""
    ops, named, p = keras.ops, keras.losses, loss.values
    made: dict[str, Callable[[], Any]] = {
        "huber": lambda: named.Huber(delta=p["delta"]),
        "binary_focal": lambda: named.BinaryFocalCrossentropy(gamma=2, apply_class_balancing=False),
        "focal": lambda: named.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=2
        ),  # .25 by default: a quarter of the loss
        "smoothed_binary_crossentropy": lambda: named.BinaryCrossentropy(label_smoothing=0.1),
        "smoothed_crossentropy": lambda: named.CategoricalCrossentropy(label_smoothing=0.1),
        "log1p_mse": named.MeanSquaredError,
        "mse": named.MeanSquaredError,
        "mae": named.MeanAbsoluteError,
        "log_cosh": named.LogCosh,
        "msle": named.MeanSquaredLogarithmicError,
        "mape": lambda: lambda y, f: named.mean_absolute_percentage_error(y, f) / 100,  # ours is the fraction
        "poisson": named.Poisson,
        "binary_crossentropy": named.BinaryCrossentropy,
        "share_crossentropy": named.BinaryCrossentropy,
        "hinge": named.Hinge,
        "squared_hinge": named.SquaredHinge,
        "categorical_crossentropy": named.CategoricalCrossentropy,
        "sparse_categorical_crossentropy": named.SparseCategoricalCrossentropy,
        "kl_divergence": named.KLDivergence,
    }
    if loss.base in made:
        return made[loss.base]()

    def true(y: Any, probability: Any) -> Any:
        return ops.sum(y * probability, axis=-1)

    def true_of_two(y: Any, probability: Any) -> Any:
        return ops.where(y > 0.5, probability, 1 - probability)

    def two_sided(y: Any, f: Any, above: Any, below: Any) -> Any:
        return ops.where(y > f, above, below)

    def modified_huber(y: Any, f: Any) -> Any:
        return ops.where(y * f >= -1, ops.square(ops.relu(1 - y * f)), -4 * y * f)

    def gaussian(y: Any, f: Any) -> Any:
        variance = ops.log(1 + ops.exp(f[:, 1:])) + 1e-6
        return (ops.log(variance) + (y - f[:, :1]) ** 2 / variance) / 2, variance

    def beta_nll(y: Any, f: Any) -> Any:
        likelihood, variance = gaussian(y, f)
        return ops.sqrt(ops.stop_gradient(variance)) * likelihood

    shares = np.bincount(train) / len(train) if loss.kinds != ("regression",) else np.ones(1)
    rare, frequent = float(0.5 / shares[-1]), float(0.5 / shares[0])
    weights = (1 - 0.999) / (1 - 0.999 ** (shares * len(train)))
    weights = (len(weights) * weights / weights.sum()).astype(np.float32)

    def logit_adjusted(y: Any, probability: Any) -> Any:
        shifted = probability * shares.astype(np.float32)  # softmax(z + ln π) ∝ softmax(z)·π
        return -ops.log(true(y, shifted) / ops.sum(shifted, axis=-1))

    def ldam(y: Any, probability: Any) -> Any:
        counts = shares * len(train)
        margins = (0.5 * (counts.min() / counts) ** 0.25).astype(np.float32)
        held = probability * ops.exp(-margins * y)  # exp(z − Δ) is p·exp(−Δ), up to a factor
        return -ops.log(true(y, held) / ops.sum(held, axis=-1))

    def negative_binomial(y: Any, f: Any) -> Any:
        """f[:, 0] is after exp, as the head says, and f[:, 1] too: its logarithm is what softplus is of."""
        mean, alpha = f[:, :1], ops.log(1 + f[:, 1:]) + 1e-6
        rising = sum(ops.where(y > j, ops.log(1 + alpha * j), 0.0) for j in range(2 * int(train.max())))
        return (y + 1 / alpha) * ops.log(1 + alpha * mean) - y * ops.log(mean) - rising

    def zero_inflated(y: Any, f: Any) -> Any:
        extra = f[:, 1:] / (1 + f[:, 1:])
        rate = f[:, :1] / (1 - extra)
        none = -ops.log(extra + (1 - extra) * ops.exp(-rate))
        return ops.where(y > 0, rate - y * ops.log(rate) - ops.log(1 - extra), none)

    def spaced(f: Any) -> Any:
        """Return the deciles by adding one step after the other."""
        steps, columns = ops.log(1 + ops.exp(f[:, 1:])) / 4, [f[:, 0]]
        for place in range(4):
            columns = [columns[0] - steps[:, 4 + place], *columns, columns[-1] + steps[:, place]]
        return ops.stack(columns, axis=1)

    def quantiles(y: Any, q: Any) -> Any:
        level = np.arange(0.1, 0.95, 0.1, dtype=np.float32)
        return ops.sum(ops.where(y > q, level * (y - q), (1 - level) * (q - y)), axis=-1) / 5

    formulas: dict[str, Callable[[Any, Any], Any]] = {
        "pinball": lambda y, f: two_sided(y, f, 0.9 * (y - f), 0.1 * (f - y)),
        "expectile": lambda y, f: two_sided(y, f, 0.9, 0.1) * (y - f) ** 2,
        "gaussian_nll": lambda y, f: gaussian(y, f)[0],
        "beta_nll": beta_nll,
        "pseudo_huber": lambda y, f: ops.sqrt(1 + (y - f) ** 2) - 1,
        "epsilon_insensitive": lambda y, f: ops.relu(ops.abs(y - f) - 0.1),
        "fair": lambda y, f: ops.abs(y - f) - ops.log(1 + ops.abs(y - f)),
        "cauchy": lambda y, f: ops.log(1 + (y - f) ** 2) / 2,
        "gamma": lambda y, f: y / f + ops.log(f),
        "tweedie": lambda y, f: 2 * y / ops.sqrt(f) + 2 * ops.sqrt(f),
        "negative_binomial": negative_binomial,
        "zero_inflated_poisson": zero_inflated,
        "quantiles": lambda y, f: quantiles(y, spaced(f)),
        "free_quantiles": lambda y, f: quantiles(y, ops.concatenate([f[:, :4:-1], f[:, :5]], axis=1)),
        "ldam": ldam,
        "balanced_softmax": logit_adjusted,
        "weighted_binary_crossentropy": lambda y, p: -ops.log(true_of_two(y, p)) * two_sided(y, 0.5, rare, frequent),
        "binary_brier": lambda y, p: (p - y) ** 2,
        "binary_gce": lambda y, p: (1 - true_of_two(y, p) ** 0.7) / 0.7,
        "modified_huber": modified_huber,
        "exponential": lambda y, f: ops.exp(-y * f),
        "unhinged": lambda y, f: 1 - y * f,
        "brier": lambda y, p: ops.sum((p - y) ** 2, axis=-1),
        "poly1": lambda y, p: -ops.log(true(y, p)) + 1 - true(y, p),
        "square_on_logits": lambda y, f: ops.sum((f - y) ** 2, axis=-1),
        "multiclass_hinge": lambda y, f: ops.relu(1 + ops.max(f - 1e9 * y, axis=-1) - true(y, f)),
        "logit_adjusted": logit_adjusted,
        "class_balanced": lambda y, p: -ops.sum(y * weights, axis=-1) * ops.log(true(y, p)),
        "probability_mae": lambda y, p: ops.sum(ops.abs(p - y), axis=-1),
        "gce": lambda y, p: (1 - true(y, p) ** 0.7) / 0.7,
        "sce": lambda y, p: -0.1 * ops.log(true(y, p)) + 4 * (1 - true(y, p)),
        "bi_tempered": lambda y, f: _bi_tempered(ops, y, f),
    }
    if loss.base == "barron":
        return lambda y, f: _barron(y, f, p["alpha"], p["c"])
    return formulas[loss.key]


def _barron(y: Any, f: Any, alpha: Any, c: Any) -> Any:
    distance = abs(alpha - 2)
    return distance / alpha * ((((f - y) / c) ** 2 / distance + 1) ** (alpha / 2) - 1)


def _bi_tempered(ops: Any, y: Any, z: Any, t1: float = 0.8, t2: float = 1.2) -> Any:
    """Write the loss out, normalised by the authors' fixed point (Amid et al. 2019, algorithm 1), run to its end."""

    def exp_t(x: Any) -> Any:
        return (1 + (1 - t2) * x) ** (1 / (1 - t2))

    largest = ops.max(z, axis=-1, keepdims=True)
    start = shifted = z - largest
    for _ in range(12):
        shifted = start * ops.sum(exp_t(shifted), axis=-1, keepdims=True) ** (1 - t2)
    total = ops.sum(exp_t(shifted), axis=-1, keepdims=True)
    normaliser = -((1 / total) ** (1 - t2) - 1) / (1 - t2) + largest
    p = exp_t(z - normaliser)
    right = ops.sum(y * p, axis=-1)
    return -(right ** (1 - t1) - 1) / (1 - t1) - (1 - ops.sum(p ** (2 - t1), axis=-1)) / (2 - t1)
