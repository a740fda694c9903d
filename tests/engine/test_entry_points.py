"""Losses and tasks that an installed package adds: listed, trained, and harmless where they are broken."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fork_server import ForkServer

Ask = Callable[[str], Any]

SOUND = """
from lossterm.losses import Loss, Parameter

def quartic(xp, y, f, *, power):
    return xp.power(xp.abs(f - y), power)

def record(key, **others):
    return Loss(**{
        "key": key, "title": key, "kinds": ("regression",), "function": quartic, "formula": "|e|^p",
        "estimates": "between mean and midrange", "reading": "value", "encoding": "value", "valid": "any y",
        "parameters": (Parameter(name="power", default=4, low=1, high=9, meaning="p"),),
        "large_errors": "gradient grows with the cube", "use_when": "never", "avoid_when": "always",
        "references": ("here",), "aliases": ("fourth",), "usual": True, **others,
    })

QUARTIC = record("quartic")
BOTH = (QUARTIC, record("sextic", aliases=()))
TAKEN = record("mse", title="not the one that you know")
MIXED = (record("quintic", aliases=()), "not a record")
"""

TASKS = """
import numpy as np
from lossterm.tasks import Task

def draw(seed):
    features = np.random.default_rng(seed).normal(size=(90, 3))
    return features, features @ [1, 2, 3]

PLANE = Task(
    key="plane", title="a plane", kind="regression", rows=90, features=3, classes=None, hidden=(4,), epochs=3,
    draw=draw,
)
"""


@pytest.fixture
def install(tmp_path: Path) -> Callable[..., Ask]:
    """Lay a package with entry points down as pip would; return a way to ask a process that has it."""

    def installed(module: str = SOUND, task: str = "", **points: str) -> Ask:
        (tmp_path / "extra_losses.py").write_text(module)
        about = tmp_path / "extra_losses-1.2.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: extra-losses\nVersion: 1.2\n")
        lines = "".join(f"{name} = {value}\n" for name, value in points.items())
        tasks = f"[lossterm.tasks]\ntask = {task}\n" if task else ""
        (about / "entry_points.txt").write_text(f"[lossterm.losses]\n{lines}{tasks}")

        def ask(code: str) -> Any:
            environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
            done = subprocess.run(
                [sys.executable, "-c", f"import json, sys\n{code}"],
                env=environment,
                capture_output=True,
                text=True,
                timeout=200,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout.splitlines()[-1])

        return ask

    return installed


LIST = """
from lossterm.losses import LOSSES, every_loss, problems, loss_named
losses = every_loss()
print(json.dumps({
    "added": {key: loss.origin for key, loss in losses.items() if key not in LOSSES},
    "first": list(losses)[:len(LOSSES)] == list(LOSSES),
    "mse": losses["mse"].title,
    "problems": problems(),
    "heavy": "tensorflow" in sys.modules,
}))
"""


def test_a_record_that_a_package_gives_is_listed_after_the_catalogue_with_its_origin(
    install: Callable[..., Ask],
) -> None:
    printed = install(quartic="extra_losses:QUARTIC")(LIST)
    assert printed["added"] == {"quartic": "extra-losses 1.2"}
    assert printed["first"]
    assert printed["problems"] == []
    assert not printed["heavy"]


def test_a_tuple_of_records_is_listed_whole(install: Callable[..., Ask]) -> None:
    assert list(install(both="extra_losses:BOTH")(LIST)["added"]) == ["quartic", "sextic"]


def test_it_is_found_by_key_alias_and_parameter_and_offered_but_is_not_usual(install: Callable[..., Ask]) -> None:
    printed = install(quartic="extra_losses:QUARTIC")("""
from lossterm.losses import fitting, losses_for, loss_named, usual
from lossterm.tasks import task_named
targets = task_named("regression").targets
print(json.dumps([
    loss_named("fourth").key, loss_named("quartic:power=3").key,
    "quartic" in [loss.key for loss in fitting(targets)], "quartic" in [loss.key for loss in usual(targets)],
    "quartic" in [loss.key for loss in fitting(task_named("circles").targets)],
    losses_for(targets, ("mse", "fourth")),
]))
""")
    assert printed == ["quartic", "quartic:power=3", True, False, False, ["mse", "quartic"]]


@pytest.mark.parametrize(
    ("module", "value", "says"),
    [
        ("raise OSError('no disk')\n", "extra_losses:QUARTIC", ["OSError: no disk"]),
        ("import sys\nsys.exit('bye')\n", "extra_losses:QUARTIC", ["SystemExit: bye"]),
        ("def (\n", "extra_losses:QUARTIC", ["SyntaxError"]),
        (SOUND, "extra_losses:NOTHING", ["NOTHING"]),
        (SOUND, "no_such_module:QUARTIC", ["No module named 'no_such_module'"]),
        ("THING = 3\n", "extra_losses:THING", ["int"]),
        (SOUND, "extra_losses:TAKEN", ["'mse'", "left out"]),
    ],
    ids=["raises", "leaves", "is not Python", "has no such name", "is not there", "is no record", "has a taken key"],
)
def test_a_broken_entry_point_is_told_and_does_no_harm(
    install: Callable[..., Ask], module: str, value: str, says: list[str]
) -> None:
    printed = install(module, broken=value)(LIST)
    assert printed["added"] == {}
    assert printed["first"]
    assert printed["mse"] == "mean squared error"
    (problem,) = printed["problems"]
    for part in ("extra-losses 1.2", value, *says):
        assert part in problem
    assert problem.endswith(".")


def test_what_is_sound_beside_what_is_broken_is_listed(install: Callable[..., Ask]) -> None:
    printed = install(one="extra_losses:QUARTIC", two="extra_losses:NOTHING", three="extra_losses:MIXED")(LIST)
    assert list(printed["added"]) == ["quartic", "quintic"]
    assert len(printed["problems"]) == 2


def test_a_key_of_the_catalogue_cannot_be_replaced(install: Callable[..., Ask]) -> None:
    printed = install(mse="extra_losses:TAKEN")(LIST)
    assert printed["mse"] == "mean squared error"
    assert len(printed["problems"]) == 1


def test_a_task_that_a_package_gives_is_listed_after_lossterms_own(install: Callable[..., Ask]) -> None:
    printed = install(TASKS, task="extra_losses:PLANE")("""
from lossterm.tasks import TASKS, every_task, task_problems
print(json.dumps([list(every_task())[len(TASKS):], task_problems(), "tensorflow" in sys.modules]))
""")
    assert printed == [["plane"], [], False]


def test_a_broken_entry_point_of_a_task_is_told_and_does_no_harm(install: Callable[..., Ask]) -> None:
    printed = install("raise OSError('no disk')\n", task="extra_losses:PLANE")("""
from lossterm.tasks import TASKS, every_task, task_problems
print(json.dumps([every_task() == TASKS, task_problems()]))
""")
    assert printed == [
        True,
        ["The tasks of extra-losses 1.2 do not load (extra_losses:PLANE): OSError: no disk."],
    ]


TRAIN = """
import json, os, sys
sys.path.insert(0, os.getcwd())  # where the package is
from lossterm.engine import runtime
runtime.configure("cpu")
from lossterm.comparison.comparison import Comparison
from lossterm.engine.training.trainer import Program
losses = ["quartic:power=2", "mse"]
asked = [
    Comparison.ask(task, losses, seeds=1, epochs=3, learning_rates=(0.01,), device="cpu")
    for task in ("regression", "plane")
]
trials = [trial for one in asked for trial in one.trials()]
results = [Program(trial).train(trial) for trial in trials]
print(json.dumps([[trial.task, trial.source, result.status, result.scores["mae"]["test"], result.note]
    for trial, result in zip(trials, results)]))
"""


@pytest.mark.tensorflow
def test_losses_and_tasks_of_a_package_are_trained_by_the_real_engine(
    install: Callable[..., Ask], fork_server: ForkServer, tmp_path: Path
) -> None:
    install(SOUND + TASKS, task="extra_losses:PLANE", quartic="extra_losses:QUARTIC")
    script = tmp_path / "train.py"
    script.write_text(TRAIN, encoding="utf-8")
    done = fork_server.run(script)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout.splitlines()[-1])
    assert [task for task, *_ in printed] == ["regression", "regression", "plane", "plane"]
    for (_, source, status, mae, note), (_, _, _, same, _) in (printed[:2], printed[2:]):
        assert source == "extra-losses 1.2"
        assert status == "done"
        assert note is None
        assert mae == pytest.approx(same, rel=1e-4)  # |e|² is the squared error
