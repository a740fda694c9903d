"""The losses that fit the task, each ticked or not, and those that do not, with the reason."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding
from textual.message import Message
from textual.reactive import var
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from lossterm.charts.loss_colours import colour_of, colour_text
from lossterm.comparison.comparison import DEFAULT_TASK, Comparison
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL
from lossterm.comparison.user_code_consent import trust
from lossterm.errors import LosstermError
from lossterm.losses import Loss, every_loss, fitting, is_own, loss_named, loss_recorded, source_from, usual
from lossterm.losses.keras_on_numbers import suited
from lossterm.tasks import Task, task_named
from lossterm.text.name_pattern import matches
from lossterm.tui.dialogs import ExplainDialog, VaryDialog
from lossterm.tui.state.empty_views import NONE_MATCHES
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.widgets.changing_lines import fitted


class LossPanel(OptionList):
    """One line per loss, its box in the loss's colour; space ticks."""

    PLACE = "in the list of losses"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("space", "select", "Tick", id="loss.tick", tooltip="Tick or untick the loss under the cursor"),
        Binding("enter", "select", "Tick", show=False, id="loss.enter"),
        Binding("a", "tick_all", "All", id="loss.all", tooltip="Tick every loss; again: as it was"),
        Binding("u", "untick_all", "None", show=False, id="loss.none", tooltip="Untick every loss; again: as it was"),
        Binding("e", "explain", "Explain", id="loss.explain", tooltip="Explain the loss under the cursor, and draw it"),
        Binding("v", "vary", "Vary", show=False, id="loss.vary", tooltip="Add the loss with other parameters"),
        Binding("j", "cursor_down", "Down", show=False, id="loss.down"),
        Binding("k", "cursor_up", "Up", show=False, id="loss.up"),
    ]

    record: var[Task] = var(task_named(DEFAULT_TASK), init=False)
    """The task whose losses are shown."""
    protocol: var[str] = var(DEFAULT_PROTOCOL, init=False)
    """Key of the protocol, under which some losses do not fit."""

    pattern: var[str] = var("", init=False)
    """What the filter lets through, as `name_pattern.matches` reads it; ticks stay as they are."""

    advised: var[tuple[str, ...]] = var((), init=False)
    """Keys of the losses that are advised for the task's data."""

    class Pointed(Message):
        """The cursor is on another loss."""

        def __init__(self, loss: str) -> None:
            super().__init__()
            self.loss = loss

    class Ticked(Message):
        """Other losses are ticked now."""

    def __init__(self, keys: KeyNames, own: Sequence[str] = ()) -> None:
        """`own` says where custom losses are, as `losses.source_from` reads it. Raises LosstermError."""
        super().__init__(id="losses", compact=True)
        self._key_names = keys
        self.border_title = "Losses"
        self._sources: dict[str, str] = {source.key: source.text for source in map(source_from, own)}
        self._named_by_person = frozenset(self._sources.values())  # by the person; those that a session brings are not
        self._varied: dict[str, None] = {}
        self._turned: dict[str, dict[str, bool]] = {}
        self._before_all: dict[str, dict[str, bool]] = {}  # task → loss → whether it was ticked before all were turned
        self.touched = False
        """Whether a person has changed what is ticked."""

    @property
    def ticked(self) -> tuple[str, ...]:
        """Keys of the ticked losses, in the order of the list."""
        return tuple(key for key in self._keys if self._is_ticked(key))

    @property
    def set_up(self) -> tuple[Loss, ...]:
        """The ticked losses, as the protocol sets them up."""
        return tuple(loss_recorded(key).under(self.protocol) for key in self.ticked)

    @property
    def own(self) -> tuple[str, ...]:
        """Where the ticked custom losses are."""
        return tuple(self._sources[key] for key in self.ticked if key in self._sources)

    @property
    def under_cursor(self) -> str | None:
        """Key of the loss under the cursor, None where there is none."""
        if self.highlighted is None or not self.option_count:
            return None
        return self.get_option_at_index(self.highlighted).id

    def _is_ticked(self, key: str) -> bool:
        default = key in self._sources or key in [loss.key for loss in usual(self.record.targets, self.protocol)]
        return self._turned.get(self.record.key, {}).get(key, default)

    @property
    def _keys(self) -> list[str]:
        """Keys of losses that fit: the usual ones first, each followed by its variants; then custom losses."""
        targets = self.record.targets
        plain = [loss.key for loss in usual(targets, self.protocol)]
        plain += [loss.key for loss in fitting(targets, self.protocol) if loss.key not in plain]
        bases = {varied: loss_recorded(varied).base for varied in self._varied}
        every = [key for base in plain for key in (base, *(one for one in bases if bases[one] == base))]
        return [*every, *self._sources]

    @property
    def listed(self) -> tuple[str, ...]:
        """Keys of what the filter lets through."""
        return tuple(key for key in self._keys if matches(self.pattern, key))

    @property
    def _misfits(self) -> list[tuple[str, str]]:
        """Losses of the task's kind that its targets make wrong, each with what it needs."""
        targets = self.record.targets
        return [
            (loss.key, misfit)
            for loss in every_loss().values()
            if targets.kind in loss.kinds and (misfit := loss.misfit_in_short(targets, self.protocol))
        ]

    @property
    def turned(self) -> dict[str, dict[str, bool]]:
        """Task → loss → whether it is ticked, where a person or a comparison has said so."""
        return {task: dict(turned) for task, turned in self._turned.items()}

    @property
    def varied(self) -> tuple[str, ...]:
        """Keys of the losses with parameters that were added."""
        return tuple(self._varied)

    def restore(self, turned: Mapping[str, Mapping[str, bool]], varied: Sequence[str]) -> None:
        """Tick what was ticked, and list what was added; what is no longer known is left out."""
        for key in varied:
            with suppress(LosstermError):
                self._varied[loss_named(key).key] = None
        self._turned = {task: dict(ticks) for task, ticks in turned.items()}
        self._fill()
        self.post_message(self.Ticked())

    def reread(self) -> None:
        """Read the files of custom losses again: an edited file is another loss. Raises LosstermError."""
        sources = {key: source_from(text) for key, text in self._sources.items()}
        if all(source.key == key for key, source in sources.items()):
            return
        trust(*(source for source in sources.values() if source.text in self._named_by_person))
        for turned in self._turned.values():
            turned.update({source.key: turned[key] for key, source in sources.items() if key in turned})
        self._sources = {source.key: source.text for source in sources.values()}
        self._fill()
        self.post_message(self.Ticked())

    def vary(self, key: str) -> None:
        """Add a loss with parameters to the list, ticked."""
        self.touched = True
        if key not in every_loss():
            self._varied[key] = None
        self._turned.setdefault(self.record.key, {})[key] = True
        self._fill()
        if key in self.listed:
            self.highlighted = self.listed.index(key)
        self.post_message(self.Ticked())

    def on_mount(self) -> None:
        """Fill the list, and again whenever the theme changes, since colours follow it."""
        self._fill()
        self.post_message(self.Ticked())
        self.app.theme_changed_signal.subscribe(self, lambda _: self._fill())

    def on_resize(self) -> None:
        """Cut names for the new width."""
        self._paint()

    def watch_record(self) -> None:
        """Show the losses of another task."""
        self._fill()

    def watch_protocol(self) -> None:
        """Show the losses that fit under another protocol."""
        self._fill()
        self.post_message(self.Ticked())

    def _fill(self) -> None:
        under, cursor = self.under_cursor, self.highlighted or 0
        self.clear_options()
        ticked, keys = self.ticked, self.listed
        self.add_options([Option(self._prompt(key, ticked=key in ticked), key) for key in keys])
        misfits = [(key, why) for key, why in self._misfits if matches(self.pattern, key)]
        self.add_options([Option(Text(f"· {key} {why}"), disabled=True) for key, why in misfits])
        if not (keys or misfits):
            why = self._key_names.fill_in(NONE_MATCHES.format("loss"))
            self.add_option(Option(Text(f"· {why}"), disabled=True))
        self.highlighted = keys.index(under) if under in keys else min(cursor, len(keys) - 1) if keys else None
        self._count()

    def watch_pattern(self) -> None:
        """List what the filter lets through."""
        self._fill()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say which loss the cursor is on."""
        event.stop()
        if event.option_id:
            self.post_message(self.Pointed(event.option_id))

    def watch_advised(self) -> None:
        """Mark other losses."""
        self._fill()

    def _prompt(self, key: str, *, ticked: bool) -> Text:
        colour = colour_text(colour_of(key, dark=self.app.current_theme.dark))
        box, star = ("■ " if ticked else "□ "), (" ★" if key in self.advised else "")
        room = max(self.size.width - self.styles.scrollbar_size_vertical - cell_len(box + star), 1)
        return Text.assemble((box, colour), fitted(key, min(cell_len(key), room)), (star, "bold"))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Tick or untick what was clicked."""
        event.stop()
        self._turn(event.option_id)

    def action_select(self) -> None:
        """Tick or untick what is under the cursor, before the next key is handled."""
        if self.highlighted is not None:
            self._turn(self.get_option_at_index(self.highlighted).id)

    def _turn(self, loss: str | None) -> None:
        if loss:
            self.touched = True
            self._turned.setdefault(self.record.key, {})[loss] = not self._is_ticked(loss)
            self._changed()

    def adopt(self, comparison: Comparison, task: Task) -> None:
        """Tick the losses of a comparison on its task; custom ones as their files are now."""
        asked = self._as_asked(task)
        for _, text in comparison.sources:
            with suppress(LosstermError):  # a file that has gone is no longer offered; what it trained is still shown
                source = source_from(text)
                if source.key not in asked:
                    self._sources[source.key] = source.text
        known = every_loss()
        self._varied.update(dict.fromkeys(key for key in comparison.losses if key not in known and not is_own(key)))
        self.record, self.protocol = task, comparison.protocol
        losses = {*comparison.losses, *self._sources}
        self._turned[self.record.key] = {key: key in losses for key in self._keys}
        self._fill()
        self.post_message(self.Ticked())

    def _as_asked(self, task: Task) -> set[str]:
        """Return the keys under which the custom losses of the list are trained on a task."""
        keys = set[str]()
        for text in self._sources.values():
            with suppress(LosstermError):  # one that the task has no use for
                keys.add(suited(source_from(text), task.kind, task.key).key)
        return keys

    def action_explain(self) -> None:
        """Say what the loss under the cursor is."""
        if key := self.under_cursor:
            self.app.push_screen(ExplainDialog(loss_recorded(key), self._key_names))

    def action_vary(self) -> None:
        """Ask for other parameters of the loss under the cursor."""
        key = self.under_cursor
        loss = loss_recorded(key) if key else None
        if loss is None or not loss.parameters:
            self.notify(f"{key} has no parameters." if key else "There is no loss.", markup=False)
            return
        self.app.push_screen(VaryDialog(loss, self._key_names), lambda varied: self.vary(varied) if varied else None)

    def action_tick_all(self) -> None:
        """Tick all that are listed, or bring back what was ticked before."""
        self._turn_all(ticked=True)

    def action_untick_all(self) -> None:
        """Untick all that are listed, or bring back what was ticked before."""
        self._turn_all(ticked=False)

    def _turn_all(self, *, ticked: bool) -> None:
        """Turn all that are listed; where all are so already, back to what they were, or else all the other way."""
        self.touched = True
        task, now = self.record.key, {key: self._is_ticked(key) for key in self.listed}
        wanted = dict.fromkeys(now, ticked)
        if wanted == now:
            before = self._before_all.pop(task, {})
            wanted = {key: before.get(key, not ticked) for key in now}
        elif len(set(now.values())) > 1:  # a mixed choice is worth keeping, which a person made one by one
            self._before_all[task] = now
        self._turned.setdefault(task, {}).update(wanted)
        self._changed()

    def _paint(self) -> None:
        ticked, keys = self.ticked, self.listed
        for place, key in enumerate(keys if self.option_count else ()):
            self.replace_option_prompt_at_index(place, self._prompt(key, ticked=key in ticked))

    def _changed(self) -> None:
        self._paint()
        self._count()
        self.post_message(self.Ticked())

    def _count(self) -> None:
        keys, listed = self._keys, len(self.listed)
        filtered = f"{listed} listed, " if listed < len(keys) else ""
        starred = "★ advised, " if set(self.advised) & set(self.listed) else ""
        self.border_subtitle = f"{starred}{filtered}{len(self.ticked)} of {len(keys)} ticked"
