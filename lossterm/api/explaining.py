"""A loss in words."""

from lossterm.api.wording import python_words
from lossterm.errors import UsageError
from lossterm.losses import explanation, loss_named

WIDTH = 100
"""Characters of a line."""


def explain(loss: str) -> str:
    """Return what a loss is, what it estimates, when to use it and when not, and what it is in Keras and PyTorch.

    `loss` is a key, as `"huber:delta=0.5"`; the text has lines of at most 100 characters. Raises UnknownName for a key
    that is not there, OutOfRange for a parameter, and UsageError for a custom loss, which only its own file describes.
    """
    with python_words({}):
        record = loss_named(loss)
        if record.reading == "unknown":
            raise UsageError(f"{loss} is a custom loss, which only its own file describes: see `lossterm probe`.")
    return "\n".join([f"{record.key}: {record.title}", *explanation.lines(record, WIDTH)])
