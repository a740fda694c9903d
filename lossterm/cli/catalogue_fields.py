"""Records of the catalogues as JSON can hold them: all but their functions."""

import math
from typing import Any

import msgspec

from lossterm.losses import Loss


def fields_of(record: msgspec.Struct, *without: str) -> dict[str, Any]:
    """Return a record's fields, but for its functions and those that are named."""
    fields = {name: value for name, value in msgspec.structs.asdict(record).items() if name not in without}
    return {name: None if value == -math.inf else value for name, value in fields.items() if not callable(value)}


def loss_fields(loss: Loss) -> dict[str, Any]:
    """Return a loss's fields as JSON can hold them: all but its functions."""
    fields = msgspec.structs.asdict(loss)
    fields["lowest"] = None if loss.lowest == -math.inf else loss.lowest
    fields["parameters"] = [
        {
            "name": parameter.name,
            "value": finite(loss.values[parameter.name]),
            "default": finite(parameter.default),
            "range": parameter.range,
            "meaning": parameter.meaning,
            "aliases": parameter.aliases,
        }
        for parameter in loss.parameters
    ]
    fields["variants"] = [{"protocol": variant.protocol, "note": variant.note} for variant in loss.variants]
    fields["foreign_parameters"] = [msgspec.structs.asdict(one) for one in loss.foreign_parameters]
    fields["equivalents"] = _elsewhere(loss)
    fields["false_friends"] = [{**msgspec.structs.asdict(one), "text": one.text} for one in loss.false_friends]
    return {name: value for name, value in fields.items() if name not in ("function", "settings", "elsewhere")}


def _elsewhere(loss: Loss) -> list[dict[str, Any]] | None:
    """Return what a loss is in other libraries, each with its call and all of it in words."""
    if loss.equivalents is None:
        return None
    return [{**msgspec.to_builtins(one), "call": one.call, "text": one.text} for one in loss.equivalents]


def finite(value: float | None) -> float | None:
    """Return a number, None where JSON has none for it."""
    return None if value is None or not math.isfinite(value) else float(value)
