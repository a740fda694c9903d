"""The keys that do something now, in one line. Textual's Footer mounts a widget per key and anew at each change."""

from collections.abc import Mapping

from rich.text import Text
from textual import events
from textual.binding import ActiveBinding

from lossterm.tui.widgets.changing_lines import ChangingLines

LESS_NEEDED = (
    "main.race",
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
        "sessions.new",
        "sessions.rename",
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
        shown = [  # of several keys the first
            (active, self._label(active)) for active in reversed(every.values()) if active.binding.show
        ]
        if not self._fit(shown):  # what does nothing now gives way
            shown = [(active, label) for active, label in shown if active.enabled]
        for spare in LESS_NEEDED:
            if self._fit(shown):
                break
            shown = [(active, label) for active, label in shown if active.binding.id != spare]
        needed = sum(label.cell_len + 2 for _, label in shown)
        between = "  " if needed <= self.size.width else " "
        line, self._places = Text(" "), []
        for active, label in shown:
            start = line.cell_len
            line.append_text(label)
            self._places.append((range(start, line.cell_len), active.binding.key))
            line.append(between)
        self.show([line])

    def _fit(self, shown: list[tuple[ActiveBinding, Text]]) -> bool:
        """Whether there is room for the labels, a blank before and after each."""
        return 1 + sum(label.cell_len + 1 for _, label in shown) <= self.size.width

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
