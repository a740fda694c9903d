"""Losses for a target that is a share of a whole, from 0 to 1: one linear unit, output z (rows,), value σ(z)."""

from lossterm.losses.binary import logistic
from lossterm.losses.equivalent import keras, pytorch
from lossterm.losses.loss import Loss

SHARES = (
    Loss(
        key="share_crossentropy",
        title="cross-entropy of shares",
        kinds=("regression",),
        function=logistic,
        formula="softplus(z) − y·z, f = σ(z)",
        estimates="mean",
        reading="value",
        encoding="value",
        scale="raw",
        link="logit",
        valid="0≤y≤1",
        lowest=0,
        highest=1,
        large_errors="gradient f − y, bounded by 1",
        use_when="targets are shares, rates or proportions: predictions stay between 0 and 1, and 0 and 1 may occur",
        avoid_when="shares may pass 1, or how they scatter is wanted too",
        elsewhere=(keras("BinaryCrossentropy", from_logits=(True, False)), pytorch("BCEWithLogitsLoss")),
        aliases=("fractional_logit", "soft_binary_crossentropy"),
        references=("Papke & Wooldridge 1996, Econometric Methods for Fractional Response Variables",),
    ),
)
