"""The base of the views' panels: the screen's keys go to the panel that is shown."""

from collections.abc import Mapping
from textwrap import wrap
from typing import ClassVar

from rich.text import Text
from textual.message import Message
from textual.widget import Widget


class ViewPanel(Widget, can_focus=True):
    """One view of the session. An action `x` of the screen's keys is its method `action_x`, if it has one."""

    CAN: ClassVar[Mapping[str, str]] = {}
    """For actions that can't always be done, the property that tells whether they can be done now."""

    class Changed(Message):
        """The possible actions changed without a key press."""

    class RowPointed(Message):
        """A row of the data is to be marked in every view that shows it."""

        def __init__(self, row: int) -> None:
            """`row` is its number."""
            super().__init__()
            self.row = row

    _titles = ("", "")

    def can(self, action: str) -> bool:
        """Whether an action has something to do here and now."""
        condition = self.CAN.get(action)
        return hasattr(self, f"action_{action}") and (condition is None or bool(getattr(self, condition)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out those of the panel's own keys that have nothing to do."""
        return action not in self.CAN or self.can(action) or None

    def action_out(self) -> bool:
        """Go one layer out within the view; return whether there was one."""
        return False

    def take_keys(self) -> None:
        """Take the keys, or hand them to the part that knows what to do with them."""
        self.focus()

    def message_lines(self, words: str) -> list[Text]:
        """Return words as lines that fit the panel."""
        width = max(self.size.width - 4, 20)
        return [Text(line, "dim") for part in words.split("\n") for line in wrap(part, width) or [""]]

    def entitle(self, title: str, subtitle: str) -> None:
        """Write titles into the border if they are other ones: Textual paints the whole panel anew for each."""
        if (title, subtitle) != self._titles:
            self._titles = title, subtitle
            self.border_title, self.border_subtitle = Text(title), Text(subtitle)

    @property
    def seen(self) -> bool:
        """Whether there is anything to paint on: a view is mounted when it is first shown."""
        return self.is_mounted and bool(self.size.width)

    @property
    def dark(self) -> bool:
        """Whether the theme is dark."""
        return self.app.current_theme.dark

    @property
    def plain(self) -> bool:
        """Whether the screen has no colours."""
        return self.app.no_color
