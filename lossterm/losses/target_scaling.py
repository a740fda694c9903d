"""Scales a numeric target by the training rows, as a loss's record says, and scales predictions back."""

from typing import TYPE_CHECKING

import msgspec

from lossterm.losses import Scale

if TYPE_CHECKING:
    import numpy as np


IN_WORDS: dict[Scale, str] = {
    "standard": "standardised: less its mean, over its standard deviation",
    "mean": "divided by its mean",
    "raw": "in its own units",
    "log1p": "as ln(1 + y), standardised",
}
"""How a loss gets a target of numbers."""


class Scaling(msgspec.Struct, frozen=True, kw_only=True):
    """The scale of one target."""

    origin: float | tuple[float, ...] = 0.0
    """What a scaled target of 0 stands for; of several outputs, for each."""
    unit: float | tuple[float, ...] = 1.0
    """What a scaled difference of 1 stands for; of several outputs, for each."""
    log1p: bool = False
    """Whether both are of ln(1 + y) rather than of y."""

    def scaled(self, target: "np.ndarray") -> "np.ndarray":
        """Return targets (rows,) or (rows, outputs) as the loss sees them."""
        import numpy as np

        values = np.log1p(target) if self.log1p else target
        return np.asarray((values - self.origin) / self.unit)

    def restored(self, value: "np.ndarray") -> "np.ndarray":
        """Return predictions (rows,) or (rows, outputs) in the target's own units."""
        import numpy as np

        unscaled = np.multiply(self.unit, value) + self.origin
        return np.asarray(np.expm1(unscaled) if self.log1p else unscaled)


NORMAL = 1.4826
"""What the median absolute deviation of normal values is multiplied by to give their standard deviation."""


def scaling_of(scale: Scale, target: "np.ndarray", *, robust: bool = False) -> Scaling:
    """Fit the scale to the targets of the training rows, (rows,); to those of several outputs, (rows, outputs), each.

    A robust one takes medians in place of means, and NORMAL times the median absolute deviation in place of the
    standard deviation, which a few outliers inflate; where that is 0, since half of the targets are equal, the latter.
    Source: Huber & Ronchetti 2009, Robust Statistics, chapter 5.
    """
    import numpy as np

    if scale == "raw":
        return Scaling()
    if target.ndim == 2:
        each = [scaling_of(scale, output, robust=robust) for output in target.T]
        origins, units = (tuple(float(getattr(one, name)) for one in each) for name in ("origin", "unit"))
        return Scaling(origin=origins, unit=units, log1p=scale == "log1p")
    if scale == "mean":
        sizes = np.abs(target)
        return Scaling(unit=(robust and float(np.median(sizes))) or float(sizes.mean()) or 1.0)
    values = np.log1p(target) if scale == "log1p" else target
    origin, spread = float(values.mean()), float(values.std())
    if robust:
        origin = float(np.median(values))
        spread = NORMAL * float(np.median(np.abs(values - origin))) or spread
    constant = spread <= 1e-12 * abs(origin)  # equal targets have a spread of rounding errors
    return Scaling(origin=origin, unit=1.0 if constant else spread, log1p=scale == "log1p")
