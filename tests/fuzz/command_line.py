"""The command line: all commands and options, with words that are right, near right and wrong."""

from functools import cache
from typing import Any

import click
from hypothesis import strategies as st

from lossterm.cli.main import cli
from lossterm.cli.options.shared import FORMATS
from lossterm.comparison.device import CARDS, DEVICES
from lossterm.comparison.hyperparameters import ACTIVATIONS, OPTIMIZERS, SCHEDULES
from lossterm.comparison.protocol_catalogue import PROTOCOLS
from lossterm.export import FORMATS as EXPORTS
from lossterm.losses import LOSSES
from lossterm.metrics import METRICS
from lossterm.project import FILE_NAME
from lossterm.published import CASES
from lossterm.tasks import TASKS
from tests.fuzz import materials
from tests.fuzz.mutation import SIGNS
from tests.fuzz.property import Property
from tests.fuzz.sandbox import Sandbox, sandbox

FILES = ("table.csv", "table.npz", "table.parquet", "recording.json", "code.py", "notes.txt", "store.db", "other.toml")
"""What lies in the working directory."""

PLACES = (
    *(*FILES, "new", "new.db", ".", "..", "missing/new.db", "table.csv/new", "", "~nobody-of-this-name", "~", "-"),
    *("loop", "loop/new", "x" * 300),
)
"""Where something may be or go; none that a test must not write to."""

RIGHT: dict[str, tuple[str, ...]] = {
    "task": tuple(TASKS),
    "losses": (*LOSSES, "usual", "all", "huber:delta=0.5", "huber:delta=", "huber:nothing=1", "wing@00000000"),
    "loss": (*LOSSES, "code.py:wing"),
    "metric": tuple(METRICS),
    "protocol": tuple(PROTOCOLS),
    "optimizer": tuple(OPTIMIZERS),
    "activation": tuple(ACTIVATIONS),
    "schedule": tuple(SCHEDULES),
    "class_weight": ("balanced",),
    "scaling": ("standard", "robust"),
    "axis": ("outliers", "label_noise", "imbalance", "shift"),
    "axis_file": ("code.py:wing",),
    "levels": ("0", "0.1", "1%,5%", "2", "nan", "-1", ",", "0.1sd", ",".join(["0.1"] * 200)),
    "device": (*DEVICES, CARDS, "gpu:1,1", "gpu:"),
    "form": (*FORMATS, *EXPORTS),
    "key": tuple(CASES),
    "kind": ("regression", "binary", "multiclass"),
    "learning_rates": ("tune", "0.01", "0.01,0.1", "0.01,,", "nan", "inf", "1e-400", "-1", ",".join(["0.1"] * 200)),
    "hidden": ("none", "50,20", "0", "1,", "-1", "9" * 20, ",".join("9" * 60)),
    "session": (materials.SESSION, materials.OTHER, "default", " ", "x" * 81),
    "own": (
        "code.py:wing",
        "code.py:absent",
        "code.py",
        "missing.py:wing",
        "json:dumps",
        "no.such.module:f",
        ":",
        "a:b",
    ),
    "model": ("code.py:wing", "code.py:wing@00000000", "code.py:", "nothing"),
    "target": ("y", "size", "absent"),
    "delimiter": (";", "comma", "tab", ",", "nothing"),
    "encoding": ("utf-8", "utf-16", "cp1252", "rot13", "base64", "idna", "undefined", "nothing"),
    "max_time": ("90", "10m", "1h30m", "0", "1d 1d", "9" * 400, "m"),
    "memory": ("4G", "500MiB", "1k", "9" * 400 + "T", "G"),
    "theme": ("dark", "light", "nothing"),
    "markers": ("braille", "ascii"),
    **dict.fromkeys(("drop", "categorical"), ("colour", "colour,who", '"', "y", "a,,b")),
    **dict.fromkeys(("group", "time"), ("who", "when", "y", "absent")),
    "sample_weight": ("size", "who", "y", "absent"),
    **dict.fromkeys(("store", "data", "file", "output", "project"), PLACES),
}
"""Option → words that suit it, or nearly do."""

NUMBERS = (
    *("0", "1", "2", "3", "-1", "1.0", "1.5", "nan", "inf", "-inf", "1e308", "1e999", "0x10", "1_000", "٣", "10000"),
    *("10001", str(2**31), str(2**63), "9" * 5000, "+1", " 1", "1 ", "-0", "0.999999999999999999"),
)

# No NUL, which no command line can hold, and nothing that leads out of the working directory.
TEXT = st.text(st.characters(exclude_characters="\0/~", exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["\udcff", "a\udc80b", *(sign.replace("\0", "").replace("/", "") for sign in SIGNS if "\ud800" not in sign)]
)


@cache
def _options(command: str) -> tuple[click.Parameter, ...]:
    return tuple((cli.commands[command] if command else cli).params)


SOUND: dict[str, tuple[str, ...]] = {
    "task": ("circles", "circles", "blobs", "regression"),
    "metric": ("accuracy", "log_loss"),
    "kind": ("binary",),
    "loss": ("hinge", "code.py:wing"),
    "losses": ("hinge", "hinge,squared_hinge", "usual"),
    "learning_rates": ("0.01", "0.01,0.1"),
    "hidden": ("none", "8", "8,4"),
    "session": (materials.SESSION, materials.OTHER, "default"),
    "own": ("code.py:wing",),
    "model": ("code.py:build",),
    "target": ("y",),
    "delimiter": (";", "comma"),
    "encoding": ("utf-8",),
    "max_time": ("90", "1h30m"),
    "memory": ("4G", "500MiB"),
    "theme": ("dark",),
    "output": ("new", "-"),
    "data": ("table.csv", "table.npz", "table.parquet"),
    "store": ("store.db",),
    "project": ("other.toml", "new"),
    **dict.fromkeys(("drop", "categorical"), ("colour", "who")),
    **dict.fromkeys(("group", "time"), ("who", "when")),
    **dict.fromkeys(("dropout", "l2"), ("0", "0.25")),
}
"""Option → words that suit it, of those where RIGHT has others too."""

FILE_OF = {"data": SOUND["data"], "check": ("recording.json",), "backup": ("backup.db",), "restore": ("store.db",)}
"""What the argument FILE is, by command."""


def _sound(command: str, name: str) -> tuple[str, ...]:
    """Return words that suit an option or an argument of a command."""
    if name == "form":
        return tuple(EXPORTS) if command == "export" else ("json", "table")
    if name == "file":
        return FILE_OF[command]
    return SOUND.get(name) or RIGHT.get(name, ("1", "3"))


def _value(command: str, name: str, *, wild: bool) -> st.SearchStrategy[str]:
    sound = st.sampled_from(_sound(command, name))
    near = st.sampled_from(RIGHT.get(name, ("1", "3")))
    return st.one_of(*[near] * 4, st.sampled_from(NUMBERS), TEXT) if wild else st.one_of(*[sound] * 15, near)


@st.composite
def _misspelt(draw: st.DrawFn, word: str) -> str:
    place = draw(st.integers(0, len(word)))
    return word[:place] + draw(st.sampled_from(["", "x", "-", "_", "="])) + word[place + draw(st.integers(0, 1)) :]


@st.composite
def _words_of(draw: st.DrawFn, command: str, most: int, *, wild: bool) -> list[str]:
    words = []
    needed = [option for option in _options(command) if option.required and not (wild and draw(st.booleans()))]
    others = _options(command) if wild else [one for one in _options(command) if isinstance(one, click.Option)]
    for option in (*needed, *draw(st.lists(st.sampled_from(others), max_size=most, unique=not wild))):
        value = draw(_value(command, option.name or "", wild=wild))
        if isinstance(option, click.Argument):
            words.append(value)
            continue
        name = draw(st.sampled_from([*option.opts, *option.secondary_opts]))
        if draw(st.integers(0, 15 if wild else 60)) == 0:
            name = draw(_misspelt(name))
        if getattr(option, "is_flag", False):
            words.append(name)
        else:
            words += [f"{name}={value}"] if draw(st.booleans()) and name.startswith("--") else [name, value]
    return words


@st.composite
def command_lines(draw: st.DrawFn) -> tuple[str, ...]:
    """Return words after `lossterm`: one in three wild, and most of the others right in all words but one or none.

    Lines of nothing but doubtful words seldom get past the reading of options.
    """
    wild = draw(st.integers(0, 2)) == 0
    before = draw(_words_of("", 1, wild=wild)) if wild and draw(st.booleans()) else []
    command = draw(st.sampled_from(["", *sorted(cli.commands)]))
    words = draw(_words_of(command, 6 if wild else 4, wild=wild))
    if command in ("run", "init", "advise") and draw(st.booleans()):
        words += draw(st.sampled_from([["--data", "table.csv", "--target", "y"], ["--task", "circles"]]))
    if command == "export" and draw(st.booleans()):
        words += ["--task", "circles"]
    if command in ("run", "reproduce", "init"):
        words += ["--seeds", "2"] if draw(st.booleans()) else []
    if wild and draw(st.integers(0, 4)) == 0:
        words.append(draw(TEXT))
    if wild and draw(st.integers(0, 9)) == 0:
        command = draw(_misspelt(command))
    return (*before, *([command] if command else []), *words)


def lay_out(place: Sandbox) -> None:
    """Put FILES into the working directory, and a store where commands look for it."""
    contents: dict[str, bytes] = {
        "table.csv": materials.table(),
        "table.npz": materials.npz(),
        "table.parquet": materials.parquet(),
        "recording.json": _recorded(),
        "code.py": materials.LOSSES + materials.NETWORKS,
        "notes.txt": b"No table, no recording.\n",
        "store.db": materials.store(),
        "other.toml": b'[training]\nepochs = 3\n[data]\ntask = "blobs"\n',
    }
    for name, content in contents.items():
        (place.here / name).write_bytes(content)
    (place.here / "loop").symlink_to("loop")
    place.store.write_bytes(materials.store())


@cache
def _recorded() -> bytes:
    import msgspec

    return msgspec.json.encode(materials.recording())


def ends_well(words: Any) -> None:
    """Run words as a command line."""
    with sandbox() as place:
        lay_out(place)
        place.run(*words)


def comes_back(settings: tuple[str, ...]) -> None:
    """Write a project file with settings, and see that `run` asks for the same with the file as with the settings."""
    with sandbox() as place:
        lay_out(place)
        direct = place.run("run", "--format", "json", "--quiet", "--store", "one.db", *settings)
        wrote = place.run("init", "--project", FILE_NAME, *settings)
        assert (direct.code in (0, 4)) == (wrote.code == 0), f"{direct}; {wrote}"
        if wrote.code == 0:
            read = place.run("run", "--format", "json", "--quiet", "--store", "two.db")
            assert _figures(read.out) == _figures(direct.out)


def _figures(text: str) -> Any:
    import msgspec

    document = msgspec.json.decode(text) if text else {}
    document.pop("seconds", None)
    return document


@st.composite
def _settings(draw: st.DrawFn) -> tuple[str, ...]:
    words = ["--seeds", "2", "--epochs", str(draw(st.integers(1, 9)))]
    for name, values in (
        ("--task", [key for key in TASKS if key not in ("digits",)]),
        ("--lr", ["tune", "0.01", "0.01,0.1"]),
        ("--hidden", ["none", "8", "8,4"]),
        ("--dropout", ["0", "0.25", "1e-3"]),
        ("--l2", ["0", "1e-4"]),
        ("--batch-size", ["1", "32"]),
        ("--optimizer", list(OPTIMIZERS)),
        ("--activation", list(ACTIVATIONS)),
        ("--schedule", list(SCHEDULES)),
        ("--early-stopping", ["1", "5"]),
        ("--loss", list(LOSSES)),
        ("--metric", list(METRICS)),
        ("--protocol", list(PROTOCOLS)),
        ("--session", ["a b", "é", "'", '"\\']),
    ):
        if draw(st.integers(0, 3)) == 0:
            words += [name, draw(st.sampled_from(values))]
    return tuple(words)


PROPERTIES = (
    Property(
        name="any_command_line_ends_in_a_result_or_a_sentence", examples=command_lines(), holds=ends_well, gate=250
    ),
    Property(name="a_project_file_asks_for_what_it_was_written_for", examples=_settings(), holds=comes_back, gate=25),
)
