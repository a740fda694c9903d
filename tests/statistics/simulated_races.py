"""Races drawn at random: scores of every loss at every rate with every seed, of which a race uses what it asks for."""

import math

import msgspec
import numpy as np

from lossterm.statistics.equivalence import Rope
from lossterm.statistics.racing import Entrant, Race, Rules, race
from lossterm.statistics.ranking import Place, places
from lossterm.statistics.verdict_levels import FINAL

RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
SEEDS = 30


class Truth(msgspec.Struct, frozen=True):
    """What is true of the losses of a table, in standard deviations of a score over seeds at one rate."""

    means: tuple[float, ...]
    """Each loss's mean at its best rate."""
    curvature: float = 2.0
    """How much worse a loss is a rate away from its best one."""
    noise: float = 1.0
    """Standard deviation of a score."""
    rope: float = 0.3
    """What matters to no one."""


class Raced(msgspec.Struct, frozen=True):
    """A race, and what the fixed design of every seed at every rate calls the same losses."""

    race: Race
    share: float
    """Trainings that the race used, as a share of those of the fixed design."""
    places: dict[str, Place]
    """The places by the race."""
    fixed: dict[str, Place]
    """The places by the fixed design."""

    def worse(self, loss: int) -> bool:
        """Whether the race calls a loss worse."""
        return self.places[str(loss)].verdict == "worse"

    @property
    def same(self) -> float:
        """The share of losses that race and fixed design call the same."""
        same = [self.places[loss].verdict == self.fixed[loss].verdict for loss in self.fixed]
        return sum(same) / len(same)

    @property
    def opposite(self) -> bool:
        """Whether one of the two calls a loss worse that the other calls equal."""
        return any({self.places[loss].verdict, self.fixed[loss].verdict} == {"equal", "worse"} for loss in self.fixed)


def drawn(truth: Truth, rng: np.random.Generator, cap: int = SEEDS) -> tuple[np.ndarray, np.ndarray]:
    """Return validation and test scores (losses, rates, seeds); the two share half of the variance of a training."""
    losses = len(truth.means)
    best = rng.uniform(1, 3, losses)
    effects = -truth.curvature * (np.arange(len(RATES)) - best[:, None]) ** 2
    means = np.array(truth.means)[:, None] + effects - effects.max(axis=1, keepdims=True)
    shape = (losses, len(RATES), cap)
    shared = rng.normal(size=cap) + rng.normal(size=shape) * math.sqrt(0.5)
    validation, test = (
        means[..., None] + truth.noise * (shared + rng.normal(size=shape) * math.sqrt(0.5)) for _ in range(2)
    )
    return validation, test


def entrants(
    validation: np.ndarray, test: np.ndarray, seeds: int | None = None, *, rope: float = 0.3
) -> dict[str, Entrant]:
    """Return what is known of each loss once all has ended, or the first `seeds` have."""
    known = range(validation.shape[2] if seeds is None else seeds)

    def by_rate(scores: np.ndarray) -> dict[float, dict[int, float | None]]:
        return {rate: dict(enumerate(scores[place, : len(known)].tolist())) for place, rate in enumerate(RATES)}

    return {
        str(loss): Entrant(
            ended=dict.fromkeys(RATES, known),
            validation=by_rate(validation[loss]),
            test=by_rate(test[loss]),
            metric="score",
            direction="max",
            rope=Rope(size=rope),
        )
        for loss in range(len(validation))
    }


def rules(rope: float = 0.3, cap: int = SEEDS, *, widens: bool = False) -> Rules:
    return Rules(cap=cap, rates=RATES, widens=widens, direction="max", rope=Rope(size=rope))


def judged_by(raced: Race, known: dict[str, Entrant], rope: float) -> dict[str, Place]:
    """Return the places that the last look gives, as reports ask for them."""
    scores = {}
    for loss, entrant in known.items():
        seeds = range(raced.judged[loss])
        means = {rate: np.mean([entrant.validation[rate][seed] for seed in seeds]) for rate in raced.rates[loss]}
        of_best = entrant.test[max(means, key=lambda rate: means[rate])]
        scores[loss] = [of_best[seed] if seed in seeds else None for seed in range(raced.cap)]
    return places(scores, direction="max", rope=Rope(size=rope), levels=raced.levels, stopped=raced.stopped)


def used(raced: Race) -> int:
    """Count the trainings of a race that widened nothing."""
    count, before = 0, 0
    left: dict[str, tuple[float, ...]] = dict.fromkeys(raced.rates, RATES)
    running = tuple(raced.rates)
    for stage in raced.stages:
        count += sum(len(left[loss]) * (stage.seeds - before) for loss in running)
        left |= {loss: tuple(rate for rate in left[loss] if rate not in gone) for loss, gone in stage.dropped.items()}
        running, before = stage.running, stage.seeds
    return count


def simulated(truth: Truth, rng: np.random.Generator) -> Raced:
    """Draw a table, race it, and judge the whole of it too."""
    validation, test = drawn(truth, rng)
    known = entrants(validation, test, rope=truth.rope)
    raced = race(known, rules(truth.rope))
    chosen = test[np.arange(len(test)), validation.mean(axis=2).argmax(axis=1)]
    fixed = {str(loss): scores.tolist() for loss, scores in enumerate(chosen)}
    return Raced(
        race=raced,
        share=used(raced) / validation.size,
        places=judged_by(raced, known, truth.rope),
        fixed=places(fixed, direction="max", rope=Rope(size=truth.rope), levels=FINAL),
    )
