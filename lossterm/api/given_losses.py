"""Losses as a program gives them: keys, places of custom losses, functions and classes."""

from collections.abc import Iterable
from typing import Any, TypeAlias

from lossterm.api.user_objects import place_of
from lossterm.errors import UsageError

LossGiven: TypeAlias = str | Any
"""A key (`"huber:delta=0.5"`), a place (`"losses.py:mine"`, `"keras.losses:Huber"`), a function (y_true, y_pred), or a
class of `keras.losses.Loss`."""


def named_and_own(given: LossGiven | Iterable[LossGiven]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the keys of the losses, and the places of the custom ones. Raises as `place_of` does."""
    every = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    if not every:
        raise UsageError("There is no loss in losses: give one or more, or 'usual' or 'all' for those that fit.")
    texts = [one if isinstance(one, str) else place_of(one, "loss") for one in every]
    own = tuple(dict.fromkeys(text for text in texts if _is_place(text)))
    return tuple(dict.fromkeys(text for text in texts if text not in own)), own


def _is_place(text: str) -> bool:
    """Whether a text says where a custom loss is, as PLACE:NAME; after a key, parameter=value follows the colon."""
    return ".py:" in text or text.partition(":")[2].partition(":")[0].isidentifier()
