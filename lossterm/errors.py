"""The known errors: failures that are shown as a sentence instead of a traceback.

LosstermError                1   the root; never raised itself
├── UsageError               2   a request that cannot be carried out
│   ├── UnknownName              a task, loss, session, … that does not exist; near misses are suggested
│   ├── OutOfRange               a setting outside its range
│   └── DoesNotFit               a loss, metric or protocol on a task that it is not for
├── DataError                3   a file that cannot be used
│   ├── ForeignFormat        2       … since it is in a format that is not read
│   ├── StoreError               … and it is the store
│   │   └── StoreReplaced            another file lies where the store lay when it was opened
│   └── Unnamed                  code that a store names, but that nobody named on this machine
├── WorkerError              1   the worker could not be started, or keeps dying
└── BenchmarkError           1   the benchmark did not finish

The number is the exit code. Every message says what, where, and what to do.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from difflib import SequenceMatcher


class LosstermError(Exception):
    """A known failure: its text is a sentence for the person at the terminal."""

    exit_code = 1


class UsageError(LosstermError):
    """A request that cannot be carried out; a different one would help."""

    exit_code = 2


LIKE, ABOUT_AS_CLOSE = 0.5, 0.1
"""How much of a name must be as it was typed to be suggested, and by how much less than of the closest one."""


class UnknownName(UsageError):
    """A name that does not exist; the message suggests near misses, or else lists all names."""

    def __init__(
        self,
        what: str,
        name: str,
        known: Iterable[str],
        also: Mapping[str, str] | None = None,
        advice: str | None = None,
    ) -> None:
        """Suggest names from `known`, and from the aliases in `also`, which maps each to a known name.

        `advice` is what else to say, which comes before a list of all names; "" for that list beside suggestions.
        """
        import difflib  # only a mistyped name needs it

        names, also = list(known), also or {}
        close = _closest(difflib.SequenceMatcher(None, b=name.lower().replace("-", "_")), [*names, *also])
        near = [] if advice else list(dict.fromkeys(also.get(one, one) for one in close))[:2]
        every = f"Known: {', '.join(names)}." if names else "There are none yet."
        hint = f"Did you mean {' or '.join(near)}?" if near else advice or ""
        if not near or (advice is not None and set(names) - set(near)):
            hint = f"{hint} {every}".strip()
        super().__init__(f"There is no {what} {name!r}. {hint}")
        self.what, self.name, self.near = what, name, near


def _closest(typed: "SequenceMatcher[str]", names: Iterable[str]) -> list[str]:
    """Return what is about as close to what was typed as the closest name, the closest first."""
    ratios = {}
    for name in names:
        typed.set_seq1(name)
        ratios[name] = typed.ratio()
    closest = max(ratios.values(), default=0.0)
    near = [name for name, ratio in ratios.items() if ratio >= max(LIKE, closest - ABOUT_AS_CLOSE)]
    return sorted(near, key=lambda name: -ratios[name])


class OutOfRange(UsageError):
    """A setting outside its range."""

    def __init__(self, setting: str, value: object, allowed: str) -> None:
        super().__init__(f"{setting} is {value}, but must be {allowed}.")


class DoesNotFit(UsageError):
    """A loss, metric or protocol for a task that it is not for."""


class DataError(LosstermError):
    """A file that cannot be used."""

    exit_code = 3


class ForeignFormat(DataError):
    """A file in a format that is not read; the message names it, and how to write another."""

    exit_code = 2


class StoreError(DataError):
    """The store cannot be opened, read or written; nothing in it was changed."""


class StoreReplaced(StoreError):
    """Another file, or an older state of the store, lies where the store lay when it was opened."""


class Unnamed(DataError):
    """Code that a store names, but that nobody named on this machine, at least so far."""


class WorkerError(LosstermError):
    """The worker could not be started or went away without finishing."""


class BenchmarkError(LosstermError):
    """The benchmark did not finish."""
