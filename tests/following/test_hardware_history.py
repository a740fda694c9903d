"""How the machine was busy over the last minutes: in columns of equal time, with nothing where nothing is known."""

from collections.abc import Iterator

import msgspec

from lossterm.charts.sparkline import sparkline
from lossterm.following.hardware import Card, Hardware
from lossterm.following.hardware_history import SECONDS, HardwareHistory, Row

CARD = Card(name="Card A", busy=0.5, used=6 * 10**9, memory=24 * 10**9, celsius=61)
BUSY = Hardware(cores=16, busy=0.75, load=12.0, used=5 * 10**9, memory=20 * 10**9, cards=(CARD, Card(name="Part B")))


class Machine:
    """A machine and a clock that do as they are told."""

    def __init__(self, *looks: tuple[float, Hardware, float | None]) -> None:
        self.now, self._hardware = 0.0, Hardware(cores=1)
        self.history = HardwareHistory(lambda: self._hardware, lambda: self.now)
        for moment, hardware, trainings in looks:
            self.now, self._hardware = moment, hardware
            self.history.look(trainings)

    def rows(self, columns: int) -> Iterator[tuple[str, str, str, str]]:
        """Yield each row, its bars drawn."""
        for row in self.history.rows(columns):
            yield row.label, row.what, sparkline(row.shares), row.now


def test_before_the_first_look_there_is_nothing() -> None:
    assert Machine().history.rows(10) == []


def test_every_figure_has_a_row_and_what_a_card_does_not_tell_has_none() -> None:
    machine = Machine((SECONDS, BUSY, 40.0))
    assert list(machine.rows(3)) == [
        ("cores", "use", "  ▆", "16 cores 75 %, load 12.0"),
        ("memory", "in use", "  ▃", "5.0 of 20.0 GB"),
        ("card 0", "use", "  ▅", "50 % · Card A"),
        ("", "memory", "  ▃", "6.0 of 24.0 GB"),
        ("", "temperature", "  ▅", "61 °C"),
        ("trainings", "ended", "  █", "40 a second"),
    ]


def test_times_in_which_nobody_looked_are_blank_and_those_of_many_looks_are_means() -> None:
    at = [msgspec.structs.replace(BUSY, busy=share, cards=()) for share in (1.0, 0.0, 1.0)]
    machine = Machine((0.0, at[0], None), (SECONDS - 20, at[1], None), (SECONDS - 10, at[2], None))
    machine.now = SECONDS
    cores: Row = machine.history.rows(10)[0]
    assert cores.shares == (1.0, *[None] * 8, 0.5)
    assert [row.label for row in machine.history.rows(10)] == ["cores", "memory"]


def test_what_is_older_than_it_goes_back_is_let_go_of() -> None:
    machine = Machine((0.0, BUSY, 99.0), (SECONDS + 1, BUSY, 1.0))
    assert len(machine.history._samples) == 1
    assert list(machine.rows(2))[-1] == ("trainings", "ended", " █", "1 a second")


def test_a_card_that_goes_away_leaves_the_others() -> None:
    machine = Machine((0.0, BUSY, None), (SECONDS / 2, msgspec.structs.replace(BUSY, cards=()), None))
    assert [row.label for row in machine.history.rows(4)] == ["cores", "memory"]
