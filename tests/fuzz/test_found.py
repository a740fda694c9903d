"""What the search has found, each named for what was wrong; and that the judge sees what it is there to see."""

from pathlib import Path
from typing import NoReturn

import pytest

from lossterm.home.tilde import expanded
from lossterm.statistics.paired_differences import Paired
from lossterm.statistics.seeds_to_settle import seeds_to_settle
from lossterm.statistics.verdict_levels import FINAL
from tests.cells import each
from tests.fuzz import command_line, configuration, materials, sandbox, stores
from tests.fuzz.mutation import edited, spliced
from tests.fuzz.sandbox import Broken, Hung, Outcome, in_time, judge

NOBODY = "~nobody-of-this-name"


# Found


@pytest.mark.parametrize("word", ["\x1f", "--\x1b[2J", "a\u202eb"])
def test_click_repeated_escapes_of_the_command_line(word: str) -> None:
    command_line.ends_well(("advise", word))


def test_errors_repeated_line_breaks_of_the_command_line() -> None:
    command_line.ends_well(("run", "--data", "a\nb"))


@pytest.mark.parametrize(
    "words",
    [
        ("--data", NOBODY),
        ("run", "--data", NOBODY, "--target", "y"),
        ("data", NOBODY),
        ("run", "--loss-file", f"{NOBODY}/code.py:wing"),
        ("sessions", "--store", NOBODY),
        ("check", "recording.json", "--data", NOBODY),
        ("init", "--data", NOBODY, "--target", "y"),
        ("export", materials.SESSION, "--to", "csv", "--output", f"{NOBODY}/new"),
    ],
)
def test_the_home_of_nobody_was_a_crash(words: tuple[str, ...]) -> None:
    command_line.ends_well(words)
    assert expanded(Path(NOBODY)) == Path(NOBODY)


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 2000 + "]" * 2000], ids=["digits", "brackets"])
def test_a_configuration_that_tomllib_gives_up_on_was_a_crash(value: str) -> None:
    configuration.a_configuration_is_read(((("theme", value),), ()))


def test_a_configuration_was_quoted_with_its_escapes() -> None:
    configuration.a_configuration_is_read(((("keys", '{"\\u001b" = 1}'),), ()))


def test_a_message_of_sqlite_that_is_no_text_was_a_crash() -> None:
    within = materials.store().index(b"tablecomparisonscomparisons") + len(b"tablec")
    stores.a_damaged_one_is_looked_at((((within, 0, b"\xff"),), 0))


def test_a_number_for_a_curve_took_as_much_memory() -> None:
    stores.a_changed_one_is_looked_at(((("curves", "data", 0, 2_573_111_704),), 0))


def test_a_curve_of_no_trial_was_a_crash() -> None:
    stores.a_changed_one_is_looked_at(((("trials", "id", 0, 0),), 0))


@each("score", ["1e151", "1.9e154", "1.4e307"])
@each("look", range(len(stores.LOOKS)))
def test_a_score_that_squares_to_no_number_was_a_crash(score: str, look: int) -> None:
    stores.a_changed_one_is_looked_at(((("trials", "scores", 0, ((("accuracy", "test"), score),)),), look))


def test_no_number_of_seeds_is_beyond_counting() -> None:
    assert seeds_to_settle(Paired(mean=0.0, sd=1e60, seeds=10), 0.01, 2, FINAL) is None
    many = seeds_to_settle(Paired(mean=0.0, sd=1e3, seeds=10), 0.01, 2, FINAL)
    assert many is not None
    assert many > 10**10


@pytest.mark.parametrize("created", [-62_135_510_401, 1e18])
def test_a_session_begun_in_no_year_was_a_crash(created: float) -> None:
    stores.a_changed_one_is_looked_at(((("sessions", "created", 0, created),), 0))


def test_a_clock_at_infinity_was_a_crash() -> None:
    stores.a_changed_one_is_looked_at(((("clock", "tick", 0, float("inf")),), 0))


def test_a_clock_at_its_end_was_a_crash_of_its_repair() -> None:
    changes = (("curves", "checksum", 0, 0), ("trials", "changed", 0, 2**63 - 1))
    stores.a_changed_one_is_looked_at((changes, len(stores.LOOKS) - 1))


LONG = "x" * 300


@pytest.mark.parametrize(
    "words",
    [
        ("--data", LONG),
        ("--linear", "--store", LONG),
        ("sessions", "--store", LONG),
        ("report", materials.SESSION, "--store", f"{LONG}/new"),
        ("resume", materials.SESSION, "--store", LONG),
        ("init", "--project", LONG),
        ("export", materials.SESSION, "--task", "circles", "--to", "csv", "--output", LONG),
    ],
)
def test_a_name_that_is_too_long_was_a_crash(words: tuple[str, ...]) -> None:
    command_line.ends_well(words)


def test_a_table_whose_path_cannot_be_looked_at_is_told_of_with_the_reason() -> None:
    with sandbox.sandbox() as place:
        command_line.lay_out(place)
        assert "the file can't be read: File name too long." in place.run("--data", LONG).err
        assert "there is no such file. Check the path." in place.run("--data", "absent.csv").err


def test_a_model_written_to_a_directory_of_no_name_was_a_crash() -> None:
    with sandbox.sandbox() as place:
        command_line.lay_out(place)
        outcome = place.run("export", materials.SESSION, "--task", "circles", "--to", "model", "--output", ".")
        assert outcome.code == 2
        assert "is a directory, and model is a file" in outcome.err


@pytest.mark.parametrize("column", ["features", "target"])
@pytest.mark.parametrize("value", ["auto", b"abc", b"", b"\0" * 8])
def test_a_sample_of_other_bytes_was_a_crash(column: str, value: str | bytes) -> None:
    stores.a_changed_one_is_looked_at(((("samples", column, 0, value),), 0))


@pytest.mark.parametrize("value", ["auto", b"abc", b"", b"\0" * 8])
def test_a_model_of_other_bytes_is_refused(value: str | bytes) -> None:
    stores.a_changed_one_is_looked_at(((("models", "data", 0, value),), 0))


@pytest.mark.parametrize("look", range(len(stores.LOOKS)))
def test_json_of_a_store_that_nests_too_deep_was_a_crash(look: int) -> None:
    deep = "[" * 3000 + "]" * 3000
    stores.a_changed_one_is_looked_at(((("trials", "environment", 0, ((("cpu",), deep),)),), look))


# The judge


@pytest.mark.parametrize(
    ("outcome", "broken"),
    [
        (Outcome(("tasks",), 1, "", "lossterm: It is so."), "exit code 1"),
        (Outcome(("tasks",), 3, "", ""), "no sentence"),
        (Outcome(("tasks",), 2, "", "Something else"), "no sentence"),
        (Outcome(("tasks",), 0, "a\x1b[2J", ""), "stdout is no text"),
        (Outcome(("tasks",), 0, "a\x9b2J", ""), "stdout is no text"),
        (Outcome(("tasks",), 2, "", "lossterm: a\x1b[2J"), "stderr is no text"),
        (Outcome(("tasks",), 2, "", "lossterm: a\u202eb"), "stderr is no text"),
    ],
)
def test_a_broken_promise_is_seen(outcome: Outcome, broken: str) -> None:
    with pytest.raises(Broken, match=broken):
        judge(outcome)


def test_what_is_promised_is_let_through() -> None:
    judge(Outcome(("tasks",), 0, "a\nb", ""))
    judge(Outcome(("tasks",), 2, "", "Usage: lossterm\n\nError: No such option: --x\n"))


def test_a_file_that_nobody_asked_for_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def main(words: list[str]) -> NoReturn:
        Path("left").touch()
        raise SystemExit(0)

    monkeypatch.setattr(sandbox, "main", main)
    with sandbox.sandbox() as place:
        with pytest.raises(Broken, match="a file that was not asked for"):
            place.run("tasks", "--format", "json")
        place.run("export", "--output", "left")


def test_an_interrupt_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def main(words: list[str]) -> NoReturn:
        raise SystemExit(130)  # as `main` ends when it hears SIGINT

    monkeypatch.setattr(sandbox, "main", main)
    with sandbox.sandbox() as place, pytest.raises(KeyboardInterrupt):
        place.run("tasks")


def test_what_does_not_end_is_seen() -> None:
    def turning() -> NoReturn:
        while True:
            pass

    with pytest.raises(Hung), in_time(0.05):
        turning()


# What is made of a sound thing


def test_edits_and_splices_change_what_they_name() -> None:
    document = {"a": [1, {"b": 2}], "c": "d"}
    assert edited(document, [(("a", 1, "b"), "NaN"), (("c",), "")]) == '{"a": [1, {"b": NaN}]}'
    assert edited(document, [(("a", 7), "1"), (("c", "d"), "1")]) == '{"a": [1, {"b": 2}], "c": "d"}'
    assert spliced(b"abcdef", [(1, 2, b"X"), (4, 9, b"")]) == b"aXde"
