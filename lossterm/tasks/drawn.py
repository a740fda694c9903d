"""Tasks whose rows are drawn anew for each seed.

scikit-learn is imported inside the draws, since the terminal's process lists tasks without drawing any.
"""

from typing import TYPE_CHECKING

from lossterm.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np

    from lossterm.tasks.task import Draw


def _regression(seed: int) -> "Draw":
    from sklearn.datasets import make_regression

    features, target = make_regression(n_samples=1000, n_features=20, noise=0.1, random_state=seed)
    return features, target


def _circles(seed: int) -> "Draw":
    from sklearn.datasets import make_circles

    features, target = make_circles(n_samples=1000, noise=0.1, random_state=seed)
    return features, target


def _blobs(seed: int) -> "Draw":
    from sklearn.datasets import make_blobs

    features, target = make_blobs(n_samples=1000, centers=3, n_features=2, cluster_std=2, random_state=seed)
    return features, target


def _surface(seed: int) -> "tuple[np.random.Generator, np.ndarray, np.ndarray]":
    """Return the seed's generator, features (1000, 5) uniform in [0, 1], and a tenth of Friedman's first function."""
    import numpy as np

    stream = np.random.default_rng([seed, 3])
    x = stream.random((1000, 5))
    bends = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return stream, x, bends / 10


def _counts(seed: int) -> "Draw":
    import numpy as np

    stream, features, surface = _surface(seed)
    return features, stream.poisson(np.exp(surface - 0.5)).astype(float)


def _claims(seed: int) -> "Draw":
    """Draw the number of claims (Poisson) and an amount for each (gamma): a Tweedie distribution with p = 1.5."""
    import numpy as np

    stream, features, surface = _surface(seed)
    claims = stream.poisson(np.exp(surface - 1.5))
    return features, 100 * stream.gamma(np.maximum(claims, 1)) * (claims > 0)


def _prices(seed: int) -> "Draw":
    import numpy as np

    stream, features, surface = _surface(seed)
    return features, 1000 * np.exp(surface + 0.5 * stream.standard_normal(len(surface)))


def _shares(seed: int) -> "Draw":
    """Draw shares that scatter about their mean as a beta distribution; those within 0.03 of an end are at it."""
    import numpy as np

    stream, features, surface = _surface(seed)
    mean = 1 / (1 + np.exp(3 * (1.4 - surface)))
    shares = stream.beta(20 * mean, 20 * (1 - mean))
    return features, np.where(shares < 0.03, 0.0, np.where(shares > 0.97, 1.0, shares))


DRAWN = (
    Task(
        key="regression",
        title="a linear target of 20 features with a little noise",
        kind="regression",
        rows=1000,
        features=20,
        classes=None,
        hidden=(25,),
        epochs=100,
        family=True,
        draw=_regression,
    ),
    Task(
        key="counts",
        title="counts whose mean bends over 5 features",
        kind="regression",
        rows=1000,
        features=5,
        classes=None,
        hidden=(25,),
        epochs=100,
        lowest=0,
        draw=_counts,
    ),
    Task(
        key="claims",
        title="amounts of which many are exactly 0",
        kind="regression",
        rows=1000,
        features=5,
        classes=None,
        hidden=(25,),
        epochs=100,
        lowest=0,
        draw=_claims,
    ),
    Task(
        key="prices",
        title="positive amounts with a long tail",
        kind="regression",
        rows=1000,
        features=5,
        classes=None,
        hidden=(25,),
        epochs=100,
        lowest=0,
        zeros=False,
        draw=_prices,
    ),
    Task(
        key="shares",
        title="shares between 0 and 1 that bend over 5 features",
        kind="regression",
        rows=1000,
        features=5,
        classes=None,
        hidden=(25,),
        epochs=100,
        lowest=0,
        highest=1,
        draw=_shares,
    ),
    Task(
        key="circles",
        title="two noisy circles, one inside the other",
        kind="binary",
        rows=1000,
        features=2,
        classes=2,
        hidden=(50,),
        epochs=200,
        draw=_circles,
    ),
    Task(
        key="blobs",
        title="three overlapping clusters in the plane",
        kind="multiclass",
        rows=1000,
        features=2,
        classes=3,
        hidden=(50,),
        epochs=100,
        family=True,
        draw=_blobs,
    ),
)
