"""What the app remembers of a session's views, and of its themes, from one time to the next."""

import msgspec

from lossterm.errors import StoreError
from lossterm.figures.curve_view_state import CurveViewState
from lossterm.store import Store
from lossterm.tui.panels.curves_panel import Shown
from lossterm.tui.screens.main_layout import Name
from lossterm.tui.state.choices import Choices


class Remembered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a session was looked at."""

    asked: int = 0
    """Number of the comparison that was the last then: what was asked for since counts for more than choices."""
    choices: Choices | None = None
    """What was chosen, None before anything was."""
    view: Name = "curves"
    """The view."""
    full: bool = False
    """Whether it had the room to itself."""
    chart: Shown = "loss"
    """Which of the curves' charts was shown."""
    look: CurveViewState = CurveViewState()
    """How the curves were looked at."""
    metrics: dict[str, str] = {}
    """Task → metric that ranked."""


def recall(store: Store, session: str) -> Remembered:
    """Return how a session was looked at last; as at the first time where that is not known or cannot be read."""
    try:
        return msgspec.json.decode(store.preferences.kept(_name(session)) or "{}", type=Remembered)
    except msgspec.MsgspecError:  # a newer version's, or a broken one: nothing that was trained is in it
        return Remembered()


def remember(store: Store, session: str, how: Remembered) -> None:
    """Keep how a session is looked at, unless the store has gone."""
    try:
        store.preferences.keep(_name(session), msgspec.json.encode(how).decode())
    except StoreError:
        return  # whoever follows the session says so


def forget(store: Store, session: str) -> None:
    """Forget how a session was looked at."""
    store.preferences.keep(_name(session), "{}")


def _name(session: str) -> str:
    return f"view/{session}"
