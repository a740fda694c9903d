"""A loss in words: what it is, what it needs, when to use it, and how it is drawn."""

import textwrap
from collections.abc import Sequence

from lossterm.losses import LOSSES, Link, Loss, Reading
from lossterm.losses.equivalent import LIBRARIES
from lossterm.losses.loss import Beside
from lossterm.losses.shape import AXES, axis_of, where_drawn

_HEADS = {
    "value": "one linear unit, read as the value",
    "logit": "one linear unit, read as the logit of class 1",
    "margin": "one unit whose sign is the class; no probabilities",
    "logits": "a linear unit for each class, read by softmax",
    "scores": "a linear unit for each class, of which the largest wins; no probabilities",
    "cumulative": "a linear unit for each rank but the first: the logit of reaching it, each lower by softplus",
    "conditional": "a linear unit for each rank but the first: the logit of reaching it from the one before",
    "unknown": "known once it is loaded",
}
_PIXELS: dict[Reading, str] = {
    "logits": "for each pixel a logit of class 1, or one of each class if there are more than two, read by softmax",
    "scores": "for each pixel one unit whose sign is the class, or a unit for each of more classes; no probabilities",
}
_BESIDE: dict[Beside, str] = {
    "variance": "what the variance comes from",
    "dispersion": "what the dispersion comes from",
    "zeros": "the logit of the share of extra zeros",
    "steps": "what the steps to the other quantiles come from",
    "quantiles": "the other quantiles",
}
_LINKS: dict[Link, str] = {"log": "exp", "logit": "σ"}
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
    if loss.kinds == ("multilabel",):
        head = "a linear unit for each label, read as its logit"
    if loss.kinds == ("segmentation",):
        head = _PIXELS[loss.reading]
    if loss.beside:
        head = f"{loss.units} linear units: the value, and {_BESIDE[loss.beside]}"
    if loss.activation != "linear":
        head += f", after {loss.activation}"
    if loss.link != "identity":
        head += f" by way of {_LINKS[loss.link]}"
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
        also = f"; also written {', '.join(parameter.aliases)}" if parameter.aliases else ""
        rows.append((parameter.name, f"{parameter.meaning}. Here {written}{given}; {parameter.range}{also}"))
    same = [other.key for other in LOSSES.values() if loss.key in (other.same_as,)] + [loss.same_as or ""]
    if any(same):
        rows.append(("same as", f"{', '.join(filter(None, same))}, by construction"))
    if loss.per == "batch":
        rows.append(
            (
                "batch",
                "one number for all rows of a batch: it depends on --batch-size and on what is beside a row, and rows "
                "cannot weigh differently (--sample-weight)",
            )
        )
    rows += [(f"under {variant.protocol}", variant.note) for variant in loss.variants]
    rows += _elsewhere(loss)
    if loss.aliases:
        rows.append(("also called", ", ".join(loss.aliases)))
    if loss.origin:
        rows.append(("comes from", loss.origin))
    rows += [("source", reference) for reference in loss.references]
    return rows


def _elsewhere(loss: Loss) -> list[tuple[str, str]]:
    """Say what the loss is in other libraries, and which names there mislead."""
    equivalents = loss.equivalents
    if equivalents is None:
        return []
    rows = []
    for library, name in LIBRARIES.items():
        calls = [one.text for one in equivalents if one.library == library]
        rows += [(name, text) for text in calls or ["has none"]]
    if equivalents:
        scaled = ", the target scaled as above" if loss.kinds == ("regression",) and loss.scale != "raw" else ""
        rows.append(("factors", f"for one row{scaled}; a batch is the mean over its rows"))
    return rows + [("misleading", friend.text) for friend in loss.false_friends]


def lines(loss: Loss, width: int) -> list[str]:
    """Return the same as lines of at most `width` characters, with the labels on the left."""
    written = []
    for label, text in facts(loss):
        room = max(width - LABEL - 2, 20)
        parts = " ".join(part for word in text.split() for part in _parts(word, room))
        rows = textwrap.wrap(parts, room) or [""]
        written += [f"{label if not place else '':<{LABEL}}  {row}" for place, row in enumerate(rows)]
    return written


def _parts(word: str, room: int) -> list[str]:
    """Split code that has no room in a line where a person would: after a bracket or a dot."""
    if len(word) <= room:
        return [word]
    end = max(word.rfind(mark, 0, room) for mark in "(.") + 1 or room
    return [word[:end], *_parts(word[end:], room)]


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
