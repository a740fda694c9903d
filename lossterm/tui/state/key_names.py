"""Names of keys: every text that names a key asks here, since a configuration can change each."""

import re
from collections.abc import Iterable, Iterator, Mapping

from textual.binding import Binding
from textual.dom import DOMNode

NAMES = {
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "full_stop": ".",
    "comma": ",",
    "escape": "esc",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "shift+left": "shift+←",
    "shift+right": "shift+→",
}
"""Textual's names of keys, and how a person writes them."""

_PLACE = re.compile(r"\{([\w.]+)\}")


class KeyNames:
    """Maps the id of a binding to its key, as a person writes it; the configuration takes precedence."""

    def __init__(self, holders: Iterable[type[DOMNode]], remapped: Mapping[str, str]) -> None:
        """`holders` are the classes whose bindings are named; `remapped` is id → keys, as a configuration has it."""
        self.remapped = remapped
        self._own = {str(one.id): one.key for one in bindings(holders)}

    def of(self, *holders: type[DOMNode]) -> "KeyNames":
        """Return these with the bindings of more classes: a dialog is not loaded before it is opened."""
        also = KeyNames(holders, self.remapped)
        also._own = self._own | also._own
        return also

    def __getitem__(self, binding: str) -> str:
        """Return the first key of a binding. Raises KeyError for one that isn't there."""
        return written(self.remapped.get(binding, self._own[binding]).split(",")[0].strip())

    def fill_in(self, text: str) -> str:
        """Replace each binding id in braces by its key: `{main.run} trains` becomes `r trains`."""
        return _PLACE.sub(lambda place: self[place[1]], text)

    def span(self, *bindings: str) -> str:
        """Write the keys of several bindings as one: `1–5` where each is the next of the one before, else the first."""
        keys = [self[binding] for binding in bindings]
        numbered = [re.fullmatch(r"(\D*)(\d+)", key) for key in keys]
        parts = [(one[1], int(one[2])) for one in numbered if one]
        stem, start = parts[0] if parts else ("", 0)
        if len(keys) > 1 and parts == [(stem, start + place) for place in range(len(keys))]:
            return f"{keys[0]}–{keys[-1]}"
        return keys[0]


def written(key: str) -> str:
    """Return one of Textual's names of keys as a person writes it."""
    held, plus, last = key.rpartition("+")
    return f"{held}{plus}{NAMES.get(last, last)}" if held else NAMES.get(key, key)


def bindings(holders: Iterable[type[DOMNode]]) -> Iterator[Binding]:
    """Yield the bindings of some classes that have a name in the configuration."""
    for holder in holders:
        yield from (one for one in holder.BINDINGS if isinstance(one, Binding) and one.id)
