"""`lossterm probe`: what it says of a custom loss, good or bad, and with which exit code."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lossterm.cli.main import cli, main
from lossterm.errors import DataError, LosstermError, WorkerError

GOOD = """
import keras


def mine(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


def scalar(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred))


def raises(y_true, y_pred):
    raise ValueError("not today")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with a good loss and two bad ones."""
    path = tmp_path / "losses.py"
    path.write_text(GOOD, encoding="utf-8")
    return path


def answer(**fields: Any) -> bytes:
    document = {"loss": "mine@0", "task": "circles", "passed": ["returns float32"], "way": "compiled", "error": None}
    return json.dumps({**document, **fields}).encode() + b"\n"


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stand in for the process that loads TensorFlow: what it is called with, and what it answers."""
    seen: dict[str, Any] = {"stdout": answer(), "stderr": b"", "code": 0}

    def run(arguments: list[str], **_: Any) -> "subprocess.CompletedProcess[bytes]":
        seen["arguments"] = arguments
        return subprocess.CompletedProcess(arguments, seen["code"], seen["stdout"], seen["stderr"])

    monkeypatch.setattr("subprocess.run", run)
    return seen


def raised(*arguments: str) -> LosstermError:
    """Return the known error that a probe ends with."""
    with pytest.raises(LosstermError) as error:
        CliRunner().invoke(cli, ["probe", *arguments], catch_exceptions=False, standalone_mode=False)
    return error.value


def test_a_good_loss_is_told_check_by_check_and_how_to_train_it(file: Path, probed: dict[str, Any]) -> None:
    result = CliRunner().invoke(cli, ["probe", f"{file}:mine", "--task", "regression"], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "✓ returns float32",
        f"Train it: lossterm run --task regression --loss-file {file}:mine",
    ]
    assert probed["arguments"][:4] == [sys.executable, "-P", "-m", "lossterm.engine.user_code.probe"]
    assert probed["arguments"][4:] == [f"{file}:mine", "--task", "regression"]


def test_a_loss_is_tried_on_a_table_of_ones_own(file: Path, home: Path, probed: dict[str, Any]) -> None:
    table = file.with_name("t.csv")
    table.write_text("x,y\n" + "".join(f"{n % 7},{n * n % 31}\n" for n in range(60)), encoding="utf-8")
    words = ["probe", f"{file}:mine:target=raw", "--data", str(table), "--target", "y"]
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    last = f"Train it: lossterm run --data {table} --target y --loss-file {file}:mine:target=raw"
    assert result.stdout.splitlines()[-1] == last
    *_, option, record = probed["arguments"]
    assert (option, json.loads(record)["asked"]["path"]) == ("--table", str(table))
    probed["arguments"] = None
    CliRunner().invoke(cli, ["probe", "keras.losses:MeanAbsolutePercentageError", "--task", "prices"])
    assert probed["arguments"][4] == "keras.losses:MeanAbsolutePercentageError:target=mean"


def test_a_bad_loss_is_a_data_error_with_what_passed_before(
    file: Path, probed: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    probed["stdout"] = answer(error="mine returns one number.", way=None)
    with pytest.raises(SystemExit) as end:
        main(["probe", f"{file}:mine"])
    out, err = capsys.readouterr()
    assert (end.value.code, out, err) == (
        DataError.exit_code,
        "✓ returns float32\n",
        "lossterm: mine returns one number.\n",
    )


@pytest.mark.parametrize("error", [None, "mine returns one number."])
def test_as_json_the_findings_stand_on_stdout_whatever_they_are(
    file: Path, probed: dict[str, Any], capsys: pytest.CaptureFixture[str], error: str | None
) -> None:
    probed["stdout"] = answer(error=error)
    with pytest.raises(SystemExit) as end:
        main(["probe", f"{file}:mine", "--format", "json"])
    assert (end.value.code or 0) == (DataError.exit_code if error else 0)
    document = json.loads(capsys.readouterr().out)
    assert (document["error"], document["passed"]) == (error, ["returns float32"])


def test_what_the_persons_file_prints_does_not_hide_the_findings(file: Path, probed: dict[str, Any]) -> None:
    probed["stdout"] = b"hello from the file\n" + answer()
    result = CliRunner().invoke(cli, ["probe", f"{file}:mine"], catch_exceptions=False)
    assert "✓ returns float32" in result.stdout
    assert "hello" not in result.stdout


@pytest.mark.parametrize(("code", "stdout"), [(1, b""), (-9, b""), (0, b""), (1, answer())])
def test_a_probe_that_dies_is_told_with_its_last_words(
    file: Path, probed: dict[str, Any], code: int, stdout: bytes
) -> None:
    probed.update(code=code, stdout=stdout, stderr=b"Traceback\nKaboom\n")
    error = raised(f"{file}:mine")
    assert isinstance(error, WorkerError)
    assert f"ended with {code}: Kaboom" in str(error)
    probed.update(stderr=b"")
    assert "no word of why" in str(raised(f"{file}:mine"))


@pytest.mark.parametrize(
    ("loss", "task", "code", "words"),
    [
        ("{file}", "circles", 2, "is invalid: give"),
        ("{file}:yours", "circles", 2, "There is no loss in losses.py called 'yours'"),
        ("{file}:mine:head=wrong", "circles", 2, "head for a custom loss"),
        ("{file}.txt:mine", "circles", 3, "is not a Python file"),
        ("/nowhere/at/all.py:mine", "circles", 3, "cannot be read"),
        ("{file}:mine", "squares", 2, "There is no task 'squares'"),
    ],
)
def test_what_cannot_be_probed_is_said_before_anything_is_started(
    file: Path, probed: dict[str, Any], loss: str, task: str, code: int, words: str
) -> None:
    error = raised(loss.format(file=file), "--task", task)
    assert error.exit_code == code
    assert words in str(error)
    assert "arguments" not in probed


def probe_for_real(place: str, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "lossterm", "probe", place, "--task", "regression", *more],
        capture_output=True,
        check=False,
        timeout=200,
        text=True,
        encoding="utf-8",
    )


@pytest.mark.tensorflow
def test_a_loss_is_probed_for_real(file: Path, home: Path) -> None:
    good = probe_for_real(f"{file}:mine", "--format", "json")
    assert (good.returncode, good.stderr) == (0, "")
    document = json.loads(good.stdout)
    assert (document["way"], document["error"], document["task"]) == ("compiled", None, "regression")
    assert len(document["passed"]) == 6
    assert document["passed"][0].startswith("gets the target standardised")
    assert document["loss"].startswith("mine@")


@pytest.mark.slow
@pytest.mark.tensorflow
def test_wrong_losses_are_probed_for_real(file: Path, home: Path) -> None:
    bad = probe_for_real(f"{file}:scalar")
    assert (bad.returncode, bad.stdout.count("✓")) == (3, 1)
    assert bad.stdout.startswith("✓ gets the target standardised")
    assert "scalar in" in bad.stderr
    assert "returns one number" in bad.stderr
    assert "Traceback" not in bad.stderr
    worse = probe_for_real(f"{file}:raises")
    assert worse.returncode == 3
    assert "line 14" in worse.stderr
    assert "ValueError: not today" in worse.stderr
