"""Losses for several labels of a row, each there or not: L linear units, output z (rows, L) of logits, y (rows, L).

Cross-entropy, focal and other losses of two classes train on labels too, as the mean over the labels of a row.
"""

from lossterm.losses.equivalent import Equivalent, FalseFriend, keras, pytorch
from lossterm.losses.loss import Array, Loss, Namespace, Parameter


def asymmetric(xp: Namespace, y: Array, z: Array, *, gamma_pos: float, gamma_neg: float, clip: float) -> Array:
    """Mean over labels of −(1 − p)^γ₊·ln p where y = 1 and −p_m^γ₋·ln(1 − p_m) where y = 0, p_m = max(0, p − clip)."""
    there = xp.exp(-gamma_pos * xp.softplus(z)) * xp.softplus(-z)
    shifted = xp.maximum(xp.exp(-xp.softplus(-z)) - clip, 0)
    if clip == 0:
        missing = xp.exp(-gamma_neg * xp.softplus(-z)) * xp.softplus(z)
    else:
        missing = -xp.power(xp.maximum(shifted, _TINY), gamma_neg) * xp.log1p(-shifted)
    return xp.mean(y * there + (1 - y) * missing, axis=-1)


_TINY = 1e-12
"""Lower limit of a probability before a power is taken, whose slope at 0 would be infinite."""


def _focusing(name: str, default: float, of: str) -> Parameter:
    return Parameter(
        name=name,
        default=default,
        low=0,
        high=20,
        meaning=f"γ of labels that are {of}: how much sure ones are played down",
    )


def _elsewhere(gamma_pos: float, gamma_neg: float, clip: float) -> tuple[Equivalent, ...]:
    if clip or gamma_pos or gamma_neg:
        return ()
    return keras("BinaryCrossentropy", from_logits=(True, False)), pytorch("BCEWithLogitsLoss")


LABELS = (
    Loss(
        key="asymmetric",
        title="asymmetric loss of labels",
        kinds=("multilabel",),
        function=asymmetric,
        formula="mean of −(1−p)^γ₊·ln p if y else −p_m^γ₋·ln(1−p_m)",
        estimates="labels, more readily than their probabilities say",
        reading="logit",
        encoding="zero_one",
        valid="0 or 1 for each label",
        parameters=(
            _focusing("gamma_pos", 1, "there"),
            _focusing("gamma_neg", 4, "not"),
            Parameter(
                name="clip",
                default=0.05,
                low=0,
                high=0.5,
                meaning="probability below which a label that is not there costs nothing",
            ),
        ),
        proper=False,
        large_errors="gradient goes to −1 where a label is missed, and to γ-powers of it where one is wrongly given",
        use_when="most labels are absent from most rows, and the absent ones drown the others",
        avoid_when="probabilities are wanted, or labels are about as often there as not",
        elsewhere=_elsewhere,
        false_friends=(
            FalseFriend(
                name="timm.loss.AsymmetricLossMultiLabel",
                why="sums over labels and rows, where this is the mean over labels",
            ),
        ),
        aliases=("asl",),
        usual=True,
        references=("Ben-Baruch et al. 2021, Asymmetric Loss For Multi-Label Classification",),
    ),
)
