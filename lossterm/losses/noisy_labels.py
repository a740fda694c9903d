"""Losses for K > 2 classes of which some labels are wrong: a row that is surely wrong pulls less, or not at all.

K linear units, output z (rows, K), target y one-hot (rows, K).
"""

import msgspec

from lossterm.losses.binary import Q
from lossterm.losses.equivalent import Equivalent, keras, pytorch
from lossterm.losses.loss import Array, Loss, Namespace, Parameter
from lossterm.losses.multiclass import CROSSENTROPY, crossentropy

_STEPS = 6
"""Newton steps for the normaliser of the tempered softmax; few are enough, as the equation is nearly linear."""


def probability_mae(xp: Namespace, y: Array, z: Array) -> Array:
    """Σ|softmax(z) − y| = 2(1 − p_t)."""
    return -2 * xp.expm1(-crossentropy(xp, y, z))


def generalized_crossentropy(xp: Namespace, y: Array, z: Array, *, q: float) -> Array:
    """(1 − p_t^q)/q."""
    return -xp.expm1(-q * crossentropy(xp, y, z)) / q


def symmetric_crossentropy(xp: Namespace, y: Array, z: Array, *, alpha: float, beta: float) -> Array:
    """α·CE + β·4(1 − p_t): CE of p under y in which ln 0 is −4."""
    loss = crossentropy(xp, y, z)
    return alpha * loss - 4 * beta * xp.expm1(-loss)


def bi_tempered(xp: Namespace, y: Array, z: Array, *, t1: float, t2: float) -> Array:
    """−log_t1 p_t − (1 − Σ p^(2−t1))/(2 − t1), p the softmax tempered by t2."""
    log_p = _tempered_log_softmax(xp, z, t2)
    right = xp.sum(y * log_p, axis=-1)
    surprise = -right if t1 == 1 else -xp.expm1((1 - t1) * right) / (1 - t1)
    return surprise - (1 - xp.sum(xp.exp((2 - t1) * log_p), axis=-1)) / (2 - t1)


def _tempered_log_softmax(xp: Namespace, z: Array, t: float) -> Array:
    """Return log of p_k = (1 + (t − 1)(λ − z_k))^(−1/(t−1)), λ such that Σ p = 1.

    With S(λ) = Σ p, S^−(t−1) is nearly linear in λ, so Newton's method takes a few steps. All but the last are held
    constant for differentiation, which gives λ the gradient of the implicit function.
    """
    if t == 1:
        return xp.log_softmax(z, axis=-1)
    bend = t - 1
    z = z - xp.stop_gradient(xp.max(z, axis=-1, keepdims=True))
    normaliser = xp.stop_gradient(xp.max(z, axis=-1, keepdims=True))
    for _ in range(_STEPS):
        normaliser = xp.stop_gradient(normaliser + _newton(xp, z, normaliser, bend))
    normaliser = normaliser + _newton(xp, z, normaliser, bend)
    return -xp.log1p(bend * (normaliser - z)) / bend


def _newton(xp: Namespace, z: Array, normaliser: Array, bend: float) -> Array:
    """Return the step from λ to where the line through S^−(t−1) and its slope there passes 1."""
    stretched = xp.log1p(bend * (normaliser - z))  # in logarithms: t − 1 may be as small as rounding
    log_total = xp.log(xp.sum(xp.exp(-stretched / bend), axis=-1, keepdims=True))
    slope = xp.sum(xp.exp(-stretched / bend - stretched), axis=-1, keepdims=True)
    return -xp.expm1(-bend * log_total) * xp.exp((bend + 1) * log_total) / (bend * slope)


def _symmetric_elsewhere(alpha: float, beta: float) -> tuple[Equivalent, ...]:
    if beta:
        return ()
    return tuple(msgspec.structs.replace(one, factor=alpha) for one in CROSSENTROPY)


NOISY_LABELS = (
    Loss(
        key="probability_mae",
        title="MAE of probabilities",
        kinds=("multiclass",),
        function=probability_mae,
        formula="Σ|p − y| = 2(1−p_t)",
        estimates="class",
        reading="logits",
        encoding="one_hot",
        valid="three or more classes",
        proper=False,
        large_errors="gradient goes to 0 where a wrong class is certain",
        use_when="labels are flipped at random with any rate below (K−1)/K",
        avoid_when="there are many classes, or epochs are few: it underfits",
        elsewhere=(
            keras("MeanAbsoluteError", factor="K", on="softmax(z)"),
            pytorch("L1Loss", factor="K", on="softmax(z)"),
        ),
        references=("Ghosh, Kumar & Sastry 2017, Robust Loss Functions under Label Noise",),
    ),
    Loss(
        key="gce",
        title="generalised cross-entropy",
        kinds=("multiclass",),
        function=generalized_crossentropy,
        formula="(1 − p_t^q)/q",
        estimates="class",
        reading="logits",
        encoding="one_hot",
        valid="three or more classes",
        parameters=(Q,),
        proper=False,
        large_errors="gradient goes to 0 where a wrong class is certain",
        use_when="some labels are wrong: between cross-entropy and MAE of probabilities",
        avoid_when="labels are right and probabilities are wanted",
        elsewhere=lambda q: (
            keras(
                "CategoricalGeneralizedCrossEntropy",
                q=(q, 0.5),
                on="softmax(z)",
                target="the index of the class",
                note="a column of indices (N, 1) gives N×N losses without a word",
            ),
        ),
        aliases=("generalized_crossentropy", "categorical_generalized_cross_entropy"),
        usual=True,
        references=("Zhang & Sabuncu 2018, Generalized Cross Entropy Loss",),
    ),
    Loss(
        key="sce",
        title="symmetric cross-entropy",
        kinds=("multiclass",),
        function=symmetric_crossentropy,
        formula="α·CE + β·4(1−p_t)",
        estimates="class",
        reading="logits",
        encoding="one_hot",
        valid="three or more classes",
        parameters=(
            Parameter(name="alpha", default=0.1, low=0, high=100, meaning="α, weight of cross-entropy"),
            Parameter(
                name="beta",
                default=1,
                low=0,
                high=100,
                neutral=0,
                meaning="β, weight of the part that bears wrong labels",
            ),
        ),
        proper=False,
        large_errors="gradient α(p − y) where a wrong class is certain",
        use_when="some labels are wrong and MAE of probabilities learns too slowly",
        avoid_when="labels are right and probabilities are wanted",
        elsewhere=_symmetric_elsewhere,
        aliases=("symmetric_crossentropy",),
        references=("Wang et al. 2019, Symmetric Cross Entropy for Robust Learning with Noisy Labels",),
    ),
    Loss(
        key="bi_tempered",
        title="bi-tempered logistic loss",
        kinds=("multiclass",),
        function=bi_tempered,
        formula="−log_t1 p_t − (1 − Σ p^(2−t1))/(2−t1), p tempered by t2",
        estimates="class",
        reading="scores",
        encoding="one_hot",
        valid="three or more classes",
        parameters=(
            Parameter(
                name="t1", default=0.8, low=0, high=1, meaning="t1, below 1 bounds the loss; 1 with t2 = 1 is CE"
            ),
            Parameter(name="t2", default=1.2, low=1, high=4, meaning="t2, above 1 gives the softmax heavier tails"),
        ),
        large_errors="bounded, and the gradient goes to 0",
        use_when="some labels are wrong, both far from and near the boundary",
        avoid_when="plain softmax probabilities are wanted: its own are tempered",
        elsewhere=lambda t1, t2: CROSSENTROPY if t1 == t2 == 1 else (),
        references=("Amid et al. 2019, Robust Bi-Tempered Logistic Loss",),
    ),
)
