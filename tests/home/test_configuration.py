"""The user's configuration: what it may say, what is said of a broken one, and where it lies."""

import subprocess
import sys
from pathlib import Path

import pytest
from platformdirs import user_config_path

from lossterm.errors import DataError
from lossterm.home.configuration import WANTED, Config, load
from lossterm.home.paths import configuration_path
from lossterm.text.glyph_fallback import MARKERS
from tests.cells import each

FULL = """
theme = "light"
ascii = true
low_bandwidth = true
markers = "ascii"
frame_seconds = 2

[keys]
"main.run" = "f5"
main.stop = "s,f6"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_every_field_is_read_and_bindings_may_go_without_quotes(path: Path) -> None:
    path.write_text(FULL)
    expected = Config(
        theme="light",
        ascii=True,
        low_bandwidth=True,
        markers="ascii",
        frame_seconds=2.0,
        keys={"main.run": "f5", "main.stop": "s,f6"},
    )
    assert load(path) == (expected, [])
    assert isinstance(load(path)[0].frame_seconds, float)


def test_an_absent_and_an_empty_file_are_the_default(path: Path) -> None:
    assert load(path) == (Config(), [])
    path.write_text("# nothing yet\n")
    assert load(path) == (Config(), [])


def test_every_field_has_words_for_what_may_stand_there() -> None:
    assert tuple(WANTED) == Config.__struct_fields__
    assert all(marker in WANTED["markers"] for marker in MARKERS)


@pytest.mark.parametrize(
    ("given", "taken"), [("0.05", 0.1), ("-3", 0.1), ("60", 10), ("inf", 10), ("0.1", None), ("10", None)]
)
def test_a_time_between_frames_out_of_range_is_clamped_with_a_word(path: Path, given: str, taken: float | None) -> None:
    path.write_text(f"frame_seconds = {given}\n")
    config, words = load(path)
    assert config.frame_seconds == (float(given) if taken is None else taken)
    if taken is None:
        assert words == []
    else:
        (word,) = words
        assert word.startswith(f"frame_seconds is {float(given):g} in {path}; {taken:g} is taken")


@each(
    ("text", "said"),
    [
        ("ascii = true\ntheme = dark\n", "is not valid TOML: Invalid value (at line 2, column 9). Fix that line"),
        ("ascii = 'yes'\n", 'is wrong: ascii is "yes", but must be true or false.'),
        ("ascii = 1\n", "is wrong: ascii is 1, but must be true or false."),
        ("theme = true\n", 'is wrong: theme is true, but must be a name in quotes, as "dark".'),
        ("markers = 'dots'\n", 'markers is "dots", but must be "braille" or "blocks" or "ascii".'),
        ("frame_seconds = '1'\n", 'frame_seconds is "1", but must be a number of seconds, from 0.1 to 10.'),
        ("frame_seconds = nan\n", "frame_seconds is nan, but must be a number of seconds"),
        ("frame_seconds = true\n", "frame_seconds is true, but must be a number of seconds"),
        ("keys = 'r'\n", 'keys is "r", but must be a table of bindings and their keys'),
        ("[keys]\nmain.run = 5\n", 'keys.main.run is 5, but must be its keys in quotes, as "r" or "r,f5".'),
        ("[keys]\n'main.run' = ['r']\n", "keys.main.run is ['r'], but must be its keys in quotes"),
        ("asci = true\n", "is wrong: There is no setting 'asci'. Did you mean ascii?"),
        ("frame-seconds = 1\n", "There is no setting 'frame-seconds'. Did you mean frame_seconds?"),
        ("colours = 'x'\n", "There is no setting 'colours'."),
    ],
)
def test_a_broken_file_is_a_sentence_that_names_the_file_and_the_line_or_field(
    path: Path, text: str, said: str
) -> None:
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        load(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"The configuration {path} is ")
    assert str(caught.value).endswith((".", "?"))
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_file_that_is_no_text_and_one_that_cannot_be_read_are_said(path: Path) -> None:
    path.write_bytes(b"theme = '\xff\xfe'")
    with pytest.raises(DataError, match=r"is not UTF-8 text\. Save it as UTF-8"):
        load(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match=r"cannot be read: Is a directory\. Fix or remove it"):
        load(path)


def test_it_lies_in_the_home_of_lossterm_or_with_the_users_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_HOME", str(tmp_path))
    (tmp_path / "config.toml").write_text("ascii = true\n")
    assert configuration_path() == tmp_path / "config.toml"
    assert load()[0].ascii
    monkeypatch.delenv("LOSSTERM_HOME")
    assert configuration_path() == user_config_path("lossterm") / "config.toml"
    assert not load()[0].ascii


def test_where_there_is_no_file_nothing_is_loaded_to_read_it() -> None:
    code = "import sys, lossterm.cli.main\nfrom lossterm.home import configuration\nconfiguration.load()\n"
    code += "print('tomllib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "False\n"
