"""Recordings: sound ones agree with themselves, others are refused in a sentence or differ."""

import msgspec
from hypothesis import strategies as st

from lossterm.errors import DataError
from lossterm.recordings import recording
from tests.builders.reports import REPRODUCED_DOCUMENTS
from tests.fuzz import materials
from tests.fuzz.command_line import RIGHT
from tests.fuzz.mutation import Edit, Splice, edited, edits, spliced, splices
from tests.fuzz.property import Property
from tests.fuzz.sandbox import ESCAPES, sandbox

NAME = "recording.json"


def an_edited_one_is_checked(example: tuple[tuple[Edit, ...], str]) -> None:
    """Edit a recording and check it."""
    made, form = example
    with sandbox() as place:
        text = edited(materials.recording(), made)
        (place.here / NAME).write_text(text, encoding="utf-8", errors="surrogatepass")
        outcome = place.run("check", NAME, "--format", form)
        assert outcome.code in (0, 3, 5), outcome


def a_damaged_one_is_checked(made: tuple[Splice, ...]) -> None:
    """Change a recording's bytes and check it."""
    with sandbox() as place:
        (place.here / NAME).write_bytes(spliced(msgspec.json.encode(materials.recording()), made))
        outcome = place.run("check", NAME)
        assert outcome.code in (0, 3, 5), outcome


def a_reproduction_is_read(example: tuple[str, tuple[Edit, ...]]) -> None:
    """Edit the recording of a reproduction and read it, which is all that goes fast."""
    case, made = example
    with sandbox() as place:
        path = place.here / NAME
        path.write_text(edited(REPRODUCED_DOCUMENTS[case], made), encoding="utf-8", errors="surrogatepass")
        try:
            recording.read_recording(path)
        except DataError as error:
            assert not ESCAPES.search(str(error)), repr(error)  # noqa: PT017  that none is raised is right too


def a_run_is_repeated(example: tuple[str, str, str, bool]) -> None:
    """Write a recording by `run`, and see that a check of it agrees to the last digit."""
    task, loss, rates, with_trials = example
    with sandbox() as place:
        more = ["--trials"] if with_trials else []
        words = ["--task", task, "--loss", loss, "--lr", rates, "--seeds", "3", "--epochs", "3", "--quiet"]
        ran = place.run("run", *words, "--format", "json", *more)
        if ran.out:
            (place.here / NAME).write_text(ran.out, encoding="utf-8")
            checked = place.run("check", NAME, "--quiet")
            assert checked.code == 0, checked


PROPERTIES = (
    Property(
        name="an_edited_recording_is_checked_or_refused_in_a_sentence",
        examples=st.deferred(
            lambda: st.tuples(edits(materials.recording()), st.sampled_from(["table", "table", "json"]))
        ),
        holds=an_edited_one_is_checked,
        gate=120,
    ),
    Property(
        name="a_damaged_recording_is_checked_or_refused_in_a_sentence",
        examples=st.deferred(lambda: splices(len(msgspec.json.encode(materials.recording())))),
        holds=a_damaged_one_is_checked,
        gate=60,
    ),
    Property(
        name="an_edited_reproduction_is_read_or_refused_in_a_sentence",
        examples=st.deferred(
            lambda: st.one_of(*(st.tuples(st.just(case), edits(one)) for case, one in REPRODUCED_DOCUMENTS.items()))
        ),
        holds=a_reproduction_is_read,
        gate=25,
    ),
    Property(
        name="a_recording_of_a_run_agrees_with_the_run",
        examples=st.tuples(
            st.sampled_from(["regression", "circles", "blobs", "claims"]),
            st.sampled_from(RIGHT["losses"]),
            st.sampled_from(["0.01", "0.01,0.1", "1e6"]),
            st.booleans(),
        ),
        holds=a_run_is_repeated,
        gate=25,
    ),
)
