"""Losses for K > 2 classes of which some are rare: K linear units, output z (rows, K), target y one-hot (rows, K)."""

from lossterm.losses.equivalent import keras, pytorch
from lossterm.losses.foreign_parameter import ForeignParameter
from lossterm.losses.loss import Array, Loss, Namespace, Parameter
from lossterm.losses.multiclass import LARGE, crossentropy


def ldam(xp: Namespace, y: Array, z: Array, *, margin: float, counts: Array) -> Array:
    """CE(z − y·Δ), Δ_c in proportion to n_c^(−1/4), `margin` for the rarest class."""
    needed = xp.power(xp.maximum(counts, 1), -0.25)
    return crossentropy(xp, y, z - margin * y * (needed / xp.max(needed)))


def balanced_softmax(xp: Namespace, y: Array, z: Array, *, counts: Array) -> Array:
    """CE(z + ln n)."""
    return crossentropy(xp, y, z + xp.log(xp.maximum(counts, 1)))


RARE_CLASSES = (
    Loss(
        key="ldam",
        title="label-distribution-aware margin loss",
        kinds=("multiclass",),
        function=ldam,
        formula="CE(z − y·Δ), Δ_c ∝ n_c^(−1/4)",
        estimates="class, as if rarer classes had to win by more",
        reading="logits",
        encoding="one_hot",
        valid="three or more classes",
        parameters=(
            Parameter(
                name="margin",
                default=0.5,
                low=0,
                high=30,
                neutral=0,
                meaning="how far the rarest class must be ahead, in logits; 0 is CE",
                aliases=("max_m",),
            ),
        ),
        foreign_parameters=(
            ForeignParameter(
                names=("s",),
                why="the authors' logits are 30 times a cosine; here they are plain, so 0.5 is a smaller margin",
            ),
        ),
        counted=True,
        proper=False,
        large_errors=LARGE,
        use_when="classes are unequally frequent, and rare ones are few enough to be memorised",
        avoid_when="classes are equally frequent, or probabilities are wanted",
        elsewhere=(
            keras("CategoricalCrossentropy", from_logits=(True, False), on="z − y·Δ"),
            pytorch("CrossEntropyLoss", on="z − y·Δ"),
        ),
        references=("Cao et al. 2019, Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss",),
    ),
    Loss(
        key="balanced_softmax",
        title="balanced softmax",
        kinds=("multiclass",),
        function=balanced_softmax,
        formula="CE(z + ln n)",
        estimates="class probabilities as if classes were equally frequent",
        reading="logits",
        encoding="one_hot",
        valid="three or more classes",
        counted=True,
        proper=False,
        large_errors=LARGE,
        use_when="classes are unequally frequent and each counts the same: logit adjustment under another name",
        avoid_when="classes are equally frequent (it is CE then), or frequent classes matter more",
        elsewhere=(
            keras("CategoricalCrossentropy", from_logits=(True, False), on="z + ln n"),
            pytorch("CrossEntropyLoss", on="z + ln n"),
        ),
        same_as="logit_adjusted",
        references=("Ren et al. 2020, Balanced Meta-Softmax for Long-Tailed Visual Recognition",),
    ),
)
