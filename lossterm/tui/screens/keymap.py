"""Keys as a person reads and changes them: what the help tells of all of them, and what a configuration may say."""

import re
from collections.abc import Iterable, Mapping

import msgspec
from textual.dom import DOMNode
from textual.keys import Keys

from lossterm.errors import UnknownName, UsageError
from lossterm.tui.state.key_names import NAMES, KeyNames, bindings, written

_KNOWN = {key.value for key in Keys if re.fullmatch(r"[a-z]\w+", key.value)} | {
    name for name in NAMES if re.fullmatch(r"\w+", name)
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
    holders = tuple(holders)
    names = KeyNames(holders, remapped)
    return [
        KeyHelp(_place(holder), str(binding.id), names[str(binding.id)], binding.tooltip)
        for holder in holders
        for binding in bindings([holder])
        if binding.tooltip
    ]


def checked(holders: Iterable[type[DOMNode]], remapped: Mapping[str, str]) -> dict[str, str]:
    """Return the keys of a configuration as Textual names them, id → keys.

    Raises UnknownName for a binding that isn't there, and UsageError for a key that no terminal sends or that something
    else in the same place has.
    """
    every = list(bindings(holders))
    places = {one.id: holder for holder in holders for one in bindings([holder])}
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
                raise UsageError(f"The configuration gives {written(key)!r} to {binding.id} and to {other}.")
    return named


def _place(holder: type[DOMNode]) -> str:
    return str(getattr(holder, "PLACE", EVERY))


def _named(key: str, binding: str) -> str:
    """Return a key as Textual names it."""
    sign = next((name for name, sign in NAMES.items() if sign == key), key)
    last = sign.rpartition("+")[2]
    if re.fullmatch(r"((ctrl|shift|alt)\+)*[\w]+", sign) and (len(last) == 1 or last in _KNOWN):
        return sign
    raise UnknownName(f"key, to be given to {binding},", key, sorted(_KNOWN))
