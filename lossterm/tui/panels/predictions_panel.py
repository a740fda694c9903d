"""The view of what the models predict, with a scrubber over the epochs at which their weights were kept."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.reactive import var

from lossterm.charts.terminal_style import Style
from lossterm.comparison.user_network import NOT_SHOWN, called
from lossterm.errors import LosstermError
from lossterm.figures.curve_view_state import FAST
from lossterm.reports.report import Report
from lossterm.store import Model, Sample, TrialRow, sample_key
from lossterm.text.name_pattern import matches
from lossterm.tui.background.store_jobs import StoreJobs
from lossterm.tui.panels.view_panel import ViewPanel
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.widgets.changing_lines import ChangingLines

if TYPE_CHECKING:
    from lossterm.charts.drawing import Drawing

SEED = 0
"""The seed whose models are kept."""

NOTHING = "No predictions yet: they are kept of each loss's first seed, and shown when its training has ended."


class PredictionsPanel(ViewPanel):
    """The models of the losses side by side, on rows of the test split that none was trained on."""

    PLACE = "in the predictions"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("down,j", "page(1)", "More losses", show=False, id="predictions.down", tooltip="Show further losses"),
        Binding("up,k", "page(-1)", "Less", show=False, id="predictions.up", tooltip="Show the losses before"),
    ]
    CAN: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("back", "forth", "fast_back", "fast_forth", "page"), "drawn"),
        "next_chart": "has_others",
    }

    report: var[Report | None] = var(None, init=False, always_update=True)
    """The comparison whose models are shown, None before anything was asked for."""
    pattern: var[str] = var("", init=False)
    """What the filter lets through, as `name_pattern.matches` reads it over keys of losses."""

    def __init__(self, desk: StoreJobs, keys: KeyNames) -> None:
        """`desk` reads what is kept."""
        super().__init__(id="predictions")
        self._keys = keys
        self._desk = desk
        self._models: dict[str, Model] = {}
        self._sample: Sample | None = None
        self._read: tuple[tuple[int, float | None], ...] = ()
        self._chart, self._first = 0, 0
        self._epoch: int | None = None
        self._drawn: object = None
        self._slider: Drawing | None = None
        self.pictures, self.scrubber = ChangingLines(id="pictures"), ChangingLines(id="scrubber")

    def compose(self) -> ComposeResult:
        """Lay out the pictures and the scrubber."""
        yield self.pictures
        yield self.scrubber

    def on_mount(self) -> None:
        """Draw, and follow the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.paint())
        self.watch_report()

    def on_changing_lines_resized(self) -> None:
        """Draw in the new size."""
        self.paint()

    def watch_report(self) -> None:
        """Read what was kept of trials that ended meanwhile."""
        if not self.is_attached:
            return
        wanted = tuple((row.id, row.finished) for row in self._judged())
        if wanted == self._read:
            self.paint()
            return
        self._read = wanted
        self.run_worker(self._look_up(), exclusive=True, group="models")

    def watch_pattern(self) -> None:
        """Show other losses."""
        self._first = 0
        self.paint()

    def _judged(self) -> list[TrialRow]:
        rows = self.report.judged() if self.report else []
        return [row for row in rows if row.trial.seed == SEED and row.ended]

    async def _look_up(self) -> None:
        rows = self._judged()
        if not rows:
            self._models, self._sample = {}, None
        else:
            trial = rows[0].trial
            key = sample_key(trial.task, trial.protocol, SEED)
            try:
                models, self._sample = await self._desk.models([row.id for row in rows], key)
            except LosstermError as error:
                self._read = ()
                self.notify(str(error), severity="error", markup=False)
                return
            self._models = {row.trial.loss: models[row.id] for row in rows if row.id in models}
        self.paint()
        self.post_message(self.Changed())

    # What there is

    @property
    def drawn(self) -> bool:
        """Whether there are models."""
        return bool(self._shown and self._sample)

    @property
    def has_others(self) -> bool:
        """Whether there is more than one kind of picture."""
        return self._sample is not None and self._sample.classes is not None

    @property
    def _shown(self) -> dict[str, Model]:
        order = self.report.asked.comparison.losses if self.report else ()
        keys = [key for key in order if key in self._models and matches(self.pattern, key)]
        return {key: self._models[key] for key in keys}

    @property
    def _epochs(self) -> tuple[int, ...]:
        return tuple(sorted({epoch for model in self._shown.values() for epoch in model.epochs})) or (0,)

    @property
    def _place(self) -> int:
        """The chosen place among the kept epochs; the last where none was chosen."""
        epochs = self._epochs
        if self._epoch is None:
            return len(epochs) - 1
        return max([place for place, epoch in enumerate(epochs) if epoch <= self._epoch], default=0)

    # What a person does

    def action_next_chart(self) -> None:
        """Show the next kind of picture."""
        self._chart += 1
        self.paint()

    def action_back(self, steps: int = 1) -> None:
        """Show the models as they were at the kept epoch before."""
        self._go(self._place - steps)

    def action_forth(self, steps: int = 1) -> None:
        """Show the models as they were at the next kept epoch."""
        self._go(self._place + steps)

    def action_fast_back(self) -> None:
        """Go far back."""
        self.action_back(FAST // 2)

    def action_fast_forth(self) -> None:
        """Go far on."""
        self.action_forth(FAST // 2)

    def _go(self, place: int) -> None:
        epochs = self._epochs
        self._epoch = epochs[min(max(place, 0), len(epochs) - 1)]
        self.paint()

    def action_page(self, by: int) -> None:
        """Show further losses, or those before."""
        if self._shown:
            self._first = min(max(self._first + by, 0), len(self._shown) - 1)
            self.paint()

    def action_out(self) -> bool:
        """Go back to the final models."""
        was = self._epoch is not None
        self._epoch = None
        self.paint()
        return was

    def on_click(self, event: events.Click) -> None:
        """Show the models as they were at the kept epoch that is nearest to the mouse."""
        place = self.scrubber.content_region
        if self.drawn and self._slider and place.contains(event.screen_x, event.screen_y):
            epochs, at = self._epochs, self._slider.x_at(event.screen_x - place.x, 0)
            if at is not None:
                self._go(min(range(len(epochs)), key=lambda kept: abs(epochs[kept] - at)))

    # How it is drawn

    def paint(self) -> None:
        """Draw the models at the chosen epoch."""
        if not self.seen:
            return
        models, sample = self._shown, self._sample
        if not models or sample is None:
            self._drawn = self._slider = None
            self.entitle("Predictions", "")
            self.pictures.show(self.said(self._nothing()))
            self.scrubber.show([])
            return
        from lossterm.figures import predictions  # slow, so not before there is something to draw

        kinds = predictions.kinds(sample)
        kind = kinds[self._chart % len(kinds)]
        epochs, place = self._epochs, self._place
        first = min(self._first, len(models) - 1)
        style = Style(dark=self.dark, plain=self.plain)
        size = self.pictures.size.width, self.pictures.size.height
        drawn = kind, tuple(models.values()), sample, epochs[place], first, size, style
        if drawn == self._drawn:  # each look at the store comes by here, and few bring anything new
            return
        self._drawn = drawn
        page = predictions.page(kind, models, sample, epochs[place], first, size, style)
        more = f"{len(page.shown)} of {len(models)} losses, {self._keys['predictions.down']}: more"
        more = more if len(page.shown) < len(models) else ""
        self.entitle(f"Predictions: {predictions.TITLES[kind]}, test rows of seed {SEED}", more)
        self.pictures.show(page.lines)
        self._slider = predictions.slider(epochs, place, self.scrubber.size.width)
        self.scrubber.show(self._slider.lines)

    def _nothing(self) -> str:
        if self._models and self.pattern:
            return "No loss matches the filter."
        own = self.report.asked.comparison.hyperparameters.model if self.report else ""
        if own and any(row.status == "done" for row in self._judged()):
            return NOT_SHOWN.format(called(own))
        if self._read and self.report and not self.report.pending:
            return "No model was kept of these trainings: they were stopped, diverged at once or failed."
        return NOTHING
