"""The panels in which a person chooses what is trained: task or table, losses, settings."""

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.first_look import FirstLook
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.data import FileRequest, Preview
from lossterm.tui.dialogs.table_chooser import TableChooser
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.settings_panel import SettingsPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.state.app_settings import AppSettings
from lossterm.tui.state.choices import Choices
from lossterm.tui.state.network_choices import Network


class ChoicesPanel(Vertical):
    """Passes each choice on to the other panels, and opens the dialogs for choices without a panel.

    What is chosen in a panel goes on upwards as that panel's own message, once the others know of it.
    """

    class Rebuilt(Message):
        """Another network was chosen."""

    class Looked(Message):
        """There is another first look at the chosen task's data."""

        def __init__(self, look: FirstLook | None, *, waits: bool) -> None:
            """`waits` says whether one is still to come."""
            super().__init__()
            self.look, self.waits = look, waits

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
        self._restored = False
        self._habits = habits
        self._chooser = TableChooser(habits.read, habits.keys)
        self._tasks_reported: set[str] = set()
        self.tasks.know(habits.tables.values())  # those that were brought to other sessions too

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield self.tasks
        yield self.losses
        yield self.settings

    def on_mount(self) -> None:
        """Look at the data of the task that comes first."""
        self.look_at_data()

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
        """Whether neither a person nor a comparison has chosen anything yet, now or before."""
        return not (self.losses.touched or self.adopted or self._restored)

    @property
    def as_before(self) -> bool:
        """Whether what was chosen before was restored, and nothing has been chosen since."""
        return self._restored and not (self.losses.touched or self.adopted)

    def comparison(self, until: str | None = None) -> Comparison | None:
        """Return what would be trained, None where no loss is ticked; `until` as for `Comparison.ask`.

        Raises LosstermError.
        """
        self.pass_on()  # a choice that came in one burst with the key that asks may still be on its way here
        if not self.losses.ticked:
            return None  # the last that was ticked does not fit what was chosen in the same burst of keys
        self.losses.reread()
        return self.settings.comparison(self.tasks.subject, self.losses.ticked, self.losses.own, until=until)

    def choose_again(self, choices: Choices | None) -> None:
        """Restore earlier choices, unless a person or another terminal has chosen since."""
        if choices is None or not self.untouched:
            return
        if choices.data is not None:
            self.tasks.know([choices.data])
        task = self.tasks.tasks.get(choices.task)
        if task is None:
            self.tell_unknown(choices.task)
            return
        self._restored = True
        self.tasks.chosen = task
        self.pass_on()
        self.settings.write(choices.settings, choices.protocol, choices.network)
        self.pass_on()
        self.losses.restore(choices.turned, choices.varied)
        self.look_at_data()

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
        self.look_at_data()

    def tell_unknown(self, task: str) -> None:
        """Say once that a task is not there."""
        if task not in self._tasks_reported:
            self._tasks_reported.add(task)
            self.notify(
                f"The task {task} is of a package that is not installed here: what was trained on it is not shown.",
                severity="warning",
                markup=False,
            )

    def look_at_data(self) -> None:
        """Take a first look at the chosen task's data, and give advice on them."""
        self._look()
        self.advise()

    @work(name="look", exclusive=True, group="look")
    async def _look(self) -> None:
        self.post_message(self.Looked(None, waits=self._habits.viewer.asks))
        self.post_message(self.Looked(await self._habits.viewer.on(self.tasks.chosen), waits=False))

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
        self.look_at_data()

    def on_protocol_field_chosen(self) -> None:
        """Show the losses that fit under another protocol."""
        self.pass_on()

    def bring(self, asked: FileRequest | None) -> None:
        """Show a file, or have one chosen; train on it if it is taken. A whole wish is taken without a question."""
        self._chooser.choose(self.app, asked, self.tasks.tables, self._take)

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
        protocol = protocol_named(self.settings.protocol)
        dialog = NetworkDialog(chosen, layers, self.tasks.chosen, protocol, check, self._habits.keys)
        self.app.push_screen(dialog, lambda chosen: self._rebuild(*chosen) if chosen else None)

    def _rebuild(self, network: Network, layers: str) -> None:
        self.settings.take(network, layers)
        self.post_message(self.Rebuilt())
