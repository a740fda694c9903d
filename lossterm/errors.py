"""The known errors: failures that are shown as a sentence instead of a traceback.

LosstermError                1   the root; never raised itself
├── UsageError               2   a request that cannot be carried out
│   ├── UnknownName              a task, loss, session, … that does not exist; near misses are suggested
│   ├── OutOfRange               a setting outside its range
│   └── DoesNotFit               a loss, metric or protocol on a task that it is not for
├── DataError                3   a file that cannot be used
│   ├── StoreError               … and it is the store
│   │   └── StoreReplaced            another file lies where the store lay when it was opened
│   └── Unnamed                  code that a store names, but that nobody named on this machine
├── WorkerError              1   the worker could not be started, or keeps dying
└── BenchmarkError           1   the benchmark did not finish

The number is the exit code. Every message says what, where, and what to do.
"""

from collections.abc import Iterable, Mapping


class LosstermError(Exception):
    """A known failure: its text is a sentence for the person at the terminal."""

    exit_code = 1


class UsageError(LosstermError):
    """A request that cannot be carried out; a different one would help."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that does not exist; the message suggests near misses, or else lists all names."""

    def __init__(self, what: str, name: str, known: Iterable[str], also: Mapping[str, str] | None = None) -> None:
        """Suggest names from `known`, and from the aliases in `also`, which maps each to a known name."""
        import difflib  # only a mistyped name needs it

        names, also = list(known), also or {}
        close = difflib.get_close_matches(name.lower().replace("-", "_"), [*names, *also], n=3, cutoff=0.5)
        near = list(dict.fromkeys(also.get(one, one) for one in close))[:2]
        if near:
            hint = f"Did you mean {' or '.join(near)}?"
        elif names:
            hint = f"Known: {', '.join(names)}."
        else:
            hint = "There are none yet."
        super().__init__(f"There is no {what} {name!r}. {hint}")
        self.what, self.name, self.near = what, name, near


class OutOfRange(UsageError):
    """A setting outside its range."""

    def __init__(self, setting: str, value: object, allowed: str) -> None:
        super().__init__(f"{setting} is {value}, but must be {allowed}.")


class DoesNotFit(UsageError):
    """A loss, metric or protocol for a task that it is not for."""


class DataError(LosstermError):
    """A file that cannot be used."""

    exit_code = 3


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
