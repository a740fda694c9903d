"""Another lossterm, run for the app: what it does needs NumPy and more, which the app's own process never loads."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence

import msgspec

from lossterm.text.harmless import printable

COMMAND = (sys.executable, "-P", "-m", "lossterm")
LESS_PRIORITY = ("nice", "-n", "5")
"""What stands before a command that a person waits for, while what is on the screen comes first."""
LEAST_PRIORITY = ("nice", "-n", "19")
"""What stands before a command whose answer may wait."""
MARK = "lossterm: "
"""How the command line begins the sentence of a known error."""


class ProcessResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a process wrote, and how it ended."""

    code: int
    """Its exit code."""
    out: bytes
    """Its standard output."""
    err: str
    """Its standard error."""

    @property
    def sentence(self) -> str:
        """The last line it wrote to standard error, harmless for a terminal."""
        lines = [line for line in self.err.splitlines() if line.strip()] or [f"It ended with code {self.code}."]
        return printable(lines[-1].removeprefix(MARK))


async def run(*words: str, before: Sequence[str] = ()) -> ProcessResult:
    """Run a command of lossterm to its end; cancelling kills it.

    `before` stands before the command, as `nice`. Raises OSError if no process can be started, and ValueError for a
    word that cannot be passed to one.
    """
    # Not by asyncio's own processes: one that is cancelled while the app leaves ends in a traceback in the shell.
    process = subprocess.Popen(
        [*before, *COMMAND, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        out, err = await asyncio.to_thread(process.communicate)
    finally:
        process.kill()
    return ProcessResult(code=process.returncode, out=out, err=err.decode(errors="replace"))
