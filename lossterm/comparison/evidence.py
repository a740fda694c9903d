"""What targets and the errors of quick fits are evidence of, and what they exclude. All fits are out of fold."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

FOLDS = 3

STEPS = 16
"""Most levels that a rating has."""

COUNTED_FROM = 3.0
"""Counts begin at or below this: numbers of things that hardly ever are none or few are as good as amounts."""

MOST_SPREAD = 20.0
"""Variance of counts over their mean, given the features, beyond which they are amounts in whole units."""

GROWS = 0.1
"""Rank correlation of the size of an error with the prediction, from which the spread grows with the mean."""

CHANCE = 3.0
"""Standard errors within which what a fit knows of the target is chance."""


def levels_of_rating(target: "np.ndarray") -> tuple[int, int, int] | None:
    """Return how many levels whole targets have, the lowest and the highest, None if they are no rating."""
    import numpy as np

    each, counts = np.unique(target, return_counts=True)
    if not (target == np.round(target)).all() or not 3 <= len(each) <= STEPS or each[0] < 0:
        return None
    if each[-1] - each[0] >= STEPS or counts.max() == len(target):
        return None
    return len(each), int(each[0]), int(each[-1])


def are_counts(target: "np.ndarray", predicted: "np.ndarray") -> bool:
    """Whether whole targets are about these predictions as counts are: from few on, the more spread the larger."""
    import numpy as np

    if target.min() > COUNTED_FROM:
        return False
    mean = np.clip(predicted, max(0.05, 0.05 * float(target.mean())), None)
    return spread_of_counts(target, mean) < MOST_SPREAD and _growth(target - predicted, predicted) > GROWS


def spread_of_counts(target: "np.ndarray", mean: "np.ndarray") -> float:
    """Return the variance over the mean, given predictions of it; 1 for Poisson counts."""
    return float((((target - mean) ** 2).mean()) / mean.mean())


def _growth(error: "np.ndarray", predicted: "np.ndarray") -> float:
    """Return the rank correlation of the size of errors with the prediction."""
    import numpy as np

    return correlation(ranks(np.abs(error)), ranks(predicted))


def knows(target: "np.ndarray", predicted: "np.ndarray") -> tuple[float, bool]:
    """Return the rank correlation of predictions with the target, and whether it is more than chance."""
    import numpy as np

    both = correlation(ranks(target), ranks(predicted))
    return both, both * float(np.sqrt(len(target))) > CHANCE


def ranks(values: "np.ndarray") -> "np.ndarray":
    """Return the rank of each value; equal ones share the mean of theirs."""
    import numpy as np

    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean: np.ndarray = (np.cumsum(counts) - (counts - 1) / 2.0)[place]
    return mean


def correlation(one: "np.ndarray", other: "np.ndarray") -> float:
    """Return Pearson's correlation; 0 where one does not vary."""
    import numpy as np

    one, other = one - one.mean(), other - other.mean()
    spread = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum() / spread) if spread > 0 else 0.0


def residuals(features: "np.ndarray", target: "np.ndarray") -> "np.ndarray":
    """Return out-of-fold residuals, (rows,), of the better of two robust fits: a line and a forest.

    They are of the target less its median, over its standard deviation.
    """
    import numpy as np
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import HuberRegressor
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fits: Sequence[object] = (
        make_pipeline(StandardScaler(), HuberRegressor(max_iter=1000)),
        RandomForestRegressor(100, min_samples_leaf=3, random_state=0),
    )
    scaled = standardised(target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that has not settled is robust enough to look at its residuals
        left = [scaled - cross_val_predict(fit, features, scaled, cv=FOLDS) for fit in fits]
    return min(left, key=lambda residual: float(np.median(np.abs(residual))))


def standardised(target: "np.ndarray") -> "np.ndarray":
    """Return a target less its median, over its standard deviation."""
    import numpy as np

    scaled: np.ndarray = (target - np.median(target)) / (float(target.std()) or 1.0)
    return scaled


def far_out(residual: "np.ndarray") -> float:
    """Return the share of residuals beyond five deviations, as the middle half of them tells."""
    import numpy as np

    spread = 1.4826 * float(np.median(np.abs(residual - np.median(residual))))
    return float(np.mean(np.abs(residual) > 5 * spread))


# Classes


def probabilities(features: "np.ndarray", target: "np.ndarray") -> "np.ndarray":
    """Return a forest's out-of-fold probabilities of the classes, (rows, classes)."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_predict

    forest = RandomForestClassifier(100, min_samples_leaf=3, random_state=0)
    given: np.ndarray = cross_val_predict(forest, features, target, cv=FOLDS, method="predict_proba")
    return given


def told_apart(given: "np.ndarray", target: "np.ndarray") -> tuple[float, bool]:
    """Return the largest AUC of a class against the others, and whether any is more than chance."""
    import numpy as np

    aucs, more = [], False
    for column, one in enumerate(np.unique(target)):
        marked = target == one
        rows, others = int(marked.sum()), int((~marked).sum())
        auc = (float(ranks(given[:, column])[marked].sum()) - rows * (rows + 1) / 2) / (rows * others)
        aucs.append(auc)
        more |= auc - 0.5 > CHANCE * float(np.sqrt((rows + others + 1) / (12 * rows * others)))
    return max(aucs), more


def sureness_where_wrong(given: "np.ndarray", wrong: "np.ndarray") -> float:
    """Return how sure a forest is of classes that differ from the label, relative to how sure it is of the others.

    Where classes overlap it hesitates; of a wrong label it is as sure as of a right one.
    """
    import numpy as np

    first, second = np.sort(given, axis=1)[:, :-3:-1].T
    margin = first - second
    if wrong.all() or not wrong.any():
        return 0.0
    return float(margin[wrong].mean() / max(float(margin[~wrong].mean()), 1e-9))


def one_step_off(target: "np.ndarray", foreseen: "np.ndarray", classes: int) -> tuple[float, bool]:
    """Return the share of errors that are one class off, and whether that is more than unordered classes give."""
    import numpy as np

    wrong = target != foreseen
    share = float((np.abs(target - foreseen)[wrong] == 1).mean()) if wrong.any() else 0.0
    return share, bool(wrong.sum() >= 20 and share > 0.5 + 1 / classes)
