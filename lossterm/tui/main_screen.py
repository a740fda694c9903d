"""The one screen: choose, run, watch, read."""

from collections.abc import Awaitable
from pathlib import Path

from textual import work
from textual.app import ComposeResult
from textual.widgets import Static

from lossterm.comparison import Comparison
from lossterm.config import default_path
from lossterm.errors import LosstermError
from lossterm.report import Report, metrics_of
from lossterm.tasks import TASKS
from lossterm.tui import keymap, keys
from lossterm.tui.curves_panel import CurvesPanel
from lossterm.tui.dialogs import HelpDialog, Leaving, QuitDialog
from lossterm.tui.filter_box import FilterBox
from lossterm.tui.following import DEVICE, Habits
from lossterm.tui.key_bar import KeyBar
from lossterm.tui.loss_panel import LossPanel
from lossterm.tui.memory import Choices, recall
from lossterm.tui.predictions_panel import PredictionsPanel
from lossterm.tui.protocol_field import ProtocolField
from lossterm.tui.scores_panel import ScoresPanel
from lossterm.tui.sessions_panel import SessionsPanel
from lossterm.tui.status_line import StatusLine
from lossterm.tui.task_panel import TaskPanel
from lossterm.tui.view_screen import ViewScreen
from lossterm.view import what_to_do

SMALLEST = (80, 24)
"""Columns and lines below which a sentence stands in for the panels."""


class MainScreen(ViewScreen):
    """Hands panels what is new in the session, and the desk what a person wants."""

    BINDINGS = keys.SCREEN
    AUTO_FOCUS = "#losses"
    PANELS = (
        *(TaskPanel, LossPanel, ProtocolField, ScoresPanel),
        *(CurvesPanel, PredictionsPanel, SessionsPanel, FilterBox),
    )
    """Whose keys the help lists, besides the screen's own."""

    def __init__(self, session: str, store: Path, habits: Habits) -> None:
        super().__init__(session, store, habits)
        self._asking = self._adopted = self._begun = False
        self._chosen_at = 0
        self._reports: tuple[Report, ...] = ()
        self.status = StatusLine(session)

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield Static(id="too-small")
        yield self.stage
        yield FilterBox()
        yield self.status
        yield KeyBar()

    def on_mount(self) -> None:
        """Look at the session as it was looked at the last time, with what was chosen then."""
        how = recall(self.store, self.session)
        self.recall(how)
        self._chosen_at = how.asked
        self.call_after_refresh(self._choose_again, how.choices)
        self._say_what_to_do()
        self._advise()

    def _choose_again(self, choices: Choices | None) -> None:
        """Choose what was chosen before."""
        if choices is None or choices.task not in TASKS or self.losses.touched or self._adopted:
            return
        self.tasks.chosen = choices.task
        self._pass_on()
        self.settings.write(choices.settings, choices.protocol)
        self._pass_on()
        self.losses.restore(choices.turned, choices.varied)
        self._advise()

    def on_resize(self) -> None:
        """Say so where the terminal is too small for the panels."""
        columns, lines = self.app.size
        small = columns < SMALLEST[0] or lines < SMALLEST[1]
        if self.has_class("-too-small") and not small:
            self.call_after_refresh(self.focus_view)  # what is not shown loses the keys
        self.set_class(small, "-too-small")
        self.call_after_refresh(self.grey_out)
        self.query_one("#too-small", Static).update(
            f"{columns}×{lines} is too small: lossterm needs {SMALLEST[0]}×{SMALLEST[1]}.\n"
            "q quits, training goes on.\nEnlarge it, or use `lossterm run`."
        )

    # What is followed

    def noticed(self) -> None:
        """Say at once what the worker does; take up where the session was left, unless a person has begun to choose."""
        self.status.worker = self.view.worker  # rare and short: it need not wait for the budget
        if self._begun and not self.view.asked and not self.leaves:
            self.notify(f"The session {self.session} was deleted or renamed elsewhere; r begins it anew.", markup=False)
        self._begun = bool(self.view.asked)
        if self.view.asked and not (self._adopted or self.losses.touched):
            if self.view.asked[-1].id == self._chosen_at:
                self._adopted = True  # what was chosen after that was remembered
            else:
                self._adopt(self.view.asked[-1].comparison)

    def _adopt(self, comparison: Comparison) -> None:
        """Show the task, losses and settings that were asked for last."""
        self._adopted = True
        self.tasks.chosen = comparison.task
        self.losses.adopt(comparison)
        self.settings.adopt(comparison)
        self._advise()

    def show(self) -> None:
        """Hand the panels what is new, unless the app is being taken down."""
        if not (self.is_attached and self.stage.is_attached and self.scores.is_attached and self.status.is_attached):
            return
        view, status = self.view, self.status
        status.worker, status.progress = view.worker, view.progress()
        self._reports = tuple(view.reports(self.metrics))
        self.show_chosen()
        self._say_what_to_do()
        self.grey_out()

    def show_chosen(self) -> None:
        """Hand the panels what there is of the chosen task."""
        self.show_reports(self._reports)

    @property
    def _report(self) -> Report | None:
        """What was last asked for on the chosen task."""
        task = self.tasks.chosen
        return next((one for one in reversed(self._reports) if one.asked.comparison.task == task), None)

    @work(name="advise", exclusive=True, group="advise")
    async def _advise(self) -> None:
        """Show the advice on the chosen task."""
        self.scores.advice, self.losses.advised = "", ()
        if advice := await self.habits.advisor.on(self.tasks.chosen):
            self.scores.advice, self.losses.advised = advice.sentence, advice.losses

    def _say_what_to_do(self) -> None:
        self.curves.waiting = what_to_do(self.view, self.tasks.chosen)

    # What a person chooses

    def _pass_on(self) -> None:
        """Tell the panels what was chosen."""
        self.losses.task_key = self.settings.task_key = self.tasks.chosen
        self.settings.follow_protocol()
        self.losses.protocol = self.settings.protocol
        self.on_loss_panel_ticked()

    def on_task_panel_chosen(self, event: TaskPanel.Chosen) -> None:
        """Show the losses, the defaults and the curves of another task."""
        self._adopted = True  # what another terminal asks for no longer moves what was chosen here
        self._pass_on()
        self.remember()
        self._advise()
        self.show_chosen()
        self._say_what_to_do()
        self.grey_out()

    def on_protocol_field_chosen(self, event: ProtocolField.Chosen) -> None:
        """Show the losses that fit under another protocol."""
        self._pass_on()

    def on_loss_panel_ticked(self) -> None:
        """With nothing ticked there is nothing to run; the anatomy is that of what is ticked."""
        self.anatomy.protocol, self.anatomy.ticked = self.losses.protocol, self.losses.set_up
        self.grey_out()

    def on_loss_panel_pointed(self, event: LossPanel.Pointed) -> None:
        """The loss under the cursor is the one that is pinned or hidden."""
        self.curves.selected = event.loss

    def can(self, action: str) -> bool:
        """Whether an action has something to do."""
        can = {
            "run": bool(self.losses.ticked) and not self._asking,
            "stop": self.view.training,
            "rank_by": self._report is not None,
            "settle": self._settling() is not None and not self._asking,
        }
        return can[action] if action in can else super().can(action)

    # What is trained

    def action_run(self) -> None:
        """Train the ticked losses on the chosen task."""
        self._pass_on()  # a choice that came in one burst with this key may still be on its way here
        if not self.losses.ticked:
            return  # the last that was ticked does not fit what was chosen in the same burst of keys
        try:
            self.losses.reread()
            comparison = self.settings.comparison(self.losses.ticked, self.losses.own)
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._begin(comparison)

    def _begin(self, comparison: Comparison) -> None:
        self._asking = True
        self._adopted = True
        self.grey_out()
        self._write(self.desk.ask(comparison))

    def _settling(self) -> Comparison | None:
        """Return what would settle the ties on the chosen task, once the view has seen what was last asked for."""
        if self.desk.last_asked and all(asked.id != self.desk.last_asked for asked in self.view.asked):
            return None
        settling = self._report.settling if self._report else None
        return settling if settling and settling.device == DEVICE else None  # another device has another worker

    def action_settle(self) -> None:
        """Add as many seeds as would settle the ties; what is trained already is not trained again."""
        if comparison := self._settling():
            self.settings.ask_for_seeds(comparison.seeds)
            self.notify(
                f"Training up to {comparison.seeds} seeds. Press s to stop; what is there is kept.", markup=False
            )
            self._begin(comparison)

    def action_stop(self) -> None:
        """Stop all trainings of the session."""
        self._write(self.desk.stop())

    @work(name="write")
    async def _write(self, writing: Awaitable[str | None]) -> None:
        """Wait for the desk to have written, and show what it has to say."""
        try:
            if words := await writing:
                self.notify(words, markup=False)
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)
        finally:
            self._asking = False
            if self.is_attached:
                self.grey_out()

    def action_rank_by(self) -> None:
        """Rank the chosen task's losses by the next metric."""
        if report := self._report:
            comparison = report.asked.comparison
            metrics = [metric.key for metric in metrics_of(comparison)]
            self.metrics[comparison.task] = metrics[(metrics.index(comparison.metric) + 1) % len(metrics)]
            self.show()
            self.remember()

    def action_help(self) -> None:
        """List the keys of the screen and its panels."""
        found = keymap.told((type(self), *self.PANELS), self.habits.keys)
        self.app.push_screen(HelpDialog(found, str(default_path())))

    @work(name="leave", exclusive=True, group="leave")
    async def action_leave(self) -> None:
        """Leave; ask first what becomes of a training. The store is asked, since the view may be a moment behind."""
        leaving: Leaving = "leave"
        await self.up()
        try:
            await self.desk.remember(self.remembered)
            if await self.desk.waiting():
                leaving = await self.app.push_screen_wait(QuitDialog())
            if leaving == "stop":
                await self.desk.stop()
        except LosstermError as error:
            self.app.exit(return_code=error.exit_code, message=f"lossterm: {error}")
            return
        if leaving != "stay":
            self.app.exit()
