"""The installed program in a real terminal, with the real worker: chosen, run, watched, left, found again."""

import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lossterm.store import Store, TrialRow
from lossterm.worker_control import lock, starting
from tests.terminal.pseudo_terminal import Terminal, braille, restored

pytestmark = pytest.mark.tensorflow

VERDICT = re.compile(r"No (detectable )?difference.*: |Not certain: |\w+ is best|Best: \w+; ")
"""How the sentence begins that says above the scores who is best."""

ENDLESS = 500_000
"""Epochs that nobody waits for."""

LEFT, RIGHT, DOWN, BACK = "\x1b[D", "\x1b[C", "\x1b[B", "\x1b[Z"


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a home whose worker serves all tests of this module, so that TensorFlow is loaded once."""
    home = tmp_path_factory.mktemp("home")
    yield home
    path = home / "lossterm.db"
    if path.exists():
        with Store(path) as store:
            for worker in store.reader.workers():
                if lock.alive(path, worker.device):
                    os.kill(worker.pid, 9)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def home_of_fakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a home in which the fake worker trains: a real one would take both cores for nothing."""
    home = tmp_path_factory.mktemp("endless")
    path = home / "lossterm.db"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOSSTERM_HOME", str(home))
        environment.setenv("LOSSTERM_IDLE_SECONDS", "600")
        environment.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.01")
        Store(path).close()
        process = starting.ensure(path, "auto", (sys.executable, "-m", "lossterm.engine.fakes.fake_engine"))
    yield home
    assert process is not None
    process.kill()
    process.wait(10)


@pytest.fixture
def endless_home(home_of_fakes: Path) -> Iterator[Path]:
    """Return that home, in which nothing is trained after a test.

    What a session has left running would go on when another session, which shares its trials, is stopped.
    """
    yield home_of_fakes
    with Store(home_of_fakes / "lossterm.db") as store:
        for session in store.sessions.every():
            store.sessions.stop(session.name)


def rows(home: Path, session: str) -> list[TrialRow]:
    """Return the trials of a session as the store has them."""
    with Store(home / "lossterm.db") as store:
        return store.reader.trials([asked.id for asked in store.reader.comparisons(session)])


def epochs(home: Path, session: str) -> int:
    """Return how many epochs of a session are on disk."""
    return sum(row.epochs for row in rows(home, session))


def begin(home: Path, session: str, *arguments: str) -> Terminal:
    """Open a session and begin trainings that are far from done while any test runs."""
    terminal = Terminal(home, "--session", session, *arguments)
    terminal.until(lambda text: re.search("[CG]PU (ready|training)", text))
    terminal.press(f"\t{ENDLESS}\t1{BACK * 2}")  # and back to the losses, where a number is a view
    terminal.until(lambda text: re.search(rf"epochs {ENDLESS} +seeds +1 ", text))
    terminal.press("r")
    terminal.until(braille)
    return terminal


def end(terminal: Terminal) -> str:
    """Stop what is trained, leave, and return all that was written."""
    terminal.press("s")
    terminal.until(lambda text: "stopped" in text)
    terminal.press("q")
    output = terminal.rest()
    assert terminal.process.exitstatus == 0
    assert restored(output)
    return output


def test_choose_run_watch_and_quit(shared_home: Path) -> None:
    terminal = Terminal(shared_home, "--session", "seen")
    terminal.until(lambda text: "loading TensorFlow" in text)
    terminal.press(DOWN)  # choosing works meanwhile
    terminal.press(" ")
    terminal.until(lambda text: "2 of 11 ticked" in text)
    terminal.press("\t25\t2\t\t\t\t ")  # 25 epochs, 2 seeds, and the next protocol
    terminal.until(lambda text: re.search(r"rate +0\.01 .*\n.* protocol tutorial", text))
    terminal.press("r")
    text = terminal.until(lambda text: "4/4 trials" in text and braille(text))
    assert "Curves: loss, test" in text
    assert re.search(r"1 +(binary_crossentropy|squared_hinge) +0\.\d+ ±\.\d+", text)
    terminal.press("m")
    terminal.until(lambda text: "Curves: accuracy" in text and braille(text))
    terminal.press("q")
    output = terminal.rest()
    assert terminal.process.exitstatus == 0
    assert restored(output)
    after = output[output.rfind("\x1b[?1049l") :]
    assert "circles: 2 seeds × 25 epochs" in after
    assert "binary_crossentropy" in after


def test_a_fair_comparison_ends_in_a_verdict_on_the_screen_and_in_the_shell(shared_home: Path) -> None:
    terminal = Terminal(shared_home, "--session", "fair")
    terminal.until(lambda text: "rate   tune" in text)
    terminal.press("\t20\t3")  # 20 epochs, 3 seeds
    terminal.until(lambda text: re.search(r"epochs 20 +seeds +3 ", text))
    terminal.press("r")
    # 45, and more where the grid of rates is widened.
    text = terminal.until(lambda text: re.search(r"(4[5-9]|[5-7]\d)/\1 trials", text) and VERDICT.search(text))
    match = re.search(r"1 +(binary_crossentropy|hinge|squared_hinge) +0\.\d+ ±\.\d+ .* best", text)
    assert match
    terminal.press("m")
    terminal.until(lambda text: "Curves: accuracy, validation" in text)
    terminal.press("m")
    terminal.until(
        lambda text: "Curves: accuracy by" in text and "●" in text.split("Settings")[0].replace("● circles", "")
    )
    terminal.press("q")
    output = terminal.rest()
    assert terminal.process.exitstatus == 0
    assert restored(output)
    after = output[output.rfind("\x1b[?1049l") :]
    assert "circles: 3 seeds × 20 epochs" in after
    assert re.search(
        rf"No (detectable )?difference.*: |Not certain: {match[1]} |{match[1]} is best, ahead of \w+", after
    )
    assert re.search(rf"1 +{match[1]} +0\.\d+ ±\.\d+ .* best", after)


def test_nothing_is_written_while_nothing_happens(shared_home: Path) -> None:
    terminal = Terminal(shared_home, "--session", "idle")
    shown = ("heuristic", "rows of each class")  # advice and a first look, each as its process ends or from before
    terminal.until(lambda text: re.search("[CG]PU ready", text) and all(one in text for one in shown))
    while terminal.read(0.6):  # the last of the start
        pass
    assert terminal.read(3.0) == b""
    terminal.press("q")
    assert restored(terminal.rest())


def test_leaving_and_opening_again_finds_the_training_where_it_is(endless_home: Path) -> None:
    first = begin(endless_home, "long")
    first.press("q")
    first.until(lambda text: "leave it running" in text)
    first.press("l")
    assert restored(first.rest())
    assert first.process.exitstatus == 0

    with Store(endless_home / "lossterm.db") as store:
        ids = [asked.id for asked in store.reader.comparisons("long")]
        before = sum(row.epochs for row in store.reader.trials(ids))
        second = Terminal(endless_home, "--session", "long")
        second.until(braille)
        second.until(lambda _: sum(row.epochs for row in store.reader.trials(ids)) > before)
        second.press("s")
        second.until(lambda text: "15 stopped" in text)
        assert {row.status for row in store.reader.trials(ids)} == {"cancelled"}
    second.press("q")
    assert restored(second.rest())


def test_ctrl_c_during_a_headless_run_keeps_the_session(shared_home: Path) -> None:
    terminal = Terminal(
        shared_home, "run", "--session", "broken-off", "--epochs", "500000", "--loss", "hinge", "--seeds", "2"
    )
    terminal.until(lambda text: "epochs/s" in text)
    terminal.process.sendintr()
    output = terminal.rest()
    assert terminal.process.exitstatus == 130
    assert "lossterm report broken-off" in output
    assert "Traceback" not in output


# The views


def test_the_views_in_turn_and_the_session_opened_last_stays_in_the_shell(shared_home: Path) -> None:
    other = Terminal(shared_home, "run", "--session=other", "--loss=hinge", "--seeds=1", "--epochs=4")
    other.rest()
    assert other.process.exitstatus == 0
    terminal = Terminal(shared_home, "--session", "views")
    terminal.until(lambda text: "ready" in text)
    terminal.press("\t26\t2\t\t\t\t ")
    terminal.until(lambda text: "protocol tutorial" in text)
    terminal.press("r")
    terminal.until(lambda text: "6/6 trials" in text)

    terminal.press("1")
    terminal.until(lambda text: "Losses" not in text and "Scores" not in text and braille(text))
    for loss in ("binary_crossentropy", "hinge", "squared_hinge"):
        terminal.until(lambda text, loss=loss: re.search(rf" {loss} \d\.\d+ *│", text))  # type: ignore[misc]  # the loop's own
    terminal.press(LEFT * 3)
    terminal.until(lambda text: "epoch 24 of 26 ·" in text and "●" in text.split("Curves")[1])
    terminal.press(RIGHT)
    terminal.until(lambda text: "epoch 25 of 26 ·" in text)

    terminal.press("2")
    terminal.until(lambda text: "Δ; ░ is under" in text)
    terminal.press("m")  # the notes have the room of the plot
    terminal.until(lambda text: re.search("Ranked by (mean|median) test accuracy", text))
    terminal.press("\x1b[F")
    text = terminal.until(lambda text: "Tutorial protocol: one" in text)
    assert "Curves" not in text

    terminal.press("4")
    text = terminal.until(lambda text: "Predictions: decision maps" in text and "epoch 26 of 26" in text)
    final = re.findall(r" (0\.\d{3})\b", text)
    assert len(final) == 3
    terminal.press(LEFT * 30)
    text = terminal.until(lambda text: "epoch 0 of 26" in text)
    assert re.findall(r" (0\.\d{3})\b", text) != final
    terminal.press(RIGHT * 30)
    terminal.until(lambda text: "epoch 26 of 26" in text and re.findall(r" (0\.\d{3})\b", text) == final)

    terminal.press("5")
    terminal.until(lambda text: re.search(r"● circles +views +2 seeds", text) and " other " in text)
    terminal.press("/")
    terminal.until(lambda text: "filter:" in text)
    terminal.press("other\r")
    terminal.until(lambda text: "n Rename" in text)
    terminal.press("\r")
    terminal.until(lambda text: "session other" in text and "Losses" in text)  # at home: it was never looked at
    terminal.press("5")
    terminal.until(lambda text: re.search(r"● circles +other", text))
    terminal.press("q")
    output = terminal.rest()
    assert restored(output)
    assert terminal.process.exitstatus == 0
    after = output[output.rfind("\x1b[?1049l") :]
    assert "circles: 1 seed × 4 epochs" in after
    assert "binary_crossentropy" not in after


def test_a_session_is_deleted_only_after_a_yes(shared_home: Path) -> None:
    made = Terminal(shared_home, "run", "--session=doomed", "--loss=hinge", "--seeds=1", "--epochs=3")
    made.rest()
    terminal = Terminal(shared_home, "--session", "doomed")
    terminal.until(lambda text: "session doomed" in text)
    terminal.press("5")
    terminal.until(lambda text: re.search(r"● circles +doomed", text))
    terminal.press("d")
    terminal.until(lambda text: "Delete the session doomed" in text)
    terminal.press("\r")  # no comes first
    terminal.until(lambda text: "Delete the session" not in text)
    assert rows(shared_home, "doomed")
    terminal.press("d")
    terminal.until(lambda text: "Delete the session doomed" in text)
    terminal.press("y")
    terminal.until(lambda text: "Delete the session" not in text and "circles  doomed" not in text)
    assert not rows(shared_home, "doomed")
    terminal.press("q")
    output = terminal.rest()
    assert terminal.process.exitstatus == 0
    assert "hinge" not in output[output.rfind("\x1b[?1049l") :]


def test_after_kill_9_the_training_has_gone_on_and_the_view_is_as_it_was(endless_home: Path) -> None:
    first = begin(endless_home, "killed")
    first.press("1")
    first.until(lambda text: "Losses" not in text)
    first.press("y++")
    first.until(lambda text: re.search(r"Curves: loss, \w+, log, smooth", text))
    first.during(2.0)
    before = epochs(endless_home, "killed")
    first.process.kill(signal.SIGKILL)
    first.rest()

    second = Terminal(endless_home, "--session", "killed")
    second.until(lambda text: re.search(r"Curves: loss, \w+, log, smooth", text) and "Losses" not in text)
    second.until(lambda _: epochs(endless_home, "killed") > before)
    assert {row.status for row in rows(endless_home, "killed")} <= {"running", "queued"}
    end(second)


# While it trains


@pytest.mark.parametrize(
    ("ending", "keys", "shown"),
    [
        (signal.SIGTERM, "q", "leave it running"),
        (signal.SIGHUP, "/", "a part of a name"),
        (signal.SIGINT, "?", "trains the same network"),
    ],
    ids=["SIGTERM at the question", "SIGHUP at the filter", "SIGINT at the help"],
)
def test_told_to_end_while_it_trains_and_asks(
    endless_home: Path, ending: signal.Signals, keys: str, shown: str
) -> None:
    terminal = begin(endless_home, "told")
    terminal.press(keys)
    terminal.until(lambda text: shown in text)
    terminal.process.kill(ending)
    output = terminal.rest()
    assert terminal.process.exitstatus == 128 + ending
    assert restored(output)
    assert "Traceback" not in output
    assert "Training goes on. Come back with: lossterm --session told" in output
    with Store(endless_home / "lossterm.db") as store:
        store.sessions.stop("told")


def test_a_terminal_is_resized_while_it_trains(endless_home: Path) -> None:
    terminal = begin(endless_home, "resized")
    terminal.resize(20, 5)
    text = terminal.until(lambda text: "q quits" in text)
    assert "too small" in text
    assert "80×24" in text
    terminal.resize(200, 60)
    terminal.until(lambda text: "Losses" in text and "Scores" in text and braille(text))
    terminal.resize(80, 24)
    text = terminal.until(lambda text: "Losses" in text and "q Quit" in text and braille(text))
    assert len(text.split("\n")) == 24
    output = end(terminal)
    assert "Traceback" not in output


@pytest.mark.parametrize("seconds", [12, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("arguments", "most"), [(["--low-bandwidth"], 1000), ([], 5000)], ids=["low bandwidth", "default"]
)
def test_bytes_while_it_trains_stay_within_the_bound(
    endless_home: Path, arguments: list[str], most: int, seconds: int
) -> None:
    terminal = begin(endless_home, "bytes", *arguments)
    terminal.during(3.0)  # the first curves
    written = terminal.during(seconds)
    assert 0 < len(written) / seconds < most
    end(terminal)


def test_nothing_but_ascii_while_it_trains(endless_home: Path) -> None:
    terminal = Terminal(endless_home, "--session", "ascii", "--ascii")
    terminal.until(lambda text: re.search("[CG]PU (ready|training)", text))
    terminal.press(f"\t{ENDLESS}\t1{BACK * 2}r")
    terminal.until(lambda text: "training" in text and "Curves: loss" in text)
    for key in "12345":
        terminal.press(key)
        terminal.during(0.7)
        assert terminal.text.isascii(), terminal.text
    while_it_trained = terminal.bytes
    assert while_it_trained.isascii()
    end(terminal)


def test_one_stops_what_the_other_watches(endless_home: Path) -> None:
    first = begin(endless_home, "both")
    second = Terminal(endless_home, "--session", "both")
    second.until(braille)
    first.press("s")
    second.until(lambda text: "stopped" in text)
    first.until(lambda text: "stopped" in text)
    second.press("s")  # there is nothing to stop any more
    for terminal in (first, second):
        terminal.press("q")
        assert restored(terminal.rest())
        assert terminal.process.exitstatus == 0
    assert {row.status for row in rows(endless_home, "both")} == {"cancelled"}


def test_both_press_stop_at_once(endless_home: Path) -> None:
    first = begin(endless_home, "at-once")
    second = Terminal(endless_home, "--session", "at-once")
    second.until(braille)
    first.press("s")
    second.press("s")
    for terminal in (first, second):
        terminal.until(lambda text: "stopped" in text)
        terminal.press("q")
        assert "Traceback" not in terminal.rest()
        assert terminal.process.exitstatus == 0
    assert {row.status for row in rows(endless_home, "at-once")} == {"cancelled"}


def test_a_user_table_from_the_file_to_a_verdict(shared_home: Path, tmp_path: Path) -> None:
    lines = [f"{40 + place},{place % 5},{'harbour' if place % 3 else 'south'},{9 * place}" for place in range(200)]
    file = tmp_path / "houses.csv"
    file.write_text("\n".join(["area,rooms,district,price", *lines, ""]))
    terminal = Terminal(shared_home, "--session", "own", "--data", str(file))
    terminal.until(lambda text: "Which column is to be predicted?" in text)
    terminal.press(f"{DOWN * 3}t")
    terminal.until(lambda text: re.search(r"price +number +target", text) and "regression" in text)
    terminal.press("\r")
    terminal.until(lambda text: re.search(r"● houses\.price@[0-9a-f]{8} regression", text))
    terminal.press("\t10\t2\t0.01")  # 10 epochs, 2 seeds, one rate
    terminal.until(lambda text: re.search(r"epochs 10 +seeds +2 ", text))
    terminal.press("r")
    terminal.until(lambda text: re.search(r"(\d+)/\1 trials", text) and braille(text))
    terminal.press("q")
    output = terminal.rest()
    assert terminal.process.exitstatus == 0
    assert restored(output)
    assert "houses.price@" in output[output.rfind("\x1b[?1049l") :]
    assert {row.trial.data.asked.target for row in rows(shared_home, "own") if row.trial.data} == {"price"}


# Leaving and typing ahead


WITHIN = {
    "the settings": "\t",
    "the filter": "/hin",
    "the network": "N5",
    "a file's path": "f/no",
    "a new session": "5a" + "new",
    "the parameters of a loss": f"{DOWN * 3}v",
}
"""Where a person may be when leaving: what is typed to get there from the losses."""


def test_ctrl_c_asks_as_q_does_from_every_field_and_dialog(endless_home: Path) -> None:
    terminal = begin(endless_home, "leaving")
    for place, keys in WITHIN.items():
        terminal.press(keys)
        terminal.during(0.4)
        terminal.press("\x03")
        terminal.until(lambda text: "Training is still going on." in text and "leave it running" in text, 20)
        terminal.press("c")  # stay
        terminal.until(lambda text: "Training is still going on." not in text, 20)
        terminal.press("\x1b")  # out of what stands there still
        terminal.during(0.4)
        terminal.press(f"1\x1b{BACK * 3}" if place == "the settings" else "\x1b")
        terminal.until(lambda text: "╭─ Losses" in text, 20)
    terminal.press("\x03")
    terminal.until(lambda text: "Training is still going on." in text)
    terminal.press("\x03")  # once more leaves it running
    output = terminal.rest()
    assert restored(output)
    assert "Traceback" not in output


BURSTS = {
    "fabc": r"/abc +│",  # a path after the key that opens its dialog
    "f/etc/": r"│ +/etc/ +│",
    "5anewone": r"│ +newone +│",  # the view, a dialog of it, and a name
    "N64,32": r"hidden +64,32 ",
    "\t25\x7f6\t3": r"epochs 26 +seeds +3 ",
}
"""What arrives at once over a slow link, and what is on the screen then."""


def test_each_key_of_a_burst_finds_what_the_one_before_it_has_done(endless_home: Path) -> None:
    terminal = begin(endless_home, "bursts")
    for keys, shown in BURSTS.items():
        terminal.press(keys)
        terminal.until(re.compile(shown).search, 20)
        for _ in range(2):  # out of the dialog, and of the view
            terminal.press("\x1b")
            terminal.during(0.3)
        terminal.until(lambda text: "╭─ Losses" in text, 20)
    terminal.press("N64,32\r1")  # what follows the key that closes a dialog is not for its field
    terminal.until(lambda text: text.startswith("╭─ Curves"), 20)  # the dialog hides titles too
    terminal.press("s")
    terminal.until(lambda text: " stopped" in text, 20)
    terminal.press("q")
    assert "Traceback" not in terminal.rest()


def test_keys_typed_while_a_file_is_read_act_in_their_order(shared_home: Path, tmp_path: Path) -> None:
    rows = "\n".join(f"{n % 13},{n % 7},{n * 37 % 101}" for n in range(400))
    file = tmp_path / "typed ahead.csv"
    file.write_text(f"size,rooms,yield\n{rows}\n", encoding="utf-8")
    terminal = Terminal(shared_home, "--session", "ahead", "--data", str(file))
    terminal.until(lambda text: "Reading typed ahead.csv" in text)
    terminal.press("\x1b[Bd\x1b[At\r")  # before anything is read: drop rooms, predict size, take it
    terminal.until(lambda text: "typed_ahead.size@" in text)
    terminal.press("q")
    assert restored(terminal.rest())
