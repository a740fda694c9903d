import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lossterm
from lossterm.cli.command_table import SHORT_HELP
from lossterm.cli.main import cli
from lossterm.comparison.comparison import Comparison
from lossterm.metrics import metrics_for
from lossterm.store import Store, TrialScores
from tests.builders.loaded_modules import HEAVY, loaded_by
from tests.cells import each

ROOT = Path(lossterm.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

LAYERS = (
    "errors",
    "text",
    "statistics",
    "home",
    "plugins",
    "losses",
    "metrics",
    "worker_control",
    "data",
    "tasks",
    "stress_axes",
    "charts",
    "comparison",
    "store",
    "project",
    "reports",
    "stress_sweeps",
    "history",
    "following",
    "figures",
    "published",
    "recordings",
    "export",
    "api",
    "tui",
    "cli",
    "__main__",
)
"""Packages from the ground up: each may import those before it, and none after it. Beside them stands the engine."""

ENGINE_ABOVE = LAYERS.index("reports")
"""The engine imports nothing from here upwards."""

OWNERS: dict[str, str | tuple[str, ...]] = {
    "tensorflow": "engine/runtime.py",
    "keras": ("engine/runtime.py", "api/loaded_model.py"),  # the latter gives a model to the caller's process
    "textual": "tui/",
    "plotext": "charts/plot.py",
    "sqlite3": "store/",
    "click": "cli/",
    "fcntl": "worker_control/lock.py",
    "pynvml": "following/hardware.py",
    "ray": "engine/cluster/ray_side.py",
}
LOADS_WHAT_A_PERSON_NAMES = "engine/user_code/loss_loading.py"
"""Imports modules by a name that is not in the code: custom losses."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    return [*module.split("."), ""][1]


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield what a file imports, anywhere in it: modules in full, `from package import module` as package.module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno} imports by a relative name"
            assert node.module is not None
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                below = ROOT.parent.joinpath(*whole.split("."))
                is_module = below.is_dir() or below.with_suffix(".py").exists()
                yield (whole if is_module else node.module), node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            if name_of(path) == LOADS_WHAT_A_PERSON_NAMES:
                continue
            assert isinstance(node.args[0], ast.Constant), f"{name_of(path)}:{node.lineno} imports what cannot be read"
            yield str(node.args[0].value), node.lineno


IMPORTS = [(path, module, line) for path in FILES for module, line in imports(path)]
OURS = [one for one in IMPORTS if one[1].split(".")[0] == "lossterm"]


# Statically


def test_there_is_something_to_look_at() -> None:
    assert {"cli/main.py", "engine/runtime.py", "store/store.py", "errors.py"} <= {name_of(path) for path in FILES}
    assert ("engine/runtime.py", "tensorflow") in {(name_of(path), module) for path, module, _ in IMPORTS}
    assert ("following/narrator.py", "lossterm.following.store_changes") in {
        (name_of(path), module) for path, module, _ in IMPORTS
    }


@pytest.mark.parametrize("package", OWNERS)
def test_only_its_owner_imports(package: str) -> None:
    strangers = {
        f"{name_of(path)}:{line}"
        for path, module, line in IMPORTS
        if module.split(".")[0] == package and not name_of(path).startswith(OWNERS[package])
    }
    assert strangers == set()


def test_nothing_imports_the_engine() -> None:
    found = {
        f"{name_of(path)}:{line}"
        for path, module, line in OURS
        if part_of(module) == "engine" and part_of(module_of(path)) != "engine"
    }
    assert found == set()


def test_every_part_has_a_layer() -> None:
    assert {part_of(module_of(path)) for path in FILES} == {*LAYERS, "engine", ""}


def test_imports_go_downwards_only() -> None:
    upwards = {
        f"{name_of(path)}:{line} imports {module}"
        for path, module, line in OURS
        if (mine := part_of(module_of(path))) not in {"engine", ""}
        and (theirs := part_of(module)) not in {mine, ""}
        and (theirs == "engine" or LAYERS.index(theirs) > LAYERS.index(mine))
    }
    assert upwards == set()


FRONT_ENDS = {"api", "cli", "tui"}


def test_the_front_ends_do_not_know_each_other_but_for_the_one_that_opens_another() -> None:
    found = {
        (part_of(module_of(path)), module)
        for path, module, _ in OURS
        if len({part_of(module_of(path)), part_of(module)} & FRONT_ENDS) == 2
    }
    assert found <= {("cli", "lossterm.tui.app")}


def test_the_engine_imports_nothing_from_report_upwards() -> None:
    found = {
        f"{name_of(path)}:{line} imports {module}"
        for path, module, line in OURS
        if part_of(module_of(path)) == "engine" and part_of(module) in LAYERS[ENGINE_ABOVE:]
    }
    assert found == set()


def public(tree: ast.Module | ast.ClassDef, above: str) -> Iterator[tuple[str, ast.AST]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{above}.{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public(node, f"{above}.{node.name}")


@each("path", FILES, ids=name_of)
def test_every_file_and_everything_public_in_it_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bare = {
        name
        for name, node in [(name_of(path), tree), *public(tree, name_of(path))]
        if not (ast.get_docstring(node) or "").strip()  # type: ignore[arg-type]  # classes, functions and a module
    }
    assert bare == set()


def test_what_a_person_names_is_loaded_in_one_place_alone() -> None:
    found = {
        name_of(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and re.search(r"(^|\.)(import_module|__import__|exec_module|eval|exec)$", ast.unparse(node.func))
        and not (node.args and isinstance(node.args[0], ast.Constant))
    }
    assert found <= {LOADS_WHAT_A_PERSON_NAMES}


# At run time


RUN = """
import contextlib, sys
from lossterm.cli.main import main
with contextlib.suppress(SystemExit):
    main(sys.argv[1:])
"""
"""Runs a command."""

SLOW = {"asyncio", "difflib", "hashlib", "importlib.metadata", "rich.console", "sqlite3", "tomllib"}
"""Light beside what is HEAVY, and still more than a list of losses is worth."""


def test_the_command_line_loads_nothing_heavy() -> None:
    loaded = loaded_by("from lossterm.cli.main import cli\ndict(cli.commands)")
    assert {f"lossterm.cli.commands.{name}" for name in cli.commands} <= loaded
    assert loaded & HEAVY == set()
    assert not any(module.startswith(("lossterm.engine", "lossterm.tui")) for module in loaded)


@pytest.mark.parametrize(
    ("words", "command", "needs"),
    [
        (["--help"], None, set()),
        (["--version"], None, set()),
        (["losses"], "losses", set()),
        (["losses", "--format", "json"], "losses", set()),
        (["losses", "--task", "counts"], "losses", set()),
        (["metrics"], "metrics", set()),
        (["tasks"], "tasks", set()),
        (["sessions"], "sessions", {"sqlite3"}),
        (["report", "s"], "report", {"sqlite3"}),
        (["report", "s", "--format", "json"], "report", {"sqlite3"}),
        (["run", "--help"], "run", {"sqlite3"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_command_loads_no_other_and_nothing_that_it_does_not_need(
    home: Path, words: list[str], command: str | None, needs: set[str]
) -> None:
    store_a_report()
    loaded = loaded_by(RUN, *words)
    assert {name for name in cli.commands if f"lossterm.cli.commands.{name}" in loaded} == {command} - {None}
    assert loaded & (HEAVY | SLOW) == needs
    assert not any(module.startswith(("lossterm.engine", "lossterm.tui")) for module in loaded)
    if needs == set():
        assert "lossterm.store" not in loaded


@pytest.mark.parametrize("name", SHORT_HELP)
def test_a_commands_line_in_the_list_is_the_first_sentence_of_its_own_help(name: str) -> None:
    command = cli.commands[name]
    assert command.name == name
    assert SHORT_HELP[name] == command.get_short_help_str(1000)


def test_everything_below_the_front_ends_loads_nothing_heavy() -> None:
    apart = {"engine", "tui", "__main__", "charts", "figures"}  # charts and what is drawn with them take NumPy
    below = [module_of(path) for path in FILES if part_of(module_of(path)) not in apart]
    below = [module for module in below if not module.startswith("lossterm.data.")]  # some read tables: see its package
    assert {"lossterm.following.session_state", "lossterm.data"} <= set(below)
    assert loaded_by("import " + ", ".join(below)) & HEAVY == set()


def test_the_fake_engine_loads_no_tensorflow() -> None:
    loaded = loaded_by("import lossterm.engine.fakes.fake_engine")
    assert "lossterm.engine.worker.process" in loaded
    assert loaded & HEAVY == set()


def test_the_terminal_app_loads_textual_and_nothing_of_the_engine() -> None:
    loaded = loaded_by("import lossterm.tui.app")
    assert "textual" in loaded
    assert loaded & (HEAVY - {"textual"}) == set()  # NumPy comes when there is something to draw
    assert not any(module.startswith("lossterm.engine") for module in loaded)


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (["losses"], set()),
        (["losses", "--task", "counts", "--format", "json"], set()),
        (["explain", "huber", "--format", "json"], {"numpy"}),
        (["explain", "mse", "huber:delta=0.5"], {"numpy"}),
        (["run", "--task", "regression", "--loss", "huber:delta=-1"], set()),
        (["run", "--loss-file", "{file}:mine", "--lr", "0"], set()),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else None,
)
def test_losses_are_listed_explained_and_looked_at_without_loading_more_than_is_needed(
    home: Path, words: list[str], allowed: set[str]
) -> None:
    file = home / "mine.py"
    file.write_text("import tensorflow\nmine = tensorflow.square\n")
    loaded = loaded_by(RUN, *(word.format(file=file) for word in words))
    assert "lossterm.losses.catalogue" in loaded
    assert loaded & HEAVY <= allowed
    assert not any(module.startswith(("lossterm.engine", "lossterm.tui")) for module in loaded)


def store_a_report() -> None:
    comparison = Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=1, epochs=1)
    with Store() as store:
        store.requests.ask("s", comparison)
        row = store.worker.claim("auto")
        assert row is not None
        scores: TrialScores = {metric.key: {"train": 0.5, "test": 0.5} for metric in metrics_for("binary")}
        store.worker.finish(row.id, "done", scores=scores)


def test_a_run_and_a_report_load_nothing_heavy_either(home: Path) -> None:
    store_a_report()
    code = """
import contextlib, sys
from lossterm.cli.main import main
wanted = ["--loss", "hinge", "--protocol", "tutorial", "--seeds", "1", "--epochs", "1"]
for words in (["run", *wanted, "--format", "json"], ["report", "s"]):
    with contextlib.suppress(SystemExit):
        main(words)
"""
    loaded = loaded_by(code)
    assert "lossterm.reports.report" in loaded
    assert loaded & HEAVY == set()
