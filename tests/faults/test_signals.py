"""What a terminal and a system do to the program, whose engine is the fake: signals, links that drop, kill -9."""

import os
import signal
import sys
import termios
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pexpect
import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.engine.fakes.fake_engine import FakeTrainer
from lossterm.store import AskedComparison, Store
from lossterm.worker_control import lock
from tests.faults.watcher import Watcher, assert_nothing_lost, curves, until
from tests.long_run import cases
from tests.terminal.pseudo_terminal import Terminal, braille, restored

DEVICE = "auto"
SESSION = "s"
EPOCHS = 500
COMPARISON = Comparison.ask("circles", protocol="tutorial", seeds=2, epochs=EPOCHS)
"""Six trials."""
WORDS = ("run", "--session", SESSION, "--task", "circles", "--protocol", "tutorial", "--seeds", "2", "--epochs")

UNHURRIED = """
from pathlib import Path
from lossterm.engine.fakes import fake_engine as fake
from lossterm.engine.worker import process as worker
class Unhurried(fake.FakeTrainer):
    def train(self, trial, number, report, *more):
        def reported(chunk):
            if Path({hurry!r}).exists():
                self._epoch_seconds = 0.0
            return report(chunk)
        return super().train(trial, number, reported, *more)
worker.main(lambda device, memory: (Unhurried, fake.load_fake(device)[1], 2))
"""
"""A worker with the fake engine, whose epochs take their time until a file is there."""

LAUNCHER = """
import sys
from lossterm.cli.main import main
from lossterm.worker_control.starting import Workers
main(workers=Workers((sys.executable, "-c", {worker!r})))
"""
"""The installed program, but that its workers take their time."""

Open = Callable[..., Terminal]


@pytest.fixture
def open_program(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Return what starts the program in a terminal of its own; all that it leaves behind is killed at the end."""
    monkeypatch.setattr("tests.terminal.pseudo_terminal.PROGRAM", Path(sys.executable))
    opened: list[Terminal] = []
    launcher = LAUNCHER.format(worker=UNHURRIED.format(hurry=str(hurry(store))))

    def opening(*words: str) -> Terminal:
        words = ("-c", launcher, *(words or ("--session", SESSION)))
        opened.append(
            Terminal(store.path.parent, *words, LOSSTERM_IDLE_SECONDS="3", LOSSTERM_FAKE_EPOCH_SECONDS="0.02")
        )
        return opened[-1]

    yield opening
    for terminal in opened:
        with suppress(pexpect.ExceptionPexpect):
            terminal.process.close(force=True)
    kill_worker(store)


@pytest.fixture
def watcher(store: Store) -> Iterator[Watcher]:
    """Return a second viewer, which starts no worker."""
    watching = Watcher(store.path, SESSION, DEVICE)
    yield watching
    watching.close()


def hurry(store: Store) -> Path:
    """Return the file that has epochs take no time any more."""
    return store.path.with_name("hurry")


def goes_on(watcher: Watcher) -> None:
    """Wait for epochs that were trained after now."""
    watcher.look()
    before = len(watcher.shown)
    watcher.until(lambda: len(watcher.shown) > before, "epochs")


def kill_worker(store: Store) -> None:
    holder = lock.sign(store.path, DEVICE)
    if holder and lock.alive(store.path, DEVICE):
        os.kill(holder.pid, signal.SIGKILL)
        until(lambda: not lock.alive(store.path, DEVICE), "the lock to be free")


def modes(terminal: Terminal) -> list[Any]:
    """Return what stty would say."""
    return termios.tcgetattr(terminal.process.child_fd)


def state(terminal: Terminal) -> str:
    """Return the letter by which the kernel calls what the process does: T for stopped."""
    return Path(f"/proc/{terminal.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


def vanish(terminal: Terminal) -> None:
    """Take the terminal away, as a link that drops does, and wait until the program has gone."""
    with suppress(pexpect.ExceptionPexpect):  # it has less patience than the program may take
        terminal.process.close(force=False)
    until(lambda: not terminal.process.isalive(), "the program to leave", 20)


def cursor_shown(output: str) -> bool:
    return output.rfind("\x1b[?25h") >= output.rfind("\x1b[?25l")


def training(terminal: Terminal, watcher: Watcher) -> None:
    """Read until curves are drawn."""
    terminal.until(braille)
    watcher.until(lambda: len(watcher.shown) > 10, "epochs")


def running(terminal: Terminal, watcher: Watcher) -> None:
    """Read until a headless run tells of epochs."""
    terminal.until(lambda text: "epochs/s" in text)
    watcher.until(lambda: len(watcher.shown) > 10, "epochs")


def assert_as_undisturbed(watcher: Watcher, store: Store, asked: AskedComparison) -> None:
    """Wait for the end; check that nothing shown was lost, and curves and scores, of which all else is made."""
    hurry(store).touch()
    watcher.until(lambda: watcher.view.rows and not watcher.view.training, "the end")
    assert_nothing_lost(watcher, store, asked)
    by_number = curves(store, asked)
    for row in store.reader.trials([asked.id]):
        alone = FakeTrainer().train(row.trial, row.id, lambda _: False)
        assert alone.chunk is not None
        assert (row.status, row.scores) == ("done", alone.scores)
        assert array("f", by_number[row.id]) == alone.chunk.values()


def assert_found_again(open_program: Open) -> None:
    """Open the session once more: all of it is there."""
    terminal = open_program()
    terminal.until(lambda text: "6/6 trials" in text and braille(text))
    terminal.press("q")
    assert restored(terminal.rest())
    assert terminal.process.exitstatus == 0


# The app


ENDINGS = {one.name: one for one in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)}


@pytest.mark.parametrize("ending", cases(ENDINGS, {"SIGHUP"}))
def test_told_to_end_the_app_gives_the_terminal_back_and_training_goes_on(
    ending: signal.Signals, open_program: Open, store: Store, watcher: Watcher
) -> None:
    asked = store.requests.ask(SESSION, COMPARISON)
    terminal = open_program()
    before = modes(terminal)
    training(terminal, watcher)
    assert modes(terminal) != before
    terminal.process.kill(ending)
    output = terminal.rest()
    assert terminal.process.exitstatus == 128 + ending
    assert restored(output)
    assert modes(terminal) == before
    assert "Traceback" not in output
    assert f"Training goes on. Come back with: lossterm --session {SESSION}" in output
    goes_on(watcher)
    assert_as_undisturbed(watcher, store, asked)
    assert {row.attempts for row in store.reader.trials([asked.id])} == {1}
    assert_found_again(open_program)


@pytest.mark.parametrize("how", ["key", pytest.param("signal", marks=pytest.mark.slow)])
def test_suspended_the_app_gives_the_terminal_back_and_takes_it_again(
    how: str, open_program: Open, store: Store, watcher: Watcher
) -> None:
    asked = store.requests.ask(SESSION, COMPARISON)
    terminal = open_program()
    before = modes(terminal)
    training(terminal, watcher)
    while_it_ran = modes(terminal)
    if how == "key":
        terminal.press("\x1a")
    else:
        terminal.process.kill(signal.SIGTSTP)
    until(lambda: state(terminal) == "T", "the program to stop")
    terminal.during(0.2)
    assert restored(terminal.bytes.decode())
    assert modes(terminal) == before
    assert_as_undisturbed(watcher, store, asked)  # the worker did not stop with it
    terminal.process.kill(signal.SIGCONT)
    terminal.until(lambda text: "6/6 trials" in text and braille(text))
    assert modes(terminal) == while_it_ran
    assert not restored(terminal.bytes.decode())
    terminal.press("q")
    assert restored(terminal.rest())
    assert modes(terminal) == before
    assert terminal.process.exitstatus == 0


def test_a_terminal_that_vanishes_takes_the_app_along_and_not_the_training(
    open_program: Open, store: Store, watcher: Watcher
) -> None:
    asked = store.requests.ask(SESSION, COMPARISON)
    terminal = open_program()
    training(terminal, watcher)
    vanish(terminal)
    goes_on(watcher)
    assert_as_undisturbed(watcher, store, asked)
    assert {row.attempts for row in store.reader.trials([asked.id])} == {1}
    assert_found_again(open_program)


@pytest.mark.parametrize("both", cases({"the app alone": False, "the worker too": True}, {"the worker too"}))
def test_after_kill_9_the_session_is_found_as_it_was_and_goes_on(
    both: bool, open_program: Open, store: Store, watcher: Watcher
) -> None:
    asked = store.requests.ask(SESSION, COMPARISON)
    terminal = open_program()
    training(terminal, watcher)
    terminal.process.kill(signal.SIGKILL)
    if both:
        kill_worker(store)
    terminal.rest()
    again = open_program()
    again.until(braille)
    goes_on(watcher)
    hurry(store).touch()
    again.until(lambda text: "6/6 trials" in text)
    assert_as_undisturbed(watcher, store, asked)
    attempts = {row.attempts for row in store.reader.trials([asked.id])}
    assert attempts <= ({1, 2} if both else {1})  # of trials that ran beside each other none is blamed
    again.press("q")
    assert restored(again.rest())


def test_a_worker_that_is_killed_is_replaced_while_the_app_shows_on(
    open_program: Open, store: Store, watcher: Watcher
) -> None:
    asked = store.requests.ask(SESSION, COMPARISON)
    terminal = open_program()
    training(terminal, watcher)
    kill_worker(store)
    goes_on(watcher)
    hurry(store).touch()
    terminal.until(lambda text: "6/6 trials" in text)
    assert_as_undisturbed(watcher, store, asked)
    terminal.press("q")
    output = terminal.rest()
    assert restored(output)
    assert "Traceback" not in output


# The headless run


def test_ctrl_c_stops_what_a_run_waits_for_and_keeps_what_was_trained(
    open_program: Open, store: Store, watcher: Watcher
) -> None:
    terminal = open_program(*WORDS, "100000")
    before = modes(terminal)
    running(terminal, watcher)
    terminal.process.sendintr()
    output = terminal.rest()
    assert terminal.process.exitstatus == 130
    assert f"Stopped; what was trained is kept: lossterm report {SESSION}" in output
    assert "Traceback" not in output
    assert cursor_shown(output)
    assert modes(terminal) == before
    watcher.until(lambda: not watcher.view.training, "the trials to stop")
    (asked,) = store.reader.comparisons(SESSION)
    assert_nothing_lost(watcher, store, asked)
    assert {row.status for row in store.reader.trials([asked.id])} == {"cancelled"}


@pytest.mark.parametrize("ending", [signal.SIGHUP, signal.SIGTERM], ids=lambda one: one.name)
def test_told_to_end_a_run_leaves_the_training_to_the_worker_and_says_so(
    ending: signal.Signals, open_program: Open, store: Store, watcher: Watcher
) -> None:
    terminal = open_program(*WORDS, str(EPOCHS))
    before = modes(terminal)
    running(terminal, watcher)
    terminal.process.kill(ending)
    output = terminal.rest()
    assert terminal.process.exitstatus == 128 + ending
    assert cursor_shown(output)
    assert modes(terminal) == before
    assert "Training goes on; the table of what there is: lossterm report s" in output
    assert "Traceback" not in output
    goes_on(watcher)
    assert_as_undisturbed(watcher, store, store.reader.comparisons(SESSION)[0])


def test_a_terminal_that_vanishes_takes_the_run_along_and_not_the_training(
    open_program: Open, store: Store, watcher: Watcher
) -> None:
    terminal = open_program(*WORDS, str(EPOCHS))
    running(terminal, watcher)
    vanish(terminal)
    goes_on(watcher)
    assert_as_undisturbed(watcher, store, store.reader.comparisons(SESSION)[0])


def test_a_run_that_is_suspended_goes_on_where_the_worker_is_by_then(
    open_program: Open, store: Store, watcher: Watcher
) -> None:
    terminal = open_program(*WORDS, str(EPOCHS))
    running(terminal, watcher)
    terminal.process.kill(signal.SIGSTOP)  # what the kernel does on ctrl-z; only a shell's child can be sent SIGTSTP
    until(lambda: state(terminal) == "T", "the program to stop")
    assert_as_undisturbed(watcher, store, store.reader.comparisons(SESSION)[0])
    terminal.process.kill(signal.SIGCONT)
    output = terminal.rest()
    assert terminal.process.exitstatus == 0
    assert cursor_shown(output)
    assert "Ranked by mean test accuracy" in output


def test_after_kill_9_of_a_run_the_worker_goes_on_and_the_same_run_finds_all_trained(
    open_program: Open, store: Store, watcher: Watcher
) -> None:
    terminal = open_program(*WORDS, str(EPOCHS))
    running(terminal, watcher)
    terminal.process.kill(signal.SIGKILL)
    terminal.rest()
    goes_on(watcher)
    (asked,) = store.reader.comparisons(SESSION)
    assert_as_undisturbed(watcher, store, asked)
    ticks = [row.finished for row in store.reader.trials([asked.id])]
    again = open_program(*WORDS, str(EPOCHS))
    assert "binary_crossentropy" in again.rest()
    assert again.process.exitstatus == 0
    assert [row.finished for row in store.reader.trials([asked.id])] == ticks


# Two viewers


def test_what_one_viewer_cancels_ends_for_the_other_at_once(open_program: Open, store: Store, watcher: Watcher) -> None:
    run = open_program(*WORDS, "100000")
    running(run, watcher)
    app = open_program()
    app.until(braille)
    app.press("s")
    began = time.monotonic()
    output = run.rest()
    assert time.monotonic() - began < 10
    assert run.process.exitstatus == 130
    assert "Traceback" not in output
    app.until(lambda text: "6 stopped" in text)
    watcher.until(lambda: not watcher.view.training, "the trials to stop")
    (asked,) = store.reader.comparisons(SESSION)
    assert {row.status for row in store.reader.trials([asked.id])} == {"cancelled"}
    assert_nothing_lost(watcher, store, asked)
    app.press("q")
    assert restored(app.rest())


def test_what_another_waits_for_too_goes_on_when_one_of_them_is_interrupted(
    open_program: Open, store: Store, watcher: Watcher
) -> None:
    asked = store.requests.ask(SESSION, COMPARISON)
    app = open_program()
    training(app, watcher)
    run = open_program(*WORDS, str(EPOCHS))
    run.until(lambda text: "trials" in text)
    run.process.sendintr()
    output = run.rest()
    assert run.process.exitstatus == 130
    assert "of the trials go on, since another comparison waits for them too" in " ".join(output.split())
    hurry(store).touch()
    app.until(lambda text: "6/6 trials" in text)
    assert_as_undisturbed(watcher, store, asked)
    app.press("q")
    assert restored(app.rest())
