"""A custom loss as processes that do not train know it: a place, a name, a fingerprint."""

from pathlib import Path

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.user_code_consent import trust, trusted
from lossterm.errors import DataError, DoesNotFit, LosstermError, UnknownName, UsageError
from lossterm.losses import KINDS, LOSSES, is_own, loss_named, loss_recorded, source_from
from lossterm.losses.user_defined import own_loss
from tests.cells import each

LOSS = "def cubic(y_true, y_pred):\n    return abs(y_true - y_pred) ** 3\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with one loss."""
    path = tmp_path / "mine.py"
    path.write_text(LOSS)
    return path


# Where it is


def test_a_file_and_a_name_are_read_into_an_absolute_place(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    source = source_from("mine.py:cubic")
    assert (source.place, source.name, source.settings, source.file) == (str(file), "cubic", (), file)
    assert source_from(source.text) == source


def test_a_home_directory_is_expanded(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(file.parent))
    assert source_from("~/mine.py:cubic").file == file


def test_parameters_are_kept_as_written_and_part_of_the_key(file: Path) -> None:
    source = source_from(f"{file}:cubic:gamma=3,head=margin,flag=True")
    assert source.settings == (("gamma", "3"), ("head", "margin"), ("flag", "True"))
    assert source.key.startswith("cubic:gamma=3,head=margin,flag=True@")
    assert source_from(source.text) == source
    assert source.key.partition("@")[2] == source_from(f"{file}:cubic").key.partition("@")[2]


def test_a_module_is_a_place_without_a_file() -> None:
    source = source_from("keras.losses:BinaryCrossentropy:from_logits=True")
    assert (source.place, source.name, source.file) == ("keras.losses", "BinaryCrossentropy", None)
    assert source.settings == (("from_logits", "True"),)
    assert is_own(source.key)


def test_a_file_is_not_run_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "loud.py"
    path.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit\n{LOSS}")
    assert source_from(f"{path}:cubic").name == "cubic"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "content",
    [
        "class cubic: ...",
        "cubic = lambda y, f: y - f",
        "cubic: object = 1",
        "from elsewhere import cubic",
        "from elsewhere import other as cubic",
        "import cubic",
        "from elsewhere import *",
        "if True:\n    def cubic(y, f): ...",
        "one, cubic = 1, 2",
    ],
)
def test_a_name_may_be_given_its_meaning_in_any_way(file: Path, content: str) -> None:
    file.write_text(content)
    assert source_from(f"{file}:cubic").name == "cubic"


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("", UsageError, "is invalid: give"),
        ("mine.py", UsageError, "is invalid: give"),
        (":cubic", UsageError, "is invalid: give"),
        ("mine.py:", UsageError, "is invalid: give"),
        ("mine.py:two words", UsageError, "is invalid: give"),
        ("mine.py:cubic:gamma", UsageError, "'gamma' is not of the form parameter=value"),
        ("mine.py:cubic:gamma=", UsageError, "'gamma=' is not of the form parameter=value"),
        ("mine.py:cubic:=3", UsageError, "'=3' is not of the form parameter=value"),
        ("mine.py:cubic:a=b@c", UsageError, "'a=b@c' is not of the form parameter=value"),
        ("mine.py:cubic:head=logits", UnknownName, "Did you mean logit"),
        ("mine.py:cubic:labels=onehot", UnknownName, "Did you mean one_hot"),
        ("some-module:cubic", UsageError, "'some-module' is neither a Python file nor a module"),
        ("mine.py:cubic:target=log", UnknownName, "target for a custom loss 'log'"),
        ("mine.py:cubik", UnknownName, "There is no loss in mine.py called 'cubik'. Did you mean cubic?"),
        ("gone.py:cubic", DataError, "gone.py cannot be read: No such file or directory."),
        ("./mine.txt:cubic", DataError, "mine.txt is not a Python file"),
        ("./folder.py:cubic", DataError, "folder.py cannot be read: Is a directory."),
    ],
)
def test_an_invalid_place_is_reported_in_a_sentence(
    file: Path, monkeypatch: pytest.MonkeyPatch, text: str, error: type[LosstermError], says: str
) -> None:
    monkeypatch.chdir(file.parent)
    Path("folder.py").mkdir()
    Path("mine.txt").write_text(LOSS)
    with pytest.raises(error) as raised:
        source_from(text)
    assert says in str(raised.value)
    assert str(raised.value).endswith((".", "?"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("x = 1\ndef cubic(y, f)\n    return y\n", ", line 2 is not Python: expected ':'"),
        ("def cubic(y, f):\nreturn y\n", ", line 2 is not Python: expected an indented block"),
        ("cubic = '\n", ", line 1 is not Python: unterminated string literal"),
        ("cubic = 1\0", " is not Python: source code string cannot contain null bytes"),
    ],
)
def test_a_file_that_is_not_python_is_reported_with_its_line(file: Path, content: str, says: str) -> None:
    file.write_text(content)
    with pytest.raises(DataError) as raised:
        source_from(f"{file}:cubic")
    assert f"{file}{says}" in str(raised.value)


def test_a_file_in_an_unknown_encoding_is_reported(file: Path) -> None:
    file.write_text("# -*- coding: runes -*-\ncubic = 1\n")
    with pytest.raises(DataError, match="is not Python"):
        source_from(f"{file}:cubic")


# What it is called


def test_the_key_changes_when_the_file_does_and_only_then(file: Path) -> None:
    source = source_from(f"{file}:cubic")
    before = source.key
    assert source.key == before
    file.write_text(LOSS + "# a word\n")
    assert source.key != before
    file.write_text(LOSS)
    assert source.key == before


def test_the_same_file_elsewhere_is_the_same_loss(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "copy.py"
    other.write_text(LOSS)
    assert source_from(f"{file}:cubic").key == source_from(f"{other}:cubic").key


def test_unloaded_it_is_known_by_its_name_and_as_custom(file: Path) -> None:
    key = source_from(f"{file}:cubic:gamma=3").key
    for loss in (own_loss(key), loss_named(key), loss_recorded(key)):
        assert (loss.key, loss.title, loss.reading) == (key, "cubic:gamma=3", "unknown")
        assert loss.kinds == KINDS
        with pytest.raises(NotImplementedError):
            loss(None, None, None)
    assert not any(is_own(key) for key in LOSSES)


def test_a_stored_key_of_a_loss_that_is_no_longer_there_still_has_a_record() -> None:
    assert loss_recorded("from_a_package:delta=2").title == "from_a_package:delta=2"


@each(
    "key",
    [
        *("mine", "mine@", "@01234567", "mine@0123456", "mine@012345678", "mine@0123456G", "mine@0123456A"),
        *("mine:@01234567", "1mine@01234567", "my loss@01234567", "mine@01234567\n", "\x1b[2J@01234567"),
        "mine:a=1;b@01234567",
    ],
)
def test_what_does_not_look_like_such_a_key_is_none(key: str) -> None:
    assert not is_own(key)
    with pytest.raises(UsageError):
        loss_named(key)


@pytest.mark.parametrize("key", ["mine@01234567", "_m1@abcdef09", "mine:gamma=3,head=margin,low=-1.5e+3@01234567"])
def test_what_looks_like_such_a_key_is_one(key: str) -> None:
    assert is_own(key)
    assert loss_named(key).reading == "unknown"


@pytest.mark.parametrize("place", ["my_package", "my_package.losses", "my_module"])
def test_the_key_changes_when_an_installed_module_does_which_is_not_run(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "my_package": tmp_path / "my_package" / "__init__.py",
        "my_package.losses": tmp_path / "my_package" / "losses.py",
        "my_module": tmp_path / "my_module.py",
    }
    (tmp_path / "my_package").mkdir()
    for file in files.values():
        file.write_text(f"raise SystemExit\n{LOSS}")
    monkeypatch.syspath_prepend(tmp_path)
    before = {name: source_from(f"{name}:cubic").key for name in files}
    assert len(set(before.values())) == len(files)  # of the same content, but by other names
    files[place].write_text(LOSS)
    after = {name: source_from(f"{name}:cubic").key for name in files}
    assert [name for name in files if before[name] != after[name]] == [place]


def test_the_key_changes_with_the_version_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_from("keras.losses:huber")
    before = source.key
    monkeypatch.setattr("importlib.metadata.version", lambda _: "0.0.1")
    assert source.key != before


def test_a_missing_module_is_reported_at_once() -> None:
    with pytest.raises(DataError, match=r"^There is no module no_such_package\.losses to take huber from: install"):
        source_from("no_such_package.losses:huber")


# Asked for


def test_a_comparison_holds_key_and_place_and_each_trial_the_place(file: Path) -> None:
    source = source_from(f"{file}:cubic")
    asked = Comparison.ask("regression", ["mse"], own=[f"{file}:cubic"], seeds=2, learning_rates=(0.01,))
    assert asked.losses == ("mse", source.key)
    assert asked.sources == ((source.key, source.text),)
    assert [(trial.loss, trial.source) for trial in asked.trials()] == 2 * [("mse", ""), (source.key, source.text)]
    assert msgspec.json.decode(msgspec.json.encode(asked), type=Comparison) == asked


def test_own_losses_alone_are_compared_alone(file: Path) -> None:
    assert len(Comparison.ask("circles", (), own=[f"{file}:cubic"]).losses) == 1


def test_the_same_loss_twice_is_one(file: Path) -> None:
    asked = Comparison.ask("circles", (), own=[f"{file}:cubic", f"{file}:cubic"])
    assert len(asked.losses) == 1


def test_joined_comparisons_keep_both_places(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text("def other(y, f): return y")
    one, two = (Comparison.ask("circles", (), own=[text]) for text in (f"{file}:cubic", f"{other}:other"))
    assert one.comparable(two)
    joined = one.joined(two)
    assert dict(joined.sources) == {**dict(one.sources), **dict(two.sources)}
    assert joined.losses == (*one.losses, *two.losses)


def test_a_trial_of_an_edited_file_is_another_trial_with_a_program_of_its_own(file: Path) -> None:
    def trial() -> tuple[str, str]:
        (one, *_) = Comparison.ask("circles", (), own=[f"{file}:cubic"]).trials()
        return one.key, one.program

    before = trial()
    file.write_text(LOSS + "\n")
    after = trial()
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_a_name_inside_a_function_is_no_loss_and_what_defines_it_is_named(file: Path) -> None:
    file.write_text(f"def make(w):\n    {LOSS.replace(chr(10), chr(10) + '    ')}\n    return cubic\nother = make(2)\n")
    with pytest.raises(UnknownName) as raised:
        source_from(f"{file}:cubic")
    assert "make defines it inside: write `cubic = make(…)` below it. Known: make, other." in str(raised.value)
    assert source_from(f"{file}:other").name == "other"


# On which scale


def test_the_scale_of_the_target_is_part_of_the_key_and_of_the_record(file: Path) -> None:
    for scale in ("raw", "mean", "standard"):
        source = source_from(f"{file}:cubic:p=3,target={scale}")
        assert source_from(source.text) == source
        assert loss_named(source.key).scale == scale
    assert own_loss("cubic:p=3@01234567").scale == "standard"


def test_keras_losses_of_ratios_are_put_on_the_mean_and_those_of_classes_refused_for_numbers() -> None:
    for name in ("MeanAbsolutePercentageError", "mean_absolute_percentage_error", "MeanSquaredLogarithmicError"):
        (loss,) = Comparison.ask("prices", (), own=[f"keras.losses:{name}"]).losses
        assert loss.startswith(f"{name}:target=mean@")
        (loss,) = Comparison.ask("prices", (), own=[f"keras.losses:{name}:target=raw"]).losses
        assert loss.startswith(f"{name}:target=raw@")
    (loss,) = Comparison.ask("prices", (), own=["keras.losses:Huber"]).losses
    assert loss.startswith("Huber@")
    for name in (
        "KLDivergence",
        "kl_divergence",
        "BinaryCrossentropy",
        "SquaredHinge",
        "SparseCategoricalCrossentropy",
    ):
        with pytest.raises(DoesNotFit, match=f"{name} compares classes .* of prices are numbers: --loss mse"):
            Comparison.ask("prices", (), own=[f"keras.losses:{name}"])
    with pytest.raises(DoesNotFit, match=r"Poisson needs y_pred above 0.*--loss poisson"):
        Comparison.ask("counts", (), own=["keras.losses:Poisson"])
    assert Comparison.ask("circles", (), own=["keras.losses:KLDivergence"]).losses[0].startswith("KLDivergence@")


def test_a_scale_is_refused_for_classes(file: Path) -> None:
    with pytest.raises(DoesNotFit, match="target=raw is for numbers, and the targets of circles are classes"):
        Comparison.ask("circles", (), own=[f"{file}:cubic:target=raw"])


def test_code_that_is_trusted_is_trusted_on_every_scale(file: Path, home: Path) -> None:
    trust(source_from(f"{file}:cubic"))
    assert trusted(source_from(f"{file}:cubic:target=mean"))
    assert not trusted(source_from(f"{file}:cubic:p=2"))
