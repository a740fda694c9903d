"""Losses for a numeric target with outliers: they grow more slowly than the square. e = f − y, of shape (rows,)."""

import math

from lossterm.losses.equivalent import Equivalent, keras, pytorch
from lossterm.losses.foreign_parameter import ForeignParameter
from lossterm.losses.loss import Array, Loss, Namespace, Parameter


def huber(xp: Namespace, y: Array, f: Array, *, delta: float) -> Array:
    """½e² up to δ, then δ|e| − ½δ²; as c(|e| − c/2) with c = min(|e|, δ), which has no branch that overflows."""
    size = xp.abs(f - y)
    inner = xp.minimum(size, delta)
    return inner * (size - 0.5 * inner)


def log_cosh(xp: Namespace, y: Array, f: Array) -> Array:
    """Log cosh e, as |e| + softplus(−2|e|) − log 2: cosh itself overflows at 90."""
    size = xp.abs(f - y)
    return size + xp.softplus(-2 * size) - math.log(2)


def pseudo_huber(xp: Namespace, y: Array, f: Array, *, delta: float) -> Array:
    """δ²(√(1 + (e/δ)²) − 1)."""
    return delta**2 * (xp.sqrt(1 + xp.square((f - y) / delta)) - 1)


def epsilon_insensitive(xp: Namespace, y: Array, f: Array, *, epsilon: float) -> Array:
    """max(0, |e| − ε)."""
    return xp.maximum(xp.abs(f - y) - epsilon, 0)


def fair(xp: Namespace, y: Array, f: Array, *, c: float) -> Array:
    """c²(|e|/c − ln(1 + |e|/c))."""
    size = xp.abs(f - y) / c
    return c**2 * (size - xp.log1p(size))


def cauchy(xp: Namespace, y: Array, f: Array, *, c: float) -> Array:
    """(c²/2)·ln(1 + (e/c)²)."""
    return 0.5 * c**2 * xp.log1p(xp.square((f - y) / c))


def barron(xp: Namespace, y: Array, f: Array, *, alpha: float, c: float) -> Array:
    """(|α−2|/α)·[((e/c)²/|α−2| + 1)^(α/2) − 1], with its limits at α = 2, 0 and −∞; expm1 keeps it exact near 0."""
    square = xp.square((f - y) / c)
    if alpha == 2:
        return 0.5 * square
    if abs(alpha) < _LOGARITHMIC:
        return xp.log1p(0.5 * square)
    if alpha == -math.inf:
        return -xp.expm1(-0.5 * square)
    distance = abs(alpha - 2)
    return (distance / alpha) * xp.expm1(0.5 * alpha * xp.log1p(square / distance))


_LOGARITHMIC = 1e-8
"""Size of Barron's α below which the loss is its limit at 0 to every digit."""


def _length(name: str, meaning: str, *aliases: str) -> Parameter:
    unit = "in standard deviations of the training target"
    return Parameter(name=name, default=1, low=1e-6, high=1e6, meaning=f"{meaning}, {unit}", aliases=aliases)


def _huber_elsewhere(delta: float) -> tuple[Equivalent, ...]:
    return (
        keras("Huber", delta=(delta, 1)),
        pytorch("HuberLoss", delta=(delta, 1)),
        pytorch("SmoothL1Loss", factor=delta, beta=(delta, 1), note="the factor is δ"),
    )


def _insensitive_elsewhere(epsilon: float) -> tuple[Equivalent, ...]:
    return () if epsilon else (keras("MeanAbsoluteError"), pytorch("L1Loss"))


def _barron_elsewhere(alpha: float, c: float) -> tuple[Equivalent, ...]:
    factor = 0.5 / c**2
    return (keras("MeanSquaredError", factor=factor), pytorch("MSELoss", factor=factor)) if alpha == 2 else ()


ROBUST = (
    Loss(
        key="huber",
        title="Huber loss",
        kinds=("regression",),
        function=huber,
        formula="½e² if |e| ≤ δ else δ|e| − ½δ²",
        estimates="between mean and median",
        reading="value",
        encoding="value",
        valid="any y",
        parameters=(_length("delta", "δ, where the parabola becomes a line"),),
        foreign_parameters=(
            ForeignParameter(
                names=("beta",),
                write="huber:delta={value}",
                why="torch.nn.SmoothL1Loss(beta={value}) is that divided by {value}, so divide a learning rate that "
                "suits it by {value} as well",
            ),
            ForeignParameter(
                names=("epsilon", "eps"),
                write="huber:delta={value}",
                why="scikit-learn's epsilon counts in scales of the residuals, delta in standard deviations of the "
                "target",
            ),
        ),
        large_errors="gradient ±δ beyond δ",
        use_when="a few rows are far out and the mean is still what you want",
        avoid_when="noise is normal: it then only gives up a little precision",
        elsewhere=_huber_elsewhere,
        aliases=("smooth_l1", "huber_loss"),
        usual=True,
        references=("Huber 1964, Robust Estimation of a Location Parameter",),
    ),
    Loss(
        key="log_cosh",
        title="log-cosh",
        kinds=("regression",),
        function=log_cosh,
        formula="log cosh e",
        estimates="between mean and median",
        reading="value",
        encoding="value",
        valid="any y",
        large_errors="gradient goes to ±1",
        use_when="as Huber with δ = 1, and a smooth second derivative helps",
        avoid_when="another bend than at one standard deviation is needed: it has no parameter",
        elsewhere=(keras("LogCosh"),),
        aliases=("logcosh",),
        references=("Green 1990, in tomography; Keras, keras.losses.LogCosh",),
    ),
    Loss(
        key="pseudo_huber",
        title="pseudo-Huber loss",
        kinds=("regression",),
        function=pseudo_huber,
        formula="δ²(√(1 + (e/δ)²) − 1)",
        estimates="between mean and median",
        reading="value",
        encoding="value",
        valid="any y",
        parameters=(_length("delta", "δ, about where the parabola becomes a line"),),
        foreign_parameters=(
            ForeignParameter(
                names=("epsilon", "eps"),
                write="pseudo_huber:delta={value}",
                why="√(e² + ε²) is that divided by ε = {value}, plus ε",
            ),
        ),
        large_errors="gradient goes to ±δ",
        use_when="as Huber, and the second derivative should be smooth",
        avoid_when="noise is normal",
        elsewhere=(),
        aliases=("charbonnier",),
        references=("Charbonnier et al. 1997; Hartley & Zisserman 2003, Multiple View Geometry",),
    ),
    Loss(
        key="epsilon_insensitive",
        title="ε-insensitive loss",
        kinds=("regression",),
        function=epsilon_insensitive,
        formula="max(0, |e| − ε)",
        estimates="median, within ε",
        reading="value",
        encoding="value",
        valid="any y",
        parameters=(
            Parameter(
                name="epsilon",
                default=0.1,
                low=0,
                high=1e4,
                meaning="ε, errors that cost nothing, in standard deviations of the training target",
                aliases=("eps",),
            ),
        ),
        large_errors="gradient ±1 beyond ε",
        use_when="errors below some size do not matter, as in support vector regression",
        avoid_when="every small error counts",
        elsewhere=_insensitive_elsewhere,
        aliases=("svr",),
        references=("Vapnik 1995, The Nature of Statistical Learning Theory",),
    ),
    Loss(
        key="fair",
        title="Fair's loss",
        kinds=("regression",),
        function=fair,
        formula="c²(|e|/c − ln(1 + |e|/c))",
        estimates="between mean and median",
        reading="value",
        encoding="value",
        valid="any y",
        parameters=(_length("c", "c, where it begins to bend"),),
        large_errors="gradient goes to ±c, slowly",
        use_when="tails are heavy, and the loss should stay convex and smooth",
        avoid_when="noise is normal",
        elsewhere=(),
        references=("Fair 1974, On the robust estimation of econometric models",),
    ),
    Loss(
        key="cauchy",
        title="Cauchy (Lorentzian) loss",
        kinds=("regression",),
        function=cauchy,
        formula="(c²/2)·ln(1 + (e/c)²)",
        estimates="towards the mode as c shrinks",
        reading="value",
        encoding="value",
        valid="any y",
        parameters=(_length("c", "c, beyond which the gradient falls again"),),
        large_errors="gradient goes to 0: far rows are ignored",
        use_when="many rows are far out and carry no information",
        avoid_when="the start is bad: it is not convex, and rows that begin far off stay ignored",
        elsewhere=(),
        aliases=("lorentzian",),
        references=("Black & Anandan 1996, The Robust Estimation of Multiple Motions",),
    ),
    Loss(
        key="barron",
        title="Barron's general robust loss",
        kinds=("regression",),
        function=barron,
        formula="(|α−2|/α)·[((e/c)²/|α−2| + 1)^(α/2) − 1]",
        estimates="mean (α = 2) to about the mode (α < 1)",
        reading="value",
        encoding="value",
        valid="any y",
        parameters=(
            Parameter(
                name="alpha",
                default=1,
                low=-math.inf,
                high=10,
                meaning="α: 2 is ½(e/c)², 1 pseudo-Huber, 0 Cauchy, −2 Geman–McClure, -inf Welsch",
            ),
            _length("c", "c, the scale", "scale"),
        ),
        large_errors="gradient grows (α > 1), levels off (α = 1) or falls to 0 (α < 1)",
        use_when="you want to go from L2 to a redescending loss with one number",
        avoid_when="α < 1 and the start is bad: it is not convex there",
        elsewhere=_barron_elsewhere,
        aliases=("general_robust",),
        references=("Barron 2019, A General and Adaptive Robust Loss Function",),
    ),
)
