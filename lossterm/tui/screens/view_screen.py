"""A screen that shows a session in several views, of which one or two are seen at a time."""

import asyncio
from pathlib import Path

from textual import work
from textual.message import Message

from lossterm.reports.report import Report
from lossterm.tui.panels.anatomy_panel import AnatomyPanel
from lossterm.tui.panels.curves_panel import CurvesPanel
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.predictions_panel import PredictionsPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.sessions_panel import SessionsPanel
from lossterm.tui.panels.settings_panel import SettingsPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.screens import key_bindings
from lossterm.tui.screens.main_layout import MainLayout, Name
from lossterm.tui.screens.session_screen import AppSettings, SessionScreen
from lossterm.tui.state.remembered_views import Choices, Remembered
from lossterm.tui.widgets.filter_box import FilterBox

REMEMBER_SECONDS = 1.0
"""Time from a change of the view to its being kept: what is held down changes it often."""


class ViewScreen(SessionScreen):
    """Holds the panels and the stage that they stand on; goes from view to view, and remembers how they were."""

    class Opened(Message):
        """Another session is to be shown in place of this one."""

        def __init__(self, session: str) -> None:
            super().__init__()
            self.session = session

    def __init__(self, session: str, store: Path, habits: AppSettings) -> None:
        super().__init__(session, store, habits)
        keys = habits.keys
        self.tasks, self.losses, self.settings = TaskPanel(), LossPanel(keys, habits.own), SettingsPanel(keys)
        self.scores, self.curves, self.anatomy = ScoresPanel(), CurvesPanel(keys), AnatomyPanel()
        self.predictions, self.sessions = PredictionsPanel(self.desk, keys), SessionsPanel(self.desk, session, keys)
        self.curves.bands = habits.bands
        self.stage = MainLayout(
            (self.tasks, self.losses, self.settings),
            {
                "curves": self.curves,
                "anatomy": self.anatomy,
                "predictions": self.predictions,
                "sessions": self.sessions,
            },
            self.scores,
        )
        self.metrics: dict[str, str] = {}
        self._possible: dict[str, bool] = {}
        self._kept: Remembered | None = None
        self.leaves = False  # whether another session is about to take this one's place
        self.filter = FilterBox()

    def show_reports(self, reports: tuple[Report, ...]) -> None:
        """Hand the panels that are seen the standings of all tasks, and the curves of the chosen one."""
        task = self.tasks.chosen.key
        # The last stands on top: the chosen task's before the others'.
        self.scores.reports = tuple(sorted(reports, key=lambda report: report.asked.comparison.task == task))
        report = next((one for one in reversed(reports) if one.asked.comparison.task == task), None)
        self.curves.values = self.view.curves
        self.curves.report = report
        if self.stage.panel is self.anatomy:
            self.anatomy.report = report
        elif self.stage.panel is self.predictions:
            self.predictions.report = report
        elif self.stage.panel is self.sessions:
            self.sessions.reread()

    def show_chosen(self) -> None:
        """Hand the panels what there is of the chosen task."""

    # What can be done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what cannot be done now."""
        if not (self.is_mounted and self.stage.is_mounted):
            return True
        return self.can(f"{action}({', '.join(map(repr, parameters))})" if parameters else action) or None

    def can(self, action: str) -> bool:
        """Whether an action, as a binding writes it, has something to do."""
        if action.startswith("panel("):
            return not self.stage.scores_alone and self.stage.panel.can(
                action.removeprefix("panel('").removesuffix("')")
            )
        return True

    def grey_out(self) -> None:
        """Have the keys drawn anew if what can be done has changed."""
        possible = {action: self.can(action) for action in key_bindings.ACTIONS}
        if possible != self._possible:
            self._possible = possible
            self.refresh_bindings()

    def on_main_layout_arranged(self) -> None:
        """What can be done depends on what is shown."""
        self.grey_out()

    on_view_panel_changed = on_main_layout_arranged

    def on_curves_panel_looked(self) -> None:
        """Keep how the curves are looked at; another look can do other things."""
        self.grey_out()
        self.remember()

    # Going from view to view

    def on_filter_box_filtered(self, event: FilterBox.Filtered) -> None:
        """Show only what matches."""
        for panel in (self.losses, self.curves, self.predictions, self.sessions):
            panel.pattern = event.pattern

    def on_filter_box_left(self) -> None:
        """Give the keys back to the view."""
        self.focus_view()

    def on_sessions_panel_open(self, event: SessionsPanel.Open) -> None:
        """Have another session opened in place of this one."""
        self.leaves = True
        self._open(event.name)

    @work(name="open", exclusive=True, group="open")
    async def _open(self, name: str) -> None:
        """Keep how this session is looked at, then let the other take its place."""
        await self.up()
        if name != self.session:  # else it was deleted just now
            await self.desk.remember(self.remembered)
        self.post_message(self.Opened(name))

    def action_panel(self, action: str) -> None:
        """Have the view's panel do something."""
        getattr(self.stage.panel, f"action_{action}")()
        self.grey_out()
        self.remember()

    async def action_show(self, view: Name) -> None:
        """Show a view by its key."""
        self.stage.show(view, full=True)
        await self.stage.settled()
        self.show_chosen()
        self.focus_view()
        self.remember()

    def action_turn(self, part: str) -> None:
        """Show or hide the choices or the scores."""
        self.stage.turn("choices" if part == "choices" else "scores")

    def action_out(self) -> None:
        """Go one layer out: of the filter, of the zoom, of a view that has the room to itself, of the view."""
        if self.filter.display:
            self.filter.drop()
        elif self.stage.scores_alone or not self.stage.panel.action_out():
            stays = self.stage.full and self.stage.view not in ("scores", "sessions")
            self.stage.show(self.stage.view if stays else "curves", full=False)
            self.losses.focus()
        self.grey_out()
        self.remember()

    async def action_filter(self) -> None:
        """Ask for a pattern."""
        if not self.filter.is_attached:
            await self.mount(self.filter, after=self.stage)
        self.filter.ask()

    def focus_view(self) -> None:
        """Give the keys to what is seen."""
        if not self.stage.full:
            self.losses.focus()
        elif self.stage.view == "scores":
            self.scores.focus()
        elif self.stage.view == "sessions":
            self.sessions.focus_list()
        else:
            self.stage.panel.focus()

    # What is remembered

    def recall(self, how: Remembered) -> None:
        """Look at the session as it was looked at before."""
        self.metrics.update(how.metrics)
        self.curves.look, self.curves.shown = how.look, how.chart
        self.stage.show(how.view, full=how.full)
        if how.full:  # at home the losses have the keys, unless a person has moved on already
            self.call_after_refresh(self._settle)
        self._kept = how

    async def _settle(self) -> None:
        await self.stage.settled()
        self.focus_view()

    @property
    def remembered(self) -> Remembered:
        """How the session is looked at."""
        return Remembered(
            asked=self.view.asked[-1].id if self.view.asked else 0,
            choices=Choices(
                task=self.tasks.chosen.key,
                data=self.tasks.table,
                protocol=self.settings.protocol,
                settings=self.settings.written,
                network=self.settings.network,
                turned=self.losses.turned,
                varied=self.losses.varied,
            ),
            view=self.stage.view,
            full=self.stage.full,
            chart=self.curves.shown,
            look=self.curves.look,
            metrics=self.metrics,
        )

    @work(name="remember", exclusive=True, group="remember")
    async def remember(self) -> None:
        """Keep how the session is looked at, once it has been looked at so for a moment."""
        await asyncio.sleep(REMEMBER_SECONDS)
        if self.remembered != self._kept:
            self._kept = self.remembered
            await self.desk.remember(self._kept)
