"""Losses for two classes that read a probability: one unit, output z, the logit of class 1, (rows,), y in {0, 1}.

Written with s = (2y − 1)·z, so that −ln p_t = softplus(−s) and 1 − p_t = exp(−softplus(s)) never lose digits.
"""

from lossterm.losses.loss import Array, Loss, Namespace, Parameter


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
    name="epsilon", default=0.1, low=0, high=1, neutral=0, meaning="ε, the share of the label spread evenly"
)
Q = Parameter(name="q", default=0.7, low=1e-3, high=1, meaning="q: towards 0 cross-entropy, 1 is linear in p_t")

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
        keras="BinaryCrossentropy",
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
            ),
        ),
        counted=True,
        proper=False,
        large_errors="gradient goes to ±w_y",
        use_when="a rare class must be found and the threshold stays at ½",
        avoid_when="probabilities are wanted: they are shifted; cross-entropy with a tuned threshold often does better",
        keras=None,
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
        keras=None,
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
        proper=False,
        large_errors="gradient goes to ±1",
        use_when="nearly all rows are easy and drown the few hard ones, as in dense detection",
        avoid_when="probabilities are wanted, or labels are noisy: hard rows may be wrong rows",
        keras="BinaryFocalCrossentropy",
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
        keras=None,
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
        keras=None,
        aliases=("binary_generalized_crossentropy",),
        references=("Zhang & Sabuncu 2018, Generalized Cross Entropy Loss",),
    ),
)
