"""Tasks that installed packages add under an entry point, and how entry points are found at all."""

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from lossterm import plugins
from lossterm.cli.commands.doctor import _added
from lossterm.cli.main import cli
from lossterm.comparison.comparison import Comparison
from lossterm.errors import DoesNotFit, UnknownName
from lossterm.tasks import TASKS, Task, every_task, task_named, task_problems
from tests.builders.packages import HALVES, Install, installing

install = pytest.fixture(installing)

# Tasks


def test_a_packages_task_is_found_after_lossterms_own_and_compared(install: Install) -> None:
    install(lambda: HALVES)
    assert list(every_task()) == [*TASKS, "halves"]
    assert task_named("halves") is HALVES
    assert task_problems() == []
    asked = Comparison.ask("halves", ("hinge",))
    assert asked.record is HALVES
    assert asked.hyperparameters.hidden == (5,)
    with pytest.raises(DoesNotFit):
        Comparison.ask("halves", protocol="tutorial")
    with pytest.raises(UnknownName, match="Did you mean halves"):
        task_named("halvs")


def test_a_package_may_give_several_tasks_and_what_is_wrong_among_them_is_left_out(install: Install) -> None:
    install(lambda: (HALVES, "a task", replace(HALVES, key="circles"), replace(HALVES, key="thirds")))
    assert list(every_task()) == [*TASKS, "halves", "thirds"]
    assert every_task()["circles"] is TASKS["circles"] is task_named("circles")
    assert task_problems() == [
        "package_0:TASKS gives a str as a task (package_0:TASKS), where a record is wanted.",
        "package_0:TASKS gives a task 'circles' (package_0:TASKS), but that is taken: left out.",
    ]


def test_of_two_packages_with_one_key_the_first_is_taken(install: Install) -> None:
    install(lambda: HALVES)
    install(lambda: replace(HALVES, title="others"))
    assert task_named("halves") is HALVES
    assert task_problems() == ["package_1:TASKS gives a task 'halves' (package_1:TASKS), but that is taken: left out."]


@pytest.mark.parametrize("key", ["", "two words", "Halves", "t.y@0123abcd", "\x1b[31m", "-h", "a" * 41])
def test_a_task_whose_key_is_no_name_is_left_out_and_the_others_are_taken(install: Install, key: str) -> None:
    install(lambda: (replace(HALVES, key=key), HALVES))
    assert list(every_task()) == [*TASKS, "halves"]
    (problem,) = task_problems()
    assert problem == f"package_0:TASKS gives a task {key!r} (package_0:TASKS), which is not a valid name."
    assert problem.isprintable()


def test_a_task_of_no_kind_is_left_out_and_told(install: Install) -> None:
    install(lambda: (replace(HALVES, kind="binray"), HALVES))
    assert list(every_task()) == [*TASKS, "halves"]
    assert task_problems() == ["package_0:TASKS gives a task 'halves' (package_0:TASKS) of an unknown kind."]


@pytest.mark.parametrize("error", [RuntimeError, ImportError, SystemExit])
def test_a_package_that_fails_to_load_takes_nothing_with_it(install: Install, error: type[BaseException]) -> None:
    def fail() -> Task:
        raise error("half installed")

    install(fail)
    install(lambda: HALVES)
    assert "halves" in every_task()
    (problem,) = task_problems()
    assert problem == f"The tasks of package_0:TASKS do not load (package_0:TASKS): {error.__name__}: half installed."


def test_a_package_that_imports_tensorflow_is_reported_and_used(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)

    def heavy() -> Task:
        monkeypatch.setitem(sys.modules, "tensorflow", ModuleType("tensorflow"))
        return HALVES

    install(heavy)
    assert "halves" in every_task()
    (problem,) = task_problems()
    assert "imports TensorFlow with its tasks" in problem


def test_tasks_of_packages_are_listed_and_what_is_wrong_is_told(install: Install) -> None:
    install(lambda: (HALVES, 3))
    for words in (["tasks"], ["tasks", "--format", "json"]):
        result = CliRunner().invoke(cli, words)
        assert result.exception is None
        assert result.stderr == f"lossterm: {task_problems()[0]}\n"
    row = json.loads(result.stdout)[-1]
    assert row == {
        "key": "halves",
        "title": "two halves of the plane",
        "kind": "binary",
        "rows": 60,
        "features": 2,
        "classes": 2,
        "hidden": [5],
        "epochs": 10,
        "batch_size": 32,
        "lowest": None,
        "highest": None,
        "zeros": True,
        "imbalance": 1.0,
        "input_shape": [2],
        "target_shape": [],
        "output_names": [],
        "network": "mlp",
        "test_rows": 0,
        "finite": True,
        "family": False,
        "ordered": False,
        "grouped": True,
        "weighted": False,
        "labels": ["left", "right"],
        "metric": "accuracy",
    }


def test_the_doctor_tells_of_tasks_of_packages_and_of_what_is_wrong_with_them(install: Install) -> None:
    assert list(_added()) == []
    install(lambda: (HALVES, 3))
    good, note = _added()
    assert (good.what, good.state, good.observation) == ("tasks", "good", "also halves")
    assert (note.what, note.state, note.observation) == ("tasks", "note", task_problems()[0])
    assert note.advice


# Entry points


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], Path]:
    """Return what lays down a package as pip would, in the only place that is looked at."""
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), str(tmp_path / "absent")])

    def lay(name: str, entry_points: bytes) -> Path:
        about = tmp_path / f"{name}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_bytes(entry_points)
        return tmp_path

    return lay


def test_entry_points_of_a_group_are_found_with_their_package(declared: Callable[[str, bytes], Path]) -> None:
    place = declared("one", b"[lossterm.tasks]\na = module_of_one:A\n[console_scripts]\na = b:c\n")
    declared("two", b"[lossterm.losses]\nb = module_of_two:B\n")
    (place / "module_of_one.py").write_text("A = (1, 2)\n")
    importlib.invalidate_caches()
    (offer,) = plugins.offers("lossterm.tasks", "tasks")
    assert (offer.package, offer.place, offer.given, offer.problem) == ("one 1.0", "module_of_one:A", (1, 2), None)
    (offer,) = plugins.offers("lossterm.losses", "losses")
    assert (offer.package, offer.given) == ("two 1.0", ())
    assert offer.problem is not None
    assert offer.problem.startswith("The losses of two 1.0 do not load (module_of_two:B): ModuleNotFoundError: ")


def test_where_no_package_declares_the_group_nothing_is_loaded_to_look_for_it(
    declared: Callable[[str, bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    declared("one", b"[lossterm.losses]\na = b:c\n")
    declared("broken", b"\xff\xfe[nothing]\n")

    monkeypatch.setitem(sys.modules, "importlib.metadata", None)  # so that importing it fails
    assert list(plugins.offers("lossterm.tasks", "tasks")) == []


# Packages in rough hands


def test_a_declaration_that_is_broken_is_told_and_breaks_no_other_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: dict[str, bytes | None] = {
        "cut": b"[lossterm.tasks]\nx = ",
        "shapeless": b"no section\n[lossterm.tasks]\n = \n=x\n",
        "bytes": b"\xff\xfe[lossterm.tasks]\nabc\nx=not a thing at all::\n",
        "directory": None,
        "good": b"[lossterm.tasks]\nok = json:dumps\n",
    }
    for name, content in written.items():
        place = tmp_path / f"{name}-1.0.dist-info"
        place.mkdir()
        (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        if content is None:
            (place / "entry_points.txt").mkdir()
        else:
            (place / "entry_points.txt").write_bytes(content)
    monkeypatch.syspath_prepend(str(tmp_path))
    offered = {offer.package: offer for offer in plugins.offers("lossterm.tasks", "tasks")}
    assert (offered["good 1.0"].given, offered["good 1.0"].problem) == ((json.dumps,), None)
    for name in ("cut", "shapeless", "bytes"):
        problem = f"The tasks of {name} 1.0 are left out: its entry_points.txt is not in the format of entry points."
        assert offered[f"{name} 1.0"].problem == problem
    assert list(plugins.offers("lossterm.losses", "losses")) == []  # which none of them names


def test_what_a_package_prints_as_it_is_imported_stays_out_of_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "loud-1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 1.0\n")
    (place / "entry_points.txt").write_text("[lossterm.tasks]\nx = loud_module:GIVEN\n")
    (tmp_path / "loud_module.py").write_text("print('Thank you for\\nusing loud!')\nGIVEN = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    (offer,) = (offer for offer in plugins.offers("lossterm.tasks", "tasks") if offer.package == "loud 1.0")
    assert offer.given == (1,)
    assert offer.problem == (
        "loud 1.0 prints as its tasks are loaded (loud_module:GIVEN), which is left out: Thank you for using loud!"
    )
    assert capsys.readouterr().out == ""
