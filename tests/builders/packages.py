"""Packages that add tasks, as if they were installed. `install = pytest.fixture(installing)` where a test needs one."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from types import ModuleType

import numpy as np
import pytest

from lossterm import plugins
from lossterm.tasks import Task, catalogue

Install = Callable[[Callable[[], object]], None]


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    stream = np.random.default_rng(seed)
    features = stream.normal(size=(60, 2))
    return features, features[:, 0] > 0


HALVES = Task(
    key="halves",
    title="two halves of the plane",
    kind="binary",
    rows=60,
    features=2,
    classes=2,
    hidden=(5,),
    epochs=10,
    groups=lambda: np.arange(60) // 3,
    labels=("left", "right"),
    finite=True,
    draw=drawn,
)


def installing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Yield what makes the tasks that a function gives those of a package that is installed for this test."""
    points: list[EntryPoint] = []
    # They are read for real in test_plugins and engine/test_entry_points.
    monkeypatch.setattr(
        plugins, "_entry_points", lambda group: (tuple(point for point in points if point.group == group), ())
    )

    def installed(given: Callable[[], object]) -> None:
        name = f"package_{len(points)}"
        module = ModuleType(name)
        module.__getattr__ = lambda _: given()  # type: ignore[method-assign]  # PEP 562
        monkeypatch.setitem(sys.modules, name, module)
        points.append(EntryPoint(name="tasks", value=f"{name}:TASKS", group=catalogue.GROUP))
        catalogue._every.cache_clear()

    catalogue._every.cache_clear()
    yield installed
    monkeypatch.undo()
    catalogue._every.cache_clear()
