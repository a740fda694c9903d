"""What was done to the data of a trial: an axis and a level on it."""

import msgspec


class Severity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A level above 0: at 0 a trial is a plain one, and says nothing of an axis."""

    axis: str
    """Key of the axis; of a custom one with the fingerprint of its file."""
    level: float
    """How much, in the axis's unit."""
    source: str = ""
    """Where the code of the axis is, or the package that it comes from; "" for lossterm's own axes."""

    @property
    def name(self) -> str:
        """The axis and the level, as a part of a key."""
        return f"{self.axis}={self.level!r}"
