"""The installed program in terminals, on stores and with files as they also are: the screen is given back each time."""

import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pexpect
import pytest

from lossterm.store import Store
from lossterm.worker_control import lock
from tests.builders.stores import DEVICE, TUTORIAL, fill
from tests.terminal.pseudo_terminal import Terminal, braille, restored

TAKEN = "\x1b[?1049h"
"""What the program writes when it takes the screen."""

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def place(home: Path) -> Iterator[Path]:
    """Return a home whose store holds a finished session, and whose worker's lock is held as if one were loading.

    So the app starts none: loading TensorFlow would take ten times what the app takes. In `test_terminal` it does.
    """
    fill(home / "lossterm.db", TUTORIAL)
    held = lock.hold(home / "lossterm.db", DEVICE)
    assert held is not None
    yield home
    os.close(held)


def open_terminal(home: Path, *arguments: str, columns: int = 80, lines: int = 24, **more: str) -> Terminal:
    """Start the program on the prepared session."""
    return Terminal(home, "--session", "prepared", *arguments, columns=columns, lines=lines, **more)


def too(*values: object) -> object:
    """Return a cell of a product that is tried in the slow set alone."""
    return pytest.param(*values, marks=pytest.mark.slow)


def left(terminal: Terminal, code: int = 0) -> str:
    """Return all that was written by a program that has ended or is about to, and gave the screen back."""
    output = terminal.rest()
    assert terminal.process.exitstatus == code, output[-2000:]
    assert restored(output)
    assert "Traceback" not in output
    return output


def home_is_shown(text: str) -> bool:
    return "Losses" in text and "12/12 trials" in text and "q Quit" in text


# Told to end


@pytest.mark.parametrize("ending", SIGNALS, ids=[one.name for one in SIGNALS])
def test_told_to_end_before_the_first_paint(place: Path, ending: signal.Signals) -> None:
    terminal = open_terminal(place)
    while TAKEN.encode() not in terminal.bytes and terminal.process.isalive():
        terminal.read(0.001)
    terminal.process.kill(ending)
    left(terminal, 128 + ending)


@pytest.mark.parametrize("wait", [0.02, 0.12, too(0.06), too(0.2), too(0.3)])
def test_told_to_end_while_panels_are_built(place: Path, wait: float) -> None:
    terminal = open_terminal(place)
    while TAKEN.encode() not in terminal.bytes and terminal.process.isalive():
        terminal.read(0.001)
    time.sleep(wait)  # from one run to the next another panel is being built: none may be a wrong moment
    terminal.process.kill(signal.SIGTERM)
    left(terminal, 128 + signal.SIGTERM)


WHERE = {
    "home": {},
    "filter": {"/": "a part of a name"},
    "question": {"5": " in 1 session; ● open", "d": "Delete the session"},
}
"""Keys that lead somewhere in the app, each with what is then shown."""


@pytest.mark.parametrize(
    ("where", "ending"),
    [
        ("filter", signal.SIGINT),
        *(too(where, ending) for where in WHERE for ending in SIGNALS if (where, ending) != ("filter", signal.SIGINT)),
    ],
)
def test_told_to_end_gives_the_terminal_back(place: Path, where: str, ending: signal.Signals) -> None:
    terminal = open_terminal(place)
    terminal.until(home_is_shown)
    for key, shown in WHERE[where].items():
        terminal.press(key)
        terminal.until(lambda text, shown=shown: shown in text)  # type: ignore[misc]  # the loop's own
    terminal.process.kill(ending)
    output = left(terminal, 128 + ending)
    assert "circles: 4 seeds × 20 epochs" in output[output.rfind("\x1b[?1049l") :]


def test_told_twice_is_told_once(place: Path) -> None:
    terminal = open_terminal(place)
    terminal.until(home_is_shown)
    terminal.process.kill(signal.SIGTERM)
    terminal.process.kill(signal.SIGTERM)
    left(terminal, 128 + signal.SIGTERM)


def test_a_closed_terminal_leaves_no_process_behind(place: Path) -> None:
    terminal = open_terminal(place)
    terminal.until(lambda text: "Task" in text)
    with suppress(pexpect.ExceptionPexpect):  # it has less patience than the program may take
        terminal.process.close(force=False)  # the master's end goes away: SIGHUP, as when a link drops
    end = time.monotonic() + 20
    while terminal.process.isalive() and time.monotonic() < end:
        time.sleep(0.05)
    assert not terminal.process.isalive()


# Something breaks


def test_a_store_that_vanishes_ends_in_a_sentence_or_is_missed_by_nobody(place: Path) -> None:
    terminal = open_terminal(place)
    terminal.until(home_is_shown)
    shutil.rmtree(place)
    terminal.press("5")
    terminal.during(1.0)
    terminal.press("q")
    output = terminal.rest()
    assert restored(output)
    assert "Traceback" not in output
    assert terminal.process.exitstatus in (0, 3)
    if terminal.process.exitstatus:
        assert re.search(r"lossterm: .*store", output)


def test_a_store_that_becomes_nonsense_ends_in_a_sentence(place: Path) -> None:
    terminal = open_terminal(place)
    terminal.until(home_is_shown)
    with Store(place / "lossterm.db") as store:  # noticed as a change
        store.requests.ask("prepared", TUTORIAL)
    for file in place.glob("lossterm.db*"):
        file.write_bytes(b"nonsense" * 4096)
    terminal.press("5")
    terminal.during(2.0)
    terminal.press("q")
    output = terminal.rest()
    assert restored(output)
    assert "Traceback" not in output
    assert terminal.process.exitstatus in (0, 3)


# Sizes


def test_a_small_terminal_gets_a_sentence(place: Path) -> None:
    terminal = open_terminal(place, columns=60, lines=15)
    terminal.until(lambda text: "60×15 is too small: lossterm needs 80×24." in text)
    terminal.press("q")
    left(terminal)


@pytest.mark.parametrize(("columns", "lines"), [(1, 1), (79, 24), too(20, 5), too(10, 2), too(80, 23)])
def test_no_terminal_is_too_small_to_start_in_and_to_leave(place: Path, columns: int, lines: int) -> None:
    terminal = open_terminal(place, columns=columns, lines=lines)
    terminal.until(lambda text: text.strip())
    if columns >= 20 and lines >= 5:
        terminal.until(lambda text: "q quits" in text and "80×24" in text)
    terminal.during(0.5)
    terminal.press("q")
    left(terminal)


def test_sizes_that_follow_each_other_quickly_and_the_colours_that_are_sent(place: Path) -> None:
    terminal = open_terminal(place)
    terminal.until(home_is_shown)
    for size in ((20, 5), (200, 60), (81, 25), (1, 1), (300, 20), (80, 24)):
        terminal.resize(*size)
        terminal.read(0.02)
    terminal.until(home_is_shown)
    terminal.press("q")
    assert colours(left(terminal))


# Kinds of terminals


def colours(output: str) -> set[str]:
    """Return the SGR codes of ink or ground that were sent."""
    codes = [code for group in re.findall(r"\x1b\[([\d;]*)m", output) for code in group.split(";")]
    return {code for code in codes if re.fullmatch(r"3[0-8]|4[0-8]|9[0-7]|10[0-7]", code)}


def test_no_color_means_none(place: Path) -> None:
    terminal = open_terminal(place, NO_COLOR="1")
    terminal.until(lambda text: home_is_shown(text) and braille(text))
    for key in "12345?":
        terminal.press(key)
        terminal.during(0.5)
    terminal.press("?")
    terminal.until(lambda text: "trains the same network" not in text)
    terminal.press("q")
    assert not colours(left(terminal))


@pytest.mark.parametrize("kind", ["linux", "unheard-of", too("vt100"), too("dumb"), too("screen")])
def test_a_terminal_of_another_kind_is_used_or_refused_with_a_sentence(place: Path, kind: str) -> None:
    terminal = open_terminal(place, TERM=kind)
    terminal.until(home_is_shown)
    terminal.press("q")
    left(terminal)


@pytest.mark.parametrize("locale", ["nowhere.ISO-8859-1", too("C"), too("POSIX")])
def test_another_locale_does_not_break_the_app(place: Path, locale: str) -> None:
    terminal = open_terminal(place, LANG=locale, LC_ALL=locale)
    terminal.until(home_is_shown)
    terminal.press("q")
    left(terminal)


def test_nothing_but_ascii_where_that_is_asked_for(place: Path) -> None:
    terminal = open_terminal(place, "--ascii")
    terminal.until(home_is_shown)
    for key in "12345":
        terminal.press(key)
        terminal.during(0.5)
        assert terminal.text.isascii(), terminal.text
    assert terminal.bytes.isascii()
    terminal.press("q")
    left(terminal)


# What is pasted


def fields(text: str) -> str:
    """Return what the settings say, wherever they stand: panels move while advice comes in."""
    lines = [line[:38] for line in text[text.index("Settings") :].split("\n")[1:]]
    return "\n".join(lines[: next((place for place, line in enumerate(lines) if "╰" in line), None)])


def test_what_is_pasted_is_no_command_at_home_nor_in_a_field(place: Path) -> None:
    terminal = open_terminal(place)
    before = terminal.until(lambda text: home_is_shown(text) and "Settings" in text)
    terminal.paste("q\rrm -rf\n5d y r\r\n" * 20)  # without escapes, which terminals take out of what they bracket
    terminal.during(1.0)
    assert terminal.process.isalive()
    assert "12/12 trials" in terminal.text
    terminal.until(lambda text: "Settings" in text and fields(text) == fields(before))
    terminal.press("\t")
    terminal.during(0.3)
    terminal.paste("q r s\r\n12 [bold] \U0001f600 ×")
    terminal.during(1.0)
    assert terminal.process.isalive()
    assert "12/12 trials" in terminal.text
    terminal.press("q")
    left(terminal)


# The configuration


def test_a_key_that_was_changed_works_and_is_shown(place: Path) -> None:
    (place / "config.toml").write_text('[keys]\n"main.quit" = "f9"\n"main.run" = "z"\n')
    terminal = open_terminal(place)
    terminal.until(lambda text: "12/12 trials" in text and "z Run" in text)
    terminal.press("z")
    terminal.until(lambda text: "were trained before" in text)
    terminal.press("q")
    terminal.during(0.7)
    assert terminal.process.isalive()
    terminal.press("\x1b[20~")
    left(terminal)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("theme = ", 3, "is not valid TOML"),
        ('[keys]\n"main.rum" = "f5"', 2, "Did you mean main.run"),
        too("ascii = 3", 3, "must be true or false"),
        too("colour = 1", 3, "no setting 'colour'"),
        too('theme = "darkk"', 2, "no theme 'darkk'"),
    ],
    ids=["no TOML", "unknown key", "wrong type", "unknown setting", "unknown theme"],
)
def test_a_broken_configuration_is_a_sentence_before_the_screen_is_touched(
    place: Path, text: str, code: int, said: str
) -> None:
    (place / "config.toml").write_text(text)
    terminal = open_terminal(place)
    output = terminal.rest()
    assert terminal.process.exitstatus == code
    assert said in " ".join(output.split())
    assert TAKEN not in output
    assert "Traceback" not in output
