"""Losses of the margin: two classes, one unit, output f of shape (rows,), y± in {−1, 1}, m = y±·f.

They look at the sign of the output and at how far it is on the right side; none is read as a probability.
"""

from lossterm.losses.equivalent import FalseFriend, keras, pytorch
from lossterm.losses.foreign_parameter import ForeignParameter
from lossterm.losses.loss import Array, Loss, Namespace, Variant

_TANH = Variant(
    protocol="tutorial",
    activation="tanh",
    note="the tutorial puts a tanh on the output, which bounds the margin; the loss is meant for a linear unit",
)

MARGIN = ForeignParameter(
    names=("margin",),
    why="the margin is 1 here: after a linear unit, another one only rescales outputs and learning rate",
)
_RANKING = pytorch("MarginRankingLoss", margin=(1, 0), on="f and 0")


def hinge(xp: Namespace, y: Array, f: Array) -> Array:
    """max(0, 1 − m)."""
    return xp.maximum(1 - y * f, 0)


def squared_hinge(xp: Namespace, y: Array, f: Array) -> Array:
    """max(0, 1 − m)²."""
    return xp.square(xp.maximum(1 - y * f, 0))


def modified_huber(xp: Namespace, y: Array, f: Array) -> Array:
    """max(0, 1 − m)² where m ≥ −1, else −4m; as c(2h − c), h = max(0, 1 − m), c = min(h, 2), which has no branch."""
    short = xp.maximum(1 - y * f, 0)
    inner = xp.minimum(short, 2)
    return inner * (2 * short - inner)


def exponential(xp: Namespace, y: Array, f: Array) -> Array:
    """exp(−m)."""
    return xp.exp(-y * f)


def unhinged(_: Namespace, y: Array, f: Array) -> Array:
    """1 − m."""
    return 1 - y * f


MARGINS = (
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
        foreign_parameters=(MARGIN,),
        elsewhere=(keras("Hinge"), _RANKING),
        false_friends=(
            FalseFriend(
                name="torch.nn.HingeEmbeddingLoss",
                why="is f itself in class 1 and max(0, 1 − f) in class −1",
            ),
        ),
        usual=True,
        references=("Cortes & Vapnik 1995, Support-Vector Networks",),
        variants=(_TANH,),
    ),
    Loss(
        key="squared_hinge",
        title="squared hinge",
        kinds=("binary",),
        function=squared_hinge,
        formula="max(0, 1 − m)²",
        estimates="2p − 1, p the class probability",
        reading="margin",
        encoding="plus_minus_one",
        valid="two classes",
        large_errors="gradient grows with the distance from the margin",
        use_when="only the class matters and a smooth gradient helps",
        avoid_when="labels are noisy, or probabilities are wanted",
        foreign_parameters=(MARGIN,),
        elsewhere=(keras("SquaredHinge"),),
        usual=True,
        references=("Lee & Mangasarian 2001, SSVM",),
        variants=(_TANH,),
    ),
    Loss(
        key="modified_huber",
        title="modified Huber loss",
        kinds=("binary",),
        function=modified_huber,
        formula="max(0, 1−m)² if m ≥ −1 else −4m",
        estimates="2p − 1, p the class probability",
        reading="margin",
        encoding="plus_minus_one",
        valid="two classes",
        large_errors="gradient ∓4 beyond m = −1",
        use_when="as squared hinge, where some rows are far on the wrong side",
        avoid_when="probabilities are wanted",
        elsewhere=(),
        references=("Zhang 2004, Solving large scale linear prediction problems",),
    ),
    Loss(
        key="exponential",
        title="exponential loss",
        kinds=("binary",),
        function=exponential,
        formula="exp(−m)",
        estimates="half the log-odds of the class",
        reading="margin",
        encoding="plus_minus_one",
        valid="two classes",
        large_errors="gradient grows exponentially: one wrong row can outweigh all others",
        use_when="labels are clean, as boosting assumes",
        avoid_when="any label is wrong: it suffers most of all losses here",
        elsewhere=(),
        aliases=("adaboost",),
        references=("Friedman, Hastie & Tibshirani 2000, Additive logistic regression",),
    ),
    Loss(
        key="unhinged",
        title="unhinged loss",
        kinds=("binary",),
        function=unhinged,
        formula="1 − m, f = tanh(z)",
        estimates="class sign only",
        reading="margin",
        activation="tanh",
        encoding="plus_minus_one",
        valid="two classes",
        large_errors="gradient ∓1 at any margin, fading where tanh saturates",
        use_when="labels are flipped at random, in both classes alike",
        avoid_when="labels are right: rows that are right already keep pulling",
        elsewhere=(keras("Hinge", on="tanh(z)", note="since m never passes 1 there"), _RANKING),
        references=("van Rooyen, Menon & Williamson 2015, Learning with Symmetric Label Noise",),
    ),
)
