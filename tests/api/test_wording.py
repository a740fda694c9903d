"""The sentences of the core in words of Python: by one rule, tried on every text that names an option."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lossterm
from lossterm.api.settings import Keywords
from lossterm.api.wording import in_python, keyword_of, python_words
from lossterm.cli.main import cli
from lossterm.errors import UnknownName
from tests.cells import each

ROOT = Path(lossterm.__file__).parent
BELOW = sorted(
    path
    for path in ROOT.rglob("*.py")
    if path.relative_to(ROOT).parts[0]
    in ("comparison", "data", "losses", "metrics", "reports", "store", "tasks", "errors.py")
)
"""Files whose texts a program may be shown."""

NOT_FOR_PROGRAMS = {"repair"}
"""Options of commands that texts tell a person to type."""

SENTENCES = {
    "A frame needs --target COL, the column.": "A frame needs target=, the column.",
    "x; --kind says otherwise.": "x; kind= says otherwise.",
    "Give --kind multiclass.": 'Give kind="multiclass".',
    "use --protocol fair.": 'use protocol="fair".',
    "or leave out --until settled.": 'or leave out until="settled".',
    "and --final declares a single look: leave out": "and final=True declares a single look: leave out",
    "If that is meant, say --max-trials 27000.": "If that is meant, say max_trials=27000.",
    "say where it is with --loss-file FILE.py:NAME. You": "say where it is with losses=. You",
    "--loss mse and --loss huber are for those.": 'losses="mse" and losses="huber" are for those.',
    "--drop area leaves it out.": 'drop="area" leaves it out.',
    "--drop 'area,\"a, b\"' leaves 2 columns out.": 'drop=["area", "a, b"] leaves 2 columns out.',
    "--drop 'agent fee,id' leaves 2 columns out.": 'drop=["agent fee", "id"] leaves 2 columns out.',
    """--drop 'it'"'"'s' leaves it out.""": 'drop="it\'s" leaves it out.',
    "--target 'sold, in all' is": 'target="sold, in all" is',
    "--target y_0 --drop y_1,y_2.": 'target="y_0" drop=["y_1", "y_2"].',
    "rows: --drop what says little.": "rows: drop= what says little.",
    "--missing -999 reads it so.": 'missing="-999" reads it so.',
    "--missing 'not known' takes them": 'missing="not known" takes them',
    "--missing WORD takes one of them": "missing= takes one of them",
    "--thousands comma or --thousands point.": 'thousands="comma" or thousands="point".',
    "say --min-class 5:join, which": 'say min_class="5:join", which',
    "--metric balanced_accuracy counts every class alike.": 'metric="balanced_accuracy" counts every class alike.',
    "Give --no-header.": "Give header=False.",
    "--group and --time are two ways": "group= and time= are two ways",
    "Name another --sample-weight. 'a b' is": "Name another sample_weight=. 'a b' is",
    "the target and --sample-weight at once: name": "the target and sample_weight= at once: name",
    "by --class-weight or by --sample-weight, as": "by class_weight= or by sample_weight=, as",
    "--group alone keeps it out": "group= alone keeps it out",
    "Train on the CPU with --device cpu, or see": 'Train on the CPU with device="cpu", or see',
    "replace it with --force, or choose another --output.": "replace it with force=True, or choose another path=.",
    "Give another place with --store FILE.": "Give another place with store=.",
    "`lossterm doctor --repair`, or --store FILE.": "`lossterm doctor --repair`, or store=.",
    "name it yourself: lossterm run --loss-file a.py:b …": "name it yourself: lossterm run --loss-file a.py:b …",
    "--model 'abc' is invalid": "model='abc' is invalid",
    "minus - and -- alone, 3--4": "minus - and -- alone, 3--4",
}


@each(("sentence", "worded"), SENTENCES.items())
def test_options_become_keywords_and_commands_stay(sentence: str, worded: str) -> None:
    assert in_python(sentence) == worded


def texts(path: Path) -> Iterator[str]:
    """Yield the texts of a file that name an option, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def test_every_option_that_a_text_names_is_a_keyword_of_python() -> None:
    known = {*inspect.signature(lossterm.compare).parameters, *inspect.signature(lossterm.stress).parameters}
    known |= {*Keywords.__annotations__}
    known |= {*inspect.signature(lossterm.Result.export).parameters}
    named = {match for path in BELOW for text in texts(path) for match in re.findall(r"(?:^|\s)--([a-z][a-z-]*)", text)}
    assert {"target", "loss-file", "min-class", "store"} <= named
    unknown = {name for name in named - NOT_FOR_PROGRAMS if keyword_of(name.removeprefix("no-")) not in known}
    assert unknown == set()


def test_every_option_of_a_run_has_a_keyword() -> None:
    options = {one.removeprefix("--") for param in cli.commands["run"].params for one in param.opts if one[:2] == "--"}
    known = {*inspect.signature(lossterm.compare).parameters, *Keywords.__annotations__}
    others = {"quiet", "format", "trials", "project", "no-project"}  # progress, what is printed, and a file of options
    assert {keyword_of(one) for one in options - others} == known - {"settings", "progress"}


def test_an_error_keeps_its_kind_and_gets_the_callers_words() -> None:
    with pytest.raises(UnknownName) as error, python_words({"/home/x/arrays.npz": "X and y"}):
        raise UnknownName("column in /home/x/arrays.npz called", "a", ["--b"])
    assert str(error.value) == "There is no column in X and y called 'a'. Known: b=."
    assert error.value.name == "a"
