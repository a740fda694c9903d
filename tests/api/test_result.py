"""What a result gives: sentences, records, files; from memory where it can, from the store where it must."""

import json
from array import array
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import lossterm
from lossterm.api import stored
from lossterm.api.comparing import started_as
from lossterm.api.comparison_result import Result
from lossterm.comparison.comparison import Comparison
from lossterm.reports import json_document, report
from lossterm.store import Store
from lossterm.text.json_text import as_json
from tests.builders.stores import SESSION, TUTORIAL, fill, undecided
from tests.cells import each

FILES = {"csv": "comparison,trial", "json": "{", "html": "<!doctype html>", "md": "", "py": '"""'}


@pytest.fixture
def result(home: Path) -> Result:
    with Store() as store:
        path = store.path
    fill(path, TUTORIAL, scored=undecided)
    return lossterm.result(SESSION)


def test_it_prints_as_the_plain_table(result: Result) -> None:
    head, verdict, _, columns, *lines = str(result).splitlines()
    assert head == result.headline
    assert head.startswith("circles: 4 seeds × 20 epochs, lr 0.01, ")
    assert verdict == result.verdict
    assert columns.split()[:2] == ["#", "loss"]
    assert lines[0].split()[1] == result.standings[0]["loss"] == "binary_crossentropy"
    assert repr(result) == str(result)
    assert set(result.notes) <= set(str(result).splitlines())


def test_its_records_are_those_of_the_command_line(result: Result) -> None:
    with Store() as store:
        asked = store.reader.comparisons(SESSION)[0]
        built = report.build(asked, store.reader.trials([asked.id]))
        chunks = store.reader.chunks([asked.id])[0]
    wanted = json.loads(as_json(json_document.document(built, chunks)))
    document = result.to_dict(trials=True)
    assert {**document, "still_falling": None} == {**wanted, "still_falling": None}
    assert result.standings == document["standings"]
    assert "trials" not in result.to_dict()


def test_curves_are_in_long_form_with_a_record_for_each_epoch(result: Result) -> None:
    curves = result.curves()
    assert len(curves) == 12 * 20
    assert [one["epoch"] for one in curves[:20]] == list(range(1, 21))
    first = next(one for one in result.to_dict(trials=True)["trials"] if one["loss"] == curves[0]["loss"])
    assert array("f", [one["train_loss"] for one in curves[:20]]) == array("f", first["curves"]["train_loss"])
    trials = result.trials()
    assert [one["trial"] for one in trials] == list(dict.fromkeys(one["trial"] for one in curves))
    assert {one["status"] for one in trials} == {"done"}
    assert trials[0]["score/accuracy/test"] == pytest.approx(0.9)


def test_what_diverged_has_no_number(home: Path) -> None:
    with Store() as store:
        path = store.path
    fill(path, TUTORIAL, diverged=lambda trial: trial.loss == "hinge")
    result = lossterm.result(SESSION)
    assert not result.sound
    assert {one["train_loss"] for one in result.curves() if one["loss"] == "hinge"} == {None}
    assert "NaN" not in json.dumps(result.to_dict(trials=True))


class Frame(HTMLParser):
    """Reads the attributes of the one element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(attrs)


def test_a_notebook_shows_the_report_in_a_frame_whose_styles_stay_in_it(result: Result) -> None:
    shown = result._repr_html_()
    assert shown is not None
    frame = Frame(shown)
    assert frame.tags == ["iframe"]
    page = frame.attributes["srcdoc"]
    assert page is not None
    assert page.startswith("<!doctype html>")
    assert result.verdict in page
    assert "sandbox" in frame.attributes


@each(("suffix", "beginning"), FILES.items())
def test_it_is_exported_by_the_ending_of_the_path(result: Result, tmp_path: Path, suffix: str, beginning: str) -> None:
    path = tmp_path / f"report.{suffix}"
    assert result.export(path) == path
    assert path.read_text(encoding="utf-8").startswith(beginning)
    with pytest.raises(lossterm.UsageError, match=r"is there already: replace it with force=True, or .* another path="):
        result.export(path)
    result.export(path, force=True)


def test_an_ending_of_no_format_is_refused(result: Result, tmp_path: Path) -> None:
    with pytest.raises(lossterm.UsageError, match=r"give format=, one of csv, json"):
        result.export(tmp_path / "report.docx")
    with pytest.raises(lossterm.UnknownName, match=r"no format 'cvs'. Did you mean csv"):
        result.export(tmp_path / "report", "cvs")


def test_the_script_of_the_best_loss_is_python(result: Result) -> None:
    script = result.script()
    compile(script, "script.py", "exec")
    assert "import keras" in script


def test_only_this_comparison_is_exported(trained: Path, tmp_path: Path) -> None:
    quick: dict[str, Any] = {"seeds": 2, "epochs": 3, "learning_rates": 0.01, "progress": False}
    first = lossterm.compare("circles", "hinge", **quick)
    lossterm.compare("blobs", "kl_divergence", **quick)
    assert {one["task"] for one in first.curves()} == {"circles"}
    assert "blobs" not in first.export(tmp_path / "a.html").read_text(encoding="utf-8")
    assert "blobs" not in str(first._repr_html_())


def test_frames_are_pandas_or_a_sentence(result: Result) -> None:
    try:
        import pandas
    except ImportError:
        with pytest.raises(lossterm.UsageError, match=r"pandas is not installed.*: pip install pandas, or take the"):
            result.to_dataframe()
    else:
        assert isinstance(result.to_dataframe("curves"), pandas.DataFrame)
        assert len(result.to_dataframe()) == 3
    with pytest.raises(lossterm.UsageError, match="to_dataframe is of 'standings', 'trials' and 'curves'"):
        result.to_dataframe("scores")  # type: ignore[arg-type]  # what is refused


def test_a_session_that_was_deleted_leaves_the_table(result: Result) -> None:
    with Store() as store:
        store.sessions.delete(SESSION)
    assert result.verdict
    assert len(result.standings) == 3
    with pytest.raises(lossterm.UsageError, match="was deleted or renamed since"):
        result.curves()
    assert result._repr_html_() is None


# What is stored


def test_the_last_table_of_a_session_is_returned_with_all_that_joined_it(trained: Path) -> None:
    quick: dict[str, Any] = {"epochs": 3, "learning_rates": 0.01, "progress": False}
    lossterm.compare("circles", "hinge", seeds=2, **quick)
    lossterm.compare("circles", "squared_hinge", seeds=3, **quick)
    result = lossterm.result()
    assert {one["loss"] for one in result.standings} == {"hinge", "squared_hinge"}
    assert len(result.curves()) == 3 * len(result.trials()) == 3 * 5
    (session,) = lossterm.sessions()
    assert (session["name"], session["comparisons"], session["trials"], session["ended"]) == ("python", 2, 5, 5)


def test_a_store_that_goes_away_while_it_is_looked_for_is_not_made(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "is_there", lambda *_, **__: True)
    for ask in (lossterm.result, lossterm.sessions):
        with pytest.raises(lossterm.StoreError):
            ask()
    assert list(home.iterdir()) == []


def test_sessions_that_are_not_there(home: Path) -> None:
    assert lossterm.sessions() == []
    with pytest.raises(lossterm.UnknownName, match=r"There is no session 'python'. There are none yet"):
        lossterm.result()
    assert list(home.iterdir()) == []
    with Store() as store:
        store.requests.ask("mine", Comparison.ask("circles", seeds=1))
    with pytest.raises(lossterm.UnknownName, match="Did you mean mine"):
        lossterm.result("mime")
    with started_as(None):
        waiting = lossterm.result("mine")
    assert not waiting.complete
    assert waiting.curves() == []


def test_a_loss_is_explained() -> None:
    text = lossterm.explain("huber:delta=0.5")
    assert text.startswith("huber:delta=0.5: ")
    assert "keras.losses.Huber(delta=0.5)" in text
    assert max(map(len, text.splitlines())) <= 100
    with pytest.raises(lossterm.UnknownName, match="Did you mean huber"):
        lossterm.explain("hubr")
    with pytest.raises(lossterm.UsageError, match="mine@01234567 is a custom loss"):
        lossterm.explain("mine@01234567")


# The face of the package


def test_what_is_offered_is_there_with_a_docstring() -> None:
    from lossterm import api

    assert lossterm.__all__ == sorted([*api.__all__, "__version__"])
    assert dir(lossterm) == lossterm.__all__
    for name in api.__all__:
        assert getattr(lossterm, name) is getattr(api, name)
        assert getattr(lossterm, name).__doc__
    with pytest.raises(AttributeError, match="module 'lossterm' has no attribute 'comparison_of'"):
        lossterm.comparison_of  # noqa: B018  it is what is refused
