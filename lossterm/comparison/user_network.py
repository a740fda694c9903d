"""A custom network, as the processes that do not train know it: where its function is, and a fingerprint.

Only the worker calls the function, since it imports Keras. As with custom losses, an edited file is another network.
"""

from lossterm.errors import DataError, UsageError
from lossterm.losses import Source, is_own, source_from

OPTION = "--model"
"""The option that names a custom network."""

FORM = "FILE.py:NAME of a function (features, outputs) that returns a Keras model"

NOT_SHOWN = "No model of {} was kept: only stacks of dense layers, of one activation, can be shown here."
"""Shown instead of predictions for a network that NumPy cannot compute; {} is its name, as `called` returns it."""


def network_from(text: str) -> str:
    """Return where a custom network is, with its present fingerprint: PLACE:NAME@FINGERPRINT, with an absolute path.

    `text` is FILE.py:NAME, package.module:NAME, or an earlier result. Raises UsageError for an invalid text,
    UnknownName for a name that the file does not define, and DataError for a file that is missing, is not Python, or
    has changed since the fingerprint was taken.
    """
    source, key = _read(text)
    if key and source.key != key:
        raise DataError(f"{source.place} was changed since {key} was asked for. Run again to train what it is now.")
    return f"{source.place}:{source.key}"


def source_of(model: str) -> Source:
    """Return where to load a result of `network_from` from. Raises as that does."""
    return _read(network_from(model))[0]


def called(model: str) -> str:
    """Return the name that tables show for a result of `network_from`: NAME@FINGERPRINT."""
    return model.rpartition(":")[2]


def _read(text: str) -> tuple[Source, str]:
    """Return the source, and the name with its fingerprint if the text has one."""
    if is_own(text):
        raise UsageError(f"{text!r} is a custom network: say where it is with {OPTION} FILE.py:NAME.")
    place, _, key = text.rpartition(":")
    stamped = is_own(key)
    source = source_from(f"{place}:{key.partition('@')[0]}" if stamped else text, OPTION, "network", FORM)
    if source.settings:
        raise UsageError(f"{OPTION} {text!r}: a network takes no parameters. Give {FORM}.")
    return source, key if stamped else ""
