"""What looks at data found is kept, and nothing is taken for an answer that is none."""

import os
import stat
from pathlib import Path

import pytest

from lossterm.home import answers, paths

ASKED = ("look", "circles", "--task", "circles")


@pytest.fixture(autouse=True)
def of_this_code(home: Path) -> None:
    """Forget what another test made of the code's age."""
    answers._code.cache_clear()


def test_an_answer_is_kept_for_its_question_alone_and_for_its_owner_alone() -> None:
    assert answers.kept(ASKED) is None
    answers.keep(ASKED, b'{"said": []}')
    answers.keep(("advise", *ASKED[1:]), b"other")
    assert answers.kept(ASKED) == b'{"said": []}'
    assert answers.kept((*ASKED, "more")) is None
    modes = [stat.S_IMODE(file.stat().st_mode) for file in (paths.answers(), *paths.answers().iterdir())]
    assert modes == [0o700, 0o600, 0o600]


def test_another_state_of_the_code_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers.keep(ASKED, b"old")
    monkeypatch.setattr(answers, "_code", lambda: "later")
    assert answers.kept(ASKED) is None


def test_the_oldest_go_and_what_is_too_long_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST", 3)
    for number in range(5):
        answers.keep((str(number),), b"a")
        for file in paths.answers().iterdir():  # one second for each
            os.utime(file, (file.stat().st_atime - 1, file.stat().st_mtime - 1))
    assert [number for number in range(5) if answers.kept((str(number),))] == [2, 3, 4]
    monkeypatch.setattr(answers, "MOST_BYTES", 10)
    answers.keep(ASKED, b"eleven byte")
    assert answers.kept(ASKED) is None


def test_where_others_may_write_nothing_is_read(home: Path) -> None:
    answers.keep(ASKED, b"ours")
    (file,) = paths.answers().iterdir()
    file.chmod(0o666)
    assert answers.kept(ASKED) is None


def test_where_there_is_no_place_nothing_is_kept_and_nothing_fails(home: Path) -> None:
    paths.answers().write_text("a file stands where the directory is to be")
    answers.keep(ASKED, b"lost")
    assert answers.kept(ASKED) is None
