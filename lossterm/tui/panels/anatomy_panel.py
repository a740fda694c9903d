"""The view of what the ticked losses look like, what the models that they trained do, and which rows decide."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.reactive import var

from lossterm.charts.terminal_style import Style
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL
from lossterm.data.shown_rows import ShownRows
from lossterm.losses import Loss, explanation
from lossterm.reports.gradient_rows import GradientRow, gradient_rows, why_behind, why_not
from lossterm.reports.report import Report
from lossterm.store import Anatomy, TrialRow
from lossterm.tasks import Task
from lossterm.tui.background.data_viewer import FindRows
from lossterm.tui.panels.view_panel import ViewPanel
from lossterm.tui.state.empty_views import NO_LOSS_DRAWN
from lossterm.tui.state.gradient_table import gradient_table
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.widgets.changing_lines import ChangingLines

WIDE = 88
"""Width from which there is room to say what the level axis is."""

LEAST_CHART = 12
"""Lines that the chart keeps to itself before there are rows beneath it."""

MOST_SAID = 3
"""Lines of sentences above the rows at the most."""


class AnatomyPanel(ViewPanel):
    """Loss and slope of what is ticked; beneath them the rows of the models, and those that hold the gradient."""

    PLACE = "in the anatomy"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("down,j", "row(1)", "Next row", show=False, id="anatomy.down", tooltip="Mark the next row"),
        Binding("up,k", "row(-1)", "Last row", show=False, id="anatomy.up", tooltip="Mark the row before"),
    ]
    CAN: ClassVar[Mapping[str, str]] = dict.fromkeys(("row", "next_row", "last_row", "back", "forth"), "has_rows")

    report: var[Report | None] = var(None, init=False, always_update=True)
    """The comparison whose models are shown, None before anything was asked for."""
    ticked: var[tuple[Loss, ...]] = var((), init=False)
    """The losses that are drawn, as the protocol sets them up: trained or not, their shape is known."""
    protocol: var[str] = var(DEFAULT_PROTOCOL, init=False)
    """Key of the protocol that they are set up for; models of another are not shown with them."""
    subject: var[Task | None] = var(None, init=False)
    """The chosen task, whose rows are read."""
    marked: var[int | None] = var(None, init=False)
    """Number of the row that is marked here and in the predictions, None for none."""

    def __init__(self, keys: KeyNames, find_rows: FindRows | None = None) -> None:
        """`find_rows` reads rows of a task's data; None to leave out what stands in them."""
        super().__init__(id="anatomy")
        self._keys, self._find_rows = keys, find_rows
        self._drawn: object = None
        self._cells: dict[object, ShownRows | None] = {}
        self._asked: object = None
        self._first_column = 0
        self.chart, self.table = ChangingLines(id="chart-anatomy"), ChangingLines(id="gradient-rows")

    def compose(self) -> ComposeResult:
        """Lay out the chart and the rows."""
        yield self.chart
        yield self.table

    def on_mount(self) -> None:
        """Draw, and follow the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.paint())
        self.call_after_refresh(self.paint)

    def on_resize(self) -> None:
        """Give chart and rows their shares of the new size."""
        self.paint()

    def on_changing_lines_resized(self) -> None:
        """Draw in the new size."""
        self.paint()

    def watch_ticked(self) -> None:
        """Draw other losses, or other models."""
        self.paint()

    watch_report = watch_marked = watch_ticked

    def watch_subject(self) -> None:
        """Begin with the first columns of another task."""
        self._first_column = 0
        self.paint()

    # The rows

    @property
    def has_rows(self) -> bool:
        """Whether there are rows to mark, and room for them."""
        return self.is_mounted and bool(self._rows) and self._room_for_rows > 0

    @property
    def _rows(self) -> tuple[GradientRow, ...]:
        return gradient_rows(self._models)

    @property
    def _pointed(self) -> GradientRow | None:
        rows = self._rows
        return next((row for row in rows if row.row == self.marked), rows[0] if rows else None)

    def action_row(self, by: int) -> None:
        """Mark another row."""
        rows, pointed = self._rows, self._pointed
        if pointed:
            self.post_message(self.RowPointed(rows[(rows.index(pointed) + by) % len(rows)].row))

    def action_next_row(self) -> None:
        """Mark the next row."""
        self.action_row(1)

    def action_last_row(self) -> None:
        """Mark the row before."""
        self.action_row(-1)

    def action_forth(self) -> None:
        """Show further columns of the rows."""
        self._move(1)

    def action_back(self) -> None:
        """Show the columns before."""
        self._move(-1)

    def _move(self, by: int) -> None:
        cells = self._known_cells
        self._first_column = min(max(self._first_column + by, 0), max(len(cells.columns) - 2, 0) if cells else 0)
        self.paint()

    def on_click(self, event: events.Click) -> None:
        """Mark the row under the mouse."""
        place = self.table.content_region
        if self.has_rows and place.contains(event.screen_x, event.screen_y):
            line = event.screen_y - place.y + self.table.scroll_offset.y - self._lines_before_rows
            if 0 <= line < len(self._rows):
                self.post_message(self.RowPointed(self._rows[line].row))

    @property
    def _known_cells(self) -> ShownRows | None:
        return self._cells.get(self._wanted)

    @property
    def _wanted(self) -> object:
        return (self.subject.key if self.subject else "", tuple(row.row for row in self._rows))

    def _ask_for_cells(self) -> None:
        """Have the rows read, once for each set of them."""
        if self._find_rows and self.subject and self._wanted not in self._cells and self._wanted != self._asked:
            self._asked = self._wanted
            numbers = [row.row for row in self._rows]
            self.run_worker(self._read(self.subject, numbers, self._wanted), exclusive=True, group="rows", name="rows")

    async def _read(self, task: Task, numbers: Sequence[int], wanted: object) -> None:
        assert self._find_rows is not None
        try:
            self._cells[wanted] = await self._find_rows(task, numbers)
        except (OSError, ValueError):  # no such process to be had, or it says something else
            self._cells[wanted] = None
        self.paint()

    # How it is drawn

    @property
    def _said(self) -> list[str]:
        report = self.report if self._models else None
        return [*why_behind(report), *why_not(report)] if report else []

    @property
    def _said_lines(self) -> list[Text]:
        lines = [line for words in self._said for line in wrap(words, max(self.size.width - 1, 20))]
        return [Text(line, "bold") for line in lines[:MOST_SAID]]

    @property
    def _lines_before_rows(self) -> int:
        return len(self._said_lines) + 2

    @property
    def _room_for_rows(self) -> int:
        """Lines that sentences and rows have beneath the chart, 0 where there are too few."""
        if not self._rows:
            return 0
        wanted = self._lines_before_rows + len(self._rows)
        room = min(
            max(self.size.height // 2, self.size.height - 2 * LEAST_CHART), self.size.height - LEAST_CHART, wanted
        )
        return room if room >= self._lines_before_rows + 1 else 0

    def paint(self) -> None:
        """Draw if anything is different: each look at the store comes by here, and few bring anything new."""
        if not self.seen:
            return
        self._make_room()
        from lossterm.figures import anatomy  # slow, so not before there is something to draw

        known, models = anatomy.drawable(self.ticked), self._anatomies
        axis = explanation.axis(known) if self.size.width >= WIDE else ""
        self.entitle("Anatomy: loss and slope", axis or ("bars: training rows of the models" if models else ""))
        pointed = self._pointed if self._room_for_rows else None
        drawn = known, models, self.chart.size, self.dark, pointed, self._known_cells, self._first_column, self._said
        if drawn == self._drawn:
            return
        self._drawn = drawn
        width, height = self.chart.size
        marked = {loss: held.deviation for loss, held in pointed.held.items()} if pointed else {}
        drawing = anatomy.chart(known, models, width, height, dark=self.dark, plain=self.plain, marked=marked)
        self.chart.show(drawing.lines if known else self.message_lines(self._keys.fill_in(NO_LOSS_DRAWN)))
        self._show_rows(pointed)

    def _make_room(self) -> None:
        room = self._room_for_rows
        if self.table.styles.height is None or self.table.styles.height.value != room:
            self.table.styles.height = room
        self.table.display = room > 0

    def _show_rows(self, pointed: GradientRow | None) -> None:
        if pointed is None:
            self.table.show([])
            return
        self._ask_for_cells()
        rows = self._rows
        losses = [loss.key for loss in self.ticked if any(loss.key in row.held for row in rows)]
        style = Style(dark=self.dark, plain=self.plain)
        drawn = gradient_table(
            rows, pointed, losses, self._known_cells, self.table.size.width, style, first=self._first_column
        )
        self.table.show([*self._said_lines, *drawn])
        line, height = self._lines_before_rows + rows.index(pointed), self.table.size.height
        top = self.table.scroll_offset.y
        if not top + self._lines_before_rows <= line < top + height:
            self.table.scroll_to(y=max(line - height + 1, 0), animate=False, force=True, immediate=True)

    @property
    def _models(self) -> list[TrialRow]:
        """The judged models of the losses that are drawn."""
        rows = self.report.judged() if self.report and self.report.asked.comparison.protocol == self.protocol else []
        keys = {loss.key for loss in self.ticked}
        return [row for row in rows if row.anatomy and row.trial.loss in keys]

    @property
    def _anatomies(self) -> dict[str, list[Anatomy]]:
        """What they do on their training rows."""
        models: dict[str, list[Anatomy]] = {}
        for row in self._models:
            if row.anatomy:
                models.setdefault(row.trial.loss, []).append(row.anatomy)
        return models
