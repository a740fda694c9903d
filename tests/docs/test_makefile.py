"""The Makefile: what each target would run is there, and `make` alone lists them."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.docs.pages import ROOT

TEXT = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^(\w+):", TEXT, re.MULTILINE)

needs_make = pytest.mark.skipif(
    shutil.which("make") is None, reason="make is not installed; docs say what it would run"
)


def made(*words: str) -> str:
    done = subprocess.run(["make", "-C", str(ROOT), *words], capture_output=True, text=True, check=True, timeout=30)
    return done.stdout


def test_targets_are_those_that_are_told_of_and_no_files_hide_them() -> None:
    assert TARGETS == ["help", "test", "fast", "lint", "snapshots", "bench"]
    assert re.findall(r"^\.PHONY: (.*)$", TEXT, re.MULTILINE) == [" ".join(TARGETS)]
    contributing = (ROOT / "docs/contributing.md").read_text(encoding="utf-8")
    assert [target for target in TARGETS if f"make {target}" not in contributing] == ["help"]


@needs_make
def test_without_a_target_it_lists_all() -> None:
    assert re.findall(r"^(\w+)  +\S", made("--silent"), re.MULTILINE) == TARGETS


@needs_make
@pytest.mark.parametrize("target", TARGETS[1:])
def test_what_a_target_runs_is_there(target: str) -> None:
    commands = made("-n", target, f"PYTHON={sys.executable}").splitlines()
    commands = [line for line in commands if not line.startswith("make")]
    assert commands
    for command in commands:
        program, option, module, *words = command.split()
        assert (program, option) == (sys.executable, "-m")
        assert find_spec(module) is not None
        assert all((ROOT / word).exists() for word in words if word.startswith("tests/"))


def test_the_gate_runs_what_lint_does() -> None:
    gate = (ROOT / ".ci/run").read_text(encoding="utf-8")
    linted = re.findall(r"^\t\$\(PYTHON\) -m (ruff .*|mypy .*)$", TEXT, re.MULTILINE)
    assert len(linted) == 3
    assert all(f'"{check}"' in gate for check in linted)
