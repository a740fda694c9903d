"""The view of stress sweeps: the axes of the chosen task, and beside them what the one under the cursor says."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.reactive import var
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from lossterm.charts.terminal_style import Style
from lossterm.comparison.axis_preview import columns_of, counted_in_words, example_in_words
from lossterm.comparison.comparison import DEFAULT_TASK
from lossterm.losses import is_own
from lossterm.stress_axes import Axis, written
from lossterm.stress_sweeps import wording
from lossterm.stress_sweeps.contamination import Contamination
from lossterm.stress_sweeps.curve import SweepCurve
from lossterm.stress_sweeps.sweep import fitting_axes, is_custom
from lossterm.stress_sweeps.table import by_loss, fit_to
from lossterm.tasks import Task, task_named
from lossterm.text.columns import TableColumn, plain
from lossterm.text.numbers import counted, listed
from lossterm.tui.background.axis_looker import AxisLook, Look, look_at
from lossterm.tui.panels.view_panel import ViewPanel
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.widgets.changing_lines import ChangingLines, fitted

Shown = Literal["curve", "tables", "data"]
CHARTS: tuple[Shown, ...] = ("curve", "tables", "data")
"""What is shown of an axis: the curve, its tables, or what it does to the data."""

TITLES: Mapping[Shown, str] = {
    "curve": "Stress: who is ahead, by severity",
    "tables": "Stress: levels and losses",
    "data": "Stress: what the axis does to the data",
}

SWEPT, UNDER_WAY = "✓", "…"
"""Marks of an axis that was swept, and of one that is being swept."""

LEAST_CHART, ENOUGH_CHART = 12, 20
"""Lines that a chart has at least, and those that it keeps where the tables stand beneath it."""

KEYS = "{stress.sweep} sweeps, {stress.look} shows the data, {view.chart} the tables"

BEGIN = """Nothing was swept along this axis yet.

{stress.sweep} trains the ticked losses at each level, and says where the best one changes; level 0 is the plain
comparison. {stress.look} shows what the axis does to the data."""

NO_AXIS = "No axis is for this task."
OWN_AXIS = "What a custom axis does is shown by `lossterm stress --axis-file FILE.py:NAME --show`."


class StressPanel(ViewPanel, can_focus=False):
    """A list of axes, and lines about the one under the cursor."""

    PLACE = "in the stress sweeps"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("enter", "sweep", "Sweep", id="stress.sweep", tooltip="Train the ticked losses along the axis"),
        Binding("space", "look", "Data", id="stress.look", tooltip="Show what the axis does to the data, or go back"),
    ]
    CAN: ClassVar[Mapping[str, str]] = {"sweep": "pointed", "look": "pointed"}

    record: var[Task] = var(task_named(DEFAULT_TASK), init=False)
    """The task whose axes are listed."""
    curves: var[tuple[SweepCurve, ...]] = var((), init=False, always_update=True)
    """The sweeps of the session, the last asked for last."""
    shown: var[Shown] = var("curve", init=False)
    """What is shown of an axis."""

    class Wanted(Message):
        """A sweep along an axis is to be trained."""

        def __init__(self, axis: Axis, source: str) -> None:
            """`source` is where the code of a custom axis is, or the package of another."""
            super().__init__()
            self.axis, self.source = axis, source

    def __init__(self, keys: KeyNames, look: Look = look_at) -> None:
        """`look` says what an axis does to a task's data."""
        super().__init__(id="stress")
        self._keys, self._look = keys, look
        self._looks: dict[tuple[str, str], AxisLook | str | None] = {}  # None while it is being looked at
        self._drawn: object = None
        self._awaited = ""  # the key of the axis that is to have the cursor once it is listed
        self.list = OptionList(id="axes", compact=True)
        self.lines = ChangingLines(id="sweep")

    def compose(self) -> ComposeResult:
        """Lay out the list and what is beside it."""
        yield self.list
        yield self.lines

    def on_mount(self) -> None:
        """Fill the list, and follow the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.paint(anew=True))
        self._fill()
        self.call_after_refresh(self.paint)

    def take_keys(self) -> None:
        """Give the list the keys."""
        self.list.focus()

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes that can be tried on the task, then the custom ones that it was swept along."""
        own = [one.asked.axis for one in self.curves if is_custom(one.asked) and self._is_of_task(one)]
        return (*fitting_axes(self.record), *{axis.key: axis for axis in own}.values())

    @property
    def axis(self) -> Axis | None:
        """The axis under the cursor."""
        place = self.list.highlighted
        return self.axes[place] if place is not None and place < len(self.axes) else None

    @property
    def pointed(self) -> bool:
        """Whether there is an axis under the cursor."""
        return self.is_mounted and self.axis is not None

    @property
    def curve(self) -> SweepCurve | None:
        """The last sweep of the task along the axis under the cursor."""
        return self._curve_of(self.axis) if self.axis else None

    def _is_of_task(self, curve: SweepCurve) -> bool:
        return curve.asked.comparison.task == self.record.key

    def _curve_of(self, axis: Axis) -> SweepCurve | None:
        of_axis = [one for one in self.curves if self._is_of_task(one) and one.asked.axis.key == axis.key]
        return of_axis[-1] if of_axis else None

    def watch_record(self) -> None:
        """List the axes of another task."""
        if self.is_mounted:
            self._fill()
            self.paint()

    def watch_curves(self) -> None:
        """Show what is new."""
        if self.is_mounted:
            if self.list.option_count == len(self.axes):
                self._mark()
            else:
                self._fill()
            self.paint()

    def watch_shown(self) -> None:
        """Show something else of the axis."""
        self.paint()

    def on_changing_lines_resized(self) -> None:
        """Draw in the new size."""
        self.paint()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show another axis."""
        event.stop()
        self.lines.scroll_home(animate=False)
        self.paint()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Sweep along what was clicked."""
        event.stop()
        self.action_sweep()

    def point_to(self, axis: str) -> None:
        """Put the cursor on the axis of a key, now or once it is listed."""
        self._awaited = axis
        if self.is_mounted:
            self._fill()

    def _fill(self) -> None:
        before, keys = self.list.highlighted or 0, [axis.key for axis in self.axes]
        if self._awaited in keys:
            before, self._awaited = keys.index(self._awaited), ""
        self.list.clear_options()
        self.list.add_options([Option(self._prompt(axis), axis.key) for axis in self.axes])
        self.list.highlighted = min(before, len(keys) - 1) if keys else None

    def _mark(self) -> None:
        for place, axis in enumerate(self.axes):
            self.list.replace_option_prompt_at_index(place, self._prompt(axis))

    def _prompt(self, axis: Axis) -> Text:
        curve = self._curve_of(axis)
        mark = " " if curve is None else UNDER_WAY if curve.partial else SWEPT
        return Text(f"{mark} {axis.key.partition('@')[0]}"[:19])

    # Keys

    def action_sweep(self) -> None:
        """Ask for a sweep along the axis under the cursor."""
        if self.axis:
            self.shown = "curve"
            curve = self.curve
            severity = curve.asked.comparison.severity if curve else None
            self.post_message(self.Wanted(self.axis, severity.source if severity else self.axis.origin))

    def action_look(self) -> None:
        """Show what the axis does to the data, or the curve again."""
        self.shown = "curve" if self.shown == "data" else "data"

    def action_next_chart(self) -> None:
        """Show the curve, the tables or the data next."""
        self.shown = CHARTS[(CHARTS.index(self.shown) + 1) % len(CHARTS)]

    def action_out(self) -> bool:
        """Go back from the data or the tables to the curve."""
        if self.shown == "curve":
            return False
        self.shown = "curve"
        return True

    # What is shown

    def paint(self, *, anew: bool = False) -> None:
        """Draw if anything is different."""
        if not self.seen:
            return
        axis, curve = self.axis, self.curve
        if axis and self.shown == "data":
            self._look_at(axis)
        look = self._looks.get((self.record.key, axis.key)) if axis else None
        drawn = axis and axis.key, curve, look, self.shown, self.lines.size, self.dark
        if drawn == self._drawn and not anew:
            return
        self._drawn = drawn
        self.entitle(TITLES[self.shown], self._keys.fill_in(KEYS) if axis else "")
        if axis is None:
            self.lines.show(self._words(NO_AXIS))
        elif self.shown == "data":
            self.lines.show(self._data(axis, look))
        elif curve is None:
            self.lines.show([*self._about(axis), Text(), *self._words(self._keys.fill_in(BEGIN))])
        elif self.shown == "tables":
            self.lines.show(self._tables(curve))
        else:
            self.lines.show(self._course(curve, self._found(axis)))

    def _found(self, axis: Axis) -> Contamination | None:
        """Return where the data lie on the axis, and have that looked at where it is not known."""
        self._look_at(axis)
        look = self._looks.get((self.record.key, axis.key))
        return look.contamination if isinstance(look, AxisLook) else None

    def _look_at(self, axis: Axis) -> None:
        key = self.record.key, axis.key
        if key not in self._looks and is_own(axis.key):
            self._looks[key] = OWN_AXIS
        elif key not in self._looks:
            self._looks[key] = None
            self._have_looked(self.record, axis.key)

    @work(group="axes")
    async def _have_looked(self, task: Task, axis: str) -> None:
        self._looks[task.key, axis] = await self._look(task, axis)
        self.paint()

    @property
    def _width(self) -> int:
        return max(self.lines.size.width - 1, 20)

    def _words(self, words: str) -> list[Text]:
        from textwrap import wrap

        return [Text(line) for part in words.split("\n") for line in wrap(part, self._width) or [""]]

    def _about(self, axis: Axis) -> list[Text]:
        """Say what an axis does, and what is known of it."""
        levels = listed([written(axis, level) for level in axis.levels])
        where = f"Levels: {levels} {axis.of}, then more where the best loss changes."
        known = self._words(f"Known: {axis.known} ({axis.source})")
        return [*self._words(axis.does), *self._words(where), Text(), *map(_dim, known)]

    def _course(self, curve: SweepCurve, found: Contamination | None) -> list[Text]:
        """Return the verdict, the chart and the notes."""
        from lossterm.figures import stress  # slow, so not before there is something to draw

        said = self._words(wording.verdict(curve, found))
        for line in said:
            line.stylize("bold")
        progress, tables = self._progress(curve), self._tables(curve)
        room = self.lines.size.height - len(said) - len(progress)
        # Where there is room for both, the tables stand beneath the chart; else they are reached by scrolling.
        height = room - len(tables) - 1 if room - len(tables) - 1 >= ENOUGH_CHART else room
        style = Style(dark=self.dark, plain=self.plain)
        drawing = stress.chart(curve, style, self._width, max(height, LEAST_CHART), found)
        notes = [_dim(line) for note in wording.notes(curve, found) for line in self._words(note)]
        return [*said, *progress, *drawing.lines, Text(), *tables, *notes]

    def _progress(self, curve: SweepCurve) -> list[Text]:
        """Say how far a sweep is."""
        if not curve.pending:
            return []
        rows = sum(len(one.rows) for one in curve.reports)
        words = f"{rows - curve.pending} of {counted(rows, 'training')} done"
        return [Text(fitted(words, self._width), "dim")]

    def _tables(self, curve: SweepCurve) -> list[Text]:
        """Return the tables, with as many losses as there is room for."""
        tables = [fit_to(curve, self._width, between=2), by_loss(curve)]
        lines = [Text(line) for table in tables for line in [*plain(_room(table, self._width)).split("\n"), ""]]
        return [*lines, *(_dim(line) for line in self._words(wording.headline(curve)))]

    def _data(self, axis: Axis, look: AxisLook | str | None) -> list[Text]:
        """Return what an axis does to the data."""
        if look is None:
            return [*self._about(axis), Text(), Text("Looking at the data …", "dim")]
        if isinstance(look, str):
            return [*self._about(axis), Text(), *self._words(look)]
        table = plain(_room(columns_of(look, self.record, axis), self._width)).split("\n")
        rows = [example_in_words(one, self.record) for one in look.examples]
        name = self.record.key.rpartition("@")[0] or self.record.key
        beneath = [line for line in (counted_in_words(self.record), look.ends) if line]
        own = [] if look.contamination is None else [look.contamination.sentence(axis, name) + "."]
        return [
            *self._words(axis.does),
            Text(),
            *self._words(f"The {look.split} rows of seed 0, {look.rows:,} of them:"),
            *(Text(line) for line in table),
            *(line for sentence in beneath for line in self._words(sentence)),
            Text(),
            *(line for sentence in own for line in self._words(sentence)),
            *(_dim(line) for line in self._words(f"Some rows at {written(axis, look.levels[-1].level)}:")),
            *(line for row in rows for line in self._words(row)),
        ]


def _dim(line: Text) -> Text:
    line.stylize("dim")
    return line


def _room(columns: Sequence[TableColumn], width: int) -> list[TableColumn]:
    """Return as many of a table's columns as have room, the first at least."""
    shown = list(columns)
    while len(shown) > 1 and sum(column.width + 2 for column in shown) - 2 > width:
        shown.pop()
    return shown
