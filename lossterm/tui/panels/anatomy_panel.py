"""The view of what the ticked losses look like, and of what the models that they trained do."""

from textual.app import ComposeResult
from textual.reactive import var

from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL
from lossterm.losses import Loss, explanation
from lossterm.reports.report import Report
from lossterm.store import Anatomy
from lossterm.tui.panels.view_panel import ViewPanel
from lossterm.tui.widgets.changing_lines import ChangingLines

WIDE = 88
"""Width from which there is room to say what the level axis is."""


class AnatomyPanel(ViewPanel):
    """Loss and slope of what is ticked; beneath them the rows of the models."""

    report: var[Report | None] = var(None, init=False, always_update=True)
    """The comparison whose models are shown, None before anything was asked for."""
    ticked: var[tuple[Loss, ...]] = var((), init=False)
    """The losses that are drawn, as the protocol sets them up: trained or not, their shape is known."""
    protocol: var[str] = var(DEFAULT_PROTOCOL, init=False)
    """Key of the protocol that they are set up for; models of another are not shown with them."""

    def __init__(self) -> None:
        super().__init__(id="anatomy")
        self._drawn: object = None
        self.chart = ChangingLines(id="chart-anatomy")

    def compose(self) -> ComposeResult:
        """Lay out the one chart."""
        yield self.chart

    def on_mount(self) -> None:
        """Draw, and follow the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.paint())
        self.call_after_refresh(self.paint)

    def on_changing_lines_resized(self) -> None:
        """Draw in the new size."""
        self.paint()

    def watch_ticked(self) -> None:
        """Draw other losses, or other models."""
        self.paint()

    watch_report = watch_ticked

    def paint(self) -> None:
        """Draw if anything is different: each look at the store comes by here, and few bring anything new."""
        if not self.seen:
            return
        from lossterm.figures import anatomy  # slow, so not before there is something to draw

        known, models = anatomy.drawable(self.ticked), self._models()
        axis = explanation.axis(known) if self.size.width >= WIDE else ""
        self.entitle("Anatomy: loss and slope", axis or ("bars: training rows of the models" if models else ""))
        drawn = known, models, self.chart.size, self.dark
        if drawn != self._drawn:
            self._drawn = drawn
            width, height = self.chart.size
            self.chart.show(anatomy.chart(known, models, width, height, dark=self.dark).lines)

    def _models(self) -> dict[str, list[Anatomy]]:
        """Return what the judged models of the losses that are drawn do on their training rows."""
        rows = self.report.judged() if self.report and self.report.asked.comparison.protocol == self.protocol else []
        keys = {loss.key for loss in self.ticked}
        found: dict[str, list[Anatomy]] = {}
        for row in rows:
            if row.anatomy and row.trial.loss in keys:
                found.setdefault(row.trial.loss, []).append(row.anatomy)
        return found
