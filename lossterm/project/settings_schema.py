"""The keys of a project file: the long options of `lossterm run`, in sections."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lossterm.comparison.comparison import DEVICES, TUNE
from lossterm.comparison.hyperparameters import ACTIVATIONS, CLASS_WEIGHTS, OPTIMIZERS, SCHEDULES
from lossterm.comparison.protocol_catalogue import PROTOCOLS
from lossterm.losses import KINDS

Value = str | bool | int | float | list[Any]
"""What TOML holds of it."""


LARGEST = 1e300
"""Numbers are smaller: whole ones of TOML may be too large for a float."""


@dataclass(frozen=True, slots=True)
class ValueForm:
    """What may stand behind a key."""

    fits: Callable[[Any], bool]
    """Whether a value of TOML is of it."""
    wanted: str
    """The same in words."""


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


def _list_of(one: Callable[[object], bool], least: int = 0) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and len(value) >= least and all(map(one, value))


TEXT = ValueForm(_is_text, "text in quotes")
TEXTS = ValueForm(_list_of(_is_text), 'a list of texts in quotes, as ["one", "other"]')
FLAG = ValueForm(lambda value: isinstance(value, bool), "true or false")
WHOLE = ValueForm(_is_whole, "a whole number")
NUMBER = ValueForm(_is_number, "a number")
LAYERS = ValueForm(_list_of(_is_whole), "a list of whole numbers, as [50, 20], or [] for none")
RATES = ValueForm(
    lambda value: value == TUNE or _is_number(value) or _list_of(_is_number, 1)(value),
    f'a number, a list of numbers, or "{TUNE}"',
)


@dataclass(frozen=True, slots=True)
class SettingKey:
    """One key of the file."""

    name: str
    """A long option of `lossterm run`, without its dashes."""
    form: ValueForm
    """What may stand behind it."""
    meaning: str
    """One line for the file that `lossterm init` writes."""
    example: Value
    """What stands there, behind a #, where nothing is given and nothing is the default."""


def _either(words: tuple[str, ...]) -> str:
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


SECTIONS: dict[str, tuple[SettingKey, ...]] = {
    "data": (
        SettingKey(
            "task", TEXT, "What to train on; see `lossterm tasks`. Instead of it, a table of your own:", "circles"
        ),
        SettingKey("data", TEXT, "Its file: CSV, TSV, Parquet or NPZ; see `lossterm data FILE`.", "table.csv"),
        SettingKey("target", TEXT, "Its column to predict.", "price"),
        SettingKey("kind", TEXT, f"Kind of task: {_either(KINDS)}; what the target is like, unless set.", "regression"),
        SettingKey("drop", TEXTS, "Columns to leave out.", ["id"]),
        SettingKey(
            "categorical", TEXTS, "Columns that hold names, though they look like numbers or text.", ["postcode"]
        ),
        SettingKey("group", TEXT, "Column whose equal values stay on one side of a split.", "patient"),
        SettingKey("time", TEXT, "Column by which rows are split, the earliest to train on.", "day"),
        SettingKey("delimiter", TEXT, "Sign between cells; recognised, unless set.", ";"),
        SettingKey("encoding", TEXT, "Encoding of the text; recognised, unless set.", "utf-8"),
        SettingKey("header", FLAG, "Whether the first row names the columns; recognised, unless set.", True),
    ),
    "network": (
        SettingKey("hidden", LAYERS, "Units of the hidden layers; [] for none.", [50, 20]),
        SettingKey("activation", TEXT, f"Of the hidden layers: {_either(ACTIVATIONS)}.", "relu"),
        SettingKey("dropout", NUMBER, "Share of the hidden units left out at each step; from 0 to below 1.", 0.1),
        SettingKey("batch-norm", FLAG, "Whether to normalise over the batch before each activation.", False),
        SettingKey("l2", NUMBER, "Factor of the summed squares of all kernels.", 0.0001),
        SettingKey("model", TEXT, "Instead of layers, a network of your own: code that is run.", "nets.py:build"),
    ),
    "training": (
        SettingKey("epochs", WHOLE, "Passes over the data.", 100),
        SettingKey("batch-size", WHOLE, "Rows of one step.", 32),
        SettingKey(
            "lr", RATES, f'Learning rate; of several, and with "{TUNE}", the best on validation for each loss.', TUNE
        ),
        SettingKey("optimizer", TEXT, f"How weights are updated: {_either(OPTIMIZERS)}.", "momentum"),
        SettingKey("schedule", TEXT, f"How the learning rate goes: {_either(SCHEDULES)}.", "constant"),
        SettingKey(
            "early-stopping", WHOLE, "Epochs without a better validation loss to stop after; never, unless set.", 20
        ),
        SettingKey(
            "class-weight", TEXT, f"{_either(CLASS_WEIGHTS)}: classes weigh alike; rows do, unless set.", "balanced"
        ),
    ),
    "comparison": (
        SettingKey(
            "loss", TEXTS, 'Losses, as "huber" or "huber:delta=0.5"; "all" that fit, or the "usual" ones.', ["usual"]
        ),
        SettingKey("loss-file", TEXTS, "Losses of your own beside them: code that is run.", ["my_losses.py:wing"]),
        SettingKey("seeds", WHOLE, "Trainings of each loss.", 10),
        SettingKey("protocol", TEXT, f"How the comparison is made: {_either(tuple(PROTOCOLS))}.", "fair"),
        SettingKey("metric", TEXT, "What ranks and tunes; see `lossterm metrics`.", "accuracy"),
        SettingKey("device", TEXT, f"Where to train: {_either(DEVICES)}.", "auto"),
        SettingKey("session", TEXT, "Session that it goes into.", "default"),
    ),
}
"""The keys by section, in the order of the file."""

CODE = ("loss-file", "model")
"""Keys that name code, which the worker runs."""

SECTION_OF = {key.name: section for section, keys in SECTIONS.items() for key in keys}
"""SettingKey → the section that it belongs in."""
