"""The Python front end: what `import lossterm` offers to notebooks and scripts. It never imports TensorFlow, but for
`Result.best_model`.
"""

from lossterm.api.comparing import compare
from lossterm.api.comparison_result import Result
from lossterm.api.explaining import explain
from lossterm.api.stored import result, sessions
from lossterm.api.stressing import SweepResult, stress
from lossterm.errors import (
    DataError,
    DoesNotFit,
    LosstermError,
    OutOfRange,
    StoreError,
    UnknownName,
    UsageError,
    WorkerError,
)

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
    "compare",
    "explain",
    "result",
    "sessions",
    "stress",
]
