"""Scales a numeric target by the training rows, as a loss's record says, and scales predictions back."""

from typing import TYPE_CHECKING

import msgspec

from lossterm.losses import Scale

if TYPE_CHECKING:
    import numpy as np


class Scaling(msgspec.Struct, frozen=True, kw_only=True):
    """The scale of one target."""

    origin: float = 0.0
    """What a scaled target of 0 stands for."""
    unit: float = 1.0
    """What a scaled difference of 1 stands for."""
    log1p: bool = False
    """Whether both are of ln(1 + y) rather than of y."""

    def scaled(self, target: "np.ndarray") -> "np.ndarray":
        """Return targets (rows,) as the loss sees them."""
        import numpy as np

        return ((np.log1p(target) if self.log1p else target) - self.origin) / self.unit

    def restored(self, value: "np.ndarray") -> "np.ndarray":
        """Return predictions (rows,) in the target's own units."""
        import numpy as np

        unscaled = self.origin + self.unit * value
        return np.expm1(unscaled) if self.log1p else unscaled


def scaling_of(scale: Scale, target: "np.ndarray") -> Scaling:
    """Fit the scale to the targets of the training rows, (rows,)."""
    import numpy as np

    if scale == "raw":
        return Scaling()
    if scale == "mean":
        return Scaling(unit=float(np.abs(target).mean()) or 1.0)
    values = np.log1p(target) if scale == "log1p" else target
    origin, spread = float(values.mean()), float(values.std())
    constant = spread <= 1e-12 * abs(origin)  # equal targets have a spread of rounding errors
    return Scaling(origin=origin, unit=1.0 if constant else spread, log1p=scale == "log1p")
