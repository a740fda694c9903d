"""The view of what the models predict, with a scrubber over the epochs at which their weights were kept."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.reactive import var

from lossterm.charts.terminal_style import Style
from lossterm.errors import LosstermError
from lossterm.figures.curve_view_state import FAST
from lossterm.reports.gradient_rows import GradientRow, gradient_rows
from lossterm.reports.report import Report
from lossterm.store import Kept, Sample, TrialRow, sample_key
from lossterm.text.marks import MARKED_ROW
from lossterm.text.name_pattern import matches
from lossterm.tui.background.store_jobs import StoreJobs
from lossterm.tui.panels.view_panel import ViewPanel
from lossterm.tui.state.empty_views import why_no_predictions
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.widgets.changing_lines import ChangingLines

if TYPE_CHECKING:
    from lossterm.charts.drawing import Drawing
    from lossterm.figures.predictions import Page

SEED = 0
"""The seed whose models are kept."""


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
        "log": "has_scale",
        **dict.fromkeys(("next_row", "last_row"), "has_rows"),
    }

    report: var[Report | None] = var(None, init=False, always_update=True)
    """The comparison whose models are shown, None before anything was asked for."""
    pattern: var[str] = var("", init=False)
    """What the filter lets through, as `name_pattern.matches` reads it over keys of losses."""

    marked: var[int | None] = var(None, init=False)
    """Number of the training row that is marked here and in the anatomy, None for none."""

    def __init__(self, desk: StoreJobs, keys: KeyNames) -> None:
        """`desk` reads what is kept."""
        super().__init__(id="predictions")
        self._keys = keys
        self._desk = desk
        self._models: dict[str, Kept] = {}
        self._sample: Sample | None = None
        self._read: tuple[tuple[int, float | None], ...] = ()
        self._chart, self._first = 0, 0
        self._first_row = self._rows_seen = self._rows_among = 0
        self._epoch: int | None = None
        self._linear = False
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
        """Read the kept models of trials that ended since."""
        if not self.is_attached:
            return
        wanted = tuple((row.id, row.finished) for row in self._judged())
        if wanted == self._read:
            self.paint()
            return
        self._read = wanted
        self.run_worker(self._look_up(), exclusive=True, group="models")

    def watch_marked(self) -> None:
        """Mark another row."""
        self.paint()

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
                models, sample = await self._desk.models([row.id for row in rows], key)
            except LosstermError as error:
                self._read = ()
                self.notify(str(error), severity="error", markup=False)
                return
            self._models = {row.trial.loss: models[row.id] for row in rows if row.id in models}
            if sample != self._sample:
                self._sample, self._first_row = sample, 0
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
        sample = self._sample
        return sample is not None and not sample.target_shape and (sample.shaped or sample.classes is not None)

    @property
    def has_scale(self) -> bool:
        """Whether numbers are drawn, on a scale that can be another."""
        sample = self._sample
        return self.drawn and sample is not None and sample.classes is None and not sample.target_shape

    @property
    def has_rows(self) -> bool:
        """Whether there are training rows to mark, or test rows that are drawn one by one."""
        return self.drawn and bool(self._rows_among or self._rows)

    @property
    def _rows(self) -> tuple[GradientRow, ...]:
        return gradient_rows(self._judged())

    @property
    def _shown(self) -> dict[str, Kept]:
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

    def action_log(self) -> None:
        """Draw numbers on a linear scale, or again on that which they ask for."""
        self._linear = not self._linear
        self.paint()

    def action_next_row(self, by: int = 1) -> None:
        """Mark the next of the training rows that hold most of the gradient, or show further test rows."""
        if self._rows_among:
            self._show_rows(self._first_row + by * self._rows_seen)
            return
        numbers = [row.row for row in self._rows]
        if numbers:
            place = numbers.index(self.marked) + by if self.marked in numbers else 0
            self.post_message(self.RowPointed(numbers[place % len(numbers)]))

    def action_last_row(self) -> None:
        """Mark the row before, or show those before."""
        self.action_next_row(-1)

    def _show_rows(self, first: int) -> None:
        if first < self._rows_among:
            self._first_row = max(first, 0)
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
            self._rows_among = 0
            why = why_no_predictions(self.report, self._judged(), kept=bool(self._models and self.pattern))
            self.entitle("Predictions", "")
            self.pictures.show(self.message_lines(self._keys.fill_in(why)))
            self.scrubber.show([])
            return
        from lossterm.figures import predictions  # slow, so not before there is something to draw

        kinds = predictions.kinds(sample)
        kind = kinds[self._chart % len(kinds)]
        epochs, place = self._epochs, self._place
        first = min(self._first, len(models) - 1)
        style = Style(dark=self.dark, plain=self.plain)
        size = self.pictures.size.width, self.pictures.size.height
        row = next((one for one in self._rows if one.row == self.marked), None)
        marked = row.held if row else {}
        drawn = (
            kind,
            tuple(models.values()),
            sample,
            epochs[place],
            first,
            size,
            style,
            row,
            self._linear,
            self._first_row,
        )
        if drawn == self._drawn:  # each look at the store comes by here, and few bring anything new
            return
        self._drawn = drawn
        page = predictions.page(
            kind,
            models,
            sample,
            epochs[place],
            first,
            size,
            style,
            marked=marked,
            linear=self._linear,
            first_row=self._first_row,
        )
        self._rows_seen, self._rows_among = page.rows, page.among
        self.entitle(
            f"Predictions: {predictions.TITLES[kind]}, test rows of seed {SEED}", self._more(page, len(models), row)
        )
        self.pictures.show(page.lines)
        self._slider = predictions.slider(epochs, place, self.scrubber.size.width)
        self.scrubber.show(self._slider.lines)

    def _more(self, page: "Page", losses: int, row: GradientRow | None) -> str:
        """Say what is marked, and how to come to what had no room."""
        words = []
        if page.among:
            end = self._first_row + page.rows
            more = f", {self._keys['view.next_row']}: more" if end < page.among else ""
            span = f"{self._first_row + 1}–{end}" if page.rows > 1 else str(end)
            words.append(f"{span} of {page.among} rows{more}")
        elif row:
            words.append(f"{MARKED_ROW} training row {row.row}")
        if len(page.shown) < losses:
            words.append(f"{len(page.shown)} of {losses} losses, {self._keys['predictions.down']}: more")
        return " · ".join(words)
