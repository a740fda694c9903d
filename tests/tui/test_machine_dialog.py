"""`g`: how the machine was busy over the last minutes, at any size, with cards and without."""

import json
import os
import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot

from lossterm.following.hardware import Card, Hardware
from lossterm.store import CHOSEN, CLUSTER_TROUBLE, HERE, LANES, Store
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs import machine_dialog
from lossterm.tui.dialogs.machine_dialog import LOOKING, MachineDialog
from lossterm.worker_control import lock
from tests.builders.app import opened, until
from tests.builders.stores import TUTORIAL, fill

CARDS = (
    Card(name="NVIDIA H200 with a name that goes on", busy=0.93, used=61 * 10**9, memory=150 * 10**9, celsius=67),
    Card(name="A part of a card"),
)
MACHINE = Hardware(cores=64, busy=0.42, load=31.5, used=105 * 10**9, memory=512 * 10**9, cards=CARDS)


def words(pilot: Pilot[None]) -> str:
    """Return what the dialog shows."""
    assert isinstance(pilot.app.screen, MachineDialog)
    return str(pilot.app.screen._lines.render())


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (200, 60)])
async def test_it_shows_cores_memory_and_cards_and_closes_again(
    path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path, TUTORIAL, trials=1)
    app = opened(path, read_machine=lambda: MACHINE)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.focused is not None)
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, MachineDialog) and "64 cores" in words(pilot))
        lines = words(pilot).split("\n")
        assert [line.split()[:2] for line in lines] == [
            ["cores", "use"],
            ["memory", "in"],
            ["card", "0"],
            ["memory", lines[3].split()[1]],
            ["temperature", lines[4].split()[1]],
        ]
        assert all(len(line) <= size[0] - 10 for line in lines)
        assert "93 % · NVIDIA H200" in lines[2]
        assert "61.0 of 150.0 GB" in lines[3]
        assert "67 °C" in lines[4]
        await pilot.press("g")
        await until(pilot, lambda: not isinstance(app.screen, MachineDialog))


async def test_it_looks_again_while_it_is_open_and_not_on_the_event_loop(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_dialog, "LOOK_SECONDS", 0.02)
    threads: list[str] = []

    def read() -> Hardware:
        threads.append(threading.current_thread().name)
        return MACHINE

    async with opened(path, read_machine=read).run_test() as pilot:
        await until(pilot, lambda: pilot.app.focused is not None)
        await pilot.press("g")
        await until(pilot, lambda: len(threads) > 2)
        await pilot.press("escape")
    assert threading.main_thread().name not in threads


async def test_before_the_first_look_it_says_that_it_looks_and_without_nvml_why_there_is_no_card(path: Path) -> None:
    go_on, trouble = threading.Event(), "Figures of cards need another package: pip install nvidia-ml-py."

    def read() -> Hardware:
        assert go_on.wait(10)
        return Hardware(cores=2, trouble=trouble)

    async with opened(path, read_machine=read).run_test() as pilot:
        await until(pilot, lambda: pilot.app.focused is not None)
        await pilot.press("g")
        await until(pilot, lambda: isinstance(pilot.app.screen, MachineDialog))
        assert words(pilot) == LOOKING
        go_on.set()
        await until(pilot, lambda: words(pilot).endswith(trouble))


async def test_it_shows_the_lanes_of_a_cluster_by_node_and_what_is_wrong_with_it(path: Path) -> None:
    fill(path, TUTORIAL, trials=1)
    environment = {
        "device": "CPU",
        CHOSEN: "CPU + 12 lanes on 2 nodes",
        LANES: json.dumps({HERE: 2, "far": 8, "further\x1b[2J": 4}),
        CLUSTER_TROUBLE: "Node last has no lossterm.",
    }
    with Store(path) as store:
        store.worker.report_worker("auto", 1, "training", "hinge", environment)
    held = lock.hold(path, "auto")  # as a living worker does
    assert held is not None
    app = opened(path, read_machine=lambda: MACHINE)
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: app.focused is not None)
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, MachineDialog) and "lossterm." in words(pilot))
        lines = words(pilot).split("\n")[-4:]
        assert [line.split() for line in lines] == [
            ["this", "machine", "2", "lanes"],
            ["far", "8", "lanes"],
            ["further�[2J", "4", "lanes"],
            ["Node", "last", "has", "no", "lossterm."],
        ]
    os.close(held)


async def test_where_nothing_reads_the_machine_the_key_is_off(path: Path) -> None:
    app: LosstermApp = opened(path)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.focused is not None)
        await pilot.press("g")
        assert not isinstance(app.screen, MachineDialog)
