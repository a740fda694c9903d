"""Tasks with several outputs, several labels, and ranks."""

from typing import TYPE_CHECKING

from lossterm.tasks.task import Task

if TYPE_CHECKING:
    from lossterm.tasks.task import Draw


def _arm(seed: int) -> "Draw":
    """Draw the angles of an arm's three joints and three of its loads; where the hand is, and the work to hold it.

    The outputs differ in unit, in noise and in how hard they are: the place in metres, the torque in newton metres.
    """
    import numpy as np

    stream = np.random.default_rng([seed, 8])
    features = stream.uniform(-1, 1, (1000, 6))
    turns = np.cumsum(features[:, :3] * np.pi / 2, axis=1)
    lengths = np.array([0.4, 0.3, 0.2])
    x, y = np.cos(turns) @ lengths, np.sin(turns) @ lengths
    loads = 5 + 3 * features[:, 3:]
    torque = 9.81 * np.sum(loads * np.cumsum(lengths * np.cos(turns), axis=1), axis=1)
    noise = stream.standard_normal((3, 1000)) * np.array([[0.02], [0.02], [4.0]])
    return features, np.stack([x, y, torque], axis=1) + noise.T


def _topics(seed: int) -> "Draw":
    """Draw counts of 30 words in texts on some of six topics, of which the rarest is in one text of twenty."""
    import numpy as np

    words = np.random.default_rng(9).gamma(0.4, size=(6, 30))  # the topics are the same for all seeds
    stream = np.random.default_rng([seed, 9])
    labels = (stream.random((1000, 6)) < np.array([0.5, 0.4, 0.3, 0.2, 0.1, 0.05])).astype(np.int64)
    rates = 0.5 + labels @ words
    return stream.poisson(rates).astype(float), labels


def _ratings(seed: int) -> "Draw":
    """Draw ratings from 1 to 5 that cut a bent, noisy surface: the middle is rated often and the ends seldom."""
    import numpy as np

    stream = np.random.default_rng([seed, 10])
    features = stream.random((1000, 5))
    bends = np.sin(np.pi * features[:, 0] * features[:, 1]) + 2 * (features[:, 2] - 0.5) ** 2 + features[:, 3]
    liking = bends + 0.5 * features[:, 4] + 0.25 * stream.standard_normal(1000)
    return features, np.digitize(liking, [0.9, 1.25, 1.7, 2.05])


SEVERAL = (
    Task(
        key="arm",
        title="where the hand of an arm is, and the torque that holds it",
        kind="multioutput",
        rows=1000,
        features=6,
        target_shape=(3,),
        output_names=("x", "y", "torque"),
        classes=None,
        hidden=(25,),
        epochs=100,
        draw=_arm,
    ),
    Task(
        key="topics",
        title="which of six topics a text is on, from counts of 30 words",
        kind="multilabel",
        rows=1000,
        features=30,
        target_shape=(6,),
        output_names=("politics", "sport", "health", "travel", "law", "chess"),
        classes=2,
        hidden=(25,),
        epochs=50,
        imbalance=2.9,
        draw=_topics,
    ),
    Task(
        key="ratings",
        title="ratings from 1 to 5 that bend over 5 features",
        kind="ordinal",
        rows=1000,
        features=5,
        classes=5,
        labels=("1", "2", "3", "4", "5"),
        hidden=(25,),
        epochs=100,
        imbalance=2.4,
        draw=_ratings,
    ),
)
