"""Another lossterm, run for the app: what it does needs NumPy and more, which the app's own process never loads."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence

import msgspec

from lossterm.text.harmless import printable

COMMAND = (sys.executable, "-P", "-m", "lossterm")
MARK = "lossterm: "
"""How the command line begins the sentence of a known error."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a process said, and how it ended."""

    code: int
    """Its exit code."""
    out: bytes
    """Its standard output."""
    err: str
    """Its standard error."""

    @property
    def sentence(self) -> str:
        """What it said last, harmless for a terminal."""
        lines = [line for line in self.err.splitlines() if line.strip()] or [f"It ended with code {self.code}."]
        return printable(lines[-1].removeprefix(MARK))


async def run(*words: str, before: Sequence[str] = ()) -> Said:
    """Run a command of lossterm to its end; it is killed when nobody waits for it any longer.

    `before` stands before the command, as `nice`. Raises OSError where no process is to be had, and ValueError for a
    word that none can be given.
    """
    # Not by asyncio's own processes: one that is cancelled while the app leaves ends in a traceback in the shell.
    process = subprocess.Popen(
        [*before, *COMMAND, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        out, err = await asyncio.to_thread(process.communicate)
    finally:
        process.kill()
    return Said(code=process.returncode, out=out, err=err.decode(errors="replace"))
