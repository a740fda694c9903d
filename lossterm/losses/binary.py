"""Losses for two classes that read a probability: one unit, output z, the logit of class 1, (rows,), y in {0, 1}.

Written with s = (2y − 1)·z, so that −ln p_t = softplus(−s) and 1 − p_t = exp(−softplus(s)) never lose digits.
"""

from lossterm.losses.equivalent import Equivalent, keras, pytorch
from lossterm.losses.foreign_parameter import ForeignParameter
from lossterm.losses.loss import Array, Loss, Namespace, Parameter
from lossterm.text.numbers import exact


def logistic(xp: Namespace, y: Array, z: Array) -> Array:
    """softplus(z) − y·z: the negative log-likelihood of y under σ(z), from the logit so that it never overflows."""
    return xp.softplus(z) - y * z


def weighted_logistic(xp: Namespace, y: Array, z: Array, *, weight: float | None, counts: Array) -> Array:
    """w_y·BCE: w₁ = weight and w₀ = 1, or n/(2·n_y) where no weight is given."""
    if weight is None:
        balanced = xp.sum(counts) / (2 * xp.maximum(counts, 1))
        return (y * balanced[1] + (1 - y) * balanced[0]) * logistic(xp, y, z)
    return (1 + y * (weight - 1)) * logistic(xp, y, z)


def smoothed_logistic(xp: Namespace, y: Array, z: Array, *, epsilon: float) -> Array:
    """BCE of y(1 − ε) + ε/2."""
    return logistic(xp, y * (1 - epsilon) + 0.5 * epsilon, z)


def focal(xp: Namespace, y: Array, z: Array, *, gamma: float) -> Array:
    """(1 − p_t)^γ·(−ln p_t)."""
    s = (2 * y - 1) * z
    return xp.exp(-gamma * xp.softplus(s)) * xp.softplus(-s)


def brier(xp: Namespace, y: Array, z: Array) -> Array:
    """(σ(z) − y)², as (1 − p_t)²."""
    return xp.exp(-2 * xp.softplus((2 * y - 1) * z))


def generalized_crossentropy(xp: Namespace, y: Array, z: Array, *, q: float) -> Array:
    """(1 − p_t^q)/q."""
    return -xp.expm1(-q * xp.softplus((1 - 2 * y) * z)) / q


GAMMA = Parameter(
    name="gamma", default=2, low=0, high=20, neutral=0, meaning="γ, how much sure rows are played down; 0 is CE"
)
EPSILON = Parameter(
    name="epsilon",
    default=0.1,
    low=0,
    high=1,
    neutral=0,
    meaning="ε, the share of the label spread evenly",
    aliases=("label_smoothing", "smoothing"),
)
Q = Parameter(name="q", default=0.7, low=1e-3, high=1, meaning="q: towards 0 cross-entropy, 1 is linear in p_t")


def _weighted_elsewhere(weight: float | None) -> tuple[Equivalent, ...]:
    weights = "{0: n/(2·n₀), 1: n/(2·n₁)}" if weight is None else f"{{0: 1, 1: {exact(weight)}}}"
    note = f"fit(class_weight={weights}) weighs rows so"
    theirs = keras("BinaryCrossentropy", factor="w_y", from_logits=(True, False), note=note)
    if weight is None:
        return theirs, pytorch("BCEWithLogitsLoss", factor="w_y")
    return theirs, pytorch("BCEWithLogitsLoss", pos_weight=(weight, None), note="its weight must be a tensor")


def _focal_elsewhere(gamma: float) -> tuple[Equivalent, ...]:
    return (
        keras(
            "BinaryFocalCrossentropy",
            gamma=(gamma, 2),
            from_logits=(True, False),
            apply_class_balancing=(False, False),
            clips=True,
        ),
        pytorch(
            "torchvision.ops.sigmoid_focal_loss",
            alpha=(-1, 0.25),
            gamma=(gamma, 2),
            reduction=("none", "none"),
            note="its default α weighs class 1 by 0.25 and class 0 by 0.75",
        ),
    )


BINARY = (
    Loss(
        key="binary_crossentropy",
        title="binary cross-entropy",
        kinds=("binary",),
        function=logistic,
        formula="softplus(z) − y·z",
        estimates="class probability",
        reading="logit",
        encoding="zero_one",
        valid="two classes",
        large_errors="gradient goes to ±1",
        use_when="probabilities are wanted; strictly proper, the reference for two classes",
        avoid_when="many labels are wrong",
        elsewhere=(keras("BinaryCrossentropy", from_logits=(True, False)), pytorch("BCEWithLogitsLoss")),
        aliases=("bce", "log_loss", "logistic", "binary_cross_entropy"),
        usual=True,
        references=("Good 1952, Rational Decisions",),
    ),
    Loss(
        key="weighted_binary_crossentropy",
        title="weighted binary cross-entropy",
        kinds=("binary",),
        function=weighted_logistic,
        formula="w_y·(softplus(z) − y·z)",
        estimates="class probability as if classes were weighted",
        reading="logit",
        encoding="zero_one",
        valid="two classes",
        parameters=(
            Parameter(
                name="weight",
                default=None,
                low=1e-4,
                high=1e4,
                neutral=1,
                meaning="weight of class 1, that of class 0 being 1; by default n/(2·n_y), which balances them",
                aliases=("pos_weight",),
            ),
        ),
        counted=True,
        proper=False,
        large_errors="gradient goes to ±w_y",
        use_when="a rare class must be found and the threshold stays at ½",
        avoid_when="probabilities are wanted: they are shifted; cross-entropy with a tuned threshold often does better",
        elsewhere=_weighted_elsewhere,
        aliases=("weighted_bce",),
        references=("King & Zeng 2001, Logistic Regression in Rare Events Data",),
    ),
    Loss(
        key="smoothed_binary_crossentropy",
        title="binary cross-entropy with label smoothing",
        kinds=("binary",),
        function=smoothed_logistic,
        formula="softplus(z) − y′·z, y′ = y(1−ε) + ε/2",
        estimates="class probability drawn towards ½",
        reading="logit",
        encoding="zero_one",
        valid="two classes",
        parameters=(EPSILON,),
        proper=False,
        large_errors="gradient goes to ±(1 − ε/2); it turns where p passes 1 − ε/2",
        use_when="the network grows too sure of itself",
        avoid_when="probabilities are taken as they are",
        elsewhere=lambda epsilon: (
            keras("BinaryCrossentropy", from_logits=(True, False), label_smoothing=(epsilon, 0)),
            pytorch("BCEWithLogitsLoss", target="y(1 − ε) + ε/2"),
        ),
        references=("Szegedy et al. 2016, Rethinking the Inception Architecture",),
    ),
    Loss(
        key="binary_focal",
        title="binary focal loss",
        kinds=("binary",),
        function=focal,
        formula="(1 − p_t)^γ·(−ln p_t)",
        estimates="class probability, less sure than it should be",
        reading="logit",
        encoding="zero_one",
        valid="two classes",
        parameters=(GAMMA,),
        foreign_parameters=(
            ForeignParameter(
                names=("alpha", "apply_class_balancing"),
                why="alpha weighs class 1 by alpha and class 0 by 1 − alpha elsewhere, and classes weigh alike here, "
                "unless --class-weight balanced is given",
            ),
        ),
        proper=False,
        large_errors="gradient goes to ±1",
        use_when="nearly all rows are easy and drown the few hard ones, as in dense detection",
        avoid_when="probabilities are wanted, or labels are noisy: hard rows may be wrong rows",
        elsewhere=_focal_elsewhere,
        aliases=("binary_focal_crossentropy",),
        references=("Lin et al. 2017, Focal Loss for Dense Object Detection",),
    ),
    Loss(
        key="binary_brier",
        title="Brier score of two classes",
        kinds=("binary",),
        function=brier,
        formula="(σ(z) − y)²",
        estimates="class probability",
        reading="logit",
        encoding="zero_one",
        valid="two classes",
        large_errors="gradient goes to 0 where a wrong class is certain",
        use_when="probabilities are wanted and some labels may be wrong; proper, and bounded",
        avoid_when="initial weights are large: rows that are surely wrong no longer pull",
        elsewhere=(keras("MeanSquaredError", on="σ(z)"), pytorch("MSELoss", on="σ(z)")),
        references=("Brier 1950, Verification of forecasts expressed in terms of probability",),
    ),
    Loss(
        key="binary_gce",
        title="generalised cross-entropy of two classes",
        kinds=("binary",),
        function=generalized_crossentropy,
        formula="(1 − p_t^q)/q",
        estimates="class",
        reading="logit",
        encoding="zero_one",
        valid="two classes",
        parameters=(Q,),
        proper=False,
        large_errors="gradient goes to 0 where a wrong class is certain",
        use_when="some labels are wrong",
        avoid_when="labels are right and probabilities are wanted",
        elsewhere=lambda q: (
            keras(
                "CategoricalGeneralizedCrossEntropy",
                q=(q, 0.5),
                on="[1 − σ(z), σ(z)]",
                target="the index of the class",
            ),
        ),
        aliases=("binary_generalized_crossentropy",),
        references=("Zhang & Sabuncu 2018, Generalized Cross Entropy Loss",),
    ),
)
