"""Losses for K > 2 classes: K linear units, output f (rows, K), target y one-hot (rows, K) or index (rows,)."""

from lossterm.losses.record import Array, Loss, Namespace


def crossentropy(xp: Namespace, y: Array, f: Array) -> Array:
    """−Σ y·log softmax(f)."""
    return -xp.sum(y * xp.log_softmax(f, axis=-1), axis=-1)


def sparse_crossentropy(xp: Namespace, y: Array, f: Array) -> Array:
    """−log softmax(f)[y], by way of the one-hot target: its gradient needs no scatter."""
    return crossentropy(xp, xp.one_hot(y, f.shape[-1]), f)


def kl_divergence(xp: Namespace, y: Array, f: Array) -> Array:
    """Σ y·(ln y − log softmax(f)), with 0·ln 0 = 0."""
    entropy = xp.sum(y * xp.log(xp.where(y > 0, y, 1)), axis=-1)
    return entropy - xp.sum(y * xp.log_softmax(f, axis=-1), axis=-1)


def brier(xp: Namespace, y: Array, f: Array) -> Array:
    """Σ(softmax(f) − y)²."""
    return xp.sum(xp.square(xp.exp(xp.log_softmax(f, axis=-1)) - y), axis=-1)


_LARGE = "gradient p − y, bounded by 1 in each logit"

MULTICLASS = (
    Loss(
        key="categorical_crossentropy",
        title="categorical cross-entropy",
        kinds=("multiclass",),
        function=crossentropy,
        formula="−Σ y·ln p",
        estimates="class probabilities",
        reading="logits",
        encoding="one_hot",
        valid="three or more classes",
        large_errors=_LARGE,
        use_when="probabilities are wanted; strictly proper, the reference for several classes",
        avoid_when="many labels are wrong",
        keras="CategoricalCrossentropy",
        references=("Good 1952, Rational Decisions", "Bridle 1990, softmax"),
    ),
    Loss(
        key="sparse_categorical_crossentropy",
        title="sparse categorical cross-entropy",
        kinds=("multiclass",),
        function=sparse_crossentropy,
        formula="−ln p_t",
        estimates="class probabilities",
        reading="logits",
        encoding="index",
        valid="three or more classes",
        large_errors=_LARGE,
        use_when="there are many classes: the same function without one-hot targets",
        avoid_when="targets are soft",
        keras="SparseCategoricalCrossentropy",
        same_as="categorical_crossentropy",
        references=("Keras, keras.losses.SparseCategoricalCrossentropy",),
    ),
    Loss(
        key="kl_divergence",
        title="Kullback–Leibler divergence",
        kinds=("multiclass",),
        function=kl_divergence,
        formula="Σ y·ln(y/p)",
        estimates="class probabilities",
        reading="logits",
        encoding="one_hot",
        valid="three or more classes",
        large_errors=_LARGE,
        use_when="targets are distributions; for one-hot targets it is cross-entropy",
        avoid_when="you expect it to differ from cross-entropy on hard labels",
        keras="KLDivergence",
        same_as="categorical_crossentropy",
        references=("Kullback & Leibler 1951, On Information and Sufficiency",),
    ),
    Loss(
        key="brier",
        title="Brier score",
        kinds=("multiclass",),
        function=brier,
        formula="Σ(p − y)²",
        estimates="class probabilities",
        reading="logits",
        encoding="one_hot",
        valid="three or more classes",
        large_errors="gradient goes to 0 where a wrong class is certain",
        use_when="probabilities are wanted and some labels may be wrong; proper, and bounded",
        avoid_when="initial weights are large: rows that are surely wrong no longer pull",
        keras=None,
        references=("Brier 1950, Verification of forecasts expressed in terms of probability",),
    ),
)
