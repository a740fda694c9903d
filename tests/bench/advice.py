"""Whether the advised losses win: `lossterm advise` on shipped tasks, drawn tables and the example, and the comparison.

    python -m tests.bench.advice [--only counts,scores] [--seeds 4] [--epochs 60] [--home DIR] [--fake]

Each table is drawn from what its name says: whole prices, counts, scores, ratings, rows with gross errors, a code that
stands for missing targets, no signal. On each the advised losses are compared with the usual ones and with all that any
advice names, by few seeds at tuned rates. An advice wins where the best of its losses is best or equal to the best, and
holds where that is open too. Where the reference alone is advised, that is judged. The metric is the advised one, and
beside it the task's own, so that no advice is judged by its metric alone; by that the best advised loss has a rank.

With `--home` trainings are kept, so that another version's advice is judged by the same ones.
"""

import argparse
import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from lossterm.tasks import TASKS
from tests.bench.headless import Home, timed

EXAMPLE = Path(__file__).parents[2] / "examples" / "apartments.csv"
ALSO = {
    "regression": ("mae", "huber", "cauchy", "log1p_mse", "poisson", "tweedie"),
    "binary": ("binary_gce",),
    "multiclass": ("gce", "sce"),
}
"""What is compared beside the usual losses, where it fits."""

WON, HELD = ("best", "equal"), ("best", "equal", "open")
ROWS = 600

Draw = Callable[[np.random.Generator], "tuple[np.ndarray, np.ndarray]"]


def main() -> None:
    """Advise, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="names of tasks and tables with commas between (default: all)")
    parser.add_argument("--seeds", type=int, default=4, help="of each comparison (default 4)")
    parser.add_argument("--epochs", type=int, default=60, help="of each training (default 60)")
    parser.add_argument("--home", type=Path, help="where trainings are kept")
    parser.add_argument("--fake", action="store_true", help="with a worker that pretends to train, to try this out")
    given = parser.parse_args()
    names = given.only.split(",") if given.only else [*TASKS, "apartments", *DRAWN]
    print(f"{'':16}{'advised':28}{'by':20}{'best':30}{'verdict':10}{'own metric':12}rank")
    verdicts: list[tuple[str, str]] = []
    ranks: list[int] = []
    with nullcontext(given.home) if given.home else Home(fake=given.fake) as home:
        home.mkdir(mode=0o700, exist_ok=True)
        for name in names:
            *both, rank = judged(home, name, given.seeds, given.epochs)
            verdicts.append((both[0], both[1]))
            ranks.append(rank)
    for what, words in (("won", WON), ("held", HELD)):
        advised, own = (sum(each[place] in words for each in verdicts) for place in (0, 1))
        print(f"{what:16}{advised} of {len(verdicts)}, by the own metric {own}")
    print(f"{'mean rank':16}{sum(ranks) / len(ranks):.2f}")


def judged(home: Path, name: str, seeds: int, epochs: int) -> tuple[str, str, int]:
    """Return the best verdict of the advised losses by the advised metric, and by the task's own, with the rank."""
    subject = _subject(home, name)
    advice = json.loads(timed(home, ["advise", *subject, "--format", "json"], quiet=False)[1])
    fitting = [loss for loss in ALSO[advice["kind"]] if loss not in {loss for loss, _ in advice["hidden"]}]
    losses = dict.fromkeys(["usual", *fitting, *advice["losses"]])
    words = [*subject, *(word for loss in losses for word in ("--loss", loss))]
    words += ["--seeds", str(seeds), "--epochs", str(epochs), "--format", "json"]
    own, advised = (
        json.loads(timed(home, ["run", *words, "--session", f"{name} {metric}", *metric], may_fail=True)[1])
        for metric in ([], ["--metric", advice["metric"]])
    )
    wanted = [loss for loss in advice["losses"] if loss != advice["reference"]] or [advice["reference"]]
    first, second = (_verdict(document, wanted) for document in (advised, own))
    best = advised["standings"][0]["loss"]
    places = [standing["loss"] for standing in own["standings"]]
    rank = 1 + min(places.index(loss) for loss in wanted)
    line = f"{name:16}{', '.join(wanted):28}{advice['metric']:20}{best:30}{first:10}{second:12}"
    print(f"{line}{rank} of {len(places)}", flush=True)
    return first, second, rank


def _verdict(document: dict[str, Any], losses: list[str]) -> str:
    """Return the best verdict of these losses."""
    verdicts = {standing["verdict"] for standing in document["standings"] if standing["loss"] in losses}
    return next((verdict for verdict in HELD if verdict in verdicts), "worse")


def _subject(home: Path, name: str) -> list[str]:
    """Return the words for a task, or for a table that is written where it is not yet."""
    if name in TASKS:
        return ["--task", name]
    if name == "apartments":
        return ["--data", str(EXAMPLE), "--target", "price"]
    path = home / f"{name}.csv"
    if not path.exists():
        x, y = DRAWN[name](np.random.default_rng(0))
        head = ",".join([*(f"x{place}" for place in range(x.shape[1])), "y"])
        np.savetxt(path, np.column_stack([x, y]), delimiter=",", fmt="%.5g", header=head, comments="")
    return ["--data", str(path), "--target", "y"]


# Tables


def _features(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return features (ROWS, 4) and a bent function of them with mean 0 and standard deviation 1."""
    x = rng.normal(size=(ROWS, 4))
    bent = x[:, 0] + 0.7 * np.sin(2 * x[:, 1]) + 0.5 * x[:, 2] ** 2
    return x, (bent - bent.mean()) / bent.std()


def _whole_prices(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, mean = _features(rng)
    return x, np.round(80_000 * np.exp(0.5 * mean + 0.2 * rng.normal(size=ROWS)), -2)


def _whole_weights(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, mean = _features(rng)
    return x, np.round(3000 + 400 * mean + 150 * rng.normal(size=ROWS))


def _small_counts(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, mean = _features(rng)
    return x, rng.poisson(np.exp(0.8 * mean)).astype(float)


def _spread_counts(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, mean = _features(rng)
    return x, rng.poisson(np.exp(1.5 + 0.6 * mean) * rng.gamma(3, 1 / 3, ROWS)).astype(float)


def _scores(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, mean = _features(rng)
    return x, np.clip(np.round(66 + 12 * mean + 7 * rng.normal(size=ROWS)), 0, 100)


def _ratings(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, mean = _features(rng)
    return x, np.clip(np.round(3 + 0.9 * mean + 0.6 * rng.normal(size=ROWS)), 1, 5)


def _marks(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, mean = _features(rng)
    return x, np.clip(np.round(7 + 2 * mean + rng.normal(size=ROWS)), 0, 15)


def _gross_errors(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, mean = _features(rng)
    y = 20 + 3 * mean + 0.5 * rng.normal(size=ROWS)
    return x, np.where(rng.random(ROWS) < 0.05, 10 * y, y)


def _heavy_tails(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, mean = _features(rng)
    return x, 3 * mean + 0.5 * rng.standard_t(2, ROWS)


def _durations(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, mean = _features(rng)
    return x, np.exp(1 + mean + 0.4 * rng.normal(size=ROWS))


def _code(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, mean = _features(rng)
    return x, np.where(rng.random(ROWS) < 0.2, -999, 8 + 2 * mean + 0.5 * rng.normal(size=ROWS))


def _no_signal(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=(ROWS, 4)), 5 + 2 * rng.normal(size=ROWS)


def _majority(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=(ROWS, 4)), (rng.random(ROWS) < 0.06).astype(float)


def _coin(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=(ROWS, 4)), (rng.random(ROWS) < 0.5).astype(float)


def _overlap(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    y = rng.integers(0, 2, ROWS)
    return rng.normal(size=(ROWS, 4)) + 0.8 * y[:, None], y.astype(float)


def _wrong_labels(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, mean = _features(rng)
    return x, ((mean > 0) ^ (rng.random(ROWS) < 0.25)).astype(float)


DRAWN: dict[str, Draw] = {
    "whole prices": _whole_prices,
    "whole weights": _whole_weights,
    "small counts": _small_counts,
    "spread counts": _spread_counts,
    "scores": _scores,
    "ratings": _ratings,
    "marks": _marks,
    "gross errors": _gross_errors,
    "heavy tails": _heavy_tails,
    "durations": _durations,
    "code": _code,
    "no signal": _no_signal,
    "majority": _majority,
    "coin": _coin,
    "overlap": _overlap,
    "wrong labels": _wrong_labels,
}

if __name__ == "__main__":
    main()
