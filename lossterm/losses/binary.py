"""Losses for two classes: one unit, output f of shape (rows,), y in {0, 1} or y± in {−1, 1}, margin m = y±·f."""

from lossterm.losses.record import Array, Loss, Namespace, TutorialSetting

_TANH = TutorialSetting(
    activation="tanh",
    note="the tutorial puts a tanh on the output, which bounds the margin; the loss is meant for a linear unit",
)


def logistic(xp: Namespace, y: Array, f: Array) -> Array:
    """softplus(f) − y·f: the negative log-likelihood of y under σ(f), from the logit so that it never overflows."""
    return xp.softplus(f) - y * f


def hinge(xp: Namespace, y: Array, f: Array) -> Array:
    """max(0, 1 − m)."""
    return xp.maximum(1 - y * f, 0)


def squared_hinge(xp: Namespace, y: Array, f: Array) -> Array:
    """max(0, 1 − m)²."""
    return xp.square(xp.maximum(1 - y * f, 0))


BINARY = (
    Loss(
        key="binary_crossentropy",
        title="binary cross-entropy",
        kinds=("binary",),
        function=logistic,
        formula="softplus(f) − y·f",
        estimates="class probability",
        reading="logit",
        encoding="zero_one",
        valid="two classes",
        large_errors="gradient goes to ±1",
        use_when="probabilities are wanted; strictly proper, the reference for two classes",
        avoid_when="many labels are wrong",
        keras="BinaryCrossentropy",
        references=("Good 1952, Rational Decisions",),
    ),
    Loss(
        key="hinge",
        title="hinge",
        kinds=("binary",),
        function=hinge,
        formula="max(0, 1 − m)",
        estimates="class sign only",
        reading="margin",
        encoding="plus_minus_one",
        valid="two classes",
        large_errors="gradient ∓1 while the margin is below 1, then 0",
        use_when="only the class matters, as in a support vector machine",
        avoid_when="probabilities are wanted: the output has none",
        keras="Hinge",
        references=("Cortes & Vapnik 1995, Support-Vector Networks",),
        tutorial=_TANH,
    ),
    Loss(
        key="squared_hinge",
        title="squared hinge",
        kinds=("binary",),
        function=squared_hinge,
        formula="max(0, 1 − m)²",
        estimates="class sign only",
        reading="margin",
        encoding="plus_minus_one",
        valid="two classes",
        large_errors="gradient grows with the distance from the margin",
        use_when="only the class matters and a smooth gradient helps",
        avoid_when="labels are noisy, or probabilities are wanted",
        keras="SquaredHinge",
        references=("Lee & Mangasarian 2001, SSVM",),
        tutorial=_TANH,
    ),
)
