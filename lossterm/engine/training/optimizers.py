"""Optimizers and learning-rate schedules, built by Keras."""

from typing import Any

from lossterm.comparison.hyperparameters import MOMENTUM
from lossterm.engine.runtime import keras

LEFT_AT_THE_END = 0.01
"""Share of the learning rate that is left when an exponential schedule ends."""


def build_optimizer(key: str, learning_rate: Any = 0.01) -> Any:
    """Return the Keras optimizer of a key of `OPTIMIZERS`, with a learning rate or a Keras schedule."""
    optimizers = {
        "sgd": lambda: keras.optimizers.SGD(learning_rate),
        "momentum": lambda: keras.optimizers.SGD(learning_rate, momentum=MOMENTUM),
        "adam": lambda: keras.optimizers.Adam(learning_rate),
        "rmsprop": lambda: keras.optimizers.RMSprop(learning_rate),
        "adamw": lambda: keras.optimizers.AdamW(learning_rate),
        "nadam": lambda: keras.optimizers.Nadam(learning_rate),
        "adagrad": lambda: keras.optimizers.Adagrad(learning_rate),
    }
    return optimizers[key]()


def build_schedule(key: str, learning_rate: Any, steps: Any) -> Any:
    """Return the Keras schedule of a key of `SCHEDULES`, except the first, over all `steps` of a training.

    Both may be variables, so that one compiled program serves every rate and length.
    """
    schedules = keras.optimizers.schedules
    made = {
        "cosine": lambda: schedules.CosineDecay(learning_rate, steps),
        "linear": lambda: schedules.PolynomialDecay(learning_rate, steps, end_learning_rate=0.0, power=1.0),
        "exponential": lambda: schedules.ExponentialDecay(learning_rate, steps, decay_rate=LEFT_AT_THE_END),
    }
    return made[key]()


def rate_for_each(optimizer: Any, rates: Any) -> Any:
    """Have a Keras optimizer serve variables with a leading axis of trials, each trial at a rate of its own.

    `rates` is the variable (trials,) that holds them; an optimizer with a schedule has been given it already. One that
    scales gradients by a norm over all of them would mix the trials; those of OPTIMIZERS do not.
    """
    kind = type(optimizer)

    def shaped(rate: Any, variable: Any) -> Any:
        return keras.ops.reshape(rate, (-1, *[1] * (len(variable.shape) - 1)))

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        kind.update_step(self, gradient, variable, shaped(learning_rate, variable))

    def decay(self: Any, variables: Any) -> None:
        for variable in variables if self.weight_decay is not None else ():
            if self._use_weight_decay(variable):
                variable.assign(variable - variable * self.weight_decay * shaped(self.learning_rate, variable))

    optimizer.__class__ = type(kind.__name__, (kind,), {"update_step": update_step, "_apply_weight_decay": decay})
    if not isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        optimizer._learning_rate = rates
    return optimizer


def optimizer_state(optimizer: Any) -> list[Any]:
    """Return every variable that a built optimizer changes while it trains.

    More than `optimizer.variables`: Nadam keeps a product as an attribute without tracking it.
    """
    untracked = [value for value in vars(optimizer).values() if isinstance(value, keras.Variable)]
    return list({id(variable): variable for variable in (*optimizer.variables, *untracked)}.values())
