"""The one screen: choose, run, watch, read."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from textual import work
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen

from lossterm.comparison.comparison import Comparison
from lossterm.data import FileRequest
from lossterm.errors import LosstermError
from lossterm.following.session_state import SessionState, what_to_do
from lossterm.home.paths import configuration_path
from lossterm.reports.report import Report
from lossterm.store import Store
from lossterm.tui.background.session_follower import DEVICE, SessionFollower
from lossterm.tui.background.store_jobs import StoreJobs
from lossterm.tui.background.view_memory import ViewMemory
from lossterm.tui.dialogs import HelpDialog
from lossterm.tui.panels.anatomy_panel import AnatomyPanel
from lossterm.tui.panels.choices_panel import ChoicesPanel
from lossterm.tui.panels.curves_panel import CurvesPanel
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.predictions_panel import PredictionsPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.sessions_panel import SessionsPanel
from lossterm.tui.panels.settings_panel import SettingsPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.screens import key_bindings, keymap
from lossterm.tui.screens.main_layout import VIEWS, MainLayout, Name
from lossterm.tui.screens.session_actions import SessionActions
from lossterm.tui.screens.session_views import SessionViews
from lossterm.tui.state.app_settings import AppSettings
from lossterm.tui.state.remembered_views import Remembered, recall
from lossterm.tui.state.standings import Standings
from lossterm.tui.terminal.redraw_budget import RedrawPace
from lossterm.tui.widgets.filter_box import FilterBox
from lossterm.tui.widgets.key_bar import KeyBar
from lossterm.tui.widgets.protocol_field import ProtocolField
from lossterm.tui.widgets.size_notice import SizeNotice
from lossterm.tui.widgets.status_line import StatusLine

BEGIN = """Tick losses with {loss.tick},
then press {main.run} to train them.
{main.file} brings a table of your own."""
"""How a person begins."""

GONE = "was deleted or renamed elsewhere; {main.run} begins it anew."
SETTLING = "Press {main.stop} to stop; what is there is kept."


class MainScreen(Screen[None]):
    """Puts the parts together that show one session: each hears here what another has to say.

    `following` knows the session, `standings` how its losses stand, `choices` what a person wants, `stage` which view
    is seen, `views` what is shown in it, `memory` how it was looked at; `actions` does what is asked for.
    """

    BINDINGS = key_bindings.SCREEN
    AUTO_FOCUS = "#losses"
    PANELS = (
        *(TaskPanel, LossPanel, ProtocolField, ScoresPanel),
        *(CurvesPanel, PredictionsPanel, SessionsPanel, FilterBox),
    )
    """Whose keys the help lists, besides the screen's own."""

    class Opened(Message):
        """Another session is to be shown in place of this one."""

        def __init__(self, session: str) -> None:
            super().__init__()
            self.session = session

    def __init__(self, session: str, store: Path, habits: AppSettings, table: FileRequest | None = None) -> None:
        """`table` is one of one's own to train on."""
        super().__init__()
        self.session, self.habits, keys = session, habits, habits.keys
        self.store = Store(store)
        self.jobs = StoreJobs(self.store, session)
        self.following = SessionFollower(self.store, session, habits.workers, habits.clock)
        self.memory = ViewMemory(self.jobs, lambda: self.remembered)
        self.actions = SessionActions(self, self.jobs, self.store.path, session, keys)
        self.tasks, self.losses, self.settings = TaskPanel(), LossPanel(keys, habits.own), SettingsPanel(keys)
        self.choices = ChoicesPanel(self.tasks, self.losses, self.settings, habits)
        self.scores, self.curves, self.anatomy = ScoresPanel(), CurvesPanel(keys), AnatomyPanel()
        self.predictions, self.sessions = PredictionsPanel(self.jobs, keys), SessionsPanel(self.jobs, session, keys)
        self.curves.bands = habits.bands
        self.views = SessionViews(self.scores, self.curves, self.anatomy, self.predictions, self.sessions)
        self.stage = MainLayout(self.choices, self.views.panels, self.scores)
        self.filter, self.status = FilterBox(), StatusLine(session)
        self.standings = Standings()
        self._table = table
        self._conditions: Mapping[str, Callable[[], bool]] = {
            "run": lambda: bool(self.losses.ticked) and not self.actions.asking,
            "stop": lambda: self.view.training,
            "settle": lambda: self._settling is not None and not self.actions.asking,
            "rank_by": lambda: self._report is not None,
            "export": lambda: bool(self.view.asked),
        }
        self._possible: dict[str, bool] = {}
        self._begun = False  # whether anything was asked for when the session was last looked at
        self._chosen_at = 0  # the comparison that was the last when what is chosen was remembered
        self._leaves = False  # whether another session is about to take this one's place
        self._pace = RedrawPace(habits.budget, self.show, self.set_timer, habits.written, lambda: self.app.size.area)

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        yield SizeNotice(self.habits.keys)
        yield self.stage
        yield self.status
        yield KeyBar({"view.curves": self.habits.keys.span(*(f"view.{view}" for view in VIEWS))})

    def on_mount(self) -> None:
        """Look at the session as it was looked at the last time, with what was chosen then, and follow it."""
        how = recall(self.store, self.session)
        self._recall(how)
        self._chosen_at = how.asked
        self.call_after_refresh(self.choices.choose_again, how.choices)
        self._show_chosen()
        if self._table:
            self.call_after_refresh(self.choices.bring, self._table)
        if self.store.network:
            kind = self.store.network
            self.notify(f"The store lies on a network file system ({kind}), which makes it slower.", markup=False)
        self.following.follow(self)

    def on_unmount(self) -> None:
        """Let go of the store."""
        self._pace.stop()
        self.store.close()

    async def up(self) -> None:
        """Wait until every panel is mounted: while one is being mounted on another, none may be taken down."""
        while not (self.is_mounted and all(panel.is_mounted for panel in self.query("*"))):
            await asyncio.sleep(0.02)

    def on_resize(self) -> None:
        """Say so where the terminal is too small for the panels."""
        small = self.query_one(SizeNotice).say(self.app.size)
        if self.has_class("-too-small") and not small:
            self.call_after_refresh(self.stage.focus_view)  # what is not shown loses the keys
        self.set_class(small, "-too-small")
        self.call_after_refresh(self.grey_out)

    # What is followed

    @property
    def view(self) -> SessionState:
        """What is known of the session."""
        return self.following.state

    def on_session_follower_changed(self) -> None:
        """Take note at once, and have it painted as soon as the budget allows."""
        if self.is_attached:
            self._take_note()
            self._pace.ask()

    def _take_note(self) -> None:
        """Say at once what the worker does; take up where the session was left, unless a person has begun to choose."""
        self.status.worker = self.view.worker  # rare and short: it need not wait for the budget
        if self._begun and not self.view.asked and not self._leaves:
            self.notify(f"The session {self.session} {self.habits.keys.told(GONE)}", markup=False)
        self._begun = bool(self.view.asked)
        self.tasks.know(one.comparison.data for one in self.view.asked if one.comparison.data)
        for task in self.view.unknown:
            self.choices.tell_unknown(task)
        last = self.view.asked[-1] if self.view.asked else None
        if last and self.choices.untouched and last.id != self._chosen_at:  # else what was chosen since is remembered
            self.choices.adopt(last.comparison)

    def on_session_follower_ended(self, event: SessionFollower.Ended) -> None:
        """Leave, and say why in the shell."""
        self.app.exit(return_code=event.error.exit_code, message=f"lossterm: {event.error}")

    def on_session_follower_worker_restarted(self, event: SessionFollower.WorkerRestarted) -> None:
        """Say why the training pauses."""
        self.notify(event.words, severity="warning", timeout=30, markup=False)

    def on_session_follower_worker_lost(self, event: SessionFollower.WorkerLost) -> None:
        """Say that nothing will be trained."""
        title = "The worker does not start"
        self.notify(str(event.error), title=title, severity="error", timeout=60, markup=False)

    # What is shown of it

    def show(self) -> None:
        """Hand the panels what is new; once they are there, and unless the app is being taken down."""
        if not (self.stage.is_attached and self.scores.is_attached and self.status.is_attached):
            self._pace.ask()
            return
        self.status.worker, self.status.progress = self.view.worker, self.view.progress()
        self.standings.work_out(self.view)
        self._show_chosen()
        self.grey_out()

    def _show_chosen(self) -> None:
        """Hand the panels what there is of the chosen task."""
        task = self.tasks.chosen.key
        waiting = what_to_do(self.view, task, self.habits.keys.told(BEGIN))
        self.views.show(self.standings, self.view.curves, task, waiting=waiting, seen=self.stage.panel)

    @property
    def _report(self) -> Report | None:
        """How what was last asked for on the chosen task stands."""
        return self.standings.of(self.tasks.chosen.key)

    # What is chosen

    def on_task_panel_chosen(self) -> None:
        """Show the standings and the curves of another task."""
        self._follow_choices()
        self._remember()
        self._show_chosen()

    def on_loss_panel_ticked(self) -> None:
        """Show the anatomy of other losses."""
        self._follow_choices()

    def on_protocol_field_chosen(self) -> None:
        """Show the anatomy of the losses as another protocol sets them up."""
        self._follow_choices()

    def _follow_choices(self) -> None:
        """With nothing ticked there is nothing to run; the anatomy is that of what is ticked."""
        self.anatomy.protocol, self.anatomy.ticked = self.losses.protocol, self.losses.set_up
        self.grey_out()

    def on_loss_panel_pointed(self, event: LossPanel.Pointed) -> None:
        """The loss under the cursor is the one that is pinned or hidden."""
        self.curves.selected = event.loss

    def on_choices_panel_advised(self, event: ChoicesPanel.Advised) -> None:
        """Show the advice beneath the scores."""
        self.scores.advice = event.sentence

    def on_choices_panel_rebuilt(self) -> None:
        """Keep what was chosen."""
        self._remember()

    def action_file(self) -> None:
        """Ask for a table of one's own."""
        self.choices.bring(None)

    def action_network(self) -> None:
        """Ask for another network."""
        self.choices.ask_for_network()

    # What can be done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what cannot be done now."""
        if not (self.is_mounted and self.stage.is_mounted):
            return True
        return self.can(f"{action}({', '.join(map(repr, parameters))})" if parameters else action) or None

    def can(self, action: str) -> bool:
        """Whether an action, as a binding writes it, has something to do."""
        if action.startswith("panel("):
            return self.stage.can(action.removeprefix("panel('").removesuffix("')"))
        return action not in self._conditions or self._conditions[action]()

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
    on_session_actions_done = on_main_layout_arranged

    # What is trained

    def on_session_actions_began(self) -> None:
        """What is asked for is what is chosen."""
        self.choices.adopted = True
        self.grey_out()

    def action_run(self) -> None:
        """Train the ticked losses on the chosen task."""
        try:
            comparison = self.choices.comparison()
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        if comparison:
            self.actions.ask(comparison)

    def action_stop(self) -> None:
        """Stop all trainings of the session."""
        self.actions.stop()

    @property
    def _settling(self) -> Comparison | None:
        """What would settle the ties on the chosen task, once the view has seen what was last asked for."""
        last = self.jobs.last_asked
        seen = not last or any(asked.id == last for asked in self.view.asked)
        return self.standings.settling(self.tasks.chosen.key, DEVICE) if seen else None

    def action_settle(self) -> None:
        """Add as many seeds as would settle the ties; what is trained already is not trained again."""
        if comparison := self._settling:
            self.settings.ask_for_seeds(comparison.seeds)
            self.notify(f"Training up to {comparison.seeds} seeds. {self.habits.keys.told(SETTLING)}", markup=False)
            self.actions.ask(comparison)

    def action_rank_by(self) -> None:
        """Rank the chosen task's losses by the next metric."""
        if report := self._report:
            self.standings.rank_by_next(report.asked.comparison)
            self.show()
            self._remember()

    def action_export(self) -> None:
        """Ask for a format and a path, and write the session."""
        if not self.view.asked:
            return  # deleted elsewhere while this key came
        task = self._report.asked.comparison.task if self._report else self.view.asked[-1].comparison.task
        self.actions.ask_for_export(task, self.curves.named if self.curves.picked else None)

    # Going from view to view

    def on_curves_panel_looked(self) -> None:
        """Keep how the curves are looked at; another look can do other things."""
        self.grey_out()
        self._remember()

    def on_filter_box_filtered(self, event: FilterBox.Filtered) -> None:
        """Show only what matches."""
        self.losses.pattern = event.pattern
        self.views.filter(event.pattern)

    def on_filter_box_left(self) -> None:
        """Give the keys back to the view."""
        self.stage.focus_view()

    async def action_filter(self) -> None:
        """Ask for a pattern."""
        if not self.filter.is_attached:
            await self.mount(self.filter, after=self.stage)
        self.filter.ask()

    def action_panel(self, action: str) -> None:
        """Have the view's panel do something."""
        self.stage.act(action)
        self.grey_out()
        self._remember()

    async def action_show(self, view: Name) -> None:
        """Show a view by its key."""
        self.stage.show(view, full=True)
        await self.stage.settled()
        self._show_chosen()
        self.stage.focus_view()
        self._remember()

    def action_turn(self, part: str) -> None:
        """Show or hide the choices or the scores."""
        self.stage.turn("choices" if part == "choices" else "scores")

    def action_out(self) -> None:
        """Go one layer out: of the filter, or of what is seen."""
        if self.filter.display:
            self.filter.drop()
        else:
            self.stage.out()
        self.grey_out()
        self._remember()

    # How it is looked at

    def _recall(self, how: Remembered) -> None:
        """Look at the session as it was looked at before."""
        self.standings.metrics.update(how.metrics)
        self.curves.look, self.curves.shown = how.look, how.chart
        self.stage.show(how.view, full=how.full)
        if how.full:  # at home the losses have the keys, unless a person has moved on already
            self.call_after_refresh(self._settle)
        self.memory.kept = how

    async def _settle(self) -> None:
        await self.stage.settled()
        self.stage.focus_view()

    @property
    def remembered(self) -> Remembered:
        """How the session is looked at."""
        return Remembered(
            asked=self.view.asked[-1].id if self.view.asked else 0,
            choices=self.choices.chosen,
            view=self.stage.view,
            full=self.stage.full,
            chart=self.curves.shown,
            look=self.curves.look,
            metrics=self.standings.metrics,
        )

    def _remember(self) -> None:
        self.memory.remember(self)

    # Leaving

    def on_sessions_panel_open(self, event: SessionsPanel.Open) -> None:
        """Have another session opened in place of this one."""
        self._leaves = True
        self._open(event.name)

    @work(name="open", exclusive=True, group="open")
    async def _open(self, name: str) -> None:
        """Keep how this session is looked at, then let the other take its place."""
        await self.up()
        if name != self.session:  # else it was deleted just now
            await self.memory.remember_now()
        self.post_message(self.Opened(name))

    def action_help(self) -> None:
        """List the keys of the screen and its panels."""
        keys = self.habits.keys
        every = keymap.told((type(self), *self.PANELS), keys.remapped)
        self.app.push_screen(HelpDialog(every, str(configuration_path()), keys))

    @work(name="leave", exclusive=True, group="leave")
    async def action_leave(self) -> None:
        """Leave; ask first what becomes of a training."""
        await self.up()
        await self.actions.leave(self.memory.remember_now)
