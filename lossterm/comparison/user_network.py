"""A network of one's own, as the processes that do not train know it: where its function is, and a fingerprint.

The function is called by the worker alone, since it imports Keras. As with losses of one's own, a file that was edited
is another network.
"""

from lossterm.errors import DataError, UsageError
from lossterm.losses import Source, is_own, source_from

OPTION = "--model"
"""What a person says it with."""

FORM = "FILE.py:NAME of a function (features, outputs) that returns a Keras model"

NOT_SHOWN = "No model of {} was kept: only stacks of dense layers, of one activation, can be shown here."
"""What a view of predictions says of a network that NumPy cannot compute; {} is its name, as `called` gives it."""


def network_from(text: str) -> str:
    """Return where a network of one's own is and what it is now: PLACE:NAME@FINGERPRINT, with an absolute path.

    `text` is FILE.py:NAME, package.module:NAME, or what this returned before. Raises UsageError for what is no such
    place, UnknownName for a name that the file does not define, and DataError for a file that is not there, is not
    Python, or was changed since it was given the fingerprint.
    """
    source, key = _read(text)
    if key and source.key != key:
        raise DataError(f"{source.place} was changed since {key} was asked for. Run again to train what it is now.")
    return f"{source.place}:{source.key}"


def source_of(model: str) -> Source:
    """Return where to load from what `network_from` gave. Raises as that does."""
    return _read(network_from(model))[0]


def called(model: str) -> str:
    """Return the name under which tables know what `network_from` gave: NAME@FINGERPRINT."""
    return model.rpartition(":")[2]


def _read(text: str) -> tuple[Source, str]:
    """Return the place, and the name with its fingerprint where there is one."""
    if is_own(text):
        raise UsageError(f"{text!r} is a network of one's own: say where it is with {OPTION} FILE.py:NAME.")
    place, _, key = text.rpartition(":")
    stamped = is_own(key)
    source = source_from(f"{place}:{key.partition('@')[0]}" if stamped else text, OPTION, "network", FORM)
    if source.settings:
        raise UsageError(f"{OPTION} {text!r}: a network takes no parameters. Give {FORM}.")
    return source, key if stamped else ""
