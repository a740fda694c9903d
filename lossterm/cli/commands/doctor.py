"""`lossterm doctor`: what is here, what is wrong with it, and what to do."""

import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import click
import msgspec

from lossterm import __version__
from lossterm.cli.commands.repair import mend
from lossterm.cli.options.shared import StorePath, list_formats, store_option
from lossterm.errors import DataError, StoreError
from lossterm.following.hardware import HardwareReader
from lossterm.home import configuration, device_choices
from lossterm.home.paths import configuration_path, default_store_path
from lossterm.home.tilde import expanded
from lossterm.losses import every_loss, problems
from lossterm.store import Store, network_mounts, schema
from lossterm.store.backup import backups
from lossterm.stress_axes import axis_problems
from lossterm.tasks import TASKS, every_task, task_problems
from lossterm.text.harmless import clipped, printable
from lossterm.text.json_text import as_json
from lossterm.text.numbers import counted, duration
from lossterm.worker_control import lock, starting

PACKAGES = ("textual", "rich", "click", "msgspec", "numpy", "scikit-learn", "keras", "tensorflow")
SMALLEST = (80, 24)

LAST_SECONDS = 60.0
"""Time over which trainings are counted."""


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    what: str
    """What was looked at."""
    state: Literal["good", "note", "bad"]
    """Whether it is as it should be."""
    observation: str = msgspec.field(name="found")
    """What was seen; the JSON calls it `found`."""
    advice: str = ""
    """What to do about it."""


@click.command()
@click.option("--repair", is_flag=True, help="Put the store in order, and save what can be read of a damaged one.")
@list_formats
@store_option
def doctor(repair: bool, form: str, store: StorePath) -> None:
    """Look at versions, devices, store, worker, configuration and terminal, and say what to do about each problem.

    With --repair: put the store in order instead. What is damaged is kept beside it, and the exit code is 3 if anything
    was lost.
    """
    path = _place(store or default_store_path())
    if repair:
        mend(path, form)
        return
    findings = [*_versions(), *_added(), *_devices(), *_store(path), *_workers(path), *_configuration(), *_terminal()]
    if form == "json":
        click.echo(as_json(findings))
    else:
        width = max(len(finding.what) for finding in findings)
        marks = {"good": "ok  ", "note": "note", "bad": "BAD "}
        for finding in findings:
            click.echo(f"{marks[finding.state]}  {finding.what.ljust(width)}  {printable(finding.observation)}")
            if finding.advice:
                click.echo(f"{'':{width + 8}}→ {printable(finding.advice)}")
    if wrong := [finding.what for finding in findings if finding.state == "bad"]:
        raise DataError(f"{', '.join(wrong)}: see above.")


def _place(store: Path) -> Path:
    """Return where the store is or would be. Raises StoreError for what cannot be a file's name."""
    try:
        path = network_mounts.resolved(expanded(store))
        path.exists()
    except OSError as error:
        raise StoreError(f"The store {printable(str(store))} cannot be used: {error.strerror}.") from error
    return path


def _versions() -> Iterator[Check]:
    from importlib.metadata import PackageNotFoundError, version  # 10 ms that the app's first paint need not wait for

    yield Check("lossterm", "good", f"{__version__}, Python {platform.python_version()}, {platform.platform()}")
    installed, missing = [], []
    for package in PACKAGES:
        try:
            installed.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    yield Check("packages", "good", ", ".join(installed))
    if missing:
        yield Check("missing", "bad", ", ".join(missing), "Install lossterm again: pip install --force-reinstall .")


def _added() -> Iterator[Check]:
    """Tell of losses and tasks that installed packages add, or fail to."""
    if packages := sorted({loss.origin for loss in every_loss().values() if loss.origin}):
        yield Check("losses", "good", f"also those of {', '.join(packages)}")
    if tasks := [key for key in every_task() if key not in TASKS]:
        yield Check("tasks", "good", f"also {', '.join(tasks)}")
    for what, wrong in (("losses", problems()), ("tasks", task_problems()), ("axes", axis_problems())):
        for problem in wrong:
            yield Check(what, "note", problem, "Tell the authors of that package; lossterm does without.")


def _devices() -> Iterator[Check]:
    command = [sys.executable, "-P", "-m", "lossterm.engine.devices"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no output"])[-1]
        yield Check("TensorFlow", "bad", f"does not load: {last}", "Install it again: pip install 'tensorflow==2.21.*'")
        return
    seen = msgspec.json.decode(done.stdout)
    slow = seen["import_seconds"] > 15
    yield Check(
        "TensorFlow",
        "note" if slow else "good",
        f"{seen['tensorflow']}, Keras {seen['keras']}, loads in {seen['import_seconds']} s",
        "Slow: unset PYTHONDONTWRITEBYTECODE so that compiled bytecode is kept." if slow else "",
    )
    yield Check("device", "good", f"{', '.join(seen['gpus']) or 'no GPU, trains on the CPU'}; {seen['cpu']}")
    machine = HardwareReader().read()
    yield Check("machine", "good", str(machine))
    if seen["gpus"] and machine.trouble:
        yield Check("cards", "note", "TensorFlow sees them", machine.trouble)
    for choice in device_choices.kept().values():
        if choice.machine == seen["machine"]:
            yield Check("auto", "good", f"measured for {choice.reason}")


def _store(path: Path) -> Iterator[Check]:
    if not path.exists():
        place = next(parent for parent in path.parents if parent.exists())
        writable = os.access(place, os.W_OK)
        advice = "" if writable else "Give another place with --store FILE or LOSSTERM_HOME."
        yield Check("store", "good" if writable else "bad", f"{path}, not made yet", advice)
        return
    try:
        with Store(path) as store:
            sessions, trials = store.sessions.every(), store.reader.size()
    except StoreError as error:
        yield Check("store", "bad", str(error))
        yield from _backups(path)
        return
    summary = (
        f"{path}: {counted(len(sessions), 'session')}, {counted(trials, 'trial')}, {path.stat().st_size / 1e6:.1f} MB"
    )
    if damage := schema.damage(path):
        words = " ".join(damage[0].split())
        yield Check("store", "bad", f"{summary}, damaged ({clipped(words)})", f"Save what can be read: {_repair(path)}")
    else:
        yield Check("store", "good", summary)
    yield from _backups(path)
    if kind := schema.network_file_system(path):
        yield Check("store place", "note", f"on a network file system ({kind})", "Slower: move it with LOSSTERM_HOME.")


def _repair(path: Path) -> str:
    """Write the command that repairs a store, to be copied into a shell."""
    elsewhere = path != _place(default_store_path())
    return shlex.join(["lossterm", "doctor", "--repair", *(["--store", str(path)] if elsewhere else [])])


def _backups(path: Path) -> Iterator[Check]:
    if copies := backups(path):
        size = sum(one.stat().st_size for one in copies)
        names = ", ".join(one.name for one in copies)
        yield Check(
            "backups", "good", f"{names} in {path.parent}, {size / 1e6:.1f} MB: from before the store was updated"
        )


def _workers(path: Path) -> Iterator[Check]:
    living = [device for device in lock.devices(path) if lock.alive(path, device)]
    for device in living:
        yield Check("worker", "good", f"running for device {device}, log {starting.log_path(path, device)}")
    if living and (rate := _trainings_a_second(path)):
        yield Check("trainings", "good", f"{rate:,.3g} a second over the last {duration(LAST_SECONDS)}")
    if not living:
        yield Check("worker", "good", "none running; one starts when it is needed")


def _trainings_a_second(path: Path) -> float:
    try:
        with Store(path, make=False) as store:
            return store.reader.trained_since(time.time() - LAST_SECONDS) / LAST_SECONDS
    except StoreError:  # as is said above
        return 0.0


def _configuration() -> Iterator[Check]:
    path = configuration_path()
    try:
        _, clamped = configuration.load(path)
    except DataError as error:
        yield Check("configuration", "bad", str(error), "The app does not open before that.")
        return
    observation = f"{path}, read" if path.exists() else f"{path}, not made: everything is as usual"
    yield Check("configuration", "note" if clamped else "good", observation, " ".join(clamped))


def _terminal() -> Iterator[Check]:
    if not sys.stdout.isatty():
        yield Check("terminal", "good", "stdout is not a terminal: `lossterm run` works, the app needs one")
        return
    columns, lines = shutil.get_terminal_size()
    small = columns < SMALLEST[0] or lines < SMALLEST[1]
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    yield Check(
        "terminal",
        "note" if small or encoding != "utf8" else "good",
        f"{columns}×{lines}, TERM={os.environ.get('TERM', '')}, "
        f"COLORTERM={os.environ.get('COLORTERM', '')}, {encoding or 'no encoding'}",
        "The app needs 80×24 and UTF-8: enlarge the window, or set LANG=C.UTF-8."
        if small or encoding != "utf8"
        else "",
    )
