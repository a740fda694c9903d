"""How a comparison goes, in a notebook: one line with a bar that changes in place, and sentences that stay."""

import sys
from html import escape
from typing import TYPE_CHECKING, Any, Protocol, Self

from lossterm.following.narrator import Narrator, told
from lossterm.following.session_state import SessionState
from lossterm.text.harmless import printable

if TYPE_CHECKING:
    from types import TracebackType


class Shows(Protocol):
    """What shows how a comparison goes, while it is entered."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None", /
    ) -> None: ...

    def show(self, state: SessionState) -> None:
        """Show the present state."""

    def say(self, text: str) -> None:
        """Say something that stays."""


def progress_shown(*, quiet: bool) -> Shows:
    """Return what shows progress here: in a notebook its own display, else stderr; nothing if quiet."""
    display = None if quiet else _notebook_display()
    return Narrator(quiet=quiet) if display is None else NotebookProgress(display)


def _notebook_display() -> Any:
    """Return IPython's `display` where this process is the kernel of a notebook, else None."""
    ipython = sys.modules.get("IPython")  # a kernel has imported it
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display


class NotebookProgress:
    """A bar in the output of a cell. It is the display's own element, so that no extension is needed."""

    def __init__(self, display: Any) -> None:
        """Prepare to show by IPython's `display`."""
        self._display, self._handle = display, None
        self._last = ""

    def __enter__(self) -> Self:
        self._handle = self._display(_Html("starting"), display_id=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._update(self._last)

    def show(self, state: SessionState) -> None:
        """Show the present state."""
        progress = state.progress()
        text = told(state, progress)
        self._last = text
        self._update(text, progress.epochs, progress.all_epochs)

    def _update(self, text: str, done: int | None = None, most: int = 0) -> None:
        bar = "" if done is None else f'<progress value="{done}" max="{max(most, 1)}"></progress> '
        if self._handle is not None:
            self._handle.update(_Html(text, bar))

    def say(self, text: str) -> None:
        """Show a sentence that stays."""
        self._display(_Html(printable(text)))


class _Html:
    """One line of a cell's output, as HTML and as text."""

    def __init__(self, text: str, bar: str = "") -> None:
        self._text, self._bar = text, bar

    def _repr_html_(self) -> str:
        return f'<div style="font-size:90%">{self._bar}{escape(self._text)}</div>'

    def __repr__(self) -> str:
        return self._text
