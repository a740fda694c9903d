"""Losses for ranks 0 … K−1, K > 2: the target is a rank y, one-hot (rows, K), and the order of the classes counts.

Three of them have K−1 linear units, output f (rows, K−1). Those that are read as cumulative logits z_k, of
P(y ≥ k), k = 1 … K−1, get them as z_1 = f_1 and z_k = z_(k−1) − softplus(f_k), so that a higher rank never is more
probable to be reached than a lower one. The others have K units and are read by softmax.
"""

from lossterm.losses.equivalent import FalseFriend
from lossterm.losses.loss import Array, Loss, Namespace, Reading


def falling(xp: Namespace, f: Array) -> Array:
    """Return the cumulative logits z of an output, (rows, K−1), the first as it is and each further one lower."""
    return f[:, :1] - xp.concatenate([xp.zeros_like(f[:, :1]), xp.cumsum(xp.softplus(f[:, 1:]), axis=1)], axis=1)


def reached(xp: Namespace, y: Array) -> Array:
    """Return whether each rank 1 … K−1 is reached, (rows, K−1), from one-hot targets (rows, K)."""
    return 1 - xp.cumsum(y, axis=1)[:, :-1]


def chances(xp: Namespace, f: Array, reading: Reading) -> Array:
    """Return the probability of reaching each rank 1 … K−1, (rows, K−1), from an output that is read so."""
    if reading == "cumulative":
        return xp.exp(-xp.softplus(-falling(xp, f)))
    return xp.exp(-xp.cumsum(xp.softplus(-f), axis=1))


def coral(xp: Namespace, y: Array, f: Array) -> Array:
    """Σ_k BCE(z_k, 1[y ≥ k])."""
    z = falling(xp, f)
    return xp.sum(xp.softplus(z) - reached(xp, y) * z, axis=-1)


def corn(xp: Namespace, y: Array, f: Array) -> Array:
    """Σ_{k ≤ y+1} BCE(f_k, 1[y ≥ k]): f_k is the logit of P(y ≥ k | y ≥ k−1), of rows that reach k−1 alone."""
    over = reached(xp, y)
    asked = over + y[:, :-1]  # of rank k−1 or above: what decides whether the k-th question is put
    return xp.sum(asked * (xp.softplus(f) - over * f), axis=-1)


def cumulative_link(xp: Namespace, y: Array, f: Array) -> Array:
    """−ln(σ(z_y) − σ(z_(y+1))), with z_0 = ∞ and z_K = −∞.

    The difference is σ(z_y)·σ(−z_(y+1))·(1 − exp(z_(y+1) − z_y)), whose last factor is σ(f_(y+1)) for such steps: each
    has a logarithm that never overflows.
    """
    z, at, below = falling(xp, f), y[:, 1:], y[:, :-1]
    ends = at * xp.softplus(-z) + below * xp.softplus(z)
    return xp.sum(ends, axis=-1) + xp.sum(below[:, 1:] * xp.softplus(-f[:, 1:]), axis=-1)


def squared_emd(xp: Namespace, y: Array, z: Array) -> Array:
    """Σ_k (P_k − Y_k)², P and Y cumulative over the ranks."""
    return xp.sum(xp.square(xp.cumsum(xp.exp(xp.log_softmax(z, axis=-1)) - y, axis=1)[:, :-1]), axis=-1)


_VALID = "three or more ranks"

ORDINAL = (
    Loss(
        key="coral",
        title="CORAL: binary cross-entropy of each rank",
        kinds=("ordinal",),
        function=coral,
        formula="Σ_k softplus(z_k) − 1[y ≥ k]·z_k, z falling in k",
        estimates="probability of reaching each rank",
        reading="cumulative",
        encoding="one_hot",
        valid=_VALID,
        large_errors="gradient bounded by 1 for each rank between prediction and target: it grows with the distance",
        use_when="ranks are ordered and far misses are worse than near ones",
        avoid_when="classes have no order, or one rank is wrong in its own way",
        elsewhere=(),
        false_friends=(
            FalseFriend(
                name="coral_pytorch.losses.coral_loss",
                why="takes K−1 logits as they are, which cannot cross only behind its own layer of shared weights",
            ),
        ),
        usual=True,
        references=(
            "Cao, Mirjalili & Raschka 2020, Rank consistent ordinal regression",
            "Niu et al. 2016, Ordinal Regression with Multiple Output CNN",
        ),
    ),
    Loss(
        key="corn",
        title="CORN: cross-entropy of the step from rank to rank",
        kinds=("ordinal",),
        function=corn,
        formula="Σ_{k ≤ y+1} softplus(f_k) − 1[y ≥ k]·f_k",
        estimates="class probabilities",
        reading="conditional",
        encoding="one_hot",
        valid=_VALID,
        large_errors="gradient bounded by 1 for each rank on the way",
        use_when="ranks are ordered and reached one after the other; proper, as the likelihood of such steps",
        avoid_when="classes have no order",
        elsewhere=(),
        false_friends=(
            FalseFriend(
                name="coral_pytorch.losses.corn_loss",
                why="divides by how many questions are put in the whole batch, not by its rows",
            ),
        ),
        aliases=("continuation_ratio",),
        references=("Shi, Cao & Raschka 2023, Deep neural networks for rank-consistent ordinal regression",),
    ),
    Loss(
        key="cumulative_link",
        title="ordinal cross-entropy by cumulative logits",
        kinds=("ordinal",),
        function=cumulative_link,
        formula="−ln(σ(z_y) − σ(z_{y+1})), z falling in k",
        estimates="class probabilities",
        reading="cumulative",
        encoding="one_hot",
        valid=_VALID,
        large_errors="gradient bounded by 1 in z_y and z_{y+1}",
        use_when="ranks cut a quantity that moves smoothly; proper, the likelihood of the ordered logit model",
        avoid_when="classes have no order",
        elsewhere=(),
        aliases=("ordinal_crossentropy", "ordered_logit", "proportional_odds"),
        usual=True,
        references=("McCullagh 1980, Regression Models for Ordinal Data",),
    ),
    Loss(
        key="squared_emd",
        title="squared earth mover's distance between ranks",
        kinds=("ordinal",),
        function=squared_emd,
        formula="Σ_k (P_k − Y_k)², P and Y cumulative",
        estimates="class probabilities",
        reading="logits",
        encoding="one_hot",
        valid=_VALID,
        large_errors="gradient goes to 0 where a far rank is certain",
        use_when="probabilities are wanted, and far misses are worse than near ones; proper, and bounded",
        avoid_when="classes have no order, or initial weights are large",
        elsewhere=(),
        aliases=("emd", "ranked_probability_score"),
        usual=True,
        references=(
            "Hou, Yu & Samaras 2016, Squared Earth Mover's Distance-based Loss",
            "Epstein 1969, A Scoring System for Probability Forecasts of Ranked Categories",
        ),
    ),
)
