"""The dialog that asks in which format a session is to be written, and where to."""

from collections.abc import Iterable
from pathlib import Path

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from lossterm.export import FORMATS, PROPOSED, Format, default_destination
from lossterm.text.numbers import memory_size
from lossterm.tui.background.exporter import Wanted
from lossterm.tui.state.key_names import KeyNames


class ExportDialog(ModalScreen[Wanted | None]):
    """Asks for a format and a path; answers with what is wanted, None where it was left."""

    PLACE = "in the export dialog"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("escape", "dismiss", "Cancel", id="export.cancel", tooltip="Write nothing"),
    ]

    def __init__(self, session: str, task: str, loss: str | None, keys: KeyNames, *, trials: int, epochs: int) -> None:
        """`task` and `loss` are what a format takes that holds one of them only; of no loss it takes the best.

        `trials` and `epochs` are how many the session holds, from which the size of each format follows.
        """
        super().__init__()
        self._session, self._only, self._loss = session, task, loss
        self._keys = keys.of(type(self))
        self._formats: tuple[Format, ...] = tuple(FORMATS.values())
        self._held = trials, epochs
        self._written: dict[str, str] = {}
        self.list = OptionList(*self._options(), id="formats", compact=True)
        self.path = Input(compact=True)
        self.path.cursor_blink = False  # a blink is bytes over the link while nothing happens
        self.what = Static(id="what", markup=False)

    def _options(self) -> Iterable[Option]:
        wide = max(len(form.key) for form in self._formats)
        sizes = [self._size_in_words(form) for form in self._formats]
        for form, size in zip(self._formats, sizes, strict=True):
            parts = form.key.ljust(wide), "  ", size.rjust(max(map(len, sizes))), "  ", (form.title, "dim")
            yield Option(Text.assemble(*parts), form.key)

    def _size_in_words(self, form: Format) -> str:
        size = form.size(*self._held)
        return f"~{memory_size(size)}" if size >= 1e6 else "small"

    def compose(self) -> ComposeResult:
        """Lay out formats and path."""
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = Text(f"Export {self._session}")
            dialog.border_subtitle = Text(
                self._keys.fill_in("enter writes · {app.next} to the path · {export.cancel} cancels")
            )
            yield self.list
            yield self.path
            yield self.what

    def on_mount(self) -> None:
        """Begin with the format that is proposed."""
        self.list.highlighted = list(FORMATS).index(PROPOSED)
        self.list.focus()

    @property
    def _form(self) -> Format:
        return self._formats[self.list.highlighted or 0]

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show where the format goes: what was written for it before, else what is usual."""
        event.stop()
        form = self._form
        self.path.value = self._written.get(form.key, str(default_destination(self._session, form)))
        self.what.update(self._scope(form))

    def _scope(self, form: Format) -> str:
        """Say what is exported, for which the list may lack room, and where a relative path begins."""
        of = (
            f"{self._loss or 'the best loss'} on {self._only}"
            if form.one_comparison
            else "all comparisons of the session"
        )
        return f"{form.key}: {form.title}. Of {of} ({self._size_in_words(form)}); a path begins in {Path.cwd()}."

    def on_input_changed(self, event: Input.Changed) -> None:
        """Remember what was written for this format."""
        event.stop()
        self._written[self._form.key] = event.value

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Write."""
        event.stop()
        self._answer()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Write."""
        event.stop()
        self._answer()

    def _answer(self) -> None:
        form = self._form
        path = self.path.value.strip() or str(default_destination(self._session, form))
        only = (self._only, self._loss) if form.one_comparison else (None, None)
        self.dismiss(Wanted(form=form.key, path=path, task=only[0], loss=only[1]))
