"""Options that are derived from the records of settings."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lossterm.cli.options.shared import Choice
from lossterm.comparison.hyperparameters import usual_value
from lossterm.comparison.protocol_catalogue import PROTOCOLS
from lossterm.comparison.setting import NONE, Setting
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS

Command = TypeVar("Command", bound=Callable[..., Any])

METAVARS: dict[Any, str] = {int: "INTEGER", float: "FLOAT", str: "TEXT", tuple[int, ...]: "UNITS"}
"""Type of a setting's values → what stands for one in the help."""


class Value(click.ParamType[Any]):
    """A value of a setting, as a person writes it."""

    def __init__(self, setting: Setting) -> None:
        self.name, self._setting = METAVARS[setting.plain_form].lower(), setting

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse text; any other value was parsed already. Raises OutOfRange or UnknownName."""
        return self._setting.read(value, f"--{self._setting.key}") if isinstance(value, str) else value

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str | None:
        """Show the forms of what is a word in the help."""
        return "[" + "|".join(self._setting.forms) + "]" if self._setting.words else None


def setting_option(setting: Setting, *short: str) -> Callable[[Command], Command]:
    """Return what adds the option that asks for a setting."""
    if setting.form is bool:
        switch = f"--{setting.key}/--no-{setting.key}" if setting.default else f"--{setting.key}"
        return click.option(switch, is_flag=True, default=setting.default, help=_help(setting))
    usual = None if setting.of_task or setting.of_protocol or setting.is_code else setting.default
    return click.option(
        f"--{setting.key}",
        *short,
        type=Choice(setting.what, *setting.words) if setting.words and not setting.spelt else Value(setting),
        metavar="FILE.py:NAME" if setting.is_code else None,
        default=usual,
        show_default=usual is not None,
        help=_help(setting),
    )


def settings_options(command: Command) -> Command:
    """Add an option for each hyperparameter, under the name that `Comparison.ask` has for it."""
    for setting in reversed(HYPERPARAMETERS.values()):
        if setting.has_option:
            command = setting_option(setting)(command)
    return command


def _help(setting: Setting) -> str:
    shape = f", as 50,20, or {NONE}" if setting.form == tuple[int, ...] else ""
    usual = "the task's own" if setting.of_task else _by_protocol(setting) if setting.of_protocol else setting.unset
    return setting.help + setting.more + shape + (f" (default: {usual})." if usual else ".")


def _by_protocol(setting: Setting) -> str:
    """Write what each protocol has: `constant; cosine under fair`."""
    others = {key: usual_value(setting, one) for key, one in PROTOCOLS.items()}
    apart = [f"{value} under {key}" for key, value in others.items() if value != setting.default]
    return "; ".join((str(setting.default), *apart))
