"""How a comparison goes: on stderr, in a notebook, not at all, and until somebody interrupts it."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lossterm
from lossterm.api.comparing import started_as
from lossterm.following.narrator import Narrator
from lossterm.store import Store
from tests.api.test_comparing import SCRIPT
from tests.builders.training_here import training_here

QUICK: dict[str, Any] = {"seeds": 2, "epochs": 5, "learning_rates": 0.01}


class Cell:
    """Stands for the output of a cell: what was displayed, and what it was updated to."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.updates: list[str] = []

    def display(self, what: Any, *, display_id: bool = False) -> Any:
        self.shown.append(what._repr_html_())
        return SimpleNamespace(update=lambda new: self.updates.append(new._repr_html_())) if display_id else None


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Cell:
    """Have this process look like the kernel of a notebook."""
    cell = Cell()
    display = SimpleNamespace(display=cell.display)
    ipython = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()), display=display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return cell


def test_a_notebook_shows_a_bar_that_changes_in_place(trained: Path, cell: Cell, capfd: Any) -> None:
    lossterm.compare(([[1, 2], [3, 4]] * 30, ["<b>", "a"] * 30), "hinge", **QUICK)
    assert "starting" in cell.shown[-1] or "starting" in cell.shown[-2]
    assert '<progress value="10" max="10"></progress> 2/2 trials' in cell.updates[-2]
    assert "<progress" not in cell.updates[-1]  # nothing goes on any more
    assert any("kind= says otherwise." in one for one in cell.shown)
    assert not any("<b>" in one for one in (*cell.shown, *cell.updates))
    assert capfd.readouterr().err == ""


def test_a_log_gets_whole_lines(trained: Path, capfd: Any) -> None:
    lossterm.compare(([[1, 2], [3, 4]] * 30, ["b", "a"] * 30), "hinge", **QUICK)
    out, err = capfd.readouterr()
    assert out == ""
    assert "y has 2 names: two classes to tell apart (binary); kind= says otherwise." in err.splitlines()
    assert err.splitlines()[-1] == "2/2 trials"


def test_nothing_is_shown_where_nobody_wants_to_see_it(trained: Path, cell: Cell, capfd: Any) -> None:
    lossterm.compare(([[1, 2], [3, 4]] * 30, ["b", "a"] * 30), "hinge", progress=False, **QUICK)
    assert cell.shown == []
    assert capfd.readouterr() == ("", "")


# Interrupted


HEEDS = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
"""Heeds Ctrl-C, which a shell has what it starts in the background ignore."""


def test_an_interrupted_comparison_stops_and_keeps_what_was_trained(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.02")
    with subprocess.Popen(
        [sys.executable, "-c", HEEDS + SCRIPT.replace("EPOCHS", "10")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        deadline = time.monotonic() + 30
        with Store() as store:
            while not (session := store.sessions.every()) or not session[0].ended:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert running.returncode == -signal.SIGINT
    assert out == "begins\n"  # what stands behind compare was not run
    *_, kind, note = err.strip().splitlines()
    assert kind == "KeyboardInterrupt"
    assert note == "Stopped; what was trained is kept: lossterm.result() returns it, and the same compare(…) goes on."
    result = lossterm.result()
    assert not result.complete
    assert 0 < sum(one["status"] == "done" for one in result.trials()) < 30
    assert {one["status"] for one in result.trials()} <= {"done", "cancelled", "running"}


def test_what_was_not_begun_is_told_so_and_goes_on_when_asked_for_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    usual = Narrator.show
    monkeypatch.setattr(Narrator, "show", interrupted)
    with started_as(None), pytest.raises(KeyboardInterrupt) as error:
        lossterm.compare("circles", "hinge", session="mine", progress=False, **QUICK)
    assert error.value.__notes__ == ["Stopped before anything was trained."]
    assert {one["status"] for one in lossterm.result("mine").trials()} == {"cancelled"}
    monkeypatch.setattr(Narrator, "show", usual)
    with started_as(None), training_here():
        assert lossterm.compare("circles", "hinge", session="mine", progress=False, **QUICK).complete
