"""Trials with the recorded values of their epochs, read one comparison at a time: every data format uses them."""

from array import array
from collections.abc import Iterator

import msgspec

from lossterm.comparison.curve_layout import CurveLayout
from lossterm.comparison.protocol import SplitName
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.export.session_contents import Contents
from lossterm.metrics import FOLLOWED
from lossterm.reports.report import ALL_SPLITS
from lossterm.store import Chunk, TrialRow


class TrialEpochs(msgspec.Struct, frozen=True, kw_only=True):
    """One trial with its epochs; without any if it has not begun."""

    row: TrialRow
    """The trial and what became of it."""
    comparisons: tuple[int, ...]
    """Numbers of the comparisons that hold it, oldest first."""
    metric: str
    """Key of the metric in its curves, whichever metric ranks."""
    layout: CurveLayout
    """How its curves are laid out."""
    values: "array[float]"
    """(epochs, columns) row by row, float32, not finite in an epoch that diverged."""

    def __len__(self) -> int:
        """Return the number of epochs."""
        return len(self.values) // self.layout.columns

    @property
    def tags(self) -> tuple[str, ...]:
        """Names of the columns as trackers group them: loss/train, accuracy/train, …"""
        return self.layout.tags(self.metric)

    @property
    def scores(self) -> dict[str, float]:
        """Scores of the final model that it has, as trackers group them: score/accuracy/test, …"""
        return {
            f"score/{metric}/{split}": value
            for metric, splits in (self.row.scores or {}).items()
            for split, value in (splits or {}).items()
            if value is not None
        }

    def lines(self) -> Iterator[tuple[int, "array[float]"]]:
        """Yield each epoch, from 1, with its values, (columns,)."""
        width = self.layout.columns
        for place in range(len(self)):
            yield place + 1, self.values[place * width : (place + 1) * width]

    def column(self, place: int) -> "array[float]":
        """Return one column, (epochs,)."""
        return self.values[place :: self.layout.columns]


def every(contents: Contents) -> Iterator[TrialEpochs]:
    """Yield every trial once, with its epochs, under the first comparison that holds it.

    No more than the curves of one comparison are in memory at a time, four bytes a value.
    """
    rows = {row.id: row for row in contents.rows}
    for asked in contents.asked:
        numbers = [number for number, holders in contents.held.items() if holders[0] == asked.id]
        chunks: dict[int, list[Chunk]] = {}
        for chunk in contents.store.reader.chunks([asked.id])[0] if numbers else ():
            chunks.setdefault(chunk.trial, []).append(chunk)
        for number in numbers:
            yield _epochs(rows[number], contents.held[number], chunks.pop(number, []))


def _epochs(row: TrialRow, comparisons: tuple[int, ...], chunks: list[Chunk]) -> TrialEpochs:
    protocol = protocol_named(row.trial.protocol)
    values = array("f")
    for chunk in chunks:
        values.extend(chunk.values())
    # Values beyond that are from an attempt that a dying worker cut short, or were written after the row was read.
    del values[row.epochs * protocol.curves.columns :]
    return TrialEpochs(
        row=row,
        comparisons=comparisons,
        metric=FOLLOWED[row.trial.record.kind],
        layout=protocol.curves,
        values=values,
    )


def splits_of(contents: Contents) -> tuple[SplitName, ...]:
    """Return the splits for which any trial has curves, in the usual order."""
    there = {split for row in contents.rows for split in protocol_named(row.trial.protocol).splits}
    return tuple(split for split in ALL_SPLITS if split in there)
