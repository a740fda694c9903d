"""Gives out keys one after another, so that each finds what the one before it has done.

Textual gives every key at once to the widget that has the focus. Of a burst, as a slow link or a fast typist makes it,
all keys went to the widget that the first one has left: typed into a field that is gone, or ignored by a dialog that
their own first key has opened. Here a key waits until the one before it is done with, and until the screen that this
one has opened can take it.
"""

from collections import deque

from textual import events
from textual.app import App
from textual.message import Message
from textual.widget import Widget

MOST_LOOKS = 50
"""Looks at a widget that is not done with its key, or at a screen that has no focus, after which neither is waited for.

Looks and not seconds: they pause with the app, while what a key is bound to takes its time."""

PAUSE = 0.01
"""Seconds between two looks."""


class KeyDone(Message):
    """Follows a key through the same queues, from the widget that it was given to up to the app.

    What the key is bound to is done when it gets there, and may send messages the same way: so it goes round twice.
    """

    def __init__(self, *, again: bool = True) -> None:
        """`again` says whether it is to go round once more."""
        super().__init__()
        self.again = again


class KeysInOrder:
    """The keys that have come and are not given out yet."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._waiting: deque[events.Key] = deque()
        self._turn: events.Key | None = None  # the one of them that is to be given out when it comes again
        self._looking = False
        self._with: Widget | None = None  # the widget that has a key and is not done with it
        self._screen: object = None  # that was on top when a key came or was looked at last
        self._looks_at_widget = self._looks_at_screen = 0

    def keeps(self, key: events.Key) -> bool:
        """Whether a key that has just come is kept; if not, it is to be given out now."""
        if key is self._turn:
            self._turn = None
            return False
        if not self._waiting and self._turn is None and self._ready():
            return False
        self._waiting.append(key)
        self._look_later()
        return True

    def given(self, to: Widget) -> None:
        """Note that a widget was given a key."""
        if to.post_message(KeyDone()):
            self._with, self._looks_at_widget = to, 0

    def done(self, event: KeyDone) -> None:
        """Note that the key that was given out last is done with, and give out the next one."""
        if event.again and self._with is not None and self._with.post_message(KeyDone(again=False)):
            return
        self._with = None
        if self._waiting:
            self._app.call_later(self._give_out)  # behind a focus that is on its way

    def _ready(self) -> bool:
        screen = self._app.screen
        if screen is not self._screen:
            self._screen, self._looks_at_screen = screen, 0
        if self._with is not None and self._with.is_attached and self._looks_at_widget < MOST_LOOKS:
            return False
        if screen.focused is not None or self._looks_at_screen >= MOST_LOOKS:
            return True
        return screen.is_mounted and not screen.focus_chain

    def _look_later(self) -> None:
        if self._waiting and not self._looking:
            self._looking = True
            self._app.set_timer(PAUSE, self._look)

    def _look(self) -> None:
        self._looking = False
        self._looks_at_widget += 1
        self._looks_at_screen += self._app.screen.focused is None
        self._give_out()
        self._look_later()

    def _give_out(self) -> None:
        if self._waiting and self._turn is None and self._ready():
            self._with, self._turn = None, self._waiting.popleft()
            self._app.post_message(self._turn)
