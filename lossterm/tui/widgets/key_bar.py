"""The keys that do something now, in one line. Textual's Footer mounts a widget per key and anew at each change."""

from collections.abc import Mapping

from rich.text import Text
from textual import events
from textual.binding import ActiveBinding

from lossterm.tui.widgets.changing_lines import ChangingLines

LESS_NEEDED = (
    *("curves.hide", "curves.pin", "curves.splits", "curves.smoother", "curves.log", "curves.seeds"),
    *(
        "main.export",
        "main.network",
        "main.filter",
        "main.rank",
        "loss.all",
        "view.chart",
        "sessions.resume",
        "main.settle",
    ),
)
"""Keys that give way first where there is no room for all; `?` lists them."""


class KeyBar(ChangingLines):
    """Keys with their labels, greyed where they cannot be used now; a click does what the key does."""

    def __init__(self, spans: Mapping[str, str] | None = None) -> None:
        """`spans` says of bindings that stand for several, by id, which keys they are shown with."""
        super().__init__(id="keys")
        self._spans = spans or {}
        self._places: list[tuple[range, str]] = []

    def on_mount(self) -> None:
        """Follow the focus and what can be done."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._paint())
        self.app.theme_changed_signal.subscribe(self, lambda _: self._paint())
        self._paint()

    def _paint(self) -> None:
        every = {active.binding.id: active for active in reversed(self.screen.active_bindings.values())}
        shown = [active for active in reversed(every.values()) if active.binding.show]  # of several keys the first
        labels = [self._label(active) for active in shown]
        if 1 + sum(label.cell_len + 1 for label in labels) > self.size.width:  # what does nothing now gives way
            shown = [active for active in shown if active.enabled]
            labels = [self._label(active) for active in shown]
        for spare in LESS_NEEDED:
            if 1 + sum(label.cell_len + 1 for label in labels) > self.size.width:
                shown = [active for active in shown if active.binding.id != spare]
                labels = [self._label(active) for active in shown]
        needed = sum(label.cell_len for label in labels) + 2 * len(labels)
        between = "  " if needed <= self.size.width else " "
        line, self._places = Text(" "), []
        for active, label in zip(shown, labels, strict=True):
            start = line.cell_len
            line.append_text(label)
            self._places.append((range(start, line.cell_len), active.binding.key))
            line.append(between)
        self.show([line])

    def on_resize(self) -> None:
        """Set the keys closer where there is less room."""
        self._paint()

    def _label(self, active: ActiveBinding) -> Text:
        key, theme = self._spans.get(active.binding.id or "", ""), self.app.current_theme
        key = key or self.app.get_key_display(active.binding)
        accent = (theme.accent if theme.dark else theme.primary) or ""  # amber on white is hard to read
        if not active.enabled:
            return Text(f"{key} {active.binding.description}", "dim")
        return Text.assemble((key, f"bold {accent}"), " ", active.binding.description)

    def on_click(self, event: events.Click) -> None:
        """Do what the key under the mouse does."""
        for place, key in self._places:
            if event.x in place:
                self.app.simulate_key(key)
