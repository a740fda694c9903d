"""The panels that show a session, and what each of them is handed."""

from array import array
from collections.abc import Mapping

from lossterm.tui.panels.anatomy_panel import AnatomyPanel
from lossterm.tui.panels.curves_panel import CurvesPanel
from lossterm.tui.panels.predictions_panel import PredictionsPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.sessions_panel import SessionsPanel
from lossterm.tui.panels.view_panel import ViewPanel
from lossterm.tui.screens.main_layout import Name
from lossterm.tui.state.standings import Standings


class SessionViews:
    """Hands the panels what is new; one that is not seen is spared what takes long to draw."""

    def __init__(
        self,
        scores: ScoresPanel,
        curves: CurvesPanel,
        anatomy: AnatomyPanel,
        predictions: PredictionsPanel,
        sessions: SessionsPanel,
    ) -> None:
        self._scores, self._curves, self._anatomy = scores, curves, anatomy
        self._predictions, self._sessions = predictions, sessions
        self.panels: Mapping[Name, ViewPanel] = {
            "curves": curves,
            "anatomy": anatomy,
            "predictions": predictions,
            "sessions": sessions,
        }
        """Those of the views but the scores."""

    def show(
        self, standings: Standings, curves: "dict[int, array[float]]", task: str, waiting: str, seen: ViewPanel
    ) -> None:
        """Show the standings of all tasks, and what there is of the chosen one.

        `curves` are the session's by trial; `waiting` is said where there are none. `seen` is the panel in the middle.
        """
        report = standings.of(task)
        self._scores.reports = standings.with_last(task)  # the last stands on top
        self._curves.values = curves
        self._curves.report = report
        if seen is self._anatomy:
            self._anatomy.report = report
        elif seen is self._predictions:
            self._predictions.report = report
        elif seen is self._sessions:
            self._sessions.reread()
        self._curves.waiting = waiting

    def filter(self, pattern: str) -> None:
        """Show only what matches a pattern."""
        for panel in (self._curves, self._predictions, self._sessions):
            panel.pattern = pattern
