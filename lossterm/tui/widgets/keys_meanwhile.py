"""Keeps the keys that are typed before what they are for is there."""

from textual import events
from textual.widget import Widget


class KeysMeanwhile(Widget, can_focus=True):
    """Takes the keys while something is loaded, and hands them on in their order once it is there."""

    DEFAULT_CSS = """
    KeysMeanwhile {
        width: 0;
        height: 0;
    }
    """

    def __init__(self, *passes: str) -> None:
        """`passes` are keys that are not kept, such as the one that leaves."""
        super().__init__()
        self._passes = passes
        self._kept: list[events.Key] = []
        self.over = False
        """Whether what they are for is there."""

    async def _on_key(self, event: events.Key) -> None:
        self.take(event)

    def take(self, event: events.Key) -> None:
        """Keep a key that came here or to a screen without focus; later ones that were on their way are sent again."""
        if event.key in self._passes:
            return
        event.stop()
        event.prevent_default()
        if self.over:
            self.app.post_message(events.Key(event.key, event.character))
        else:
            self._kept.append(event)

    def keep(self) -> None:
        """Keep the keys from now on, the next one included."""
        self.over = False
        self.screen.set_focus(self)

    def hand_on(self, to: Widget) -> None:
        """Give the focus to a widget, and the kept keys to the app as if they were typed now."""
        self.over = True
        to.focus()
        for event in self._kept:
            self.app.post_message(events.Key(event.key, event.character))
        self._kept.clear()
