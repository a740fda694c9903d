"""A loss in words: what it is, what it needs, when to use it, and how it is drawn."""

import textwrap
from collections.abc import Sequence

from lossterm.losses import LOSSES, Loss
from lossterm.losses.shape import AXES, axis_of, where_drawn

_HEADS = {
    "value": "one linear unit, read as the value",
    "logit": "one linear unit, read as the logit of class 1",
    "margin": "one unit whose sign is the class; no probabilities",
    "logits": "a linear unit for each class, read by softmax",
    "scores": "a linear unit for each class, of which the largest wins; no probabilities",
    "unknown": "known once it is loaded",
}
_ENCODINGS = {
    "value": "the value",
    "zero_one": "0 or 1",
    "plus_minus_one": "−1 or 1",
    "one_hot": "one-hot",
    "index": "the index of the class",
}
_SCALES = {
    "standard": "standardised on the training rows",
    "mean": "divided by the mean size of the training targets",
    "raw": "as it is",
    "log1p": "ln(1 + y), standardised on the training rows",
}
LABEL = 14
"""Width of the labels on the left."""


def facts(loss: Loss) -> list[tuple[str, str]]:
    """Return label and text of everything that a record says, the most important first."""
    head = _HEADS[loss.reading]
    if loss.units > 1:
        head = "two linear units: the value, and what the variance comes from"
    if loss.activation != "linear":
        head += f", after {loss.activation}"
    if loss.link == "log":
        head += " by way of exp"
    target = _ENCODINGS[loss.encoding]
    if loss.kinds == ("regression",):
        target = f"{loss.valid}; {_SCALES[loss.scale]}"
    rows = [
        ("formula", loss.formula),
        ("estimates", loss.estimates + ("" if loss.proper or not loss.probabilistic else " (not proper)")),
        ("tasks", " and ".join(loss.kinds)),
        ("head", head),
        ("target", target),
        ("far off", loss.large_errors),
        ("use it when", loss.use_when),
        ("not when", loss.avoid_when),
    ]
    for parameter in loss.parameters:
        value = loss.values[parameter.name]
        written = "from the data" if value is None else f"{value:g}"
        given = "" if value == parameter.default or parameter.default is None else f", by default {parameter.default:g}"
        rows.append((parameter.name, f"{parameter.meaning}. Here {written}{given}; {parameter.range}"))
    same = [other.key for other in LOSSES.values() if loss.key in (other.same_as,)] + [loss.same_as or ""]
    if any(same):
        rows.append(("same as", f"{', '.join(filter(None, same))}, by construction"))
    rows += [(f"under {variant.protocol}", variant.note) for variant in loss.variants]
    rows.append(("Keras", f"keras.losses.{loss.keras}" if loss.keras else "has none"))
    if loss.aliases:
        rows.append(("also called", ", ".join(loss.aliases)))
    if loss.origin:
        rows.append(("comes from", loss.origin))
    rows += [("source", reference) for reference in loss.references]
    return rows


def lines(loss: Loss, width: int) -> list[str]:
    """Return the same as lines of at most `width` characters, with the labels on the left."""
    written = []
    for label, text in facts(loss):
        rows = textwrap.wrap(text, max(width - LABEL - 2, 20)) or [""]
        written += [f"{label if not place else '':<{LABEL}}  {row}" for place, row in enumerate(rows)]
    return written


def drawn(losses: Sequence[Loss]) -> list[str]:
    """Say over which axis the losses of one chart are drawn, one line for each unit."""
    places: dict[str, list[str]] = {}
    for loss in losses:
        places.setdefault(where_drawn(loss), []).append(loss.key)
    return [f"{', '.join(keys)}: {place}" if len(places) > 1 else place for place, keys in places.items()]


def axis(losses: Sequence[Loss]) -> str:
    """Say the same in one short line."""
    places = drawn(losses)
    return places[0] if len(places) == 1 else f"over {AXES[axis_of(losses[0])]}, each in its own unit" if places else ""
