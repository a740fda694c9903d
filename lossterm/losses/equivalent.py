"""What a loss is in Keras and PyTorch: the call that gives the same number for a row, its factor, and false friends."""

from typing import Literal

import msgspec

from lossterm.text.numbers import exact

Library = Literal["keras", "pytorch"]

LIBRARIES: dict[Library, str] = {"keras": "Keras", "pytorch": "PyTorch"}
"""Every library for which a record says what the loss is there → its name in print."""

Value = bool | float | str | None
"""What an argument may be; a text stands for itself, in quotes."""

Given = Literal[
    "",
    "exp(z)",
    "tanh(z)",
    "σ(z)",
    "[1 − σ(z), σ(z)]",
    "softmax(z)",
    "log_softmax(z)",
    "z + τ·ln π",
    "z + ln n",
    "z − y·Δ",
    "f and 0",
    "f and the variance v",
]
"""What a call takes as its prediction, in the notation of `losses/__init__.py`; "" for the output as it is."""

GivenTarget = Literal["", "y(1 − ε) + ε/2", "the index of the class"]
"""What a call takes as its target; "" for the target as the loss here takes it."""


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """An argument of a call in another library."""

    name: str
    """Its name there."""
    value: Value
    """What it must be."""
    default: Value
    """What it is there unless given."""


class Equivalent(msgspec.Struct, frozen=True, kw_only=True):
    """A call of another library whose value for a row, times the factor, is the loss."""

    library: Library
    """The library."""
    name: str
    """The class or function with its module."""
    arguments: tuple[Argument, ...] = ()
    """Its arguments, as far as they matter."""
    factor: float | str = 1.0
    """What its value has to be multiplied by; a symbol, such as K, where the data decide."""
    on: Given = ""
    """What it takes as its prediction."""
    target: GivenTarget = ""
    """What it takes as its target."""
    clips: bool = False
    """Whether it keeps what it takes 1e-7 away from 0, so that rows far off have another value and no gradient."""
    note: str = ""
    """What else has to be known, without a full stop."""

    @property
    def call(self) -> str:
        """The call as code, with every argument."""
        return f"{self.name}({', '.join(f'{one.name}={_code(one.value)}' for one in self.arguments)})"

    @property
    def is_same_call(self) -> bool:
        """Whether the call can take this loss's place as it is, at every output."""
        return self.factor == 1 and not (self.on or self.target or self.clips)

    @property
    def text(self) -> str:
        """The call in words: its factor, what it takes, and its own defaults."""
        factor = self.factor if isinstance(self.factor, str) else exact(self.factor)
        words = [self.call if factor == "1" else f"{factor}·{self.call}"]
        words[0] += f" on {self.on}" if self.on else ""
        words[0] += f", the target {self.target}" if self.target else ""
        if self.arguments:
            words.append(f"by default {', '.join(f'{one.name}={_code(one.default)}' for one in self.arguments)}")
        if self.clips:
            words.append("clips at 1e-7, so rows far off differ")
        return "; ".join(filter(None, [*words, self.note]))


class FalseFriend(msgspec.Struct, frozen=True, kw_only=True):
    """A call of another library whose name promises this loss, and which is another one."""

    name: str
    """The class or function with its module."""
    why: str
    """What it is instead, as a clause that goes on from `which`."""

    @property
    def text(self) -> str:
        """The warning in words."""
        return f"not the same function as {self.name}, which {self.why}"


def keras(
    name: str,
    *,
    factor: float | str = 1.0,
    on: Given = "",
    target: GivenTarget = "",
    clips: bool = False,
    note: str = "",
    **arguments: tuple[Value, Value],
) -> Equivalent:
    """Return a class of `keras.losses`, each argument as (what it must be, what it is there unless given)."""
    return Equivalent(
        library="keras",
        name=f"keras.losses.{name}",
        arguments=_arguments(arguments),
        factor=factor,
        on=on,
        target=target,
        clips=clips,
        note=note,
    )


def pytorch(
    name: str,
    *,
    factor: float | str = 1.0,
    on: Given = "",
    target: GivenTarget = "",
    note: str = "",
    **arguments: tuple[Value, Value],
) -> Equivalent:
    """Return a class of `torch.nn`, or a function with its module, with arguments as in `keras`."""
    return Equivalent(
        library="pytorch",
        name=name if "." in name else f"torch.nn.{name}",
        arguments=_arguments(arguments),
        factor=factor,
        on=on,
        target=target,
        note=note,
    )


def _arguments(given: dict[str, tuple[Value, Value]]) -> tuple[Argument, ...]:
    return tuple(Argument(name=name, value=value, default=default) for name, (value, default) in given.items())


def _code(value: Value) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return str(value) if value is None or isinstance(value, bool) else exact(value)
