"""What the verdicts of a table cost: 20 losses with 30 seeds, in plain Python.

    python -m tests.bench.verdicts [--losses 20] [--seeds 30]

A live table is judged again with every training that ends, so that 50 ms would be felt.
"""

import argparse
import statistics
import time

import numpy as np

from lossterm.statistics.equivalence import Rope
from lossterm.statistics.ranking import places


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--losses", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=30)
    given = parser.parse_args()
    first, later = measured(given.losses, given.seeds)
    print(f"{given.losses} losses × {given.seeds} seeds: {first:.1f} ms the first time, {later:.1f} ms from then on")


def measured(losses: int, seeds: int) -> tuple[float, float]:
    """Return milliseconds for the first table, whose quantiles are computed, and the median of later ones."""
    rng = np.random.default_rng(0)
    took = []
    for _ in range(21):
        scores = dict(enumerate(rng.normal(size=(losses, seeds)).tolist()))
        start = time.perf_counter()
        places({str(key): values for key, values in scores.items()}, direction="max", rope=Rope(size=0.3))
        took.append(1000 * (time.perf_counter() - start))
    return took[0], statistics.median(took[1:])


if __name__ == "__main__":
    main()
