"""Paths as a person writes them."""

from pathlib import Path

import pytest

from lossterm.home.tilde import whole


def test_one_file_has_one_path_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    table = tmp_path / "homes.csv"
    spellings = ("../homes.csv", ".././here/../homes.csv", "~/homes.csv", str(table))
    assert {whole(Path(text)) for text in spellings} == {table}


def test_a_link_keeps_its_name_and_two_dots_lead_where_the_system_says(tmp_path: Path) -> None:
    (tmp_path / "far" / "in").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "in")
    assert whole(tmp_path / "link" / "homes.csv") == tmp_path / "link" / "homes.csv"
    assert whole(tmp_path / "link" / ".." / "homes.csv") == tmp_path / "far" / "homes.csv"
