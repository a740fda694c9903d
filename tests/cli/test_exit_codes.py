"""The exit codes: one meaning each, told by the help and by the docs."""

import re
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from lossterm import errors
from lossterm.cli import exit_codes
from lossterm.cli.main import cli

CODES = {value for name, value in vars(exit_codes).items() if name.isupper()}
PAGE = Path(__file__).parents[2] / "docs/command-line.md"


def test_their_numbers_are_those_that_scripts_go_by() -> None:
    named = {name: value for name, value in vars(exit_codes).items() if name.isupper()}
    assert named == {
        **{"DONE": 0, "UNEXPECTED": 1, "WRONG_USAGE": 2, "UNUSABLE": 3, "SOME_FAILED": 4, "DIFFERS": 5},
        **{"INTERRUPTED": 130, "STOPPED": 130, "NOBODY_READS": 141},
    }
    assert exit_codes.ended_by(signal.SIGINT) == exit_codes.INTERRUPTED
    assert exit_codes.ended_by(signal.SIGPIPE) == exit_codes.NOBODY_READS


def test_every_error_ends_with_one_of_them() -> None:
    every = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.LosstermError)]
    assert len(every) > 5
    assert {one.exit_code for one in every} <= CODES


def test_the_help_tells_them_all() -> None:
    text = CliRunner().invoke(cli, ["--help"]).stdout.partition("Exit codes:")[2].partition("Options:")[0]
    assert {int(number) for number in re.findall(r"(?:^ *|· )(\d+) ", text, re.MULTILINE)} == CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_docs_have_a_row_for_each(code: int) -> None:
    assert re.search(rf"^\| {code} \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
