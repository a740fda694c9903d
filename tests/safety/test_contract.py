"""What no module of lossterm does: take objects out of bytes, or run what is written somewhere."""

import ast
from collections.abc import Iterator
from pathlib import Path

import lossterm
from tests.cells import each

ROOT = Path(lossterm.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

TAKES_OBJECTS = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "yaml",
    "jsonpickle",
}
"""Modules that make objects, and with them calls, of whatever bytes say."""

RUNS_TEXT = {"eval", "exec", "compile", "__import__"}

RUNS_A_SHELL = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn"}

RUNS_WHAT_A_PERSON_NAMES = "engine/user_code/loss_loading.py"
"""Only `module_of` does, after it saw that a person named it: tests/safety/test_user_code_consent.py."""

COMPILES_TO_COMPARE = "api/shipped_source.py"
"""Compiles the caller's own functions to see which names they use, and runs none of it."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Yield each call with what is called, as it is written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def broken_by(source: str) -> set[str]:
    """Return what a text of Python does of all this."""
    tree, breaches = ast.parse(source), set()
    for node in ast.walk(tree):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        breaches |= {f"imports {name}" for name in modules if name.partition(".")[0] in TAKES_OBJECTS}
    for call, name in calls(tree):
        given = {word.arg: ast.unparse(word.value) for word in call.keywords}
        if name in RUNS_TEXT:
            breaches.add(name)
        if name in RUNS_A_SHELL or given.get("shell", "False") != "False":
            breaches.add("a shell")
        if name in ("np.load", "numpy.load") and given.get("allow_pickle") != "False":
            breaches.add("np.load")
        if given.get("allow_pickle", "False") != "False":
            breaches.add("allow_pickle")
        if name.endswith("load_model") and given.get("safe_mode", "True") != "True":
            breaches.add("load_model")
        if name.endswith(("read_pickle", "to_pickle", "enable_unsafe_deserialization", "enable_load_extension")):
            breaches.add(name)
    return breaches


@each("path", FILES, ids=name_of)
def test_nothing_is_unpickled_and_no_text_is_run(path: Path) -> None:
    breaches = broken_by(path.read_text(encoding="utf-8"))
    allowed = {RUNS_WHAT_A_PERSON_NAMES: {"exec", "compile"}, COMPILES_TO_COMPARE: {"compile"}}
    assert breaches <= allowed.get(name_of(path), set())


def test_what_a_person_names_is_run_in_one_function_alone_and_after_it_was_looked_at() -> None:
    tree = ast.parse((ROOT / RUNS_WHAT_A_PERSON_NAMES).read_text(encoding="utf-8"))
    running = {"exec", "compile", "importlib.import_module"}
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "module_of"]
    within = [(call.lineno, name) for call, name in calls(function) if name in {*running, "refuse_unnamed"}]
    assert len([name for _, name in within if name in running]) == len(
        [1 for _, name in calls(tree) if name in running]
    )
    looked = False
    for _, name in sorted(within):
        assert name == "refuse_unnamed" or looked
        looked = name == "refuse_unnamed" or (looked and name in ("exec", "compile"))


@each(
    "source",
    [
        "import pickle",
        "def f():\n    from joblib import load",
        "import yaml.reader",
        "eval('1')",
        "exec(text, {})",
        "np.load(file)",
        "np.load(file, allow_pickle=flag)",
        "np.savez(file, allow_pickle=True)",
        "subprocess.run(words, shell=True)",
        "os.system(words)",
        "keras.models.load_model(path, safe_mode=False)",
        "pandas.read_pickle(path)",
        "connection.enable_load_extension(True)",
    ],
)
def test_the_look_sees_what_it_is_for(source: str) -> None:
    assert broken_by(source)


def test_the_look_lets_the_rest_pass() -> None:
    assert broken_by("np.load(file, allow_pickle=False)\njson.loads(text)\nre.compile('x')\nimport json") == set()
