"""The keys of a project file: the long options of `lossterm run`, in sections."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lossterm.comparison import DEVICES, TUNE
from lossterm.data import KINDS
from lossterm.hyperparameters import ACTIVATIONS, CLASS_WEIGHTS, OPTIMIZERS, SCHEDULES
from lossterm.protocols import PROTOCOLS

Value = str | bool | int | float | list[Any]
"""What TOML holds of it."""


LARGEST = 1e300
"""Numbers are smaller: whole ones of TOML may be too large for a float."""


@dataclass(frozen=True, slots=True)
class Form:
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


TEXT = Form(_is_text, "text in quotes")
TEXTS = Form(_list_of(_is_text), 'a list of texts in quotes, as ["one", "other"]')
FLAG = Form(lambda value: isinstance(value, bool), "true or false")
WHOLE = Form(_is_whole, "a whole number")
NUMBER = Form(_is_number, "a number")
LAYERS = Form(_list_of(_is_whole), "a list of whole numbers, as [50, 20], or [] for none")
RATES = Form(
    lambda value: value == TUNE or _is_number(value) or _list_of(_is_number, 1)(value),
    f'a number, a list of numbers, or "{TUNE}"',
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the file."""

    name: str
    """A long option of `lossterm run`, without its dashes."""
    form: Form
    """What may stand behind it."""
    meaning: str
    """One line for the file that `lossterm init` writes."""
    example: Value
    """What stands there, behind a #, where nothing is given and nothing is the default."""


def _either(words: tuple[str, ...]) -> str:
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


SECTIONS: dict[str, tuple[Key, ...]] = {
    "data": (
        Key("task", TEXT, "What to train on; see `lossterm tasks`. Instead of it, a table of your own:", "circles"),
        Key("data", TEXT, "Its file: CSV, TSV, Parquet or NPZ; see `lossterm data FILE`.", "table.csv"),
        Key("target", TEXT, "Its column to predict.", "price"),
        Key("kind", TEXT, f"Kind of task: {_either(KINDS)}; what the target is like, unless set.", "regression"),
        Key("drop", TEXTS, "Columns to leave out.", ["id"]),
        Key("categorical", TEXTS, "Columns that hold names, though they look like numbers or text.", ["postcode"]),
        Key("group", TEXT, "Column whose equal values stay on one side of a split.", "patient"),
        Key("time", TEXT, "Column by which rows are split, the earliest to train on.", "day"),
        Key("delimiter", TEXT, "Sign between cells; recognised, unless set.", ";"),
        Key("encoding", TEXT, "Encoding of the text; recognised, unless set.", "utf-8"),
        Key("header", FLAG, "Whether the first row names the columns; recognised, unless set.", True),
    ),
    "network": (
        Key("hidden", LAYERS, "Units of the hidden layers; [] for none.", [50, 20]),
        Key("activation", TEXT, f"Of the hidden layers: {_either(ACTIVATIONS)}.", "relu"),
        Key("dropout", NUMBER, "Share of the hidden units left out at each step; from 0 to below 1.", 0.1),
        Key("batch-norm", FLAG, "Whether to normalise over the batch before each activation.", False),
        Key("l2", NUMBER, "Factor of the summed squares of all kernels.", 0.0001),
        Key("model", TEXT, "Instead of layers, a network of your own: code that is run.", "nets.py:build"),
    ),
    "training": (
        Key("epochs", WHOLE, "Passes over the data.", 100),
        Key("batch-size", WHOLE, "Rows of one step.", 32),
        Key("lr", RATES, f'Learning rate; of several, and with "{TUNE}", the best on validation for each loss.', TUNE),
        Key("optimizer", TEXT, f"How weights are updated: {_either(OPTIMIZERS)}.", "momentum"),
        Key("schedule", TEXT, f"How the learning rate goes: {_either(SCHEDULES)}.", "constant"),
        Key("early-stopping", WHOLE, "Epochs without a better validation loss to stop after; never, unless set.", 20),
        Key("class-weight", TEXT, f"{_either(CLASS_WEIGHTS)}: classes weigh alike; rows do, unless set.", "balanced"),
    ),
    "comparison": (
        Key("loss", TEXTS, 'Losses, as "huber" or "huber:delta=0.5"; "all" that fit, or the "usual" ones.', ["usual"]),
        Key("loss-file", TEXTS, "Losses of your own beside them: code that is run.", ["my_losses.py:wing"]),
        Key("seeds", WHOLE, "Trainings of each loss.", 10),
        Key("protocol", TEXT, f"How the comparison is made: {_either(tuple(PROTOCOLS))}.", "fair"),
        Key("metric", TEXT, "What ranks and tunes; see `lossterm metrics`.", "accuracy"),
        Key("device", TEXT, f"Where to train: {_either(DEVICES)}.", "auto"),
        Key("session", TEXT, "Session that it goes into.", "default"),
    ),
}
"""The keys by section, in the order of the file."""

CODE = ("loss-file", "model")
"""Keys that name code, which the worker runs."""

SECTION_OF = {key.name: section for section, keys in SECTIONS.items() for key in keys}
"""Key → the section that it belongs in."""
