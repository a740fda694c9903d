"""The layout: choices, one view and the scores, by the requested view and the room."""

from collections.abc import Mapping
from typing import Literal, get_args

from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.reactive import var
from textual.widget import AwaitMount

from lossterm.tui.panels.choices_panel import ChoicesPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.view_panel import ViewPanel

Name = Literal["curves", "scores", "anatomy", "predictions", "sessions", "stress"]
VIEWS: tuple[Name, ...] = get_args(Name)
"""The views, in the order of the keys 1 to 6."""

SHARED = 120
"""Columns from which the scores stand beneath curves that were asked for."""

CHOICES_BESIDE = 170
"""Columns from which the choices stand beside a view that was asked for."""

TALL = 34
"""Lines from which there is more room for tasks and scores."""

TALLER = 50
"""Lines from which there is still more for the scores."""


class MainLayout(Container):
    """Home has the choices, a view and the scores; a view that was asked for by its key has the room to itself.

    Where that is wide, curves share it with the scores. These are always as wide as all that is seen: a wider terminal
    never shows fewer of their columns. `[` and `]` show or hide the choices and the scores.
    """

    view: var[Name] = var("curves", init=False)
    """The view that was asked for last."""
    full: var[bool] = var(False, init=False)
    """Whether it has the room to itself."""

    class Arranged(Message):
        """Something else is shown."""

    def __init__(self, choices: ChoicesPanel, panels: Mapping[Name, ViewPanel], scores: ScoresPanel) -> None:
        """`panels` are those of the views but the scores; each is mounted when it is first shown."""
        super().__init__(id="stage")
        self._choices, self._panels, self._scores = choices, panels, scores
        self._turned: dict[str, bool] = {}
        self._mounting: AwaitMount | None = None

    def compose(self) -> ComposeResult:
        """Lay out the three parts."""
        yield self._choices
        yield Container(id="area")
        yield self._scores

    def on_mount(self) -> None:
        """Arrange what is there at the start."""
        self.rearrange()

    def on_resize(self) -> None:
        """Arrange for another size."""
        self.rearrange()

    @property
    def panel(self) -> ViewPanel:
        """The panel of the view in the middle: with the scores it is that of the curves."""
        return self._panels["curves" if self.view == "scores" else self.view]

    @property
    def scores_alone(self) -> bool:
        """Whether the scores have the room to themselves."""
        return self.full and self.view == "scores"

    def show(self, view: Name, *, full: bool) -> None:
        """Show a view, with the room to itself or beside choices and scores."""
        self._turned.clear()
        self.view, self.full = view, full
        self.rearrange()

    async def settled(self) -> None:
        """Wait until the view is mounted, so that it can take the keys."""
        if self._mounting is not None:
            await self._mounting

    def focus_view(self) -> None:
        """Give the keys to what is seen."""
        if not self.full:
            self._choices.losses.focus()
        elif self.view == "scores":
            self._scores.focus()
        else:
            self.panel.take_keys()

    def can(self, action: str) -> bool:
        """Whether the view's panel has something to do for an action of the screen's keys."""
        return not self.scores_alone and self.panel.can(action)

    def act(self, action: str) -> None:
        """Pass an action to the view's panel."""
        getattr(self.panel, f"action_{action}")()

    def out(self) -> None:
        """Go one layer out: of the zoom, of a view that has the room to itself, of the view."""
        if self.scores_alone or not self.panel.action_out():
            stays = self.full and self.view not in ("scores", "sessions", "stress")
            self.show(self.view if stays else "curves", full=False)
            self._choices.losses.focus()

    def turn(self, part: Literal["choices", "scores"]) -> None:
        """Show or hide the choices or the scores."""
        self._turned[part] = not self.shows(part)
        self.rearrange()

    def shows(self, part: Literal["choices", "scores"]) -> bool:
        """Whether the choices or the scores are shown."""
        if part in self._turned:
            return self._turned[part]
        if not self.full:
            return True
        if part == "choices":
            return self.view != "scores" and self.size.width >= CHOICES_BESIDE
        return self.view == "scores" or (self.view == "curves" and self.size.width >= SHARED)

    def rearrange(self) -> None:
        """Show what is to be shown, where it is to be shown."""
        choices, scores = self.shows("choices"), self.shows("scores")
        area = not (scores and self.scores_alone)
        shown = {"choices": choices, "area": area, "scores": scores}
        seen = [part for part, there in shown.items() if there]
        classes = [*seen, "".join(part[0] for part in seen)]
        classes += [name for name, least in (("tall", TALL), ("taller", TALLER)) if self.size.height >= least - 2]
        self.set_classes([f"-{name}" for name in classes])  # at once: each change has all beneath styled anew
        if area:
            place = self.query_one("#area")
            if not self.panel.is_attached and place.is_attached:  # a key may come while the app is being left
                self._mounting = place.mount(self.panel)
            for panel in self._panels.values():
                panel.display = panel is self.panel
        self.post_message(self.Arranged())
