"""What a task's data are like before training. Light to import, since the terminal app decodes it."""

import msgspec

from lossterm.losses import Kind


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is an image or a sequence, small enough to be shown."""

    title: str
    """Its class, or its number."""
    sequence: bool = False
    """Whether it is a sequence rather than an image."""
    values: tuple[tuple[float, ...], ...]
    """Of an image (height, width) the mean over channels; of a sequence (steps, channels)."""
    mask: tuple[tuple[int, ...], ...] = ()
    """Class indices of an image's pixels, (height, width); () where there are none."""


class FirstLook(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said and drawn of a task's data. All text is harmless for a terminal."""

    task: str
    """Key of the task."""
    kind: Kind
    """What is to be predicted."""
    target: str
    """Name of what is to be predicted."""
    rows: int
    """Rows that were looked at."""
    values: tuple[float, ...] = ()
    """Targets that are numbers, ascending: all, or of many rows evenly spaced quantiles, both ends included."""
    classes: tuple[tuple[str, int], ...] = ()
    """Labels in the order of their indices, each with its number of rows; empty for numbers."""
    across: str = ""
    """Name of the feature that the scatter has along its level axis, "" where there is none."""
    up: str = ""
    """Name of what it has along its upright axis: the target, or for classes another feature."""
    points: tuple[tuple[float, float, int], ...] = ()
    """Its points: both places, and the index of the class, 0 for numbers."""
    pictures: tuple[Picture, ...] = ()
    """Some rows, where they are images or sequences."""
    said: tuple[str, ...] = ()
    """What is there, and what the constant prediction scores, in sentences."""
    doubts: tuple[str, ...] = ()
    """What to look at before training, in sentences."""
