"""Tries all properties in turn on examples that nobody has chosen, and writes down what does not hold.

    python -m tests.fuzz --seconds 3600                  all properties, for about an hour
    python -m tests.fuzz --only NAME --seconds 60        one of them
    python -m tests.fuzz --replay fuzz-findings/FILE     what was found, once more

A finding is a file that names the property and holds the smallest example that was found: what breaks at the same
place in the same way is one finding, looked for no further. The exit code is 1 if there is any.
"""

import argparse
import ast
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

import lossterm
from tests.fuzz.catalogue import PROPERTIES
from tests.fuzz.property import Property
from tests.fuzz.sandbox import Broken, in_time

EXAMPLES = 150
"""Tried of one property before the next has its turn."""

WAIT = 60.0
"""Seconds after which an example is taken for hung, waiting included."""

MOST_MEMORY = 4 << 30
"""Bytes of address space that an example may take with all that is loaded."""

OURS = str(Path(lossterm.__file__).parent)


class Search:
    """What was tried and what was found."""

    def __init__(self, place: Path) -> None:
        self.tried: Counter[str] = Counter()
        self.findings: dict[str, Path] = {}
        self._place = place

    def look(self, tried: Property, number: int) -> None:
        """Try one property on examples that a number gives; write down what is new."""
        last: tuple[str, Any, BaseException] | None = None

        def holds(example: Any) -> None:
            nonlocal last
            self.tried[tried.name] += 1
            try:
                with in_time(WAIT, signal.ITIMER_REAL):
                    tried.holds(example)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                if (sign := f"{tried.name}: {_sign(error)}") in self.findings:
                    return
                last = sign, example, error
                raise AssertionError(sign) from error

        wished = settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=False,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        try:
            seed(number)(wished(given(tried.examples)(holds)))()
        except KeyboardInterrupt:
            raise
        except BaseException:
            if last is None:
                raise
            self._write(tried, *last)

    def _write(self, tried: Property, sign: str, example: Any, error: BaseException) -> None:
        self._place.mkdir(parents=True, exist_ok=True)
        path = self._place / f"{len(list(self._place.iterdir())):03}-{tried.name}.txt"
        traceback_text = "".join(traceback.format_exception(error))
        path.write_text(f"{tried.name}\n{example!a}\n\n{traceback_text}", encoding="utf-8", errors="backslashreplace")
        self.findings[sign] = path
        print(f"FOUND {sign}\n      {example!a:.300}\n      {path}", flush=True)


def _sign(error: BaseException) -> str:
    """Return what makes two findings the same: the kind of error and the last line of lossterm that it came through."""
    if isinstance(error, Broken):
        return str(error).partition("\n")[0]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(OURS)]
    where = f"{Path(frames[-1].filename).relative_to(OURS)}:{frames[-1].lineno}" if frames else str(error)[-60:]
    return f"{type(error).__name__} in {where}"


class _Numbers(ast.NodeTransformer):
    """Reads `nan` and `inf`, which Python writes and `literal_eval` does not know."""

    def visit_Name(self, node: ast.Name) -> ast.Constant:
        return ast.Constant(float(node.id))


def replay(path: Path) -> None:
    """Try once more what was found; raises where it still does not hold."""
    name, example = path.read_text(encoding="utf-8").split("\n")[:2]
    PROPERTIES[name].holds(ast.literal_eval(_Numbers().visit(ast.parse(example, mode="eval"))))
    print(f"{name} holds now.")


def main() -> None:
    """Read the command line and search."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (default: %(default)g)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="the first seed")
    parser.add_argument("--only", choices=PROPERTIES, action="append", help="a property, again for more")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"), help="directory for what is found")
    parser.add_argument("--replay", type=Path, help="a file in it")
    asked = parser.parse_args()
    warnings.simplefilter("error")
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))  # or the kernel would end the search
    with tempfile.TemporaryDirectory() as home:
        os.environ["LOSSTERM_HOME"] = home  # nothing of this looks at a person's own
        if asked.replay:
            replay(asked.replay)
            return
        sys.exit(_search(asked.seconds, asked.seed, asked.only or list(PROPERTIES), asked.findings))


def _search(seconds: float, first: int, names: list[str], place: Path) -> int:
    search, number, began = Search(place), first, time.monotonic()
    print(f"Seed {first}, {seconds:g} s, {len(names)} properties.", flush=True)
    try:
        while time.monotonic() - began < seconds:
            for name in names:
                search.look(PROPERTIES[name], number)
                if time.monotonic() - began >= seconds:
                    break
            number += 1
    except KeyboardInterrupt:
        print("Interrupted.")
    for name in names:
        print(f"{search.tried[name]:>9,}  {name}")
    taken = time.monotonic() - began
    print(f"{search.tried.total():>9,}  examples in {taken:,.0f} s, seeds {first} to {number}")
    print(f"{len(search.findings):>9,}  found")
    for path in search.findings.values():
        print(f"{'':>11}{path}")
    return 1 if search.findings else 0


if __name__ == "__main__":
    main()
