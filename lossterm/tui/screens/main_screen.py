"""The one screen: choose, run, watch, read."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from textual import events, work
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Label, OptionList

from lossterm.comparison.first_look import FirstLook
from lossterm.data import FileRequest
from lossterm.errors import LosstermError
from lossterm.following.session_state import SessionState
from lossterm.home.paths import configuration_path
from lossterm.losses import loss_recorded
from lossterm.reports.next_steps import Kind, NextStep
from lossterm.reports.race_course import race_in_short
from lossterm.reports.report import Report, tables
from lossterm.store import Store
from lossterm.stress_sweeps.sweep import at_levels, sweeps
from lossterm.text.numbers import counted
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
from lossterm.tui.panels.stress_panel import StressPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.panels.view_panel import ViewPanel
from lossterm.tui.screens import key_bindings, keymap
from lossterm.tui.screens.main_layout import VIEWS, MainLayout, Name
from lossterm.tui.screens.session_actions import SessionActions
from lossterm.tui.screens.session_views import SessionViews
from lossterm.tui.state.app_settings import AppSettings
from lossterm.tui.state.empty_views import LOOKING, NOTHING_TICKED, ONE_TICKED, why_no_curves
from lossterm.tui.state.panel_help import PANELS, Here, help_on
from lossterm.tui.state.remembered_views import Remembered, recall
from lossterm.tui.state.sentences_with_keys import with_keys
from lossterm.tui.state.standings import Standings
from lossterm.tui.terminal.redraw_budget import RedrawPace
from lossterm.tui.widgets.changing_lines import ChangingLines
from lossterm.tui.widgets.filter_box import FilterBox
from lossterm.tui.widgets.key_bar import KeyBar
from lossterm.tui.widgets.protocol_field import ProtocolField
from lossterm.tui.widgets.size_notice import SizeNotice
from lossterm.tui.widgets.status_line import StatusLine

GONE = "was deleted or renamed elsewhere; {main.run} begins it anew."
SETTLING = "Press {main.stop} to stop; what is there is kept."


class MainScreen(Screen[None]):
    """Puts together the parts that show one session, and passes messages between them.

    `following` knows the session, `standings` its rankings, `choices` what a person wants, `stage` which view
    is seen, `views` what is shown in it, `memory` how it was looked at; `actions` carries out requests.
    """

    BINDINGS = key_bindings.SCREEN
    AUTO_FOCUS = "#losses"
    PANELS = (
        *(TaskPanel, LossPanel, ProtocolField, ScoresPanel),
        *(CurvesPanel, AnatomyPanel, PredictionsPanel, SessionsPanel, StressPanel, FilterBox),
    )
    """Whose keys the help lists, besides the screen's own."""

    class Opened(Message):
        """Another session is to be shown in place of this one."""

        def __init__(self, session: str, comparison: int | None = None) -> None:
            super().__init__()
            self.session, self.comparison = session, comparison

    def __init__(
        self,
        session: str,
        store: Path,
        habits: AppSettings,
        table: FileRequest | None = None,
        comparison: int | None = None,
    ) -> None:
        """`table` is a user table to train on, `comparison` the number of one of the session's that is shown first."""
        super().__init__()
        self.session, self.habits, keys = session, habits, habits.keys
        self.store = Store(store)
        self.jobs = StoreJobs(self.store, session)
        self.following = SessionFollower(self.store, session, habits.workers, habits.clock)
        self.memory = ViewMemory(self.jobs, lambda: self.remembered)
        self.actions = SessionActions(self, self.jobs, self.store.path, session, keys)
        self.tasks, self.losses, self.settings = TaskPanel(), LossPanel(keys, habits.own), SettingsPanel(keys)
        self.choices = ChoicesPanel(self.tasks, self.losses, self.settings, habits)
        self.scores, self.curves, self.anatomy = (
            ScoresPanel(keys),
            CurvesPanel(keys),
            AnatomyPanel(keys, habits.find_rows),
        )
        self.predictions, self.sessions = PredictionsPanel(self.jobs, keys), SessionsPanel(self.jobs, session, keys)
        self.stress = StressPanel(keys)
        self.curves.bands = habits.bands
        self.views = SessionViews(self.scores, self.curves, self.anatomy, self.predictions, self.sessions, self.stress)
        self.stage = MainLayout(self.choices, self.views.panels, self.scores)
        reads = habits.machine is not None and habits.machine_in_line
        self.filter, self.status = FilterBox(), StatusLine(session, self._look_at_machine if reads else None)
        self.standings = Standings()
        self._table, self._reopens = table, comparison
        self._conditions: Mapping[str, Callable[[], bool]] = {
            "run": lambda: bool(self.losses.ticked) and not self.actions.asking,
            "race": lambda: len(self.losses.ticked) > 1 and not self.actions.asking,
            "stop": lambda: self.view.training,
            "settle": lambda: self._step("seeds") is not None and not self.actions.asking,
            **{f"take('{kind}')": partial(self._can_take, kind) for kind in ("rates", "epochs", "losses")},
            "rank_by": lambda: self._report is not None,
            "export": lambda: bool(self.view.asked),
            "machine": lambda: self.habits.machine is not None,
        }
        self._next: tuple[NextStep, ...] = ()
        self._look: FirstLook | None = None
        self._looks = False  # whether a first look at the data is still to come
        self._possible: dict[str, bool] = {}
        self._begun = False  # whether anything was asked for when the session was last looked at
        self._noted = False  # whether anything is known of the session
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
        """Restore the session's last view and choices, and follow it."""
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
        """Close the connection to the store."""
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
        """Update the state at once, and paint as soon as the budget allows."""
        if self.is_attached:
            self._take_note()
            self._pace.ask()

    def _take_note(self) -> None:
        """Show at once what the worker does; restore the session's choices, unless a person has begun to choose."""
        self.status.worker = self.view.worker  # rare and short: it need not wait for the budget
        if self._begun and not self.view.asked and not self._leaves:
            self.notify(f"The session {self.session} {self.habits.keys.fill_in(GONE)}", markup=False)
        self._begun = bool(self.view.asked)
        first, self._noted = not self._noted, True
        self.tasks.know(one.comparison.data for one in self.view.asked if one.comparison.data)
        for task in self.view.unknown:
            self.choices.tell_unknown(task)
        last = self.view.asked[-1] if self.view.asked else None
        if self._reopens and last:
            self._reopen(self._reopens)
        elif last and last.id != self._chosen_at and (self.choices.untouched or (first and self.choices.as_before)):
            self.choices.adopt(last.comparison)  # which counts for more than what was chosen before and is back

    def _reopen(self, number: int) -> None:
        """Bring back a comparison, whose task's curves and scores are its own and whose settings are chosen, or a
        sweep."""
        self._reopens = None
        asked = next((one for one in tables(self.view.asked) if one.id == number), None)
        if asked:  # else it was deleted or asked for anew meanwhile
            self.standings.reopened = number
            self.choices.adopt(asked.comparison)
        elif sweep := next((one for one in sweeps(self.view.asked) if one.number == number), None):
            self.choices.adopt(sweep.comparison)
            self.stress.point_to(sweep.axis.key)
            self.call_later(self.action_show, "stress")

    def on_session_follower_ended(self, event: SessionFollower.Ended) -> None:
        """Leave, and say why in the shell."""
        self.app.exit(return_code=event.error.exit_code, message=f"lossterm: {event.error}")

    def on_session_follower_worker_restarted(self, event: SessionFollower.WorkerRestarted) -> None:
        """Say why the training pauses."""
        self.notify(event.words, severity="warning", timeout=30, markup=False)

    def on_session_follower_goes_on(self, event: SessionFollower.GoesOn) -> None:
        """Say what is trained after all, and why."""
        self.notify(event.words, markup=False)

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
        self.status.race = race_in_short(self._report.race) if self._report and self._report.race else ""
        self._show_chosen()
        self.grey_out()

    def _show_chosen(self) -> None:
        """Hand the panels what there is of the chosen task."""
        task = self.tasks.chosen.key
        self._next = self.standings.next_steps(task, DEVICE, self.losses.advised)
        offered = [step for step in self._next if self._offered(step)]
        self.scores.steps = tuple(f"{self.habits.keys[key_bindings.STEPS[step.kind]]} {step.words}" for step in offered)
        waiting = self.habits.keys.fill_in(why_no_curves(self.view, task, self.standings.of(task)))
        self._show_data(task)
        self.stress.record = self.tasks.chosen
        self.views.show(
            self.standings, self.view.curves, task, waiting=waiting, seen=self.stage.panel, sweeps=self.view.sweeps
        )

    def _show_data(self, task: str) -> None:
        """Hand the panels a first look at the data, unless something was trained on them."""
        report = self.standings.of(task)
        look = self._look if self._look and self._look.task == task else None
        trained = report is not None and any(row.ended for row in report.rows)
        self.curves.data = None if trained else look
        self.scores.data = () if report else self._said_of(look)

    def _said_of(self, look: FirstLook | None) -> tuple[str, ...]:
        """Say what a first look showed, with keys where its sentences name options."""
        if look is None:
            return (LOOKING,) if self._looks else ()
        if not look.doubts:
            return look.said
        from lossterm.tui.dialogs.preview_dialog import PreviewDialog  # slow to load: its keys are named

        keys = self.habits.keys.of(PreviewDialog)
        before = f"{self.habits.keys['main.file']}, then "
        return (*look.said, *(with_keys(sentence, keys, before) for sentence in look.doubts))

    def _offered(self, step: NextStep) -> bool:
        """Whether a step's key does it as the table has it: a race trains what is ticked."""
        report = self._report
        return step.kind != "race" or (
            report is not None and set(self.losses.ticked) == set(report.asked.comparison.losses)
        )

    @property
    def _report(self) -> Report | None:
        """The report of the last comparison on the chosen task."""
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
        self.anatomy.subject = self.tasks.chosen
        self.anatomy.protocol, self.anatomy.ticked = self.losses.protocol, self.losses.set_up
        self.grey_out()

    def on_loss_panel_pointed(self, event: LossPanel.Pointed) -> None:
        """The loss under the cursor is the one that is pinned or hidden."""
        self.curves.selected = event.loss

    def on_choices_panel_looked(self, event: ChoicesPanel.Looked) -> None:
        """Show a first look at the data where there are no curves and scores yet."""
        self._look, self._looks = event.look, event.waits
        self._show_chosen()

    def on_choices_panel_advised(self, event: ChoicesPanel.Advised) -> None:
        """Show the advice beneath the scores."""
        self.scores.advice = event.sentence
        self._show_chosen()
        self.grey_out()

    def on_choices_panel_rebuilt(self) -> None:
        """Keep what was chosen."""
        self._remember()

    def action_file(self) -> None:
        """Ask for a user table."""
        self.choices.bring(None)

    def action_network(self) -> None:
        """Ask for another network."""
        self.choices.ask_for_network()

    def on_view_panel_row_pointed(self, event: ViewPanel.RowPointed) -> None:
        """Mark one row of the data in every view that shows it."""
        self.anatomy.marked = self.predictions.marked = event.row

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
        """Redraw the keys if the possible actions changed."""
        possible = {action: self.can(action) for action in key_bindings.ACTIONS}
        if possible != self._possible:
            self._possible = possible
            self.refresh_bindings()

    def on_main_layout_arranged(self) -> None:
        """Update the keys: the possible actions depend on what is shown."""
        self.grey_out()

    on_view_panel_changed = on_main_layout_arranged

    def on_session_actions_done(self) -> None:
        """Show what comes of a request at once, also over a slow link: a person waits for it."""
        self._pace.expect()
        self.grey_out()

    # What is trained

    def on_session_actions_began(self) -> None:
        """Note that a request was begun with the present choices; what it asks for is shown."""
        self.standings.reopened = 0
        self.choices.adopted = True
        self.grey_out()

    def on_key(self, event: events.Key) -> None:
        """Say what is missing where a key that trains has nothing to train: greyed, it would only seem dead."""
        active = self.active_bindings.get(event.key)
        if active is None or active.enabled or self.actions.asking:
            return
        if active.binding.id in ("main.run", "main.race"):
            words = NOTHING_TICKED if not self.losses.ticked else ONE_TICKED
            self.notify(self.habits.keys.fill_in(words), markup=False)

    def action_run(self) -> None:
        """Train the ticked losses on the chosen task."""
        self._train()

    def action_race(self) -> None:
        """Train them until all is settled; a race that was left goes on where it is."""
        self._train(until="settled")

    def _train(self, until: str | None = None) -> None:
        try:
            comparison = self.choices.comparison(until)
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        if comparison:
            self.actions.ask(comparison)

    def on_stress_panel_wanted(self, event: StressPanel.Wanted) -> None:
        """Train the ticked losses along an axis: one comparison for each level, the plain one first."""
        if self.actions.asking:
            return
        try:
            plain = self.choices.comparison()
            levels = at_levels(plain, event.axis, event.source) if plain else ()
        except LosstermError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        if levels:
            self.actions.ask(*levels)
        else:
            self.notify(self.habits.keys.fill_in(NOTHING_TICKED), markup=False)

    def action_stop(self) -> None:
        """Stop all trainings of the session."""
        self.actions.stop()

    def _step(self, kind: Kind) -> NextStep | None:
        """Return a step that the chosen task's table suggests, once the view has seen what was last asked for."""
        last = self.jobs.last_asked
        if last and not any(asked.id == last for asked in self.view.asked):
            return None
        return next((step for step in self._next if step.kind == kind), None)

    def _can_take(self, kind: Kind) -> bool:
        return self._step(kind) is not None and not self.actions.asking

    def action_settle(self) -> None:
        """Add as many seeds as would settle what is open; what is trained already is not trained again."""
        self.action_take("seeds")

    def action_take(self, kind: Kind) -> None:
        """Ask for what a step would train."""
        step = self._step(kind)
        if step and step.comparison:
            known = self._report.rows if self._report else ()
            more = counted(step.comparison.size_at_most - (len(known) if kind != "epochs" else 0), "training")
            words = f"{step.what.capitalize()}: at most {more} more. {self.habits.keys.fill_in(SETTLING)}"
            self.notify(words, markup=False)
            self.actions.ask(step.comparison)

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
        loss, rows = self.curves.named if self.curves.picked else None, self.view.rows.values()
        self.actions.ask_for_export(task, loss, trials=len(rows), epochs=sum(row.epochs for row in rows))

    # Going from view to view

    def on_curves_panel_looked(self) -> None:
        """Store how the curves are viewed, and update the keys that work."""
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
        """Pass an action to the view's panel."""
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
        """Restore the session's last view."""
        self.standings.metrics.update(how.metrics)
        self.curves.look, self.curves.shown = how.look, how.chart
        full = how.full and not self._reopens  # a comparison is shown with its choices and scores
        self.stage.show("curves" if self._reopens else how.view, full=full)
        if full:  # at home the losses have the keys, unless a person has moved on already
            self.call_after_refresh(self._settle)
        self.memory.kept = how

    async def _settle(self) -> None:
        await self.stage.settled()
        self.stage.focus_view()

    @property
    def remembered(self) -> Remembered:
        """How the session is viewed."""
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
        """Open another session in place of this one."""
        self._leaves = True
        self._open(event.name, event.comparison)

    @work(name="open", exclusive=True, group="open")
    async def _open(self, name: str, comparison: int | None) -> None:
        """Store how this session is viewed, then open the other in its place."""
        await self.up()
        if name != self.session:  # else it was deleted just now
            await self.memory.remember_now()
        self.post_message(self.Opened(name, comparison))

    # The machine

    def _look_at_machine(self) -> str:
        """Say what the machine is doing, and keep it for the history."""
        assert self.habits.machine is not None
        return str(self.habits.machine.look(self._trainings()))

    def _trainings(self) -> float | None:
        """Return the trainings that end a second now; None where nothing trains."""
        return self.status.progress.trials_rate if self.status.progress and self.status.trains else None

    def action_machine(self) -> None:
        """Show how the machine was busy over the last minutes."""
        from lossterm.tui.dialogs.machine_dialog import MachineDialog  # a person may never look

        if self.habits.machine:
            self.app.push_screen(
                MachineDialog(self.habits.machine, self._trainings, self.habits.keys, lambda: self.view.worker)
            )

    def action_help(self) -> None:
        """Explain what has the keys, what is under its cursor and the signs in it; then list every key."""
        keys = self.habits.keys
        every = keymap.key_help((type(self), *self.PANELS), keys.remapped)
        self.app.push_screen(HelpDialog(every, str(configuration_path()), keys, self._help_here()))

    def _help_here(self) -> Here | None:
        """Return what is to be said of the panel that has the keys."""
        panel = (
            next((one for one in self.focused.ancestors_with_self if one.id in PANELS), None) if self.focused else None
        )
        if not isinstance(panel, Widget):
            return None
        under = self._under_cursor(str(panel.id))
        return help_on(str(panel.id), str(panel.id).capitalize(), under, _text_of(panel))

    def _under_cursor(self, panel: str) -> str:
        """Say what is under the cursor of a panel, or which of its fields has the keys."""
        if panel == "tasks" and (task := self.tasks.under_cursor):
            return f"{task.key}: {task.title}; {task.kind}, {task.rows:,} rows, {counted(task.features, 'input')}."
        if panel == "losses" and (key := self.losses.under_cursor):
            loss = loss_recorded(key)
            return f"{key}: {loss.title}. Use it when {loss.use_when}. {{loss.explain}} says more and draws it."
        if panel == "settings":
            return self.settings.about_field
        if panel == "stress" and (axis := self.stress.axis):
            return f"{axis.key}: {axis.title}."
        return ""

    @work(name="leave", exclusive=True, group="leave")
    async def action_leave(self) -> None:
        """Leave; first ask what happens to a running training."""
        await self.up()
        await self.actions.leave(self.memory.remember_now)


def _text_of(panel: Widget) -> str:
    """Return the text that is seen in a panel, its border included."""
    parts = [str(panel.border_title or ""), str(panel.border_subtitle or "")]
    for one in (panel, *panel.query("*")):
        if isinstance(one, ChangingLines):
            parts.append(one.text)
        elif isinstance(one, OptionList):
            parts += [str(option.prompt) for option in one.options]
        elif isinstance(one, Label | ProtocolField):
            parts.append(str(one.content))
    return "\n".join(parts)
