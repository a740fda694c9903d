"""The panels that show a session, and the data that each gets."""

from array import array
from collections.abc import Callable, Mapping, Sequence

from lossterm.stress_sweeps.curve import SweepCurve
from lossterm.tui.panels.anatomy_panel import AnatomyPanel
from lossterm.tui.panels.curves_panel import CurvesPanel
from lossterm.tui.panels.predictions_panel import PredictionsPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.sessions_panel import SessionsPanel
from lossterm.tui.panels.stress_panel import StressPanel
from lossterm.tui.panels.view_panel import ViewPanel
from lossterm.tui.screens.main_layout import Name
from lossterm.tui.state.standings import Standings


class SessionViews:
    """Updates the panels; hidden ones skip what takes long to draw."""

    def __init__(
        self,
        scores: ScoresPanel,
        curves: CurvesPanel,
        anatomy: AnatomyPanel,
        predictions: PredictionsPanel,
        sessions: SessionsPanel,
        stress: StressPanel,
    ) -> None:
        self._scores, self._curves, self._anatomy = scores, curves, anatomy
        self._predictions, self._sessions, self._stress = predictions, sessions, stress
        self.panels: Mapping[Name, ViewPanel] = {
            "curves": curves,
            "anatomy": anatomy,
            "predictions": predictions,
            "sessions": sessions,
            "stress": stress,
        }
        """Those of the views but the scores."""

    def show(
        self,
        standings: Standings,
        curves: "dict[int, array[float]]",
        task: str,
        waiting: str,
        seen: ViewPanel,
        sweeps: Callable[[], Sequence[SweepCurve]] = tuple,
    ) -> None:
        """Show the standings of all tasks, and the curves of the chosen one.

        `curves` are the session's by trial; `waiting` is shown if there are none. `seen` is the panel in the middle.
        `sweeps` works out the session's stress sweeps, where they are seen.
        """
        report = standings.of(task)
        self._scores.chosen = task
        self._scores.reports = standings.with_last(task)  # the last stands on top
        self._curves.values = curves
        self._curves.report = report
        if seen is self._anatomy:
            self._anatomy.report = report
        elif seen is self._predictions:
            self._predictions.report = report
        elif seen is self._sessions:
            self._sessions.reread()
        elif seen is self._stress:
            self._stress.curves = tuple(sweeps())
        self._curves.waiting = waiting

    def filter(self, pattern: str) -> None:
        """Show only what matches a pattern."""
        for panel in (self._curves, self._predictions, self._sessions):
            panel.pattern = pattern
