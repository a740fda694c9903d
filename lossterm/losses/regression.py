"""Losses for a numeric target: one linear unit, target y and output f of shape (rows,), e = f − y."""

from lossterm.losses.record import Array, Loss, Namespace, TutorialSetting


def squared_error(xp: Namespace, y: Array, f: Array) -> Array:
    """e²."""
    return xp.square(f - y)


def absolute_error(xp: Namespace, y: Array, f: Array) -> Array:
    """|e|."""
    return xp.abs(f - y)


def squared_log_error(xp: Namespace, y: Array, f: Array) -> Array:
    """(ln(1 + f) − ln(1 + y))², with y and f clipped to at least 1e-7 as Keras does."""
    return xp.square(xp.log1p(xp.maximum(f, 1e-7)) - xp.log1p(xp.maximum(y, 1e-7)))


REGRESSION = (
    Loss(
        key="mse",
        title="mean squared error",
        kinds=("regression",),
        function=squared_error,
        formula="e²",
        estimates="mean",
        reading="value",
        encoding="value",
        valid="any y",
        large_errors="gradient 2e, unbounded: one far row can outweigh a batch",
        use_when="noise is roughly normal; the reference that every other loss has to beat",
        avoid_when="the target has outliers or heavy tails",
        keras="MeanSquaredError",
        references=("Gauss 1809, Theoria motus corporum coelestium",),
    ),
    Loss(
        key="msle",
        title="mean squared logarithmic error",
        kinds=("regression",),
        function=squared_log_error,
        formula="(ln(1+f) − ln(1+y))²",
        estimates="about the geometric mean",
        reading="value",
        encoding="value",
        valid="y ≥ 0",
        lowest=0,
        large_errors="gradient goes to 0 as f grows",
        use_when="targets are positive, span orders of magnitude, and ratios matter",
        avoid_when="targets can be negative or are standardised",
        keras="MeanSquaredLogarithmicError",
        references=("Keras, keras.losses.MeanSquaredLogarithmicError",),
        tutorial=TutorialSetting(
            note="on a standardised target every negative value is clipped to 0 and any f ≤ 0 has no gradient"
        ),
    ),
    Loss(
        key="mae",
        title="mean absolute error",
        kinds=("regression",),
        function=absolute_error,
        formula="|e|",
        estimates="median",
        reading="value",
        encoding="value",
        valid="any y",
        large_errors="gradient ±1 at any distance",
        use_when="the target has outliers, or the median is what you want",
        avoid_when="the mean is what you need, or very small errors must still be reduced",
        keras="MeanAbsoluteError",
        references=("Laplace 1774; Huber 1981, Robust Statistics",),
    ),
)
