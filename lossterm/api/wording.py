"""The sentences of the core in the words of Python: they name options of the command line, `--target COL`, where a
program writes keywords, `target="price"`.

One rule for all texts, so that none has to be written twice: an option becomes its keyword, with the value that stands
behind it where that is one; commands (`lossterm doctor`) stay what they are, since they are typed in a shell.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from lossterm.comparison.setting_catalogue import HYPERPARAMETERS, OF_COMPARISON
from lossterm.data.request import DELIMITERS, THOUSANDS, names_from
from lossterm.errors import LosstermError
from lossterm.losses import KINDS

KEYWORDS = {
    "task": "data",
    "loss": "losses",
    "loss-file": "losses",
    "axis-file": "axis",
    "lr": "learning_rates",
    "output": "path",
}
"""Option, without its dashes → keyword, where it is not the option's name with underscores."""

_LISTS = ("drop", "categorical")
"""Options whose value is names with commas between."""

_NAMES = (*_LISTS, "missing", "target", "group", "time", "sample-weight", "loss")
"""Options whose value is a name, or several."""

_WORDS = {
    "kind": KINDS,
    "thousands": tuple(THOUSANDS),
    "delimiter": tuple(DELIMITERS),
    **{one.key: one.words for one in (*HYPERPARAMETERS.values(), *OF_COMPARISON.values()) if one.words},
}
"""Options whose value is one of some words."""

_SWITCHES = ("force", "final", "batch-norm", "header")
"""Options that are on where they stand alone."""

_CELL = r"""(?:'[^']*'|"(?:[^"]|"")*"|[^\s"',]+(?<![.;:]))"""
_OPTION = re.compile(rf"--(?P<no>no-)?(?P<key>[a-z]\w*(?:-\w+)*)(?: (?P<value>{_CELL}(?:,?{_CELL})*))?")
_COMMAND = re.compile(r"`[^`]*`|\blossterm [a-z]+\b.*?(?= …|[.;] |[.;]?$)")
_PLACEHOLDER = re.compile(r"[A-Z][A-Z.]*(?:py)?(?::[A-Z]+)?")
"""What stands for a value: COL, FILE, FILE.py:NAME."""

_VERBS = frozenset(
    (
        *("and", "alone", "are", "at", "between", "counts", "declares", "for", "has", "is", "leaves", "names", "or"),
        *("reads", "says", "takes", "trains", "what"),
    )
)
"""Words that go on with the sentence behind an option, where a name might stand too."""


def in_python(text: str, called: Mapping[str, str] | None = None) -> str:
    """Return a sentence with keywords for options; `called` maps paths of kept files to what the caller knows."""
    for path, name in (called or {}).items():
        text = text.replace(path, name)
    whole, end = [], 0
    for command in _COMMAND.finditer(text):
        whole += [_OPTION.sub(_keyword, text[end : command.start()]), command[0]]
        end = command.end()
    return "".join((*whole, _OPTION.sub(_keyword, text[end:])))


def keyword_of(option: str) -> str:
    """Return the keyword of an option that is written without its dashes."""
    return KEYWORDS.get(option, option.replace("-", "_"))


def _keyword(match: re.Match[str]) -> str:
    key, value = match["key"], match["value"] or ""
    name = keyword_of(key)
    if _PLACEHOLDER.fullmatch(value):
        return f"{name}="
    if not match["no"] and (written := _value(key, value)):
        return f"{name}={written}"
    set_to = "False" if match["no"] else "True" if key in _SWITCHES else ""
    return f"{name}={set_to} {value}" if value else f"{name}={set_to}"


def _value(key: str, text: str) -> str:
    """Return what stands behind an option as Python writes it, "" where it goes on with the sentence."""
    if text in _WORDS.get(key, ()) or (key == "metric" and "_" in text) or (key == "min-class" and ":" in text):
        return f'"{text}"'
    if re.fullmatch(r"\d[\d,.]*", text) or (text[:1] == "'" and key not in _NAMES):
        return text
    return _written(key, text) if key in _NAMES and text and text not in _VERBS else ""


def _written(key: str, typed: str) -> str:
    """Write a name as Python does, several as a list, from how it is typed in a shell."""
    value = "".join(shlex.split(typed))
    quoted = key == "target" and value.startswith('"')  # for the comma in the name
    names = [f'"{name}"' for name in (names_from(value) if key in _LISTS or quoted else [value])]
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


@contextmanager
def python_words(called: Mapping[str, str]) -> Iterator[Callable[[str], str]]:
    """Give known errors their sentence in Python's words; yield what does the same to any other sentence."""
    try:
        yield lambda text: in_python(text, called)
    except LosstermError as error:
        error.args = (in_python(str(error), called),)
        raise
