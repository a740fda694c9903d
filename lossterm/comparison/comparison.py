"""What was asked for, and the trials it expands into."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal, Self

import msgspec

from lossterm.comparison.device import CARDS, DEVICES, spelt
from lossterm.comparison.hyperparameters import Hyperparameters
from lossterm.comparison.protocol import Protocol
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL, PROTOCOLS, protocol_for, protocols_for
from lossterm.comparison.setting import Range, Setting, settings_of
from lossterm.data import Data
from lossterm.errors import DoesNotFit, OutOfRange, UsageError
from lossterm.losses import USUAL, is_own, loss_named, losses_for, source_from
from lossterm.losses.keras_on_numbers import suited
from lossterm.metrics import PRIMARY, metric_for
from lossterm.statistics.race_levels import FIRST_LOOK, FIRST_STAGE, USUAL_CAP
from lossterm.stress_axes import Severity
from lossterm.tasks import Task, task_named, task_on
from lossterm.text.fingerprint import sha256

Status = Literal["queued", "running", "done", "diverged", "failed", "cancelled"]
"""Where a trial is; the last four are ends."""

DEFAULT_TASK = "circles"
DEFAULT_SEEDS = 10
DEFAULT_RATE = 0.01
RATES_TO_TUNE = (0.001, 0.003, 0.01, 0.03, 0.1)
TUNE = "tune"
"""What a person writes for RATES_TO_TUNE."""

ENGINE = 6
"""Raised whenever a change to the engine changes results, so that stored trials are not mistaken for new ones."""

MOST_SEEDS, MOST_RATES = 10_000, 100

MANY = 10_000
"""The most trials that a comparison may have before a person is asked to confirm it."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One training, fully determined: the same trial gives the same result."""

    task: str
    """Key of the task."""
    protocol: str
    """Key of the protocol."""
    loss: str
    """Key of the loss."""
    learning_rate: float
    """Step size of the optimizer."""
    seed: int
    """Fixes everything random."""
    hyperparameters: Hyperparameters
    """The rest."""
    device: str
    """As `device_from` reads it: devices differ in the last bits."""
    source: str = ""
    """Where the code of the loss is, or the package that it comes from; empty for lossterm's own losses."""
    data: Data | msgspec.UnsetType = msgspec.UNSET
    """The user table that the task is about; unset otherwise, so that it has no part in the key."""
    severity: Severity | msgspec.UnsetType = msgspec.UNSET
    """What was done to the data; unset for plain ones, whose trials a sweep shares with any other comparison."""

    @property
    def record(self) -> Task:
        """What it is trained on. Raises as `Comparison.record`."""
        return _record(self.task, self.data or None)

    @property
    def key(self) -> str:
        """Identity: two trials with the same key are the same training."""
        return sha256(b"%d %s" % (ENGINE, msgspec.json.encode(self)))[:32]

    @property
    def program(self) -> str:
        """Names what is compiled for it: all but rate, seed and length. Trials of one program share a compilation."""
        return f"{self.task}/{self.protocol}/{self.loss}/{self.hyperparameters.program}"


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One loss at one learning rate, for so many seeds."""

    loss: str
    """Key of the loss."""
    learning_rate: float
    """Step size of the optimizer."""
    seeds: int
    """Number of seeds; they are 0, 1, … ."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """One question put to the worker."""

    task: str
    """Key of the task."""
    protocol: Annotated[
        str,
        Setting(
            label="The protocol",
            help="How the comparison is made",
            part="comparison",
            words=tuple(PROTOCOLS),
            default=DEFAULT_PROTOCOL,
        ),
    ]
    """Key of the protocol."""
    losses: tuple[str, ...]
    """Keys of the losses, in the order asked for."""
    sources: tuple[tuple[str, str], ...] = ()
    """For each custom loss, its key and where its code is."""
    seeds: Annotated[
        int,
        Setting(
            label="The number of seeds",
            help="Trainings of each loss",
            field="seeds",
            part="comparison",
            range=Range(least=1, most=MOST_SEEDS),
            example=DEFAULT_SEEDS,
            unset=f"{DEFAULT_SEEDS}; at most {USUAL_CAP} in a race",
        ),
    ]
    """Number of seeds; they are 0, 1, … . Of a race, those that it has reached."""
    until: Annotated[
        str | None,
        Setting(
            label="The end",
            help="Race: stop what is worse early, go on until all is settled",
            noun="end of a race",
            part="comparison",
            words=("settled",),
            example="settled",
            unset="all seeds",
        ),
    ] = None
    """What a race goes on to; None where every seed is trained."""
    cap: Annotated[int, msgspec.Meta(ge=FIRST_LOOK, le=MOST_SEEDS)] | None = None
    """The seeds at which a race ends at the latest; None for no race."""
    learning_rates: tuple[float, ...]
    """The rates to train each loss at, ascending; of several, the best on validation is chosen for each loss."""
    design: tuple[Arm, ...] = ()
    """What is trained, where that is not every loss at each of the rates for all of the seeds."""
    hyperparameters: Hyperparameters
    """What all trials share."""
    metric: Annotated[
        str,
        Setting(
            label="The metric",
            help="What ranks and tunes, as `lossterm metrics` lists it",
            part="comparison",
            example="accuracy",
            unset="accuracy, or mae",
        ),
    ]
    """Key of the metric that ranks."""
    rope: Annotated[
        float | None,
        Setting(
            label="The ROPE",
            help="ROPE: the difference in the metric below which losses are equal",
            row="difference that matters to no one",
            part="comparison",
            range=Range(least=0),
            example=0.01,
            unset="what is usual for the metric",
            phrase=lambda rope: f"ROPE {rope:g}",
        ),
    ] = None
    """What matters to no one, in units of the metric; None for what is usual."""
    final: Annotated[
        bool,
        Setting(
            label="Finality",
            help="Declare the seeds final: one look at .05 instead of .03, then .02",
            row="no more seeds will follow",
            part="comparison",
            phrase=lambda final: "final" if final else "not final",
        ),
    ] = False
    """Whether the number of seeds was declared final, so that there is a single look at the verdicts."""
    device: Annotated[
        str,
        Setting(
            label="The device",
            help="Where to train",
            more=f"; {CARDS} names cards by number, auto takes for each network what is faster here",
            part="comparison",
            words=DEVICES,
            beside=CARDS,
            spelt=spelt,
        ),
    ] = DEVICES[0]
    """As `device_from` reads it."""
    data: Data | None = None
    """The user table that the task is about, if it is about one."""
    severity: Severity | None = None
    """What is done to the data: a level of a stress sweep. None for plain data."""
    refines: bool = False
    """Whether its sweep puts further levels around the points at which the best loss changes."""

    @property
    def record(self) -> Task:
        """What is trained on. Raises UnknownName for the task of a package that is no longer installed."""
        return _record(self.task, self.data)

    @classmethod
    def ask(
        cls,
        task: str | Data,
        losses: Sequence[str] = (USUAL,),
        *,
        own: Sequence[str] = (),
        protocol: str = DEFAULT_PROTOCOL,
        metric: str | None = None,
        rope: float | None = None,
        final: bool = False,
        until: str | None = None,
        seeds: int | None = None,
        learning_rates: Sequence[float] | None = None,
        device: str = DEVICES[0],
        **settings: object,
    ) -> Self:
        """Check every setting and fill in the task's and the protocol's defaults.

        `task` is a task's key, or a user table. `own` says where custom losses are, as `losses.source_from` reads it;
        they come after the others. `settings` are hyperparameters by their names in Hyperparameters, None for the
        default; `model` is FILE.py:NAME of a custom network. Until "settled", `seeds` are the most of a race, and the
        comparison is its beginning.
        Raises UnknownName, OutOfRange or DoesNotFit, each with a sentence that names the setting, and DataError for a
        file that cannot be used.
        """
        record = task_named(task) if isinstance(task, str) else task_on(task)
        of_comparison = {setting.name: setting for setting in settings_of(cls)}
        rules = protocol_for(protocol, record)
        hyperparameters = Hyperparameters.asked(
            settings, record, rules, also=(*of_comparison, "losses", "learning_rates")
        )
        hyperparameters.checked(record, rules)
        ranking = metric_for(metric or PRIMARY[record.kind], record.kind, rules.key, record.lowest)
        given = (suited(source_from(text), record.kind, record.key) for text in own)
        sources = {source.key: source.text for source in given}
        possible = [one.key for one in protocols_for(record)]
        named = losses_for(record.targets, tuple(losses), rules.key, possible) if losses or not own else ()
        if missing := [key for key in named if is_own(key) and key not in sources]:
            now = f" You gave {', '.join(sources)}: a file that was edited is another loss." if sources else ""
            raise UsageError(f"{missing[0]!r} is a custom loss: say where it is with --loss-file FILE.py:NAME.{now}")
        chosen = tuple(dict.fromkeys((*named, *sources)))
        if record.weights and (whole := [key for key in sources if loss_named(key).per == "batch"]):
            raise DoesNotFit(
                f"{whole[0]} is one number for a batch as a whole, and rows that weigh differently need one for each: "
                "leave out --sample-weight."
            )
        if not any(ranking.defined(loss_named(loss)) for loss in chosen):
            raise DoesNotFit(f"None of {', '.join(chosen)} has {ranking.key}: their outputs do not give it.")
        most = DEFAULT_SEEDS if seeds is None else of_comparison["seeds"].checked(of_comparison["seeds"].stored(seeds))
        cap = None
        if of_comparison["until"].checked(of_comparison["until"].stored(until)):
            cap = most = _cap(None if seeds is None else most, chosen, final=final)
        return cls(
            task=record.key,
            protocol=rules.key,
            losses=chosen,
            sources=tuple(sources.items()),
            seeds=most if cap is None else FIRST_STAGE,
            until=until,
            cap=cap,
            learning_rates=_rates(learning_rates, rules),
            hyperparameters=hyperparameters,
            metric=ranking.key,
            rope=of_comparison["rope"].checked(of_comparison["rope"].stored(rope)),
            final=of_comparison["final"].stored(final),
            device=of_comparison["device"].checked(device),
            data=None if isinstance(task, str) else task,
        )

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Every loss at every learning rate that it is trained at, and for how many seeds."""
        return self.design or tuple(
            Arm(loss=loss, learning_rate=rate, seeds=self.seeds) for rate in self.learning_rates for loss in self.losses
        )

    @property
    def rates_tried(self) -> tuple[float, ...]:
        """The learning rates that any loss is trained at, ascending."""
        return tuple(sorted({arm.learning_rate for arm in self.arms}))

    def rates_of(self, loss: str) -> dict[float, int]:
        """Return the learning rates that a loss is trained at, ascending, each with its number of seeds."""
        return dict(sorted((arm.learning_rate, arm.seeds) for arm in self.arms if arm.loss == loss))

    def trials(self) -> Iterator[Trial]:
        """Expand seed by seed, so that an unfinished table has all losses on an equal footing."""
        custom = dict(self.sources)
        sources = {loss: custom[loss] if loss in custom else loss_named(loss).origin for loss in self.losses}
        arms = self.arms
        for seed in range(self.seeds):
            for arm in arms:
                if seed < arm.seeds:
                    yield Trial(
                        task=self.task,
                        protocol=self.protocol,
                        loss=arm.loss,
                        learning_rate=arm.learning_rate,
                        seed=seed,
                        hyperparameters=self.hyperparameters,
                        device=self.device,
                        source=sources[arm.loss],
                        data=self.data or msgspec.UNSET,
                        severity=self.severity or msgspec.UNSET,
                    )

    @property
    def size(self) -> int:
        """How many trials it expands into."""
        return sum(arm.seeds for arm in self.arms)

    @property
    def most_seeds(self) -> int:
        """How many seeds it has, and a race may have."""
        return self.cap or self.seeds

    @property
    def size_at_most(self) -> int:
        """How many trials it expands into; of a race, how many there are if nothing stops before its end."""
        return self.size if self.cap is None else sum(len(self.rates_of(loss)) for loss in self.losses) * self.cap

    @property
    def size_in_words(self) -> str:
        """Say how many trials it has at most, and of what: `20,000 trials (10,000 seeds × 2 rates)`."""
        counts = {"losses": len(self.losses), "seeds": self.most_seeds, "rates": len(self.learning_rates)}
        trials = f"{'up to ' if self.cap else ''}{self.size_at_most:,} trials"
        if math.prod(counts.values()) != self.size_at_most:
            return trials
        return f"{trials} ({' × '.join(f'{count:,} {what}' for what, count in counts.items() if count > 1)})"

    def too_large(self, most: int | None = None) -> UsageError | None:
        """Return the refusal of a comparison of more trials than `most`, by default than MANY; None for a smaller one.

        It says what a script must say for them all to be trained.
        """
        if self.size_at_most <= (MANY if most is None else most):
            return None
        sentence = f"This comparison has {self.size_in_words}."
        if most is not None:
            return UsageError(f"{sentence} --max-trials allows {most:,}: ask for fewer, or allow more.")
        return UsageError(f"{sentence} If that is meant, say --max-trials {self.size_at_most}.")

    @property
    def judged_otherwise(self) -> tuple[Setting, ...]:
        """The settings by which scores are judged otherwise than usual."""
        return tuple(one for one in settings_of(type(self)) if one.row and one.is_set(getattr(self, one.name)))

    @property
    def tuned(self) -> bool:
        """Whether each loss's learning rate is chosen on validation."""
        return len(self.learning_rates) > 1

    def comparable(self, other: "Comparison") -> bool:
        """Whether the trials of both may share a table: all but losses, seeds and how they are judged is the same.

        A race shares none with what trains every seed, since it judges at levels of its own.
        """
        return self.table == other.table

    @property
    def table(self) -> "Comparison":
        """What it shares with those that it is comparable with, and with no others: fit to be the key of a dict."""
        counts = {"seeds": 1, "cap": None}
        judged = {"metric": "", "rope": None, "final": False, "refines": False}
        return msgspec.structs.replace(self, losses=(), sources=(), design=(), **judged, **counts)

    def joined(self, other: "Comparison") -> "Comparison":
        """Return the comparison that asks for all that both ask for, judged as the other. Both must be comparable.

        Only the first request can declare that a single look is final; a race ends where the other does.
        """
        both = msgspec.structs.replace(
            other,
            losses=tuple(dict.fromkeys((*self.losses, *other.losses))),
            sources=tuple(dict([*self.sources, *other.sources]).items()),
            final=self.final,
        )
        return both._designed(_merged(self.arms, other.arms))

    def with_seeds(self, seeds: int) -> Self:
        """Return the comparison of so many seeds: with fewer, all is cut; with more, every loss is trained for them.

        Of the rates of a loss those are trained for more that had the most seeds, and those that were asked for.
        """
        if not self.design:
            return msgspec.structs.replace(self, seeds=seeds)
        most = {loss: max(self.rates_of(loss).values()) for loss in self.losses}
        arms = []
        for arm in self.design:
            goes_on = arm.seeds == most[arm.loss] or arm.learning_rate in self.learning_rates
            count = seeds if seeds >= self.seeds and goes_on else min(arm.seeds, seeds)
            arms.append(msgspec.structs.replace(arm, seeds=count))
        return self._designed(arms)

    def with_most(self, seeds: int) -> Self:
        """Return the comparison that would go on to so many seeds: a race with another end, or what trains all."""
        return self.with_seeds(seeds) if self.cap is None else msgspec.structs.replace(self, cap=seeds)

    def begun(self, seeds: int | None = None) -> Self:
        """Return the comparison as it was first asked for: every loss at the rates asked for, a race at its beginning.

        `seeds` are those of one that is no race, None for its own.
        """
        first = self.seeds if seeds is None else seeds
        return msgspec.structs.replace(self, design=(), seeds=first if self.cap is None else FIRST_STAGE)

    def extended(self, arms: Iterable[Arm]) -> Self:
        """Return the comparison that trains these arms too, or for more seeds."""
        return self._designed(_merged(self.arms, arms))

    def _designed(self, arms: Iterable[Arm]) -> Self:
        """Return the comparison that trains just these arms."""
        design = tuple(arms)
        seeds = max(arm.seeds for arm in design)
        full = msgspec.structs.replace(self, design=(), seeds=seeds)
        return full if set(full.arms) == set(design) else msgspec.structs.replace(full, design=design)


def _merged(arms: Iterable[Arm], others: Iterable[Arm]) -> tuple[Arm, ...]:
    merged: dict[tuple[str, float], Arm] = {}
    for arm in (*arms, *others):
        known = merged.get((arm.loss, arm.learning_rate))
        if known is None or known.seeds < arm.seeds:
            merged[arm.loss, arm.learning_rate] = arm
    return tuple(merged.values())


def _cap(seeds: int | None, losses: Sequence[str], *, final: bool) -> int:
    """Return the most seeds of a race. Raises UsageError or OutOfRange for one that could not be run."""
    if len(losses) < 2:
        raise UsageError(
            f"A race needs two losses or more, and {losses[0]} is alone: add another, or leave out --until settled."
        )
    if final:
        raise UsageError("A race looks several times, and --final declares a single look: leave out one of them.")
    if seeds is not None and seeds < FIRST_LOOK:
        allowed = f"from {FIRST_LOOK} to {MOST_SEEDS}: its first look is at {FIRST_LOOK}"
        raise OutOfRange("The number of seeds of a race", seeds, allowed)
    return USUAL_CAP if seeds is None else seeds


def _record(task: str, data: Data | None) -> Task:
    return task_named(task) if data is None else task_on(data)


def rates_from(text: str, setting: str) -> tuple[float, ...]:
    """Parse learning rates as a person writes them: TUNE, one, or several separated by commas. Raises OutOfRange."""
    if text == TUNE:
        return RATES_TO_TUNE
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        allowed = f"`{TUNE}`, a positive number such as 0.01, or several with commas between"
        raise OutOfRange(setting, repr(text), allowed) from None


def usual_rates(protocol: Protocol) -> tuple[float, ...]:
    """Return the learning rates that a protocol sets, ascending."""
    return RATES_TO_TUNE if protocol.tunes else (DEFAULT_RATE,)


def _rates(asked: Sequence[float] | None, protocol: Protocol) -> tuple[float, ...]:
    """Return ascending learning rates: those asked for, or the protocol's own."""
    if asked is None:
        return usual_rates(protocol)
    rates = tuple(sorted({float(rate) for rate in asked}))  # 1 and 1.0 are the same training
    for rate in rates:
        if not (math.isfinite(rate) and rate > 0):
            raise OutOfRange("The learning rate", rate, "a positive number")
    if not 1 <= len(rates) <= MOST_RATES:
        raise OutOfRange("The number of learning rates", len(rates), f"from 1 to {MOST_RATES}")
    if len(rates) > 1 and not protocol.tunes:
        raise UsageError(
            f"The protocol {protocol.key} has no validation split to choose a learning rate on: "
            f"give one rate, or use --protocol {DEFAULT_PROTOCOL}."
        )
    return rates
