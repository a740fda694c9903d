"""Losses for K > 2 classes: K linear units, output z (rows, K), target y one-hot (rows, K) or index (rows,)."""

from lossterm.losses.binary import EPSILON, GAMMA
from lossterm.losses.equivalent import FalseFriend, keras, pytorch
from lossterm.losses.foreign_parameter import ForeignParameter
from lossterm.losses.loss import Array, Loss, Namespace, Parameter
from lossterm.losses.margins import MARGIN

_TINY = 1e-12
"""Lower limit of 1 − p_t before a power is taken: below it nothing is left to learn, and roots have infinite slopes."""


def crossentropy(xp: Namespace, y: Array, z: Array) -> Array:
    """−Σ y·log softmax(z)."""
    return -xp.sum(y * xp.log_softmax(z, axis=-1), axis=-1)


def sparse_crossentropy(xp: Namespace, y: Array, z: Array) -> Array:
    """−log softmax(z)[y], by way of the one-hot target: its gradient needs no scatter."""
    return crossentropy(xp, xp.one_hot(y, z.shape[-1]), z)


def kl_divergence(xp: Namespace, y: Array, z: Array) -> Array:
    """Σ y·(ln y − log softmax(z)), with 0·ln 0 = 0."""
    entropy = xp.sum(y * xp.log(xp.where(y > 0, y, 1)), axis=-1)
    return entropy - xp.sum(y * xp.log_softmax(z, axis=-1), axis=-1)


def smoothed_crossentropy(xp: Namespace, y: Array, z: Array, *, epsilon: float) -> Array:
    """(1 − ε)·CE + ε·CE of the uniform distribution."""
    return crossentropy(xp, y * (1 - epsilon) + epsilon / z.shape[-1], z)


def focal(xp: Namespace, y: Array, z: Array, *, gamma: float) -> Array:
    """(1 − p_t)^γ·CE."""
    loss = crossentropy(xp, y, z)
    return loss if gamma == 0 else xp.power(xp.maximum(-xp.expm1(-loss), _TINY), gamma) * loss


def brier(xp: Namespace, y: Array, z: Array) -> Array:
    """Σ(softmax(z) − y)²."""
    return xp.sum(xp.square(xp.exp(xp.log_softmax(z, axis=-1)) - y), axis=-1)


def poly1(xp: Namespace, y: Array, z: Array, *, epsilon: float) -> Array:
    """CE + ε(1 − p_t)."""
    loss = crossentropy(xp, y, z)
    return loss - epsilon * xp.expm1(-loss)


def square_on_logits(xp: Namespace, y: Array, z: Array) -> Array:
    """Σ(z − y)²."""
    return xp.sum(xp.square(z - y), axis=-1)


def multiclass_hinge(xp: Namespace, y: Array, z: Array) -> Array:
    """max(0, 1 + max over j ≠ t of z_j − z_t)."""
    others = xp.max(xp.where(y > 0, -1e30, z), axis=-1)
    return xp.maximum(1 + others - xp.sum(y * z, axis=-1), 0)


def logit_adjusted(xp: Namespace, y: Array, z: Array, *, tau: float, counts: Array) -> Array:
    """CE(z + τ·ln π), π the shares of the classes."""
    return crossentropy(xp, y, z + tau * xp.log(xp.maximum(counts, 1) / xp.sum(counts)))


def class_balanced(xp: Namespace, y: Array, z: Array, *, beta: float, counts: Array) -> Array:
    """w_t·CE, w_c in proportion to (1 − β)/(1 − β^n_c), with a mean of 1 over the classes."""
    weight = (1 - beta) / (1 - xp.power(beta, xp.maximum(counts, 1)))
    share = weight * z.shape[-1] / xp.sum(weight)
    return xp.sum(y * share, axis=-1) * crossentropy(xp, y, z)


CROSSENTROPY = (keras("CategoricalCrossentropy", from_logits=(True, False)), pytorch("CrossEntropyLoss"))
"""What cross-entropy is elsewhere, and so every loss with which it coincides."""

LARGE = "gradient p − y, bounded by 1 in each logit"

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
        large_errors=LARGE,
        use_when="probabilities are wanted; strictly proper, the reference for several classes",
        avoid_when="many labels are wrong",
        elsewhere=CROSSENTROPY,
        aliases=("cce", "ce", "cross_entropy", "crossentropy", "softmax"),
        usual=True,
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
        large_errors=LARGE,
        use_when="there are many classes: the same function without one-hot targets",
        avoid_when="targets are soft",
        elsewhere=(
            keras("SparseCategoricalCrossentropy", from_logits=(True, False)),
            pytorch("CrossEntropyLoss"),
        ),
        same_as="categorical_crossentropy",
        aliases=("scce",),
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
        large_errors=LARGE,
        use_when="targets are distributions; for one-hot targets it is cross-entropy",
        avoid_when="you expect it to differ from cross-entropy on hard labels",
        elsewhere=(
            keras("KLDivergence", on="softmax(z)", clips=True),
            pytorch(
                "KLDivLoss", reduction=("batchmean", "mean"), on="log_softmax(z)", note="its default divides by K too"
            ),
        ),
        same_as="categorical_crossentropy",
        aliases=("kl", "kld", "kullback_leibler"),
        references=("Kullback & Leibler 1951, On Information and Sufficiency",),
    ),
    Loss(
        key="smoothed_crossentropy",
        title="cross-entropy with label smoothing",
        kinds=("multiclass",),
        function=smoothed_crossentropy,
        formula="(1−ε)·CE + ε·CE(uniform)",
        estimates="class probabilities drawn towards 1/K",
        reading="logits",
        encoding="one_hot",
        valid="three or more classes",
        parameters=(EPSILON,),
        proper=False,
        large_errors="gradient p − y′, bounded by 1 in each logit",
        use_when="the network grows too sure of itself, or a few labels are wrong",
        avoid_when="probabilities are taken as they are",
        elsewhere=lambda epsilon: (
            keras("CategoricalCrossentropy", from_logits=(True, False), label_smoothing=(epsilon, 0)),
            pytorch("CrossEntropyLoss", label_smoothing=(epsilon, 0)),
        ),
        aliases=("label_smoothing",),
        references=("Szegedy et al. 2016, Rethinking the Inception Architecture",),
    ),
    Loss(
        key="focal",
        title="focal loss",
        kinds=("multiclass",),
        function=focal,
        formula="(1−p_t)^γ·(−ln p_t)",
        estimates="class probabilities, less sure than they should be",
        reading="logits",
        encoding="one_hot",
        valid="three or more classes",
        parameters=(GAMMA,),
        foreign_parameters=(
            ForeignParameter(
                names=("alpha",),
                why="Keras's alpha multiplies the whole loss, by 0.25 unless given, as a smaller learning rate would: "
                "it is 1 here, and class_balanced weighs classes",
            ),
        ),
        proper=False,
        large_errors=LARGE,
        use_when="nearly all rows are easy and drown the few hard ones",
        avoid_when="probabilities are wanted, or labels are noisy: hard rows may be wrong rows",
        elsewhere=lambda gamma: (
            keras(
                "CategoricalFocalCrossentropy",
                alpha=(1, 0.25),
                gamma=(gamma, 2),
                from_logits=(True, False),
                clips=True,
                note="its default α makes it a quarter of this loss",
            ),
            *(CROSSENTROPY if gamma == 0 else ()),
        ),
        false_friends=(
            FalseFriend(
                name="torchvision.ops.sigmoid_focal_loss",
                why="sums a binary focal loss for each of the K logits, with α = 0.25",
            ),
        ),
        aliases=("categorical_focal", "categorical_focal_crossentropy", "focal_loss"),
        references=("Lin et al. 2017, Focal Loss for Dense Object Detection",),
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
        elsewhere=(
            keras("MeanSquaredError", factor="K", on="softmax(z)"),
            pytorch("MSELoss", factor="K", on="softmax(z)"),
        ),
        usual=True,
        references=("Brier 1950, Verification of forecasts expressed in terms of probability",),
    ),
    Loss(
        key="poly1",
        title="Poly-1 cross-entropy",
        kinds=("multiclass",),
        function=poly1,
        formula="−ln p_t + ε(1−p_t)",
        estimates="class",
        reading="logits",
        encoding="one_hot",
        valid="three or more classes",
        parameters=(
            Parameter(
                name="epsilon",
                default=1,
                low=-1,
                high=100,
                neutral=0,
                meaning="ε, weight of the added 1 − p_t; 0 is CE",
            ),
        ),
        proper=False,
        large_errors=LARGE,
        use_when="accuracy is all that counts and a second knob is welcome",
        avoid_when="probabilities are taken as they are",
        elsewhere=lambda epsilon: () if epsilon else CROSSENTROPY,
        aliases=("polyloss",),
        references=("Leng et al. 2022, PolyLoss",),
    ),
    Loss(
        key="square_on_logits",
        title="square loss on logits",
        kinds=("multiclass",),
        function=square_on_logits,
        formula="Σ(z − y)²",
        estimates="class probabilities, read as scores",
        reading="scores",
        encoding="one_hot",
        valid="three or more classes",
        large_errors="gradient 2(z − y), unbounded",
        use_when="only the class matters: without softmax it often keeps up with cross-entropy",
        avoid_when="probabilities are wanted, or there are many classes: zeros then outweigh the one",
        elsewhere=(keras("MeanSquaredError", factor="K"), pytorch("MSELoss", factor="K")),
        references=("Hui & Belkin 2021, Evaluation of Neural Architectures Trained with Square Loss vs Cross-Entropy",),
    ),
    Loss(
        key="multiclass_hinge",
        title="multi-class hinge",
        kinds=("multiclass",),
        function=multiclass_hinge,
        formula="max(0, 1 + max_{j≠t} z_j − z_t)",
        estimates="class",
        reading="scores",
        encoding="one_hot",
        valid="three or more classes",
        large_errors="gradient ∓1 in two logits while the margin is below 1, then 0",
        use_when="only the class matters",
        avoid_when="probabilities are wanted: the output has none",
        foreign_parameters=(MARGIN,),
        elsewhere=(),
        false_friends=(
            FalseFriend(
                name="keras.losses.CategoricalHinge",
                why="counts a 0 among the other logits, so that a row whose other logits are all negative costs more",
            ),
            FalseFriend(
                name="torch.nn.MultiMarginLoss",
                why="sums max(0, 1 + z_j − z_t) over all j ≠ t and divides by K",
            ),
        ),
        aliases=("categorical_hinge", "crammer_singer"),
        references=(
            "Crammer & Singer 2001, On the algorithmic implementation of multiclass kernel-based vector machines",
        ),
    ),
    Loss(
        key="logit_adjusted",
        title="logit-adjusted cross-entropy",
        kinds=("multiclass",),
        function=logit_adjusted,
        formula="CE(z + τ·ln π)",
        estimates="class probabilities as if classes were equally frequent",
        reading="logits",
        encoding="one_hot",
        valid="three or more classes",
        parameters=(
            Parameter(
                name="tau", default=1, low=0, high=10, neutral=0, meaning="τ, strength of the adjustment; 0 is CE"
            ),
        ),
        counted=True,
        proper=False,
        large_errors=LARGE,
        use_when="classes are unequally frequent and each counts the same: rank by balanced accuracy",
        avoid_when="classes are equally frequent (it is CE then), or frequent classes matter more",
        elsewhere=(
            keras("CategoricalCrossentropy", from_logits=(True, False), on="z + τ·ln π"),
            pytorch("CrossEntropyLoss", on="z + τ·ln π"),
        ),
        references=("Menon et al. 2021, Long-tail learning via logit adjustment",),
    ),
    Loss(
        key="class_balanced",
        title="class-balanced cross-entropy",
        kinds=("multiclass",),
        function=class_balanced,
        formula="w_t·CE, w_c ∝ (1−β)/(1−β^n_c)",
        estimates="class probabilities as if classes were weighted",
        reading="logits",
        encoding="one_hot",
        valid="three or more classes",
        parameters=(
            Parameter(
                name="beta",
                default=0.999,
                low=0,
                high=0.999999,
                neutral=0,
                meaning="β: 0 is CE, towards 1 weights go as 1/n",
            ),
        ),
        counted=True,
        proper=False,
        large_errors="gradient w_t·(p − y)",
        use_when="classes are unequally frequent and rare ones must be found",
        avoid_when="classes are equally frequent (it is CE then), or probabilities are wanted",
        elsewhere=(
            keras(
                "CategoricalCrossentropy",
                factor="w_t",
                from_logits=(True, False),
                note="fit(class_weight=…) with w_c weighs rows so",
            ),
            pytorch(
                "CrossEntropyLoss",
                factor="w_t",
                note="CrossEntropyLoss(weight=…) with w_c divides by the sum of a batch's weights besides",
            ),
        ),
        references=("Cui et al. 2019, Class-Balanced Loss Based on Effective Number of Samples",),
    ),
)
