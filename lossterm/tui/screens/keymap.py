"""Keys as a person reads and changes them: what the help tells of all of them, and what a configuration may say."""

import re
from collections.abc import Iterable, Mapping

import msgspec
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys

from lossterm.errors import UnknownName, UsageError

_NAMES = {
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "escape": "esc",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "shift+left": "shift+←",
    "shift+right": "shift+→",
}
"""Textual's names of keys, and how a person writes them."""

_KNOWN = {key.value for key in Keys if re.fullmatch(r"[a-z]\w+", key.value)} | {
    name for name in _NAMES if re.fullmatch(r"\w+", name)
}
"""Keys that have a name, besides letters and digits."""

EVERY = "everywhere"
"""Where keys work of a class that has no `PLACE`."""


class KeyHelp(msgspec.Struct, frozen=True):
    """One key as a person reads it."""

    where: str
    """Where it works, in words."""
    id: str
    """Name of the binding in the configuration."""
    key: str
    """What to press."""
    does: str
    """What it does."""


def told(holders: Iterable[type[DOMNode]], remapped: Mapping[str, str]) -> list[KeyHelp]:
    """Return the keys of some classes in their order, as `remapped` (id → keys) has them."""
    found: dict[str, KeyHelp] = {}
    for holder in holders:
        for binding in holder.BINDINGS:
            if isinstance(binding, Binding) and binding.id and binding.tooltip:
                first = remapped.get(binding.id, binding.key).split(",")[0]
                key, where = _NAMES.get(first, first), _place(holder)
                found[binding.id] = KeyHelp(where, binding.id, key, binding.tooltip)
    return list(found.values())


def checked(holders: Iterable[type[DOMNode]], remapped: Mapping[str, str]) -> dict[str, str]:
    """Return the keys of a configuration as Textual names them, id → keys.

    Raises UnknownName for a binding that isn't there, and UsageError for a key that no terminal sends or that something
    else in the same place has.
    """
    every = [one for holder in holders for one in holder.BINDINGS if isinstance(one, Binding) and one.id]
    places = {one.id: holder for holder in holders for one in holder.BINDINGS if isinstance(one, Binding)}
    named: dict[str, str] = {}
    for name, keys in remapped.items():
        if name not in places:
            raise UnknownName("key binding", name, [str(one.id) for one in every])
        named[name] = ",".join(_named(key.strip(), name) for key in keys.split(","))
    taken: dict[tuple[str, str], str] = {}
    for binding in every:
        for key in named.get(str(binding.id), binding.key).split(","):
            other = taken.setdefault((_place(places[binding.id]), key), str(binding.id))
            if other != binding.id and {other, binding.id} & set(named):
                raise UsageError(f"The configuration gives {_NAMES.get(key, key)!r} to {binding.id} and to {other}.")
    return named


def _place(holder: type[DOMNode]) -> str:
    return str(getattr(holder, "PLACE", EVERY))


def _named(key: str, binding: str) -> str:
    """Return a key as Textual names it."""
    sign = next((name for name, sign in _NAMES.items() if sign == key), key)
    last = sign.rpartition("+")[2]
    if re.fullmatch(r"((ctrl|shift|alt)\+)*[\w]+", sign) and (len(last) == 1 or last in _KNOWN):
        return sign
    raise UnknownName(f"key, to be given to {binding},", key, sorted(_KNOWN))
