"""The one screen: choose, run, watch, read."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec
from textual import work
from textual.app import ComposeResult
from textual.widgets import Static

from lossterm.comparison.comparison import MANY, Comparison
from lossterm.data import FileRequest
from lossterm.errors import LosstermError
from lossterm.following.session_state import what_to_do
from lossterm.home.configuration import configuration_path
from lossterm.reports.report import Report, metrics_of
from lossterm.tui.background.directory_listing import apart
from lossterm.tui.background.exporter import Wanted, export, is_there
from lossterm.tui.dialogs import ConfirmDialog, HelpDialog, Leaving, QuitDialog
from lossterm.tui.panels.curves_panel import CurvesPanel
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.predictions_panel import PredictionsPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.sessions_panel import SessionsPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.screens import key_bindings, keymap
from lossterm.tui.screens.choosing_screen import ChoosingScreen
from lossterm.tui.screens.main_layout import VIEWS
from lossterm.tui.screens.session_screen import DEVICE, AppSettings
from lossterm.tui.state.remembered_views import recall
from lossterm.tui.widgets.filter_box import FilterBox
from lossterm.tui.widgets.key_bar import KeyBar
from lossterm.tui.widgets.protocol_field import ProtocolField
from lossterm.tui.widgets.status_line import StatusLine

SMALLEST = (80, 24)
"""Columns and lines below which a sentence stands in for the panels."""

BEGIN = """Tick losses with {loss.tick},
then press {main.run} to train them.
{main.file} brings a table of your own."""
"""How a person begins."""

GONE = "was deleted or renamed elsewhere; {main.run} begins it anew."
SETTLING = "Press {main.stop} to stop; what is there is kept."
SMALL = """{main.quit} quits, training goes on.
Enlarge it, or use `lossterm run`."""


class MainScreen(ChoosingScreen):
    """Hands panels what is new in the session, and the desk what a person wants."""

    BINDINGS = key_bindings.SCREEN
    AUTO_FOCUS = "#losses"
    PANELS = (
        *(TaskPanel, LossPanel, ProtocolField, ScoresPanel),
        *(CurvesPanel, PredictionsPanel, SessionsPanel, FilterBox),
    )
    """Whose keys the help lists, besides the screen's own."""

    def __init__(self, session: str, store: Path, habits: AppSettings, table: FileRequest | None = None) -> None:
        """`table` is one of one's own to train on."""
        super().__init__(session, store, habits)
        self._asking = self._begun = False
        self._table = table
        self._chosen_at = 0
        self._reports: tuple[Report, ...] = ()
        self.status = StatusLine(session)

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield Static(id="too-small")
        yield self.stage
        yield self.status
        yield KeyBar({"view.curves": self.habits.keys.span(*(f"view.{view}" for view in VIEWS))})

    def on_mount(self) -> None:
        """Look at the session as it was looked at the last time, with what was chosen then."""
        how = recall(self.store, self.session)
        self.recall(how)
        self._chosen_at = how.asked
        self.call_after_refresh(self.choose_again, how.choices)
        self._say_what_to_do()
        self.advise()
        if self._table:
            self.call_after_refresh(self.bring, self._table)

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
            f"{self.habits.keys.told(SMALL)}"
        )

    # What is followed

    def noticed(self) -> None:
        """Say at once what the worker does; take up where the session was left, unless a person has begun to choose."""
        self.status.worker = self.view.worker  # rare and short: it need not wait for the budget
        if self._begun and not self.view.asked and not self.leaves:
            self.notify(f"The session {self.session} {self.habits.keys.told(GONE)}", markup=False)
        self._begun = bool(self.view.asked)
        self.tasks.know(one.comparison.data for one in self.view.asked if one.comparison.data)
        for task in self.view.unknown:
            self.tell_unknown(task)
        settled = self.adopted or self.losses.touched  # or what was chosen after the last was asked for is remembered
        if self.view.asked and not settled and self.view.asked[-1].id != self._chosen_at:
            self.adopt(self.view.asked[-1].comparison)

    def show(self) -> None:
        """Hand the panels what is new; once they are there, and unless the app is being taken down."""
        if not (self.stage.is_attached and self.scores.is_attached and self.status.is_attached):
            self._pace.ask()
            return
        view, status = self.view, self.status
        status.worker, status.progress = view.worker, view.progress()
        self._reports = tuple(view.reports(self.metrics))
        self.show_chosen()
        self.grey_out()

    def show_chosen(self) -> None:
        """Hand the panels what there is of the chosen task."""
        self.show_reports(self._reports)
        self._say_what_to_do()

    @property
    def _report(self) -> Report | None:
        """What was last asked for on the chosen task."""
        task = self.tasks.chosen.key
        return next((one for one in reversed(self._reports) if one.asked.comparison.task == task), None)

    def _say_what_to_do(self) -> None:
        self.curves.waiting = what_to_do(self.view, self.tasks.chosen.key, self.habits.keys.told(BEGIN))

    def can(self, action: str) -> bool:
        """Whether an action has something to do."""
        match action:
            case "run":
                return bool(self.losses.ticked) and not self._asking
            case "stop":
                return self.view.training
            case "rank_by":
                return self._report is not None
            case "settle":
                return self._settling() is not None and not self._asking
            case "export":
                return bool(self.view.asked)
        return super().can(action)

    # What is trained

    def action_run(self) -> None:
        """Train the ticked losses on the chosen task."""
        self.pass_on()  # a choice that came in one burst with this key may still be on its way here
        if not self.losses.ticked:
            return  # the last that was ticked does not fit what was chosen in the same burst of keys
        try:
            self.losses.reread()
            comparison = self.settings.comparison(self.tasks.subject, self.losses.ticked, self.losses.own)
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._begin_if_meant(comparison)

    def _begin_if_meant(self, comparison: Comparison) -> None:
        """Begin, after asking about a comparison that is too large to be meant."""

        def answered(meant: bool | None) -> None:
            if meant:
                self._begin(comparison)

        if comparison.size > MANY:
            question = f"These are {comparison.size_told}."
            self.app.push_screen(ConfirmDialog(question, "train them all", self.habits.keys), answered)
        else:
            self._begin(comparison)

    def _begin(self, comparison: Comparison) -> None:
        self._asking = True
        self.adopted = True
        self.grey_out()
        self._write(partial(self.desk.ask, comparison))

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
            self.notify(f"Training up to {comparison.seeds} seeds. {self.habits.keys.told(SETTLING)}", markup=False)
            self._begin_if_meant(comparison)

    def action_stop(self) -> None:
        """Stop all trainings of the session."""
        self._write(self.desk.stop)

    @work(name="write")
    async def _write(self, write: Callable[[], Awaitable[str | None]]) -> None:
        """Wait for the desk to have written, and show what it has to say."""
        try:
            if words := await write():
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

    def action_export(self) -> None:
        """Ask for a format and a path, and write the session."""
        if not self.view.asked:
            return  # deleted elsewhere while this key came
        from lossterm.tui.dialogs.export_dialog import ExportDialog

        task = self._report.asked.comparison.task if self._report else self.view.asked[-1].comparison.task
        loss = self.curves.named if self.curves.picked else None
        dialog = ExportDialog(self.session, task, loss, self.habits.keys)
        self.app.push_screen(dialog, self._exported)

    def _exported(self, wanted: Wanted | None) -> None:
        if wanted:
            self._export(wanted)

    @work(name="export", group="export")
    async def _export(self, wanted: Wanted) -> None:
        try:
            if await apart(lambda: is_there(wanted)):
                question = f"{wanted.path} is there already."
                if not await self.app.push_screen_wait(ConfirmDialog(question, "replace it", self.habits.keys)):
                    return
                wanted = msgspec.structs.replace(wanted, force=True)
            self.notify(f"Writing {wanted.path} …", timeout=3, markup=False)
            self.notify(await export(self.store.path, self.session, wanted), timeout=10, markup=False)
        except LosstermError as error:
            self.notify(str(error), severity="error", timeout=15, markup=False)

    def action_help(self) -> None:
        """List the keys of the screen and its panels."""
        keys = self.habits.keys
        every = keymap.told((type(self), *self.PANELS), keys.remapped)
        self.app.push_screen(HelpDialog(every, str(configuration_path()), keys))

    @work(name="leave", exclusive=True, group="leave")
    async def action_leave(self) -> None:
        """Leave; ask first what becomes of a training. The store is asked, since the view may be a moment behind."""
        leaving: Leaving = "leave"
        await self.up()
        try:
            await self.desk.remember(self.remembered)
            if await self.desk.waiting():
                leaving = await self.app.push_screen_wait(QuitDialog(self.habits.keys))
            if leaving == "stop":
                await self.desk.stop()
        except LosstermError as error:
            self.app.exit(return_code=error.exit_code, message=f"lossterm: {error}")
            return
        if leaving != "stay":
            self.app.exit()
