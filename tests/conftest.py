"""Fixtures that more than one file of tests uses."""

import gc
import importlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from lossterm.store import Store
from lossterm.worker_control import starting
from tests.fork_server import NARROW, UNOPTIMISED, ForkServer

# The same examples in every run, none of them timed or kept: a machine may be slow, and a checkout stays clean.
settings.register_profile("lossterm", deadline=None, derandomize=True, database=None)
settings.load_profile("lossterm")

TOGETHER = (
    (
        *("engine/test_parity", "engine/test_every_loss", "engine/test_user_code", "engine/test_reproduction"),
        *("engine/test_training", "engine/test_kept_weights", "engine/test_keras_traps"),
    ),
    (
        *("engine/test_settings", "engine/test_user_networks", "engine/test_real_worker", "engine/test_checkpoints"),
        "lanes/test_real_engine",
    ),
    (
        *("export/test_script", "export/test_model", "faults/test_killed_worker", "engine/test_program_cache"),
        *("engine/test_entry_points", "cli/test_golden", "api/test_real"),
    ),
    ("engine/test_shaped_networks", "engine/test_kept_outputs"),
)
"""Files that are run by one process, one after the other: it imports TensorFlow, and compiles what they share, once."""

LONGEST = (
    *("terminal/test_terminal", "terminal/test_strange_terminals", "tui/test_screens", "faults/test_signals"),
    *("tui/test_anatomy_chart", "tui/test_choosing_losses", "tui/test_bad_input", "tui/test_views"),
    *("cli/test_commands", "tui/test_network_dialog", "tui/test_glyphs", "tui/test_predictions", "tui/test_looking"),
    *("store/test_repair", "tui/test_random_keys", "docs/test_commands"),
)
"""Other files that take long: begun next, so that in the end no process is left alone with one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the files that take longest first; in a file they stay as they are."""
    here = Path(__file__).parent
    first = (*(name for group in TOGETHER for name in group), *LONGEST)
    places = {here / f"{name}.py": place for place, name in enumerate(first)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


class TogetherScheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives each file to one process, and files that belong together to the same."""

    _GROUPS: ClassVar = {f"tests/{name}.py": group[0] for group in TOGETHER for name in group}

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return self._GROUPS.get(file, file)

    def remove_node(self, node: WorkerController) -> str | None:
        """Take a process out that has ended, and give out anew what it has not run.

        xdist would give out the files that it was through with too, and wait for ever for a test of them to end.
        """
        of_files = self.assigned_work[node]
        for file in [file for file, tests in of_files.items() if all(tests.values())]:
            del of_files[file]
        crashed: str | None = super().remove_node(node)
        return crashed


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Deal tests out by `TOGETHER` where they go by file, which `--dist` may say otherwise."""
    return TogetherScheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """Leave what was imported out of the looks for garbage: they were a fifth of the time of the tests of the app."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


# Places that belong to a person, and places that belong to a test


@pytest.fixture(autouse=True)
def nobodys_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point every way to a user's directories into a temporary one, whether the test asks for it or not."""
    place = tmp_path_factory.mktemp("nobody")
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(place / name.lower()))
    monkeypatch.setenv("LOSSTERM_HOME", str(place / "lossterm"))
    monkeypatch.delenv("LOSSTERM_FAKE_EPOCH_SECONDS", raising=False)
    return place


@pytest.fixture
def home(tmp_path: Path, nobodys_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a directory that is LOSSTERM_HOME; workers started in it leave soon when idle, or at the end."""
    monkeypatch.setenv("LOSSTERM_HOME", str(tmp_path))
    monkeypatch.setenv("LOSSTERM_IDLE_SECONDS", "3")
    before = len(starting._started)
    yield tmp_path
    for process in starting._started[before:]:
        process.kill()
        process.wait(10)
    del starting._started[before:]


@pytest.fixture(scope="session")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """Return what forks real workers and runs scripts; all tests of a process share it, for it imports TensorFlow."""
    with ForkServer(tmp_path_factory.mktemp("compiled")) as running:
        yield running


ENGINE_SETS = ("TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND", "XLA_FLAGS")
"""Environment variables that importing the engine sets; TensorFlow reads some of them only at its first operation."""


@pytest.fixture(scope="session")
def runtime(pytestconfig: pytest.Config) -> Iterator[ModuleType]:
    """TensorFlow in this process, set up as a worker sets it up on the CPU; the first test that asks imports it.

    The slow set compiles as a worker does, the quick one without optimising and for narrower stacks.
    """
    with pytest.MonkeyPatch.context() as environment:
        for name in ENGINE_SETS:
            environment.delenv(name, raising=False)  # and put back when the last test has run
        quick = pytestconfig.getoption("markexpr") != "slow"
        if quick:
            environment.setenv("XLA_FLAGS", UNOPTIMISED)
        module = importlib.import_module("lossterm.engine.runtime")
        config = module.tf.config
        (processor,) = config.list_physical_devices("CPU")  # its second half stands for a card, where a test wants one
        config.set_logical_device_configuration(processor, [config.LogicalDeviceConfiguration()] * 2)
        module.configure("cpu")
        for name, value in NARROW.items() if quick else ():
            environment.setattr(name, value)
        yield module


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """Return an open, empty store in `home`."""
    with Store() as opened:
        yield opened


@pytest.fixture(scope="session")
def mounts() -> None:
    """Skip, saying why, where this machine lets nobody mount anything."""
    done = (
        subprocess.run(
            ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], check=False, capture_output=True, text=True
        )
        if shutil.which("unshare")
        else None
    )
    if done is None or done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip() if done else 'there is no unshare'}")
