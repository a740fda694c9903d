"""How curves are looked at: what is smoothed, zoomed, pinned and hidden. Pure, so that each key is one function."""

from typing import Literal

import msgspec

Splits = Literal["both", "held out", "train", "apart"]
SPLITS: tuple[Splits, ...] = ("both", "held out", "train", "apart")
"""Curves of train and of the held-out split: one over the other, one of them, or two charts."""

SMOOTHING = (0.0, 0.6, 0.8, 0.9, 0.95, 0.98)
"""Weights of the past that `+` and `-` step through."""

LEAST_SHOWN = 4
"""Epochs to which the frame is narrowed at most."""

FAST = 10
"""Steps of the cursor that shift makes of one."""


class CurveViewState(msgspec.Struct, frozen=True, kw_only=True):
    """How the curves of a session are looked at."""

    smoothing: int = 0
    """Place in SMOOTHING."""
    log: bool = False
    """Whether the upright axis is logarithmic."""
    splits: Splits = "both"
    """Which splits' curves are drawn."""
    each_seed: bool = False
    """Whether every seed's curve is drawn rather than median and band."""
    frames: tuple[tuple[int, int], ...] = ()
    """First and last epoch that is shown, the last zoom's last; none for all."""
    cursor: int | None = None
    """Epoch of the cursor, None without one."""
    pinned: tuple[str, ...] = ()
    """Keys of the losses that are drawn on top."""
    hidden: tuple[str, ...] = ()
    """Keys of the losses that are not drawn."""

    @property
    def weight(self) -> float:
        """Weight of the past in the moving average."""
        return SMOOTHING[min(max(self.smoothing, 0), len(SMOOTHING) - 1)]

    def shown(self, epochs: int) -> tuple[int, int]:
        """Return the first and last epoch that is shown of so many: at least two, where there are two."""
        first, last = self.frames[-1] if self.frames else (1, epochs)
        first = min(max(first, 1), max(epochs - 1, 1))
        return first, max(min(last, epochs), min(first + 1, epochs))

    def smoother(self, by: int) -> "CurveViewState":
        """Smooth more or less; by 0 for nothing smoothed."""
        place = min(max(self.smoothing + by, 0), len(SMOOTHING) - 1) if by else 0
        return msgspec.structs.replace(self, smoothing=place)

    def moved(self, by: int, epochs: int) -> "CurveViewState":
        """Move the cursor by hundredths of the frame, which follows it; a new one begins at the right end.

        It stays within 1 to `epochs`.
        """
        first, last = self.shown(epochs)
        step = max(1, round((last - first) / 100)) * by
        cursor = last if self.cursor is None else min(max(self.cursor + step, 1), epochs)
        look = msgspec.structs.replace(self, cursor=cursor)
        if not self.frames or first <= cursor <= last:
            return look
        aside = cursor - last if cursor > last else cursor - first
        return msgspec.structs.replace(look, frames=(*self.frames[:-1], (first + aside, last + aside)))

    def pointed(self, at: float, epochs: int) -> "CurveViewState":
        """Put the cursor at the epoch that is nearest to a place on the axis, of those that are shown."""
        first, last = self.shown(epochs)
        return msgspec.structs.replace(self, cursor=min(max(round(at), first), last))

    def panned(self, by: int, epochs: int) -> "CurveViewState":
        """Move the frame by tenths of its width, as far as there are epochs; nothing moves without a zoom."""
        if not self.frames:
            return self
        first, last = self.shown(epochs)
        step = max(1, (last - first) // 10) * by
        step = min(max(step, 1 - first), epochs - last)
        return msgspec.structs.replace(self, frames=(*self.frames[:-1], (first + step, last + step)))

    def nearer(self, epochs: int) -> "CurveViewState":
        """Narrow the frame to half, around the cursor or at the right end, if LEAST_SHOWN epochs are left."""
        first, last = self.shown(epochs)
        size = (last - first + 1) // 2
        if size < LEAST_SHOWN:
            return self
        middle = last if self.cursor is None else self.cursor
        start = min(max(middle - size // 2, first), last - size + 1)
        return msgspec.structs.replace(self, frames=(*self.frames, (start, start + size - 1)))

    def farther(self) -> "CurveViewState":
        """Go one layer out: first the zooms, then the cursor."""
        if self.frames:
            return msgspec.structs.replace(self, frames=self.frames[:-1])
        return msgspec.structs.replace(self, cursor=None)

    @property
    def near(self) -> bool:
        """Whether there is a layer to go out of."""
        return bool(self.frames) or self.cursor is not None

    def pin(self, loss: str) -> "CurveViewState":
        """Draw a loss on top, or no longer."""
        return msgspec.structs.replace(self, pinned=_turned(self.pinned, loss))

    def hide(self, loss: str) -> "CurveViewState":
        """Draw a loss no longer, or again."""
        return msgspec.structs.replace(self, hidden=_turned(self.hidden, loss))

    def next_splits(self) -> "CurveViewState":
        """Take the next of SPLITS."""
        return msgspec.structs.replace(self, splits=SPLITS[(SPLITS.index(self.splits) + 1) % len(SPLITS)])


def _turned(keys: tuple[str, ...], key: str) -> tuple[str, ...]:
    return tuple(one for one in keys if one != key) if key in keys else (*keys, key)
