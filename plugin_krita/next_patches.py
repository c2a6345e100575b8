"""What a task waits for while a retouch is rendered: patches to show meanwhile, then the answer."""

from typing import Any

from retouchml.client.answers import Rendered, WirePatch
from retouchml.client.photo_session import PhotoSession
from retouchml.client.render_request import Looks


class NextPatches:
    """The next that comes of a render: newer patches than those that were taken, or the answer.

    A task waits for it again and again, as for a ``Call``, until the session is done.
    """

    def __init__(self, session: PhotoSession) -> None:
        """session: that has just been asked to render; its callbacks are taken over."""
        self.on_done: Any = None
        self._session = session
        self._patches: tuple[WirePatch, ...] | None = None
        session.on_preview = self._on_preview
        session.on_done = lambda _session: self._wake()

    @property
    def on_progress(self) -> Any:
        """See ``retouchml.progress``."""
        return self._session.on_progress

    @on_progress.setter
    def on_progress(self, progress: Any) -> None:
        self._session.on_progress = progress

    @property
    def done(self) -> bool:
        """Whether there is something to take."""
        return self._session.done or self._patches is not None

    @property
    def error(self) -> Exception | None:
        """The error that ended the render."""
        return self._session.error

    def result(self) -> "tuple[WirePatch, ...] | Rendered | None":
        """The newest patches that were not taken yet, or the answer once there is one."""
        if self._session.done:
            return self._session.result()
        patches, self._patches = self._patches, None
        return patches

    def cancel(self) -> None:
        """Stop the render."""
        self._session.cancel()

    def _on_preview(self, _looks: Looks, patches: tuple[WirePatch, ...]) -> None:
        self._patches = patches
        self._wake()

    def _wake(self) -> None:
        on_done, self.on_done = self.on_done, None
        if on_done is not None:
            on_done(self)
