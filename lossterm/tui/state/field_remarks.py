"""What is to be said of a field of the settings as it is typed: what it takes, what is wrong with it, what is doubtful.

Each is so short that it has room in the lower border of the settings.
"""

from typing import Literal, NamedTuple

from lossterm.comparison.comparison import MOST_RATES, TUNE, rates_from
from lossterm.comparison.setting import NONE
from lossterm.comparison.setting_catalogue import IN_PANEL, OF_COMPARISON
from lossterm.errors import LosstermError
from lossterm.statistics.paired_differences import LEAST_SEEDS

RATE = "rate"
"""Name of the field for learning rates."""

RECORDS = {setting.field: setting for setting in (*IN_PANEL, OF_COMPARISON["seeds"])}
"""Name of each other field → its setting."""

LARGE_RATE = 1.0
"""Learning rate above which most losses diverge."""


class Remark(NamedTuple):
    """What is said of a field."""

    kind: Literal["hint", "doubt", "wrong"]
    """Whether it is about any value, a doubtful one, or one that cannot be."""
    words: str
    """The remark, beginning with the field's name."""


def remark(field: str, text: str) -> Remark:
    """Return what is to be said of what is written in a field."""
    try:
        doubt = _doubt_about(field, text)
    except LosstermError:
        return Remark("wrong", f"{field} must be {takes(field)}")
    return Remark("doubt", f"{field}: {doubt}") if doubt else Remark("hint", f"{field}: {takes(field)}")


def takes(field: str) -> str:
    """Say what a field takes."""
    if field == RATE:
        return f"{TUNE} or like 0.01,0.1"
    setting = RECORDS[field]
    if setting.each:
        return f"like 50,20, or {NONE}"
    return setting.range.words if setting.range else ""


def _doubt_about(field: str, text: str) -> str:
    """Return what is doubtful about a value, "" if nothing is. Raises LosstermError for one that cannot be."""
    if field == RATE:
        rates = rates_from(text, "The learning rate")
        if not (all(0 < rate < float("inf") for rate in rates) and len(rates) <= MOST_RATES):
            raise LosstermError(text)
        return f"above {LARGE_RATE:g} most losses diverge" if max(rates) > LARGE_RATE else ""
    setting = RECORDS[field]
    value = setting.checked(setting.read(text))
    return f"under {LEAST_SEEDS} give no verdict" if field == "seeds" and value < LEAST_SEEDS else ""
