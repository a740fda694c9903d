"""The table of all losses in the session, one part for each set of comparable comparisons."""

from collections.abc import Sequence
from textwrap import wrap

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding
from textual.reactive import var

from lossterm.charts.terminal_style import Style
from lossterm.reports import headline, notes, table, verdict
from lossterm.reports.report import Report
from lossterm.tui.state.empty_views import NO_SCORES, NO_SCORES_OF_TASK
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.state.sentences_with_keys import with_keys
from lossterm.tui.widgets.changing_lines import ChangingLines

GAP = 2

NEXT = "Next: "
"""What the line of next steps begins with."""

MORE = "more: {scores.down} scrolls, {view.scores} shows all"
"""What the border says of lines that have no room; not how many, since each change of it paints the whole panel."""

LOW = 8
"""Lines below which the sentence on top is the short one."""

BENEATH_PLOT = 4
"""Lines that a forest plot leaves to the sentence above it and to the table beneath."""


class ScoresPanel(ChangingLines, can_focus=True):
    """Standings, best first; the comparison asked for last stands on top."""

    PLACE = "in the scores"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("j", "scroll_down", "Down", show=False, id="scores.down"),
        Binding("k", "scroll_up", "Up", show=False, id="scores.up"),
        Binding("m", "plot", "Plot", id="scores.plot", tooltip="Hide the forest plot, or show it again"),
    ]

    reports: var[tuple[Report, ...]] = var((), init=False)
    """What is shown."""
    chosen: var[str] = var("", init=False)
    """Key of the chosen task: where the table on top is another's, that is said."""
    plotted: var[bool] = var(True, init=False)
    """Whether a forest plot stands above a table that leaves room for it."""
    steps: var[tuple[str, ...]] = var((), init=False)
    """What can be done about the table on top, each with its key and its cost; what is needed most first."""
    advice: var[str] = var("", init=False)
    """What is advised for the chosen task, in a sentence."""

    data: var[tuple[str, ...]] = var((), init=False)
    """What a first look at the chosen task's data says, in sentences, while there are no scores on it."""

    def __init__(self, keys: KeyNames) -> None:
        super().__init__(id="scores")
        self._keys = keys
        self.border_title = "Scores"

    def on_mount(self) -> None:
        """Say what will be here, and follow the theme."""
        self.paint()
        self.app.theme_changed_signal.subscribe(self, lambda _: self.paint())

    def on_resize(self) -> None:
        """Fit the columns to the new width."""
        self.paint()

    def show(self, lines: Sequence[Text]) -> None:
        """Replace what is shown, and say in the border where there is more than is seen."""
        super().show(lines)
        self._say_more()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Say how much there is beneath."""
        super().watch_scroll_y(old_value, new_value)
        self._say_more()

    def _say_more(self) -> None:
        beneath = len(self.rows) - int(self.scroll_offset.y) - self.size.height
        words = self._keys.of(type(self)).fill_in(MORE) if beneath > 0 and self.size.height else ""
        if str(self.border_subtitle or "") != words:  # Textual paints the whole panel anew for each
            self.border_subtitle = Text(words)

    def watch_reports(self) -> None:
        """Show other standings."""
        self.paint()

    watch_data = watch_advice = watch_steps = watch_plotted = watch_chosen = watch_reports

    def action_plot(self) -> None:
        """Hide the forest plot, or show it again."""
        self.plotted = not self.plotted

    def paint(self) -> None:
        """Write all tables, the advice under the one on top."""
        advice = self._wrapped(self._in_keys(self.advice), "dim")
        data = [line for sentence in self.data for line in self._wrapped(f"• {sentence}", "")]
        if not self.reports:
            self.show([*self._wrapped(self._keys.fill_in(NO_SCORES), "dim"), *advice, *data])
            return
        lines: list[Text] = []
        for place, report in enumerate(reversed(self.reports)):
            task = report.asked.comparison.task
            if task != self.chosen and not place and self.chosen:
                lines += self._wrapped(self._keys.fill_in(NO_SCORES_OF_TASK.format(self.chosen, task)), "bold")
                lines += [*advice, *data]
                advice = []
            lines += [Text()] if lines else []
            lines += [Text(task, "dim underline")] if place and task != self.chosen else []
            lines += self._table(report, on_top=not place)
            lines += [] if place else advice
        self.show(lines)

    def _wrapped(self, words: str, style: str) -> list[Text]:
        return [Text(line, style) for line in wrap(words, self._room, subsequent_indent="  ")]

    def _table(self, report: Report, *, on_top: bool) -> list[Text]:
        style = self._style
        say = verdict.short_verdict if self.size.height < LOW else verdict.verdict
        head = self._wrapped(say(report), f"bold {style.of_verdict(verdict.outcome(report) or '')}")
        columns, _ = table.fit_to(report, self._room, between=GAP)
        lines = [Text((" " * GAP).join(column.padded(column.head) for column in columns), "dim")]
        for place, cells in enumerate(zip(*(column.values for column in columns), strict=True)):
            of_loss = place < len(report.standings)
            line = Text(style="" if of_loss else "dim")
            for column, cell in zip(columns, cells, strict=True):
                line.append(" " * GAP if line else "")
                line.append(column.padded(cell), style.of_loss(cell) if column.head == "loss" and of_loss else "")
            lines.append(line)
        head += [self._next_line] if on_top and self.steps else []
        plot = self._plot(report, self.size.height - len(head), len(lines)) if on_top else ()
        notes_of = (headline.headline(report), *(self._in_keys(note) for note in notes.notes(report)))
        return [*head, *plot, *lines, *(line for note in notes_of for line in self._wrapped(note, "dim"))]

    def _in_keys(self, sentence: str) -> str:
        """Name keys where a sentence names options."""
        if "--" not in sentence:
            return sentence
        from lossterm.tui.dialogs.preview_dialog import PreviewDialog  # slow to load: its keys are named

        return with_keys(sentence, self._keys.of(PreviewDialog), f"{self._keys['main.file']}, then ")

    @property
    def _next_line(self) -> Text:
        """As many of the next steps as one line holds."""
        line = f"{NEXT}{self.steps[0]}"
        for step in self.steps[1:]:
            line = longer if cell_len(longer := f"{line} · {step}") <= self._room else line
        return Text(line, overflow="ellipsis")

    def _plot(self, report: Report, height: int, of_table: int) -> Sequence[Text]:
        """Draw the differences if that leaves room for a table; with each seed if all of that has room too."""
        losses = len(report.standings)
        if not self.plotted or height < losses + 1 + BENEATH_PLOT:
            return ()
        from lossterm.figures import forest  # slow, so not before there is something to draw

        drawing = forest.chart(report, self._style, self._room, seeds=height >= 2 * losses + of_table)
        return drawing.lines if drawing else ()

    @property
    def _style(self) -> Style:
        return Style(dark=self.app.current_theme.dark, plain=self.app.no_color)

    @property
    def _room(self) -> int:
        return max(self.size.width - 1, 20)
