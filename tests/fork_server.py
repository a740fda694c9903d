"""A server that has TensorFlow imported and forks real workers, or runs scripts, in milliseconds and not in seconds.

Importing starts no thread of TensorFlow, and the server never runs an operation, so that a child finds all as a fresh
process would. A worker leaves the server's process session, takes its log as its output and calls `worker.main`.
"""

import json
import os
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from lossterm.worker_control import starting

UNOPTIMISED = "--xla_backend_optimization_level=0"
"""For `XLA_FLAGS`, where a test has the engine in its own process or in a fork: to make a program fast takes XLA longer
than the test runs it. Workers that are started as a person starts them compile as they do for one."""


NARROW = {f"lossterm.engine.training.stack_width.{name}": 3 for name in ("WIDTH", "CARD_WIDTH")}
"""What else is changed there: a program that is not optimised takes its time for each trial that it trains."""


class Forked:
    """A worker that was forked: what `supervisor.Supervisor` needs of a process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """Return None while it runs; the server has reaped it as soon as it does not, so its code is lost."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def kill(self) -> None:
        """End it without a warning."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


class ForkServer:
    """A running server; leave its context to end it and all that it forked."""

    def __init__(self, cache: Path) -> None:
        """Start it; compiled programs are kept in the directory `cache`, or each worker would compile them anew."""
        kept = f"--tf_xla_persistent_cache_directory={cache} --tf_xla_persistent_cache_read_only=false"
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_XLA_FLAGS": kept, "XLA_FLAGS": UNOPTIMISED, "LOSSTERM_IDLE_SECONDS": "60"},
        )
        self._forked: list[Forked] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._forked:
            one.kill()
        self._process.communicate()

    def fork(self, store: Path, device: str, changed: Mapping[str, float] | None = None, lanes: int = 1) -> Forked:
        """Return a new worker for a store and a device, with some constants `changed`: `module.NAME` → value.

        Of one lane, TensorFlow finds its compiled programs again; of more, it numbers them as they come.
        """
        self._forked.append(
            Forked(self._ask(store=str(store), device=device, changed=dict(changed or {}), lanes=lanes))
        )
        return self._forked[-1]

    def run(self, script: Path) -> "subprocess.CompletedProcess[str]":
        """Run a script in its directory, as `python -I` does but for what is imported already, and wait for its end."""
        code = self._ask(script=str(script))
        out, err = (script.with_suffix(suffix).read_text(encoding="utf-8") for suffix in (".out", ".err"))
        return subprocess.CompletedProcess([str(script)], code, out, err)

    def _ask(self, **asked: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


def _serve() -> None:
    """Answer each line of stdin, until it ends: with a worker's process, or with the code that a script left with."""
    import sklearn.metrics  # noqa: F401  what a worker imports when it draws and scores

    from lossterm.engine.training import trainer  # noqa: F401  what takes the seconds
    from lossterm.engine.worker import process  # noqa: F401  what is run

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps what has died
    for line in sys.stdin:
        asked = json.loads(line)
        if "script" in asked:
            print(_code_of(**asked), flush=True)
            continue
        if (pid := os.fork()) == 0:
            _become_worker(**asked)
        print(pid, flush=True)


def _code_of(script: str) -> int:
    """Run a script in a child and return the code that it leaves with; -1 where it was killed."""
    ours, its = os.pipe()
    if os.fork() == 0:
        os.close(ours)
        _become_script(Path(script), its)
    os.close(its)
    with os.fdopen(ours) as said:  # which ends with the child
        return int(said.read() or -1)


def _become_script(script: Path, said: int) -> None:
    """Be a script, with files beside it as its output, and say the code in the end; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for stream, suffix in ((1, ".out"), (2, ".err")):
        os.dup2(os.open(script.with_suffix(suffix), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), stream)
    os.chdir(script.parent)
    sys.argv, code = [str(script)], 1
    try:
        runpy.run_path(str(script), run_name="__main__")
        code = 0
    except BaseException:  # what Python itself would print
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(said, str(code).encode())
        os._exit(code)  # nothing of the server's is to be tidied up here


def _become_worker(store: str, device: str, changed: dict[str, Any], lanes: int) -> None:
    """Be what `supervisor.ensure` starts; never returns."""
    from lossterm.engine.worker.process import main

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    log = os.open(starting.log_path(Path(store), device), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream, taken in enumerate((os.open(os.devnull, os.O_RDONLY), log, log)):
        os.dup2(taken, stream)
    for name, value in {**NARROW, **changed}.items():
        place, _, constant = name.rpartition(".")
        module = import_module(place)
        assert hasattr(module, constant)  # one that was moved would change nothing
        setattr(module, constant, value)
    sys.argv = ["worker", "--store", store, "--device", device, "--lanes", str(lanes)]
    try:
        main()
    except SystemExit:
        pass
    except BaseException:  # into the log: `os._exit` would leave nothing of it
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)  # nothing of the server's is to be tidied up here


if __name__ == "__main__":
    _serve()
