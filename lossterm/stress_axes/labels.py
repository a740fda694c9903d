"""Axes of wrong labels."""

from typing import TYPE_CHECKING

from lossterm.stress_axes.axis import Axis, Rows
from lossterm.stress_axes.drawing import hit, spreads

if TYPE_CHECKING:
    import numpy as np

    from lossterm.stress_axes.axis import Altered

SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4)
"""Shares of labels that are tried."""

NEIGHBOURS = 10
"""Rows next to one whose labels tell how near it is to another class."""


def _symmetric(rows: Rows, level: float, generator: "np.random.Generator") -> "Altered":
    """Give some rows one of the other classes, each as likely."""
    import numpy as np

    classes = rows.classes or 2
    places = hit(len(rows.target), level, generator)
    steps = generator.integers(1, classes, len(rows.target))
    target = rows.target.copy()
    target[places] = np.mod(target[places] + steps[places], classes)
    return rows.features, target


def _asymmetric(rows: Rows, level: float, generator: "np.random.Generator") -> "Altered":
    """Give some rows the next class; of two classes only the second is mistaken for the first."""
    import numpy as np

    order = generator.permutation(len(rows.target))
    if rows.classes == 2:
        order = order[rows.target[order] == 1]
    places = order[: round(level * len(order))]
    target = rows.target.copy()
    target[places] = np.mod(target[places] + 1, rows.classes or 2)
    return rows.features, target


def _near_boundary(rows: Rows, level: float, generator: "np.random.Generator") -> "Altered":
    """Give the rows with the most neighbours of other classes the class that most of these have."""
    import numpy as np

    luck = generator.permutation(len(rows.target))  # settles ties
    votes = _votes_of_neighbours(rows)
    own = votes[np.arange(len(votes)), rows.target]
    places = np.lexsort((luck, own))[: round(level * len(votes))]
    others = votes.astype(float)
    others[np.arange(len(votes)), rows.target] = -1.0
    target = rows.target.copy()
    target[places] = others[places].argmax(axis=1)
    return rows.features, target


def _votes_of_neighbours(rows: Rows) -> "np.ndarray":
    """Return how many of each row's neighbours are of each class, (rows, classes), by standardised features."""
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    features = rows.features.reshape(len(rows.features), -1)  # of an image or a sequence each of its numbers
    spread = spreads(features)
    scaled = np.nan_to_num(features - np.nanmean(features, axis=0)) / np.where(spread > 0, spread, 1.0)
    count = min(NEIGHBOURS, len(rows.target) - 1)
    _, near = NearestNeighbors(n_neighbors=count + 1).fit(scaled).kneighbors(scaled)
    classes = rows.classes or 2
    # The first is the row itself, or one that is just like it.
    return np.stack([(rows.target[near[:, 1:]] == one).sum(axis=1) for one in range(classes)], axis=1)


OF_LABELS = (
    Axis(
        key="label_noise",
        title="wrong labels",
        kinds=("binary", "multiclass"),
        of="of the labels",
        levels=SHARES,
        most=0.9,
        does="A share of the labels is replaced by another class, each as likely.",
        known="A loss whose sum over all classes is constant bears it up to (K − 1)/K: on digits at 40 % gce keeps "
        "94 % accuracy and sce 93 %, cross-entropy 79 %. Without noise cross-entropy learns faster (97.3 against "
        "96.7 %).",
        source="Ghosh, Kumar & Sastry 2017; Zhang & Sabuncu 2018; a replica of this protocol on digits",
        function=_symmetric,
    ),
    Axis(
        key="asymmetric_noise",
        title="labels of the next class",
        kinds=("binary", "multiclass"),
        of="of the labels, of two classes of those of the second",
        levels=SHARES,
        most=0.9,
        does="A share of the labels becomes that of the next class; of two classes only the second becomes the first.",
        known="The advantage of losses that bear symmetric noise shrinks or turns: on CIFAR-10 at 40 % cross-entropy "
        "has 80.1 %, gce 76.7 %.",
        source="Zhang & Sabuncu 2018, Generalized Cross Entropy Loss, table 1",
        function=_asymmetric,
    ),
    Axis(
        key="boundary_noise",
        title="wrong labels near the boundary",
        kinds=("binary", "multiclass"),
        of="of the labels",
        levels=SHARES,
        most=0.9,
        does="The rows with the most neighbours of other classes get the class of most of those.",
        known="As people err: where classes meet. Such noise moves the boundary itself, and no loss here tells it from "
        "the truth.",
        source="Menon, van Rooyen & Natarajan 2018, Learning from binary labels with instance-dependent noise",
        function=_near_boundary,
    ),
)
