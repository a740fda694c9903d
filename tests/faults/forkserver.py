"""A server that has TensorFlow imported and forks a real worker of it on demand: in milliseconds, not in seconds.

Importing starts no thread of TensorFlow, and the server never runs an operation, so that a child finds all as a fresh
process would. The child leaves the server's process session, takes its log as its output and calls `worker.main`.
"""

import json
import os
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
            env={**os.environ, "TF_XLA_FLAGS": kept, "LOSSTERM_IDLE_SECONDS": "60"},
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
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"store": str(store), "device": device, "changed": dict(changed or {}), "lanes": lanes}
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        self._forked.append(Forked(int(self._process.stdout.readline())))
        return self._forked[-1]


def _serve() -> None:
    """Fork a worker for each line of stdin and answer with its process, until stdin ends."""
    import sklearn.metrics  # noqa: F401  what a worker imports when it draws and scores

    from lossterm.engine.training import trainer  # noqa: F401  what takes the seconds
    from lossterm.engine.worker import process  # noqa: F401  what is run

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps what has died
    for line in sys.stdin:
        if (pid := os.fork()) == 0:
            _become_worker(**json.loads(line))
        print(pid, flush=True)


def _become_worker(store: str, device: str, changed: dict[str, Any], lanes: int) -> None:
    """Be what `supervisor.ensure` starts; never returns."""
    from lossterm.engine.worker.process import main

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    log = os.open(starting.log_path(Path(store), device), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream, taken in enumerate((os.open(os.devnull, os.O_RDONLY), log, log)):
        os.dup2(taken, stream)
    for name, value in changed.items():
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
