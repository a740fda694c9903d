"""What was asked for, and the trials it expands into."""

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self

import msgspec

from lossterm.comparison.hyperparameters import Hyperparameters
from lossterm.comparison.protocol import Protocol
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL, PROTOCOLS, protocol_for
from lossterm.comparison.setting import Range, Setting, settings_of
from lossterm.data import Data
from lossterm.errors import DoesNotFit, OutOfRange, UsageError
from lossterm.losses import USUAL, is_own, loss_named, losses_for, source_from
from lossterm.metrics import PRIMARY, metric_for
from lossterm.tasks import Task, task_named, task_on
from lossterm.text.fingerprint import sha256

Status = Literal["queued", "running", "done", "diverged", "failed", "cancelled"]
"""Where a trial is; the last four are ends."""

DEVICES = ("auto", "cpu", "gpu")
"""Where to train: `auto` takes a GPU where TensorFlow sees one."""

DEFAULT_TASK = "circles"
DEFAULT_SEEDS = 10
DEFAULT_RATE = 0.01
RATES_TO_TUNE = (0.001, 0.003, 0.01, 0.03, 0.1)
TUNE = "tune"
"""What a person writes for RATES_TO_TUNE."""

ENGINE = 4
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
    """One of DEVICES: devices differ in the last bits."""
    source: str = ""
    """Where the code of the loss is, or the package that it comes from; empty for lossterm's own losses."""
    data: Data | msgspec.UnsetType = msgspec.UNSET
    """The user table that the task is about; unset otherwise, so that it has no part in the key."""

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
            default=DEFAULT_SEEDS,
        ),
    ]
    """Number of seeds; they are 0, 1, … ."""
    learning_rates: tuple[float, ...]
    """The rates to train each loss at, ascending; of several, the best on validation is chosen for each loss."""
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
    device: Annotated[
        str,
        Setting(label="The device", help="Where to train", part="comparison", words=DEVICES),
    ] = DEVICES[0]
    """One of DEVICES."""
    data: Data | None = None
    """The user table that the task is about, if it is about one."""

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
        seeds: int = DEFAULT_SEEDS,
        learning_rates: Sequence[float] | None = None,
        device: str = DEVICES[0],
        **settings: object,
    ) -> Self:
        """Check every setting and fill in the task's and the protocol's defaults.

        `task` is a task's key, or a user table. `own` says where custom losses are, as `losses.source_from` reads it;
        they come after the others. `settings` are hyperparameters by their names in Hyperparameters, None for the
        default; `model` is FILE.py:NAME of a custom network.
        Raises UnknownName, OutOfRange or DoesNotFit, each with a sentence that names the setting, and DataError for a
        file that cannot be used.
        """
        record = task_named(task) if isinstance(task, str) else task_on(task)
        of_comparison = {setting.name: setting for setting in settings_of(cls)}
        of_comparison["device"].checked(device)
        rules = protocol_for(protocol, record)
        hyperparameters = Hyperparameters.asked(settings, record, also=(*of_comparison, "losses", "learning_rates"))
        hyperparameters.checked(record.kind, rules)
        ranking = metric_for(metric or PRIMARY[record.kind], record.kind, rules.key, record.lowest)
        sources = {source.key: source.text for source in map(source_from, own)}
        named = losses_for(record.targets, tuple(losses), rules.key) if losses or not own else ()
        if missing := [key for key in named if is_own(key) and key not in sources]:
            now = f" You gave {', '.join(sources)}: a file that was edited is another loss." if sources else ""
            raise UsageError(f"{missing[0]!r} is a custom loss: say where it is with --loss-file FILE.py:NAME.{now}")
        chosen = tuple(dict.fromkeys((*named, *sources)))
        if not any(ranking.defined(loss_named(loss)) for loss in chosen):
            raise DoesNotFit(f"None of {', '.join(chosen)} has {ranking.key}: their outputs do not give it.")
        return cls(
            task=record.key,
            protocol=rules.key,
            losses=chosen,
            sources=tuple(sources.items()),
            seeds=of_comparison["seeds"].checked(of_comparison["seeds"].stored(seeds)),
            learning_rates=_rates(learning_rates, rules),
            hyperparameters=hyperparameters,
            metric=ranking.key,
            device=device,
            data=None if isinstance(task, str) else task,
        )

    def trials(self) -> Iterator[Trial]:
        """Expand seed by seed, so that an unfinished table has all losses on an equal footing."""
        custom = dict(self.sources)
        sources = {loss: custom[loss] if loss in custom else loss_named(loss).origin for loss in self.losses}
        for seed in range(self.seeds):
            for rate in self.learning_rates:
                for loss in self.losses:
                    yield Trial(
                        task=self.task,
                        protocol=self.protocol,
                        loss=loss,
                        learning_rate=rate,
                        seed=seed,
                        hyperparameters=self.hyperparameters,
                        device=self.device,
                        source=sources[loss],
                        data=self.data or msgspec.UNSET,
                    )

    @property
    def size(self) -> int:
        """How many trials it expands into."""
        return self.seeds * len(self.learning_rates) * len(self.losses)

    @property
    def size_in_words(self) -> str:
        """Say how many trials it has, and of what: `20,000 trials (10,000 seeds × 2 rates)`."""
        counts = {"losses": len(self.losses), "seeds": self.seeds, "rates": len(self.learning_rates)}
        product = " × ".join(f"{count:,} {what}" for what, count in counts.items() if count > 1)
        return f"{self.size:,} trials ({product})"

    @property
    def tuned(self) -> bool:
        """Whether each loss's learning rate is chosen on validation."""
        return len(self.learning_rates) > 1

    def comparable(self, other: "Comparison") -> bool:
        """Whether the trials of both may share a table: all but losses, seeds and metric are the same."""
        fixed, fixed_in_other = (
            msgspec.structs.replace(comparison, losses=(), sources=(), seeds=1, metric="")
            for comparison in (self, other)
        )
        return fixed == fixed_in_other

    def joined(self, other: "Comparison") -> "Comparison":
        """Return the comparison that asks for all that both ask for, ranked as the other. Both must be comparable."""
        return msgspec.structs.replace(
            other,
            losses=tuple(dict.fromkeys((*self.losses, *other.losses))),
            sources=tuple(dict([*self.sources, *other.sources]).items()),
            seeds=max(self.seeds, other.seeds),
        )


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


def _rates(asked: Sequence[float] | None, protocol: Protocol) -> tuple[float, ...]:
    """Return ascending learning rates: those asked for, or the protocol's own."""
    if asked is None:
        return RATES_TO_TUNE if protocol.tunes else (DEFAULT_RATE,)
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
