"""A real terminal for tests: a pseudo-terminal with the installed program in it, and the screen its bytes draw."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pexpect
import pyte

PROGRAM = Path(sys.executable).with_name("lossterm")
COLUMNS, LINES = 80, 24


class Terminal:
    """A pseudo-terminal with the program in it, and the screen that its bytes draw."""

    def __init__(self, home: Path, *arguments: str, columns: int = COLUMNS, lines: int = LINES, **more: str) -> None:
        """`home` is its LOSSTERM_HOME; `more` goes to its environment."""
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
        self._text: str | None = None
        self.bytes = b""
        self.process = pexpect.spawn(
            str(PROGRAM), list(arguments), dimensions=(lines, columns), env=environment, timeout=60
        )
        self.process.delaybeforesend = None  # pexpect would wait 50 ms before every key

    def press(self, keys: str) -> None:
        """Type."""
        self.process.send(keys)

    def paste(self, text: str) -> None:
        """Send text as a terminal does that was told to bracket what is pasted."""
        self.process.send(f"\x1b[200~{text}\x1b[201~")

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size; the kernel sends SIGWINCH."""
        self._screen.resize(lines, columns)
        self._text = None
        self.process.setwinsize(lines, columns)

    def read(self, seconds: float = 0.05) -> bytes:
        """Wait for bytes for so long at most, and take in all that have come."""
        try:
            new: bytes = self.process.read_nonblocking(65536, timeout=seconds)
            with suppress(pexpect.TIMEOUT, pexpect.EOF):
                while True:
                    new += self.process.read_nonblocking(65536, timeout=0)
        except pexpect.TIMEOUT:
            return b""
        except pexpect.EOF:
            time.sleep(seconds)  # or whoever waits for the program's end would ask without a pause
            return b""
        self.take(new)
        return new

    def take(self, new: bytes) -> None:
        """Draw bytes that were read otherwise."""
        self.bytes += new
        self._stream.feed(new)
        self._text = None

    @property
    def text(self) -> str:
        """What is on the screen now."""
        if self._text is None:
            self._text = "\n".join(self._screen.display)
        return self._text

    def until(self, true: Callable[[str], object], seconds: float = 60) -> str:
        """Read until the screen shows something, and to the end of that frame.

        Fails with the screen after so long, or when the program has ended without showing it.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ended = not self.process.isalive()
            while self.read() and ended:
                pass  # all that it left
            if true(self.text):
                begun = self.text
                while self.read(0.03) and time.monotonic() < end:
                    pass  # what was waited for may be in a frame of which only the beginning has come
                return self.text if true(self.text) else begun
            if ended:
                how = self.process.signalstatus or self.process.exitstatus
                raise AssertionError(f"never shown, and the program has ended with {how}:\n{self.text}")
        raise AssertionError(f"never shown within {seconds} s, after {len(self.bytes)} bytes:\n{self.text}")

    def during(self, seconds: float) -> bytes:
        """Read for a while and return what came."""
        before, end = len(self.bytes), time.monotonic() + seconds
        while time.monotonic() < end:
            self.read()
        return self.bytes[before:]

    def rest(self) -> str:
        """Read to the program's end and return all it ever wrote."""
        while self.process.isalive() or self.read(0):
            self.read()
        return self.bytes.decode(errors="replace")


def braille(text: str) -> bool:
    """Whether curves are drawn."""
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
