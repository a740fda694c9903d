"""Losses and networks as objects: where the worker finds them, and what cannot be found."""

import functools
import importlib.util
import linecache
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import lossterm
from lossterm.api.given_losses import named_and_own
from lossterm.api.user_objects import place_of
from lossterm.api.worker_imports import found_by_worker
from lossterm.errors import UsageError
from lossterm.losses import loss_named, source_from
from tests.api import shipped
from tests.cells import each

FILE = Path(shipped.__file__)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, home: Path) -> dict[str, Any]:
    """Return what the module defines, as a script that is run: its objects are those of `__main__`."""
    return main_of(FILE, monkeypatch)


def main_of(path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    module = ModuleType("__main__")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, "__main__", module)
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), module.__dict__)
    return module.__dict__


def loaded(place: str) -> Any:
    """Return what the worker would load: the file alone, in a module of another name."""
    source = source_from(place)
    assert source.file is not None
    return runpy.run_path(str(source.file), run_name="of_worker")[source.name]


# What can be loaded


@pytest.mark.parametrize("beside", [True, False], ids=["found by the worker", "a file"])
def test_a_function_of_a_module_is_loaded_from_there(home: Path, tmp_path: Path, beside: bool) -> None:
    if beside:
        assert place_of(shipped.mine, "loss") == "tests.api.shipped:mine"
        assert place_of(shipped.half, "loss") == "tests.api.shipped:half"  # by the name that the module has for it
        assert place_of(shipped.Mine, "loss") == "tests.api.shipped:Mine"
        return
    path = tmp_path / "losses_of_mine.py"
    path.write_text(FILE.read_text(encoding="utf-8"), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("losses_of_mine", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["losses_of_mine"] = module
    try:
        spec.loader.exec_module(module)
        assert place_of(module.mine, "loss") == f"{path}:mine"
        assert place_of(module.half, "loss") == f"{path}:half"
    finally:
        del sys.modules["losses_of_mine"]


def test_a_function_of_a_script_is_written_down_with_what_it_uses(script: dict[str, Any]) -> None:
    place = place_of(script["mine"], "loss")
    y, f = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    np.testing.assert_array_equal(loaded(place)(y, f), script["mine"](y, f))
    assert place == place_of(script["mine"], "loss")
    assert place.endswith("/mine.py:mine")
    assert str(lossterm.api.__file__) not in place
    text = Path(place.rpartition(":")[0]).read_text(encoding="utf-8")
    assert "half" not in text
    assert "LOCK" not in text


def test_classes_and_functions_that_call_themselves_are_written_down_too(script: dict[str, Any]) -> None:
    assert loaded(place_of(script["again"], "loss"))(3) == 0
    assert loaded(place_of(script["double"], "loss"))(3) == 6


def test_another_constant_is_another_loss(script: dict[str, Any]) -> None:
    first = place_of(script["mine"], "loss")
    script["DELTA"] = 0.75
    assert place_of(script["mine"], "loss") != first


def test_a_partial_gives_parameters(script: dict[str, Any]) -> None:
    place = place_of(script["given"], "loss")
    assert place.endswith("/mine.py:mine:gain=0.25")
    assert place_of(functools.partial(shipped.mine, target="raw"), "loss") == "tests.api.shipped:mine:target=raw"


def test_texts_are_keys_or_places() -> None:
    given = ["mse", "huber:delta=0.5", "my.py:mine", "my.py:mine:a=1", "keras.losses:Huber", "losses:mine", "huber"]
    assert named_and_own(given) == (
        ("mse", "huber:delta=0.5", "huber"),
        ("my.py:mine", "my.py:mine:a=1", "keras.losses:Huber", "losses:mine"),
    )
    assert named_and_own("usual") == (("usual",), ())
    assert named_and_own(shipped.mine) == ((), ("tests.api.shipped:mine",))


def test_what_the_worker_imports_is_asked_of_its_own_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found_by_worker(sys.modules["math"])
    assert found_by_worker(sys.modules["numpy.linalg"])
    (tmp_path / "only_here.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert not found_by_worker(importlib.import_module("only_here"))


CELL = """
class Base:
    gain = 2
    def scaled(self, value):
        return self.gain * value

class Mine(Base):
    def call(self, y_true, y_pred):
        return self.scaled(y_true - y_pred)

class Bare:
    gain = 2
"""


def test_a_class_of_a_notebook_whose_module_has_no_file_is_found_by_its_methods(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setitem(linecache.cache, "<cell>", (len(CELL), None, CELL.splitlines(keepends=True), "<cell>"))
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    exec(compile(CELL, "<cell>", "exec"), module.__dict__)
    assert loaded(place_of(module.Mine, "loss"))().call(3, 1) == 4
    with pytest.raises(UsageError, match="Python keeps no source of Bare"):  # nothing in it tells where it stands
        place_of(module.Bare, "loss")


ANNOTATED = """from __future__ import annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
if TYPE_CHECKING:
    from nowhere import Tensor

@dataclass
class Scale:
    of_all: ClassVar[int] = 5
    by: float = 2.0

def mine(y_true: Tensor, y_pred: Tensor) -> Tensor:
    def inner(error: Tensor) -> Tensor:
        return Scale().by * error
    return inner(y_true - y_pred)
"""


def test_names_that_only_type_checkers_import_are_not_needed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "annotated.py"
    path.write_text(ANNOTATED)
    place = place_of(main_of(path, monkeypatch)["mine"], "loss")
    worker = ModuleType("of_worker")
    monkeypatch.setitem(sys.modules, "of_worker", worker)  # as the engine does: dataclasses look there
    exec(Path(place.rpartition(":")[0]).read_text(encoding="utf-8"), worker.__dict__)
    assert worker.mine(3.0, 1.0) == 4.0
    assert list(worker.Scale.__dataclass_fields__) == ["of_all", "by"]
    assert worker.Scale(3.0).by == 3.0


# What cannot

HELPERS = {
    "two modules": ("import math as np", "np.sqrt(value)"),
    "module and constant": ("np = 2", "np * value"),
    "module and function": ("def np(value): return value", "np(value)"),
    "function and constant": ("mine = 2", "mine * value"),
}


@each("name", HELPERS)
def test_a_name_with_two_meanings_is_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    first, used = HELPERS[name]
    helper = tmp_path / f"helper_{len(used)}.py"
    helper.write_text(f"{first}\ndef helped(value):\n    return {used}\n")
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "script.py"
    path.write_text(
        f"import numpy as np\nfrom {helper.stem} import helped\n"
        "def mine(y_true, y_pred):\n    return helped(np.abs(y_true - y_pred))\n"
    )
    script = main_of(path, monkeypatch)
    with pytest.raises(UsageError, match=r"There are two different (np|mine) here.*rename one"):
        place_of(script["mine"], "loss")


Make = Callable[[dict[str, Any]], Any]
REFUSED: dict[str, tuple[Make, str]] = {
    "lambda": (lambda s: s["short"], r"A loss cannot be a lambda, .*: write def my_loss\(y_true, y_pred\)"),
    "closure": (lambda s: s["half"], r"inner is defined inside another function and uses factor .*inner:factor=…"),
    "closure that it uses": (lambda s: s["halved"], "inner is defined inside .*, with factor as a constant there.$"),
    "built in": (lambda s: print, "A loss cannot be print, which is built in"),
    "method": (lambda s: s["Base"]().call, "A loss cannot be the method call of an object"),
    "instance": (lambda s: s["Instance"](), "A loss cannot be an instance of Huber, .*: give 'keras.losses:Huber'"),
    "own instance": (lambda s: s["Own"](), "A loss cannot be an instance of Own, .*: give the class, Own"),
    "array": (lambda s: s["LARGE"], "A loss cannot be of type ndarray: give its key, or write def my_loss"),
    "large constant": (lambda s: s["holds"], "holds uses LARGE, of type ndarray, which exists in this process alone"),
    "nothing": (lambda s: s["lacks"], "lacks uses NOT_YET, which is not defined here: define it first"),
    "object": (lambda s: s["locks"], "locks uses LOCK, of type object"),
    "values by place": (lambda s: functools.partial(s["mine"], 1), r"as partial\(mine, delta=0.5\)"),
    "arrays by name": (lambda s: functools.partial(s["mine"], gain=s["LARGE"]), "cannot be written for the worker"),
    "record": (lambda s: loss_named("mse"), "mse is a record in this process: put it in a file"),
}


@each("name", REFUSED)
def test_what_no_other_process_could_load_is_refused_with_what_to_write(script: dict[str, Any], name: str) -> None:
    make, sentence = REFUSED[name]
    with pytest.raises(UsageError, match=sentence):
        place_of(make(script), "loss")


def test_a_model_is_no_network(script: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"cannot be a model that is there already: write def build.* leave compile"):
        place_of(script["Model"](), "network")
    with pytest.raises(UsageError, match="A network takes no parameters"):
        place_of(script["given"], "network")


def test_what_was_typed_at_a_prompt_has_no_source(home: Path) -> None:
    code = "def typed(y_true, y_pred): return y_true - y_pred\nimport lossterm\nlossterm.compare('circles', typed)\n"
    done = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, check=False, timeout=60)
    last = done.stderr.strip().splitlines()[-1]
    if sys.version_info < (3, 13):
        assert "Python keeps no source of typed, as of what is typed at its prompt" in last
        assert "give 'FILE.py:typed'" in last


MINE = """def mine(y_true, y_pred):
    def inner(error):
        return 1.0 * abs(error) if error not in {3, "a"} else (1, 2)
    return inner(y_true - y_pred)
"""
OF_CLASS = """from __future__ import annotations
class mine:
    def call(self, y_true, y_pred):
        def inner(error: Loss): return error
        return super().call and inner(y_true - y_pred)
"""
EDITS = {
    "constant": (MINE, "1.0", "12.0"),
    "type of a constant": (MINE, "1.0", "1"),
    "operator": (MINE, "y_true - y_pred)", "y_true + y_pred)"),
    "inside": (MINE, "* abs", "/ abs"),
    "order": (MINE, "(y_true, y_pred)", "(y_pred, y_true)"),
    "method": (OF_CLASS, "y_true - y_pred)", "y_pred - y_true)"),
}


@each("name", EDITS)
def test_an_edited_source_is_not_taken_for_what_it_defined(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    text, old, new = EDITS[name]
    path = tmp_path / "edited.py"
    path.write_text(text)
    script = main_of(path, monkeypatch)
    assert place_of(script["mine"], "loss").endswith("/mine.py:mine")
    path.write_text(text.replace(old, new))
    os.utime(path, (1, 1))
    linecache.checkcache(str(path))
    with pytest.raises(UsageError, match="The source of mine was changed since it was defined"):
        place_of(script["mine"], "loss")


def test_a_file_of_a_package_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "not_installed"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "other.py").write_text("ONE = 1\n")
    (package / "losses.py").write_text("from .other import ONE\ndef mine(y_true, y_pred):\n    return ONE\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("not_installed.losses")
    with pytest.raises(UsageError, match=r"losses.py imports from its own package.*: install the package"):
        place_of(module.mine, "loss")
