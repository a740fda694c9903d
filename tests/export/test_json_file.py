"""JSON: complete, free of NaN, and the standings those of `lossterm report`."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from lossterm import __version__
from lossterm.export import Contents
from lossterm.export.json_file import SCHEMA, write_json
from lossterm.reports import json_document
from lossterm.store import Store
from lossterm.text.json_text import as_json

from .prepared import ERROR, SESSION, TRIALS, stored


@pytest.fixture
def document(contents: Contents, tmp_path: Path) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    write_json(contents, tmp_path / "x.json")
    return json.loads((tmp_path / "x.json").read_text(encoding="utf-8"), parse_constant=refuse)


def test_the_head_says_what_it_is(document: Any) -> None:
    assert list(document) == ["lossterm", "schema", "session", "comparisons", "reports", "sweeps", "trials"]
    assert (document["lossterm"], document["schema"], document["session"]) == (__version__, SCHEMA, SESSION)


def test_comparisons_are_told_with_every_setting(document: Any, contents: Contents) -> None:
    assert [one["id"] for one in document["comparisons"]] == [1, 2, 3, 4]
    for one, asked in zip(document["comparisons"], contents.asked, strict=True):
        c = asked.comparison
        assert (one["session"], one["created"], one["cancelled"]) == (SESSION, asked.created, asked.cancelled)
        comparison = one["comparison"]
        assert (comparison["task"], comparison["losses"], comparison["seeds"]) == (c.task, list(c.losses), c.seeds)
        assert comparison["hyperparameters"]["hidden"] == list(c.hyperparameters.hidden)
        assert set(comparison["hyperparameters"]) == set(c.hyperparameters.__struct_fields__)  # those as usual too


def test_reports_are_those_of_lossterm_report(document: Any, contents: Contents) -> None:
    assert document["reports"] == [json.loads(as_json(json_document.document(one))) for one in contents.levelled()]
    assert [len(one["standings"]) for one in document["reports"]] == [1, 3, 2, 1]


def test_every_epoch_of_every_trial_is_there_to_the_last_bit(document: Any, opened: Store) -> None:
    assert len(document["trials"]) == TRIALS
    for one, (row, columns, curve) in zip(document["trials"], stored(opened).values(), strict=True):
        assert (one["id"], one["status"], one["seed"], one["loss"]) == (
            *(row.id, row.status, row.trial.seed, row.trial.loss),
        )
        assert (one["scores"], one["error"], one["epochs"]) == (row.scores, row.error, len(curve))
        assert set(one) >= set(row.trial.__struct_fields__)
        assert one["data"] is None  # told as null, where a task of lossterm's own has no table
        assert tuple(one["curves"]) == columns
        for place, name in enumerate(columns):
            values = curve[:, place].tolist()
            assert one["curves"][name] == [value if math.isfinite(value) else None for value in values]


def test_what_went_wrong_is_told_in_full(document: Any) -> None:
    (failed,) = [one for one in document["trials"] if one["status"] == "failed"]
    assert failed["error"] == ERROR
    assert failed["environment"]["cpu"] == "a <processor> & more"
    diverged = [one for one in document["trials"] if one["status"] == "diverged"]
    assert [one["curves"]["train_loss"] for one in diverged] == [[None]] * len(diverged)
    assert diverged


def test_each_trial_is_a_line(contents: Contents, tmp_path: Path) -> None:
    write_json(contents, tmp_path / "x.json")
    lines = (tmp_path / "x.json").read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith('{"id":') and '"curves":' in line for line in lines) == TRIALS
