"""The budget for bytes: what a frame costs is waited for, and nothing is lost by waiting."""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lossterm.home.configuration import Config
from lossterm.tui.terminal import redraw_budget
from lossterm.tui.terminal.redraw_budget import AREA, LIVE, LONGEST, SPARING, Budget, Meter, RedrawPace, metered
from tests.builders.app import opened, until

BUDGET = Budget(seconds=0.25, bytes=4000)


class Terminal:
    """A clock that is turned by hand, timers that go by it, and a link that counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.written = 0
        self.cells = AREA
        self.frames: list[tuple[float, str]] = []
        self.state, self.costs = "", 0
        self._due: list[tuple[float, Callable[[], None]]] = []
        monkeypatch.setattr(redraw_budget, "time", SimpleNamespace(monotonic=lambda: self.now))

    def pace(self, budget: Budget = BUDGET) -> RedrawPace:
        return RedrawPace(budget, self._paint, self._later, lambda: self.written, lambda: self.cells)

    def _paint(self) -> None:
        self.frames.append((self.now, self.state))
        self.written += self.costs

    def _later(self, seconds: float, call: Callable[[], None]) -> Any:
        timer = (self.now + seconds, call)
        self._due.append(timer)
        return SimpleNamespace(stop=lambda: self._due.remove(timer))

    def pass_by(self, seconds: float) -> None:
        """Let time go by, with what is due in it."""
        end = self.now + seconds
        while due := min((one for one in self._due if one[0] <= end), default=None, key=lambda one: one[0]):
            self._due.remove(due)
            self.now = due[0]
            due[1]()
        self.now = end

    @property
    def times(self) -> list[float]:
        return [moment for moment, _ in self.frames]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(monkeypatch)


def test_the_first_frame_is_painted_at_once(terminal: Terminal) -> None:
    terminal.pace().ask()
    assert terminal.times == [100.0]


def test_several_asks_paint_once_and_the_last_state_is_what_is_painted(terminal: Terminal) -> None:
    one = terminal.pace()
    for state in ("a", "b", "c", "d"):
        terminal.state = state
        one.ask()
        terminal.pass_by(0.01)
    terminal.pass_by(10)
    assert [state for _, state in terminal.frames] == ["a", "d"]


def test_nothing_is_painted_that_was_not_asked_for(terminal: Terminal) -> None:
    one = terminal.pace()
    one.ask()
    terminal.pass_by(100)
    assert len(terminal.frames) == 1


def test_what_is_asked_for_after_a_rest_is_painted_at_once(terminal: Terminal) -> None:
    one = terminal.pace()
    one.ask()
    terminal.pass_by(5)
    one.ask()
    assert terminal.times == [100.0, 105.0]


def test_what_a_person_waits_for_is_painted_at_once_whatever_the_frame_before_it_cost(terminal: Terminal) -> None:
    one = terminal.pace(SPARING)
    terminal.costs = 15_000
    one.ask()
    terminal.pass_by(1)
    one.ask()  # would be painted in 20 seconds
    one.expect()
    terminal.pass_by(0.2)
    assert terminal.times == [100.0]
    terminal.state = "what the key did"
    one.ask()
    assert terminal.times == [100.0, pytest.approx(101.2)]
    assert terminal.frames[-1][1] == "what the key did"
    one.ask()
    terminal.pass_by(15)
    assert len(terminal.frames) == 2  # the next one is an ordinary one again
    terminal.pass_by(15)
    assert len(terminal.frames) == 3
    one.expect()
    one.stop()
    one.ask()
    assert len(terminal.frames) == 3


def test_small_frames_are_as_far_apart_as_the_budget_says(terminal: Terminal) -> None:
    one = terminal.pace()
    terminal.costs = 10
    for _ in range(100):
        one.ask()
        terminal.pass_by(0.05)
    gaps = [after - before for before, after in zip(terminal.times, terminal.times[1:], strict=False)]
    assert len(gaps) > 15
    assert all(gap == pytest.approx(BUDGET.seconds) for gap in gaps)


@pytest.mark.parametrize("cost", [0, 500, 1000, 3000, 12_000, 39_000])
@pytest.mark.parametrize("budget", [BUDGET, LIVE, SPARING], ids=["here", "live", "sparing"])
def test_on_average_no_more_goes_out_than_the_budget_allows(terminal: Terminal, budget: Budget, cost: int) -> None:
    one = terminal.pace(budget)
    terminal.costs = min(cost, int(LONGEST * budget.bytes))
    began = terminal.now
    for _ in range(3000):
        one.ask()
        terminal.pass_by(0.1)
    spent = terminal.written - terminal.costs  # the last frame is waited for after it
    assert spent <= budget.bytes * (terminal.now - began) + 1
    wanted = max(budget.seconds, terminal.costs / budget.bytes)
    assert len(terminal.frames) >= 300 / (wanted + 0.1)  # nor does it wait longer than it must


def test_what_a_person_does_meanwhile_holds_up_no_frame(terminal: Terminal) -> None:
    one = terminal.pace()
    terminal.costs = 400
    one.ask()
    terminal.pass_by(0.2)
    terminal.written += 8000  # a view was changed
    one.ask()
    terminal.pass_by(0.3)
    assert len(terminal.frames) == 2


def test_a_larger_terminal_may_have_more(terminal: Terminal) -> None:
    terminal.cells = 4 * AREA
    one = terminal.pace()
    terminal.costs = 16_000
    one.ask()
    one.ask()
    terminal.pass_by(1.01)
    assert len(terminal.frames) == 2


def test_a_smaller_terminal_has_no_less(terminal: Terminal) -> None:
    terminal.cells = AREA // 10
    one = terminal.pace()
    terminal.costs = 4000
    one.ask()
    one.ask()
    terminal.pass_by(1.01)
    assert len(terminal.frames) == 2


def test_a_frame_of_any_cost_is_followed_by_the_next_one(terminal: Terminal) -> None:
    one = terminal.pace()
    terminal.costs = 10**9
    one.ask()
    terminal.state = "last"
    one.ask()
    terminal.pass_by(LONGEST)
    assert [state for _, state in terminal.frames] == ["", "last"]


def test_after_stop_nothing_is_painted(terminal: Terminal) -> None:
    one = terminal.pace()
    one.ask()
    one.ask()
    one.stop()
    terminal.pass_by(100)
    assert len(terminal.frames) == 1


def test_the_sparing_budget_is_below_a_kilobyte_a_second_and_below_the_usual_one() -> None:
    assert SPARING.bytes < 1000 <= LIVE.bytes < 5000
    assert SPARING.seconds > LIVE.seconds


def test_the_meter_counts_bytes_rather_than_letters_and_passes_all_on() -> None:
    class Driver:
        def __init__(self) -> None:
            self.out: list[str] = []

        def write(self, data: str) -> None:
            self.out.append(data)

    meter = Meter()
    driver: Any = cast(Any, metered)(Driver, meter)()  # all that it needs of a driver
    for data in ("abc", "⣿", "ä\ud800"):
        driver.write(data)
    assert driver.out == ["abc", "⣿", "ä\ud800"]
    assert meter.bytes == 3 + 3 + 3


async def test_over_a_slow_link_what_comes_of_run_is_seen_at_once(path: Path) -> None:
    app = opened(path, config=Config(low_bandwidth=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.main._pace._painted, app.main._pace._cost = time.monotonic(), 20_000  # as after a whole first screen
        await pilot.press("r")
        await until(pilot, lambda: "0/150 trials" in app.main.status.text, seconds=3)
