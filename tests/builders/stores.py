"""Stores in a known state, filled by the fake engine: what a screen or a report shows depends on them alone."""

import math
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist

import msgspec

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.engine.fakes.fake_engine import FakeTrainer
from lossterm.losses import loss_recorded, place_of
from lossterm.metrics import CONSTANT
from lossterm.store import LEVELS, Anatomy, Chunk, Store, TrialScores
from tests.builders.ending import finish

SESSION = "prepared"
DEVICE = "auto"
FAKE = (sys.executable, "-P", "-m", "lossterm.engine.fakes.fake_engine")
"""A worker with the fake engine."""

Scored = Callable[[Trial, str], float]
"""`(trial, metric) -> score` on every split."""

LOSSES = ("binary_crossentropy", "hinge", "squared_hinge")
FAIR = Comparison.ask("circles", learning_rates=[0.003, 0.01, 0.03], epochs=20, seeds=4)
"""Three losses at three rates: 36 trials."""
TUTORIAL = Comparison.ask("circles", protocol="tutorial", epochs=20, seeds=4)
"""Three losses at one rate: 12 trials."""


def undecided(trial: Trial, metric: str) -> float:
    """Score the first two so close that seven more seeds would settle it; by balanced accuracy in the other order."""
    place = LOSSES.index(trial.loss)
    if metric == "balanced_accuracy":
        return 0.5 + 0.1 * place + 0.001 * (1 + place) * (trial.seed % 2)
    luck = (0.0028, -0.0014)[trial.seed % 2]
    return (0.9, 0.9 - luck, 0.6 + luck)[place] - 0.05 * abs(math.log10(trial.learning_rate / 0.01))


def settled(trial: Trial, metric: str) -> float:
    """Score the losses far apart, in the catalogue's order."""
    place = LOSSES.index(trial.loss)
    return 0.9 - 0.1 * place + 0.001 * (1 + place) * (trial.seed % 2)


def equal(trial: Trial, metric: str) -> float:
    """Score the losses so close that it does not matter."""
    return 0.9 + 0.0001 * LOSSES.index(trial.loss) * (trial.seed % 2)


def measured(trial: Trial) -> Anatomy:
    """Return residuals about 0 or margins about 1, wider and with more of the gradient for losses further down."""
    value = loss_recorded(trial.loss).reading == "value"
    place = place_of(trial.loss) % 10
    rows = NormalDist(0 if value else 1, 0.3 + 0.2 * place + 0.02 * trial.seed)
    quantiles = tuple(round(rows.inv_cdf(min(max(level, 5e-4), 1 - 5e-4)), 4) for level in LEVELS)
    return Anatomy(of="residual" if value else "margin", quantiles=quantiles, share=0.04 + 0.03 * place)


def fill(
    path: Path,
    comparison: Comparison,
    *,
    session: str = SESSION,
    trials: int | None = None,
    running: bool = False,
    scored: Scored | None = None,
    diverged: Callable[[Trial], bool] | None = None,
    anatomy: Callable[[Trial], Anatomy | None] | None = None,
) -> None:
    """Ask for a comparison and end its first `trials` trials (default: all); leave the next half way if `running`.

    Scores are the fake's own unless `scored` gives others; trials that `diverged` picks end in NaN; what the models do
    on their training rows is known where `anatomy` says it.
    """
    engine = FakeTrainer()
    with Store(path) as store:
        store.requests.ask(session, comparison)
        ended = 0
        while (trials is None or ended < trials) and (row := store.worker.claim(DEVICE)):
            trial = row.trial
            if diverged and diverged(trial):
                trial = msgspec.structs.replace(trial, learning_rate=1e6)
            result = engine.train(trial, row.id, store.worker.record)
            scores = _rescored(result.scores, trial, scored) if scored and result.scores else result.scores
            known = anatomy(trial) if anatomy and result.scores else None
            finish(store, row.id, result, scores=scores, anatomy=known)
            ended += 1
        if running and (row := store.worker.claim(DEVICE)):
            result = engine.train(row.trial, row.id, store.worker.record)
            assert result.chunk is not None
            half = result.chunk.epochs // 2
            size = len(result.chunk.data) // result.chunk.epochs
            store.worker.record(Chunk(trial=row.id, start=0, epochs=half, data=result.chunk.data[: half * size]))


def _rescored(scores: TrialScores, trial: Trial, scored: Scored) -> TrialScores:
    """Replace all scores but those of the constant prediction."""
    return {
        metric: {split: before if split == CONSTANT else scored(trial, metric) for split, before in splits.items()}
        if splits
        else None
        for metric, splits in scores.items()
    }
