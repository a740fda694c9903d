"""Every loss by name: those of lossterm, those that installed packages add, and custom losses."""

import math
import zlib
from collections.abc import Collection
from functools import cache

from lossterm.errors import DoesNotFit, UnknownName, UsageError
from lossterm.losses.binary import BINARY
from lossterm.losses.counts import COUNTS
from lossterm.losses.foreign_parameter import unknown_parameter
from lossterm.losses.labels import LABELS
from lossterm.losses.loss import Loss, Targets
from lossterm.losses.margins import MARGINS
from lossterm.losses.masks import MASKS
from lossterm.losses.multiclass import MULTICLASS
from lossterm.losses.noisy_labels import NOISY_LABELS
from lossterm.losses.ordinal import ORDINAL
from lossterm.losses.positive import POSITIVE
from lossterm.losses.quantiles import JOINT_QUANTILES
from lossterm.losses.rare_classes import RARE_CLASSES
from lossterm.losses.regression import REGRESSION
from lossterm.losses.robust import ROBUST
from lossterm.losses.shares import SHARES
from lossterm.losses.user_defined import is_own, own_loss
from lossterm.plugins import Offer, offers

LOSSES: dict[str, Loss] = {
    loss.key: loss
    for loss in (
        *(*REGRESSION, *ROBUST, *POSITIVE, *COUNTS, *SHARES, *JOINT_QUANTILES),
        *(*BINARY, *MARGINS),
        *(*MULTICLASS, *NOISY_LABELS, *RARE_CLASSES),
        *(*LABELS, *ORDINAL, *MASKS),
    )
}
"""The losses that come with lossterm, by key, in the order in which lists show them."""

LEFT_OUT = {
    "cosine_similarity": "with one unit it is always ±1, and its gradient 0, so that nothing can be trained by it",
    "posthoc_logit_adjustment": "where the output has a bias it ends where logit_adjusted does that begins with a bias "
    "of −τ·ln π, so --loss logit_adjusted is the one to compare",
    "ctc": "it is of sequences whose labels are not aligned, and these tasks have none",
    "circle": "it is of embeddings, and these tasks have none",
}
"""Well-known losses that are left out, and why."""

GROUP = "lossterm.losses"
"""Entry point group in which a package declares losses: `key = "module:RECORD"`, one record or a tuple of them."""

ALL, USUAL = "all", "usual"
"""Names for every loss that fits, and for the losses that are compared unless others are chosen."""


def every_loss() -> dict[str, Loss]:
    """Return all losses by key: the catalogue's, then those that installed packages add."""
    return _every()[0]


def problems() -> list[str]:
    """Say what is wrong with losses that installed packages try to add."""
    return list(_every()[1])


@cache
def _every() -> tuple[dict[str, Loss], tuple[str, ...]]:
    """Return all losses, and what is wrong with those left out. A name that is taken stays with its first owner."""
    losses = dict(LOSSES)
    wrong: list[str] = []
    taken = {name for loss in LOSSES.values() for name in (loss.key, *loss.aliases)}
    for offer in offers(GROUP, "losses"):
        wrong += [offer.problem] if offer.problem else []
        records, problems = _records(offer)
        wrong += problems
        for loss in records:
            if clash := taken & {loss.key, *loss.aliases}:
                names = ", ".join(sorted(clash))
                wrong.append(
                    f"{loss.origin} gives a loss {loss.key!r} ({offer.place}), but {names} is taken: left out."
                )
            else:
                losses[loss.key] = loss
                taken |= {loss.key, *loss.aliases}
    return losses, tuple(wrong)


def _records(offer: Offer) -> tuple[tuple[Loss, ...], tuple[str, ...]]:
    """Return the valid records among the objects of a package, and what is wrong with the others."""
    package, place, records, wrong = offer.package, offer.place, [], []
    for one in offer.given:
        if not isinstance(one, Loss):
            wrong.append(f"{package} gives a {type(one).__name__} as a loss ({place}), where a record is wanted.")
        elif not one.key.isidentifier() or one.key != one.key.lower() or one.key in (ALL, USUAL):
            wrong.append(f"{package} gives a loss {one.key!r} ({place}), which is not a valid name: left out.")
        else:
            records.append(one.from_outside(package))
    return tuple(records), tuple(wrong)


@cache
def loss_named(name: str) -> Loss:
    """Return the record of a key or alias, with the given parameters set: `huber:delta=0.5`, `bce`.

    Raises UnknownName with near misses, DoesNotFit for a loss left out on purpose, UsageError for a bad parameter.
    """
    if is_own(name):
        return own_loss(name)
    key, _, written = name.partition(":")
    known = every_loss()
    aliases = {alias: loss.key for loss in known.values() for alias in loss.aliases}
    plain = key.strip().lower().replace("-", "_").replace(" ", "_")
    loss = known.get(key) or known.get(aliases.get(plain, plain))
    if loss is None:
        left_out = next((name for name in LEFT_OUT if plain in (name, name.partition("_")[0])), None)
        if left_out:
            raise DoesNotFit(f"{left_out} is left out: {LEFT_OUT[left_out]}.")
        names = [one.strip() for one in key.split(",")]
        if len(names) > 1 and set(names) <= {*known, *aliases, ALL, USUAL}:
            raise UsageError(f"{key!r} are {len(names)} losses: name each by itself, {' and '.join(map(repr, names))}.")
        raise UnknownName("loss", key, known, aliases)
    return loss.bound(_numbers(loss, written)) if written or name.endswith(":") else loss


def loss_recorded(key: str) -> Loss:
    """Return the record of a key from a store, or a stand-in for a loss that is no longer installed."""
    try:
        return loss_named(key)
    except UsageError:
        return own_loss(key)


def place_of(key: str) -> int:
    """Return a loss's place among those of its kind, the usual ones first; each choice of parameters has another place.

    The place does not depend on which losses are shown, so it can choose a loss's colour.
    """
    loss = loss_recorded(key)
    every = [one for one in every_loss().values() if loss.kinds[0] in one.kinds]
    keys = [one.key for one in sorted(every, key=lambda one: not one.usual)]
    return keys.index(key) if key in keys else len(keys) + zlib.crc32(key.encode()) % 97


def _numbers(loss: Loss, written: str) -> dict[str, float]:
    """Parse `delta=0.5,c=2`, or `0.5` if there is only one parameter."""
    first = next(((one.name, one.default) for one in loss.parameters), ("delta", 0.5))
    example = f"{first[0]}={2 if first[1] is None else first[1]:g}"
    given: dict[str, float] = {}
    for part in written.split(","):
        name, equals, value = (text.strip() for text in part.partition("="))
        parameter = loss.parameter_named(name)
        if equals and name and not parameter:
            raise unknown_parameter(loss, name, value, every_loss().values())
        name = parameter.name if parameter else name
        if not equals and len(loss.parameters) == 1:  # the number is enough
            name, value = loss.parameters[0].name, name
        try:
            number = float(value)
            if not name or "_" in value or math.isnan(number):
                raise ValueError
        except ValueError:
            raise UsageError(
                f"{part!r} after {loss.key} cannot be read: give a parameter and a number, as {example}."
            ) from None
        if name in given:
            raise UsageError(f"{name} of {loss.key} is given twice.")
        given[name] = number
    return given


@cache
def fitting(targets: Targets, protocol: str = "fair") -> tuple[Loss, ...]:
    """Return every loss that can train on such targets, in catalogue order."""
    return tuple(loss for loss in every_loss().values() if loss.misfit(targets, protocol) is None)


@cache
def usual(targets: Targets, protocol: str = "fair") -> tuple[Loss, ...]:
    """Return the losses compared by default: the usual ones, and those with a variant under the protocol."""
    return tuple(loss for loss in fitting(targets, protocol) if loss.usual or loss.variant(protocol))


def losses_for(
    targets: Targets, names: tuple[str, ...], protocol: str = "fair", others: Collection[str] = ()
) -> tuple[str, ...]:
    """Resolve names (`all`, `usual` or single losses) into keys for a task with such targets, without repeats.

    `others` are the keys of all protocols that the task can be trained under, for what to do about a misfit.
    Raises UnknownName for an unknown name, DoesNotFit for a loss that does not fit the targets.
    """
    fit = [loss.key for loss in fitting(targets, protocol)]
    chosen: dict[str, None] = {}
    for name in names or (USUAL,):
        if name in (ALL, USUAL):
            chosen.update(dict.fromkeys(fit if name == ALL else (loss.key for loss in usual(targets, protocol))))
            continue
        loss = loss_named(name)
        if reason := loss.misfit(targets, protocol):
            words = "".join(
                f"; --protocol {variant.protocol} trains it all the same, flaws included"
                for variant in loss.variants
                if variant.protocol in others and loss.misfit(targets, variant.protocol) is None
            )
            near = [key for key in fit if loss.base in key or key in loss.base]
            hint = f"Did you mean {' or '.join(near)}?" if near else f"Losses that fit: {', '.join(fit)}."
            raise DoesNotFit(f"{loss.key} {reason}{words}. {hint}")
        chosen[loss.key] = None
    return tuple(chosen)
