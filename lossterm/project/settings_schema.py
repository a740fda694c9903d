"""The keys of a project file: the long options of `lossterm run`, in sections."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from lossterm.comparison.comparison import TUNE
from lossterm.comparison.setting import WANTED, Part, Setting
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS, OF_COMPARISON

Value = str | bool | int | float | list[Any]
"""A value in TOML."""

LARGEST = 1e300
"""Bound on numbers: whole numbers in TOML may be too large for a float."""

_Text = Annotated[str, msgspec.Meta(pattern="^[^\0]+\\Z")]
_Number = Annotated[float, msgspec.Meta(gt=-LARGEST, lt=LARGEST)]


@dataclass(frozen=True, slots=True)
class ValueForm:
    """The form of a key's value."""

    type: Any
    """The form as a Python type."""
    wanted: str
    """The form in words."""

    def fits(self, value: object) -> bool:
        """Whether a TOML value has this form."""
        try:
            msgspec.convert(value, self.type)
        except msgspec.ValidationError:
            return False
        return True


TEXT = ValueForm(_Text, "text in quotes")
NAMES = ValueForm(
    _Text | Annotated[list[_Text], msgspec.Meta(min_length=1)],
    'text in quotes, or a list of texts, as ["one", "other"]',
)
TEXTS = ValueForm(list[_Text], 'a list of texts in quotes, as ["one", "other"]')
FLAG = ValueForm(bool, WANTED[bool])
WHOLE = ValueForm(int, WANTED[int])
NUMBER = ValueForm(_Number, WANTED[float])
LAYERS = ValueForm(list[int], "a list of whole numbers, as [50, 20], or [] for none")
RATES = ValueForm(
    Literal["tune"] | _Number | Annotated[list[_Number], msgspec.Meta(min_length=1)],
    f'a number, a list of numbers, or "{TUNE}"',
)

_FORMS: dict[Any, ValueForm] = {str: TEXT, bool: FLAG, int: WHOLE, float: NUMBER, tuple[int, ...]: LAYERS}
"""Type of a setting's values → form of its key's value."""


@dataclass(frozen=True, slots=True)
class SettingKey:
    """One key of the file."""

    name: str
    """A long option of `lossterm run`, without its dashes."""
    form: ValueForm
    """Form of its value."""
    meaning: str
    """One line for the file that `lossterm init` writes."""
    example: Value
    """Value to show, commented out, if none is given and there is no default."""


def _either(words: tuple[str, ...]) -> str:
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


def in_toml(value: Any) -> Value:
    """Convert the value of a setting to a TOML value."""
    return list(value) if isinstance(value, tuple) else value


def _key_of(setting: Setting) -> SettingKey:
    words = f": {_either(setting.forms)}" if setting.words else ""
    run = ": code that is run" if setting.is_code else ""
    none = "; [] for none" if setting.form == tuple[int, ...] else ""
    unset = f"; {setting.unset}, unless set" if setting.unset else ""
    return SettingKey(
        name=setting.key,
        form=_FORMS[setting.plain_form],
        meaning=f"{setting.help}{words}{run}{none}{unset}.",
        example=in_toml(setting.default if setting.example is None else setting.example),
    )


def _keys_of(*parts: Part) -> tuple[SettingKey, ...]:
    """Return the keys of the hyperparameters for some parts of a training."""
    return tuple(_key_of(one) for one in HYPERPARAMETERS.values() if one.part in parts and one.has_option)


SECTIONS: dict[str, tuple[SettingKey, ...]] = {
    "data": (
        SettingKey(
            "task", TEXT, "What to train on; see `lossterm tasks`. Instead of it, a table of your own:", "circles"
        ),
        SettingKey("data", TEXT, "Its file: CSV, TSV, Parquet or NPZ; see `lossterm data FILE`.", "table.csv"),
        SettingKey("target", NAMES, 'Its column to predict; of several a list, as ["x", "y"].', "price"),
        SettingKey(
            "kind", TEXT, "Kind of task, one of those in --help; what the target is like, unless set.", "regression"
        ),
        SettingKey("drop", TEXTS, "Columns to leave out.", ["id"]),
        SettingKey(
            "categorical", TEXTS, "Columns that hold names, though they look like numbers or text.", ["postcode"]
        ),
        SettingKey("group", TEXT, "Column whose equal values stay on one side of a split.", "patient"),
        SettingKey("time", TEXT, "Column by which rows are split, the earliest to train on.", "day"),
        SettingKey("sample-weight", TEXT, "Column of what each row weighs in training, 0 or more.", "weight"),
        SettingKey("delimiter", TEXT, "Character between cells; recognised, unless set.", ";"),
        SettingKey("encoding", TEXT, "Encoding of the text; recognised, unless set.", "utf-8"),
        SettingKey("header", FLAG, "Whether the first row names the columns; recognised, unless set.", True),
        SettingKey("thousands", TEXT, "Between thousands: comma, point, apostrophe or space.", "comma"),
        SettingKey("missing", TEXTS, "Numbers or words for a missing value, or COL=CODE for one column.", ["-999"]),
        SettingKey("min-class", TEXT, "Join the classes with fewer rows, or drop them.", "5:join"),
    ),
    "network": _keys_of("layers", "model"),
    "training": (
        SettingKey(
            "lr", RATES, f'Learning rate; of several, and with "{TUNE}", the best on validation for each loss.', TUNE
        ),
        *_keys_of("training"),
    ),
    "comparison": (
        SettingKey(
            "loss", TEXTS, 'Losses, as "huber" or "huber:delta=0.5"; "all" that fit, or the "usual" ones.', ["usual"]
        ),
        SettingKey("loss-file", TEXTS, "Losses of your own beside them: code that is run.", ["my_losses.py:wing"]),
        *(_key_of(setting) for setting in OF_COMPARISON.values()),
        SettingKey("session", TEXT, "Session that it goes into.", "default"),
        SettingKey("cluster", TEXT, "Ray cluster to train on beside this machine; auto, or its address.", "auto"),
    ),
}
"""The keys by section, in the order of the file."""

CODE = ("loss-file", *(setting.key for setting in HYPERPARAMETERS.values() if setting.is_code))
"""Keys that name code, which the worker runs."""

SECTION_OF = {key.name: section for section, keys in SECTIONS.items() for key in keys}
"""Name of a key → its section."""
