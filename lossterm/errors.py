"""What can go wrong in a way that the program knows about.

LosstermError                1   the root; never raised itself
├── UsageError               2   what was asked for cannot be done
│   ├── UnknownName              a task, loss, session, … that isn't there; near misses are suggested
│   ├── OutOfRange               a number that makes no sense
│   └── DoesNotFit               a loss, metric or protocol on a task that it is not for
├── DataError                3   a file that cannot be used
│   ├── StoreError               … and it is the store
│   │   └── StoreReplaced            another file lies where the store lay when it was opened
│   └── Unnamed                  code that a store names, and that no person named on this machine
├── WorkerError              1   the worker could not be started, or keeps dying
└── BenchmarkError           1   the benchmark did not finish

The number is the exit code. Every message says what, where, and what to do.
"""

from collections.abc import Iterable, Mapping


class LosstermError(Exception):
    """A known failure: its text is a sentence for the person at the terminal."""

    exit_code = 1


class UsageError(LosstermError):
    """What was asked for cannot be done, and asking differently would help."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that no catalogue holds; says which names are near and which there are."""

    def __init__(self, what: str, name: str, known: Iterable[str], also: Mapping[str, str] | None = None) -> None:
        """Suggest out of `known`, and out of the other names in `also`, each standing for a known one."""
        import difflib  # nobody waits for it but who mistyped

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
    """A setting outside the range in which it means something."""

    def __init__(self, setting: str, value: object, allowed: str) -> None:
        super().__init__(f"{setting} is {value}, but must be {allowed}.")


class DoesNotFit(UsageError):
    """A loss, metric or protocol asked for on a task that it is not for."""


class DataError(LosstermError):
    """A file that cannot be used as it is."""

    exit_code = 3


class StoreError(DataError):
    """The store cannot be opened, read or written; nothing in it was changed."""


class StoreReplaced(StoreError):
    """Another file, or an older state of the store, lies where the store lay when it was opened."""


class Unnamed(DataError):
    """Code that a store names, and that no person named on this machine; at any moment one may."""


class WorkerError(LosstermError):
    """The worker could not be started or went away without finishing."""


class BenchmarkError(LosstermError):
    """The benchmark did not finish."""
