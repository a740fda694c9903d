"""A place of its own for one command: run in this process with nothing behind it, and then judged."""

import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from unittest.mock import patch

from click.testing import CliRunner

from lossterm.cli.exit_codes import INTERRUPTED
from lossterm.cli.main import main
from tests.fuzz.stand_ins import Accepted, stand_ins

CODES = frozenset({0, 2, 3, 4, 5})
"""What a command may end with: never 1, since nothing here fails in a way that lossterm does not know about."""

CPU_SECONDS = 20.0
"""Time after which a command is taken for hung: processor time, so that a slow machine is not."""

ESCAPES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What moves a cursor or sets a colour."""


class Hung(BaseException):
    """Ends a command that took too long; no handler of known errors takes it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command said and ended with."""

    words: tuple[str, ...]
    """The command line."""
    code: int
    """Exit code."""
    out: str
    """Stdout."""
    err: str
    """Stderr."""


class Sandbox:
    """A home and a working directory, removed afterwards."""

    def __init__(self, place: Path) -> None:
        self.home = place / "home"
        self.here = place / "here"
        for directory in (self.home, self.here):
            directory.mkdir(mode=0o700)

    @property
    def store(self) -> Path:
        """Where commands look for sessions."""
        return self.home / "lossterm.db"

    def run(self, *words: str) -> Outcome:
        """Run a command, and see that it ends as is documented and leaves nothing that was not asked for."""
        before = _files(self.here)
        outcome = self._run(words)
        judge(outcome)
        made = _files(self.here) - before
        if not all(_asked_for(one, self.here, words) for one in made):
            raise Broken(f"a file that was not asked for\n{words}: {made}")
        return outcome

    def _run(self, words: tuple[str, ...]) -> Outcome:
        with chdir(self.here), CliRunner().isolation() as (out, err, _):
            code = 0
            try:
                main(list(words))
            except SystemExit as left:
                code = left.code if isinstance(left.code, int) else 1 if left.code else 0
            except Accepted:
                code = 0
            if code == INTERRUPTED:
                raise KeyboardInterrupt  # from outside: it ends the search, and is none of its findings
            sys.stdout.flush()
            sys.stderr.flush()
            # What cannot be encoded is written as ? by `main`; whatever else is there must be UTF-8.
            return Outcome(words, code, _text(words, out.getvalue()), err.getvalue().decode())


def _text(words: tuple[str, ...], out: bytes) -> str:
    return out.decode("utf-8", errors="replace" if "-" in words else "strict")


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    """Return an empty place; no command in it starts a process, trains or takes longer than CPU_SECONDS."""
    with ExitStack() as stack:
        place = Path(tempfile.mkdtemp(prefix="lossterm-fuzz-")).resolve()
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        found = Sandbox(place)
        homes = {name: str(found.home) for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
        stack.enter_context(
            patch.dict(os.environ, {**homes, "LOSSTERM_HOME": str(found.home), "TMPDIR": str(found.home)})
        )
        stack.enter_context(patch.object(tempfile, "tempdir", str(found.home)))
        stack.enter_context(stand_ins())
        stack.enter_context(in_time(CPU_SECONDS))
        yield found


@contextmanager
def in_time(seconds: float, timer: int = signal.ITIMER_VIRTUAL) -> Iterator[None]:
    """Raise Hung in what takes longer, in seconds of processor time or as another timer of `signal` counts them."""
    number = {signal.ITIMER_VIRTUAL: signal.SIGVTALRM, signal.ITIMER_REAL: signal.SIGALRM}[timer]

    def ring(_: int, __: FrameType | None) -> None:
        raise Hung(f"not done in {seconds:g} s")

    before = {one: signal.getsignal(one) for one in (number, signal.SIGTERM)}  # `check` sets its own for SIGTERM
    signal.signal(number, ring)
    signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        signal.setitimer(timer, 0)
        for one, handler in before.items():
            signal.signal(one, handler)


def _files(place: Path) -> set[Path]:
    return {one for one in place.rglob("*") if not one.is_dir()}


def _asked_for(path: Path, here: Path, words: tuple[str, ...]) -> bool:
    """Whether a file lies at a place that the words name, beside it as SQLite's do, or where a command says it goes."""
    name = str(path.relative_to(here))
    if "init" in words and name == "lossterm.toml":
        return True
    if "export" in words and not any(word.startswith(("-o", "--o")) for word in words):
        return True
    named = [word.partition("=")[2] or word.removeprefix("-o") for word in words]
    return any(one and (name.startswith(one.removeprefix("./")) or str(path).startswith(one)) for one in named)


class Broken(AssertionError):
    """A command broke a promise; the text begins with what is the same whenever it is broken in that way."""


def judge(outcome: Outcome) -> None:
    """Raise Broken for an exit code, a text or a silence that no command may end with."""
    told = f"{outcome.words} → {outcome.code}: {outcome.err!r}"
    if outcome.code not in CODES:
        raise Broken(f"exit code {outcome.code} of {_begin(outcome.err)}\n{told}")
    for name, text in (("stdout", outcome.out), ("stderr", outcome.err)):
        for line in text.split("\n"):
            if ESCAPES.search(line) or (name == "stderr" and not line.isprintable()):
                raise Broken(f"{name} is no text for a terminal: {_begin(line)}\n{told}")
    said = outcome.err.strip().split("\n")[-1]
    if outcome.code in (2, 3) and not (said.startswith(("lossterm: ", "Error: ")) and len(said) > len("lossterm: ")):
        raise Broken(f"no sentence: {_begin(said)}\n{told}")


def _begin(text: str) -> str:
    """Return the words that a text begins with, those that were given left out."""
    return " ".join(re.findall(r"[A-Za-z]+", re.split(r"['\"/\x00-\x1f\x7f-\x9f]", text)[0])[:8])
