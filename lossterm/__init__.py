"""lossterm: which loss function should train this network on this data, and how sure are we?

>>> import lossterm
>>> result = lossterm.compare((X, y), losses=["mse", "huber:delta=0.5"], seeds=10)
>>> result.verdict
"""

TYPE_CHECKING = False  # type checkers take this name for true; importing typing for it costs more than all of this
if TYPE_CHECKING:
    from lossterm.api import (
        DataError,
        DoesNotFit,
        LosstermError,
        OutOfRange,
        Result,
        StoreError,
        SweepResult,
        UnknownName,
        UsageError,
        WorkerError,
        compare,
        explain,
        result,
        sessions,
        stress,
    )

__version__ = "0.1.0"

__all__ = [
    "DataError",
    "DoesNotFit",
    "LosstermError",
    "OutOfRange",
    "Result",
    "StoreError",
    "SweepResult",
    "UnknownName",
    "UsageError",
    "WorkerError",
    "__version__",
    "compare",
    "explain",
    "result",
    "sessions",
    "stress",
]


def __getattr__(name: str) -> object:
    """Load the Python front end when something of it is asked for: the command line and the app do without."""
    if name not in __all__:
        raise AttributeError(f"module 'lossterm' has no attribute {name!r}")
    from lossterm import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return __all__
