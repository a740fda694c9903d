"""The one screen: choose, run, watch, read."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Static

from lossterm import daemon
from lossterm.comparison import Comparison
from lossterm.errors import LosstermError
from lossterm.report import Report, metrics_of
from lossterm.store import Store
from lossterm.tail import Tail
from lossterm.tui.advisor import Advisor, Find
from lossterm.tui.curves_panel import ALONE, Curves, CurvesPanel, what_to_do
from lossterm.tui.desk import Desk
from lossterm.tui.dialogs import HelpDialog, Leaving, QuitDialog
from lossterm.tui.key_bar import KeyBar
from lossterm.tui.loss_panel import LossPanel
from lossterm.tui.protocol_field import ProtocolField
from lossterm.tui.scores_panel import ScoresPanel
from lossterm.tui.settings_panel import SettingsPanel
from lossterm.tui.status_line import StatusLine
from lossterm.tui.task_panel import TaskPanel
from lossterm.view import View

DEVICE = "auto"
"""The device that the app trains on."""

SMALLEST = (80, 24)
"""Columns and lines below which a sentence stands in for the panels."""

TALL = 34
"""Lines from which the scores get more room."""

FRAME_SECONDS = 0.25
"""Time between two looks at the store: four frames a second are live enough, and few bytes."""

TEND_SECONDS = 1.0
"""Time between two looks after the worker."""


class MainScreen(Screen[None]):
    """Holds the store, the tail and the keeper of the worker; panels show what it hands them."""

    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("r", "run", "Run", id="main.run", tooltip="Train the ticked losses"),
        Binding("s", "stop", "Stop", id="main.stop", tooltip="Stop the training; what is there is kept"),
        Binding(
            "m", "next_chart", "Chart", id="main.chart", tooltip="Show the next chart: loss, metric, rates, anatomy"
        ),
        Binding("i", "each_seed", "Seeds", id="main.seeds", tooltip="Draw each seed's curve, or median and band again"),
        Binding("o", "rank_by", "Rank", id="main.rank", tooltip="Rank by the next metric; nothing is trained"),
        Binding("t", "settle", "Settle", id="main.settle", tooltip="Add the seeds that would settle a tie"),
        Binding("question_mark", "help", "Help", id="main.help", tooltip="List every key"),
        Binding("q,ctrl+q", "leave", "Quit", id="main.quit", tooltip="Leave the app; asks if training goes on"),
    ]
    AUTO_FOCUS = "#losses"

    def __init__(
        self,
        session: str,
        store: Path,
        command: Sequence[str] | None,
        clock: Callable[[], float],
        own: Sequence[str] = (),
        find_advice: Find | None = None,
    ) -> None:
        super().__init__()
        self._own, self._advisor = own, Advisor(find_advice)
        self._session = session
        self._store = Store(store)
        self._keeper = daemon.Keeper(self._store.path, DEVICE, command) if command else None
        self._desk = Desk(self._store, session)
        self._asking = self._adopted = False
        self._reports: tuple[Report, ...] = ()
        self._possible: dict[str, bool] = {}
        self.metrics: dict[str, str] = {}
        self.view = View(clock)

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield Static(id="too-small")
        with Vertical(id="panels"):
            with Horizontal(id="top"):
                with Vertical(id="choices"):
                    yield TaskPanel()
                    yield LossPanel(self._own)
                    yield SettingsPanel()
                yield CurvesPanel()
            yield ScoresPanel()
        yield StatusLine(self._session)
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to follow the session, and have the worker load TensorFlow while a person chooses."""
        self._say_what_to_do()
        if self._store.network:
            kind = self._store.network
            self.notify(f"The store lies on a network file system ({kind}), which makes it slower.", markup=False)
        self._follow()
        self._advise()
        if self._keeper:
            self._tend()

    def on_unmount(self) -> None:
        """Let go of the store."""
        self._store.close()

    def on_resize(self) -> None:
        """Say so where the terminal is too small for the panels."""
        columns, lines = self.app.size
        self.set_class(columns < SMALLEST[0] or lines < SMALLEST[1], "-too-small")
        self.set_class(lines >= TALL, "-tall")
        self.call_after_refresh(self._grey_out)
        self.query_one("#too-small", Static).update(
            f"lossterm needs {SMALLEST[0]}×{SMALLEST[1]} and this terminal is {columns}×{lines}.\n"
            "Enlarge it, or use `lossterm run`.\nTraining goes on; q quits."
        )

    # What is followed

    @work(name="tail")
    async def _follow(self) -> None:
        tail: Tail | None = None
        try:
            tail = await asyncio.to_thread(lambda: Tail(self._store.path, self._session, device=DEVICE))
            async for update in tail.stream(FRAME_SECONDS):
                self.view.apply(update)
                if self._whole():
                    if self.view.asked and not (self._adopted or self.query_one(LossPanel).touched):
                        self._adopt(self.view.asked[-1].comparison)
                    self._show()
        except LosstermError as error:
            self.app.exit(return_code=error.exit_code, message=f"lossterm: {error}")
        finally:
            if tail:
                tail.close()

    def _adopt(self, comparison: Comparison) -> None:
        """Take up where the session was left: with the task, losses and settings that were asked for last."""
        self._adopted = True
        self.query_one(TaskPanel).chosen = comparison.task
        self.query_one(LossPanel).adopt(comparison)
        self.query_one(SettingsPanel).adopt(comparison)
        self._advise()

    def _whole(self) -> bool:
        """Whether all panels are there: while the app is taken down they go one by one, and updates still come."""
        return len(self.query("StatusLine, ScoresPanel, CurvesPanel, TaskPanel, LossPanel")) == 5

    @work(name="keeper")
    async def _tend(self) -> None:
        """Keep a worker: one at the start, to be warm when it is needed, then whenever there is work."""
        assert self._keeper is not None
        needed = True
        while True:
            try:
                await asyncio.to_thread(self._keeper.tend, needed=needed, ready=self.view.ready)
            except LosstermError as error:
                self.notify(str(error), title="The worker does not start", severity="error", timeout=60, markup=False)
                return
            await asyncio.sleep(TEND_SECONDS)
            needed = self.view.training

    def _show(self) -> None:
        view = self.view
        status = self.query_one(StatusLine)
        status.worker, status.progress = view.worker, view.progress()
        self._reports = tuple(view.reports(self.metrics))
        self._show_chosen_task()
        self._say_what_to_do()
        self._grey_out()

    def _grey_out(self) -> None:
        """Have the keys drawn anew if what can be done has changed."""
        possible = self._possible_now()
        if possible != self._possible:
            self._possible = possible
            self.refresh_bindings()

    def _show_chosen_task(self) -> None:
        task = self.query_one(TaskPanel).chosen
        # The last stands on top: the chosen task's before the others'.
        self.query_one(ScoresPanel).reports = tuple(
            sorted(self._reports, key=lambda report: report.asked.comparison.task == task)
        )
        panel, report = self.query_one(CurvesPanel), self._report
        if report is None:
            panel.curves = None
            return
        values = {row.id: self.view.curves[row.id] for row in report.rows if row.id in self.view.curves}
        panel.curves = Curves(report=report, values=values)

    @property
    def _report(self) -> Report | None:
        """What was last asked for on the chosen task."""
        task = self.query_one(TaskPanel).chosen
        return next((one for one in reversed(self._reports) if one.asked.comparison.task == task), None)

    @work(name="advise", exclusive=True, group="advise")
    async def _advise(self) -> None:
        """Show the advice on the chosen task."""
        scores, losses = self.query_one(ScoresPanel), self.query_one(LossPanel)
        scores.advice, losses.advised = "", ()
        if advice := await self._advisor.on(self.query_one(TaskPanel).chosen):
            scores.advice, losses.advised = advice.sentence, advice.losses

    def _say_what_to_do(self) -> None:
        self.query_one(CurvesPanel).waiting = what_to_do(self.view, self.query_one(TaskPanel).chosen)

    # What a person does

    def _pass_on(self) -> None:
        """Tell the panels what was chosen; at once, since the run key may come in one burst with the choice."""
        losses, settings = self.query_one(LossPanel), self.query_one(SettingsPanel)
        losses.task_key = settings.task_key = self.query_one(TaskPanel).chosen
        settings.follow_protocol()
        losses.protocol = settings.protocol
        self.on_loss_panel_ticked()

    def on_task_panel_chosen(self, event: TaskPanel.Chosen) -> None:
        """Show the losses, the defaults and the curves of another task."""
        self._adopted = True  # what another terminal asks for no longer moves what was chosen here
        self._pass_on()
        self._advise()
        self._show_chosen_task()
        self._grey_out()

    def on_protocol_field_chosen(self, event: ProtocolField.Chosen) -> None:
        """Show the losses that fit under another protocol."""
        self._pass_on()

    def on_loss_panel_ticked(self) -> None:
        """With nothing ticked there is nothing to run; the anatomy is that of what is ticked."""
        losses, curves = self.query_one(LossPanel), self.query_one(CurvesPanel)
        curves.protocol, curves.ticked = losses.protocol, losses.set_up
        self._grey_out()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what cannot be done now."""
        return not self.is_mounted or self._possible_now().get(action, True) or None

    def _possible_now(self) -> dict[str, bool]:
        """Return, for each action that is sometimes greyed out, whether there is something for it to do."""
        panel = self.query_one(CurvesPanel)
        return {
            "run": bool(self.query_one(LossPanel).ticked) and not self._asking,
            "stop": self.view.training,
            "next_chart": len(panel.others) > 1,
            "each_seed": self._report is not None and panel.shown not in ALONE,
            "rank_by": self._report is not None,
            "settle": self._settling() is not None and not self._asking,
        }

    def action_run(self) -> None:
        """Ask for the comparison that the panels show."""
        self._pass_on()
        if not self.query_one(LossPanel).ticked:
            return  # the last that was ticked does not fit what was chosen in the same burst of keys
        try:
            losses = self.query_one(LossPanel)
            losses.reread()
            comparison = self.query_one(SettingsPanel).comparison(losses.ticked, losses.own)
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._begin(comparison)

    def _begin(self, comparison: Comparison) -> None:
        self._asking = True
        self._adopted = True
        self._grey_out()
        self._write(self._desk.ask(comparison))

    def _settling(self) -> Comparison | None:
        """Return what would settle the ties on the chosen task, once the view has seen what was last asked for."""
        if self._desk.last_asked and all(asked.id != self._desk.last_asked for asked in self.view.asked):
            return None
        settling = self._report.settling if self._report else None
        return settling if settling and settling.device == DEVICE else None  # another device has another worker

    def action_settle(self) -> None:
        """Add as many seeds as would settle the ties; what is trained already is not trained again."""
        if comparison := self._settling():
            self.query_one(SettingsPanel).ask_for_seeds(comparison.seeds)
            self.notify(
                f"Training up to {comparison.seeds} seeds. Press s to stop; what is there is kept.", markup=False
            )
            self._begin(comparison)

    def action_stop(self) -> None:
        """Stop all trainings of the session."""
        self._write(self._desk.stop())

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
            if self._whole():
                self._grey_out()

    def action_next_chart(self) -> None:
        """Show the next chart: loss, metric, learning rates, anatomy."""
        self.query_one(CurvesPanel).show_next()
        self._grey_out()

    def action_each_seed(self) -> None:
        """Draw each seed's curve, or median and band again."""
        panel = self.query_one(CurvesPanel)
        panel.each_seed = not panel.each_seed

    def action_rank_by(self) -> None:
        """Rank the chosen task's losses by the next metric."""
        if report := self._report:
            comparison = report.asked.comparison
            metrics = [metric.key for metric in metrics_of(comparison)]
            self.metrics[comparison.task] = metrics[(metrics.index(comparison.metric) + 1) % len(metrics)]
            self._show()

    def action_help(self) -> None:
        """List the keys of the screen and its panels."""
        self.app.push_screen(HelpDialog((MainScreen, TaskPanel, LossPanel, ProtocolField, ScoresPanel)))

    @work(name="leave", exclusive=True, group="leave")
    async def action_leave(self) -> None:
        """Leave; ask first what becomes of a training. The store is asked, since the view may be a moment behind."""
        leaving: Leaving = "leave"
        try:
            if await self._desk.waiting():
                leaving = await self.app.push_screen_wait(QuitDialog())
            if leaving == "stop":
                await self._desk.stop()
        except LosstermError as error:
            self.app.exit(return_code=error.exit_code, message=f"lossterm: {error}")
            return
        if leaving != "stay":
            self.app.exit()
