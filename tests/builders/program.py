"""The command line as processes of their own, with the fake worker or without one."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from lossterm.store import Store
from lossterm.worker_control import lock, starting

PROGRAM = (sys.executable, "-m", "lossterm")
FAKE = (sys.executable, "-m", "lossterm.engine.fakes.fake_engine")
WAIT = 100.0

Result = subprocess.CompletedProcess[str]


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LD_LIBRARY_PATH", "SYSTEMROOT"}}
    places = {name: str(home) for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "LOSSTERM_HOME")}
    return {**kept, **places, "LANG": "C.UTF-8", "LOSSTERM_IDLE_SECONDS": "60", **more}


def lossterm(home: Path, *arguments: str, **more: str) -> Result:
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=environment(home, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=WAIT,
        text=True,
        encoding="utf-8",
    )


WARM = """
import json, os, sys, traceback
from lossterm.cli.main import cli, main
from lossterm.worker_control.starting import Workers
dict(cli.commands)  # loads them
asked = json.load(sys.stdin)
for module in asked["modules"]:
    __import__(module)
for job in asked["jobs"]:
    if (child := os.fork()) == 0:
        os.chdir(job["place"])
        for descriptor, name in ((0, os.devnull), (1, job["stdout"]), (2, job["stderr"])):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC), descriptor)
        code = 0
        try:
            main(job["words"], asked["worker"] and Workers(asked["worker"]))
        except SystemExit as left:
            code = left.code or 0
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Job(NamedTuple):
    """A command to be run."""

    words: Sequence[str]
    """Its words, without `lossterm`."""
    place: Path
    """The directory that it is run in."""
    stdout: Path
    """The file that takes its output."""
    stderr: Path
    """The file that takes what it says beside that."""


def run_jobs(
    home: Path,
    jobs: Sequence[Job],
    worker: Sequence[str] | None = None,
    modules: Sequence[str] = (),
    seconds: float = WAIT,
    variables: Mapping[str, str] | None = None,
) -> list[Result]:
    """Run many commands as processes of their own, forked from one that has done its imports: 10 ms each, not 200.

    `worker` starts workers, where it is not the usual one; `modules` are loaded beforehand as well; `variables` are
    added to the environment. Fails after so many seconds.
    """
    named = [
        {"words": list(job.words), **{name: str(getattr(job, name)) for name in ("place", "stdout", "stderr")}}
        for job in jobs
    ]
    done = subprocess.run(
        [sys.executable, "-c", WARM],
        env=environment(home, **(variables or {})),
        input=json.dumps({"jobs": named, "worker": worker, "modules": list(modules)}),
        stdout=subprocess.PIPE,
        check=True,
        timeout=seconds,
        text=True,
    )
    return [
        Result(list(job.words), int(code), *(file.read_text(encoding="utf-8") for file in (job.stdout, job.stderr)))
        for job, code in zip(jobs, done.stdout.split(), strict=True)
    ]


def several(home: Path, every: Sequence[Sequence[str]], **more: str) -> list[Result]:
    """Run many commands one after the other in an empty directory."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        jobs = [
            Job(words, place, place / f"{number}.out", place / f"{number}.err") for number, words in enumerate(every)
        ]
        return run_jobs(home, jobs, variables=more)


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def start_fake(home: Path, **more: str) -> "subprocess.Popen[bytes]":
    """Start a fake worker for the store in `home`, so that no command starts a real one."""
    path = home / "lossterm.db"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(home, **more).items():
            patch.setenv(name, value)
        Store(path).close()
        starting.ensure(path, "auto", FAKE)
    until(lambda: lock.alive(path, "auto"), "the fake worker")
    return starting._started[-1]


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait(WAIT)
    starting._started.remove(process)
