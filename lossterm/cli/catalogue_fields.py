"""Records of the catalogues as JSON can hold them: all but their functions."""

import math
from typing import Any

import msgspec

from lossterm.losses import Loss


def fields_of(record: msgspec.Struct, *without: str) -> dict[str, Any]:
    """Return a record's fields, but for its functions and those that are named."""
    found = {name: value for name, value in msgspec.structs.asdict(record).items() if name not in without}
    return {name: None if value == -math.inf else value for name, value in found.items() if not callable(value)}


def loss_fields(loss: Loss) -> dict[str, Any]:
    """Return a loss's fields as JSON can hold them: all but its functions."""
    found = msgspec.structs.asdict(loss)
    found["lowest"] = None if loss.lowest == -math.inf else loss.lowest
    found["parameters"] = [
        {
            "name": parameter.name,
            "value": finite(loss.values[parameter.name]),
            "default": finite(parameter.default),
            "range": parameter.range,
            "meaning": parameter.meaning,
        }
        for parameter in loss.parameters
    ]
    found["variants"] = [{"protocol": variant.protocol, "note": variant.note} for variant in loss.variants]
    return {name: value for name, value in found.items() if name not in ("function", "settings")}


def finite(value: float | None) -> float | None:
    """Return a number, None where JSON has none for it."""
    return None if value is None or not math.isfinite(value) else float(value)
