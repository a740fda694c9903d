"""When to save a checkpoint of a long training."""

SECONDS = 15.0
"""Training between two checkpoints: the most that is lost when the worker dies."""

_WORTH_KEEPING = 2.0
"""Training that is saved when it is stopped on purpose; less is as quickly trained again."""


class CheckpointTimer:
    """Tells when the next checkpoint is due, from the seconds that a training has taken."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._last = seconds

    def due(self, seconds: float, *, leaving: bool) -> bool:
        """Whether to keep a checkpoint now; `leaving` where the training is being stopped."""
        due = seconds - self._last > (_WORTH_KEEPING if leaving else SECONDS)
        if due:
            self._last = seconds
        return due
