"""The two files that a person writes: the app's configuration and a project file, near their schemas and as bytes."""

import math
from typing import Any

from hypothesis import strategies as st

from lossterm.home import configuration
from lossterm.home.configuration import LONGEST, SHORTEST, Config
from lossterm.project import FILE_NAME, SECTIONS
from lossterm.project.settings_schema import FLAG, LAYERS, NUMBER, RATES, TEXT, WHOLE, SettingKey
from lossterm.project.toml import toml
from lossterm.text.glyph_fallback import MARKERS
from tests.fuzz.command_line import RIGHT, lay_out
from tests.fuzz.mutation import SIGNS, Splice, spliced, splices
from tests.fuzz.property import Property
from tests.fuzz.sandbox import sandbox

ODD_TOML = (
    *("true", "0", "-1", "1", "0.5", "nan", "-inf", "1e400", "9" * 5000, '""', '"nonsense"', "[]", "{}", "[[]]"),
    *("1979-05-27", "07:32:00", '["a", 1]', "[" * 2000 + "]" * 2000, "{a = {b = 1}}", "", "= 1", "'''a\nb'''"),
    *(toml(sign) for sign in SIGNS if "\ud800" not in sign),
)
"""What stands behind a key: TOML, or nearly."""

Line = tuple[str, str]
"""A key and what stands behind it."""

NAMES = ("theme", "ascii", "low_bandwidth", "markers", "frame_seconds", "keys", "keys.main.run", "keyz", '"\\u001b[2J"')
SOUND = ('"dark"', "true", "0.25", '"ascii"', '{main.run = "r"}', '"r,f5"', '{"\\u001b" = 1}')


def _file(lines: tuple[Line, ...]) -> bytes:
    return "\n".join(f"{key} = {value}" for key, value in lines).encode()


def a_configuration_is_read(example: tuple[tuple[Line, ...], tuple[Splice, ...]]) -> None:
    """Have `doctor` look at a configuration file."""
    lines, made = example
    with sandbox() as place:
        (place.home / "config.toml").write_bytes(spliced(_file(lines), made))
        place.run("doctor")


def a_sound_configuration_comes_back(example: dict[str, Any]) -> None:
    """Write a configuration as TOML, and read it."""
    with sandbox() as place:
        path = place.home / "config.toml"
        top = [f"{name} = {toml(value)}" for name, value in example.items() if name != "keys"]
        keys = [f"{toml(name)} = {toml(value)}" for name, value in example.get("keys", {}).items()]
        path.write_text("\n".join([*top, "[keys]", *keys]), encoding="utf-8")
        loaded, said = configuration.load(path)
        wanted = Config(**example)
        assert loaded == wanted, loaded
        assert not said


def a_project_file_is_read(example: tuple[tuple[tuple[str, str, str], ...], tuple[Splice, ...]]) -> None:
    """Have `run` take what it compares from a project file."""
    lines, made = example
    sections: dict[str, list[Line]] = {}
    for section, key, value in lines:
        sections.setdefault(section, []).append((key, value))
    text = b"\n".join(f"[{section}]\n".encode() + _file(tuple(inside)) for section, inside in sections.items())
    with sandbox() as place:
        lay_out(place)
        (place.here / FILE_NAME).write_bytes(spliced(text, made))
        place.run("run", "--format", "csv")


_KEYS = [(section, key) for section, keys in SECTIONS.items() for key in keys]
_CALLED = {"lr": "learning_rates", "loss": "losses", "loss-file": "own"}


_BY_FORM = {
    FLAG: ("true", "false"),
    WHOLE: ("1", "2", "3", "20"),
    NUMBER: ("0", "0.25", "1e-4"),
    LAYERS: ("[]", "[8]", "[8, 4]"),
    RATES: ("0.01", "[0.01, 0.1]", '"tune"'),
}
"""Form of a value → TOML that is of it."""


def _fitting(key: SettingKey) -> st.SearchStrategy[str]:
    """Return TOML that suits a key, or nearly."""
    if key.form in _BY_FORM:
        return st.sampled_from(_BY_FORM[key.form])
    words = RIGHT.get(_CALLED.get(key.name, key.name.replace("-", "_")), ("nothing",))
    text = st.sampled_from(words).map(toml)
    return text if key.form == TEXT else st.lists(text, min_size=1, max_size=2).map(lambda some: f"[{', '.join(some)}]")


@st.composite
def _project_lines(draw: st.DrawFn) -> tuple[tuple[str, str, str], ...]:
    lines = [("training", "epochs", "2"), ("comparison", "seeds", "1")]
    for section, key in draw(st.lists(st.sampled_from(_KEYS), max_size=5, unique_by=lambda one: one[1].name)):
        value = draw(st.sampled_from(ODD_TOML) if draw(st.integers(0, 9)) == 7 else _fitting(key))
        moved = draw(st.integers(0, 19)) == 13
        lines.append(
            (draw(st.sampled_from([*SECTIONS, "traning", '"\\u001b"'])) if moved else section, key.name, value)
        )
    return tuple({line[:2]: line for line in lines}.values())


_SPLICES = st.integers(0, 9).flatmap(lambda number: splices(60) if number == 7 else st.just(()))
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "theme": _TEXT,
        "ascii": st.booleans(),
        "low_bandwidth": st.booleans(),
        "markers": st.sampled_from(MARKERS),
        "frame_seconds": st.floats(SHORTEST, LONGEST).filter(math.isfinite),
        "keys": st.dictionaries(_TEXT, _TEXT, max_size=3),
    },
)

PROPERTIES = (
    Property(
        name="a_configuration_is_read_or_refused_in_a_sentence",
        examples=st.tuples(
            st.lists(
                st.tuples(st.sampled_from(NAMES), st.sampled_from(SOUND) | st.sampled_from(ODD_TOML)), max_size=3
            ).map(tuple),
            _SPLICES,
        ),
        holds=a_configuration_is_read,
        gate=50,
    ),
    Property(
        name="a_sound_configuration_is_read_as_it_was_written",
        examples=_CONFIGS,
        holds=a_sound_configuration_comes_back,
        gate=40,
    ),
    Property(
        name="a_project_file_is_followed_or_refused_in_a_sentence",
        examples=st.tuples(_project_lines(), _SPLICES),
        holds=a_project_file_is_read,
        gate=150,
    ),
)
