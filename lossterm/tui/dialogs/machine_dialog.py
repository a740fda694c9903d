"""The dialog that shows how the machine was busy over the last minutes, and goes on while it is open."""

import asyncio
from collections.abc import Callable

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from lossterm.charts.sparkline import sparkline
from lossterm.following.hardware import Hardware
from lossterm.following.hardware_history import SECONDS, HardwareHistory, Row
from lossterm.store import HERE, WorkerRow
from lossterm.text.harmless import printable
from lossterm.text.numbers import counted, duration
from lossterm.tui.background.widget_work import run_with_widget
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.widgets.changing_lines import fitted

LOOK_SECONDS = 2.0
"""Time between two looks."""

WIDEST_LINE = 60
"""Most columns of a line of bars."""

LOOKING = "Looking at the machine …"
KEPT = "Figures are kept while something trains, and while this is open."


class MachineDialog(ModalScreen[None]):
    """Shows cores, memory, cards and trainings a second as lines of bars."""

    PLACE = "in the figures of the machine"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape,g,q", "dismiss", "Close", id="machine.close", tooltip="Close the figures"),
    ]

    def __init__(
        self,
        history: HardwareHistory,
        trainings: Callable[[], float | None],
        keys: KeyNames,
        worker: Callable[[], WorkerRow | None] = lambda: None,
    ) -> None:
        """`trainings` says how many end a second now, `worker` what the worker says of its lanes."""
        super().__init__()
        self._worker = worker
        self._history, self._trainings, self._keys = history, trainings, keys.of(type(self))
        self._lines = Static(classes="about")

    def compose(self) -> ComposeResult:
        """Lay out the lines."""
        with VerticalScroll(classes="dialog wide") as dialog:
            dialog.border_title = Text(f"The machine over the last {duration(SECONDS).removesuffix(' 0 s')}")
            dialog.border_subtitle = Text(self._keys.fill_in("{machine.close} closes"))
            yield self._lines
            yield Static(Text(KEPT, "dim"), classes="about")

    def on_mount(self) -> None:
        """Show what is known, and look at once and again and again."""
        self._show(None)
        self._begin_look()
        self.set_interval(LOOK_SECONDS, self._begin_look)

    def on_resize(self) -> None:
        """Draw as wide as there is room."""
        self._show(None)

    def _begin_look(self) -> None:
        run_with_widget(self, self._look, name="machine", exclusive=True)

    async def _look(self) -> None:
        self._show(await asyncio.to_thread(self._history.look, self._trainings()))

    def _show(self, seen: Hardware | None) -> None:
        room = min(self.app.size.width, 100) - 10
        line = min(max(room - LABEL - WHAT - WORDS, 10), WIDEST_LINE)
        rows = self._history.rows(line)
        lines = [_line(row, room) for row in rows] or [Text(LOOKING, "dim")]
        if seen and seen.trouble:
            lines.append(Text(seen.trouble, "dim"))
        if worker := self._worker():
            lines += [Text(printable(words)[:room]) for words in lanes_in_words(worker)]
            if worker.cluster_trouble:
                lines.append(Text(printable(worker.cluster_trouble), "dim"))
        self._lines.update(Text("\n").join(lines))


def lanes_in_words(worker: WorkerRow) -> list[str]:
    """Say how many lanes a worker with a cluster has on which node; nothing without one."""
    lanes = worker.lanes
    if not lanes.keys() - {HERE}:
        return []
    width = max(map(len, lanes))
    return [f"{name.ljust(width)}  {counted(count, 'lane')}" for name, count in lanes.items()]


LABEL, WHAT, WORDS = 10, 12, 28
"""Columns of the three texts of a row; words that are longer are cut where there is no room."""


def _line(row: Row, room: int) -> Text:
    drawn = sparkline(row.shares)
    left = max(room - LABEL - WHAT - len(drawn) - 1, 0)
    return Text.assemble(fitted(row.label, LABEL), (fitted(row.what, WHAT), "dim"), drawn, " ", fitted(row.now, left))
