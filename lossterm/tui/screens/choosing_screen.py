"""A screen on which a person chooses what is trained: task or table, losses, protocol, network, settings."""

from pathlib import Path

from textual import work

from lossterm.comparison.comparison import Comparison
from lossterm.data import FileRequest, Preview
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.screens.session_screen import AppSettings
from lossterm.tui.screens.view_screen import ViewScreen
from lossterm.tui.state.network_choices import Network
from lossterm.tui.state.remembered_views import Choices
from lossterm.tui.widgets.protocol_field import ProtocolField


class ChoosingScreen(ViewScreen):
    """Passes on from panel to panel what was chosen, and asks for what no panel has room for."""

    def __init__(self, session: str, store: Path, habits: AppSettings) -> None:
        super().__init__(session, store, habits)
        self.adopted = False
        """Whether it is settled what is chosen: nothing that another terminal asks for changes it."""
        self._directory = Path.cwd()
        self._told: set[str] = set()

    def on_mount(self) -> None:
        """List the tables that were brought to other sessions too."""
        self.tasks.know(self.habits.tables.values())

    # What was chosen before

    def choose_again(self, choices: Choices | None) -> None:
        """Choose what was chosen before, unless a person or another terminal has chosen meanwhile."""
        if choices is None or self.losses.touched or self.adopted:
            return
        if choices.data is not None:
            self.tasks.know([choices.data])
        task = self.tasks.tasks.get(choices.task)
        if task is None:
            self.tell_unknown(choices.task)
            return
        self.adopted = True
        self.tasks.chosen = task
        self.pass_on()
        self.settings.write(choices.settings, choices.protocol, choices.network)
        self.pass_on()
        self.losses.restore(choices.turned, choices.varied)
        self.advise()

    def adopt(self, comparison: Comparison) -> None:
        """Show the task, losses and settings that were asked for last."""
        self.adopted = True
        task = self.tasks.task_of(comparison)
        if task is None:
            self.tell_unknown(comparison.task)
            return
        self.tasks.chosen = task
        self.losses.adopt(comparison, task)
        self.settings.adopt(comparison, task)
        self.advise()

    def tell_unknown(self, task: str) -> None:
        """Say once that a task is not there."""
        if task not in self._told:
            self._told.add(task)
            self.notify(
                f"The task {task} is of a package that is not installed here: what was trained on it is not shown.",
                severity="warning",
                markup=False,
            )

    @work(name="advise", exclusive=True, group="advise")
    async def advise(self) -> None:
        """Show the advice on the chosen task."""
        self.scores.advice, self.losses.advised = "", ()
        if advice := await self.habits.advisor.on(self.tasks.chosen):
            self.scores.advice, self.losses.advised = advice.sentence, advice.losses

    # What a person chooses

    def pass_on(self) -> None:
        """Tell the panels what was chosen."""
        self.losses.record = self.settings.record = self.tasks.chosen
        self.settings.follow_protocol()
        self.losses.protocol = self.settings.protocol
        self.on_loss_panel_ticked()

    def on_task_panel_chosen(self, event: TaskPanel.Chosen) -> None:
        """Show the losses, the defaults and the curves of another task."""
        self.adopted = True
        self.pass_on()
        self.remember()
        self.advise()
        self.show_chosen()
        self.grey_out()

    def on_protocol_field_chosen(self, event: ProtocolField.Chosen) -> None:
        """Show the losses that fit under another protocol."""
        self.pass_on()

    def on_loss_panel_ticked(self) -> None:
        """With nothing ticked there is nothing to run; the anatomy is that of what is ticked."""
        self.anatomy.protocol, self.anatomy.ticked = self.losses.protocol, self.losses.set_up
        self.grey_out()

    def on_loss_panel_pointed(self, event: LossPanel.Pointed) -> None:
        """The loss under the cursor is the one that is pinned or hidden."""
        self.curves.selected = event.loss

    def action_file(self) -> None:
        """Ask for a table of one's own."""
        self.bring(None)

    @work(name="table", exclusive=True, group="table")
    async def bring(self, asked: FileRequest | None) -> None:
        """Show a file, or have one chosen; train on it if it is taken. A whole wish is taken without a question."""
        from lossterm.tui.dialogs.file_dialog import FileDialog
        from lossterm.tui.dialogs.preview_dialog import PreviewDialog

        at_once = asked is not None and bool(asked.target)
        while True:
            if asked is None:
                path = await self.app.push_screen_wait(FileDialog(self._directory, self.habits.keys))
                if path is None:
                    return
                asked = self._asked_before(path)
            self._directory = Path(asked.path).parent
            preview = PreviewDialog(asked, self.habits.read, self.habits.keys, at_once=at_once)
            shown = await self.app.push_screen_wait(preview)
            if shown is not None:
                self._take(shown)
                if at_once:
                    self.notify("\n".join((*shown.said, *shown.warnings)), timeout=15, markup=False)
                return
            asked, at_once = None, False

    def _asked_before(self, path: str) -> FileRequest:
        """Return what was asked of a file the last time, as far as this app knows it."""
        before = [data.asked for data in self.tasks.tables if data.asked.path == path]
        return before[-1] if before else FileRequest(path=path, target="")

    def _take(self, shown: Preview) -> None:
        assert shown.data is not None
        self.habits.tables[shown.data.key] = shown.data
        self.tasks.know([shown.data])
        self.tasks.choose(self.tasks.tasks[shown.data.key])

    def action_network(self) -> None:
        """Ask for another network."""
        from lossterm.tui.dialogs.network_dialog import NetworkDialog

        self.pass_on()

        def check(network: Network, layers: str) -> None:
            losses = self.losses.ticked or self.losses.listed[:1]
            self.settings.comparison(self.tasks.subject, losses, self.losses.own, network, layers)

        chosen, layers = self.settings.network, self.settings.hidden_layers
        dialog = NetworkDialog(chosen, layers, self.tasks.chosen, check, self.habits.keys)
        self.app.push_screen(dialog, lambda chosen: self._rebuild(*chosen) if chosen else None)

    def _rebuild(self, network: Network, layers: str) -> None:
        self.settings.take(network, layers)
        self.remember()
