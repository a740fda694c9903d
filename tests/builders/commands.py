"""`lossterm run` up to the point where it would train: what it asks for, and for which session."""

from importlib import import_module
from unittest.mock import patch

from click.testing import CliRunner, Result

from lossterm.cli.main import cli
from lossterm.comparison.comparison import Comparison


class Asked(Exception):
    """Stands for the training: what a run asks for, and for which session."""


class Watching:
    """Stands where a run begins to watch."""

    def __init__(self, store: object, session: str, comparisons: list[Comparison], **_: object) -> None:
        raise Asked(session, *comparisons)


def invoked(*words: str) -> Result:
    module = import_module("lossterm.cli.commands.run")  # commands are loaded as they are used
    with (
        patch.object(module, "Watch", Watching),
        patch.object(module, "asking", lambda _store, _session, comparisons: comparisons),
        patch.object(module, "see_to_size", lambda *_: None),
    ):
        return CliRunner().invoke(cli, words)
