"""Tables for tests of the app: records, previews, and a reader that stands in for the process that reads files."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from lossterm.data import Data, FileRequest, Preview, ShownColumn, ShownTarget
from lossterm.errors import DataError
from lossterm.losses import Kind

ROWS = """area,rooms,district,garden,price
52.8,3,old town,no,179330
94.5,4,harbour,yes,332376
71.2,,south,no,241120
30.4,1,south,yes,98400
61.0,2,harbour,no,201250
88.8,4,old town,yes,310999
"""

MANY_ROWS = ROWS + "".join(
    f"{40 + 3 * place},{1 + place % 5},harbour,no,{100_000 + 7_919 * place}\n" for place in range(40)
)
"""Enough of them to train on."""

COLUMNS = (
    ShownColumn(name="area", kind="number", role="feature", lowest="30.4", highest="199.9", examples=("52.8", "94.5")),
    ShownColumn(name="rooms", kind="number", role="feature", missing=0.05, lowest="1", highest="9", examples=("3",)),
    ShownColumn(
        name="district",
        kind="category",
        role="feature",
        different=4,
        levels=(("harbour", 164), ("south", 153), ("old town", 146), ("north", 137)),
        examples=("old town", "harbour", "south"),
    ),
    ShownColumn(name="garden", kind="boolean", role="feature", levels=(("no", 302), ("yes", 298)), examples=("no",)),
    ShownColumn(name="price", kind="number", role="feature", lowest="25780", highest="755897", examples=("179330",)),
)
"""What a file of houses holds, before a target is chosen."""


def data_of(asked: FileRequest, kind: Kind = "regression") -> Data:
    """Return the record of a table."""
    classes = () if kind == "regression" else ("no", "yes")
    return Data(
        asked=asked,
        digest="0123456789abcdef",
        kind=asked.kind or kind,
        rows=600,
        features=9,
        classes=classes,
        lowest=0.0,
        zeros=bool(classes),
        imbalance=1.0,
    )


HOUSES = data_of(FileRequest(path="/data/houses.csv", target="price"))
"""A table of numbers to predict."""
GARDENS = data_of(FileRequest(path="/data/houses.csv", target="garden"), "binary")
"""The same file, with classes to predict."""


def preview_of(asked: FileRequest, columns: tuple[ShownColumn, ...] = COLUMNS) -> Preview:
    """Return what is shown of a file of houses, as it is wanted."""
    classes = asked.target == "garden"
    target = ShownTarget(
        kind="binary" if classes else "regression",
        why=f"{asked.target} has two different values: two classes (binary)."
        if classes
        else f"{asked.target} has 600 different numbers: a number to predict (regression).",
        rows=600,
        classes=(("no", 302), ("yes", 298)) if classes else (),
        edges=() if classes else tuple(25_000.0 + 36_500 * edge for edge in range(21)),
        counts=() if classes else (3, 9, 20, 31, 44, 52, 60, 58, 55, 49, 47, 41, 36, 30, 24, 17, 12, 8, 3, 1),
    )
    return Preview(
        file=asked.path,
        form="csv",
        rows=600,
        delimiter=",",
        encoding="utf-8",
        header=True,
        columns=columns,
        target=target if asked.target else None,
        features=9 if asked.target else None,
        said=("Read as text in UTF-8 with commas between cells and a row of names.",),
        warnings=("31 cells of rooms are missing: the median of the training rows stands for them.",),
        problem="",
        data=data_of(asked, "binary" if classes else "regression") if asked.target else None,
        command="lossterm run --data houses.csv" if asked.target else "",
    )


class Reader:
    """Stands in for the reader: answers at once or when released, and records the requests."""

    def __init__(
        self,
        answer: Callable[[FileRequest], Preview] = preview_of,
        *,
        refuses: Mapping[str, str] | None = None,
        waits: bool = False,
    ) -> None:
        """`refuses` gives for a file's name the sentence of its error; `waits` reads nothing before `let_go`."""
        self.asked: list[FileRequest] = []
        self.ended = 0
        self._answer, self._refuses = answer, dict(refuses or {})
        self._free = asyncio.Event()
        if not waits:
            self._free.set()

    def let_go(self) -> None:
        """Answer from now on."""
        self._free.set()

    async def __call__(self, asked: FileRequest) -> Preview:
        """Answer what was asked."""
        self.asked.append(asked)
        try:
            await self._free.wait()
        finally:
            self.ended += 1
        if sentence := self._refuses.get(Path(asked.path).name):
            raise DataError(sentence)
        return self._answer(asked)


def with_problem(asked: FileRequest) -> Preview:
    """Return a file that can be looked at, but not trained on."""
    shown = preview_of(asked)
    problem = f"{asked.path}, column {asked.target}: all values are the same. Choose another target."
    return (
        msgspec.structs.replace(shown, target=None, data=None, command="", problem=problem) if asked.target else shown
    )
