"""A film of the app: frames of its screen, each with the time that it is shown."""

from lossterm.tui.app import LosstermApp
from tests.pictures.svg import Frame, frame, moving


class Film:
    """Takes frames of an app and joins those that are alike."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.seconds: list[float] = []

    def take(self, app: LosstermApp, seconds: float) -> None:
        """Add the screen as it is, to be shown for so long; what shows nothing new adds no time."""
        now = frame(app.screen._compositor.render_strips())
        if not self.frames or now != self.frames[-1]:
            self.frames.append(now)
            self.seconds.append(seconds)
        self.seconds[-1] = max(self.seconds[-1], seconds)

    def svg(self, size: tuple[int, int], title: str) -> str:
        """Return the film as a moving SVG; `size` is columns and rows."""
        return moving(self.frames, self.seconds, size, title)
