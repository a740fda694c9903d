"""Starting a worker, detached, and the log that it leaves."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lossterm.errors import WorkerError
from lossterm.home.private import opened
from lossterm.worker_control.cluster import Cluster
from lossterm.worker_control.lock import alive

WORKER = (sys.executable, "-P", "-m", "lossterm.engine.worker.process")
"""The command that starts a worker; `--store FILE --device DEVICE` is added."""


class Workers(NamedTuple):
    """How whoever follows a session starts the workers that it needs."""

    command: Sequence[str] = WORKER
    """Starts one."""
    memory: int | None = None
    """Bytes that one may take, None for whatever one that is there may."""
    cluster: Cluster | None = None
    """The cluster that one is to use beside this machine, None for whatever one that is there uses."""


_LOG_LIMIT = 1_000_000
_started: list["subprocess.Popen[bytes]"] = []
"""Workers started by this process: kept, or Python would warn of a process that still runs when it forgets it."""


def log_path(store: Path, device: str) -> Path:
    """Return the file that takes a worker's stdout and stderr."""
    return store.with_name(f"{store.name}-worker-{device}.log")


def ensure(
    store: Path,
    device: str,
    command: Sequence[str] = WORKER,
    memory: int | None = None,
    cluster: Cluster | None = None,
) -> "subprocess.Popen[bytes] | None":
    """Start a worker unless one is alive, and return the process that was started. Does not wait for it.

    The worker is detached: its own process session, no stdin, output to a log file. Two that start at once settle it by
    the lock. `memory` is what it may take, in bytes, and `cluster` what it uses beside this machine. Raises WorkerError
    if the program cannot be started at all.
    """
    if alive(store, device):
        return None
    log = log_path(store, device)
    too_long = log.exists() and log.stat().st_size > _LOG_LIMIT
    limit = [] if memory is None else ["--memory", str(memory)]
    beside = cluster.options if cluster else []
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if too_long else os.O_APPEND)
    try:
        output = opened(log, flags)
        try:
            process = subprocess.Popen(
                [*command, "--store", str(store.resolve()), "--device", device, *limit, *beside],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",
            )
        finally:
            os.close(output)
    except OSError as error:
        raise WorkerError(f"The worker could not be started: {error}. `lossterm doctor` may tell why.") from error
    _started.append(process)
    return process


def last_words(store: Path, device: str, lines: int = 12) -> str:
    """Return the end of a worker's log, for an error message."""
    try:
        text = log_path(store, device).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
