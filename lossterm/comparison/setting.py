"""What a setting is: one record, from which everything that asks for it, checks it or shows it is derived."""

import functools
import math
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from lossterm.comparison.user_network import called, network_from
from lossterm.errors import OutOfRange, UnknownName
from lossterm.losses import KINDS, Kind
from lossterm.text.numbers import exact

Part = Literal["layers", "training", "model", "comparison"]
"""What a setting is about: the stack of dense layers, its training, the custom network that replaces the stack, or the
comparison as a whole."""

NONE = "none"
"""What a person writes for no layers, and chooses for an absent value."""

OFF, ON = "off", "on"
"""What a person chooses for a setting that is true or false."""


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that a setting may have; all of them are finite."""

    least: float = -math.inf
    """The smallest."""
    above: float = -math.inf
    """All are larger."""
    below: float = math.inf
    """All are smaller."""
    most: float = math.inf
    """The largest."""

    def holds(self, number: float) -> bool:
        """Whether a number lies in the range."""
        return math.isfinite(number) and self.least <= number <= self.most and self.above < number < self.below

    @property
    def words(self) -> str:
        """Say what a number must be: from 1 to 10, a positive number, at least 0 and below 1."""
        if self.above == 0 and math.inf == self.below == self.most:
            return "a positive number"
        if math.isfinite(self.least) and math.isfinite(self.most):
            return f"from {self.least} to {self.most}"
        ends = {"at least": self.least, "above": self.above, "below": self.below, "at most": self.most}
        words = " and ".join(f"{word} {end}" for word, end in ends.items() if math.isfinite(end))
        return words if " and " in words else f"a number of {words}" if words else "a number"


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting: a hyperparameter, or another choice of a comparison.

    It annotates the field that holds its value; `settings_of` takes name, form and default from that field.
    """

    label: str
    """What errors call it, as the beginning of a sentence."""
    help: str
    """What it is, in one line without a full stop, for `--help` and the project file."""
    more: str = ""
    """What `--help` says after that."""
    noun: str = ""
    """What errors call one of its words; "" for its name."""
    row: str = ""
    """What it is in a few words, for its row in the app's network dialog; "" if it has no row."""
    field: str = ""
    """Name of its field in the app's settings panel; "" if it has none."""
    part: Part = "training"
    """What it is about."""
    words: tuple[str, ...] = ()
    """The words that it may be; empty if it is not a word, or any word."""
    beside: str = ""
    """A text that it may be beside these words, as an example; "" if it is one of them."""
    spelt: Callable[[str], str] | None = None
    """With `beside`: returns the one spelling of a text. Raises OutOfRange or UnknownName for an invalid one."""
    range: Range | None = None
    """The numbers that it may be; for several numbers, the range of each."""
    each: str = ""
    """What errors call one of several numbers."""
    most: int | None = None
    """The largest count of numbers."""
    example: Any = None
    """The commented value in the project file, where neither a person nor a task sets one."""
    unset: str = ""
    """What its absence means, if it may be absent."""
    of_task: bool = False
    """Whether each task sets its value."""
    of_protocol: bool = False
    """Whether each protocol sets its value, under the setting's name."""
    always_shown: bool = False
    """Whether it is shown even where it has its default."""
    has_option: bool = True
    """Whether a person may set it; otherwise only reproductions of published numbers do."""
    is_code: bool = False
    """Whether it names code that the worker runs, as `user_network.network_from` reads it."""
    compiled: bool = True
    """Whether another value needs another compiled program."""
    kinds: tuple[Kind, ...] = KINDS
    """The kinds of tasks that it is for."""
    networks: tuple[str, ...] = ()
    """The networks that it shapes; empty if it is for all of them."""
    needs_validation: bool = False
    """Whether it is only for protocols with a validation split."""
    needs_scaling: bool = False
    """Whether it is only for protocols that scale numeric targets."""
    needs_hidden: bool = False
    """Whether it is only for networks with a hidden layer."""
    unfit: str = ""
    """The error where it does not fit the task, protocol or network; {protocol} is the protocol's key."""
    phrase: Callable[[Any], str] = str
    """Writes a value as the headline of a comparison shows it."""
    joins: tuple[str, str] | None = None
    """The setting that the headline shows it after, without a comma, and how: {} is its phrase."""

    # Taken from the field that it annotates.

    name: str = ""
    """Name of the field, and of the argument of `Comparison.ask`."""
    form: Any = None
    """Type of its values."""
    default: Any = None
    """Its value unless a person or the task sets one; for layers, the value without a stack."""
    always_written: bool = False
    """Whether records are written with it even where it has its default, because the field has no plain default."""

    @property
    def key(self) -> str:
        """Key in the project file, and long option without its dashes."""
        return self.name.replace("_", "-")

    @property
    def title(self) -> str:
        """Name for tables and dialogs."""
        return self.name.replace("_", " ")

    @property
    def what(self) -> str:
        """What errors call one of its words."""
        return self.noun or self.title

    @property
    def plain_form(self) -> Any:
        """Type of its values other than None."""
        return next(form for form in get_args(self.form) if form is not type(None)) if self.optional else self.form

    @property
    def optional(self) -> bool:
        """Whether it may be absent."""
        return type(None) in get_args(self.form)

    @property
    def forms(self) -> tuple[str, ...]:
        """What errors and help show that it may be: its words, and an example of what else."""
        return (*self.words, self.beside) if self.beside else self.words

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts that a person chooses between; empty where a person types a value."""
        if self.form is bool:
            return (OFF, ON)
        return (NONE, *self.words) if self.words and self.optional else self.words

    def is_set(self, value: Any) -> bool:
        """Whether a value differs from the default."""
        return bool(value != self.default)

    # Values as they are given

    def of_form(self, value: object) -> Any:
        """Convert a value to the setting's type: 1 to 1.0, a list to a tuple. Raises OutOfRange for an invalid one."""
        try:
            return msgspec.convert(value, self.form)
        except msgspec.ValidationError:
            raise OutOfRange(self.label, repr(value), WANTED[self.plain_form]) from None

    def stored(self, value: object) -> Any:
        """Return a value as trials store it. Raises as `of_form`, and as `network_from` for missing code."""
        converted = self.of_form(value)
        return network_from(converted) if self.is_code and converted else converted

    def asked_again(self, value: Any) -> Any:
        """Return what asks for a stored value again; code without its fingerprint, so as it is now."""
        return value.rpartition("@")[0] if self.is_code else value

    def shared(self, value: Any) -> Any:
        """Return a stored value, fit to be shared: code by name and fingerprint, without its path."""
        return called(value) if self.is_code and value else value

    def checked(self, value: Any) -> Any:
        """Return the value, in its one spelling, if it is valid. Raises OutOfRange or UnknownName otherwise."""
        if value is None and self.optional:
            return value
        if self.spelt:
            return self.spelt(value)
        if self.words and value not in self.words:
            raise UnknownName(self.what, str(value), self.words)
        if self.most is not None and len(value) > self.most:
            raise OutOfRange(f"The number of {self.label.lower()}", len(value), f"at most {self.most}")
        if self.range is not None:
            for number in value if isinstance(value, tuple) else (value,):
                if not self.range.holds(number):
                    raise OutOfRange(self.each or self.label, number, self.range.words)
        return value

    # Values as a person writes them

    def read(self, text: str, label: str | None = None) -> Any:
        """Parse the text of a value; `label` is what an error calls the setting.

        Raises OutOfRange or UnknownName for an invalid text.
        """
        if self.spelt:
            return self.spelt(text)
        if self.choices and text not in self.choices:
            raise UnknownName(self.what, text, self.words)
        if self.form is bool:
            return text == ON
        if self.optional and text == (NONE if self.words else ""):
            return None
        try:
            return _READERS[self.plain_form](text)
        except ValueError:
            wanted = _WRITTEN.get(self.form, WANTED[self.plain_form])
            raise OutOfRange(
                label or self.label, repr(text), f"{wanted}, or empty for none" if self.optional else wanted
            ) from None

    def written(self, value: Any) -> str:
        """Return the text that `read` parses to a value."""
        if value is None:
            return NONE if self.words else ""
        if isinstance(value, bool):
            return ON if value else OFF
        if isinstance(value, tuple):
            return ",".join(map(str, value)) or NONE
        return exact(value) if isinstance(value, float) else str(value)


def _numbers(text: str) -> tuple[int, ...]:
    return () if text == NONE else tuple(int(part) for part in text.split(","))


_READERS: dict[Any, Callable[[str], Any]] = {str: str, int: int, float: float, tuple[int, ...]: _numbers}

WANTED: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple[int, ...]: "whole numbers",
}
"""Type of a value → what an error says that the value must be."""

_WRITTEN = {tuple[int, ...]: f"whole numbers with commas between, such as 50,20, or `{NONE}`"}


@functools.cache
def settings_of(record: type[msgspec.Struct]) -> tuple[Setting, ...]:
    """Return the settings that annotate a record's fields, in the order of the fields."""
    return tuple(
        msgspec.structs.replace(
            setting,
            name=field.name,
            form=get_args(field.type)[0],
            default=_default(field, setting),
            always_written=field.default is msgspec.NODEFAULT,
        )
        for field in msgspec.structs.fields(record)
        if get_origin(field.type) is Annotated
        for setting in field.type.__metadata__
        if isinstance(setting, Setting)
    )


def _default(field: msgspec.structs.FieldInfo, setting: Setting) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return setting.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
