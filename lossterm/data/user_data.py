"""The record of a user table that comparisons hold."""

import re
from pathlib import Path

import msgspec

from lossterm.data.leak import Leak
from lossterm.data.request import FileRequest
from lossterm.losses import Kind
from lossterm.text.fingerprint import sha256

_LONGEST = 40
"""Characters of a key before its fingerprint."""


class Data(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What comparisons know of a table; every trial holds it: up to a thousand labels, but never a row."""

    asked: FileRequest
    """The file, and what the user asked of it."""
    digest: str
    """First 16 hex digits of the SHA-256 of the file's bytes."""
    kind: Kind
    """What is to be predicted."""
    rows: int
    """Rows with a target."""
    features: int
    """Number of network inputs after encoding, from the whole file, so that every split has the same."""
    classes: tuple[str, ...] = ()
    """Labels in the order of their indices; empty for regression."""
    lowest: float
    """No target is below this; 0 for classes, whose targets are indices."""
    zeros: bool
    """Whether a target is exactly 0; true for classes."""
    highest: float | None = None
    """No target is above this; None for classes, and in sessions of before it was noted."""
    imbalance: float
    """Rows of the largest class over those of the smallest; 1 for regression."""
    input_shape: tuple[int, ...] = ()
    """Shape of a row's inputs where they are arrays; () for a table's."""
    target_shape: tuple[int, ...] = ()
    """Shape of a row's target."""
    test_rows: int = 0
    """How many of the last rows are the test rows, as the file says; 0 where rows are split here."""
    leaks: tuple[Leak, ...] = ()
    """What gives the target away."""

    @property
    def leaking(self) -> tuple[str, ...]:
        """The columns that give the target away, each once."""
        return tuple(dict.fromkeys(name for leak in self.leaks for name in leak.columns))

    @property
    def key(self) -> str:
        """Name of the task: STEM.TARGET@8hex, with a fingerprint of the file's bytes and the whole request."""
        plain = msgspec.structs.replace(self, highest=None)  # so that tables keep the keys that they had without it
        name = re.sub(r"[^\w.-]+", "_", f"{Path(self.asked.path).stem}.{self.asked.predicted}")[:_LONGEST]
        return f"{name}@{sha256(msgspec.json.encode(plain))[:8]}"
