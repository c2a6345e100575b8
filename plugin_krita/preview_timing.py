"""When the preview is drawn: at once, after the one under way, or once the hand rests. No Qt."""

from collections.abc import Callable

from retouchml.sliders import REST_MS

from .event_loop import EventLoop, Handle


class PreviewTiming:
    """Calls ``draw`` for the newest sliders."""

    def __init__(self, loop: EventLoop, draw: Callable[[], None]) -> None:
        self._loop = loop
        self._draw = draw
        self._timer: Handle | None = None
        self._is_behind = False  # whether a slider moved since the preview under way began
        self._is_redrawn = False  # whether it is due although it does not follow the sliders

    def schedule(self, after_ms: int = REST_MS) -> None:
        """Draw after a while, in place of what was scheduled before."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._loop.after(after_ms, self._fire)

    def follow(self, *, is_busy: bool) -> None:
        """Draw what changed: at once, or, while a task runs, once that ends or the hand rests."""
        self._is_behind = is_busy
        self.schedule(after_ms=REST_MS if is_busy else 0)

    def redraw(self, *, is_busy: bool) -> None:
        """As ``follow``, also where the preview does not follow the sliders."""
        self._is_redrawn = True
        self.follow(is_busy=is_busy)

    def begin(self) -> bool:
        """A preview of all that changed so far begins; whether it is due without following the sliders."""
        self._is_behind = False
        is_redrawn, self._is_redrawn = self._is_redrawn, False
        return is_redrawn

    def stop(self) -> None:
        """Draw nothing of what changed so far."""
        if self._timer is not None:
            self._timer.stop()
        self._timer, self._is_behind, self._is_redrawn = None, False, False

    def catch_up(self) -> None:
        """Draw at once if something changed since the preview that has just ended began."""
        if self._is_behind:
            self.schedule(after_ms=0)

    def _fire(self) -> None:
        self._timer = None
        self._draw()
