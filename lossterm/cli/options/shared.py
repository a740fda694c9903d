"""Options that several commands share."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lossterm.errors import UnknownName
from lossterm.home.paths import default_store_path
from lossterm.home.presence import is_there
from lossterm.home.tilde import expanded
from lossterm.text.glyph_fallback import MARKERS

DEFAULT_SESSION = "default"
FORMATS = ("table", "json", "csv", "markdown", "plain", "linear")
"""Forms in which a report is printed."""

StorePath = Path | None

Command = TypeVar("Command", bound=Callable[..., Any])


class Choice(click.ParamType[str]):
    """One of some words; a near miss is suggested."""

    def __init__(self, what: str, *words: str) -> None:
        self.name, self._words = what, words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word. Raises UnknownName."""
        if value not in self._words:
            raise UnknownName(self.name, str(value), self._words)
        return value

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Show the words in the help."""
        return "[" + "|".join(self._words) + "]"


def absent(store: StorePath) -> bool:
    """Whether there is no store yet where one could be made. Does not make one.

    Raises StoreError for a place that cannot be looked at, as in another user's directory.
    """
    path = expanded(store or default_store_path()).absolute()
    nearest = next((one for one in (path, *path.parents) if is_there(one, "The store", links=True)), path)
    return nearest != path and nearest.is_dir()


def _or_before_the_command(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """Return the value given after the command's name, else that given before it."""
    before = context.obj.get(option.name) if isinstance(context.obj, dict) else None
    return before if value is None else value


def _session(context: click.Context, option: click.Parameter, value: str | None) -> str:
    given = _or_before_the_command(context, option, value)
    if not given:
        return DEFAULT_SESSION
    from lossterm.store import session_name  # whoever names a session needs the store

    return session_name(given)


def store_option(command: Command) -> Command:
    """Add `--store FILE`, which may also stand before the command's name."""
    return click.option(
        "--store",
        type=click.Path(path_type=Path),
        callback=_or_before_the_command,
        help="File that holds sessions (default: in LOSSTERM_HOME, or the user's data directory).",
    )(command)


def session_option(command: Command) -> Command:
    """Add `--session NAME`, which may also stand before the command's name."""
    return click.option(
        "--session", metavar="NAME", callback=_session, help=f"Session to open or begin (default: {DEFAULT_SESSION})."
    )(command)


def session_argument(command: Command) -> Command:
    """Add a session as an argument; without it, the one given before the command's name, else the default session."""

    def chosen(context: click.Context, argument: click.Parameter, value: str | None) -> str:
        named = _or_before_the_command(context, argument, value)
        return DEFAULT_SESSION if named is None else str(named)

    return click.argument("session", required=False, callback=chosen)(command)


def loss_file_option(command: Command) -> Command:
    """Add `--loss-file PLACE:NAME`, a custom loss."""
    return click.option(
        "--loss-file",
        "own",
        metavar="FILE.py:NAME",
        multiple=True,
        help="A loss of your own, again for more: a function (y_true, y_pred), a Keras loss or a record, in a Python "
        "file or an installed package (package.module:NAME), then perhaps :parameter=value,…; see lossterm probe.",
    )(command)


def app_options(command: Command) -> Command:
    """Add the options that override the app's configuration; None for each that is not given."""
    for option in (
        click.option("--markers", type=Choice("kind of markers", *MARKERS), help="What curves are drawn with."),
        click.option("--theme", metavar="NAME", help="dark, light, or a Textual theme."),
        click.option("--low-bandwidth/--no-low-bandwidth", default=None, help="Send as few bytes as can be."),
        click.option("--ascii/--no-ascii", default=None, help="Draw nothing but ASCII."),
    ):
        command = option(command)
    return command


def opening(session: str, store: StorePath, *more: str) -> str:
    """Write the command that opens a session, to be copied into a shell; `more` comes first."""
    place = [] if store is None else ["--store", str(store)]
    return shlex.join(["lossterm", *more, *place, "--session", session])


def format_option(*formats: str) -> Callable[[Command], Command]:
    """Add `--format`, the first being the default."""
    return click.option(
        "--format",
        "form",
        type=Choice("format", *formats),
        default=formats[0],
        show_default=True,
        help="Form of stdout.",
    )


table_formats = format_option(*FORMATS)
list_formats = format_option("table", "json")
