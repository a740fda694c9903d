"""Scales images and sequences: each channel as a whole, so that what lies where in them keeps its meaning."""

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import numpy as np


class ChannelScaler:
    """Scales every channel, the last axis, to mean 0 and standard deviation 1 over all rows and places.

    It has the form of a scikit-learn transformer. Scaling each pixel by itself would blow up those that are nearly
    always empty, as the corners of digits are.
    """

    mean_: "np.ndarray"
    """(channels,)."""
    scale_: "np.ndarray"
    """(channels,); 1 where a channel is constant."""

    def fit(self, features: "np.ndarray", target: Any = None) -> Self:
        """Take mean and standard deviation of training rows (rows, …, channels)."""
        import numpy as np

        places = tuple(range(features.ndim - 1))
        self.mean_ = np.asarray(np.mean(features, axis=places, dtype=np.float64))
        spread = np.std(features, axis=places, dtype=np.float64)
        self.scale_ = np.where(spread > 0, spread, 1.0)
        return self

    def transform(self, features: "np.ndarray") -> "np.ndarray":
        """Return scaled rows of the same shape."""
        import numpy as np

        return np.asarray((features - self.mean_) / self.scale_)


def by_channel() -> Any:
    """Return an unfitted transformer of images or sequences."""
    return ChannelScaler()
