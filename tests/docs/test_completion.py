"""Completion in the shell, as the page on the command line tells it: a real bash asks, and what it gets is there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import PAGES

ASK = """
set -e
eval "$(_LOSSTERM_COMPLETE=bash_source lossterm)"
complete -p lossterm
ask() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _lossterm_completion lossterm
    echo "${COMPREPLY[@]}"
}
ask lossterm rep
ask lossterm run --prot
ask lossterm export --
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return a directory with a program `lossterm`, for the `PATH`."""
    path = tmp_path / "lossterm"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from lossterm.cli.main import main; main()" "$@"\n')
    path.chmod(0o755)
    return tmp_path


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_commands_and_options(program: Path) -> None:
    assert 'eval "$(_LOSSTERM_COMPLETE=bash_source lossterm)"' in PAGES["docs/command-line.md"].read_text("utf-8")
    path = f"{program}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(["bash", "-c", ASK], env=environment, capture_output=True, text=True, check=True, timeout=30)
    declared, *answers = done.stdout.splitlines()
    assert declared == "complete -o nosort -F _lossterm_completion lossterm"
    assert answers == ["report reproduce", "--protocol", "--to --task --loss --output --force --store --help"]
