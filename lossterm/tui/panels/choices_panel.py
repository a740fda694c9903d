"""The panels in which a person chooses what is trained: task or table, losses, settings."""

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from lossterm.comparison.comparison import Comparison
from lossterm.data import FileRequest, Preview
from lossterm.tui.dialogs.table_chooser import TableChooser
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.settings_panel import SettingsPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.state.app_settings import AppSettings
from lossterm.tui.state.choices import Choices
from lossterm.tui.state.network_choices import Network


class ChoicesPanel(Vertical):
    """Passes on from panel to panel what was chosen, and asks for what none of them has room for.

    What is chosen in a panel goes on upwards as that panel's own message, once the others know of it.
    """

    class Rebuilt(Message):
        """Another network was chosen."""

    class Advised(Message):
        """There is other advice on the chosen task."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(self, tasks: TaskPanel, losses: LossPanel, settings: SettingsPanel, habits: AppSettings) -> None:
        super().__init__(id="choices")
        self.tasks, self.losses, self.settings = tasks, losses, settings
        self.adopted = False
        """Whether it is settled what is chosen: nothing that another terminal asks for changes it."""
        self._habits = habits
        self._chooser = TableChooser(habits.read, habits.keys)
        self._told: set[str] = set()
        self.tasks.know(habits.tables.values())  # those that were brought to other sessions too

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield self.tasks
        yield self.losses
        yield self.settings

    def on_mount(self) -> None:
        """Give advice on the task that comes first."""
        self.advise()

    # What was chosen

    @property
    def chosen(self) -> Choices:
        """What is chosen."""
        return Choices(
            task=self.tasks.chosen.key,
            data=self.tasks.table,
            protocol=self.settings.protocol,
            settings=self.settings.written,
            network=self.settings.network,
            turned=self.losses.turned,
            varied=self.losses.varied,
        )

    @property
    def untouched(self) -> bool:
        """Whether neither a person nor a comparison has chosen anything yet."""
        return not (self.losses.touched or self.adopted)

    def comparison(self) -> Comparison | None:
        """Return what would be trained, None where no loss is ticked. Raises LosstermError."""
        self.pass_on()  # a choice that came in one burst with the key that asks may still be on its way here
        if not self.losses.ticked:
            return None  # the last that was ticked does not fit what was chosen in the same burst of keys
        self.losses.reread()
        return self.settings.comparison(self.tasks.subject, self.losses.ticked, self.losses.own)

    def choose_again(self, choices: Choices | None) -> None:
        """Choose what was chosen before, unless a person or another terminal has chosen meanwhile."""
        if choices is None or not self.untouched:
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
        """Give advice on the chosen task."""
        self.losses.advised = ()
        self.post_message(self.Advised(""))
        if advice := await self._habits.advisor.on(self.tasks.chosen):
            self.losses.advised = advice.losses
            self.post_message(self.Advised(advice.sentence))

    # What a person chooses

    def pass_on(self) -> None:
        """Tell the panels what was chosen."""
        self.losses.record = self.settings.record = self.tasks.chosen
        self.settings.follow_protocol()
        self.losses.protocol = self.settings.protocol

    def on_task_panel_chosen(self) -> None:
        """Show the losses and the defaults of another task."""
        self.adopted = True
        self.pass_on()
        self.advise()

    def on_protocol_field_chosen(self) -> None:
        """Show the losses that fit under another protocol."""
        self.pass_on()

    @work(name="table", exclusive=True, group="table")
    async def bring(self, asked: FileRequest | None) -> None:
        """Show a file, or have one chosen; train on it if it is taken. A whole wish is taken without a question."""
        if shown := await self._chooser.choose(self.app, asked, self.tasks.tables):
            self._take(shown)

    def _take(self, shown: Preview) -> None:
        assert shown.data is not None
        self._habits.tables[shown.data.key] = shown.data
        self.tasks.know([shown.data])
        self.tasks.choose(self.tasks.tasks[shown.data.key])

    def ask_for_network(self) -> None:
        """Ask for another network."""
        from lossterm.tui.dialogs.network_dialog import NetworkDialog

        self.pass_on()

        def check(network: Network, layers: str) -> None:
            losses = self.losses.ticked or self.losses.listed[:1]
            self.settings.comparison(self.tasks.subject, losses, self.losses.own, network, layers)

        chosen, layers = self.settings.network, self.settings.hidden_layers
        dialog = NetworkDialog(chosen, layers, self.tasks.chosen, check, self._habits.keys)
        self.app.push_screen(dialog, lambda chosen: self._rebuild(*chosen) if chosen else None)

    def _rebuild(self, network: Network, layers: str) -> None:
        self.settings.take(network, layers)
        self.post_message(self.Rebuilt())
