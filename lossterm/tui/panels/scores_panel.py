"""The table of all losses in the session, one part for each set of comparable comparisons."""

from textwrap import wrap

from rich.text import Text
from textual.binding import Binding
from textual.reactive import var

from lossterm.charts.loss_colours import colour_of, colour_text
from lossterm.reports import headline, notes, table, verdict
from lossterm.reports.report import Report
from lossterm.tui.widgets.changing_lines import ChangingLines

GAP = 2


class ScoresPanel(ChangingLines, can_focus=True):
    """Standings, best first; the comparison asked for last stands on top."""

    PLACE = "in the scores"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("j", "scroll_down", "Down", show=False, id="scores.down"),
        Binding("k", "scroll_up", "Up", show=False, id="scores.up"),
    ]

    reports: var[tuple[Report, ...]] = var((), init=False)
    """What is shown."""

    advice: var[str] = var("", init=False)
    """What is advised for the chosen task, in a sentence."""

    def __init__(self) -> None:
        super().__init__(id="scores")
        self.border_title = "Scores"

    def on_mount(self) -> None:
        """Say what will be here, and follow the theme."""
        self.paint()
        self.app.theme_changed_signal.subscribe(self, lambda _: self.paint())

    def on_resize(self) -> None:
        """Fit the columns to the new width."""
        self.paint()

    def watch_reports(self) -> None:
        """Show other standings."""
        self.paint()

    def watch_advice(self) -> None:
        """Show other advice."""
        self.paint()

    def paint(self) -> None:
        """Write all tables, the advice under the one on top."""
        advice = [Text(line, "dim") for line in wrap(self.advice, self._room, subsequent_indent="  ")]
        if not self.reports:
            self.show([Text("No scores yet: they appear as trainings end.", "dim"), *advice])
            return
        lines: list[Text] = []
        for place, report in enumerate(reversed(self.reports)):
            lines += [*([Text()] if lines else []), *self._table(report), *([] if place else advice)]
        self.show(lines)

    def _table(self, report: Report) -> list[Text]:
        columns, _ = table.fit_to(report, self._room, between=GAP)
        lines = [Text(line, "bold") for line in wrap(verdict.short_verdict(report), self._room, subsequent_indent="  ")]
        heads = (column.padded(column.head) for column in columns)
        lines.append(Text((" " * GAP).join(heads), "dim"))
        for place, standing in enumerate(report.standings):
            line = Text()
            for column in columns:
                style = ""
                if column.head == "loss":
                    style = colour_text(colour_of(standing.loss, dark=self.app.current_theme.dark))
                line.append(" " * GAP if line else "")
                line.append(column.padded(column.values[place]), style)
            lines.append(line)
        for note in (headline.headline(report), *notes.notes(report)):
            lines += [Text(line, "dim") for line in wrap(note, self._room, subsequent_indent="  ")]
        return lines

    @property
    def _room(self) -> int:
        return max(self.size.width - 1, 20)
