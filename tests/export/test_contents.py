"""What of a session is written out: everything, each trial once, or what was chosen."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.data import Data, FileRequest
from lossterm.errors import UnknownName, UsageError
from lossterm.export import FORMATS, Contents, gather
from lossterm.export.epochs import every, splits_of
from lossterm.store import Chunk, Store
from tests.builders.stores import fill

from .prepared import PLAIN, SESSION, TRIALS, TUNED, stored


def test_every_trial_is_there_once_whatever_became_of_it(contents: Contents, opened: Store) -> None:
    assert sorted(row.id for row in contents.rows) == sorted(stored(opened))
    assert len(contents.rows) == TRIALS
    assert set(Counter(row.status for row in contents.rows)) == {
        *("queued", "running", "done", "diverged", "failed", "cancelled")
    }
    assert contents.epochs == sum(len(values) for _, _, values in stored(opened).values())


def test_a_trial_that_several_comparisons_hold_names_them_all(contents: Contents) -> None:
    both = [row.trial for row in contents.rows if contents.held[row.id] == (1, 2)]
    assert {(trial.loss, trial.learning_rate) for trial in both} == {("hinge", 0.01)}
    assert len(both) == 3
    assert {contents.held[row.id] for row in contents.rows} == {(1, 2), (2,), (3,), (4,)}


def test_every_epoch_is_the_stored_one(contents: Contents, opened: Store) -> None:
    expected = stored(opened)
    trials = list(every(contents))
    assert [one.row.id for one in trials] == [row.id for row in contents.rows]
    for one in trials:
        row, columns, values = expected[one.row.id]
        assert (one.row, one.layout.names, len(one)) == (row, columns, len(values))
        assert one.metric == {"circles": "accuracy", "regression": "mae"}[row.trial.task]
        for place in range(len(columns)):
            np.testing.assert_array_equal(np.array(one.column(place), np.float32), values[:, place])
        assert [epoch for epoch, _ in one.lines()] == list(range(1, len(values) + 1))
    assert splits_of(contents) == ("train", "validation", "test")


def test_what_a_dead_worker_left_beyond_the_last_row_is_not_told(opened: Store) -> None:
    row = opened.worker.claim("auto")
    assert row is not None
    assert row.epochs == 0
    before = gather(opened, SESSION)
    opened.worker.record(Chunk(trial=row.id, start=0, epochs=1, data=bytes(4 * 4)))
    assert [len(one) for one in every(before) if one.row.id == row.id] == [0]
    assert [len(one) for one in every(gather(opened, SESSION)) if one.row.id == row.id] == [1]


def test_curves_are_read_for_the_formats_that_say_what_had_not_levelled_off(
    contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    chunks = contents.store.reader.sound_chunks

    def counted(comparisons: Sequence[int]) -> list[Chunk]:
        read.append(comparisons)
        return chunks(comparisons)

    monkeypatch.setattr(contents.store.reader, "sound_chunks", counted)
    assert gather(contents.store, SESSION).reports == contents.reports
    for form in ("csv", "parquet", "tensorboard"):
        FORMATS[form].write(contents, tmp_path / form)
    assert read == []
    for number, form in enumerate(("json", "html", "markdown"), 1):
        FORMATS[form].write(contents, tmp_path / form)
        assert len(read) == number


def test_one_task_is_chosen_by_its_key(opened: Store) -> None:
    contents = gather(opened, SESSION, task="regression")
    assert [one.id for one in contents.asked] == [3]
    assert {row.trial.task for row in contents.rows} == {"regression"}
    assert len(contents.reports) == 1


def test_losses_are_chosen_and_judged_among_themselves(opened: Store) -> None:
    contents = gather(opened, SESSION, losses=["hinge", "mae"])
    assert {row.trial.loss for row in contents.rows} == {"hinge", "mae"}
    assert [one.asked.comparison.losses for one in contents.reports] == [("hinge",), ("hinge",), ("mae",), ("hinge",)]
    assert all(standing.rank in (1, None) for one in contents.reports for standing in one.standings)
    assert contents.left_out == ("binary_crossentropy", "squared_hinge", "mse")
    assert contents.choice.endswith("judged among themselves; left out: binary_crossentropy, squared_hinge, mse.")
    assert gather(opened, SESSION).choice == ""
    only = gather(opened, SESSION, losses=["squared_hinge"])
    assert [one.id for one in only.asked] == [2]


def test_a_custom_loss_needs_no_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text("def mine(y_true, y_pred):\n    return y_pred\n")
    comparison = Comparison.ask("circles", ("hinge",), own=[f"{file}:mine"], protocol="tutorial", seeds=1, epochs=1)
    fill(tmp_path / "s.db", comparison, session="s")
    with Store(tmp_path / "s.db") as store:
        (row,) = gather(store, "s", losses=["mine"]).rows
        assert row.trial.loss.startswith("mine@")
        (asked,) = gather(store, "s", losses=["mine"]).asked
        assert [loss for loss, _ in asked.comparison.sources] == [row.trial.loss]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"task": "circle"}, "Did you mean circles"),
        ({"losses": ["hing"]}, "Did you mean hinge"),
        ({"losses": ["mae"], "task": "circles"}, "There is no loss in this session 'mae'"),
    ],
)
def test_what_is_not_in_the_session_is_said(opened: Store, chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownName, match=message):
        gather(opened, SESSION, **chosen)


def test_a_session_that_is_not_there_or_empty_is_said(opened: Store) -> None:
    with pytest.raises(UnknownName, match="There is no session"):
        gather(opened, "nobody's")
    for asked in (TUNED, PLAIN):
        opened.requests.ask("empty", asked)
    with opened._connection.write():
        opened._connection.execute("DELETE FROM comparisons WHERE session = (SELECT max(id) FROM sessions)")
    with pytest.raises(UsageError, match=r"holds no comparison yet.*lossterm run"):
        gather(opened, "empty")


def test_labels_stay_what_they_are_in_data_and_are_harmless_where_they_are_shown(tmp_path: Path) -> None:
    labels = ("<b>x</b>", "a\u00a0b", "z\u200bw", "two\nlines", "long " * 2000, "[red]", "\x1b[2J")
    data = Data(
        asked=FileRequest(path="/data/t.csv", target="y\u200b"),
        digest="0123456789abcdef",
        kind="multiclass",
        rows=600,
        features=2,
        classes=labels,
        lowest=0.0,
        zeros=True,
        imbalance=1.0,
    )
    fill(
        tmp_path / "s.db", Comparison.ask(data, ("categorical_crossentropy",), learning_rates=[0.01], epochs=3, seeds=2)
    )
    with Store(tmp_path / "s.db") as store:
        contents = gather(store, "prepared")
        for form in ("json", "html", "markdown", "csv"):
            FORMATS[form].write(contents, tmp_path / form)
            text = (tmp_path / form).read_text(encoding="utf-8").replace("@\u200b", "@")  # so that nobody is called
            assert not any(sign in text for sign in ("\x1b", "\u200b")), form
            assert "<b>x" not in text or form == "json"
    document = json.loads((tmp_path / "json").read_text(encoding="utf-8"))
    kept = [one["comparison"]["data"] for one in document["comparisons"]]
    assert [tuple(one["classes"]) for one in kept] == [labels]
    assert kept[0]["asked"]["target"] == "y\u200b"
