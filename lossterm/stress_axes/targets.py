"""Axes of what happens to numeric targets."""

from typing import TYPE_CHECKING

from lossterm.stress_axes.axis import Axis, Rows
from lossterm.stress_axes.drawing import hit, spreads

if TYPE_CHECKING:
    import numpy as np

    from lossterm.stress_axes.axis import Altered

FAR = 10.0
"""How far outliers lie, in standard deviations of the target, times a factor between .5 and 1.5."""

FEATURES_FAR = 5.0
"""How far the features of a leverage outlier lie, in standard deviations of each, times the same factor."""

TAILS = 2
"""Degrees of freedom of the noise with heavy tails: its variance is infinite."""

SHARES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.2)
"""Shares of rows that are tried."""

DEVIATIONS = (0.0, 0.03, 0.1, 0.3, 1.0, 2.0)
"""Sizes of noise that are tried, in standard deviations."""


def _outliers(rows: Rows, level: float, generator: "np.random.Generator") -> "Altered":
    """Add to some targets FAR standard deviations, each times a draw from .5 to 1.5."""
    places = hit(len(rows.target), level, generator)
    size = generator.uniform(0.5, 1.5, len(rows.target))
    target = rows.target.copy()
    target[places] += FAR * float(rows.target.std()) * size[places]
    return rows.features, target


def _leverage(rows: Rows, level: float, generator: "np.random.Generator") -> "Altered":
    """Move some rows far out in every column of numbers, and their targets far out the other way."""
    places = hit(len(rows.target), level, generator)
    size = generator.uniform(0.5, 1.5, len(rows.target))
    features, target = rows.features.copy(), rows.target.copy()
    aside = FEATURES_FAR * spreads(rows.features) * rows.numbers
    features[places] += size[places, None] * aside
    target[places] -= FAR * float(rows.target.std()) * size[places]
    return features, target


def _heavy_tails(rows: Rows, level: float, generator: "np.random.Generator") -> "Altered":
    noise = generator.standard_t(TAILS, len(rows.target))
    return rows.features, rows.target + level * float(rows.target.std()) * noise


def _skewed(rows: Rows, level: float, generator: "np.random.Generator") -> "Altered":
    """Add noise whose median is 0 and whose mean is not: a log-normal draw less 1."""
    import numpy as np

    noise = np.exp(generator.standard_normal(len(rows.target))) - 1
    return rows.features, rows.target + level * float(rows.target.std()) * noise


OF_TARGETS = (
    Axis(
        key="outliers",
        title="outliers in y",
        kinds=("regression",),
        levels=SHARES,
        most=0.5,
        does="A share of the targets is raised by 5 to 15 standard deviations.",
        known="Squared errors follow the outliers, absolute ones hardly: at 10 % on friedman1 the median error of mse "
        "goes from 1.14 to 5.60, that of mae from 1.16 to 1.31, of huber to 1.52, of cauchy to 1.29.",
        source="Huber 1964, Robust Estimation of a Location Parameter; a replica of this protocol on friedman1",
        function=_outliers,
    ),
    Axis(
        key="leverage",
        title="leverage outliers",
        kinds=("regression",),
        levels=SHARES,
        most=0.5,
        does="A share of the rows is moved out by 2.5 to 7.5 standard deviations in every column of numbers, and its "
        "targets by 5 to 15 the other way.",
        known="A bounded gradient does not help against rows that are far out in x as well, since each of them pulls "
        "on the fit by its distance: huber and mae fail nearly as mse does, only losses whose gradient returns to 0, "
        "such as cauchy, let go of them.",
        source="Rousseeuw & Leroy 1987, Robust Regression and Outlier Detection, chapter 1",
        function=_leverage,
        needs_numbers=True,
    ),
    Axis(
        key="heavy_tails",
        title="heavy-tailed noise",
        kinds=("regression",),
        unit="sd",
        of="of the target",
        levels=DEVIATIONS,
        most=10.0,
        does="Noise with Student's t distribution of two degrees of freedom, whose variance is infinite, is added to "
        "the targets, so many standard deviations in scale.",
        known="mae and huber are ahead of mse.",
        source="Lange, Little & Taylor 1989, Robust Statistical Modeling Using the t Distribution",
        function=_heavy_tails,
    ),
    Axis(
        key="skew",
        title="skewed noise",
        kinds=("regression",),
        unit="sd",
        of="of the target",
        levels=DEVIATIONS,
        most=10.0,
        does="Noise that is log-normal less 1, with a median of 0 and a mean of .65, is added to the targets.",
        known="The mean of such targets lies above the clean ones and their median does not: mse is biased, mae is "
        "not. Which one is right depends on what is asked for.",
        source="Koenker & Bassett 1978, Regression Quantiles",
        function=_skewed,
    ),
)
