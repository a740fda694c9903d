"""The installed program in a real terminal, with the real worker: chosen, run, watched, left, found again."""

import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest

from lossterm import daemon
from lossterm.store import Store

pytestmark = pytest.mark.tensorflow

PROGRAM = Path(sys.executable).with_name("lossterm")
COLUMNS, LINES = 80, 24

VERDICT = re.compile(r"No detectable difference: |\w+ is best\.|Best: \w+, tied with \w+; ")
"""How the sentence begins that says above the scores who is best."""


class Terminal:
    """A pseudo-terminal with the program in it, and the screen that its bytes draw."""

    def __init__(self, home: Path, *arguments: str, columns: int = COLUMNS, lines: int = LINES, **more: str) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")},
            "LOSSTERM_HOME": str(home),
            "LOSSTERM_IDLE_SECONDS": "60",
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            **more,
        }
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.bytes = b""
        self.process = pexpect.spawn(
            str(PROGRAM), list(arguments), dimensions=(lines, columns), env=environment, timeout=60
        )
        self.process.delaybeforesend = None  # pexpect would wait 50 ms before every key

    def press(self, keys: str) -> None:
        self.process.send(keys)

    def read(self, seconds: float = 0.05) -> bytes:
        """Take in what comes within a while."""
        try:
            new: bytes = self.process.read_nonblocking(65536, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return b""
        self.take(new)
        return new

    def take(self, new: bytes) -> None:
        """Draw bytes that were read otherwise."""
        self.bytes += new
        self._stream.feed(new)

    @property
    def text(self) -> str:
        return "\n".join(self._screen.display)

    def until(self, true: Callable[[str], object], seconds: float = 60) -> str:
        """Read until the screen shows something. Fails with the screen after so many seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read()
            if true(self.text):
                return self.text
        raise AssertionError(f"never shown:\n{self.text}")

    def rest(self) -> str:
        """Read to the program's end and return all it ever wrote."""
        while self.process.isalive() or self.read():
            self.read()
        return self.bytes.decode(errors="replace")


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a home whose worker serves all tests of this module, so that TensorFlow is loaded once."""
    home = tmp_path_factory.mktemp("home")
    yield home
    path = home / "lossterm.db"
    if path.exists():
        with Store(path) as store:
            for worker in store.workers():
                if daemon.alive(path, worker.device):
                    os.kill(worker.pid, 9)
    shutil.rmtree(home, ignore_errors=True)


def braille(text: str) -> bool:
    return any("⠀" < mark <= "⣿" for mark in text)


def restored(output: str) -> bool:
    """Whether the terminal was given back: main screen, cursor shown, mouse and paste modes off."""
    return all(
        output.rfind(off) > output.rfind(on)
        for on, off in (
            ("\x1b[?1049h", "\x1b[?1049l"),
            ("\x1b[?25l", "\x1b[?25h"),
            ("\x1b[?1000h", "\x1b[?1000l"),
            ("\x1b[?2004h", "\x1b[?2004l"),
        )
    )


def test_choose_run_watch_and_quit(shared_home: Path) -> None:
    terminal = Terminal(shared_home, "--session", "seen")
    terminal.until(lambda text: "loading TensorFlow" in text)
    terminal.press("\x1b[B")  # choosing works meanwhile
    terminal.press(" ")
    terminal.until(lambda text: "2 of 11 ticked" in text)
    terminal.press("\t25\t2\t\t\t\t ")  # 25 epochs, 2 seeds, and the next protocol
    terminal.until(lambda text: re.search(r"rate +0\.01 .*\n.* protocol tutorial", text))
    terminal.press("r")
    text = terminal.until(lambda text: "4/4 trials" in text and braille(text))
    assert "Curves: loss, test" in text
    assert re.search(r"1 +(binary_crossentropy|squared_hinge) +0\.\d+ ±\.\d+", text)
    terminal.press("m")
    terminal.until(lambda text: "Curves: accuracy" in text and braille(text))
    terminal.press("q")
    output = terminal.rest()
    assert terminal.process.exitstatus == 0
    assert restored(output)
    after = output[output.rfind("\x1b[?1049l") :]
    assert "circles: 2 seeds × 25 epochs" in after
    assert "binary_crossentropy" in after


def test_a_fair_comparison_ends_in_a_verdict_on_the_screen_and_in_the_shell(shared_home: Path) -> None:
    terminal = Terminal(shared_home, "--session", "fair")
    terminal.until(lambda text: "rate   tune" in text)
    terminal.press("\t20\t2")  # 20 epochs, 2 seeds
    terminal.until(lambda text: re.search(r"epochs 20 +seeds +2 ", text))
    terminal.press("r")
    text = terminal.until(lambda text: "30/30 trials" in text and VERDICT.search(text))
    found = re.search(r"1 +(binary_crossentropy|hinge|squared_hinge) +0\.\d+ ±\.\d+ .* best", text)
    assert found
    terminal.press("m")
    terminal.until(lambda text: "Curves: accuracy, validation" in text)
    terminal.press("m")
    text = terminal.until(lambda text: "Curves: accuracy by" in text and "0.001" in text)
    assert "●" in text.split("Settings")[0].replace("● circles", "")
    terminal.press("q")
    output = terminal.rest()
    assert terminal.process.exitstatus == 0
    assert restored(output)
    after = output[output.rfind("\x1b[?1049l") :]
    assert "circles: 2 seeds × 20 epochs" in after
    assert re.search(rf"No detectable difference: |{found[1]} is best, ahead of \w+", after)
    assert re.search(rf"1 +{found[1]} +0\.\d+ ±\.\d+ .* best", after)


def test_nothing_is_written_while_nothing_happens(shared_home: Path) -> None:
    terminal = Terminal(shared_home, "--session", "idle")
    terminal.until(lambda text: ("CPU ready" in text or "GPU ready" in text) and "heuristic" in text)
    while terminal.read(0.6):  # the last of the start
        pass
    assert terminal.read(3.0) == b""
    terminal.press("q")
    assert restored(terminal.rest())


def test_leaving_and_opening_again_finds_the_training_where_it_is(shared_home: Path) -> None:
    first = Terminal(shared_home, "--session", "long")
    first.until(lambda text: "ready" in text)
    first.press("\t500000\t1")  # half a million epochs: far from done while this test runs
    first.press("r")
    first.until(braille)
    first.press("q")
    first.until(lambda text: "leave it running" in text)
    first.press("l")
    assert restored(first.rest())
    assert first.process.exitstatus == 0

    with Store(shared_home / "lossterm.db") as store:
        ids = [asked.id for asked in store.comparisons("long")]
        before = sum(row.epochs for row in store.trials(ids))
        second = Terminal(shared_home, "--session", "long")
        second.until(braille)
        second.until(lambda _: sum(row.epochs for row in store.trials(ids)) > before)
        second.press("s")
        second.until(lambda text: "15 stopped" in text)
        assert {row.status for row in store.trials(ids)} == {"cancelled"}
    second.press("q")
    assert restored(second.rest())


def test_ctrl_c_during_a_headless_run_keeps_the_session(shared_home: Path) -> None:
    terminal = Terminal(
        shared_home, "run", "--session", "broken-off", "--epochs", "500000", "--loss", "hinge", "--seeds", "2"
    )
    terminal.until(lambda text: "epochs/s" in text)
    terminal.process.sendintr()
    output = terminal.rest()
    assert terminal.process.exitstatus == 130
    assert "lossterm report broken-off" in output
    assert "Traceback" not in output


def test_a_closed_terminal_leaves_no_process_behind(shared_home: Path) -> None:
    terminal = Terminal(shared_home)
    terminal.until(lambda text: "Task" in text)
    terminal.process.close(force=False)  # the master's end goes away: SIGHUP, as when a link drops
    end = time.monotonic() + 20
    while terminal.process.isalive() and time.monotonic() < end:
        time.sleep(0.05)
    assert not terminal.process.isalive()


def test_a_small_terminal_gets_a_sentence(shared_home: Path) -> None:
    terminal = Terminal(shared_home, columns=60, lines=15)
    terminal.until(lambda text: "lossterm needs 80×24 and this terminal is 60×15" in text)
    terminal.press("q")
    assert restored(terminal.rest())
    assert terminal.process.exitstatus == 0


def test_a_c_locale_does_not_break_the_app(shared_home: Path) -> None:
    terminal = Terminal(shared_home, LANG="C", LC_ALL="C")
    terminal.until(lambda text: "Losses" in text)
    terminal.press("q")
    output = terminal.rest()
    assert restored(output)
    assert "Traceback" not in output


def test_a_program_that_is_told_to_end_gives_the_terminal_back(shared_home: Path) -> None:
    terminal = Terminal(shared_home)
    terminal.until(lambda text: "Losses" in text)
    terminal.process.kill(signal.SIGTERM)
    assert restored(terminal.rest())
    assert terminal.process.exitstatus == 128 + signal.SIGTERM
