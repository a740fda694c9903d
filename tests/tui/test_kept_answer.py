"""A look at data by a process of its own: the next start has its answer at once."""

import sys
from pathlib import Path

import msgspec
import pytest

from lossterm.home import paths
from lossterm.tasks import task_named
from lossterm.tui.background import lossterm_process
from lossterm.tui.background.data_viewer import look_at_data


async def test_a_task_is_looked_at_by_one_process_for_all_starts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await look_at_data(task_named("circles"))
    assert first is not None
    monkeypatch.setattr(lossterm_process, "COMMAND", (sys.executable, "-c", "raise SystemExit('nobody asks twice')"))
    assert await look_at_data(task_named("circles")) == first
    assert await look_at_data(task_named("blobs")) is None  # which nobody looked at


async def test_a_spoilt_answer_is_asked_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = f"print({msgspec.json.encode(await look_at_data(task_named('circles'))).decode()!r})"
    monkeypatch.setattr(lossterm_process, "COMMAND", (sys.executable, "-c", said))
    (file,) = paths.answers().iterdir()
    file.write_bytes(b'{"half": ')
    assert await look_at_data(task_named("circles")) is not None
    assert file.stat().st_size > 100


async def test_what_a_package_adds_is_looked_at_at_every_start(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = msgspec.structs.replace(task_named("circles"), key="moons")
    said = "import sys; sys.exit(1)"
    monkeypatch.setattr(lossterm_process, "COMMAND", (sys.executable, "-c", said))
    assert await look_at_data(task) is None
    assert not paths.answers().exists()
