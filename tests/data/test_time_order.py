"""Rows in order of time: told where they are split at random, and only there."""

import random
from datetime import date, timedelta

import pytest

from .conftest import Read, Write

DAYS = [f"{date(2024, 1, 1) + timedelta(days=day)}" for day in range(60)]
SECONDS = [f"{1_700_000_000 + 3600 * hour}" for hour in range(60)]
SHUFFLED = random.Random(1).sample(DAYS, len(DAYS))
MONTHS = [f"2024-{1 + place // 5:02}-01" for place in range(60)]


def rows_with(times: list[str], name: str) -> str:
    lines = [f"{time},{number % 7},{number % 5}.5" for number, time in enumerate(times)]
    return "\n".join([f"{name},x,y", *lines]) + "\n"


@pytest.mark.parametrize(
    ("times", "name", "told"),
    [
        (DAYS, "day", True),
        (DAYS[::-1], "day", True),
        (SECONDS, "timestamp", True),
        (SECONDS, "Time", True),
        (SECONDS, "price", False),
        (SHUFFLED, "day", False),
        (MONTHS, "month", False),
        (["", *DAYS[1:]], "day", False),
    ],
    ids=["days", "the latest first", "seconds", "Time", "no name of a time", "shuffled", "few months", "one missing"],
)
def test_an_order_of_time_is_told(times: list[str], name: str, told: bool, write: Write, read: Read) -> None:
    _, said, _ = read(write(rows_with(times, name)))
    hints = [one for one in said if "in order of" in one]
    assert len(hints) == told
    if told:
        assert hints[0].startswith(f"The rows are in order of {name}, and are split at random")
        assert f"--time {name} trains on the earlier ones" in hints[0]


def test_nothing_is_told_where_the_split_is_chosen(write: Write, read: Read) -> None:
    path = write(rows_with(DAYS, "day"))
    for chosen in ({"time": "day"}, {"group": "x"}, {"drop": ("day",)}):
        _, said, _ = read(path, **chosen)
        assert not [one for one in said if "in order of" in one]
