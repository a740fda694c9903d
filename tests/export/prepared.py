"""A session with some of everything, and what the store holds of it, read without the code under test."""

from pathlib import Path

import numpy as np

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.export import Contents, gather
from lossterm.store import Store, TrialRow
from tests.builders.stores import fill

SESSION = "=1+1 <b>@all & co</b> | `x`"
ERROR = '=HYPERLINK("http://x")\x1b[2J\r\n</details></td><script>alert(1)</script> \u202eback | `a` @everyone ![x](y)'

SHARED = Comparison.ask("circles", ("hinge",), learning_rates=[0.01], epochs=5, seeds=3)
"""Comparison 1: its three trials are also of comparison 2."""
TUNED = Comparison.ask("circles", learning_rates=[0.003, 0.01], epochs=5, seeds=3)
"""Comparison 2: 18 trials, three losses at two rates."""
PLAIN = Comparison.ask("regression", ("mse", "mae"), protocol="tutorial", seeds=2, epochs=4)
"""Comparison 3, on another task, without a validation split: 4 trials."""
WAITING = Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=1, epochs=2)
"""Comparison 4: one trial that is not begun."""
TRIALS = 18 + 4 + 1


def prepare(path: Path, session: str = SESSION) -> None:
    """Fill a store: trials that are done, diverged, half way, failed, cancelled and queued."""
    environment = {"tensorflow": "2.21.0", "device": "CPU", "cpu": "a <processor> & more"}
    with Store(path) as store:
        store.worker.report_worker("auto", 1, "ready", "", environment)
    fill(path, SHARED, session=session, trials=0)
    fill(
        path,
        TUNED,
        session=session,
        trials=14,
        running=True,
        diverged=lambda trial: trial.loss == "squared_hinge" and trial.seed == 1,
    )
    with Store(path) as store:
        row = store.worker.claim("auto")
        assert row is not None
        store.worker.finish(row.id, "failed", error=ERROR)
    fill(path, PLAIN, session=session, trials=2 + 3)  # the last two of comparison 2, and three of comparison 3
    with Store(path) as store:
        store.requests.cancel([3])
    fill(path, WAITING, session=session, trials=0)


def gathered(store: Store) -> Contents:
    return gather(store, SESSION)


def stored(store: Store) -> dict[int, tuple[TrialRow, tuple[str, ...], np.ndarray]]:
    """Return each trial's row, columns and curve, (epochs, columns) float32, by its number."""
    numbers = [asked.id for asked in store.reader.comparisons(SESSION)]
    by_number = {}
    for row in store.reader.trials(numbers):
        splits = protocol_named(row.trial.protocol).splits
        data = b"".join(chunk.data for chunk in store.reader.chunks(numbers)[0] if chunk.trial == row.id)
        columns = tuple(f"{split}_{what}" for split in splits for what in ("loss", "metric"))
        by_number[row.id] = row, columns, np.frombuffer(data, "<f4").reshape(-1, len(columns))
    return by_number
